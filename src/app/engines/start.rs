use std::path::{Path, PathBuf};

use engine::manifest::{Kind, Manifest, Presence, With, all};
use engine::verify::verify_all;
use engine::{Llm, Stt, Tts};

use super::{Client, Engines, Launch};
use crate::{config, remote};

/// Calls whose prompt the language model's worker keeps at once, at most; further calls share these.
const MOST_SLOTS: u16 = 200;
/// What all prompts begin with as the language model has read it: of the model, never of a caller.
const PROMPTS: &str = "callbox-prompts.kept";
/// No end-of-turn model.
const OFF: &str = "off";
/// An end-of-turn model of the field, if one is here.
const AUTO: &str = "auto";

/// The models that were chosen, verified against their manifests.
#[derive(Debug, Clone)]
pub struct Models {
    /// Speech recognition.
    pub stt: Manifest,
    /// Whether a caller has finished; `None` where nothing is to tell by ear.
    pub turn: Option<Manifest>,
    /// Language model.
    pub llm: Manifest,
    /// Voice.
    pub tts: Manifest,
}

impl Models {
    /// Finds and verifies the models that the configuration names.
    ///
    /// # Errors
    /// Which model is missing, broken or altered, and what to do.
    pub fn find(wanted: &config::Engines) -> Result<Self, String> {
        let folder = models_folder(wanted);
        Ok(Models {
            stt: model(&folder, Kind::Stt, &wanted.stt.model)?,
            turn: turn(&folder, wanted)?,
            llm: model(&folder, Kind::Llm, &wanted.llm.model)?,
            tts: model(&folder, Kind::Tts, &wanted.tts.model)?,
        })
    }
}

/// The model of this name: its manifest, its files verified.
///
/// # Errors
/// As [`Models::find`].
pub fn model(folder: &Path, kind: Kind, name: &str) -> Result<Manifest, String> {
    let mut known = Vec::new();
    for (path, manifest) in all(folder) {
        match manifest {
            Ok(manifest) if manifest.kind == kind && manifest.name == name => {
                return fit(manifest);
            }
            Ok(manifest) if manifest.kind == kind => known.push(manifest.name),
            Ok(_) => {}
            Err(error) => tracing::warn!(path = %path.display(), %error, "a model's manifest can't be used"),
        }
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(format!(
        "there is no {} model \"{name}\" below {} (found: {known}): set engines.{}.model to one of these, or \
         engines.models to the folder that has it",
        kind.name(),
        folder.display(),
        kind.name()
    ))
}

/// The model that hears whether a caller has finished, if there is one and something to run it.
///
/// # Errors
/// As [`Models::find`], of a model that was asked for by name.
pub fn turn(folder: &Path, wanted: &config::Engines) -> Result<Option<Manifest>, String> {
    match &*wanted.turn.model {
        OFF => Ok(None),
        AUTO if onnxruntime(wanted).is_none() => Ok(None),
        AUTO => {
            let starter = |manifest: &Manifest| manifest.path.parent().is_some_and(|set| set.ends_with("starter"));
            let mut known = all(folder).into_iter().filter_map(|(_, manifest)| manifest.ok());
            let chosen = known.find(|manifest| {
                manifest.kind == Kind::Turn
                    && manifest.trusted.with == With::Calls
                    && manifest.presence() == Presence::Here
                    && !starter(manifest)
            });
            chosen.map(fit).transpose()
        }
        name => model(folder, Kind::Turn, name).map(Some),
    }
}

/// The ONNX Runtime library: as configured, or where `scripts/setup` put it above this program.
fn onnxruntime(wanted: &config::Engines) -> Option<PathBuf> {
    let program = std::env::current_exe().ok();
    let above = program.iter().flat_map(|program| program.ancestors().skip(1).take(4));
    let set_up = || above.map(|folder| folder.join(".setup/onnxruntime/libonnxruntime.so")).find(|path| path.is_file());
    wanted.onnxruntime.clone().or_else(set_up)
}

/// A model that may take part in calls and is here, whole.
fn fit(model: Manifest) -> Result<Manifest, String> {
    let name = &model.name;
    if model.trusted.with == With::Nothing {
        return Err(format!(
            "{}: \"{name}\" is a shape: its weights are random, it is for measuring speed and memory and never \
             answers calls. Set engines.{}.model to another",
            model.path.display(),
            model.kind.name()
        ));
    }
    if model.has_source() && model.presence() == Presence::Absent {
        return Err(format!("the model \"{name}\" is not here: callbox models pull {name} brings it"));
    }
    verify_all(&model).map_err(|error| error.to_string())?;
    Ok(model)
}

/// The folder with the models: as configured, or else the one that came with this program.
pub fn models_folder(wanted: &config::Engines) -> PathBuf {
    if wanted.models.is_dir() {
        return wanted.models.clone();
    }
    let beside = std::env::current_exe().ok();
    let above = beside.iter().flat_map(|program| program.ancestors().skip(1).take(4)).map(|dir| dir.join("models"));
    let shipped = above.chain([PathBuf::from("/usr/share/callbox/models")]).find(|dir| dir.join("starter").is_dir());
    shipped.unwrap_or_else(|| wanted.models.clone())
}

/// Where the workers' programs are: as configured, or beside this one.
pub fn workers_folder(wanted: &config::Engines) -> PathBuf {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.to_owned());
    wanted.workers.clone().or_else(beside).unwrap_or_default()
}

