//! A call goes out, is answered, refused, cancelled, forked, or reaches nobody.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use peer::{Bench, OFFER, Seen, at, header, media};
use telephony::sip::{CallKey, Codec, Command, EndCause, EndedBy, Event, Load, Transport};

fn dial(bench: &mut Bench, target: &str) -> (CallKey, Seen) {
    let seen = bench.command(Command::Dial {
        token: 9,
        target: target.to_owned(),
        destination: None,
        from_display: Some("The \"Box\"\r\nX: y".to_owned()),
        from_user: "box 1".to_owned(),
        media: media(),
        transport: Transport::Udp,
        connection: None,
    });
    let Event::Dialled { token: 9, call } = seen.events[0] else { panic!("{seen:?}") };
    (call, seen)
}

/// A response to a request of ours.
fn response(request: &str, status: &str, tag: &str, more: &str, body: &str) -> String {
    let field = |name: &str| header(request, name).expect("a field");
    let length = body.replace('\n', "\r\n").len();
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    format!(
        "SIP/2.0 {status}\nVia: {}\nFrom: {}\nTo: {}{tag}\nCall-ID: {}\nCSeq: {}\n{more}Content-Length: {length}\n\n{body}",
        field("Via"),
        field("From"),
        field("To"),
        field("Call-ID"),
        field("CSeq"),
    )
}

const ANSWERED: &str = "Contact: <sip:bob@192.0.2.9:5066>\nContent-Type: application/sdp\n";

fn answer() -> String {
    OFFER.replace("8 0 101", "8 101")
}

#[test]
fn ring_answer_and_the_far_end_hangs_up() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let (to, invite) = seen.sent[0].clone();
    assert_eq!(to, at("192.0.2.9:5060"));
    assert!(invite.starts_with("INVITE sip:bob@192.0.2.9 SIP/2.0\r\n"), "{invite}");
    let from = header(&invite, "From").expect("a From");
    assert!(from.starts_with(r#""The \"Box\"X: y" <sip:box%201@192.0.2.1:5060>;tag="#), "{from}");
    assert!(invite.contains("m=audio 30000 RTP/AVP 0 8 101\r\n"));

    assert!(bench.send(&response(&invite, "100 Trying", "", "", "")).events.is_empty());
    let ringing = response(&invite, "180 Ringing", "t1", "", "");
    assert_eq!(bench.send(&ringing).events, [Event::Ringing { call }]);
    assert!(bench.send(&ringing).events.is_empty(), "said once");

    let ok = response(&invite, "200 OK", "t1", ANSWERED, &answer());
    let seen = bench.send(&ok);
    assert_eq!(seen.methods(), ["ACK"]);
    assert_eq!(seen.sent[0].0, at("192.0.2.9:5066"), "to the contact");
    let [Event::Media { media, .. }, Event::Established { .. }] = &seen.events[..] else {
        panic!("{seen:?}");
    };
    assert_eq!((media.codec, media.payload_type, media.dtmf_payload_type), (Codec::Pcma, 8, Some(101)));
    let again = bench.send(&ok);
    assert_eq!((again.sent, again.events.len()), (seen.sent.clone(), 0), "the same ACK again");

    let ack = &seen.sent[0].1;
    let field = |name: &str| header(ack, name).expect("a field");
    let bye = format!(
        "BYE sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKbye\nMax-Forwards: 70\n\
         From: {}\nTo: {}\nCall-ID: {}\nCSeq: 77 BYE\nContent-Length: 0\n\n",
        field("To"),
        field("From"),
        field("Call-ID"),
    );
    let seen = bench.send(&bye);
    assert_eq!(seen.statuses(), [200]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::HungUp, by: EndedBy::Remote }]);
    let _ = bench.pass(Duration::from_secs(70));
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn early_media_is_heard_before_the_answer() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let invite = seen.sent[0].1.clone();
    let seen = bench.send(&response(&invite, "183 Session Progress", "t1", ANSWERED, &answer()));
    assert!(matches!(seen.events[..], [Event::Ringing { .. }, Event::Media { .. }]), "{seen:?}");
    let seen = bench.send(&response(&invite, "200 OK", "t1", ANSWERED, &answer()));
    assert_eq!(seen.events, [Event::Established { call }], "nothing new was agreed");
}

#[test]
fn a_refusal_is_acknowledged_and_told() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let busy = response(&seen.sent[0].1, "486 Busy Here", "t1", "", "");
    let seen = bench.send(&busy);
    assert_eq!(seen.methods(), ["ACK"]);
    let cause = EndCause::Rejected { status: 486 };
    assert_eq!(seen.events, [Event::Ended { call, cause, by: EndedBy::Remote }]);
    assert_eq!(bench.send(&busy).methods(), ["ACK"]);
}

