//! `callbox models`: which models there are, whether their files are what they should be, and
//! bringing more.

use clap::{Parser, Subcommand};
use engine::Manifest;
use engine::manifest::{Presence, Speech, With, all};
use engine::verify::verify_all;
use serde::Serialize;

use super::CliError;
use super::output::{json_line, print, table};
use super::pull;
use crate::config::{Arguments, Config};
use crate::engines::models_folder;

/// Look after the model files.
#[derive(Debug, Parser)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every model with its licence and what it is trusted with; * marks those in use.
    List(Listing),
    /// Compare every model file with the sha256 of its manifest.
    Verify(Listing),
    /// Bring models from a hub or a mirror of it. Nothing else in Callbox leaves the premises.
    Pull(pull::Args),
}

#[derive(Debug, clap::Args)]
struct Listing {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: Arguments,
}

/// One model as it is told to programs.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    kind: &'static str,
    in_use: bool,
    /// `here`, `partly here` or `not here`.
    state: &'static str,
    licence: &'a str,
    languages: &'a [String],
    memory_mb: u32,
    bytes: u64,
    /// `calls` or `nothing`.
    trusted_with: &'static str,
    speech: Option<&'static str>,
    not_for: &'a str,
    source: &'a str,
    manifest: String,
}

/// What became of checking one manifest.
#[derive(Serialize)]
struct Checked {
    name: Option<String>,
    manifest: String,
    /// False for a model that was never pulled: nothing is wrong with it, but it is not there.
    here: bool,
    ok: bool,
    why: Option<String>,
}

/// Runs `callbox models`.
///
/// # Errors
/// No models, a manifest that can't be read, or a file that is not what its manifest says.
pub fn run(args: Args) -> Result<(), CliError> {
    match args.verb {
        Verb::List(listing) => list(&listing),
        Verb::Verify(listing) => verify(&listing),
        Verb::Pull(args) => pull::run(&args),
    }
}

fn list(listing: &Listing) -> Result<(), CliError> {
    let config = listing.configuration.load_or_default().map_err(CliError::not_ready)?.config;
    let (models, faults) = found(&config)?;
    let text = if listing.json {
        models.iter().map(|model| json_line(&line(model, &config))).collect::<Result<String, _>>()?
    } else {
        let rows: Vec<Vec<String>> = models.iter().map(|model| row(&line(model, &config))).collect();
        table(&["", "NAME", "FOR", "LICENCE", "LANGUAGES", "MEMORY", "SIZE", "STATE", "NOT FOR"], &rows)
    };
    print(&text)?;
    let away = models.iter().find(|model| model.has_source() && model.presence() != Presence::Here);
    if let Some(model) = away.filter(|_| !listing.json) {
        print(&format!("\nWhat is not here: callbox models pull NAME, such as {}\n", model.name))?;
    }
    if faults.is_empty() { Ok(()) } else { Err(CliError::Failed(faults.join("\n"))) }
}

/// The models of the configured folder; what can't be read is told after what can.
pub(super) fn found(config: &Config) -> Result<(Vec<Manifest>, Vec<String>), CliError> {
    let folder = models_folder(&config.engines);
    let mut models = Vec::new();
    let mut faults = Vec::new();
    for (_, manifest) in all(&folder) {
        match manifest {
            Ok(manifest) => models.push(manifest),
            Err(error) => faults.push(error.to_string()),
        }
    }
    if models.is_empty() && faults.is_empty() {
        let folder = folder.display();
        return Err(CliError::NotReady(format!(
            "no model in {folder}: point engines.models at the folder that holds the sets, such as models/ of the sources"
        )));
    }
    Ok((models, faults))
}

fn line<'a>(model: &'a Manifest, config: &Config) -> Line<'a> {
    let engines = &config.engines;
    let in_use = [&engines.stt.model, &engines.llm.model, &engines.tts.model];
    let speech = match model.trusted.speech {
        Speech::Quoted => "quoted",
        Speech::Free => "free",
    };
    Line {
        name: &model.name,
        kind: model.kind.name(),
        in_use: in_use.contains(&&model.name),
        state: match model.presence() {
            Presence::Here => "here",
            Presence::Partly => "partly here",
            Presence::Absent => "not here",
        },
        licence: &model.licence,
        languages: &model.languages,
        memory_mb: model.memory_mb,
        bytes: model.files.iter().map(|file| file.pin.as_ref().map_or(file.most_bytes, |pin| pin.bytes)).sum(),
        trusted_with: match model.trusted.with {
            With::Calls => "calls",
            With::Nothing => "nothing",
        },
        speech: (model.kind == engine::manifest::Kind::Llm).then_some(speech),
        not_for: &model.trusted.not_for,
        source: &model.source,
        manifest: model.path.display().to_string(),
    }
}

fn row(line: &Line<'_>) -> Vec<String> {
    vec![
        if line.in_use { "*".into() } else { String::new() },
        line.name.to_owned(),
        line.kind.to_owned(),
        line.licence.to_owned(),
        line.languages.join(" "),
        format!("{} MB", line.memory_mb),
        format!("{:.1} MB", line.bytes as f64 / 1e6),
        line.state.to_owned(),
        line.not_for.to_owned(),
    ]
}

fn verify(listing: &Listing) -> Result<(), CliError> {
    let config = listing.configuration.load_or_default().map_err(CliError::not_ready)?.config;
    found(&config)?;
    let mut wrong = 0;
    for (path, manifest) in all(&models_folder(&config.engines)) {
        let name = manifest.as_ref().ok().map(|manifest| manifest.name.clone());
        let absent = |manifest: &Manifest| manifest.has_source() && manifest.presence() == Presence::Absent;
        if manifest.as_ref().is_ok_and(absent) {
            let checked = Checked { name, manifest: path.display().to_string(), here: false, ok: true, why: None };
            print(&if listing.json { json_line(&checked)? } else { sentence(&checked) })?;
            continue;
        }
        let why = manifest.and_then(|manifest| verify_all(&manifest)).err().map(|error| error.to_string());
        wrong += usize::from(why.is_some());
        let checked = Checked { name, manifest: path.display().to_string(), here: true, ok: why.is_none(), why };
        print(&if listing.json { json_line(&checked)? } else { sentence(&checked) })?;
    }
    match wrong {
        0 => Ok(()),
        1 => Err(CliError::Failed("one model is not what its manifest says and won't be loaded".into())),
        more => Err(CliError::Failed(format!("{more} models are not what their manifests say and won't be loaded"))),
    }
}

fn sentence(checked: &Checked) -> String {
    let name = checked.name.as_deref().unwrap_or(&checked.manifest);
    match &checked.why {
        None if !checked.here => format!("-      {name}: not here; callbox models pull {name}\n"),
        None => format!("ok     {name}\n"),
        Some(why) => format!("WRONG  {name}: {why}\n"),
    }
}
