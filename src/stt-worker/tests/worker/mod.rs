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

/// One lane, so that what goes first can be told.
pub fn start() -> Rig<Stt> {
    start_with("1")
}

pub fn start_with(lanes: &str) -> Rig<Stt> {
    Rig::ready(program(), &["--manifest", &manifest(), "--lanes", lanes]).expect("the worker starts").0
}

/// Memory that a process holds.
pub fn memory_kb(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
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
    ask_within(rig, call, ticket, kind, 10_000);
}

pub fn ask_within(rig: &mut Rig<Stt>, call: u64, ticket: u64, kind: TranscriptKind, due_ms: u32) {
    let work = SttWork::Transcribe { session: Session(call), ticket: Ticket(ticket), kind, language: None, due_ms };
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
