//! `callbox bench media`: what calls cost that only exchange sound.

use std::path::PathBuf;
use std::time::Duration;

use telephony::media::Codec;

use super::{CliError, print_json, write_report};
use crate::bench::media::{self, Bars, Plan, Report, measure};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Calls at once; several numbers give a curve.
    #[arg(long, value_delimiter = ',', default_value = "50,100,200,500", value_parser = clap::value_parser!(u16).range(1..=2000))]
    calls: Vec<u16>,
    /// How long each level is measured, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3600))]
    seconds: u16,
    /// What they speak: pcmu, or opus, which is coded anew for each call.
    #[arg(long, default_value = "pcmu", value_parser = codec)]
    codec: Codec,
    /// One object a level, and one for the whole.
    #[arg(long)]
    json: bool,
    /// Write media.json and media.html into this folder.
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Answer {
    /// Calls at once.
    #[arg(long)]
    calls: u16,
    /// What they speak.
    #[arg(long, value_parser = codec)]
    codec: Codec,
}

fn codec(name: &str) -> Result<Codec, String> {
    let known = [Codec::Pcmu, Codec::Opus].into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name));
    known.ok_or_else(|| "pcmu or opus can be measured".to_owned())
}

pub(super) async fn answer(args: Answer) -> Result<(), CliError> {
    media::answer(usize::from(args.calls), args.codec).await.map_err(CliError::failed)
}

pub(super) async fn run(args: Args) -> Result<(), CliError> {
    let began = jiff::Zoned::now().strftime("%Y-%m-%d %H:%M").to_string();
    let mut levels = Vec::new();
    for &calls in &args.calls {
        eprintln!("{calls} calls at once ...");
        let plan =
            Plan { calls: usize::from(calls), talk: Duration::from_secs(args.seconds.into()), codec: args.codec };
        let measured = measure(plan).await.map_err(CliError::Failed)?;
        if args.json {
            print_json(&measured)?;
        }
        levels.push(measured);
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        began,
        processors,
        codec: args.codec.name(),
        bars: Bars::default(),
        levels,
    };
    if let Some(folder) = &args.report {
        write_report(folder, "media", &report, &media::html(&report))?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        print!("{}", media::table(&report));
    }
    let misses = report.misses();
    if misses.is_empty() { Ok(()) } else { Err(CliError::Failed(misses.join("; "))) }
}
