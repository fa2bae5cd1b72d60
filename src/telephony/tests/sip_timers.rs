//! Every lettered timer of RFC 3261, 17, in virtual time: when a message goes out again, and when
//! it is given up. Exact to the millisecond here; the bar is a tenth.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{Bench, OFFER, ack, header, invite, media, request, within};
use telephony::sip::{Command, Event, Load, Transport};

/// A round trip, 64 of them, and how long a message lives in the network: T1, 64*T1, T4.
const GIVE_UP: u64 = 32_000;
const ABSORB: u64 = 5_000;
/// Doubling from T1; and the same, no longer than T2.
const DOUBLING: [u64; 6] = [500, 1_500, 3_500, 7_500, 15_500, 31_500];
const CAPPED: [u64; 10] = [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];

/// When messages that begin so were sent, in milliseconds from now, while time passes.
fn sent(bench: &mut Bench, for_ms: u64, start: &str) -> Vec<u64> {
    let instants = (1..=for_ms).filter(|_| {
        let seen = bench.pass(Duration::from_millis(1));
        seen.sent.iter().any(|(_, text)| text.starts_with(start))
    });
    instants.collect()
}

/// Within a tenth of what the RFC says.
fn assert_near(found: &[u64], wanted: &[u64], timer: &str) {
    let near = |(found, wanted): (&u64, &u64)| found.abs_diff(*wanted) * 10 <= *wanted;
    assert!(found.len() == wanted.len() && found.iter().zip(wanted).all(near), "{timer}: {found:?}, not {wanted:?}");
}

/// How long until this holds.
fn until(bench: &mut Bench, most_ms: u64, mut holds: impl FnMut(&mut Bench) -> bool) -> u64 {
    for ms in 0..most_ms {
        if holds(bench) {
            return ms;
        }
        let _ = bench.pass(Duration::from_millis(1));
    }
    panic!("not within {most_ms} ms: {:?}", bench.endpoint.load());
}

fn idle(bench: &mut Bench) -> bool {
    bench.endpoint.load().transactions == 0
}

fn dial(bench: &mut Bench) -> String {
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:bob@192.0.2.9".to_owned(),
        destination: None,
        from_display: None,
        from_user: "box".to_owned(),
        media: media(),
        transport: Transport::Udp,
        connection: None,
    });
    seen.sent[0].1.clone()
}

fn response(sent: &str, status: &str) -> String {
    let field = |name: &str| header(sent, name).expect("a field");
    let (via, from, to, id, cseq) = (field("Via"), field("From"), field("To"), field("Call-ID"), field("CSeq"));
    let tag = if to.contains("tag=") { "" } else { ";tag=bob" };
    format!(
        "SIP/2.0 {status}\nVia: {via}\nFrom: {from}\nTo: {to}{tag}\nCall-ID: {id}\nCSeq: {cseq}\nContent-Length: 0\n\n"
    )
}

#[test]
fn a_and_b_an_invite_that_nobody_answers() {
    let mut bench = Bench::new();
    dial(&mut bench);
    assert_near(&sent(&mut bench, GIVE_UP - 100, "INVITE "), &DOUBLING, "A");
    let ended = until(&mut bench, 1_000, |bench| bench.endpoint.load().active_calls == 0);
    assert_near(&[GIVE_UP - 100 + ended], &[GIVE_UP], "B");
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn a_stops_at_the_first_response() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench);
    let _ = bench.send(&response(&invite, "100 Trying"));
    assert!(sent(&mut bench, GIVE_UP, "INVITE ").is_empty());
}

#[test]
fn d_a_refusal_is_acknowledged_as_often_as_it_comes() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench);
    let busy = response(&invite, "486 Busy Here");
    assert_eq!(bench.send(&busy).methods(), ["ACK"]);
    let _ = bench.pass(Duration::from_millis(GIVE_UP - 1_000));
    assert_eq!(bench.send(&busy).methods(), ["ACK"]);
    let over = until(&mut bench, GIVE_UP, idle);
    assert_near(&[GIVE_UP - 1_000 + over], &[GIVE_UP], "D");
    assert!(bench.send(&busy).methods().is_empty());
}

