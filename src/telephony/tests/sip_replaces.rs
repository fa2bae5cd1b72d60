//! A call takes the place of another (RFC 3891): a colleague puts a caller through to us, or picks
//! up in place of the phone that rings.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, OFFER, Seen, ack, at, media, request};
use telephony::sip::{CallKey, Command, EndCause, EndedBy, Event, Transport};

/// An INVITE in place of the call `of`, whose To was `to`.
fn invite(id: &str, of: &str, to: &str, more: &str) -> String {
    let tag = to.rsplit_once("tag=").expect("a tag").1;
    let fields = format!(
        "Content-Type: application/sdp\nRequire: replaces\nReplaces: {of}@192.0.2.9;from-tag=ft{of};to-tag={tag}{more}\n"
    );
    request("INVITE", id, &fields, OFFER)
}

fn replaces(seen: &Seen) -> (CallKey, Option<CallKey>) {
    match &seen.events[..] {
        [Event::Incoming { call, background, .. }] => (*call, background.replaces),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_new_call_is_answered_and_the_old_one_is_hung_up() {
    let mut bench = Bench::new();
    let (old, to) = bench.call("a");
    let (new, replaced) = replaces(&bench.send(&invite("b", "a", &to, "")));
    assert_eq!(replaced, Some(old));
    assert_eq!(bench.endpoint.load().active_calls, 2);
    let seen = bench.command(Command::Answer { call: new, media: media() });
    assert_eq!((seen.statuses(), seen.methods()), (vec![200], vec!["BYE".to_owned()]));
    assert!(seen.events.contains(&Event::Ended { call: old, cause: EndCause::HungUp, by: EndedBy::Local }));
    let to = seen.sent.iter().find(|(_, text)| text.starts_with("SIP/2.0 200")).expect("a 200").1.clone();
    let seen = bench.send(&ack("b", &peer::header(&to, "To").expect("a To"), 1));
    assert_eq!(seen.events, [Event::Established { call: new }]);
    assert_eq!(bench.endpoint.load().active_calls, 1);
}

#[test]
fn refused_nothing_is_replaced() {
    let mut bench = Bench::new();
    let (old, to) = bench.call("a");
    let (new, _) = replaces(&bench.send(&invite("b", "a", &to, "")));
    let seen = bench.command(Command::Reject { call: new, status: 486, retry_after_s: None });
    assert_eq!((seen.statuses(), seen.methods().len()), (vec![486], 0));
    assert_eq!(bench.command(Command::HangUp { call: old }).methods(), ["BYE"]);
}

#[test]
fn what_can_not_be_replaced_is_refused_by_the_rules() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    assert_eq!(bench.send(&invite("b", "a", &to, ";early-only")).statuses(), [486]);
    assert_eq!(bench.send(&invite("c", "z", &to, "")).statuses(), [481], "no such call");
    assert_eq!(bench.send(&invite("d", "a", "x;tag=00", "")).statuses(), [481], "not its tag");
    let two = invite("e", "a", &to, "").replace("Require:", "Replaces: x;to-tag=1;from-tag=2\nRequire:");
    assert_eq!(bench.send(&two).statuses(), [400]);
    // Who rings here is replaced by nobody.
    let ringing = bench.invite("f");
    let own = format!("x;tag={ringing}");
    assert_eq!(bench.send(&invite("g", "f", &own, "")).statuses(), [481]);
    // A stranger who has learned the tags.
    bench.from = at("198.51.100.66:5060");
    assert_eq!(bench.send(&invite("h", "a", &to, "")).statuses(), [403]);
    bench.from = at(peer::PHONE);
    let (old, to) = bench.call("i");
    let seen = bench.command(Command::HangUp { call: old });
    assert_eq!(seen.methods(), ["BYE"]);
    assert_eq!(bench.send(&invite("j", "i", &to, "")).statuses(), [603], "it is closing");
}

#[test]
fn somebody_picks_up_in_place_of_the_phone_we_ring() {
    let mut bench = Bench::new();
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:desk@192.0.2.9".to_owned(),
        destination: None,
        from_display: None,
        from_user: "box".to_owned(),
        media: media(),
        transport: Transport::Udp,
        connection: None,
    });
    let Event::Dialled { call: old, .. } = seen.events[0] else { panic!("{seen:?}") };
    let sent = seen.sent[0].1.clone();
    let field = |name: &str| peer::header(&sent, name).expect("a field");
    let ringing = format!(
        "SIP/2.0 180 Ringing\nVia: {}\nFrom: {}\nTo: {};tag=desk\nCall-ID: {}\nCSeq: {}\nContent-Length: 0\n\n",
        field("Via"),
        field("From"),
        field("To"),
        field("Call-ID"),
        field("CSeq")
    );
    assert_eq!(bench.send(&ringing).events, [Event::Ringing { call: old }]);
    let fields = format!(
        "Content-Type: application/sdp\nReplaces: {};to-tag={old};from-tag=desk;early-only\n",
        field("Call-ID")
    );
    let (new, replaced) = replaces(&bench.send(&request("INVITE", "b", &fields, OFFER)));
    assert_eq!(replaced, Some(old));
    let seen = bench.command(Command::Answer { call: new, media: media() });
    assert_eq!((seen.statuses(), seen.methods()), (vec![200], vec!["CANCEL".to_owned()]));
}

#[test]
fn an_address_with_replaces_becomes_an_invite_with_the_field() {
    let mut bench = Bench::new();
    let seen = bench.command(Command::Dial {
        token: 1,
        target: "sip:desk@192.0.2.9?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&User-to-User=41&Call-ID=x".to_owned(),
        destination: None,
        from_display: None,
        from_user: "box".to_owned(),
        media: media(),
        transport: Transport::Udp,
        connection: None,
    });
    let sent = &seen.sent[0].1;
    assert!(sent.starts_with("INVITE sip:desk@192.0.2.9 SIP/2.0\r\n"), "{sent}");
    assert_eq!(seen.header("Replaces"), "a@b;to-tag=1;from-tag=2");
    assert_eq!((seen.header("Require").as_str(), seen.header("User-to-User").as_str()), ("replaces", "41"));
    assert_ne!(seen.header("Call-ID"), "x");
}
