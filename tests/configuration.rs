//! callbox.toml, the environment and --set: each over the one before, every mistake with its
//! place and what to write.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use callbox::config::{Config, ConfigError, KEYS, Loaded, Origin, Sources, Transport};

fn written(name: &str, text: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("configuration-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn load(file: &Path, environment: &[(&str, &str)], set: &[&str]) -> Result<Loaded, ConfigError> {
    let environment = environment.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let set = set.iter().map(|setting| setting.to_string()).collect();
    Config::load(&Sources { file: Some(file.to_owned()), environment, set })
}

fn faults(result: Result<Loaded, ConfigError>) -> Vec<String> {
    match result {
        Err(ConfigError::Faults(faults)) => faults.iter().map(ToString::to_string).collect(),
        other => panic!("expected faults, got {other:?}"),
    }
}

#[test]
fn an_empty_file_is_a_configuration() {
    let path = written("empty.toml", "");
    let loaded = load(&path, &[], &[]).unwrap();
    assert_eq!(loaded.config.sip.port, 5060);
    assert_eq!(loaded.config.sip.advertised, None);
    assert_eq!(loaded.config.sip.transports, [Transport::Udp, Transport::Tcp]);
    assert_eq!(loaded.config.records.database, path.with_file_name("callbox.db"), "relative to the file");
    assert_eq!(loaded.settings.len(), KEYS.len());
    assert!(loaded.settings.iter().all(|setting| setting.origin == Origin::Default));
}

#[test]
fn each_source_goes_over_the_one_before() {
    let text = "[sip]\nport = 1\nmax_calls = 2\nadvertised = \"192.0.2.1\"\n[records]\ndatabase = \"a.db\"\n";
    let path = written("layers.toml", text);
    let environment =
        [("CALLBOX_SIP__PORT", "2"), ("CALLBOX_SIP__TRANSPORTS", "tcp"), ("CALLBOX_HOME", "/"), ("PATH", "/bin")];
    let loaded = load(&path, &environment, &["sip.port=3", "business.folder=here"]).unwrap();
    assert_eq!((loaded.config.sip.port, loaded.config.sip.max_calls), (3, 2));
    assert_eq!(loaded.config.sip.transports, [Transport::Tcp]);
    assert_eq!(loaded.config.sip.advertised, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(loaded.config.records.database, path.with_file_name("a.db"));
    assert_eq!(loaded.config.business.folder, Path::new("here"), "relative to where the command runs");
    let origin = |name| loaded.settings.iter().find(|setting| setting.key.name == name).unwrap().origin.clone();
    assert_eq!(origin("sip.port"), Origin::Set);
    assert_eq!(origin("sip.max_calls"), Origin::File(3));
    assert_eq!(origin("sip.transports"), Origin::Environment("CALLBOX_SIP__TRANSPORTS".into()));
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_to_write() {
    let text = "[sip]\nprot = 15060\nport = \"x\"\n\n[rtp]\nfirst_port = 80\n\n[sipp]\na = 1\n\n[calls.max]\nb = 2\n";
    let path = written("mistakes.toml", text);
    let told = faults(load(&path, &[("CALLBOX_LOG__LEVEL", "loud")], &["sip.port", "rtp=1", "speed=fast"]));
    let expected = [
        ("mistakes.toml:2: `sip.prot` is no setting", "Did you mean `sip.port`?"),
        ("mistakes.toml:3: `sip.port = \"x\"` does not fit", "from 0 to 65535"),
        ("mistakes.toml:6: `rtp.first_port = 80` does not fit", "from 1024 to"),
        ("mistakes.toml:8: `sipp` is no setting", "Write"),
        ("mistakes.toml:11: `calls.max` is no setting", "config explain"),
        ("CALLBOX_LOG__LEVEL: `log.level = \"loud\"` does not fit", "\"debug\""),
        ("--set sip.port: this is no setting", "sip.port=15060"),
        ("--set rtp=1: `rtp` is no setting", "section"),
        ("--set speed=fast: `speed` is no setting", "config explain"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, (what, write)) in told.iter().zip(&expected) {
        assert!(told.contains(what), "{what}\nnot in\n{told}");
        assert!(told.contains(write) || *what == expected[3].0, "{write}\nnot in\n{told}");
    }
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    let path = written("broken.toml", "[sip]\nport = 5060\nbind = 0.0.0.0\n");
    let told = faults(load(&path, &[], &[]));
    assert!(told[0].contains("broken.toml:3: not valid TOML"), "{told:?}");
}

#[test]
fn too_few_ports_for_the_calls_are_told_where_the_last_port_stands() {
    let path = written("ports.toml", "[rtp]\nfirst_port = 30000\nlast_port = 30018\n");
    let told = faults(load(&path, &[], &[]));
    assert!(told[0].contains("ports.toml:3: 19 ports from 30000 to 30018 are too few for 10 calls"), "{told:?}");
    assert!(told[0].contains("rtp.last_port = 30019"), "{told:?}");
    assert!(load(&path, &[], &["rtp.last_port=30019"]).is_ok());
}

#[test]
fn accounts_trunks_and_users_are_lists_of_tables() {
    let folder = written("pbx-password", "secret one\n");
    let text = "[sip]\nallow = [\"10.0.0.0/8\", \"2001:db8::1\"]\n\n[[account]]\naddress = \"sip:200@pbx.example\"\n\
        password_file = \"pbx-password\"\n\n[[account]]\naddress = \"sip:300@other.example:5080\"\nname = \"two\"\n\
        registrar = \"reg.example;transport=tls\"\npassword = \"secret two\"\n\n[[trunk]]\nname = \"carrier\"\n\
        targets = [\"sip:192.0.2.1:5070\"]\nfrom = [\"203.0.113.0/24\"]\n\n[[user]]\nname = \"ann\"\npassword = \"secret three\"\n";
    let loaded = load(&folder.with_file_name(written("lines.toml", text).file_name().unwrap()), &[], &[]).unwrap();
    let lines = &loaded.config.lines;
    assert_eq!(lines.accounts[0].credentials.password, "secret one");
    assert_eq!(lines.accounts[0].hop.to_string(), "sip:pbx.example");
    assert_eq!(lines.accounts[1].hop.to_string(), "sip:reg.example;transport=tls");
    assert_eq!((lines.trunks[0].targets[0].port(), lines.users[0].user.as_str()), (5070, "ann"));
    let shown = format!("{loaded:?}{}", loaded.config.sip.realm);
    assert!(!shown.contains("secret"), "{shown}");
    let explained = loaded.explain();
    assert!(explained.contains("[[trunk]]") && !explained.contains("secret"), "{explained}");
    assert!(load(&written("lines-again.toml", &explained), &[], &[]).is_ok() || explained.contains("password_file"));
}

#[test]
fn mistakes_in_lists_are_told_with_their_line() {
    let text = "[[account]]\naddress = \"200\"\npassword = \"x\"\n\n[[account]]\naddress = \"sip:200@pbx\"\n\n\
        [[trunk]]\nnam = \"x\"\n\n[[user]]\nname = \"ann\"\npassword_file = \"nowhere\"\n";
    let told = faults(load(&written("wrong-lines.toml", text), &[], &["sip.allow=[\"x\"]"]));
    for (told, (line, what)) in told.iter().zip([
        (":1", "no SIP address"),
        (":5", "no password"),
        (":8", "nam"),
        (":11", "nowhere"),
        ("--set", "ranges"),
    ]) {
        assert!(told.contains(line) && told.contains(what), "{line} {what} not in {told}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn no_file_is_told_with_what_to_do() {
    let missing = load(Path::new("/nowhere/callbox.toml"), &[], &[]).unwrap_err();
    assert!(matches!(missing, ConfigError::Unreadable { .. }));
    assert!(missing.to_string().contains("callbox init"));
}

#[test]
fn the_explanation_is_itself_the_configuration() {
    let path = written("explained.toml", "[sip]\nport = 15060\n");
    let loaded = load(&path, &[], &["calls.max_length_s=60"]).unwrap();
    let explained = loaded.explain();
    assert!(explained.contains("port = 15060  # line 2 of the file; default 5060"), "{explained}");
    assert!(explained.contains("max_length_s = 60  # --set; default 600"), "{explained}");
    for key in KEYS {
        assert!(explained.contains(key.meaning), "{} is not explained", key.name);
    }
    let again = load(&written("again.toml", &explained), &[], &[]).unwrap();
    assert_eq!(again.config, loaded.config);
}
