//! `callbox-tts`, the voice: Piper voices on ONNX Runtime and espeak-ng behind the worker
//! protocol, on the socket that is file descriptor 0.
//!
//! This program links espeak-ng, which is GPL-3.0-or-later, and so it is itself (see LICENSE
//! beside this file). The rest of Callbox is MIT OR Apache-2.0 and only exchanges messages
//! with it; that is one reason why the voice is a process of its own.
//!
//! ```text
//! callbox-tts [--manifest FILE] [--models DIR] [--onnxruntime FILE] [--espeak-data DIR] [--try-egress]
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use engine::manifest::{self, Kind, Manifest, TtsEngine};
use engine::worker::{self, Args, sandbox};
use onnx::Library;
use tts_worker::Error;
use tts_worker::espeak::Espeak;
use tts_worker::piper::Piper;
use tts_worker::serve::Speaker;
use tts_worker::voices::Voices;

const OPTIONS: [&str; 3] = ["--models", "--onnxruntime", "--espeak-data"];

/// espeak-ng asks the C library for a UTF-8 locale.
const LOCALES: &str = "/usr/lib/locale";

fn main() -> ExitCode {
    let started = Instant::now();
    worker::report("callbox-tts", run(started))
}

fn run(started: Instant) -> Result<(), engine::Error> {
    let args = Args::parse(std::env::args_os().skip(1), &OPTIONS)?;
    let manifests = manifests(&args)?;
    let espeak_data = Espeak::data_folder(args.value("--espeak-data").map(Path::new))?;
    // The library is code, not a model: loaded while the system's own libraries can still be
    // found, before anything is parsed.
    let any_piper = manifests.iter().any(|voice| engine_of(voice) == Some(TtsEngine::Piper));
    let library = if any_piper { Some(library(&args)?) } else { None };

    let mut readable = vec![espeak_data.as_path(), Path::new(LOCALES)];
    readable.extend(manifests.iter().flat_map(|voice| &voice.files).map(|file| file.path.as_path()));
    if library.is_some() {
        readable.extend(onnx::PROCESSOR.map(Path::new));
    }
    onnx::one_thread().map_err(Error::from)?;
    let closed = sandbox::close(&readable, &[])?;
    if args.try_egress {
        worker::attempts().iter().for_each(|attempt| println!("{attempt}"));
        return Ok(());
    }
    worker::serve(started, || {
        let mut voices = Voices::new(Espeak::start(&espeak_data)?);
        let runtime = library.map(|library| library.start("callbox-tts")).transpose().map_err(Error::from)?;
        for manifest in &manifests {
            match (engine_of(manifest), &runtime) {
                (Some(TtsEngine::Piper), Some(runtime)) => {
                    voices.add(manifest.name.clone(), Piper::load(runtime, manifest)?);
                }
                _ => voices.name(manifest),
            }
        }
        voices.warm()?;
        Ok(Speaker::new(voices, closed.about()))
    })
}

/// The voices to load: `--manifest`, and all below the folder of `--models`, where one
/// that is wrong is said and left out.
fn manifests(args: &Args) -> Result<Vec<Manifest>, engine::Error> {
    let mut found = Vec::new();
    if args.value("--manifest").is_some() {
        found.push(args.manifest(Kind::Tts)?);
    }
    if let Some(folder) = args.value("--models") {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| PathBuf::from(folder));
        for (_, read) in manifest::all(&folder) {
            match read {
                Ok(manifest) => found.push(manifest),
                Err(error) => eprintln!("callbox-tts: {error}"),
            }
        }
    }
    let mut names = std::collections::HashSet::new();
    found.retain(|voice| voice.tts.is_some() && names.insert(voice.name.clone()));
    Ok(found)
}

fn engine_of(voice: &Manifest) -> Option<TtsEngine> {
    voice.tts.as_ref().map(|tts| tts.engine)
}

/// ONNX Runtime as `--onnxruntime` or `ORT_DYLIB_PATH` name it.
fn library(args: &Args) -> Result<Library, engine::Error> {
    let path = onnx::named(args.value("--onnxruntime")).ok_or_else(|| {
        engine::Error::Usage(
            "a Piper voice needs --onnxruntime FILE: scripts/setup puts it into .setup/onnxruntime".into(),
        )
    })?;
    Ok(Library::load(&path).map_err(Error::from)?)
}