impl Engines {
    /// Starts the three workers; they get ready in their own time.
    ///
    /// In the folder `state`, where there is one, the language model keeps what all prompts begin with.
    ///
    /// # Errors
    /// When a remote model is configured wrongly.
    pub fn start(
        wanted: &config::Engines,
        models: &Models,
        max_calls: u16,
        state: Option<&Path>,
    ) -> Result<Self, String> {
        let slots = |own: u16| if own == 0 { max_calls.min(MOST_SLOTS) } else { own };
        Ok(Engines {
            stt: start_stt(wanted, &models.stt, models.turn.as_ref()),
            llm: thinking(wanted, start_llm(wanted, &models.llm, slots(wanted.llm.slots), state))?,
            tts: start_tts(wanted, &models.tts),
        })
    }
}

/// The local model, or a server of the premises before it where one is configured.
///
/// # Errors
/// What is wrong with the configuration.
pub fn thinking(wanted: &config::Engines, local: Client<Llm>) -> Result<Client<Llm>, String> {
    if wanted.remote.url.trim().is_empty() { Ok(local) } else { remote::before(local, &wanted.remote) }
}

/// Starts the recogniser alone, with an ear for ends of turns if there is a model for it.
pub fn start_stt(wanted: &config::Engines, model: &Manifest, turn: Option<&Manifest>) -> Client<Stt> {
    let runtime = onnxruntime(wanted).map(|path| path.to_string_lossy().into_owned());
    let turn = turn.map(|turn| turn.path.to_string_lossy().into_owned());
    let gpu = wanted.stt.gpu.to_string();
    let ear = turn.iter().flat_map(|turn| ["--turn", turn.as_str()]);
    let library = runtime.iter().filter(|_| turn.is_some()).flat_map(|path| ["--onnxruntime", path.as_str()]);
    Client::launch(launch(
        wanted,
        "callbox-stt",
        model,
        &["--gpu", &gpu].into_iter().chain(ear).chain(library).collect::<Vec<_>>(),
    ))
}

/// Starts the language model alone, for so many calls at once.
pub fn start_llm(wanted: &config::Engines, model: &Manifest, slots: u16, state: Option<&Path>) -> Client<Llm> {
    let (slots, threads, gpu) = (slots.to_string(), wanted.llm.threads.to_string(), wanted.llm.gpu.to_string());
    let more = ["--slots", &slots, "--threads", &threads, "--gpu", &gpu];
    let mut launch = launch(wanted, "callbox-llm", model, &more);
    launch.kept = state.map(|folder| folder.join(PROMPTS));
    Client::launch(launch)
}

/// Starts the voice alone.
pub fn start_tts(wanted: &config::Engines, model: &Manifest) -> Client<Tts> {
    let runtime = onnxruntime(wanted).map(|path| path.to_string_lossy().into_owned());
    let more: Vec<&str> = runtime.iter().flat_map(|path| ["--onnxruntime", path.as_str()]).collect();
    Client::launch(launch(wanted, "callbox-tts", model, &more))
}

fn launch(wanted: &config::Engines, program: &str, model: &Manifest, more: &[&str]) -> Launch {
    let mut args = vec!["--manifest".to_owned(), model.path.to_string_lossy().into_owned()];
    args.extend(more.iter().map(|&arg| arg.to_owned()));
    Launch::new(workers_folder(wanted).join(program), args)
}
