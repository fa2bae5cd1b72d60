//! The messages of RFC 4475 and RFC 5118 get the answers that these say.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::fs;
use std::path::{Path, PathBuf};

use peer::{Bench, Seen, assert_alive};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/sip")
}

/// The columns of a table of verdicts: file and what an endpoint answers.
fn verdicts(table: &str, column: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(data().join(table)).expect("the table");
    let mut rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let head = rows.next().expect("a head");
    let at = head.iter().position(|name| *name == column).expect("the column");
    rows.map(|row| (row[0].to_owned(), row[at].to_owned())).collect()
}

/// Whether an answer (or none) fits a verdict such as `501|405`, `*-except-400 (..)` or `drop`.
fn fits(verdict: &str, status: Option<u16>) -> bool {
    let Some(status) = status else {
        return verdict.contains("drop") || verdict.contains("no crash");
    };
    if verdict.contains("no crash only") {
        return true;
    }
    // "400 preferred; liberal accept allowed": what is strict is right.
    let first = verdict.split([' ', ';']).next().unwrap_or_default();
    first.split('|').any(|code| match code {
        "*-except-400" => status != 400 && status < 500,
        "*-except-5xx" => status < 500,
        _ => code.parse() == Ok(status),
    })
}

fn answer(seen: &Seen, file: &str) -> Option<u16> {
    let statuses = seen.statuses();
    assert!(statuses.len() + seen.events.len() <= 1, "{file}: {seen:?}");
    // An INVITE that rings is on its way to a 200.
    statuses.first().copied().or_else(|| seen.incoming().map(|_| 200))
}

fn check(folder: &str, wire: &str, table: &str) {
    for (file, verdict) in verdicts(table, "endpoint_outcome") {
        let on_the_wire = data().join(wire).join(&file);
        let path = if on_the_wire.exists() { on_the_wire } else { data().join(folder).join(&file) };
        let bytes = fs::read(path).expect("a message");
        let mut bench = Bench::new();
        let seen = bench.send_bytes(bytes);
        let status = answer(&seen, &file);
        assert!(fits(&verdict, status), "{file}: {status:?} does not fit {verdict:?}: {seen:?}");
        for (to, text) in &seen.sent {
            assert_eq!(to.ip(), bench.from.ip(), "{file}: only the source is answered");
            assert!(text.starts_with("SIP/2.0 "), "{file}: only responses: {text}");
        }
        assert_alive(&mut bench);
        bench.pass(std::time::Duration::from_secs(400));
        let load = bench.endpoint.load();
        assert_eq!(load, telephony::sip::Load::default(), "{file} leaves something behind");
    }
}

#[test]
fn rfc_4475_gets_its_answers() {
    check("rfc4475", "rfc4475_wire", "rfc4475.tsv");
}

#[test]
fn rfc_5118_gets_its_answers() {
    check("rfc5118", "rfc5118_wire", "rfc5118.tsv");
}

/// Those whose Via says TCP or TLS, over a stream, in two pieces.
#[test]
fn rfc_4475_gets_its_answers_over_a_stream() {
    let transports = verdicts("rfc4475.tsv", "via_transport");
    let outcomes = verdicts("rfc4475.tsv", "endpoint_outcome");
    let mut tried = 0;
    for ((file, transport), (_, verdict)) in transports.iter().zip(&outcomes) {
        if !matches!(transport.as_str(), "TCP" | "TLS") {
            continue;
        }
        let bytes = fs::read(data().join("rfc4475").join(file)).expect("a message");
        let (first, second) = bytes.split_at(bytes.len() / 2);
        let mut bench = Bench::new();
        assert!(bench.stream(1, first).streams.is_empty(), "{file}");
        let seen = bench.stream(1, second);
        let status = answer(&seen, file);
        assert!(fits(verdict, status), "{file}: {status:?} does not fit {verdict:?}: {seen:?}");
        assert_alive(&mut bench);
        tried += 1;
    }
    assert!(tried >= 8, "{tried}");
}

fn ask(file: &str) -> String {
    let bytes = fs::read(data().join("rfc4475").join(file)).expect("a message");
    let seen = Bench::new().send_bytes(bytes);
    seen.sent.first().expect("an answer").1.clone()
}

#[test]
fn long_values_come_back_whole() {
    let bytes = fs::read(data().join("rfc4475/longreq.dat")).expect("a message");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut bench = Bench::new();
    let call = bench.send_bytes(bytes).incoming().expect("a call");
    let seen = bench.command(telephony::sip::Command::Ring { call });
    assert_eq!(peer::header(&text, "Call-ID"), Some(seen.header("Call-ID")));
}

#[test]
fn every_via_comes_back_in_order() {
    let answer = ask("transports.dat");
    let vias: Vec<_> = answer.lines().filter_map(|line| line.strip_prefix("Via: ")).collect();
    let protocols: Vec<_> = vias.iter().filter_map(|via| via.split(' ').next()).collect();
    let expected = ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"].map(|name| format!("SIP/2.0/{name}"));
    assert_eq!(protocols, expected);
}

#[test]
fn unsupported_lists_what_was_required_and_no_more() {
    assert_eq!(
        peer::header(&ask("bext01.dat"), "Unsupported").as_deref(),
        Some("nothingSupportsThis, nothingSupportsThisEither")
    );
}

#[test]
fn an_unknown_body_is_told_what_would_do() {
    assert_eq!(peer::header(&ask("invut.dat"), "Accept").as_deref(), Some("application/sdp"));
}

#[test]
fn capabilities_are_told_even_at_the_last_hop() {
    let answer = ask("zeromf.dat");
    assert!(peer::header(&answer, "Allow").is_some_and(|allow| allow.contains("INVITE")));
    assert_eq!(peer::header(&answer, "Accept").as_deref(), Some("application/sdp"));
}
