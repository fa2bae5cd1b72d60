//! Keys that come by SIP INFO, and INFO that is about something else.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, assert_alive, request, within};
use telephony::sip::Event;

fn info(to: &str, sequence: u32, kind: &str, body: &str) -> String {
    let text = within("INFO", "a", to, sequence, body);
    text.replace("Content-Type: application/sdp", &format!("Content-Type: {kind}"))
}

#[test]
fn a_key_is_told_and_answered() {
    let mut bench = Bench::new();
    let (call, to) = bench.call("a");
    let mut sequence = 1;
    for (kind, body, digit) in [
        ("application/dtmf-relay", "Signal=1\nDuration=160\n", '1'),
        ("application/dtmf-relay", "Signal= *\nDuration= 100\n", '*'),
        ("application/dtmf-relay", "signal=11\n", '#'),
        ("application/dtmf-relay", "Signal=d", 'D'),
        ("application/dtmf", "5", '5'),
    ] {
        sequence += 1;
        let seen = bench.send(&info(&to, sequence, kind, body));
        assert_eq!(seen.statuses(), [200], "{body}");
        assert_eq!(seen.events, [Event::Digit { call, digit }], "{body}");
        let again = bench.send(&info(&to, sequence, kind, body));
        assert_eq!((again.statuses(), again.events.len()), (vec![200], 0), "a retransmission is no second key");
    }
}

#[test]
fn what_is_no_key_is_refused_without_harm() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let long = "Signal=".to_owned() + &"1".repeat(5_000);
    for (at, (kind, body, status)) in [
        ("application/broadsoft", "play tone", 415),
        ("text/plain", "Signal=1", 415),
        ("application/dtmf-relay", "Signal=99", 400),
        ("application/dtmf-relay", "Duration=1", 400),
        ("application/dtmf-relay", &long, 400),
        ("application/dtmf", "xyz", 400),
        ("", "", 200),
    ]
    .into_iter()
    .enumerate()
    {
        let seen = bench.send(&info(&to, 2 + at as u32, kind, body));
        assert_eq!((seen.statuses(), seen.events.len()), (vec![status], 0), "{kind} {body}");
    }
    let stray = request("INFO", "stray", "Content-Type: application/dtmf-relay\n", "Signal=1");
    assert_eq!(bench.send(&stray).statuses(), [481]);
    assert_alive(&mut bench);
}
