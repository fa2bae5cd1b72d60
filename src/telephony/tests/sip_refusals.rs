//! What is not taken is refused with the status and the header fields the RFCs ask for.
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, OFFER, at, invite, media, request, within};
use telephony::sip::{Codec, Command, Config, EndCause, EndedBy, Event, LocalMedia};

#[test]
fn options_tell_what_we_can_do() {
    let seen = Bench::new().send(&request("OPTIONS", "a", "", ""));
    assert_eq!(seen.statuses(), [200]);
    assert_eq!(seen.header("Allow"), "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, PRACK, REFER, NOTIFY");
    assert_eq!(seen.header("Accept"), "application/sdp");
    assert!(seen.header("To").contains(";tag="));
    assert!(seen.header("Server").starts_with("Callbox/"));
}

#[test]
fn the_same_options_get_the_same_answer() {
    let mut bench = Bench::new();
    let text = request("OPTIONS", "a", "", "");
    assert_eq!(bench.send(&text).sent, bench.send(&text).sent);
    assert_eq!(bench.endpoint.load().transactions, 0, "nothing is kept");
}

#[test]
fn methods_we_do_not_have() {
    for (method, status) in [
        ("REGISTER", 405),
        ("SUBSCRIBE", 405),
        ("MESSAGE", 405),
        ("REFER", 603),
        ("INFO", 481),
        ("PRACK", 481),
        ("PUBLISH", 405),
        ("NOTIFY", 489),
        ("FROBNICATE", 501),
        ("BYE", 481),
        ("UPDATE", 481),
    ] {
        let seen = Bench::new().send(&request(method, "a", "", ""));
        assert_eq!(seen.statuses(), [status], "{method}");
        assert_eq!(seen.header("Allow").is_empty(), !matches!(status, 405 | 501), "{method}");
    }
}

#[test]
fn required_extensions_are_listed_back() {
    let seen = Bench::new().send(&request("INVITE", "a", "Require: 100rel, foo, bar\n", ""));
    assert_eq!(seen.statuses(), [420]);
    assert_eq!(seen.header("Unsupported"), "foo, bar");
}

#[test]
fn bodies_that_are_no_session() {
    let seen = Bench::new().send(&request("INVITE", "a", "Content-Type: text/plain\n", "hello"));
    assert_eq!(seen.statuses(), [415]);
    assert_eq!(seen.header("Accept"), "application/sdp");
    let coded = "Content-Type: application/sdp\nContent-Encoding: gzip\n";
    assert_eq!(Bench::new().send(&request("INVITE", "a", coded, OFFER)).statuses(), [415]);
    let optional = "Content-Type: text/plain\nContent-Disposition: render;handling=optional\n";
    assert!(Bench::new().send(&request("INVITE", "a", optional, "hello")).incoming().is_some());
    let nonsense = request("INVITE", "a", "Content-Type: application/sdp\n", "hello");
    assert_eq!(Bench::new().send(&nonsense).statuses(), [400]);
}

#[test]
fn a_caller_that_takes_no_sdp_is_406() {
    let more = "Accept: text/plain\nContent-Type: application/sdp\n";
    assert_eq!(Bench::new().send(&request("INVITE", "a", more, OFFER)).statuses(), [406]);
}

#[test]
fn no_codec_in_common_is_488_with_a_warning() {
    let g729 = OFFER.replace("8 0 101", "18");
    let seen = Bench::new().send(&invite("a", &g729));
    assert_eq!(seen.statuses(), [488]);
    assert!(seen.header("Warning").starts_with("305 "), "{}", seen.header("Warning"));
    assert!(seen.events.is_empty());
}

#[test]
fn a_codec_the_application_has_not_is_488_at_the_answer() {
    let mut bench = Bench::new();
    let seen = bench.send(&invite("a", &OFFER.replace("8 0 101", "8")));
    let call = seen.incoming().expect("a call");
    let media = LocalMedia { codecs: vec![Codec::Pcmu], ..media() };
    let seen = bench.command(Command::Answer { call, media });
    assert_eq!(seen.statuses(), [488]);
    assert_eq!(seen.events, [Event::Ended { call, cause: EndCause::NoMedia, by: EndedBy::Local }]);
}

#[test]
fn other_schemes_are_416() {
    let text = request("OPTIONS", "a", "", "").replace("OPTIONS sip:box@192.0.2.1", "OPTIONS http://x");
    assert_eq!(Bench::new().send(&text).statuses(), [416]);
    let text = invite("a", OFFER).replace("INVITE sip:box@192.0.2.1", "INVITE tel:+4930123");
    let seen = Bench::new().send(&text);
    let Event::Incoming { called, .. } = &seen.events[0] else { panic!("{seen:?}") };
    assert_eq!(called.user.as_deref(), Some("+4930123"));
}

#[test]
fn a_copy_by_another_way_is_482() {
    let mut bench = Bench::new();
    let _ = bench.invite("a");
    let copy = invite("a", OFFER).replace("branch=z9hG4bKa", "branch=z9hG4bKother");
    let seen = bench.send(&copy);
    assert_eq!((seen.statuses(), seen.events.len()), (vec![482], 0));
}

#[test]
fn when_a_call_is_over_its_invite_may_come_by_another_way() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let _ = bench.command(Command::HangUp { call });
    let copy = invite("a", OFFER).replace("branch=z9hG4bKa", "branch=z9hG4bKother");
    assert!(bench.send(&copy).incoming().is_some());
}

