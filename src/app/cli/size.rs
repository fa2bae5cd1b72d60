//! `callbox size`: how many calls this box serves.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use engine::manifest::{Kind, Manifest, all};

use super::bench::course::{Course, Whom};
use super::bench::{print_json, write_report};
use super::workshop::Workshop;
use super::{CliError, block_on};
use crate::bench::{Chosen, Machine, Plan, Size, capacity};
use crate::config::{self, Arguments};
use crate::engines::{model, models_folder};
use crate::load::{Capacity, Noted, STAGES, machine};
use crate::observe;

/// Pieces of work that each model is tried with.
const TRIES: usize = 4;
/// Calls it is measured with: a part of what is presumed, so that it is still calm.
const PART: u32 = 4;
const MEASURED: (u32, u32) = (2, 12);

/// How many calls does this box serve? Measures the machine, chooses among the installed models,
/// makes a few calls and says what more of them would be like.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Calls at once that are wanted: of the installed models the largest are chosen with which the
    /// box has room for them.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    calls: u16,
    /// Callers are to be answered within this, 95 of 100 times; calls.answer_within_ms unless given.
    #[arg(long)]
    goal_ms: Option<f64>,
    /// Keep the configured models instead of choosing.
    #[arg(long)]
    keep_models: bool,
    /// Turns of the calls it is measured with.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(2..=100))]
    turns: u16,
    /// One object.
    #[arg(long)]
    json: bool,
    /// Write size.json and size.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Business that is called, unless a configuration names one.
    #[arg(long, default_value = "salon")]
    business: String,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// Engines that do not work, or calls that could not be made.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("off");
    block_on(async {
        let size = size(&args).await?;
        if let Some(folder) = &args.report {
            write_report(folder, "size", &size, &size.html())?;
        }
        if args.json {
            return print_json(&size);
        }
        print!("{}", size.text());
        Ok(())
    })
}

async fn size(args: &Args) -> Result<Size, CliError> {
    let config = args.config.load_or_default().map_err(CliError::not_ready)?.config;
    let goal_ms = args.goal_ms.unwrap_or(match config.calls.answer_within_ms {
        0 => 900.0,
        ms => f64::from(ms),
    });
    let found = look_at_machine();
    let (engines, models) = choose(args, &config.engines, &found, goal_ms).await?;
    let tried_ms: Vec<f64> = models.iter().map(|chosen| chosen.service_ms).collect();
    let tried_ms: [f64; STAGES.len()] =
        tried_ms.try_into().map_err(|_| CliError::Failed("a model is missing".into()))?;
    let presumed = Capacity::presumed(found.processors, tried_ms).knee(goal_ms);
    let calls = u16::try_from((presumed / PART).clamp(MEASURED.0, MEASURED.1)).unwrap_or(1);
    let notes = std::env::temp_dir().join(format!("callbox-size-{:08x}.jsonl", fastrand::u32(..)));
    let measured = calls_made(args, &engines, calls, &notes).await;
    let noted = read(&notes);
    let _ = std::fs::remove_file(&notes); // it is in the system's temporary folder
    let (idle_mb, one, level) = measured?;
    let capacity = capacity(&level, &noted, tried_ms).ok_or_else(|| {
        CliError::Failed(format!("{calls} calls were never up together: {}", level.figures.failures.join("; ")))
    })?;
    let memory = |level: &crate::bench::Measured| level.usage.as_ref().map_or(0.0, |usage| usage.box_memory_mb);
    let caller = level.usage.as_ref().map_or(0.0, |usage| usage.cores[usage.cores.len() - 1]) / f64::from(calls);
    let mut size = Size {
        machine: found,
        models,
        goal_ms,
        measured_at: level.calls,
        measured_p95_ms: level.voice_to_voice.p95_ms,
        capacity,
        caller,
        calls: capacity.knee(goal_ms),
        p95_ms: 0.0,
        calls_with_callers: 0,
        idle_mb,
        call_mb: ((memory(&level) - memory(&one)) / f64::from(calls.saturating_sub(1).max(1))).max(0.0),
    };
    size.p95_ms = size.capacity.p95_ms(f64::from(size.calls));
    size.calls_with_callers = size.with_callers().knee(goal_ms);
    Ok(size)
}

/// Memory of the idle box, one call alone, and so many at once.
async fn calls_made(
    args: &Args,
    engines: &[String],
    calls: u16,
    notes: &Path,
) -> Result<(f64, crate::bench::Measured, crate::bench::Measured), CliError> {
    let plan = Plan {
        turns: args.turns.into(),
        script: None,
        stagger: Duration::ZERO,
        ramp: Some(Duration::from_secs(4)),
        seed: 1,
    };
    let notes = format!("records.load={}", notes.display());
    let mut settings: Vec<&str> = engines.iter().map(String::as_str).collect();
    settings.extend([notes.as_str(), "calls.answer_within_ms=0"]);
    let whom = Whom::Own { business: &args.business, added: "", calls: calls.into(), settings: &settings };
    let mut course = Course::open(&args.config, whom, plan, None).await?;
    let idle_mb = course.memory_mb();
    let one = course.level(1, false).await?.clone();
    let level = course.level(calls, false).await?.clone();
    course.close().await?;
    Ok((idle_mb, one, level))
}

