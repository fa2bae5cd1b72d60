//! A manifest says what a model is; what is wrong in it is named by file and line.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::Path;

use engine::Manifest;
use engine::manifest::{Kind, Speech, TtsEngine};

const GOOD: &str = r#"name = "talker-1.7b"
kind = "llm"
licence = "Apache-2.0"
languages = ["en", "de"]
memory_mb = 1800

[[files]]
path = "talker.gguf"
sha256 = "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"
bytes = 42
url = "https://example.org/talker.gguf"

[trusted]
speech = "free"

[llm]
prompt = "chat-1"
before = "<|im_start|>system\n"
"#;

fn parse(text: &str) -> Result<Manifest, engine::Error> {
    Manifest::parse(text, Path::new("models/field/talker.toml"))
}

fn complaint(text: &str) -> String {
    parse(text).expect_err("this manifest is wrong").to_string()
}

#[test]
fn a_good_manifest_is_read_in_full() {
    let manifest = parse(GOOD).expect("a good manifest");
    assert_eq!((manifest.name.as_str(), manifest.kind), ("talker-1.7b", Kind::Llm));
    assert_eq!(manifest.languages, ["en", "de"]);
    assert_eq!(manifest.trusted.speech, Speech::Free);
    assert_eq!(manifest.llm.before, "<|im_start|>system\n");
    let file = &manifest.files[0];
    assert_eq!(file.path, Path::new("models/field/talker.gguf"));
    assert_eq!(file.sha256, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_eq!((file.bytes, file.url.as_deref()), (42, Some("https://example.org/talker.gguf")));
}

#[test]
fn what_is_not_said_is_the_careful_choice() {
    let manifest = parse(&GOOD.replace("speech = \"free\"", "")).expect("a good manifest");
    assert_eq!(manifest.trusted.speech, Speech::Quoted);
    assert!(manifest.stt.confidence_floor > 0.0);
}

#[test]
fn a_voice_of_the_system_needs_no_files() {
    let voice = "name = \"espeak\"\nkind = \"tts\"\nlicence = \"GPL-3.0-or-later\"\nlanguages = []\nmemory_mb = 9\n[tts]\nengine = \"espeak\"\nvoice = \"en-us\"\n";
    let manifest = parse(voice).expect("a good manifest");
    let tts = manifest.tts.expect("a voice");
    assert_eq!((tts.engine, tts.voice.as_str()), (TtsEngine::Espeak, "en-us"));
    assert!(complaint(&voice.replace("\"espeak\"\nvoice", "\"piper\"\nvoice")).contains("no [[files]]"));
}

#[test]
fn every_complaint_names_file_and_line() {
    for (from, to, line, said) in [
        ("name = \"talker-1.7b\"", "name = \"Talker 1\"", 1, "lower-case"),
        ("name = \"talker-1.7b\"\n", "", 1, "missing field `name`"),
        ("kind = \"llm\"", "kind = \"asr\"", 2, "unknown variant `asr`"),
        ("licence = \"Apache-2.0\"", "licence = \" \"", 3, "licence is empty"),
        ("\"en\", \"de\"", "\"en\", \"de-DE\"", 4, "primary tag"),
        ("memory_mb = 1800", "memory_mb = \"much\"", 5, "invalid type"),
        ("memory_mb = 1800", "memory_mb = 1800\nmemory = 3", 6, "unknown field"),
        ("path = \"talker.gguf\"", "path = \"../talker.gguf\"", 8, "beside its manifest"),
        ("path = \"talker.gguf\"", "path = \"/etc/passwd\"", 8, "beside its manifest"),
        ("path = \"talker.gguf\"", "path = \"\"", 8, "beside its manifest"),
        ("0011", "001", 9, "64 hexadecimal digits"),
        ("0011", "zz11", 9, "64 hexadecimal digits"),
        ("speech = \"free\"", "speech = \"loud\"", 14, "unknown variant `loud`"),
        ("[llm]", "[stt]", 18, "unknown field"),
        ("bytes = 42", "bytes = 42 43", 10, "expected"),
    ] {
        let said_now = complaint(&GOOD.replacen(from, to, 1));
        assert!(said_now.starts_with(&format!("models/field/talker.toml:{line}: ")), "{to}: {said_now}");
        assert!(said_now.contains(said), "{to}: {said_now}");
    }
}

#[test]
fn sections_belong_to_their_kind() {
    assert!(complaint(&GOOD.replace("\"llm\"", "\"stt\"")).contains("[llm] does not belong here"));
    assert!(complaint(&GOOD.replace("\"llm\"", "\"tts\"")).contains("does not belong here"));
    let cut = GOOD.split("[llm]").next().expect("the head");
    assert!(complaint(cut).contains("add the section [llm]"));
}

#[test]
fn all_starter_manifests_are_good() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let all = engine::manifest::all(&models);
    assert!(all.len() >= 3, "{all:?}");
    for (path, manifest) in all {
        let manifest = manifest.unwrap_or_else(|wrong| panic!("{wrong}"));
        assert_eq!(path, manifest.path);
        engine::verify::verify_all(&manifest).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}
