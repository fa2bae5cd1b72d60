//! An end-of-turn network beside the recogniser: finals say how sure it is. Needs espeak-ng, and the ONNX
//! Runtime of scripts/setup.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod speech;
mod worker;

use std::path::{Path, PathBuf};

use engine::TranscriptKind::{Ahead, Final};
use engine::rig::Rig;
use worker::{answer, ask, feed, heard, manifest, models, program};

fn library() -> String {
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.setup/onnxruntime/libonnxruntime.so");
    std::env::var("ORT_DYLIB_PATH").unwrap_or_else(|_| setup.to_string_lossy().into_owned())
}

fn turn() -> String {
    models().join("starter-turn.toml").to_string_lossy().into_owned()
}

#[test]
fn finals_say_whether_the_caller_has_finished() {
    let args = ["--manifest", &manifest(), "--turn", &turn(), "--onnxruntime", &library()];
    let (mut rig, about) = Rig::ready(program(), &args).expect("the worker starts");
    assert!(about.contains("ends of turns by ear"), "{about}");
    let whole = speech::say("i would like to book an appointment", "en-us+f3");
    let of = heard(&mut rig, 1, &whole).finished;
    assert!(of.is_some_and(|sure| (0.0..=1.0).contains(&sure)), "{of:?}");
    assert_eq!(heard(&mut rig, 1, &vec![0; 16_000]).finished, None, "nobody spoke");
    // Who may go on is asked for none; the final of the same audio does.
    feed(&mut rig, 2, &whole);
    ask(&mut rig, 2, 1, Ahead);
    assert_eq!(answer(&mut rig).finished, None);
    ask(&mut rig, 2, 2, Final);
    let last = answer(&mut rig);
    assert_eq!((last.decode_ms, last.finished), (0, of));
}

/// Whose words are heard well enough is not lost for want of an ear.
#[test]
fn without_a_network_that_runs_words_are_heard_all_the_same() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("broken-turn");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("broken.onnx"), b"no graph").unwrap();
    let hash = "3dedef457e43526d4d19c81bef4756864daf4602ab8df76e4e7e71caf0137661";
    let text = format!(
        "name = \"broken\"\nkind = \"turn\"\nlicence = \"MIT\"\nlanguages = [\"en\"]\nmemory_mb = 1\n\
         [[files]]\npath = \"broken.onnx\"\nsha256 = \"{hash}\"\nbytes = 8\n"
    );
    std::fs::write(folder.join("broken.toml"), text).unwrap();
    let broken = folder.join("broken.toml").to_string_lossy().into_owned();
    for (turn, library) in [(broken, library()), (turn(), "/nowhere/libonnxruntime.so".to_owned())] {
        let args = ["--manifest", &manifest(), "--turn", &turn, "--onnxruntime", &library];
        let (mut rig, about) = Rig::ready(program(), &args).expect("the worker starts");
        assert!(!about.contains("ends of turns"), "{about}");
        let said = heard(&mut rig, 1, &speech::say("i need directions", "en-us+f3"));
        assert_eq!((said.text.as_str(), said.finished), ("i need directions", None));
    }
}
