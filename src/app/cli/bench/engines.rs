use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::{print_json, write_report};
use crate::bench::{EngineLevel, Quantiles, engines_html};
use crate::calls::probe::Tried;
use crate::cli::CliError;
use crate::cli::workshop::Workshop;
use crate::config::Arguments;
use crate::load::STAGES;

/// Each engine alone: latency and throughput over the number of calls that ask at once.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Calls that ask at once; several numbers give a curve.
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32", value_parser = clap::value_parser!(u16).range(1..=500))]
    at_once: Vec<u16>,
    /// Pieces of work for each of them.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    times: u16,
    /// One object a level.
    #[arg(long)]
    json: bool,
    /// Write engines.json and engines.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Business that is asked about, unless a configuration names one.
    #[arg(long, default_value = "salon")]
    business: String,
    #[command(flatten)]
    config: Arguments,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Found {
    levels: Vec<EngineLevel>,
}

/// Measures engine after engine.
pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let wanted = args.config.load_or_default().map_err(CliError::not_ready)?.config.engines;
    let most = args.at_once.iter().copied().max().unwrap_or(1);
    let shop = Workshop::open(&args.config, &wanted, &args.business, most).await?;
    let mut levels = Vec::new();
    for engine in STAGES {
        for &at_once in &args.at_once {
            let (calls, times) = (usize::from(at_once), usize::from(args.times));
            let tried = match engine {
                "stt" => shop.probe.stt(calls, times).await,
                "llm" => shop.probe.llm(calls, times).await,
                _ => shop.probe.tts(calls, times).await,
            };
            let level = level(engine, calls, &tried.map_err(CliError::Failed)?);
            if args.json {
                print_json(&level)?;
            }
            levels.push(level);
        }
    }
    let found = Found { levels };
    if let Some(folder) = &args.report {
        write_report(folder, "engines", &found, &engines_html(&found.levels))?;
    }
    if !args.json {
        print!("{}", table(&found.levels));
    }
    Ok(())
}

fn level(engine: &'static str, at_once: usize, tried: &Tried) -> EngineLevel {
    EngineLevel {
        engine,
        at_once,
        latency: Quantiles::of(&tried.took_ms),
        service_ms: (tried.service_ms() * 100.0).round() / 100.0,
    }
}

fn table(levels: &[EngineLevel]) -> String {
    let mut text =
        format!("{:<8}{:>8}{:>9}{:>9}{:>9}{:>12}\n", "engine", "at once", "p50 ms", "p95 ms", "most ms", "a second");
    for EngineLevel { engine, at_once, latency, service_ms } in levels {
        let _ = writeln!(
            text,
            "{engine:<8}{at_once:>8}{:>9.0}{:>9.0}{:>9.0}{:>12.1}",
            latency.p50_ms,
            latency.p95_ms,
            latency.max_ms,
            1_000.0 / service_ms.max(0.001)
        );
    }
    text
}
