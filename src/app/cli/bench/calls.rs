use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use super::course::{Course, Whom};
use super::latency::table;
use super::{print_json, write_report};
use crate::bench::{self, Goal, Knee, Plan, Report};
use crate::cli::CliError;
use crate::config::Arguments;

/// Latency and throughput over the number of calls, until callers wait too long.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whom to call, like sip:box@192.168.1.20; without it a box is started.
    #[arg(long, value_name = "URI")]
    target: Option<String>,
    /// Calls to begin with.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=500))]
    first: u16,
    /// Calls to end with, knee or not.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=500))]
    most: u16,
    /// Levels to measure instead of searching.
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=500))]
    levels: Vec<u16>,
    /// The knee is where 95 of 100 turns are answered within this.
    #[arg(long, default_value_t = 900.0)]
    goal_ms: f64,
    /// Turns a call.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    turns: u16,
    /// Feeds voices, questions and start times.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// All calls of a level begin within this, in milliseconds.
    #[arg(long, default_value_t = 8_000)]
    ramp_ms: u64,
    /// One object a level, and one for the whole.
    #[arg(long)]
    json: bool,
    /// Write calls.json and calls.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Business of the box that is started.
    #[arg(long, default_value = "salon")]
    business: String,
    #[command(flatten)]
    config: Arguments,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    goal: Goal,
    knee: Knee,
    report: Report,
}

/// Measures level after level.
pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let plan = Plan {
        turns: args.turns.into(),
        script: None,
        stagger: Duration::ZERO,
        ramp: Some(Duration::from_millis(args.ramp_ms)),
        seed: args.seed,
    };
    let most = args.levels.iter().copied().max().unwrap_or(args.most);
    let whom = match &args.target {
        Some(target) => Whom::Target(target, None),
        // What is measured is how the box fails when too many are let in.
        None => Whom::Own {
            business: &args.business,
            added: "",
            calls: most.into(),
            settings: &["calls.answer_within_ms=0"],
        },
    };
    let goal = Goal { p95_ms: args.goal_ms };
    let mut course = Course::open(&args.config, whom, plan, None).await?;
    let mut listed = args.levels.iter().copied();
    loop {
        let next = if args.levels.is_empty() { goal.next(course.levels(), args.first, most) } else { listed.next() };
        let Some(calls) = next else { break };
        let measured = course.level(calls, false).await?;
        if args.json {
            print_json(measured)?;
        } else {
            print!("{}", table(std::slice::from_ref(measured)));
        }
    }
    let report = course.close().await?;
    let found = Found { goal, knee: goal.knee(&report.levels), report };
    if let Some(folder) = &args.report {
        write_report(folder, "calls", &found, &bench::html(&found.report))?;
    }
    match args.json {
        true => print_json(&found),
        false => {
            println!("{}", sentence(&found));
            Ok(())
        }
    }
}

fn sentence(found: &Found) -> String {
    let Knee { calls, is_reached } = found.knee;
    let goal_ms = found.goal.p95_ms;
    match is_reached {
        true => format!("the knee: {calls:.0} calls at once, beyond which p95 is more than {goal_ms:.0} ms"),
        false => format!("no knee: {calls:.0} calls at once were answered within {goal_ms:.0} ms at p95"),
    }
}
