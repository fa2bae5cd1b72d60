//! The language model: llama.cpp behind the worker protocol.
//!
//! One context holds the sequences of all calls; one decode loop advances them together, a few
//! prompt tokens and one generated token each at a time. See `decider.rs`, where to begin.
//!
//! # Deliberately absent
//! Knowledge of what is decided: prompts and grammars come with the work.

mod decider;
mod gpus;
mod grammar;
mod job;
mod pace;
mod pieces;
mod room;
mod schedule;
mod sequences;
mod shared;
mod wording;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use engine::manifest::Kind;
use engine::worker::{self, Args, Gpu, Graphics, Kept, Place, Sealed, sandbox};
use engine::{Error, Manifest};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use crate::decider::{Decider, Limits, Resources};

/// Calls whose prompt stays cached when `--slots` is not given.
const SLOTS: u32 = 16;

/// Smaller models compute with one thread: several would wait for each other longer than they compute.
const LARGE: u64 = 100_000_000;
/// A guess: beyond some threads the memory is what a step waits for. More than two were never measured.
const MOST_THREADS: usize = 8;

/// While it loads, a model is in memory as its file and as what is made of it.
const WEIGHTS_COPIES: u64 = 2;

/// Another one may compute, and write, keys and values differently.
const LLAMA_CPP: &str = "llama-cpp-sys-2 0.1.161";

fn main() -> ExitCode {
    worker::report("callbox-llm", run())
}

fn run() -> Result<(), Error> {
    let started = Instant::now();
    let args = Args::parse(env::args_os().skip(1), &["--slots", "--context", "--cells", "--threads", "--gpu"])?;
    let graphics = Graphics::wanted(&args, gpus::DRIVER)?;
    let mut limits = Limits {
        slots: args.number("--slots", SLOTS, (1, 200))?,
        context: args.number("--context", 0, (0, 131_072))?,
        cells: args.number("--cells", 0, (0, 16_777_216))?,
        threads: args.number("--threads", 0, (0, 256))?,
    };
    worker::check_processor()?;
    let manifest = args.manifest(Kind::Llm)?;
    let available = worker::memory_available();
    worker::check_memory(&manifest, available)?;
    let mut readable: Vec<_> = manifest.files.iter().map(|file| file.path.as_path()).collect();
    readable.extend(graphics.readable());
    let sandbox = sandbox::close(&readable, &graphics.nodes())?;
    if args.try_egress {
        sandbox.close_files()?;
        worker::attempts().iter().for_each(|attempt| println!("{attempt}"));
        return Ok(());
    }
    worker::serve(started, || {
        let (backend, model, place) = load(&manifest, limits, &graphics)?;
        if limits.threads == 0 {
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            limits.threads = fitting_threads(model.size(), processors);
        }
        let memory = match place.usable() {
            Some(on_gpus) => Some(on_gpus.saturating_sub(room::before_cache(model, limits))),
            None => available.map(|available| available.saturating_sub(model.size() * WEIGHTS_COPIES)),
        };
        let gpu = !place.gpus().is_empty();
        if !gpu {
            worker::limit_files(); // to a driver that computes in software its memory is a file
        }
        let kept = Kept::given(&depends_on(&manifest, &place));
        let about = format!("{place}; {}", sandbox.about());
        let decider = Decider::new(backend, model, &manifest, Resources { limits, memory, gpu }, kept, &about)?;
        sandbox.close_files()?;
        Ok(decider)
    })
}

/// Threads of a step, for weights of so many bytes: half the processors, the others hear, speak and send.
fn fitting_threads(weights: u64, processors: usize) -> i32 {
    let threads = if weights < LARGE { 1 } else { (processors / 2).clamp(1, MOST_THREADS) };
    i32::try_from(threads).unwrap_or(1)
}

/// Loads the model; it stays for the life of the process, as do the contexts that borrow it.
fn load(
    manifest: &Manifest,
    limits: Limits,
    graphics: &Graphics,
) -> Result<(&'static LlamaBackend, &'static LlamaModel, Place), Error> {
    let file = manifest.files.first().ok_or_else(|| Error::Engine("the manifest names no file".to_owned()))?;
    let sealed = Sealed::open(file)?;
    let mut backend = LlamaBackend::init().map_err(|why| Error::Engine(format!("llama.cpp: {why}")))?;
    backend.void_logs();
    // Not mapped: what is computed with is another arrangement of the weights, and the sealed copy
    // is freed as soon as that is made.
    let open = |gpus: &[Gpu], measure: bool| {
        let gpus: Vec<usize> = gpus.iter().map(|gpu| gpu.index).collect();
        let params = LlamaModelParams::default().with_use_mmap(false).with_no_alloc(measure).with_devices(&gpus);
        let params = params.map_err(|why| Error::Engine(format!("llama.cpp: {why}")))?;
        LlamaModel::load_from_file(&backend, sealed.path(), &params).map_err(|why| {
            let path = file.path.display();
            Error::Engine(format!(
                "{path}: llama.cpp can't load this model ({why}): it must be a GGUF file of a supported architecture"
            ))
        })
    };
    let needed = || {
        let measured = open(&[], true)?;
        Ok(room::needed(&measured, manifest.llm.context, limits).max(worker::needed(manifest)))
    };
    let place = graphics.place(manifest, gpus::shown(), usize::MAX, needed)?;
    let model = open(place.gpus(), false)?;
    Ok((Box::leak(Box::new(backend)), Box::leak(Box::new(model)), place))
}

/// All that the keys and values of a prompt depend on beside its tokens.
fn depends_on(manifest: &Manifest, place: &Place) -> String {
    let sums = manifest.files.iter().filter_map(|file| file.pin.as_ref()).map(|pin| pin.sha256.as_str());
    // Which GPUs, and not why none: what is free of their memory differs from start to start.
    let gpus = place.gpus().iter().map(|gpu| gpu.name.as_str());
    format!("{LLAMA_CPP}, {}", gpus.chain(sums).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_large_model_has_half_the_processors() {
        for (weights, processors, threads) in
            [(3_000_000, 16, 1), (600_000_000, 1, 1), (600_000_000, 2, 1), (600_000_000, 6, 3), (600_000_000, 64, 8)]
        {
            assert_eq!(super::fitting_threads(weights, processors), threads, "{weights} {processors}");
        }
    }

    #[test]
    fn the_version_of_llama_cpp_is_the_one_that_is_built() {
        let (name, version) = super::LLAMA_CPP.split_once(' ').unwrap_or_default();
        let built = format!("name = \"{name}\"\nversion = \"{version}\"\n");
        assert!(include_str!("../../Cargo.lock").contains(&built), "{built}");
    }
}
