//! The command line: one file per verb.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub mod bench;
pub mod call;
pub mod calls;
pub mod chat;
pub mod config;
pub mod doctor;
pub mod guide;
pub mod init;
mod lines;
pub mod models;
pub mod rehearse;
pub mod run;
pub mod say;
pub mod size;
pub mod transcribe;

mod error;
mod output;
mod pull;
mod trunk;
mod words;
mod workshop;
pub use error::CliError;

/// A self-hosted phone agent: answers business calls on this machine.
#[derive(Debug, Parser)]
#[command(name = "callbox", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write callbox.toml and a business folder that run as they are.
    Init(init::Args),
    /// Answer calls.
    Run(run::Args),
    /// Be a caller: dial, speak, listen, measure.
    Call(call::Args),
    /// Recognise wav files with the local speech recogniser.
    Transcribe(transcribe::Args),
    /// Speak a text into a wav file with the local voice.
    Say(say::Args),
    /// Talk to the whole agent by text.
    Chat(chat::Args),
    /// Measure this box at the wire.
    Bench(bench::Args),
    /// How many calls does this box serve?
    Size(size::Args),
    /// Try a business with simulated callers before real ones do.
    Rehearse(Box<rehearse::Args>),
    /// Look at past calls.
    Calls(calls::Args),
    /// Look after the model files.
    Models(models::Args),
    /// Explain the configuration.
    Config(config::Args),
    /// Is this box fit? Says what to do where it is not.
    Doctor(doctor::Args),
    /// The owner's guide.
    Guide(guide::Args),
}

/// Runs the verb named on the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse(); // exits with 2 on wrong usage
    let result = match cli.verb {
        Verb::Init(args) => init::run(args),
        Verb::Run(args) => run::run(args),
        Verb::Call(args) => call::run(args),
        Verb::Transcribe(args) => transcribe::run(args),
        Verb::Say(args) => say::run(args),
        Verb::Chat(args) => chat::run(args),
        Verb::Bench(args) => bench::run(args),
        Verb::Size(args) => size::run(args),
        Verb::Rehearse(args) => rehearse::run(*args),
        Verb::Calls(args) => calls::run(args),
        Verb::Models(args) => models::run(args),
        Verb::Config(args) => config::run(args),
        Verb::Doctor(args) => doctor::run(args),
        Verb::Guide(args) => guide::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("callbox: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Runs a verb that needs the runtime.
fn block_on<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("no threads: {error}")))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    result
}
