//! A call comes in, is answered, refused, cancelled, or never acknowledged.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use std::time::Duration;

use machine::Now;
use peer::{Bench, OFFER, ack, at, invite, media, request, within};
use telephony::sip::{Codec, Command, EndCause, EndedBy, Event, Load};

#[test]
fn ring_answer_talk_hang_up() {
    let mut bench = Bench::new();
    let seen = bench.send(&invite("a", OFFER));
    let Event::Incoming { call, caller, called, source, has_offer, .. } = &seen.events[0] else {
        panic!("{seen:?}");
    };
    assert_eq!(caller.display.as_deref(), Some("Ann"));
    assert_eq!(caller.user.as_deref(), Some("ann"));
    assert_eq!(called.user.as_deref(), Some("box"));
    assert_eq!((*source, *has_offer), (at(peer::PHONE), true));
    assert_eq!(format!("{caller:?}"), "Party(redacted)");
    let call = *call;

    let seen = bench.command(Command::Ring { call });
    assert_eq!(seen.statuses(), [180]);
    let ringing = seen.header("To");
    assert!(ringing.contains(";tag="));

    let seen = bench.command(Command::Answer { call, media: media() });
    assert_eq!(seen.statuses(), [200]);
    let to = seen.header("To");
    assert_eq!(to, ringing, "one dialog, one tag");
    assert_eq!(seen.header("Contact"), "<sip:192.0.2.1:5060>");
    assert_eq!(seen.header("Content-Type"), "application/sdp");
    let Event::Media { media: agreed, .. } = &seen.events[0] else { panic!("{seen:?}") };
    assert_eq!(agreed.codec, Codec::Pcma, "the offerer's order");
    assert_eq!(agreed.remote, at("192.0.2.9:4000"));
    assert_eq!(agreed.remote_rtcp, at("192.0.2.9:4001"));
    assert_eq!(agreed.dtmf_payload_type, Some(101));

    assert_eq!(bench.send(&ack("a", &to, 1)).events, [Event::Established { call }]);
    let seen = bench.send(&within("BYE", "a", &to, 2, ""));
    assert_eq!(seen.statuses(), [200]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::HungUp, by: EndedBy::Remote }]);
    let again = bench.send(&within("BYE", "a", &to, 2, ""));
    assert_eq!((again.statuses(), again.events.len()), (vec![200], 0), "absorbed");
    let _ = bench.pass(Duration::from_secs(40));
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn a_slow_application_is_covered_by_100() {
    let mut bench = Bench::new();
    let _ = bench.invite("a");
    let seen = bench.pass(Duration::from_millis(300));
    assert_eq!(seen.statuses(), [100]);
    let again = bench.send(&invite("a", OFFER));
    assert_eq!((again.statuses(), again.events.len()), (vec![100], 0));
}

#[test]
fn the_200_is_repeated_from_t1_to_t2_and_then_the_call_is_given_up() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let _ = bench.command(Command::Answer { call, media: media() });
    let started = bench.now;
    let mut sent_at = Vec::new();
    let mut rest = Duration::from_secs(31);
    while rest > Duration::ZERO {
        let step = Duration::from_millis(100);
        for _ in bench.pass(step).statuses() {
            sent_at.push(bench.now.since(started).as_millis());
        }
        rest -= step;
    }
    assert_eq!(sent_at, [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500]);
    let seen = bench.pass(Duration::from_millis(1_100));
    assert_eq!(seen.methods(), ["BYE"]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::NotAcknowledged, by: EndedBy::Network }]);
    let _ = bench.pass(Duration::from_secs(40));
    assert_eq!(bench.endpoint.load(), Load::default());
}

#[test]
fn an_ack_for_another_invite_is_not_ours() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    assert!(bench.send(&ack("a", &to, 2)).events.is_empty());
    assert!(bench.send(&ack("a", "<sip:box@192.0.2.1>;tag=0", 1)).events.is_empty());
    let wrong_caller = ack("a", &to, 1).replace("tag=fta", "tag=other");
    assert!(bench.send(&wrong_caller).events.is_empty());
    assert_eq!(bench.send(&ack("a", &to, 1)).events, [Event::Established { call }]);
}

#[test]
fn cancel_before_the_answer_is_487() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let _ = bench.command(Command::Ring { call });
    let seen = bench.send(&request("CANCEL", "a", "", ""));
    assert_eq!(seen.statuses(), [200, 487]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::Cancelled, by: EndedBy::Remote }]);
    assert!(bench.command(Command::Answer { call, media: media() }).sent.is_empty());
}

#[test]
fn cancel_after_the_answer_changes_nothing() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    let seen = bench.send(&request("CANCEL", "a", "", ""));
    assert_eq!((seen.statuses(), seen.events.len()), (vec![200], 0));
    assert_eq!(seen.header("To"), to);
    assert_eq!(bench.send(&ack("a", &to, 1)).events, [Event::Established { call }]);
}

