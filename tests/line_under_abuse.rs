//! Strangers shout at the ports, more callers come than are let in, some speak no codec of ours,
//! an engine is away: each gets the answer the standard has for it, and calls under way hear
//! nothing of it.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use appliance::sip::{Phone, Response};
use appliance::{Appliance, Site, process};

const G711: &str = "0 8";

#[test]
fn two_calls_go_on_undisturbed() {
    let Some(site) = Site::new("under-abuse") else { return };
    let appliance = site.start(&["sip.max_calls=2"]);
    let invite = |offer: &str| Phone::new(appliance.port()).invite(offer);
    // 4 is G.723, 18 is G.729.
    assert_eq!(invite(&Phone::offer(40_000, "4 18")).status, 488);

    let callers: Vec<_> = ["tuesday", "wednesday"]
        .map(|day| {
            let script = format!(
                "I would like to book a haircut on {day} at three o'clock\n\
                 my name is Anna Smith\nyes please\nno that's all thank you\n"
            );
            site.dial(&appliance.uri, &script, &[])
        })
        .into_iter()
        .collect();
    for caller in &callers {
        caller.wait("answered", None);
    }
    let stop = AtomicBool::new(false);
    let calls: Vec<_> = std::thread::scope(|scope| {
        scope.spawn(|| shout(&appliance, &stop));
        let refusals: Vec<Response> = (0..3).map(|_| invite(&Phone::offer(40_000, G711))).collect();
        for refusal in &refusals {
            assert!(matches!(refusal.status, 486 | 503), "{}", refusal.text);
            assert!(refusal.header("Retry-After").is_some(), "{}", refusal.text);
        }
        let calls = callers.into_iter().map(|caller| caller.finish()).collect();
        stop.store(true, Ordering::Relaxed);
        calls
    });
    for call in &calls {
        call.assert_answered(4, Duration::from_secs(5));
        assert_eq!(call.summary()["packets_lost"], 0, "{}", call.summary());
    }
    let starts: BTreeSet<_> = site.assert_sound(2).into_iter().map(|booking| booking.start).collect();
    assert_eq!(starts.len(), 2, "{starts:?}");
    site.closed_calls(2);
    let mut phone = Phone::new(appliance.port());
    assert_eq!(phone.invite(&Phone::offer(40_000, G711)).status, 200, "there is room again");
    assert_eq!(phone.bye().status, 200);
}

/// Throws bytes at every UDP port of the box, from ports that have no business there.
fn shout(appliance: &Appliance, stop: &AtomicBool) {
    let mut random = fastrand::Rng::with_seed(5);
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let ports = udp_ports(appliance.pid());
    assert!(ports.len() >= 5, "SIP, and RTP and RTCP of two calls: {ports:?}");
    let whole = "INVITE sip:box@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n\r\n";
    while !stop.load(Ordering::Relaxed) {
        for port in &ports {
            let mut bytes: Vec<u8> = match random.u8(0..3) {
                0 => (0..random.usize(0..1_400)).map(|_| random.u8(..)).collect(),
                1 => whole.bytes().take(random.usize(1..whole.len())).collect(),
                _ => (0..172).map(|_| random.u8(..)).collect(),
            };
            // Much of it looks like RTP or RTCP of the right version.
            if let Some(first) = bytes.first_mut().filter(|_| random.bool()) {
                *first = 0x80;
            }
            let _ = socket.send_to(&bytes, (Ipv4Addr::LOCALHOST, *port));
        }
        // 200 rounds a second: a nuisance, not a flood that this machine would feel.
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Ports of UDP sockets that a process holds.
fn udp_ports(pid: u32) -> Vec<u16> {
    let own = process::sockets(pid);
    let table = fs::read_to_string(format!("/proc/{pid}/net/udp")).unwrap();
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let inode = fields.get(9)?.parse().ok()?;
        let port = fields.get(1)?.split_once(':')?.1;
        own.contains(&inode).then(|| u16::from_str_radix(port, 16).ok())?
    };
    table.lines().skip(1).filter_map(port).collect()
}

#[test]
fn without_an_engine_callers_are_told_to_try_again() {
    let Some(site) = Site::new("engine-away") else { return };
    let workers = site.slow_to_return("callbox-llm", 9);
    let setting = format!("engines.workers={}", workers.display());
    let appliance = site.start(&[&setting]);
    let former = appliance.worker("callbox-llm");
    process::kill(former);
    appliance.log_line("the death of the worker", |line| line.contains("worker is gone").then_some(()));
    // The first seconds are bridged: who calls then is answered.
    let called = || Phone::new(appliance.port()).invite(&Phone::offer(40_000, G711));
    assert_eq!(called().status, 200);
    let later = || {
        std::thread::sleep(Duration::from_secs(1));
        called()
    };
    let refusal = (0..8).map(|_| later()).find(|answer| answer.status != 200).expect("a refusal");
    assert_eq!(refusal.status, 503, "{}", refusal.text);
    assert!(refusal.header("Retry-After").is_some(), "{}", refusal.text);
    appliance.log_line("why the call was refused", |line| {
        (line.contains("call refused") && line.contains("llm")).then_some(())
    });
    appliance.replaced("llm", former);
    assert_eq!(Phone::new(appliance.port()).invite(&Phone::offer(40_000, G711)).status, 200);
}

#[test]
fn doctor_says_which_engine_does_not_start_and_why() {
    let Some(site) = Site::new("engine-broken") else { return };
    let workers = site.slow_to_return("callbox-llm", 0);
    fs::write(workers.join("callbox-llm"), "#!/bin/sh\necho 'callbox-llm: no luck today' >&2\nexit 3\n").unwrap();
    let setting = format!("engines.workers={}", workers.display());
    let output = site.configured(&["doctor", "--json"], &[&setting]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let told = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<serde_json::Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let engines = lines.iter().find(|line| line["check"] == "engines").expect("a check of the engines");
    assert_eq!(engines["ok"], false, "{told}");
    let says = engines["says"].as_str().unwrap();
    assert!(says.contains("llm") && says.contains("no luck today"), "{says}");
    let (code, log) = site.refusal(&[&setting]);
    assert!(code == Some(3) && log.contains("no luck today"), "{log}");
}
