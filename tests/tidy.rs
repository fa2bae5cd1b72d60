//! The walls of the house: which room may know which, and what no sans-IO room may contain.
//! src/ARCHITECTURE.md explains them.
#![allow(clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every room, and the rooms it may depend on.
const EDGES: &[(&str, &[&str])] = &[
    ("machine", &[]),
    ("telephony", &["machine"]),
    ("dialogue", &["machine"]),
    ("audio", &[]),
    ("engine", &[]),
    ("store", &[]),
    ("testkit", &["machine"]),
    ("onnx", &[]),
    ("stt-worker", &["engine", "audio", "onnx"]),
    ("llm-worker", &["engine", "audio"]),
    ("tts-worker", &["engine", "audio", "onnx"]),
];
/// The root package.
const APP: &[&str] = &["machine", "store", "engine", "dialogue", "telephony", "audio"];
/// Rooms that are given the time and never ask for it, and that touch nothing outside.
const SANS_IO: &[&str] = &["machine", "telephony", "dialogue", "audio"];
/// What a sans-IO room must not contain.
const IO: &[&str] = &[
    "Instant::now",
    "SystemTime",
    "Zoned::now",
    "Timestamp::now",
    "tokio",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "std::thread",
    "std::fs",
    "File::open",
    "fastrand::Rng::new()",
    "println!",
];
/// Longest source file.
const MOST_LINES: usize = 600;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries.map(|entry| entry.expect("a readable folder").path()) {
        if entry.is_dir() && !entry.ends_with("target") {
            found.extend(sources(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            found.push(entry);
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn manifest(path: &Path) -> toml::Table {
    read(path).parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names of dependencies in these sections that are rooms.
fn rooms(manifest: &toml::Table, sections: &[&str]) -> BTreeSet<String> {
    let known: BTreeSet<&str> = EDGES.iter().map(|(room, _)| *room).collect();
    let tables = sections.iter().filter_map(|section| manifest.get(*section)?.as_table());
    tables.flat_map(|table| table.keys()).filter(|name| known.contains(name.as_str())).cloned().collect()
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn rooms_know_only_the_rooms_they_may() {
    let sections = ["dependencies", "build-dependencies"];
    for (room, allowed) in EDGES {
        let found = rooms(&manifest(&root().join("src").join(room).join("Cargo.toml")), &sections);
        let extra: Vec<_> = found.difference(&set(allowed)).cloned().collect();
        assert!(extra.is_empty(), "{room} must not depend on {extra:?}");
    }
    let app = rooms(&manifest(&root().join("Cargo.toml")), &sections);
    let extra: Vec<_> = app.difference(&set(APP)).cloned().collect();
    assert!(extra.is_empty(), "the app must not depend on {extra:?}");
}

/// What brings models leaves the premises: nothing but `callbox models pull` may reach it.
#[test]
fn only_the_verb_that_pulls_models_reaches_the_hub() {
    let app = root().join("src/app");
    let holds = |word: &str, may: &[&str]| {
        for file in sources(&app) {
            let inner = file.strip_prefix(&app).expect("below it").to_string_lossy().into_owned();
            let allowed = may.iter().any(|place| inner.starts_with(place));
            let text = read(&file);
            let mut code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
            assert!(allowed || !code.any(|line| line.contains(word)), "{inner} must not name {word}");
        }
    };
    holds("hub::", &["hub/", "cli/pull.rs"]);
    holds("pull::", &["cli/models.rs"]);
    holds("models::run", &["cli/mod.rs"]);
    assert!(read(&app.join("cli/pull.rs")).contains("hub::"), "the wall is held where the code is");
    // A server of the premises is asked from one place, and nobody else speaks HTTP.
    holds("remote::", &["remote/", "engines/start.rs", "cli/doctor.rs"]);
    holds("reqwest", &["remote/", "hub/"]);
}

/// Whoever is slow must not make others' memory grow. The SIP endpoint's events are bounded by its
/// calls; what measures is not the product.
#[test]
fn no_queue_is_without_a_bound() {
    for file in sources(&root().join("src")) {
        let inner = file.strip_prefix(root().join("src")).expect("below it").to_string_lossy().into_owned();
        let text = read(&file);
        let mut code = text.lines().map(|line| line.split("//").next().unwrap_or_default());
        let unbounded = code.any(|line| line.contains("unbounded_channel()") || line.contains("mpsc::channel()"));
        let may = inner == "app/drivers/sip.rs" || inner.starts_with("app/bench/");
        assert!(!unbounded || may, "{inner}: give the queue a bound");
    }
}

#[test]
fn every_room_is_on_the_plan() {
    let members = manifest(&root().join("Cargo.toml"));
    let members = members["workspace"]["members"].as_array().expect("members");
    let members: BTreeSet<String> =
        members.iter().filter_map(|member| member.as_str()?.strip_prefix("src/")).map(str::to_owned).collect();
    let planned: BTreeSet<String> = EDGES.iter().map(|(room, _)| (*room).to_owned()).collect();
    assert_eq!(members, planned);
}

#[test]
fn only_workers_hold_models_and_only_the_voice_is_gpl() {
    let native = ["whisper-rs", "llama-cpp-2", "ort"];
    for (room, _) in EDGES {
        let manifest = manifest(&root().join("src").join(room).join("Cargo.toml"));
        let is_worker = room.ends_with("-worker") || *room == "onnx";
        let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
        let holds = dependencies.is_some_and(|all| native.iter().any(|name| all.contains_key(*name)));
        assert!(is_worker || !holds, "{room} must not hold a model's code");
        let licence = manifest["package"].get("license").and_then(toml::Value::as_str);
        assert_eq!(licence == Some("GPL-3.0-or-later"), *room == "tts-worker", "licence of {room}");
    }
}

#[test]
fn sans_io_rooms_have_no_clock_no_socket_and_no_runtime() {
    let mut found = BTreeMap::new();
    for room in SANS_IO {
        for file in sources(&root().join("src").join(room)) {
            let inner = file.strip_prefix(root().join("src").join(room)).expect("below it");
            if ["tests", "examples"].iter().any(|part| inner.starts_with(part)) {
                continue;
            }
            for (number, line) in read(&file).lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if let Some(what) = IO.iter().find(|what| code.contains(**what)) {
                    found.insert(format!("{}:{}", file.display(), number + 1), *what);
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn tests_are_never_ignored_and_nothing_is_left_to_do() {
    let marks = [concat!("#[", "ignore"), concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME")];
    for file in sources(&root().join("src")).into_iter().chain(sources(&root().join("tests"))) {
        let text = read(&file);
        for mark in marks {
            assert!(!text.contains(mark), "{}: {mark}", file.display());
        }
    }
}

#[test]
fn files_can_be_held_in_ones_head() {
    for file in sources(&root().join("src")) {
        let lines = read(&file).lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines: split it by what it is about", file.display());
    }
}

#[test]
fn unsafe_code_is_where_processes_are_walled_in_and_nowhere_else() {
    for file in sources(&root().join("src")) {
        let inner = file.strip_prefix(root().join("src")).expect("below it").to_string_lossy().into_owned();
        let may = inner.contains("-worker/") || inner.starts_with("engine/worker/");
        let text = read(&file);
        let has = text.lines().any(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe ") && !code.contains('"')
        });
        assert!(may || !has, "{}: unsafe code belongs to the workers", file.display());
    }
}
