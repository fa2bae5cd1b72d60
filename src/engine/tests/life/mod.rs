//! The life of a worker process: what it refuses, how it ends, what it can't do. Every worker is
//! held to it: its own tests include this file beside a module `subject` that says which it is.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engine::rig::Rig;
use engine::{Down, Error, PROTOCOL, Up};

use super::subject::{ABOUT, Engine, KIND, MANIFEST, MODEL, OTHER_MANIFEST, manifest, models, program};

fn refusal(args: &[&str]) -> (Option<i32>, String) {
    let mut rig = Rig::<Engine>::spawn(program(), args).expect("the worker starts");
    let _ = rig.send(&Down::Hello { protocol: PROTOCOL });
    let (code, _, errors) = rig.wait();
    (code, errors)
}

/// A folder with a copy of the starter model, gone at the end.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("callbox-{KIND}-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder in the temporary directory");
        for file in [MANIFEST, MODEL] {
            fs::copy(models().join(file), folder.join(file)).expect("the starter model is there");
        }
        Copy(folder)
    }

    fn manifest(&self) -> String {
        self.0.join(MANIFEST).to_string_lossy().into_owned()
    }

    fn model(&self) -> PathBuf {
        self.0.join(MODEL)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn another_protocol_is_refused() {
    let mut rig = Rig::<Engine>::spawn(program(), &["--manifest", &manifest()]).expect("the worker starts");
    rig.send(&Down::Hello { protocol: PROTOCOL + 1 }).expect("the worker listens");
    let (code, _, errors) = rig.wait();
    assert_eq!(code, Some(3));
    assert!(errors.contains(&format!("protocol {}", PROTOCOL + 1)) && errors.contains("same release"), "{errors}");
}

#[test]
fn a_first_frame_that_is_no_greeting_is_refused() {
    let mut rig = Rig::<Engine>::spawn(program(), &["--manifest", &manifest()]).expect("the worker starts");
    rig.send(&Down::Ping(1)).expect("the worker listens");
    let (code, _, errors) = rig.wait();
    assert_eq!(code, Some(1));
    assert!(errors.contains("greeting"), "{errors}");
}

#[test]
fn an_altered_model_is_refused_by_both_hashes_before_it_is_parsed() {
    let copy = Copy::new("altered");
    let mut bytes = fs::read(copy.model()).expect("the copy");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    // The magic number broken too: a parser that saw it would complain of that.
    bytes[0] ^= 0xff;
    fs::write(copy.model(), bytes).expect("the copy");
    let (code, errors) = refusal(&["--manifest", &copy.manifest()]);
    assert_eq!(code, Some(3));
    let hashes: Vec<&str> = errors.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).collect();
    let written = fs::read_to_string(copy.manifest()).expect("the manifest");
    assert_eq!(hashes.len(), 2, "{errors}");
    assert!(!written.contains(hashes[0]) && written.contains(hashes[1]), "{errors}");
    assert!(errors.contains(MODEL), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn a_missing_or_cut_model_is_refused() {
    let copy = Copy::new("cut");
    fs::write(copy.model(), b"short").expect("the copy");
    let (code, errors) = refusal(&["--manifest", &copy.manifest()]);
    assert_eq!(code, Some(3));
    assert!(errors.contains("has 5 bytes"), "{errors}");
    fs::remove_file(copy.model()).expect("the copy");
    let (code, errors) = refusal(&["--manifest", &copy.manifest()]);
    assert_eq!(code, Some(3));
    assert!(errors.contains("can't be read") && errors.contains(MODEL), "{errors}");
}

#[test]
fn a_file_that_is_no_model_is_refused_in_one_line() {
    let copy = Copy::new("foreign");
    let zeros = vec![0; 4096];
    fs::write(copy.model(), &zeros).expect("the copy");
    let hash = "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7"; // sha256 of 4,096 zeros
    let lines = fs::read_to_string(copy.manifest()).expect("the manifest");
    let lines = lines.lines().map(|line| match line.split(' ').next() {
        Some("sha256") => format!("sha256 = \"{hash}\""),
        Some("bytes") => "bytes = 4096".to_owned(),
        _ => line.to_owned(),
    });
    fs::write(copy.manifest(), lines.collect::<Vec<_>>().join("\n")).expect("the manifest");
    let (code, errors) = refusal(&["--manifest", &copy.manifest()]);
    assert_eq!(code, Some(3));
    assert!(errors.contains("can't load this model"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn the_manifest_of_another_engine_is_refused() {
    let other = models().join(OTHER_MANIFEST).to_string_lossy().into_owned();
    let (code, errors) = refusal(&["--manifest", &other]);
    assert_eq!(code, Some(3));
    assert!(errors.contains(&format!("this worker needs {KIND}")), "{errors}");
}

#[test]
fn wrong_usage_says_what_is_wrong() {
    for (args, said) in [
        (&[][..], "--manifest"),
        (&["--manifest"], "needs a value"),
        (&["--wrong", "1"], "--wrong"),
        (&["--threads", "no", "--manifest", "x"], "--threads"),
    ] {
        let (code, errors) = refusal(args);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(said), "{errors}");
    }
    let by_hand = Command::new(program()).args(["--manifest", &manifest()]).stdin(Stdio::null()).output();
    let by_hand = by_hand.expect("the worker starts");
    assert_eq!(by_hand.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&by_hand.stderr).contains("started by callbox"));
}

#[test]
fn it_ends_quietly_when_the_daemon_closes_the_socket() {
    let (rig, about) = Rig::<Engine>::ready(program(), &["--manifest", &manifest()]).expect("the worker starts");
    assert!(about.contains(ABOUT) && about.contains("sandbox: "), "{about}");
    assert_eq!(rig.end(), (Some(0), String::new(), String::new()));
}

#[test]
fn a_garbled_frame_ends_it_with_one_line() {
    let (mut rig, _) = Rig::<Engine>::ready(program(), &["--manifest", &manifest()]).expect("the worker starts");
    rig.raw(&[3, 0, 0, 0, 0xff, 0xff, 0xff]).expect("the worker listens");
    let (code, _, errors) = rig.wait();
    assert_eq!(code, Some(1));
    assert!(errors.contains("same release") && errors.lines().count() == 1, "{errors}");
    let (mut rig, _) = Rig::<Engine>::ready(program(), &["--manifest", &manifest()]).expect("the worker starts");
    rig.raw(&[0xff; 4]).expect("the worker listens");
    let (code, _, errors) = rig.wait();
    assert_eq!(code, Some(1));
    assert!(errors.contains("longer than"), "{errors}");
}

#[test]
fn pings_wait_for_ready_and_then_are_answered() {
    let mut rig = Rig::<Engine>::spawn(program(), &["--manifest", &manifest()]).expect("the worker starts");
    rig.send(&Down::Hello { protocol: PROTOCOL }).expect("the worker listens");
    rig.send(&Down::Ping(1)).expect("the worker listens");
    assert!(matches!(rig.receive(), Ok(Up::Ready { protocol: PROTOCOL, .. })));
    assert!(matches!(rig.receive(), Ok(Up::Pong(1))));
}

#[test]
fn nothing_leaves_the_sandbox() {
    let tried = Command::new(program()).args(["--manifest", &manifest(), "--try-egress"]).output();
    let output = tried.expect("the worker starts");
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.lines().count(), 6, "{said}");
    assert!(said.lines().all(|line| line.ends_with(": EPERM") || line.ends_with(": EACCES")), "{said}");
    assert!(said.contains("socket(AF_INET): EPERM"), "{said}");
}

#[test]
fn a_running_worker_holds_one_socket_and_is_filtered() -> Result<(), Error> {
    let (rig, _) = Rig::<Engine>::ready(program(), &["--manifest", &manifest()])?;
    let process = Path::new("/proc").join(rig.pid().to_string());
    let status = fs::read_to_string(process.join("status")).map_err(Error::Socket)?;
    let says = |what: &str| status.lines().any(|line| line.split_whitespace().eq(what.split(' ')));
    assert!(says("NoNewPrivs: 1") && says("Seccomp: 2"), "{status}");
    let mut sockets: Vec<PathBuf> = fs::read_dir(process.join("fd"))
        .map_err(Error::Socket)?
        .filter_map(|fd| fs::read_link(fd.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .collect();
    // Its own end of the daemon's pair, under more than one number.
    sockets.dedup();
    assert_eq!(sockets.len(), 1, "{sockets:?}");
    Ok(())
}
