//! Speech recognition: whisper.cpp behind the worker protocol.
//!
//! Each call has its audio ([`utterance`]); who is recognised next is decided in [`queue`]; a fixed
//! number of [`lanes`] do it, each with a whisper state ([`whisper`]); [`turn`] hears, where a network
//! for it was named, whether the caller has finished; [`recogniser`] joins them to the protocol.
//!
//! # Deliberately absent
//! Voice activity detection (the daemon sends only speech), resampling, sockets.

mod gpus;
mod lanes;
mod queue;
mod recogniser;
mod turn;
mod utterance;
mod whisper;
mod words;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use engine::Error;
use engine::manifest::{Kind, Manifest};
use engine::worker::{self, Args, Graphics, sandbox};
use onnx::Library;

use crate::recogniser::Recogniser;
use crate::turn::TurnEar;
use crate::whisper::Whisper;

/// Transcripts made at once, unless more are asked for: each takes memory of its own.
const MOST_LANES: i32 = 8;

fn main() -> ExitCode {
    worker::report("callbox-stt", run())
}

fn run() -> Result<(), Error> {
    let started = Instant::now();
    let args = Args::parse(env::args_os().skip(1), &["--threads", "--lanes", "--turn", "--onnxruntime", "--gpu"])?;
    // More than one spins where they meet: on busy cores they are slower than one. A lane has those of idle ones, too.
    let threads = args.number("--threads", 1, (1, 256))?;
    // Half the cores: the model, the voice and the packets need theirs.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let lanes = args.number("--lanes", i32::try_from(cores / 2).unwrap_or(1).clamp(1, MOST_LANES), (1, 64))?;
    let graphics = Graphics::wanted(&args, gpus::DRIVER)?;
    worker::check_processor()?;
    let manifest = args.manifest(Kind::Stt)?;
    let turn = args.other_manifest("--turn", Kind::Turn)?;
    // Code, not a model: loaded while the system's own libraries can still be found.
    let library = turn.as_ref().and_then(|_| library(&args));
    let files = manifest.files.iter().chain(turn.iter().flat_map(|turn| &turn.files));
    let mut readable: Vec<&Path> = files.map(|file| file.path.as_path()).collect();
    if library.is_some() {
        readable.extend(onnx::PROCESSOR.map(Path::new));
        onnx::one_thread().map_err(|error| Error::Engine(error.to_string()))?;
    }
    readable.extend(graphics.readable());
    let sandbox = sandbox::close(&readable, &graphics.nodes())?;
    if args.try_egress {
        sandbox.close_files()?;
        worker::attempts().iter().for_each(|attempt| println!("{attempt}"));
        return Ok(());
    }
    worker::serve(started, || {
        let place = graphics.place(&manifest, gpus::shown(), 1, || Ok(worker::needed(&manifest)))?;
        let lanes = Whisper::load(&manifest, threads, lanes, place.gpus().first())?;
        let ear = library.zip(turn).and_then(|(library, turn)| ear(library, &turn));
        sandbox.close_files()?;
        Ok(Recogniser::new(lanes, ear, &manifest, &format!("{place}; {}", sandbox.about())))
    })
}

/// ONNX Runtime. Who hears words well enough is not given up for want of it.
fn library(args: &Args) -> Option<Library> {
    let Some(path) = onnx::named(args.value("--onnxruntime")) else {
        eprintln!("callbox-stt: --turn needs --onnxruntime FILE (scripts/setup puts it into .setup/onnxruntime)");
        return None;
    };
    Library::load(&path).map_err(without_ear).ok()
}

fn ear(library: Library, manifest: &Manifest) -> Option<TurnEar> {
    let runtime = library.start("callbox-stt").map_err(without_ear).ok()?;
    TurnEar::load(&runtime, manifest).map_err(without_ear).ok()
}

fn without_ear(why: impl std::fmt::Display) {
    eprintln!("callbox-stt: {why}. Ends of turns are told by words and pauses alone");
}
