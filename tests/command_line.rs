//! The verbs that need no engine, as a person or a program uses them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::civil::date;
use serde_json::Value;
use store::{CallEnd, CallStart, Moment, NewMessage, Request, Stages, Store, Turn};

fn callbox(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_callbox")).args(arguments).current_dir(folder).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A fresh folder with `box/` made by `callbox init`.
fn initialised(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("line-{test}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let made = callbox(&folder, &["init", "box", "--business", "dental"]);
    assert!(made.status.success(), "{}", err(&made));
    folder.join("box")
}

#[test]
fn init_writes_what_runs_as_it_is_and_never_overwrites() {
    let folder = initialised("init");
    let explained = callbox(&folder, &["config", "explain"]);
    assert!(explained.status.success(), "{}", err(&explained));
    let business = fs::read_to_string(folder.join("business/business.toml")).unwrap();
    assert!(business.contains("kind = \"dental\""));

    let again = callbox(folder.parent().unwrap(), &["init", "box"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(err(&again).contains("exists already and nothing was written"), "{}", err(&again));
    assert_eq!(fs::read_to_string(folder.join("business/business.toml")).unwrap(), business);
    assert_eq!(callbox(&folder, &["init", "x", "--business", "casino"]).status.code(), Some(2));
}

#[test]
fn config_explain_tells_where_each_value_comes_from() {
    let folder = initialised("explain");
    let output = callbox(&folder, &["config", "explain", "--json", "--set", "sip.port=15060"]);
    let lines = json(&output);
    let port = lines.iter().find(|line| line["key"] == "sip.port").unwrap();
    assert_eq!((&port["value"], &port["from"], &port["default"]), (&15060.into(), &"--set".into(), &"5060".into()));
    let wrong = callbox(&folder, &["config", "explain", "--set", "sip.prot=1"]);
    assert_eq!(wrong.status.code(), Some(3));
    assert!(err(&wrong).contains("Did you mean `sip.port`?"));
}

#[test]
fn models_are_listed_and_verified() {
    let folder = initialised("models");
    let ours = concat!("engines.models=", env!("CARGO_MANIFEST_DIR"), "/models");
    let listed = json(&callbox(&folder, &["models", "list", "--json", "--set", ours]));
    let stt = listed.iter().find(|model| model["name"] == "starter-stt").unwrap();
    assert_eq!((&stt["kind"], &stt["in_use"]), (&"stt".into(), &true.into()));
    let verified = callbox(&folder, &["models", "verify", "--json", "--set", ours]);
    assert!(verified.status.success(), "{}", err(&verified));
    assert!(json(&verified).iter().all(|model| model["ok"] == true));
}

#[test]
fn an_altered_model_is_told_with_both_hashes() {
    let folder = initialised("altered");
    let set = folder.join("models/mine");
    fs::create_dir_all(&set).unwrap();
    fs::write(set.join("m.gguf"), "altered").unwrap();
    let manifest = format!(
        "name = \"mine\"\nkind = \"llm\"\nlicence = \"MIT\"\nlanguages = [\"en\"]\nmemory_mb = 1\n\
         [[files]]\npath = \"m.gguf\"\nsha256 = \"{}\"\nbytes = 7\n[llm]\nprompt = \"starter-1\"\n",
        "0".repeat(64)
    );
    fs::write(set.join("mine.toml"), manifest).unwrap();
    let verified = callbox(&folder, &["models", "verify"]);
    assert_eq!(verified.status.code(), Some(1));
    let told = out(&verified);
    assert!(told.contains("WRONG  mine:") && told.contains("m.gguf") && told.contains(&"0".repeat(64)), "{told}");
    assert!(told.contains("4aa009153649a0a7c1425387f3da9c72330ad069ea9f69ce1640abe46f92a83b"), "{told}");
}

#[test]
fn past_calls_are_listed_and_shown() {
    let folder = initialised("calls");
    let none = callbox(&folder, &["calls", "list"]);
    assert_eq!(none.status.code(), Some(3), "no database yet");
    assert!(err(&none).contains("callbox run"), "{}", err(&none));
    a_call(&folder.join("callbox.db"));

    let listed = json(&callbox(&folder, &["calls", "list", "--json"]));
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["id"], &listed[0]["outcome"]), (&"20261123-1".into(), &"completed".into()));
    assert_eq!((&listed[0]["length_ms"], &listed[0]["turns"]), (&65_000.into(), &1.into()));
    let table = out(&callbox(&folder, &["calls", "list"]));
    assert!(table.contains("1 min 05 s") && table.contains("1 message"), "{table}");

    let shown = json(&callbox(&folder, &["calls", "show", "2026", "--json"]));
    let kinds: Vec<&str> = shown.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["call", "turn", "message"]);
    assert_eq!(shown[1]["end_to_audio_ms"], 400);
    assert_eq!(shown[1]["stages"]["audio_ms"], 1_400);
    let page = out(&callbox(&folder, &["calls", "show", "20261123-1"]));
    for part in [
        "caller: please call me",
        "agent:  I will tell the team.",
        "400 ms",
        "Message 1 (URGENT) from Anna",
        "G722, the caller's voice came as MOS 4.2 (good)",
    ] {
        assert!(page.contains(part), "{part} not in\n{page}");
    }
    let messages = json(&callbox(&folder, &["calls", "messages", "--json"]));
    assert_eq!((&messages[0]["urgent"], &messages[0]["text"]), (&true.into(), &"call me".into()));
    assert_eq!(callbox(&folder, &["calls", "show", "nobody"]).status.code(), Some(1));
}

fn a_call(path: &Path) {
    let store = Store::open(path).unwrap();
    let (id, local) = ("20261123-1", date(2026, 11, 23).at(9, 0, 0, 0));
    let unix_ms = 1_795_000_000_000;
    store.call_started(CallStart {
        id: id.into(),
        business: "Dental".into(),
        caller_number: "5550100".into(),
        called_number: "100".into(),
        at: Moment { unix_ms, local },
    });
    let stages =
        Stages { speech_end_ms: Some(1_000), turn_end_ms: Some(1_300), audio_ms: Some(1_400), ..Stages::default() };
    store.turn(Turn {
        call: id.into(),
        turn: 1,
        caller_text: "please call me".into(),
        confidence: 0.9,
        keyed: "".into(),
        decision: "".into(),
        tools: serde_json::json!([]),
        agent_text: "I will tell the team.".into(),
        interrupted: false,
        stages,
    });
    let message = NewMessage {
        business: "Dental".into(),
        urgent: true,
        name: Some("Anna".into()),
        phone: None,
        text: "call me".into(),
        local,
    };
    store.take_message(Request { call: id, key: "1", unix_ms }, message).unwrap();
    store.call_ended(CallEnd {
        id: id.into(),
        unix_ms: unix_ms + 65_000,
        outcome: "completed".into(),
        packets_sent: 1,
        packets_received: 1,
        packets_lost: 0,
        send_gap_p99_ms: Some(20.4),
        send_gap_most_ms: Some(31.0),
        codec: Some("G722".into()),
        mos: Some(4.25),
    });
}