#[test]
fn e_and_f_a_bye_that_nobody_answers() {
    let mut bench = Bench::new();
    let (call, _) = bench.call("a");
    let _ = bench.pass(Duration::from_millis(GIVE_UP + 1)); // past timer L of the INVITE
    assert_eq!(bench.command(Command::HangUp { call }).methods(), ["BYE"]);
    assert_near(&sent(&mut bench, GIVE_UP - 100, "BYE "), &CAPPED, "E");
    let over = until(&mut bench, 1_000, idle);
    assert_near(&[GIVE_UP - 100 + over], &[GIVE_UP], "F");
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn k_the_answer_to_a_bye_may_come_again() {
    let mut bench = Bench::new();
    let (call, _) = bench.call("a");
    let _ = bench.pass(Duration::from_millis(GIVE_UP + 1));
    let bye = bench.command(Command::HangUp { call }).sent[0].1.clone();
    let _ = bench.send(&response(&bye, "200 OK"));
    assert_near(&[until(&mut bench, GIVE_UP, idle)], &[ABSORB], "K");
}

#[test]
fn g_and_h_a_refusal_of_ours_that_nobody_acknowledges() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let _ = bench.command(Command::Reject { call, status: 486, retry_after_s: None });
    assert_near(&sent(&mut bench, GIVE_UP - 100, "SIP/2.0 486"), &CAPPED, "G");
    assert_near(&[GIVE_UP - 100 + until(&mut bench, 1_000, idle)], &[GIVE_UP], "H");
}

#[test]
fn i_its_ack_may_come_again() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let seen = bench.command(Command::Reject { call, status: 486, retry_after_s: None });
    // The ACK of a refusal has the INVITE's own branch (RFC 3261, 17.1.1.3).
    let ack = ack("a", &seen.header("To"), 1).replace("z9hG4bKaACK1", "z9hG4bKa");
    let _ = bench.send(&ack);
    assert!(sent(&mut bench, ABSORB - 1_000, "SIP/2.0 486").is_empty());
    assert_near(&[ABSORB - 1_000 + until(&mut bench, GIVE_UP, idle)], &[ABSORB], "I");
}

#[test]
fn j_a_bye_may_come_again_and_gets_the_same_answer() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let _ = bench.pass(Duration::from_millis(GIVE_UP + 1));
    let bye = within("BYE", "a", &to, 2, "");
    let first = bench.send(&bye);
    let _ = bench.pass(Duration::from_millis(GIVE_UP - 1_000));
    assert_eq!(bench.send(&bye).sent, first.sent);
    assert_near(&[GIVE_UP - 1_000 + until(&mut bench, GIVE_UP, idle)], &[GIVE_UP], "J");
    assert_eq!(bench.send(&bye).statuses(), [481]);
}

#[test]
fn l_and_the_200_that_nobody_acknowledges() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let _ = bench.command(Command::Answer { call, media: media() });
    // RFC 3261, 13.3.1.4: as long as timer L lives, and no longer.
    assert_near(&sent(&mut bench, GIVE_UP - 100, "SIP/2.0 200"), &CAPPED, "200");
    let seen = bench.pass(Duration::from_millis(200));
    assert_eq!(seen.methods(), ["BYE"]);
    assert!(matches!(seen.events[..], [Event::Ended { .. }]));
}

#[test]
fn m_the_200_of_ours_may_come_again() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench);
    let length = OFFER.replace('\n', "\r\n").len();
    let body =
        format!("Contact: <sip:bob@192.0.2.9>\nContent-Type: application/sdp\nContent-Length: {length}\n\n{OFFER}");
    let ok = response(&invite, "200 OK").replace("Content-Length: 0\n\n", &body);
    assert_eq!(bench.send(&ok).methods(), ["ACK"]);
    let _ = bench.pass(Duration::from_millis(GIVE_UP - 1_000));
    assert_eq!(bench.send(&ok).methods(), ["ACK"]);
    assert_near(&[GIVE_UP - 1_000 + until(&mut bench, GIVE_UP, idle)], &[GIVE_UP], "M");
}

#[test]
fn over_a_stream_nothing_is_sent_twice() {
    let mut bench = Bench::new();
    let seen = bench.stream(1, invite("a", OFFER).replace('\n', "\r\n").replace("/UDP", "/TCP").as_bytes());
    let call = seen.incoming().expect("a call");
    let seen = bench.command(Command::Reject { call, status: 486, retry_after_s: None });
    assert_eq!(seen.statuses(), [486]);
    assert!(bench.pass(Duration::from_millis(GIVE_UP - 100)).streams.is_empty(), "G");
    let _ = bench.stream(1, request("OPTIONS", "b", "", "").replace('\n', "\r\n").replace("/UDP", "/TCP").as_bytes());
    assert_near(&[GIVE_UP - 100 + until(&mut bench, 1_000, idle)], &[GIVE_UP], "H");
}
