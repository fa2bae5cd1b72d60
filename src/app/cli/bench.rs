//! `callbox bench`: measure a box at the wire.

use std::path::Path;

use clap::Subcommand;

use super::{CliError, block_on};
use crate::observe;

mod calls;
mod chaos;
pub(super) mod course;
mod engines;
mod latency;
mod media;

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
    Latency(latency::Args),
    /// What calls cost that only exchange sound: a tone in, a tone out, no engines. The callers
    /// share this machine.
    Media(media::Args),
    /// The box of `media`.
    #[command(hide = true)]
    Answer(media::Answer),
    /// How many calls at once are served well: latency and throughput over their number, until
    /// callers wait too long.
    Calls(calls::Args),
    /// Each engine alone: latency and throughput over the calls that ask at once.
    Engines(engines::Args),
    /// Engines are killed and frozen at random while callers call.
    Chaos(chaos::Args),
}

/// Runs the verb.
///
/// # Errors
/// No box, no voice, or nothing answered.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("off"); // what goes wrong is said once, as the outcome
    match args.what {
        What::Latency(args) => block_on(latency::run(args)),
        What::Media(args) => block_on(media::run(args)),
        What::Answer(args) => block_on(media::answer(args)),
        What::Calls(args) => block_on(calls::run(args)),
        What::Engines(args) => block_on(engines::run(args)),
        What::Chaos(args) => block_on(chaos::run(args)),
    }
}

/// Writes NAME.json and NAME.html into this folder.
pub(super) fn write_report(
    folder: &Path,
    name: &str,
    report: &impl serde::Serialize,
    html: &str,
) -> Result<(), CliError> {
    let failed =
        |path: &Path, error: std::io::Error| CliError::Failed(format!("can't write {}: {error}", path.display()));
    std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let json = serde_json::to_string_pretty(report).map_err(CliError::failed)?;
    for (ending, text) in [("json", json.as_str()), ("html", html)] {
        let path = folder.join(name).with_extension(ending);
        std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

pub(super) fn print_json(value: &impl serde::Serialize) -> Result<(), CliError> {
    println!("{}", serde_json::to_string(value).map_err(CliError::failed)?);
    Ok(())
}
