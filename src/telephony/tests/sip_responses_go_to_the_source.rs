//! Nobody can aim our responses at a third party (RFC 3261, 18.2; RFC 3581).
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, at, request};
use telephony::sip::Config;

fn options(via: &str) -> String {
    request("OPTIONS", "a", "", "").replace("192.0.2.9:5060;branch=z9hG4bKa", via)
}

#[test]
fn rport_is_answered_to_the_source_port() {
    let mut bench = Bench::new();
    bench.from = at("198.51.100.7:33000");
    let seen = bench.send(&options("10.0.0.1:5062;rport;branch=z9hG4bKa"));
    assert_eq!(seen.sent[0].0, bench.from);
    assert_eq!(seen.header("Via"), "SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bKa;received=198.51.100.7;rport=33000");
}

#[test]
fn without_rport_it_is_the_sent_by_port_at_the_source_address() {
    let mut bench = Bench::new();
    bench.from = at("198.51.100.7:33000");
    let seen = bench.send(&options("10.0.0.1:5062;branch=z9hG4bKa"));
    assert_eq!(seen.sent[0].0, at("198.51.100.7:5062"));
    let seen = bench.send(&options("10.0.0.1;branch=z9hG4bKa"));
    assert_eq!(seen.sent[0].0, at("198.51.100.7:5060"));
}

#[test]
fn without_rport_it_is_the_source_port_where_so_configured() {
    let mut config = Config::new(at(peer::BOX));
    config.answer_to_source_port = true;
    let mut bench = Bench::with(config);
    bench.from = at("198.51.100.7:33000");
    let seen = bench.send(&options("10.0.0.1:5062;branch=z9hG4bKa"));
    assert_eq!(seen.sent[0].0, bench.from);
}

#[test]
fn claimed_received_rport_and_maddr_are_not_believed() {
    let mut bench = Bench::new();
    let claims = "203.0.113.5;received=203.0.113.6;rport=9;maddr=203.0.113.7;branch=z9hG4bKa";
    let seen = bench.send(&options(claims));
    assert_eq!(seen.sent[0].0, bench.from);
    let via = seen.header("Via");
    assert!(via.ends_with(";received=192.0.2.9;rport=5060"), "{via}");
    assert!(!via.contains("203.0.113.6") && !via.contains("rport=9;"), "{via}");
}

#[test]
fn a_broken_request_is_answered_to_its_source_as_well() {
    let mut bench = Bench::new();
    let text = options("203.0.113.5;received=203.0.113.6;branch=z9hG4bKa")
        .replace("OPTIONS sip:box@192.0.2.1 SIP/2.0", "OPTIONS  sip:box SIP/2.0");
    let seen = bench.send(&text);
    assert_eq!(seen.statuses(), [400]);
    assert_eq!(seen.sent[0].0, bench.from);
}

#[test]
fn an_ack_is_never_answered() {
    let mut bench = Bench::new();
    for text in [request("ACK", "a", "", ""), "ACK sip:x SIP/2.0\nVia: x\n\n".to_owned()] {
        assert!(bench.send(&text).sent.is_empty());
    }
}