#[test]
fn a_response_with_a_second_via_is_not_for_us() {
    let mut bench = Bench::new();
    let (_, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let more = "Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKx\n";
    let busy = response(&seen.sent[0].1, "486 Busy Here", "t1", more, "");
    assert!(bench.send(&busy).events.is_empty());
}

#[test]
fn nobody_there() {
    let mut bench = Bench::new();
    let (call, _) = dial(&mut bench, "sip:bob@192.0.2.9");
    let seen = bench.pass(Duration::from_secs(33));
    assert_eq!(seen.methods().len(), 6, "500 ms doubling within 32 s");
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::Timeout, by: EndedBy::Network }]);
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn nowhere_to_send_it() {
    for target in ["sip:bob@pbx.example", "nonsense", "tel:+4930", "sip:bob@0.0.0.0"] {
        let mut bench = Bench::new();
        let (call, seen) = dial(&mut bench, target);
        let ended = Event::Ended { call, cause: EndCause::Unreachable, by: EndedBy::Local };
        assert_eq!(seen.events[1..], [ended], "{target}");
        assert_eq!(bench.endpoint.load(), Load::default());
    }
}

#[test]
fn giving_up_waits_for_a_provisional_before_it_cancels() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let invite = seen.sent[0].1.clone();
    let seen = bench.command(Command::HangUp { call });
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::Cancelled, by: EndedBy::Local }]);
    assert!(seen.sent.is_empty());
    let seen = bench.send(&response(&invite, "180 Ringing", "t1", "", ""));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["CANCEL".to_owned()], 0));
    let cancel = &seen.sent[0].1;
    for name in ["Via", "To", "From", "Call-ID"] {
        assert_eq!(header(cancel, name), header(&invite, name), "{name}");
    }
    assert_eq!(header(cancel, "CSeq").as_deref(), Some("1 CANCEL"));
    let _ = bench.send(&response(cancel, "200 OK", "t1", "", ""));
    let seen = bench.send(&response(&invite, "487 Request Terminated", "t1", "", ""));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["ACK".to_owned()], 0));
    let _ = bench.pass(Duration::from_secs(70));
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn a_200_that_crosses_the_cancel_is_hung_up() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let invite = seen.sent[0].1.clone();
    let _ = bench.send(&response(&invite, "180 Ringing", "t1", "", ""));
    assert_eq!(bench.command(Command::HangUp { call }).methods(), ["CANCEL"]);
    let seen = bench.send(&response(&invite, "200 OK", "t1", ANSWERED, &answer()));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["ACK".to_owned(), "BYE".to_owned()], 0));
}

#[test]
fn a_second_fork_that_answers_is_hung_up() {
    let mut bench = Bench::new();
    let (_, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let invite = seen.sent[0].1.clone();
    let _ = bench.send(&response(&invite, "200 OK", "t1", ANSWERED, &answer()));
    let seen = bench.send(&response(&invite, "200 OK", "t2", ANSWERED, &answer()));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["ACK".to_owned(), "BYE".to_owned()], 0));
    assert!(seen.sent.iter().all(|(_, text)| text.contains(";tag=t2")));
    assert_eq!(bench.endpoint.load().active_calls, 1);
}

#[test]
fn an_answer_that_is_none_ends_the_call() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let g729 = OFFER.replace("8 0 101", "18");
    let seen = bench.send(&response(&seen.sent[0].1, "200 OK", "t1", ANSWERED, &g729));
    assert_eq!(seen.methods(), ["ACK", "BYE"]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::NoMedia, by: EndedBy::Remote }]);
}

#[test]
fn the_route_set_is_the_recorded_one_in_reverse() {
    let mut bench = Bench::new();
    let (_, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let more = format!("Record-Route: <sip:192.0.2.51;lr>\nRecord-Route: <sip:192.0.2.50;lr>\n{ANSWERED}");
    let seen = bench.send(&response(&seen.sent[0].1, "200 OK", "t1", &more, &answer()));
    let (to, ack) = &seen.sent[0];
    assert_eq!(*to, at("192.0.2.50:5060"));
    let hops: Vec<_> = ack.lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
    assert_eq!(hops, ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]);
}

#[test]
fn a_request_for_an_unanswered_call_of_ours_is_refused() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let invite = seen.sent[0].1.clone();
    let _ = bench.send(&response(&invite, "180 Ringing", "t1", ANSWERED, ""));
    let field = |name: &str| header(&invite, name).expect("a field");
    let update = format!(
        "INVITE sip:192.0.2.1:5060 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\nMax-Forwards: 70\n\
         From: {};tag=t1\nTo: {}\nCall-ID: {}\nCSeq: 7 INVITE\nContent-Type: application/sdp\n\
         Content-Length: {}\n\n{OFFER}",
        field("To"),
        field("From"),
        field("Call-ID"),
        OFFER.replace('\n', "\r\n").len(),
    );
    let seen = bench.send(&update);
    assert_eq!(seen.statuses(), [491], "glare; {call}");
}

#[test]
fn a_phone_that_rings_for_ever_is_given_up() {
    let mut bench = Bench::new();
    let (call, seen) = dial(&mut bench, "sip:bob@192.0.2.9");
    let _ = bench.send(&response(&seen.sent[0].1, "180 Ringing", "t1", "", ""));
    let seen = bench.pass(Duration::from_secs(400));
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::Timeout, by: EndedBy::Network }]);
    assert!(seen.methods().contains(&"CANCEL".to_owned()));
    assert_eq!(bench.endpoint.load(), Load::default());
}
