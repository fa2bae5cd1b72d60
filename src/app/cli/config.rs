//! `callbox config explain`: every setting, what it is, and who said so.

use super::CliError;
use crate::config::Arguments;

/// Explain the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Every setting with its value, where that comes from, its default and its meaning.
    Explain(Arguments),
}

/// Runs the verb.
///
/// # Errors
/// When the configuration has mistakes.
pub fn run(args: Args) -> Result<(), CliError> {
    let Verb::Explain(arguments) = args.verb;
    let loaded = arguments.load_or_default().map_err(CliError::failed)?;
    print!("{}", loaded.explain());
    Ok(())
}
