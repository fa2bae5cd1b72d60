use std::path::PathBuf;
use std::time::Duration;

use super::course::{Course, Whom};
use super::{print_json, write_report};
use crate::bench::{Plan, survive};
use crate::caller::Settings;
use crate::cli::CliError;
use crate::config::Arguments;

/// A caller speaks again when the agent has been silent for longer than it may be.
const PATIENCE: Duration = Duration::from_millis(2_050);

/// Phrases that fill a wait, each shorter than any answer, so that callers tell them apart.
const FILLERS: &str = "
[phrases]
delay_one = \"One moment.\"
delay_two = \"Still here.\"
delay_three = \"Nearly there.\"
";

/// Callers all the while engines are killed and frozen at random: no call may be lost, and no
/// silence be longer than two seconds.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Callers at once; each calls again and again.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    calls: u16,
    /// How long, in minutes.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Turns a call.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    turns: u16,
    /// Feeds callers and blows.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One object.
    #[arg(long)]
    json: bool,
    /// Write chaos.json and chaos.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Business of the box that is started.
    #[arg(long, default_value = "salon")]
    business: String,
    #[command(flatten)]
    config: Arguments,
}

/// Runs it.
pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let plan = Plan { turns: args.turns.into(), script: None, stagger: Duration::ZERO, ramp: None, seed: args.seed };
    // Whether calls are answered in time is not what is tried.
    let settings = &["calls.answer_within_ms=0"];
    let whom = Whom::Own { business: &args.business, added: FILLERS, calls: usize::from(args.calls) + 10, settings };
    let mut course = Course::open(&args.config, whom, plan, None).await?;
    let callers = course.callers(args.calls).await?;
    let way = course.way(Settings { patience: PATIENCE, ..Settings::default() });
    let daemon = course.own().and_then(|own| own.pid()).ok_or_else(|| CliError::Failed("the box is gone".into()))?;
    let lasts = Duration::from_secs_f64(60.0 * args.minutes.clamp(0.1, 1_440.0));
    let survived = survive(daemon, callers, &way, lasts, args.seed).await;
    course.close().await?;
    if let Some(folder) = &args.report {
        write_report(folder, "chaos", &survived, &survived.html())?;
    }
    if args.json {
        print_json(&survived)?;
    } else {
        survived.sentences().iter().for_each(|sentence| println!("{sentence}"));
    }
    match survived.is_sound() {
        true => Ok(()),
        false => Err(CliError::Failed("a call was lost, a turn not answered, or a silence too long".into())),
    }
}
