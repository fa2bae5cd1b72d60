//! The worker on the starter model.
#![allow(dead_code, reason = "each test uses some of it")]

use std::path::{Path, PathBuf};

use engine::rig::Rig;
use engine::{Session, Stt, SttWork, Ticket, Transcript, TranscriptKind, Up};

pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_callbox-stt"))
}

pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter")
}

pub fn manifest() -> String {
    models().join("starter-stt.toml").to_string_lossy().into_owned()
}

pub fn start() -> Rig<Stt> {
    Rig::ready(program(), &["--manifest", &manifest()]).expect("the worker starts").0
}

pub fn feed(rig: &mut Rig<Stt>, call: u64, samples: &[i16]) {
    for frame in samples.chunks(320) {
        let work = SttWork::Feed { session: Session(call), samples: frame.to_vec() };
        rig.work(work).expect("the worker takes work");
    }
}

pub fn reset(rig: &mut Rig<Stt>, call: u64) {
    rig.work(SttWork::Reset { session: Session(call) }).expect("the worker takes work");
}

pub fn ask(rig: &mut Rig<Stt>, call: u64, ticket: u64, kind: TranscriptKind) {
    let work = SttWork::Transcribe { session: Session(call), ticket: Ticket(ticket), kind, language: None };
    rig.work(work).expect("the worker takes work");
}

pub fn answer(rig: &mut Rig<Stt>) -> Transcript {
    match rig.receive().expect("the worker answers") {
        Up::Event(transcript) => transcript,
        other => panic!("no transcript: {other:?}"),
    }
}

/// All of it at once, in a fresh utterance.
pub fn heard(rig: &mut Rig<Stt>, call: u64, samples: &[i16]) -> Transcript {
    reset(rig, call);
    feed(rig, call, samples);
    ask(rig, call, 9_000 + call, TranscriptKind::Final);
    answer(rig)
}
