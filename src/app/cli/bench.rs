//! `callbox bench`: measure a box at the wire.

mod media;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use super::call::{VOICE, booth, read_script};
use super::{CliError, block_on};
use crate::bench::{self, Level, Measured, OwnBox, Plan, Quantiles, Report, measure};
use crate::caller::script::{Act, Script};
use crate::caller::{Settings, Target};
use crate::calls::VoiceChoice;
use crate::config::Arguments;
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;
use crate::observe;

/// Measure this box at the wire.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// How long callers wait: voice to voice, first audio, barge-in, packets. Without --target a
    /// box is started for it, on loopback and with records of its own.
    Latency(Latency),
    /// What calls cost that only exchange sound: a tone in, a tone out, no engines. The callers
    /// share this machine.
    Media(media::Args),
    /// The box of `media`.
    #[command(hide = true)]
    Answer(media::Answer),
}

#[derive(Debug, clap::Args)]
struct Latency {
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
    #[arg(long, default_value_t = 500)]
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

/// Runs the verb.
///
/// # Errors
/// No box, no voice, or nothing answered.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("off"); // what goes wrong is said once, as the outcome
    match args.what {
        What::Latency(latency) => block_on(run_latency(latency)),
        What::Media(args) => block_on(media::run(args)),
        What::Answer(args) => block_on(media::answer(args)),
    }
}

async fn run_latency(args: Latency) -> Result<(), CliError> {
    let script = args.script.as_deref().map(read_script).transpose()?;
    let mut target = args.target.as_deref().map(Target::parse).transpose()?;
    let most = args.calls.iter().copied().max().unwrap_or(1);
    let own = match target {
        Some(_) => None,
        None => {
            eprintln!("starting a box ...");
            let started = OwnBox::start(&args.config, &args.business, usize::from(most)).await;
            let started = started.map_err(CliError::NotReady)?;
            target = Some(Target::parse(&started.uri)?);
            Some(started)
        }
    };
    let Some(target) = target else { return Err(CliError::Usage("name a --target".into())) };
    let records = args.records.clone().or_else(|| own.as_ref().map(|own| own.records.clone()));
    let report = levels(&args, script, &target, records.as_deref()).await;
    if let Some(own) = own {
        own.stop().await;
    }
    finish(&args, &report?)
}

/// Makes all calls.
async fn levels(
    args: &Latency,
    script: Option<Script>,
    target: &Target,
    records: Option<&Path>,
) -> Result<Report, CliError> {
    let folder = args.script.as_deref().and_then(Path::parent).map(Path::to_owned).unwrap_or_default();
    let plan = Plan {
        turns: usize::from(args.turns),
        script,
        stagger: Duration::from_millis(args.stagger_ms),
        seed: args.seed,
    };
    let began_ms = Clock::unix_ms();
    let began = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M").to_string();
    let clock = Clock::start();
    let pacer = Pacer::start(clock).map_err(CliError::failed)?;
    let voice = VoiceChoice { name: VOICE.to_owned(), speed: 1.0 };
    let sample = plan.calls(1).pop().map(|call| call.script).unwrap_or_default();
    let turns = sample.turns.iter().filter(|turn| turn.act != Act::HangUp).count();
    let mut booth = booth(&args.config, &sample, &voice).await?;
    let mut levels = Vec::new();
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    for &calls in &args.calls {
        let level = Level::prepare(plan.calls(usize::from(calls)), &mut booth, &folder).await?;
        eprintln!("{calls} calls at once ...");
        let measured = measure(level, target, clock, &pacer, Settings::default()).await;
        if args.json {
            print_json(&measured)?;
        }
        levels.push(measured);
        if timeout(Duration::ZERO, interrupt.recv()).await.is_ok() {
            return Err(CliError::Failed("stopped by hand".into()));
        }
    }
    let (stages, sending) = match records {
        Some(path) => (
            bench::staged_turns(path, began_ms).map_err(CliError::failed)?,
            bench::sending(path, began_ms).map_err(CliError::failed)?,
        ),
        None => (Vec::new(), None),
    };
    Ok(Report {
        version: env!("CARGO_PKG_VERSION"),
        target: target.uri.clone(),
        began,
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        seed: args.seed,
        turns,
        levels,
        stages,
        sending,
    })
}

fn finish(args: &Latency, report: &Report) -> Result<(), CliError> {
    if let Some(folder) = &args.report {
        write_report(folder, "latency", report, &bench::html(report))?;
    }
    if args.json {
        print_json(report)?;
    } else {
        print!("{}", table(&report.levels));
        if let Some(sending) = &report.sending {
            println!("{}", sending.sentence());
        }
    }
    let failed: Vec<&str> =
        report.levels.iter().flat_map(|level| &level.figures.failures).map(String::as_str).collect();
    if report.levels.iter().any(|level| level.figures.complete < level.figures.calls) {
        return Err(CliError::Failed(format!("not every call ran to its end: {}", failed.join("; "))));
    }
    Ok(())
}

/// Writes NAME.json and NAME.html.
fn write_report(folder: &Path, name: &str, report: &impl serde::Serialize, page: &str) -> Result<(), CliError> {
    let failed =
        |path: &Path, error: std::io::Error| CliError::Failed(format!("can't write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let json = serde_json::to_string_pretty(report).map_err(CliError::failed)?;
    for (name, text) in [(format!("{name}.json"), json.as_str()), (format!("{name}.html"), page)] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    println!("{}", serde_json::to_string(value).map_err(CliError::failed)?);
    Ok(())
}

/// The figures for a terminal.
fn table(levels: &[Measured]) -> String {
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
    }
    text
}
