//! `callbox config`: every setting, what it is, why, and what it means.

use clap::{Parser, Subcommand};
use serde::Serialize;

use super::CliError;
use super::output::{json_line, print};
use crate::config::{Arguments, Setting};

/// Explain the configuration.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every setting with its value, where that came from, its default and its meaning.
    Explain {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configuration: Arguments,
    },
}

/// A setting as it is told to programs.
#[derive(Serialize)]
struct Line<'a> {
    key: &'a str,
    value: &'a toml::Value,
    from: String,
    default: &'a str,
    meaning: &'a str,
}

/// Runs `callbox config`.
///
/// # Errors
/// Everything that is wrong in the configuration.
pub fn run(args: Args) -> Result<(), CliError> {
    let Verb::Explain { json, configuration } = args.verb;
    let loaded = configuration.load().map_err(CliError::not_ready)?;
    if !json {
        return print(&loaded.explain());
    }
    print(&loaded.settings.iter().map(|setting| json_line(&line(setting))).collect::<Result<String, _>>()?)
}

fn line(setting: &Setting) -> Line<'_> {
    Line {
        key: setting.key.name,
        value: &setting.value,
        from: setting.origin.to_string(),
        default: setting.key.default,
        meaning: setting.key.meaning,
    }
}
