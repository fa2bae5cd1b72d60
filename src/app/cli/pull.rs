//! `callbox models pull`: the only verb that leaves the premises.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use engine::Manifest;
use engine::manifest::Profile;
use serde_json::json;

use super::output::print;
use super::{CliError, block_on, models};
use crate::config::{Arguments, Config};
use crate::hub::{Endpoint, Hub, News, Patience};

/// Time between two lines of progress where they can't be overwritten.
const REMARK: Duration = Duration::from_secs(10);

/// Which models, and from where.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Names of models, as `callbox models list` shows them.
    #[arg(conflicts_with = "profile")]
    names: Vec<String>,
    /// All models for this kind of machine.
    #[arg(long)]
    profile: Option<Machine>,
    /// The hub or a mirror of it; before HF_ENDPOINT, which goes before the setting engines.hub.
    #[arg(long, visible_alias = "mirror", value_name = "URL")]
    endpoint: Option<String>,
    /// Seconds without anything coming before the server has stalled.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    stall_s: u64,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: Arguments,
}

/// Kinds of machines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Machine {
    /// A few processor cores.
    Cpu,
    /// A workstation's graphics card.
    Gpu,
}

/// Runs `callbox models pull`.
///
/// # Errors
/// A name nobody knows, or what could not be brought and what to do.
pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let config = args.configuration.load_or_default().map_err(CliError::not_ready)?.config;
    let wanted = wanted(args, &config)?;
    let patience = Patience { stall: Duration::from_secs(args.stall_s), ..Patience::default() };
    let token = std::env::var("HF_TOKEN").ok().filter(|token| !token.trim().is_empty());
    let hub = Hub::new(endpoint(args, &config)?, token, patience).map_err(CliError::failed)?;
    block_on(async {
        for model in &wanted {
            let mut show = Show::new(&model.name, args.json);
            let outcome = hub.pull(model, &mut |news| show.tell(&news)).await;
            show.end_line();
            outcome.map_err(|error| CliError::Failed(format!("{}: {error}", model.name)))?;
        }
        Ok(())
    })
}

fn endpoint(args: &Args, config: &Config) -> Result<Endpoint, CliError> {
    let environment = || std::env::var("HF_ENDPOINT").ok().filter(|endpoint| !endpoint.trim().is_empty());
    let given = args.endpoint.clone().or_else(environment).unwrap_or_else(|| config.engines.hub.clone());
    Endpoint::parse(&given).map_err(|error| CliError::Usage(error.to_string()))
}

fn wanted(args: &Args, config: &Config) -> Result<Vec<Manifest>, CliError> {
    let (models, faults) = models::found(config)?;
    faults.iter().for_each(|fault| eprintln!("callbox: {fault}"));
    if let Some(machine) = args.profile {
        let profile = match machine {
            Machine::Cpu => Profile::Cpu,
            Machine::Gpu => Profile::Gpu,
        };
        let wanted: Vec<Manifest> = models.into_iter().filter(|model| model.profiles.contains(&profile)).collect();
        let none = || {
            CliError::NotReady("no manifest names this profile: is engines.models the folder with models/field?".into())
        };
        return if wanted.is_empty() { Err(none()) } else { Ok(wanted) };
    }
    if args.names.is_empty() {
        let what = "name the models to bring (callbox models list shows all), or take all of --profile cpu or gpu";
        return Err(CliError::Usage(what.to_owned()));
    }
    let named = |name: &String| {
        models.iter().find(|model| model.name == *name).cloned().ok_or_else(|| {
            let rate = |model: &&Manifest| (strsim::jaro_winkler(&model.name, name) * 1000.0) as u32;
            let nearest = models.iter().max_by_key(rate).map_or("", |model| &model.name);
            CliError::Usage(format!(
                "there is no model \"{name}\". Did you mean \"{nearest}\"? callbox models list shows all"
            ))
        })
    };
    args.names.iter().map(named).collect()
}

/// Tells a person or a program how it goes.
struct Show<'a> {
    model: &'a str,
    json: bool,
    over: bool,
    open_line: bool,
    /// When was last told, and how many bytes were here then.
    last: Option<(Instant, u64)>,
}

impl<'a> Show<'a> {
    fn new(model: &'a str, json: bool) -> Self {
        Show { model, json, over: std::io::stderr().is_terminal(), open_line: false, last: None }
    }

    fn tell(&mut self, news: &News<'_>) {
        if self.json {
            let line = match news {
                News::Here { file } => json!({ "model": self.model, "file": file, "state": "here" }),
                News::At { file, have, of } => {
                    json!({ "model": self.model, "file": file, "state": "coming", "have_bytes": have, "of_bytes": of })
                }
                News::Waits { why, wait } => {
                    json!({ "model": self.model, "state": "waits", "why": why, "wait_ms": wait.as_millis() as u64 })
                }
                News::Pulled { file, bytes, sha256 } => {
                    json!({ "model": self.model, "file": file, "state": "pulled", "bytes": bytes, "sha256": sha256 })
                }
            };
            let _ = print(&format!("{line}\n")); // whoever reads has gone: the pull goes on
            return;
        }
        match news {
            News::Here { file } => self.line(&format!("{file}: here already, as it must be")),
            News::At { file, have, of } => self.progress(file, *have, *of),
            News::Waits { why, wait } => {
                self.line(&format!("{why}; next try in {:.1} s", wait.as_secs_f32()));
            }
            News::Pulled { file, bytes, sha256 } => {
                self.line(&format!("{file}: {:.1} MB, sha256 {sha256}", *bytes as f64 / 1e6));
            }
        }
    }

    fn progress(&mut self, file: &str, have: u64, of: Option<u64>) {
        let now = Instant::now();
        let since = self.last.map(|(at, _)| now.saturating_duration_since(at));
        if !self.over && since.is_some_and(|since| since < REMARK) {
            return;
        }
        let rate = match (self.last, since) {
            (Some((_, before)), Some(since)) if have > before && !since.is_zero() => {
                format!(", {:.1} MB/s", (have - before) as f64 / 1e6 / since.as_secs_f64())
            }
            _ => String::new(),
        };
        self.last = Some((now, have));
        let of = of.map_or(String::new(), |of| format!(" of {:.1}", of as f64 / 1e6));
        let text = format!("{}: {file}: {:.1}{of} MB{rate}", self.model, have as f64 / 1e6);
        let mut out = std::io::stderr().lock();
        let _ = if self.over { write!(out, "\r\x1b[K{text}") } else { writeln!(out, "{text}") };
        self.open_line = self.over;
    }

    fn line(&mut self, text: &str) {
        self.end_line();
        eprintln!("{}: {text}", self.model);
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.open_line) {
            eprintln!();
        }
    }
}
