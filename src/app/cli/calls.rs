//! `callbox calls`: what was said, decided and done, and what came of it.

mod list;
mod show;
mod timeline;

use std::path::Path;

use clap::{Parser, Subcommand};
use store::{Store, StoreError};

use super::CliError;
use crate::config::Arguments;

/// Look at past calls and at what came of them.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// The latest calls, latest first.
    List(Listing),
    /// One call turn by turn, with the time of every stage.
    Show {
        /// Id of the call, or the beginning of it.
        id: String,
        /// One JSON object a line: the call, its turns, its bookings, its messages.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        configuration: Arguments,
    },
    /// Bookings, from today on.
    Bookings {
        /// From this day on (YYYY-MM-DD) instead of today.
        #[arg(long)]
        from: Option<jiff::civil::Date>,
        #[command(flatten)]
        listing: Listing,
    },
    /// Messages for the owner, latest first.
    Messages(Listing),
}

#[derive(Debug, clap::Args)]
struct Listing {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    configuration: Arguments,
}

/// Runs `callbox calls`.
///
/// # Errors
/// No configuration, no database, or no such call.
pub fn run(args: Args) -> Result<(), CliError> {
    match args.verb {
        Verb::List(listing) => list::calls(&open(&listing.configuration)?, listing.limit, listing.json),
        Verb::Messages(listing) => list::messages(&open(&listing.configuration)?, listing.limit, listing.json),
        Verb::Bookings { from, listing } => {
            let from = from.unwrap_or_else(|| jiff::Zoned::now().date());
            list::bookings(&open(&listing.configuration)?, from, listing.limit, listing.json)
        }
        Verb::Show { id, json, configuration } => {
            let folder = configuration.load().map_err(CliError::not_ready)?.config.records.recordings;
            show::call(&open(&configuration)?, &folder, &id, json)
        }
    }
}

/// The database of the configuration. Looking makes none.
fn open(configuration: &Arguments) -> Result<Store, CliError> {
    let loaded = configuration.load().map_err(CliError::not_ready)?;
    let path: &Path = &loaded.config.records.database;
    Store::open_existing(path).map_err(|error| match error {
        StoreError::Missing { .. } => CliError::not_ready(error),
        other => CliError::failed(other),
    })
}

/// Whole seconds as people say them.
fn length(ms: i64) -> String {
    let seconds = ms / 1000;
    if seconds < 60 { format!("{seconds} s") } else { format!("{} min {:02} s", seconds / 60, seconds % 60) }
}

/// A number as it is shown; a withheld one has none.
fn number(text: &str) -> &str {
    if text.is_empty() { "withheld" } else { text }
}

/// `2026-11-20T09:30:00` as `2026-11-20 09:30`.
fn minute(local: &str) -> String {
    local.get(..16).unwrap_or(local).replace('T', " ")
}
