//! Provisional responses that arrive for certain (RFC 3262), and what may be agreed on before a
//! call is answered (RFC 3311).
#![allow(clippy::expect_used)] // a test may fail

mod ends;
mod peer;

use std::time::Duration;

use ends::{CALLEE, CALLER, Ends};
use peer::{Bench, OFFER, header, media, request, within};
use telephony::sip::{Command, EndCause, Event, Transport};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn early_media_is_agreed_on_reliably_and_the_200_says_nothing_new() {
    let mut ends = Ends::new(|_, _| {});
    ends.dial();
    ends.pass(SECOND / 10);
    let call = ends.call(CALLEE);
    ends.command(CALLEE, Command::Progress { call, media: ends::media(CALLEE) });
    ends.pass(SECOND);
    let progress = ends.sent.iter().find(|(_, _, text)| text.starts_with("SIP/2.0 183")).expect("a 183").2.clone();
    assert_eq!(header(&progress, "Require").as_deref(), Some("100rel"));
    assert!(header(&progress, "RSeq").is_some() && progress.contains("m=audio"));
    assert_eq!(ends.requests("PRACK"), [(1, CALLER)], "once");
    assert_eq!(ends.media(CALLER).codec, ends.media(CALLEE).codec);
    assert!(ends.media(CALLER).send, "both ways before the answer");
    ends.command(CALLEE, Command::Answer { call, media: ends::media(CALLEE) });
    ends.pass(SECOND);
    let ok = ends.sent.iter().rfind(|(_, _, text)| text.contains("CSeq: 1 INVITE") && text.starts_with("SIP/2.0 200"));
    assert!(!ok.expect("a 200").2.contains("m=audio"), "the answer is there already");
    let told =
        |end: usize, wanted: fn(&Event) -> bool| ends.events.iter().filter(|(at, e)| *at == end && wanted(e)).count();
    for end in [CALLER, CALLEE] {
        assert_eq!(told(end, |event| matches!(event, Event::Established { .. })), 1);
        assert_eq!(told(end, |event| matches!(event, Event::Media { .. })), 1, "nothing has changed since");
    }
}

#[test]
fn an_answer_waits_until_the_early_one_has_arrived() {
    let mut ends = Ends::new(|_, _| {});
    ends.dial();
    ends.pass(SECOND / 10);
    let call = ends.call(CALLEE);
    ends.cut = true;
    ends.command(CALLEE, Command::Progress { call, media: ends::media(CALLEE) });
    ends.command(CALLEE, Command::Answer { call, media: ends::media(CALLEE) });
    ends.pass(2 * SECOND);
    let count = |ends: &Ends, start: &str| ends.sent.iter().filter(|(_, _, text)| text.starts_with(start)).count();
    assert_eq!((count(&ends, "SIP/2.0 183"), count(&ends, "SIP/2.0 200")), (3, 0), "0, 0.5 and 1.5 s");
    ends.cut = false;
    ends.pass(4 * SECOND);
    assert!(ends.events.iter().any(|(end, event)| *end == CALLER && matches!(event, Event::Established { .. })));
}

#[test]
fn a_caller_that_demands_it_rings_reliably_and_one_that_never_acknowledges_is_refused() {
    let mut bench = Bench::new();
    let fields = "Content-Type: application/sdp\nRequire: 100rel\n";
    let call = bench.send(&request("INVITE", "a", fields, OFFER)).incoming().expect("a call");
    let seen = bench.command(Command::Ring { call });
    assert_eq!((seen.statuses(), seen.header("Require").as_str()), (vec![180], "100rel"));
    let seen = bench.pass(Duration::from_millis(31_900));
    assert_eq!(seen.statuses(), [180; 6], "0.5 s, doubling");
    let seen = bench.pass(SECOND);
    assert_eq!(seen.statuses()[0], 504);
    assert!(matches!(seen.events[..], [Event::Ended { cause: EndCause::NotAcknowledged, .. }]), "{seen:?}");
}

#[test]
fn a_caller_that_says_nothing_of_it_gets_no_numbers() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let seen = bench.command(Command::Progress { call, media: media() });
    assert_eq!(seen.statuses(), [183]);
    assert!(header(&seen.sent[0].1, "RSeq").is_none());
    assert!(bench.pass(5 * SECOND).sent.is_empty(), "and it is sent once");
    let seen = bench.command(Command::Answer { call, media: media() });
    assert!(seen.body().contains("m=audio"), "the preview is repeated");
}

