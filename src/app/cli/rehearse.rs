//! `callbox rehearse`: simulated callers try a business before real ones do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::call::{VOICE, voice_client};
use super::{CliError, block_on};
use crate::caller::utterance::Booth;
use crate::config::{Arguments, load_business};
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;
use crate::observe;
use crate::rehearse::{Played, Remote, Report, Scenario, Stage, Totals, changes, html, judge, load};

const HELP: &str = "\
Every scenario is one call over real SIP and RTP, to a box that is started for it on loopback
with a database of its own: your business (--config), or the ready-made one that the scenario
names. A judge without a model compares what is in the database with what was expected.
`callbox guide rehearse` explains scenarios.

A RUNNING BOX
  --against sip:box@127.0.0.1 calls a box that runs. It must be started with
  --set records.captions=FILE, so that callers understand it; name that file by --captions and its
  database by --records, its configuration by --config. Bookings are real then, and scenarios with
  `given` bookings or for another business are left out.

EXIT CODES
  0 enough calls came out right (--at-least), no wrong effect, every test of the judge caught;
  1 not so; 2 wrong usage or a scenario that can't be read; 3 not ready.";

/// Try a business with simulated callers before real ones do.
#[derive(Debug, clap::Args)]
#[command(after_long_help = HELP)]
pub struct Args {
    /// Folder with scenario files, or one such file.
    dir: PathBuf,
    /// Call this box instead of starting one for every scenario.
    #[arg(long, value_name = "URI", requires = "records", requires = "captions")]
    against: Option<String>,
    /// Database of the box that is called.
    #[arg(long, value_name = "FILE")]
    records: Option<PathBuf>,
    /// Captions of the box that is called.
    #[arg(long, value_name = "FILE")]
    captions: Option<PathBuf>,
    /// Calls at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    at_once: u16,
    /// Only scenarios whose name fits; * stands for anything.
    #[arg(long, value_name = "GLOB")]
    only: Option<String>,
    /// Write rehearsal.json and rehearsal.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Keep a recording and the judged trace of every call in the folder of --report.
    #[arg(long, requires = "report")]
    keep: bool,
    /// Tell what came out otherwise than in this earlier rehearsal.json.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Share of calls that must come out right, in percent.
    #[arg(long, default_value_t = 85, value_parser = clap::value_parser!(u8).range(0..=100))]
    at_least: u8,
    /// The report as one JSON object instead of words.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// Scenarios that can't be read, no box, or a rehearsal that went wrong.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("off"); // what goes wrong is said once, as the outcome
    let scenarios = scenarios(&args)?;
    let earlier = args.compare.as_deref().map(earlier).transpose()?;
    if let Some(folder) = &args.report {
        std::fs::create_dir_all(folder)
            .map_err(|error| CliError::Failed(format!("can't make {}: {error}", folder.display())))?;
    }
    let report = block_on(rehearse(&args, scenarios))?;
    let changed = earlier.as_ref().map(|earlier| changes(earlier, &report));
    if let Some(folder) = &args.report {
        write(folder, "rehearsal.json", &serde_json::to_string_pretty(&report).map_err(CliError::failed)?)?;
        write(folder, "rehearsal.html", &html(&report, earlier.as_ref()))?;
    }
    if args.json {
        println!("{}", serde_json::to_string(&report).map_err(CliError::failed)?);
    } else {
        for change in changed.iter().flatten() {
            println!("changed {:<44} {:>10} -> {:<10} {}", change.scenario, change.before, change.now, change.why);
        }
        print!("{}", in_words(&report));
    }
    verdict(&args, &report)
}

/// The scenarios that are to be played.
fn scenarios(args: &Args) -> Result<Vec<Scenario>, CliError> {
    let mut scenarios = load(&args.dir)
        .map_err(|faults| CliError::Usage(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))?;
    if let Some(glob) = &args.only {
        scenarios.retain(|scenario| fits(glob, &scenario.name));
        if scenarios.is_empty() {
            return Err(CliError::Usage(format!(
                "no scenario's name fits \"{glob}\"; names are paths inside the folder"
            )));
        }
    }
    if args.against.is_some() {
        let all = scenarios.len();
        let folder = args.config.load_or_default().map_err(CliError::not_ready)?.config.business.folder;
        let business = load_business(&folder).map_err(CliError::not_ready)?.business;
        scenarios.retain(|scenario| scenario.given.is_empty() && scenario.is_for(&business));
        if scenarios.len() < all {
            eprintln!("{} scenarios want a box of their own and are left out", all - scenarios.len());
        }
        if scenarios.is_empty() {
            return Err(CliError::Usage("no scenario is left that a running box can be tried with".into()));
        }
    }
    Ok(scenarios)
}

