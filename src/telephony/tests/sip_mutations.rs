//! Thousands of broken messages: no panic, bounded state, and the next honest request is served.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::fs;
use std::path::Path;
use std::time::Duration;

use peer::{Bench, at, invite, media, request, within};
use telephony::sip::{Command, Config, Load};

const ROUNDS: usize = 8_000;

fn messages() -> Vec<Vec<u8>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sip");
    let mut files: Vec<_> = ["rfc4475", "rfc5118_wire"]
        .iter()
        .flat_map(|folder| fs::read_dir(data.join(folder)).expect("a folder"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).expect("a message")).collect()
}

fn crlf(text: &str) -> Vec<u8> {
    text.replace('\n', "\r\n").into_bytes()
}

/// Bytes flipped, cut, repeated, swapped between messages, and numbers blown up.
fn mutate(message: &[u8], other: &[u8], random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..random.usize(1..6) {
        let length = bytes.len().max(1);
        let from = random.usize(0..length).min(bytes.len());
        let to = (from + random.usize(0..40)).min(bytes.len());
        match random.u8(0..8) {
            0 => bytes.iter_mut().skip(from).take(1).for_each(|octet| *octet ^= 1 << random.u8(0..8)),
            1 => drop(bytes.drain(from..to)),
            2 => bytes.truncate(from),
            3 => {
                let piece = bytes[from..to].to_vec();
                bytes.splice(from..from, piece);
            }
            4 => {
                let cut = random.usize(0..other.len());
                bytes.splice(from..to, other[cut..(cut + 30).min(other.len())].to_vec());
            }
            5 => {
                const ODD: [&[u8]; 8] =
                    [b"\0", b"\r\n", b"\n ", b";;", b"99999999999999999999", b"\"", b"<", b"\xff\xfe"];
                bytes.splice(from..from, ODD[random.usize(0..ODD.len())].to_vec());
            }
            6 => bytes.iter_mut().skip(from).take(to - from).for_each(|octet| *octet = random.u8(..)),
            _ => {
                if let Some(digit) = bytes.iter().skip(from).position(u8::is_ascii_digit) {
                    bytes.splice(from + digit..from + digit + 1, b"4294967297".to_vec());
                }
            }
        }
    }
    bytes
}

fn config() -> Config {
    let mut config = Config::new(at(peer::BOX)).max_calls(40);
    config.max_transactions = 300;
    config
}

fn assert_bounded(load: Load) {
    assert!(load.active_calls <= 40 && load.calls <= 80, "{load:?}");
    assert!(load.transactions <= 400, "{load:?}");
    assert!(load.connections <= 1_000, "{load:?}");
    assert!(load.timers <= 2_000, "{load:?}");
}

fn assert_recovers(bench: &mut Bench) {
    let _ = bench.pass(Duration::from_secs(4_000));
    assert_eq!(bench.endpoint.load(), Load::default());
    peer::assert_alive(bench);
    bench.call("afterwards");
}

#[test]
fn mutated_torture_messages_as_datagrams() {
    let messages = messages();
    let mut random = fastrand::Rng::with_seed(4475);
    let mut bench = Bench::with(config());
    for round in 0..ROUNDS {
        let message = &messages[round % messages.len()];
        let other = &messages[random.usize(0..messages.len())];
        let _ = bench.send_bytes(mutate(message, other, &mut random));
        let _ = bench.pass(Duration::from_millis(random.u64(0..50)));
        assert_bounded(bench.endpoint.load());
    }
    assert_recovers(&mut bench);
}

#[test]
fn mutated_messages_of_live_calls() {
    let mut random = fastrand::Rng::with_seed(3261);
    let mut bench = Bench::with(config());
    for round in 0..ROUNDS / 8 {
        let id = format!("live{round}");
        let first = crlf(&invite(&id, peer::OFFER));
        let seen = bench.send_bytes(if round % 3 == 0 { mutate(&first, &first, &mut random) } else { first });
        let Some(call) = seen.incoming() else { continue };
        let to = bench.command(Command::Answer { call, media: media() });
        let to = if to.sent.is_empty() { String::new() } else { to.header("To") };
        let script = [
            within("ACK", &id, &to, 1, ""),
            within("INVITE", &id, &to, 2, peer::OFFER),
            within("ACK", &id, &to, 2, ""),
            within("UPDATE", &id, &to, 3, peer::OFFER),
            request("CANCEL", &id, "", ""),
            within("OPTIONS", &id, &to, 4, ""),
            within("BYE", &id, &to, 5, ""),
        ];
        for text in &script {
            let honest = crlf(text);
            if random.bool() {
                let _ = bench.send_bytes(mutate(&honest, &crlf(&script[0]), &mut random));
            }
            let _ = bench.send_bytes(honest);
            assert_bounded(bench.endpoint.load());
        }
        let _ = bench.pass(Duration::from_millis(random.u64(0..3_000)));
    }
    assert_recovers(&mut bench);
}

#[test]
fn mutated_messages_on_streams_in_odd_pieces() {
    let messages = messages();
    let mut random = fastrand::Rng::with_seed(5118);
    let mut bench = Bench::with(config());
    for round in 0..ROUNDS {
        let message = &messages[round % messages.len()];
        let bytes = mutate(message, &messages[random.usize(0..messages.len())], &mut random);
        let connection = random.u64(0..2_000);
        for piece in bytes.chunks(random.usize(1..400)) {
            let _ = bench.stream(connection, piece);
        }
        let _ = bench.pass(Duration::from_millis(random.u64(0..50)));
        assert_bounded(bench.endpoint.load());
    }
    assert_recovers(&mut bench);
}
