//! Whether an utterance whose words were heard while it was said ends with the words that all of it in one gives.
//!
//!     cargo bench -p stt-worker --bench on_the_way -- MANIFEST EXAM
//!
//! EXAM is a folder of `scripts/train/stt/exam.py`. Its utterances of 3 s and more are fed in portions, each asked
//! about as the daemon asks while a caller speaks. Prints where the two differ, and the sums.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a measurement ends at the first surprise")]

#[path = "../tests/speech/mod.rs"]
mod speech;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::TranscriptKind::{self, Final, Partial};
use engine::rig::Rig;
use engine::{Session, Stt, SttWork, Ticket, Transcript, Up};

const CALL: Session = Session(1);
/// As src/app/calls/ears.rs and the conversation ask.
const PORTION: usize = speech::RATE * 7 / 10;
const LONG: usize = 3 * speech::RATE;

#[derive(Default)]
struct Sums {
    utterances: usize,
    words: usize,
    /// Of all in one, and on the way.
    wrong: [usize; 2],
    decode_ms: [u32; 2],
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| !arg.starts_with("--"));
    let [manifest, exam] = [(); 2].map(|()| args.next().map(PathBuf::from));
    let (manifest, exam) = (manifest.expect("the manifest of a recogniser"), exam.expect("the folder of an exam"));
    let program = Path::new(env!("CARGO_BIN_EXE_callbox-stt"));
    let (mut rig, about) =
        Rig::<Stt>::ready(program, &["--manifest", &manifest.to_string_lossy(), "--lanes", "1"]).expect("it starts");
    println!("{about}");
    let index = std::fs::read_to_string(exam.join("exam.json")).expect("exam.json");
    let index: Vec<BTreeMap<String, String>> = serde_json::from_str(&index).expect("a list of utterances");
    let mut sets: BTreeMap<&str, Sums> = BTreeMap::new();
    for (number, item) in index.iter().enumerate() {
        let mut wav = hound::WavReader::open(exam.join(&item["file"])).expect("a wav");
        let samples: Vec<i16> = wav.samples().map(|sample| sample.expect("a sample")).collect();
        if samples.len() < LONG {
            continue;
        }
        // What is asked first comes at another stage of each.
        let heard = [in_one(&mut rig, &samples), on_the_way(&mut rig, &samples, PORTION * (number % 7) / 7)];
        let [one, way] = [&heard[0].text, &heard[1].text];
        if one != way {
            println!("{}\n  in one: {one}\n  on the way: {way}", item["text"]);
        }
        for set in [item["set"].as_str(), "all"] {
            let sums = sets.entry(set).or_default();
            sums.utterances += 1;
            sums.words += item["text"].split_whitespace().count();
            for (at, heard) in heard.iter().enumerate() {
                sums.wrong[at] += speech::word_errors(&item["text"], &heard.text).0;
                sums.decode_ms[at] += heard.decode_ms;
            }
        }
    }
    for (set, Sums { utterances, words, wrong, decode_ms }) in sets {
        let [one, way] = wrong.map(|wrong| 100.0 * wrong as f64 / words as f64);
        let share = f64::from(decode_ms[1]) / f64::from(decode_ms[0]);
        println!(
            "{set} ({utterances}): {one:.1} % of words wrong in one, {way:.1} % on the way; the final takes {share:.2} of the time"
        );
    }
}

fn in_one(rig: &mut Rig<Stt>, samples: &[i16]) -> Transcript {
    rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
    heard(rig, samples, Final)
}

fn on_the_way(rig: &mut Rig<Stt>, samples: &[i16], first: usize) -> Transcript {
    rig.work(SttWork::Reset { session: CALL }).expect("the worker takes work");
    let (first, rest) = samples.split_at(first);
    let before = rest.len().saturating_sub(1) / PORTION * PORTION;
    heard(rig, first, Partial);
    for portion in rest[..before].chunks(PORTION) {
        heard(rig, portion, Partial);
    }
    heard(rig, &rest[before..], Final)
}

fn heard(rig: &mut Rig<Stt>, samples: &[i16], kind: TranscriptKind) -> Transcript {
    rig.work(SttWork::Feed { session: CALL, samples: samples.to_vec() }).expect("the worker takes work");
    let work = SttWork::Transcribe { session: CALL, ticket: Ticket(1), kind, language: None, due_ms: 60_000 };
    rig.work(work).expect("the worker takes work");
    match rig.receive().expect("the worker answers") {
        Up::Event(transcript) => transcript,
        other => panic!("no transcript: {other:?}"),
    }
}
