//! What keeps a box from answering is said before it says that it is ready: what, where, and what
//! to do, with exit code 3.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use appliance::Site;

/// The box does not start, and says all of this.
fn refused(site: &Site, settings: &[&str], says: &[&str]) {
    let (code, log) = site.refusal(settings);
    assert_eq!(code, Some(3), "{log}");
    for part in says {
        assert!(log.contains(part), "\"{part}\" is not in:\n{log}");
    }
}

#[test]
fn a_taken_port_is_named_with_its_setting() {
    let Some(site) = Site::new("port-taken") else { return };
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = udp.local_addr().unwrap().port();
    refused(&site, &[&format!("sip.port={port}")], &[&format!("UDP 127.0.0.1:{port}"), "sip.port"]);
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = tcp.local_addr().unwrap().port();
    refused(&site, &[&format!("sip.port={port}")], &[&format!("TCP 127.0.0.1:{port}"), "sip.port"]);
}

/// A copy of the starter models, to spoil; small files are copied, large ones linked.
fn models(site: &Site) -> PathBuf {
    let folder = site.folder.join("spoilt");
    fs::create_dir_all(folder.join("starter")).unwrap();
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/starter");
    for entry in fs::read_dir(starter).unwrap().map(Result::unwrap) {
        let to = folder.join("starter").join(entry.file_name());
        let linked = entry.path().extension().is_none_or(|extension| extension != "toml");
        if linked { symlink(entry.path(), to).unwrap() } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
    folder
}

#[test]
fn an_altered_or_missing_model_is_refused_before_it_is_opened() {
    let Some(site) = Site::new("model-altered") else { return };
    let folder = models(&site);
    let setting = format!("engines.models={}", folder.display());
    let manifest = fs::read_to_string(folder.join("starter/starter-llm.toml")).unwrap();
    let quoted = |key: &str| {
        let line = manifest.lines().find(|line| line.starts_with(key)).unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    };
    let (file, hash) = (folder.join("starter").join(quoted("path")), quoted("sha256"));
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(&file).unwrap();
    fs::write(&file, &bytes).unwrap();
    // The hash of what is there, by a program of the system.
    let sum = std::process::Command::new("sha256sum").arg(&file).output().unwrap();
    let found = String::from_utf8(sum.stdout).unwrap().split(' ').next().unwrap().to_owned();
    refused(&site, &[&setting], &[file.to_str().unwrap(), &hash, &found]);

    fs::remove_file(&file).unwrap();
    refused(&site, &[&setting], &[file.to_str().unwrap()]);
    refused(&site, &["engines.stt.model=whisper-huge"], &["whisper-huge", "starter-stt", "engines.stt.model"]);
}

/// Nothing is loaded of it: the machine does not begin to swap.
#[test]
fn a_model_that_the_memory_has_no_room_for_is_refused() {
    let Some(site) = Site::new("model-too-large") else { return };
    let folder = models(&site);
    let manifest = folder.join("starter/starter-llm.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let huge = text.lines().map(|line| if line.starts_with("memory_mb") { "memory_mb = 90000000" } else { line });
    fs::write(&manifest, huge.collect::<Vec<_>>().join("\n")).unwrap();
    let setting = format!("engines.models={}", folder.display());
    refused(&site, &[&setting], &["llm engine can't start", "needs 90000000 MB", "smaller model"]);
}

#[test]
fn a_missing_worker_is_named() {
    let Some(site) = Site::new("worker-missing") else { return };
    let folder = site.folder.join("workers");
    fs::create_dir(&folder).unwrap();
    for program in ["callbox-stt", "callbox-tts"] {
        symlink(site.programs.join(program), folder.join(program)).unwrap();
    }
    let setting = format!("engines.workers={}", folder.display());
    refused(&site, &[&setting], &[folder.join("callbox-llm").to_str().unwrap(), "engines.workers"]);
}

#[test]
fn a_mistake_in_a_file_is_told_with_its_line() {
    let Some(site) = Site::new("bad-files") else { return };
    site.edit("callbox.toml", |text| text.replace("max_calls = 10", "max_cals = 10"));
    let text = fs::read_to_string(site.folder.join("callbox.toml")).unwrap();
    let line = text.lines().position(|line| line.starts_with("max_cals")).unwrap() + 1;
    refused(&site, &[], &[&format!("callbox.toml:{line}"), "max_cals", "max_calls"]);
    site.edit("callbox.toml", |text| text.replace("max_cals = 10", "max_calls = 10"));

    site.edit("business/business.toml", |text| text.replace("[\"9:00-20:00\"]", "[\"9:00-25:00\"]"));
    let text = fs::read_to_string(site.folder.join("business/business.toml")).unwrap();
    let line = text.lines().position(|line| line.contains("25:00")).unwrap() + 1;
    refused(&site, &[], &[&format!("business.toml:{line}"), "25:00"]);
}

#[test]
fn a_database_that_cannot_be_is_named() {
    let Some(site) = Site::new("no-database") else { return };
    let path = site.folder.join("callbox.toml/callbox.db");
    refused(&site, &[&format!("records.database={}", path.display())], &[path.to_str().unwrap()]);
}