#[test]
fn cancel_of_nothing_is_481() {
    assert_eq!(Bench::new().send(&request("CANCEL", "a", "", "")).statuses(), [481]);
}

#[test]
fn a_delayed_offer_is_ours_and_the_ack_answers_it() {
    let mut bench = Bench::new();
    let seen = bench.send(&request("INVITE", "a", "", ""));
    let Event::Incoming { call, has_offer: false, .. } = seen.events[0] else { panic!("{seen:?}") };
    let seen = bench.command(Command::Answer { call, media: media() });
    assert!(seen.events.is_empty());
    assert!(seen.body().contains("m=audio 30000 RTP/AVP 0 8 101"));
    let to = seen.header("To");
    let answer = OFFER.replace("8 0 101", "0 101");
    let seen = bench.send(&within("ACK", "a", &to, 1, &answer));
    let [Event::Media { media, .. }, Event::Established { .. }] = &seen.events[..] else {
        panic!("{seen:?}");
    };
    assert_eq!(media.codec, Codec::Pcmu);
}

#[test]
fn a_delayed_offer_without_an_answer_ends_the_call() {
    let mut bench = Bench::new();
    let call = bench.send(&request("INVITE", "a", "", "")).incoming().expect("a call");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    let seen = bench.send(&ack("a", &to, 1));
    assert_eq!(seen.methods(), ["BYE"]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::NoMedia, by: EndedBy::Remote }]);
}

#[test]
fn hanging_up_waits_for_the_ack_before_it_says_bye() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    let seen = bench.command(Command::HangUp { call });
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::HungUp, by: EndedBy::Local }]);
    assert!(seen.methods().is_empty());
    let seen = bench.send(&ack("a", &to, 1));
    assert_eq!((seen.methods(), seen.events.len()), (vec!["BYE".to_owned()], 0));
}

#[test]
fn our_bye_goes_through_the_recorded_route() {
    let mut bench = Bench::new();
    let routes = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51:5070;lr>\n";
    let text = invite("a", OFFER).replace("Content-Type", &format!("{routes}Content-Type"));
    let call = bench.send(&text).incoming().expect("a call");
    let seen = bench.command(Command::Answer { call, media: media() });
    assert_eq!(seen.header("Record-Route"), "<sip:192.0.2.50;lr>, <sip:192.0.2.51:5070;lr>");
    let _ = bench.send(&ack("a", &seen.header("To"), 1));
    let seen = bench.command(Command::HangUp { call });
    let (to, bye) = seen.sent.last().expect("a BYE");
    assert_eq!(*to, at("192.0.2.50:5060"));
    assert!(bye.starts_with("BYE sip:ann@192.0.2.9:5060 SIP/2.0\r\n"), "{bye}");
    let hops: Vec<_> = bye.lines().filter_map(|line| line.strip_prefix("Route: ")).collect();
    assert_eq!(hops, ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51:5070;lr>"]);
}

#[test]
fn a_strict_router_gets_itself_in_the_request_uri() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace("Content-Type", "Record-Route: <sip:192.0.2.50>\nContent-Type");
    let call = bench.send(&text).incoming().expect("a call");
    let to = bench.command(Command::Answer { call, media: media() }).header("To");
    let _ = bench.send(&ack("a", &to, 1));
    let seen = bench.command(Command::HangUp { call });
    let (_, bye) = seen.sent.last().expect("a BYE");
    assert!(bye.starts_with("BYE sip:192.0.2.50 SIP/2.0\r\n"), "{bye}");
    assert!(bye.contains("Route: <sip:ann@192.0.2.9:5060>\r\n"), "{bye}");
}

#[test]
fn nobody_answers_until_the_ring_limit() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let started: Now = bench.now;
    let seen = bench.pass(Duration::from_secs(181));
    assert!(seen.statuses().contains(&480), "{:?}", seen.statuses());
    let ended = Event::Ended { call, cause: EndCause::Timeout, by: EndedBy::Network };
    assert_eq!(seen.events, [ended], "since {started}");
}

#[test]
fn an_invite_expires_when_it_says() {
    let mut bench = Bench::new();
    let text = invite("a", OFFER).replace("Content-Type", "Expires: 5\nContent-Type");
    let _ = bench.send(&text).incoming().expect("a call");
    assert_eq!(bench.pass(Duration::from_secs(6)).ended(), 1);
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_too() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let to = bench.command(Command::Ring { call }).header("To");
    let seen = bench.send(&within("BYE", "a", &to, 2, ""));
    assert_eq!(seen.statuses(), [200, 487]);
    assert_eq!(seen.ended(), 1);
}