#[test]
fn a_prack_must_name_what_was_sent() {
    let mut bench = Bench::new();
    let fields = "Content-Type: application/sdp\nSupported: 100rel\n";
    let call = bench.send(&request("INVITE", "a", fields, OFFER)).incoming().expect("a call");
    let seen = bench.command(Command::Progress { call, media: media() });
    let (to, number) = (seen.header("To"), seen.header("RSeq"));
    let prack = |sequence: u32, rack: &str| {
        within("PRACK", "a", &to, sequence, "").replace("Content-Length", &format!("{rack}Content-Length"))
    };
    for (sequence, rack, status) in [
        (2, String::new(), 400),
        (3, format!("RAck: {number} 1 UPDATE\n"), 481),
        (4, "RAck: 1 1 INVITE\n".to_owned(), 481),
        (5, format!("RAck: {number} 1 INVITE\n"), 200),
        (6, format!("RAck: {number} 1 INVITE\n"), 481),
    ] {
        assert_eq!(bench.send(&prack(sequence, &rack)).statuses(), [status], "{rack}");
    }
    assert!(bench.pass(5 * SECOND).sent.is_empty());
    // Now that offer and answer are through, the next may come before the call is answered.
    let held = OFFER.replace("t=0 0\n", "t=0 0\na=sendonly\n");
    let seen = bench.send(&within("UPDATE", "a", &to, 7, &held));
    assert_eq!(seen.statuses(), [200]);
    assert!(seen.body().contains("a=recvonly"));
    let [Event::Media { media, .. }] = &seen.events[..] else { panic!("{seen:?}") };
    assert!(!media.send && media.receive);
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

fn response(invite: &str, status: &str, tag: &str, more: &str, body: &str) -> String {
    let field = |name: &str| header(invite, name).expect("a field");
    let (via, from, to, id, cseq) = (field("Via"), field("From"), field("To"), field("Call-ID"), field("CSeq"));
    let length = body.replace('\n', "\r\n").len();
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    format!(
        "SIP/2.0 {status}\nVia: {via}\nFrom: {from}\nTo: {to};tag={tag}\nCall-ID: {id}\nCSeq: {cseq}\n\
         Contact: <sip:{tag}@192.0.2.9:5066>\n{more}{kind}Content-Length: {length}\n\n{body}"
    )
}

#[test]
fn each_fork_is_acknowledged_in_its_own_order() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench);
    let reliable = |tag: &str, number: u32| {
        response(&invite, "180 Ringing", tag, &format!("Require: 100rel\nRSeq: {number}\n"), "")
    };
    let seen = bench.send(&reliable("one", 10));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["PRACK".to_owned()], 1));
    assert_eq!((seen.header("RAck").as_str(), seen.header("CSeq").as_str()), ("10 1 INVITE", "2 PRACK"));
    assert!(seen.sent[0].1.starts_with("PRACK sip:one@192.0.2.9:5066 "));
    assert!(bench.send(&reliable("one", 10)).sent.is_empty(), "a copy");
    assert!(bench.send(&reliable("one", 12)).sent.is_empty(), "11 is missing");
    let seen = bench.send(&reliable("two", 500));
    assert!(seen.sent[0].1.starts_with("PRACK sip:two@192.0.2.9:5066 "), "{seen:?}");
    assert_eq!((seen.header("RAck").as_str(), seen.header("CSeq").as_str()), ("500 1 INVITE", "3 PRACK"));
    let seen = bench.send(&response(&invite, "200 OK", "one", "", OFFER));
    assert_eq!((seen.methods(), seen.header("CSeq").as_str()), (vec!["ACK".to_owned()], "1 ACK"));
    let seen = bench.send(&response(&invite, "200 OK", "two", "", OFFER));
    assert_eq!(seen.methods(), ["ACK", "BYE"], "one too many");
    assert_eq!(seen.header("CSeq"), "4 BYE", "above its PRACK");
}

#[test]
fn before_the_answer_a_peer_is_held_by_update() {
    let mut bench = Bench::new();
    let invite = dial(&mut bench);
    let more = "Require: 100rel\nRSeq: 1\nAllow: INVITE, ACK, BYE, UPDATE, PRACK\n";
    let seen = bench.send(&response(&invite, "183 Session Progress", "one", more, OFFER));
    let Some(Event::Ringing { call }) = seen.events.first().cloned() else { panic!("{seen:?}") };
    assert!(matches!(seen.events[1..], [Event::Media { .. }]));
    let seen = bench.command(Command::Hold { call, held: true });
    assert_eq!(seen.methods(), ["UPDATE"]);
    assert!(seen.body().contains("a=sendonly"));
    let update = seen.sent[0].1.clone();
    let answer = OFFER.replace("8 0 101", "0 101").replace("t=0 0\n", "t=0 0\na=recvonly\n");
    let ok = response(&update, "200 OK", "one", "", &answer).replace(";tag=one;tag=one", ";tag=one");
    let seen = bench.send(&ok);
    let [Event::Media { media, .. }] = &seen.events[..] else { panic!("{seen:?}") };
    assert!(media.send && !media.receive);
}
