//! Piper voices through the real worker and the real ONNX Runtime: toy graphs with a real
//! voice's inputs and output, in which every phoneme is a tone (scripts/toy-voice.py).
#![allow(clippy::expect_used, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Models, data, level_db, onnxruntime, sha256};

#[test]
fn a_voice_speaks_through_onnx_runtime() {
    let models = Models::new("a_voice_speaks");
    models.add("toy", "toy", "");
    let mut worker = models.start();
    assert!(worker.about.contains("Piper voices toy"), "{}", worker.about);
    let text = "Good morning, how may I help you today? We are open until six.";
    let clause = worker.speak("toy", text, 8_000);
    let seconds = clause.samples.len() as f32 / 8_000.0;
    // 1,024 samples at 22,050 Hz for each of some fifty phonemes and their pads.
    assert!((3.0..9.0).contains(&seconds), "{seconds} s");
    let level = level_db(&clause.samples, 8_000);
    assert!((-23.0..=-17.0).contains(&level), "{level} dBFS");
    assert_eq!(clause.word_ends.len(), text.split_whitespace().count());
    assert!(clause.word_ends.is_sorted());
    assert!(clause.word_ends.windows(2).all(|ends| ends[0] < ends[1]), "{:?}", clause.word_ends);
    assert_eq!(clause.word_ends.last().copied(), u32::try_from(clause.samples.len()).ok());
    assert!(clause.first_ms <= clause.total_ms);
}

#[test]
fn the_first_clause_is_heard_before_the_rest_is_made() {
    let models = Models::new("the_first_clause");
    models.add("toy", "toy", "");
    let mut worker = models.start();
    let clause = worker.speak("toy", "Yes, that is right. See you on Monday.", 8_000);
    let alone = worker.speak("toy", "Yes,", 8_000);
    assert!(clause.pieces >= 3, "{} pieces", clause.pieces);
    assert!(alone.samples.len() * 4 < clause.samples.len());
    // "Yes" ends where it ends when it is spoken alone (8 ms more or less).
    let (first, only) = (clause.word_ends[0], alone.word_ends[0]);
    assert!(first.abs_diff(only) < 1_200, "{first} {only}");
}

#[test]
fn a_speaker_is_chosen_by_its_name() {
    let models = Models::new("a_speaker");
    models.add("low", "toy-two", "low");
    models.add("high", "toy-two", "high");
    let mut worker = models.start();
    let crossings = |samples: &[i16]| samples.windows(2).filter(|pair| (pair[0] < 0) != (pair[1] < 0)).count();
    let low = worker.speak("low", "hello there", 16_000);
    let high = worker.speak("high", "hello there", 16_000);
    assert!(crossings(&high.samples) * 2 > crossings(&low.samples) * 3);
    assert!(low.samples.len().abs_diff(high.samples.len()) < 400);
}

#[test]
fn piper_and_espeak_take_turns() {
    let models = Models::new("take_turns");
    models.add("toy", "toy", "");
    let mut worker = models.start();
    let before = worker.speak("espeak-de", "Guten Tag", 8_000).samples.len();
    let toy = worker.speak("toy", "Good day", 8_000).samples.len();
    let after = worker.speak("espeak-de", "Guten Tag", 8_000).samples.len();
    assert!(before.abs_diff(after) < before / 50, "{before} {after}");
    assert_eq!(worker.speak("toy", "Good day", 8_000).samples.len(), toy);
}

#[test]
fn an_altered_voice_is_refused_before_it_is_parsed() {
    let models = Models::new("an_altered_voice");
    let manifest = models.add("toy", "toy", "");
    let onnx = models.0.join("toys/toy.onnx");
    let mut bytes = fs::read(&onnx).expect("the toy");
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    fs::write(&onnx, bytes).expect("altered");
    let said = refusal(&manifest);
    assert!(said.contains("toy.onnx") && said.contains("sha256"), "{said}");
}

#[test]
fn a_configuration_that_fits_no_voice_is_explained() {
    let models = Models::new("a_configuration");
    let manifest = models.add("toy", "toy", "");
    let json = models.0.join("toys/toy.onnx.json");
    let good = fs::read_to_string(&json).expect("the configuration");
    for (what, bad) in [
        ("sample_rate", good.replace("22050", "96000")),
        ("phoneme_id_map", good.replace("\"^\"", "\"x\"")),
        ("espeak", good.replace("\"phoneme_type\": \"espeak\"", "\"phoneme_type\": \"text\"")),
        ("line", good.replace('{', "")),
    ] {
        let old_hash = sha256(&json);
        let old_bytes = fs::metadata(&json).expect("it is there").len();
        fs::write(&json, &bad).expect("written");
        let text = fs::read_to_string(&manifest).expect("the manifest");
        let text = text.replace(&old_hash, &sha256(&json));
        let text = text.replace(&format!("bytes = {old_bytes}\n"), &format!("bytes = {}\n", bad.len()));
        fs::write(&manifest, text).expect("written");
        let said = refusal(&manifest);
        assert!(said.contains("toy.onnx.json") && said.contains(what), "{what}: {said}");
    }
}

#[test]
fn a_piper_voice_without_onnx_runtime_is_explained() {
    let models = Models::new("without_onnx_runtime");
    let manifest = models.add("toy", "toy", "");
    let said = run(&["--manifest", manifest.to_str().expect("a path")]);
    assert!(said.contains("--onnxruntime") && said.contains("scripts/setup"), "{said}");
    let elsewhere = data("toy.onnx.json");
    let elsewhere = elsewhere.to_str().expect("a path");
    let said = run(&["--manifest", manifest.to_str().expect("a path"), "--onnxruntime", elsewhere]);
    assert!(said.contains("toy.onnx.json") && said.contains("ONNX Runtime"), "{said}");
}

#[test]
fn the_runtime_has_no_way_to_call_home() {
    let library = fs::read(onnxruntime()).expect("the library");
    for telltale in ["events.data.microsoft.com", "OneCollector"] {
        let found = library.windows(telltale.len()).any(|bytes| bytes == telltale.as_bytes());
        assert!(!found, "{telltale} is in the ONNX Runtime library: pin a release without telemetry");
    }
}

/// What the worker says when it does not become ready.
fn refusal(manifest: &Path) -> String {
    run(&["--manifest", manifest.to_str().expect("a path"), "--onnxruntime", &onnxruntime()])
}

fn run(args: &[&str]) -> String {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("a socket pair");
    let output = Command::new(env!("CARGO_BIN_EXE_callbox-tts"))
        .args(args)
        .env_remove("ORT_DYLIB_PATH")
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .output()
        .expect("it runs");
    drop(ours);
    assert_ne!(output.status.code(), Some(0));
    String::from_utf8_lossy(&output.stderr).into_owned()
}
