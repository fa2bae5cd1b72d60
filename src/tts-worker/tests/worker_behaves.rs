//! Cancelling, failing and being locked in, through the real worker.
#![allow(clippy::expect_used)]

mod common;

use std::path::Path;
use std::process::{Command, Stdio};

use common::Worker;
use engine::{Down, Ticket, TtsEvent, Up};

#[test]
fn cancelled_work_stops_and_the_next_is_done() {
    let mut worker = Worker::start(&[]);
    worker.ask(1, "espeak-en-us", &"This goes on and on. ".repeat(180), 8_000);
    worker.ask(2, "espeak-en-us", "never spoken", 8_000);
    worker.ask(3, "espeak-en-us", "right", 8_000);
    while !matches!(worker.next(), Up::Event(TtsEvent::Audio { ticket: Ticket(1), .. })) {}
    worker.send(Down::Cancel(Ticket(1)));
    worker.send(Down::Cancel(Ticket(2)));
    let mut of_the_third = 0;
    loop {
        match worker.next() {
            Up::Event(TtsEvent::Audio { ticket: Ticket(3), samples }) => of_the_third += samples.len(),
            Up::Event(TtsEvent::Done { ticket, .. }) => {
                assert_eq!(ticket, Ticket(3), "what was cancelled is answered by nothing");
                break;
            }
            Up::Event(TtsEvent::Audio { ticket: Ticket(1), .. }) => {}
            other => panic!("unexpected {other:?}"),
        }
    }
    let alone = worker.speak("espeak-en-us", "right", 8_000);
    // Two renderings differ by a breath of noise; the cancelled clause is a hundred times longer.
    assert!(
        of_the_third.abs_diff(alone.samples.len()) < alone.samples.len() / 10,
        "something of the cancelled clause is left over"
    );
}

#[test]
fn an_impossible_rate_fails_and_the_worker_goes_on() {
    let mut worker = Worker::start(&[]);
    for rate in [0, 1, 7_999, 48_001, 44_101, u32::MAX] {
        worker.ask(9, "espeak-en-us", "hello", rate);
        match worker.next() {
            Up::Failed { ticket, why } => {
                assert_eq!(ticket, Ticket(9));
                assert!(why.contains("sample rate"), "{why}");
                assert!(!why.contains("hello"));
            }
            other => panic!("unexpected {other:?}"),
        }
    }
    assert!(!worker.speak("espeak-en-us", "hello", 8_000).samples.is_empty());
}

#[test]
fn a_ping_is_answered_while_it_speaks() {
    let mut worker = Worker::start(&[]);
    worker.ask(1, "espeak-en-us", &"This goes on and on. ".repeat(180), 8_000);
    worker.send(Down::Ping(42));
    loop {
        match worker.next() {
            Up::Pong(42) => break,
            Up::Event(TtsEvent::Audio { .. }) => {}
            other => panic!("the pong must come before {other:?}"),
        }
    }
}

#[test]
fn it_has_no_network_and_no_files_but_its_own() {
    let worker = Worker::start(&[]);
    let folder = format!("/proc/{}/fd", worker.child.id());
    let links: Vec<String> = std::fs::read_dir(&folder)
        .expect("its descriptors")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .map(|link| link.to_string_lossy().into_owned())
        .collect();
    let sockets: Vec<&String> = links.iter().filter(|link| link.starts_with("socket:")).collect();
    let unix = std::fs::read_to_string(format!("/proc/{}/net/unix", worker.child.id())).expect("its Unix sockets");
    for socket in &sockets {
        let inode = socket.trim_start_matches("socket:[").trim_end_matches(']');
        assert!(unix.contains(inode), "{socket} is no Unix socket");
    }
    assert!(!sockets.is_empty());
    let status = std::fs::read_to_string(format!("/proc/{}/status", worker.child.id())).expect("its status");
    assert!(status.contains("Seccomp:\t2"), "no seccomp filter");
}

#[test]
fn breaking_out_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_callbox-tts"))
        .arg("--try-egress")
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("AF_INET"), "{said}");
    assert!(!said.contains("ALLOWED"), "{said}");
}

#[test]
fn wrong_arguments_are_explained() {
    let run = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_callbox-tts"))
            .args(args)
            .env_remove("ORT_DYLIB_PATH")
            .stdin(Stdio::null())
            .output()
            .expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = run(&["--loud"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("--loud"), "{said}");
    let (code, said) = run(&["--espeak-data", "/nowhere"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("/nowhere") && said.contains("espeak-ng-data"), "{said}");
    let (code, said) = run(&["--manifest", "/nowhere.toml"]);
    assert_eq!(code, Some(3));
    assert!(said.contains("/nowhere.toml"), "{said}");
    assert!(!Path::new("/nowhere").exists());
}