fn read(notes: &Path) -> Vec<Noted> {
    let text = std::fs::read_to_string(notes).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn look_at_machine() -> Machine {
    let (memory_mb, memory_free_mb) = machine::memory_mb().unwrap_or_default();
    Machine {
        processor: machine::model().unwrap_or_else(|| "unnamed".into()),
        processors: machine::processors(),
        memory_mb,
        memory_free_mb,
        gpus: machine::gpus(),
    }
}

/// Of the installed models the largest with which the box has room for the calls wanted, as settings
/// and as what they cost.
async fn choose(
    args: &Args,
    wanted: &config::Engines,
    found: &Machine,
    goal_ms: f64,
) -> Result<(Vec<String>, Vec<Chosen>), CliError> {
    let folder = models_folder(wanted);
    let kinds = [
        (Kind::Stt, "stt", &wanted.stt.model),
        (Kind::Llm, "llm", &wanted.llm.model),
        (Kind::Tts, "tts", &wanted.tts.model),
    ];
    let mut candidates: Vec<Vec<Manifest>> = Vec::new();
    for (kind, _, configured) in kinds {
        let mut fit = if args.keep_models { Vec::new() } else { installed(&folder, kind) };
        if fit.is_empty() {
            fit.push(model(&folder, kind, configured).map_err(CliError::NotReady)?);
        }
        candidates.push(fit);
    }
    let mut tried: BTreeMap<String, (f64, String)> = BTreeMap::new();
    loop {
        let first: Vec<&Manifest> = candidates.iter().filter_map(|fit| fit.first()).collect();
        let names: Vec<&str> = first.iter().map(|manifest| manifest.name.as_str()).collect();
        eprintln!("trying {} ...", names.join(", "));
        let settings: Vec<String> =
            kinds.iter().zip(&names).map(|((_, engine, _), name)| format!("engines.{engine}.model={name}")).collect();
        let found_out = service(args, &settings, &names, &mut tried).await?;
        let service_ms = found_out.each_ref().map(|(service_ms, _)| *service_ms);
        let presumed = Capacity::presumed(found.processors, service_ms);
        let memory_mb: u32 = first.iter().map(|manifest| manifest.memory_mb).sum();
        let has_room = presumed.knee(goal_ms) >= args.calls.into() && f64::from(memory_mb) < found.memory_free_mb;
        let heaviest = (0..candidates.len())
            .filter(|index| candidates[*index].len() > 1)
            .max_by(|a, b| presumed.stations[*a].demand.total_cmp(&presumed.stations[*b].demand));
        match heaviest.filter(|_| !has_room) {
            Some(index) => drop(candidates[index].remove(0)),
            None => {
                let chosen = first.iter().zip(STAGES).zip(found_out);
                let chosen = chosen.map(|((manifest, engine), (service_ms, about))| Chosen {
                    engine,
                    model: manifest.name.clone(),
                    service_ms,
                    memory_mb: manifest.memory_mb,
                    about,
                });
                return Ok((settings, chosen.collect()));
            }
        }
    }
}

/// Models of a kind that may take part in calls and are here, the largest first.
fn installed(folder: &Path, kind: Kind) -> Vec<Manifest> {
    let named = all(folder).into_iter().filter_map(|(_, manifest)| manifest.ok()).filter(|it| it.kind == kind);
    let mut fit: Vec<Manifest> = named.filter_map(|it| model(folder, kind, &it.name).ok()).collect();
    fit.sort_by_key(|manifest| std::cmp::Reverse(manifest.memory_mb));
    fit
}

/// Time that a piece of a call takes each engine, with these models, and what it says of itself; one that was
/// tried is not tried again.
async fn service(
    args: &Args,
    settings: &[String],
    names: &[&str],
    tried: &mut BTreeMap<String, (f64, String)>,
) -> Result<[(f64, String); STAGES.len()], CliError> {
    if names.iter().any(|name| !tried.contains_key(*name)) {
        let mut arguments = args.config.clone();
        arguments.set.extend(settings.iter().cloned());
        let wanted = arguments.load_or_default().map_err(CliError::not_ready)?.config.engines;
        let shop = Workshop::open(&args.config, &wanted, &args.business, 1).await?;
        let found = [
            shop.probe.stt(1, TRIES).await.map_err(CliError::Failed)?,
            shop.probe.llm(1, TRIES).await.map_err(CliError::Failed)?,
            shop.probe.tts(1, TRIES).await.map_err(CliError::Failed)?,
        ];
        for ((name, found), (_, about)) in names.iter().zip(&found).zip(shop.about) {
            tried.insert((*name).to_owned(), (found.service_ms(), about));
        }
    }
    let mut all: [(f64, String); STAGES.len()] = Default::default();
    for (found, name) in all.iter_mut().zip(names) {
        *found = tried.get(*name).cloned().unwrap_or_default();
    }
    Ok(all)
}