fn earlier(path: &Path) -> Result<Report, CliError> {
    let wrong = |why: String| CliError::Usage(format!("--compare {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("can't be read: {error}")))?;
    serde_json::from_str(&text).map_err(|error| wrong(format!("is no rehearsal.json of this version: {error}")))
}

/// Plays all scenarios, several at once.
async fn rehearse(args: &Args, scenarios: Vec<Scenario>) -> Result<Report, CliError> {
    let clock = Clock::start();
    let remote = match (&args.against, &args.records, &args.captions) {
        (Some(uri), Some(records), Some(captions)) => {
            Some(Remote { uri: uri.clone(), records: records.clone(), captions: captions.clone() })
        }
        _ => None,
    };
    let stage = Arc::new(Stage {
        config: args.config.clone(),
        remote,
        clock,
        pacer: Pacer::start(clock).map_err(CliError::failed)?,
        keep: args.report.clone().filter(|_| args.keep),
    });
    let voice = voice_client(&args.config, VOICE).await?;
    let began = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M").to_string();
    let start = Instant::now();
    let (scenarios, next) = (Arc::new(scenarios), Arc::new(AtomicUsize::new(0)));
    let (done, mut results) = mpsc::channel(16);
    for _ in 0..args.at_once {
        let lane = Lane {
            stage: Arc::clone(&stage),
            scenarios: Arc::clone(&scenarios),
            next: Arc::clone(&next),
            booth: Booth::new(Some(voice.clone())),
            done: done.clone(),
        };
        tokio::spawn(lane.run());
    }
    drop(done);
    let (mut played, mut unplayed) = (BTreeMap::new(), BTreeMap::new());
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    loop {
        let result = tokio::select! {
            result = results.recv() => result,
            _ = interrupt.recv() => return Err(CliError::Failed("stopped by hand".into())),
        };
        let Some((nth, name, result)) = result else { break };
        let count = played.len() + unplayed.len() + 1;
        match result {
            Ok(one) => {
                eprintln!("{count:>3}/{} {}", scenarios.len(), line(&one));
                played.insert(nth, one);
            }
            Err(why) => {
                eprintln!("{count:>3}/{} {name} could not be played: {why}", scenarios.len());
                unplayed.insert(name, why);
            }
        }
    }
    let played: Vec<Played> = played.into_values().collect();
    Ok(Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        target: args.against.clone().unwrap_or_else(|| "a box of its own for every call".into()),
        began,
        took_s: start.elapsed().as_secs_f64(),
        at_once: usize::from(args.at_once),
        totals: Totals::of(&played),
        played,
        unplayed,
    })
}

/// A scenario's number, its name, and what came of it.
type Result1 = (usize, String, Result<Played, String>);

/// Plays one scenario after the other, as long as there are any.
struct Lane {
    stage: Arc<Stage>,
    scenarios: Arc<Vec<Scenario>>,
    next: Arc<AtomicUsize>,
    booth: Booth,
    done: mpsc::Sender<Result1>,
}

impl Lane {
    async fn run(mut self) {
        loop {
            let nth = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(scenario) = self.scenarios.get(nth) else { return };
            let start = Instant::now();
            let trace = self.stage.play(scenario, nth, &mut self.booth).await;
            let took_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            let result = trace.map(|trace| {
                let verdict = judge(scenario, &trace);
                Played::new(scenario, trace, verdict, took_ms)
            });
            if self.done.send((nth, scenario.name.clone(), result)).await.is_err() {
                return;
            }
        }
    }
}

/// One line of progress.
fn line(played: &Played) -> String {
    let faults: Vec<&str> = played.verdict.faults.iter().map(|fault| fault.what.as_str()).collect();
    let seconds = played.took_ms as f64 / 1_000.0;
    format!("{:<6} {:<44} {seconds:>5.1} s  {}", played.word(), played.scenario, faults.join("; "))
}

fn in_words(report: &Report) -> String {
    let t = &report.totals;
    let mut text = format!(
        "{} calls in {:.0} s: {} right ({:.0} %), {} with an effect nobody wanted, {} disclosed, {} with dead air\n\
         {} turns, {} unanswered, {} spoken into; voice to voice p50 {:.0} ms, p95 {:.0} ms; \
         cut in to silence p50 {:.0} ms, p95 {:.0} ms\n",
        t.calls,
        report.took_s,
        t.right,
        100.0 * t.success,
        t.wrong_effects,
        t.disclosed,
        t.dead_air,
        t.turns,
        t.unanswered,
        t.spoken_into,
        t.voice_to_voice.p50_ms,
        t.voice_to_voice.p95_ms,
        t.barge_in.p50_ms,
        t.barge_in.p95_ms,
    );
    for (kind, count) in &t.faults {
        let kind = serde_json::to_string(kind).unwrap_or_default().trim_matches('"').replace('_', " ");
        text.push_str(&format!("{count:>4} {kind}\n"));
    }
    if t.judge_tests > 0 {
        text.push_str(&format!("tests of the judge: {} of {} caught\n", t.judge_caught, t.judge_tests));
    }
    text
}

/// Whether a business so rehearsed may go live.
fn verdict(args: &Args, report: &Report) -> Result<(), CliError> {
    let t = &report.totals;
    let mut faults = Vec::new();
    if 100.0 * t.success < f64::from(args.at_least) {
        faults.push(format!("{:.0} % of the calls came out right, {} % are wanted", 100.0 * t.success, args.at_least));
    }
    if t.wrong_effects > 0 {
        faults.push(format!("{} calls had an effect that nobody wanted", t.wrong_effects));
    }
    if t.judge_caught < t.judge_tests {
        faults.push(format!("the judge let {} scenarios pass that must fail", t.judge_tests - t.judge_caught));
    }
    if !report.unplayed.is_empty() {
        faults.push(format!("{} scenarios could not be played", report.unplayed.len()));
    }
    if faults.is_empty() { Ok(()) } else { Err(CliError::Failed(faults.join("; "))) }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), CliError> {
    let path = folder.join(name);
    std::fs::write(&path, text)
        .map_err(|error| CliError::Failed(format!("can't write {}: {error}", path.display())))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

/// True when the name fits the pattern, in which `*` stands for anything.
fn fits(glob: &str, name: &str) -> bool {
    match glob.split_once('*') {
        None => glob == name,
        Some((before, after)) => {
            let Some(rest) = name.strip_prefix(before) else { return false };
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| fits(after, rest.get(at..).unwrap_or("")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_star_stands_for_anything() {
        assert!(fits("salon/*", "salon/01-book") && fits("*book*", "salon/01-book") && fits("*", ""));
        assert!(!fits("salon", "salon/01-book") && !fits("*cancel", "salon/01-book"));
    }
}
