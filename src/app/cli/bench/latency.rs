use std::path::{Path, PathBuf};
use std::time::Duration;

use super::course::{Course, Whom};
use super::{print_json, write_report};
use crate::bench::{self, Measured, Plan, Quantiles, Report, remarks};
use crate::cli::CliError;
use crate::cli::call::read_script;
use crate::config::Arguments;

/// Measure how long callers wait.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whom to call, like sip:box@192.168.1.20.
    #[arg(long, value_name = "URI")]
    target: Option<String>,
    /// Calls at once; several numbers give a curve.
    #[arg(long, value_delimiter = ',', default_value = "1", value_parser = clap::value_parser!(u16).range(1..=500))]
    calls: Vec<u16>,
    /// Turns a call.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=100))]
    turns: u16,
    /// Played by every caller instead of questions (see `callbox call --help`).
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Feeds voices, questions and start times; the same seed gives the same callers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// From the start of one call to the next, in milliseconds.
    #[arg(long, default_value_t = 200)]
    stagger_ms: u64,
    /// One object a level, and one for the whole.
    #[arg(long)]
    json: bool,
    /// Write latency.json and latency.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// The box's callbox.db, for the breakdown of a turn.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Business of the box that is started.
    #[arg(long, default_value = "salon")]
    business: String,
    #[command(flatten)]
    config: Arguments,
}

/// Makes all calls.
pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let script = args.script.as_deref().map(read_script).transpose()?;
    let most = args.calls.iter().copied().max().unwrap_or(1);
    let whom = match &args.target {
        Some(target) => Whom::Target(target, args.records.clone()),
        None => Whom::Own { business: &args.business, added: "", calls: usize::from(most), settings: &[] },
    };
    let plan = Plan {
        turns: usize::from(args.turns),
        script,
        stagger: Duration::from_millis(args.stagger_ms),
        ramp: None,
        seed: args.seed,
    };
    let mut course = Course::open(&args.config, whom, plan, args.script.as_deref().and_then(Path::parent)).await?;
    for &calls in &args.calls {
        // A box of our own has room for the largest level and no more.
        let measured = course.level(calls, calls == most).await?;
        if args.json {
            print_json(measured)?;
        }
    }
    let report = course.close().await?;
    finish(&args, &report)
}

fn finish(args: &Args, report: &Report) -> Result<(), CliError> {
    if let Some(folder) = &args.report {
        write_report(folder, "latency", report, &bench::html(report))?;
    }
    if args.json {
        print_json(report)?;
    } else {
        print!("{}", table(&report.levels));
    }
    let failed: Vec<&str> =
        report.levels.iter().flat_map(|level| &level.figures.failures).map(String::as_str).collect();
    if report.levels.iter().any(|level| level.figures.complete < level.figures.calls) {
        return Err(CliError::Failed(format!("not every call ran to its end: {}", failed.join("; "))));
    }
    Ok(())
}

/// The figures for a terminal.
pub(super) fn table(levels: &[Measured]) -> String {
    let mut text = format!("{:<32}{:>8}{:>9}{:>9}{:>9}{:>9}\n", "milliseconds", "values", "p50", "p95", "p99", "most");
    for level in levels {
        let mut row = |what: &str, q: &Quantiles| {
            let name = format!("{what}, {} at once", level.calls);
            text.push_str(&format!(
                "{name:<32}{:>8}{:>9.0}{:>9.0}{:>9.0}{:>9.0}\n",
                q.count, q.p50_ms, q.p95_ms, q.p99_ms, q.max_ms
            ));
        };
        row("voice to voice", &level.voice_to_voice);
        row("first audio", &level.first_audio);
        row("barge-in to silence", &level.barge_in);
        row("gap between packets", &level.receive_gap);
        let f = &level.figures;
        text.push_str(&format!(
            "{} of {} calls complete, {} turns, {} unanswered, {} spoken into; {} of {} packets lost\n",
            f.complete,
            f.calls,
            f.turns,
            f.unanswered,
            f.cut_in,
            f.packets_lost,
            f.packets_lost + f.packets_received
        ));
        text.push_str(&remarks(level).into_iter().map(|remark| format!("{remark}\n")).collect::<String>());
    }
    text
}