#[test]
fn unknown_dialogs_are_481() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    for method in ["INVITE", "BYE", "UPDATE", "OPTIONS"] {
        let other = bench.send(&within(method, "b", &to, 2, ""));
        assert_eq!(other.statuses(), [481], "{method} with another Call-ID");
    }
    let stranger = within("BYE", "a", &to, 2, "").replace("tag=fta", "tag=x");
    assert_eq!(bench.send(&stranger).statuses(), [481]);
    assert_eq!(bench.endpoint.load().active_calls, 1);
}

#[test]
fn full_is_503_and_running_calls_go_on() {
    let mut bench = Bench::with(Config::new(at(peer::BOX)).max_calls(2).retry_after_s(7));
    let (_, to) = bench.call("a");
    let _ = bench.call("b");
    bench.from = at("198.51.100.7:5060");
    let seen = bench.send(&invite("c", OFFER));
    assert_eq!(seen.statuses(), [503]);
    assert_eq!(seen.header("Retry-After"), "7");
    bench.from = at(peer::PHONE);
    assert_eq!(bench.send(&within("OPTIONS", "a", &to, 2, "")).statuses(), [200]);
    assert_eq!(bench.send(&within("BYE", "a", &to, 3, "")).statuses(), [200]);
    assert!(bench.send(&invite("d", OFFER)).incoming().is_some(), "there is room again");
}

#[test]
fn one_source_is_486_when_its_share_is_used() {
    let mut config = Config::new(at(peer::BOX)).max_calls(10);
    config.max_calls_per_source = 1;
    let mut bench = Bench::with(config);
    let _ = bench.call("a");
    let seen = bench.send(&invite("b", OFFER));
    assert_eq!(seen.statuses(), [486]);
    assert_eq!(seen.header("Retry-After"), "10");
    bench.from = at("198.51.100.7:5060");
    assert!(bench.send(&invite("c", OFFER)).incoming().is_some());
}

#[test]
fn transactions_are_capped_and_calls_can_still_be_ended() {
    let mut config = Config::new(at(peer::BOX)).max_calls(1_000);
    config.max_transactions = 3;
    let mut bench = Bench::with(config);
    let (_, to) = bench.call("a");
    let _ = bench.invite("b");
    let _ = bench.invite("c");
    assert_eq!(bench.send(&invite("d", OFFER)).statuses(), [503]);
    assert_eq!(bench.endpoint.load().transactions, 3);
    let seen = bench.send(&within("BYE", "a", &to, 2, ""));
    assert_eq!((seen.statuses(), seen.ended()), (vec![200], 1));
}

#[test]
fn draining_and_not_ready_are_503() {
    let mut bench = Bench::new();
    let _ = bench.command(Command::Refuse(true));
    let seen = bench.send(&invite("a", OFFER));
    assert_eq!((seen.statuses(), seen.header("Retry-After")), (vec![503], "10".to_owned()));
    let _ = bench.command(Command::Refuse(false));
    let why = "the voice is \"loading\"\r\nX: y".to_owned();
    let _ = bench.command(Command::SetReady { ready: false, why });
    let seen = bench.send(&invite("b", OFFER));
    assert_eq!(seen.statuses(), [503]);
    assert_eq!(seen.header("Warning"), "399 callbox \"the voice is  loading   X: y\"");
    assert_eq!(bench.send(&request("OPTIONS", "o", "", "")).statuses(), [503]);
    let _ = bench.command(Command::SetReady { ready: true, why: String::new() });
    assert!(bench.send(&invite("c", OFFER)).incoming().is_some());
}

#[test]
fn a_rejection_is_repeated_until_its_ack() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let reject = Command::Reject { call, status: 603, retry_after_s: Some(3) };
    let seen = bench.command(reject);
    assert_eq!((seen.statuses(), seen.header("Retry-After")), (vec![603], "3".to_owned()));
    let cause = EndCause::Rejected { status: 603 };
    assert_eq!(seen.events, [Event::Ended { call, cause, by: EndedBy::Local }]);
    let to = seen.header("To");
    let again = bench.pass(std::time::Duration::from_millis(1_600));
    assert_eq!(again.statuses(), [603, 603]);
    let hop_ack = within("ACK", "a", &to, 1, "").replace("z9hG4bKaACK1", "z9hG4bKa");
    let _ = bench.send(&hop_ack);
    assert!(bench.pass(std::time::Duration::from_secs(60)).sent.is_empty());
    assert_eq!(bench.endpoint.load(), telephony::sip::Load::default());
}

#[test]
fn a_flood_of_invites_to_refuse_leaves_room_for_calls() {
    let mut config = Config::new(at(peer::BOX)).max_calls(1);
    config.max_transactions = 100;
    let mut bench = Bench::with(config);
    let (_, to) = bench.call("a");
    bench.from = at("198.51.100.7:5060");
    for flood in 0..1_000 {
        let seen = bench.send(&invite(&format!("flood{flood}"), OFFER));
        assert_eq!(seen.statuses(), [503]);
    }
    assert_eq!(bench.endpoint.load().transactions, 1, "the call's");
    assert!(bench.pass(std::time::Duration::from_secs(5)).sent.is_empty(), "nobody is told twice who asks once");
    bench.from = at(peer::PHONE);
    let seen = bench.send(&within("BYE", "a", &to, 2, ""));
    assert_eq!((seen.statuses(), seen.ended()), (vec![200], 1));
    assert!(bench.send(&invite("b", OFFER)).incoming().is_some());
}
