//! `callbox models` as a person uses it, against a stand-in of the hub; and that nothing else
//! goes there.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod hub;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hub::{Answer, Hub, models, pinned, weights};
use serde_json::Value;

fn callbox(field: &Path, hub: &Hub, arguments: &[&str]) -> Output {
    let models = format!("engines.models={}", field.parent().unwrap().display());
    let set = if arguments.first() == Some(&"init") { vec![] } else { vec!["--set", &models] };
    let program = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .args(arguments)
        .args(set)
        .current_dir(field)
        .env("HF_ENDPOINT", hub.url())
        .env_remove("HF_TOKEN")
        .output();
    program.unwrap()
}

/// Puts the recogniser and the voice that come with the program beside a test's own model.
fn starter(field: &Path) {
    for name in ["starter-stt", "espeak-en-us"] {
        let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/starter");
        let set = field.with_file_name("starter");
        fs::create_dir_all(&set).unwrap();
        let manifest = fs::read_to_string(starter.join(format!("{name}.toml"))).unwrap();
        if let Some(file) = manifest.lines().find_map(|line| line.strip_prefix("path = ")) {
            let file = file.trim_matches('"');
            std::os::unix::fs::symlink(starter.join(file), set.join(file)).unwrap();
        }
        fs::write(set.join(format!("{name}.toml")), manifest).unwrap();
    }
}

/// Makes what `run` and `chat` need beside their models.
fn initialised(field: &Path, hub: &Hub) {
    let made = callbox(field, hub, &["init", ".", "--business", "dental"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_not_here_is_listed_pulled_and_verified() {
    let file = weights(70_000, 1);
    let field = models("command", &pinned(&file));
    let hub = Hub::start(move |request, _| Answer::file(request, &file));
    let listed = text(&callbox(&field, &hub, &["models", "list"]).stdout);
    assert!(listed.contains("not here") && listed.contains("callbox models pull NAME, such as m"), "{listed}");
    let verified = callbox(&field, &hub, &["models", "verify"]);
    assert!(verified.status.success() && text(&verified.stdout).contains("callbox models pull m"));
    assert!(hub.seen().is_empty(), "listing and verifying go nowhere");

    let pulled = callbox(&field, &hub, &["models", "pull", "m", "--json"]);
    assert!(pulled.status.success(), "{}", text(&pulled.stderr));
    let last = json(&pulled).pop().unwrap();
    assert_eq!((&last["model"], &last["state"], &last["bytes"]), (&"m".into(), &"pulled".into(), &70_000.into()));
    let listed = json(&callbox(&field, &hub, &["models", "list", "--json"]));
    assert_eq!(listed[0]["state"], "here");
    let verified = json(&callbox(&field, &hub, &["models", "verify", "--json"]));
    assert_eq!((&verified[0]["here"], &verified[0]["ok"]), (&true.into(), &true.into()));
}

#[test]
fn a_profile_and_a_mirror_can_be_named() {
    let file = weights(10_000, 2);
    let field = models("profile", &pinned(&file));
    let elsewhere = Hub::start(|_, _| Answer::status(404));
    let mirror = Hub::start(move |request, _| Answer::file(request, &file));
    let pulled = callbox(&field, &elsewhere, &["models", "pull", "--profile", "cpu", "--mirror", &mirror.url()]);
    assert!(pulled.status.success(), "{}", text(&pulled.stderr));
    assert!(text(&pulled.stderr).contains("m.gguf: 0.0 MB, sha256"), "{}", text(&pulled.stderr));
    assert_eq!((elsewhere.seen().len(), mirror.seen().len()), (0, 1));
    let none = callbox(&field, &mirror, &["models", "pull", "--profile", "gpu"]);
    assert_eq!(none.status.code(), Some(3));
}

#[test]
fn wrong_names_places_and_failures_are_told() {
    let field = models("wrong", "at_most_bytes = 10");
    let hub = Hub::start(|_, _| Answer::status(401));
    for (arguments, code, said) in [
        (&["models", "pull", "n"][..], 2, "Did you mean \"m\"?"),
        (&["models", "pull"], 2, "--profile"),
        (&["models", "pull", "m", "--endpoint", "mirror"], 2, "https://huggingface.co"),
        (&["models", "pull", "m"], 1, "HF_TOKEN"),
    ] {
        let output = callbox(&field, &hub, arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(said), "{arguments:?}: {told}");
    }
}

#[test]
fn a_box_that_lacks_its_model_says_so_and_calls_nobody() {
    let file = weights(10, 3);
    let field = models("run", &pinned(&file));
    starter(&field);
    let hub = Hub::start(move |request, _| Answer::file(request, &file));
    initialised(&field, &hub);
    let own_hub = format!("engines.hub={}", hub.url());
    for verb in ["run", "chat", "doctor"] {
        let output = callbox(&field, &hub, &[verb, "--set", "engines.llm.model=m", "--set", &own_hub]);
        let told = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb}: {told}");
        assert!(verb != "chat" && verb != "run" || told.contains("callbox models pull m"), "{verb}: {told}");
    }
    assert!(hub.seen().is_empty(), "only models pull may leave the premises: {:?}", hub.seen());
}

#[test]
fn a_shape_answers_no_calls() {
    let file = weights(10, 4);
    let field = models("shape", &format!("{}\n[trusted]\nwith = \"nothing\"", pinned(&file)));
    fs::write(field.join("m.gguf"), &file).unwrap();
    let hub = Hub::start(|_, _| Answer::status(404));
    starter(&field);
    initialised(&field, &hub);
    let listed = json(&callbox(&field, &hub, &["models", "list", "--json"]));
    let shape = listed.iter().find(|model| model["name"] == "m").unwrap();
    assert_eq!((&shape["state"], &shape["trusted_with"]), (&"here".into(), &"nothing".into()));
    for verb in ["run", "chat"] {
        let output = callbox(&field, &hub, &[verb, "--set", "engines.llm.model=m"]);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{verb}: {told}");
        assert!(told.contains("is a shape") && told.contains("engines.llm.model"), "{verb}: {told}");
    }
}
