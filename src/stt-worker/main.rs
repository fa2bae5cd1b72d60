//! Speech recognition: whisper.cpp behind the worker protocol.
//!
//! Each call has its audio ([`utterance`]); who is recognised next is decided in [`queue`]; the
//! one whisper state does it in [`whisper`]; [`recogniser`] joins them to the protocol.
//!
//! # Deliberately absent
//! Voice activity detection (the daemon sends only speech), resampling, sockets.

mod queue;
mod recogniser;
mod utterance;
mod whisper;
mod words;

use std::env;
use std::process::ExitCode;
use std::time::Instant;

use engine::Error;
use engine::manifest::Kind;
use engine::worker::{self, Args, sandbox};

use crate::recogniser::Recogniser;
use crate::whisper::Whisper;

fn main() -> ExitCode {
    worker::report("callbox-stt", run())
}

fn run() -> Result<(), Error> {
    let started = Instant::now();
    let args = Args::parse(env::args_os().skip(1), &["--threads"])?;
    // More than one spins at barriers: on busy cores twenty times slower, not twice as fast.
    let threads = args.number("--threads", 1, (1, 256))?;
    worker::check_processor()?;
    let manifest = args.manifest(Kind::Stt)?;
    let files: Vec<_> = manifest.files.iter().map(|file| file.path.as_path()).collect();
    let sandbox = sandbox::close(&files)?;
    if args.try_egress {
        sandbox::close_files()?;
        worker::attempts().iter().for_each(|attempt| println!("{attempt}"));
        return Ok(());
    }
    worker::serve(started, || {
        let whisper = Whisper::load(&manifest, threads)?;
        sandbox::close_files()?;
        Ok(Recogniser::new(whisper, &manifest, sandbox.about()))
    })
}
