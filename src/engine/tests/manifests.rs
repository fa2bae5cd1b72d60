//! A manifest says what a model is; what is wrong in it is named by file and line.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fs;
use std::path::Path;

use engine::Manifest;
use engine::manifest::{Kind, Pin, Presence, Profile, Speech, TtsEngine, With};

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
    let pin = file.pin.as_ref().expect("a pin");
    assert_eq!(pin.sha256, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_eq!((pin.bytes, file.url.as_deref()), (42, Some("https://example.org/talker.gguf")));
}

#[test]
fn what_is_not_said_is_the_careful_choice() {
    let manifest = parse(&GOOD.replace("speech = \"free\"", "")).expect("a good manifest");
    assert_eq!(manifest.trusted.speech, Speech::Quoted);
    assert!(manifest.stt.confidence_floor > 0.0);
    assert_eq!(manifest.stt.beams, 1);
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
        ("bytes = 42", "", 8, "at_most_bytes"),
        ("bytes = 42", "bytes = 42\nat_most_bytes = 42", 8, "at_most_bytes"),
        ("speech = \"free\"", "with = \"some\"", 14, "unknown variant `some`"),
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

/// The manifests of a set that comes with the sources.
fn set(name: &str) -> Vec<Manifest> {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let all = engine::manifest::all(&models).into_iter();
    let of_set = all.filter(|(path, _)| path.parent().is_some_and(|folder| folder.ends_with(name)));
    of_set.map(|(_, manifest)| manifest.unwrap_or_else(|wrong| panic!("{wrong}"))).collect()
}

#[test]
fn all_starter_models_are_what_their_manifests_say() {
    let starter = set("starter");
    assert!(starter.len() >= 3, "{starter:?}");
    for manifest in starter {
        engine::verify::verify_all(&manifest).unwrap_or_else(|wrong| panic!("{wrong}"));
    }
}

#[test]
fn field_models_can_be_pulled_and_say_what_they_are() {
    let field = set("field");
    let of = |kind: Kind| field.iter().filter(move |model| model.kind == kind);
    assert_eq!((of(Kind::Stt).count(), of(Kind::Llm).count()), (3, 3));
    assert_eq!((of(Kind::Turn).count(), of(Kind::Embed).count()), (1, 1));
    let mut spoken: Vec<&str> = of(Kind::Tts).flat_map(|voice| &voice.languages).map(String::as_str).collect();
    spoken.sort_unstable();
    spoken.dedup();
    assert!(spoken.len() >= 9, "{spoken:?}");
    for model in &field {
        let name = &model.name;
        assert!(model.has_source() && model.trusted.with == With::Calls, "{name}");
        assert!(model.path.ends_with(format!("field/{name}.toml")), "{name} is in {:?}", model.path);
        assert!(model.source.len() > 20 && !model.trusted.not_for.is_empty(), "{name}");
        assert!(!model.licence.to_lowercase().contains("-nc"), "{name} is not free");
        for file in &model.files {
            let url = file.url.as_deref().unwrap_or_default();
            assert!(url.starts_with("https://huggingface.co/") && url.contains("/resolve/"), "{url}");
            assert!((1..6_000_000_000).contains(&file.most_bytes), "{url}");
        }
    }
    for profile in [Profile::Cpu, Profile::Gpu] {
        for kind in [Kind::Stt, Kind::Llm, Kind::Tts, Kind::Turn, Kind::Embed] {
            assert!(of(kind).any(|model| model.profiles.contains(&profile)), "{kind:?} is missing in {profile:?}");
        }
    }
}

#[test]
fn what_is_not_pinned_is_held_to_what_the_first_pull_brought() {
    let folder = std::env::temp_dir().join(format!("callbox-lock-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let open = GOOD.replace("bytes = 42", "at_most_bytes = 50").replace("sha256 = \"", "# ");
    let path = folder.join("talker.toml");
    fs::write(&path, &open).unwrap();
    let fresh = Manifest::load(&path).unwrap();
    let file = &fresh.files[0];
    assert_eq!((file.pin.as_ref(), file.most_bytes, fresh.presence()), (None, 50, Presence::Absent));
    let said = engine::verify::verify_all(&fresh).unwrap_err().to_string();
    assert!(said.contains("talker.gguf") && said.contains("callbox models pull"), "{said}");

    let pin = Pin { sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(), bytes: 3 };
    engine::manifest::record(&fresh, &[(&file.path, &pin, "https://example.org/\"odd\"")]).unwrap();
    fs::write(folder.join("talker.gguf"), "abc").unwrap();
    let held = Manifest::load(&path).unwrap();
    assert_eq!((held.files[0].pin.as_ref(), held.presence()), (Some(&pin), Presence::Here));
    engine::verify::verify_all(&held).unwrap();
    fs::write(folder.join("talker.gguf"), "abd").unwrap();
    assert!(engine::verify::verify_all(&Manifest::load(&path).unwrap()).is_err());

    for spoilt in ["files = 3", "[[files]]\npath = \"talker.gguf\"\nsha256 = \"00\"\nbytes = 3\nfrom = \"\"\n"] {
        fs::write(fresh.lock_path(), spoilt).unwrap();
        let said = Manifest::load(&path).unwrap_err().to_string();
        assert!(said.contains("talker-1.7b.lock"), "{said}");
    }
    let _ = fs::remove_dir_all(folder);
}
