//! Hold, resume and moved media: re-INVITE and UPDATE within a call (RFC 3261, 14; RFC 3311;
//! RFC 3264, 8).
#![allow(clippy::expect_used)] // a test may fail

mod peer;

use peer::{Bench, OFFER, Seen, ack, at, invite, media, within};
use telephony::sip::{Codec, Command, Event, NegotiatedMedia};

fn agreed(seen: &Seen) -> Option<NegotiatedMedia> {
    seen.events.iter().find_map(|event| match event {
        Event::Media { media, .. } => Some(media.clone()),
        _ => None,
    })
}

fn direction(seen: &Seen) -> String {
    let body = seen.body();
    let known = ["a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"];
    let lines: Vec<_> = body.lines().filter(|line| known.contains(line)).collect();
    assert_eq!(lines.len(), 1, "{body}");
    lines[0].trim_start_matches("a=").to_owned()
}

fn version(seen: &Seen) -> u64 {
    let body = seen.body();
    let origin = body.lines().find(|line| line.starts_with("o=")).expect("an origin");
    origin.split(' ').nth(2).and_then(|word| word.parse().ok()).expect("a version")
}

#[test]
fn hold_and_resume_in_each_direction() {
    for (offered, answered, send, receive) in [
        ("sendonly", "recvonly", false, true),
        ("recvonly", "sendonly", true, false),
        ("inactive", "inactive", false, false),
    ] {
        let mut bench = Bench::new();
        let (_, to) = bench.call("a");
        let hold = format!("{OFFER}a={offered}\n");
        let seen = bench.send(&within("INVITE", "a", &to, 2, &hold));
        assert_eq!((seen.statuses(), direction(&seen)), (vec![200], answered.to_owned()));
        let media = agreed(&seen).expect("a change");
        assert_eq!((media.send, media.receive), (send, receive), "{offered}");
        let _ = bench.send(&ack("a", &to, 2));

        let seen = bench.send(&within("INVITE", "a", &to, 3, OFFER));
        assert_eq!(direction(&seen), "sendrecv");
        let media = agreed(&seen).expect("a change");
        assert_eq!((media.send, media.receive), (true, true));
        assert!(bench.send(&ack("a", &to, 3)).events.is_empty(), "established once");
    }
}

#[test]
fn a_session_level_direction_and_the_zero_address_are_holds_too() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let session = OFFER.replace("t=0 0\n", "t=0 0\na=sendonly\n");
    let seen = bench.send(&within("UPDATE", "a", &to, 2, &session));
    assert_eq!((seen.statuses(), direction(&seen)), (vec![200], "recvonly".to_owned()));
    let zero = OFFER.replace("c=IN IP4 192.0.2.9", "c=IN IP4 0.0.0.0");
    let seen = bench.send(&within("UPDATE", "a", &to, 3, &zero));
    assert_eq!(seen.statuses(), [200]);
    assert!(!agreed(&seen).expect("a change").send, "nothing may be sent to 0.0.0.0");
}

#[test]
fn the_same_offer_again_changes_nothing() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let first = bench.command(Command::Answer { call, media: media() });
    let to = first.header("To");
    let _ = bench.send(&ack("a", &to, 1));
    let again = bench.send(&within("INVITE", "a", &to, 2, OFFER));
    assert!(again.events.is_empty());
    assert_eq!(version(&again), version(&first));
    let _ = bench.send(&ack("a", &to, 2));
    let held = bench.send(&within("INVITE", "a", &to, 3, &format!("{OFFER}a=sendonly\n")));
    assert_eq!(version(&held), version(&first) + 1, "a change raises the version by one");
}

#[test]
fn media_moves() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let moved = OFFER
        .replace("m=audio 4000 RTP/AVP 8 0 101", "m=audio 5000 RTP/AVP 0 101")
        .replace("c=IN IP4 192.0.2.9", "c=IN IP4 192.0.2.77");
    let seen = bench.send(&within("INVITE", "a", &to, 2, &moved));
    let media = agreed(&seen).expect("a change");
    assert_eq!((media.remote, media.codec), (at("192.0.2.77:5000"), Codec::Pcmu));
}

#[test]
fn an_unacceptable_offer_leaves_the_call_as_it_is() {
    let mut bench = Bench::new();
    let (call, to) = bench.call("a");
    let fax = "v=0\no=- 1 2 IN IP4 192.0.2.9\ns=-\nc=IN IP4 192.0.2.9\nt=0 0\nm=image 4000 udptl t38\n";
    for (method, sequence) in [("INVITE", 2), ("UPDATE", 3)] {
        let seen = bench.send(&within(method, "a", &to, sequence, fax));
        assert_eq!((seen.statuses(), seen.events.len()), (vec![488], 0), "{method}");
    }
    let seen = bench.command(Command::HangUp { call });
    assert_eq!((seen.methods(), seen.ended()), (vec!["BYE".to_owned()], 1));
}

#[test]
fn a_reinvite_without_an_offer_gets_ours() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let seen = bench.send(&within("INVITE", "a", &to, 2, ""));
    assert_eq!(seen.statuses(), [200]);
    assert!(seen.body().contains("m=audio 30000 RTP/AVP 0 8 101"), "{}", seen.body());
    let answer = OFFER.replace("8 0 101", "0 101");
    let seen = bench.send(&within("ACK", "a", &to, 2, &answer));
    assert_eq!(agreed(&seen).expect("a change").codec, Codec::Pcmu);
}

#[test]
fn an_update_without_an_offer_only_refreshes() {
    let mut bench = Bench::new();
    let (call, to) = bench.call("a");
    let update = within("UPDATE", "a", &to, 2, "")
        .replace("Contact: <sip:ann@192.0.2.9:5060>", "Contact: <sip:ann@192.0.2.9:5099>");
    let seen = bench.send(&update);
    assert_eq!((seen.statuses(), seen.body().len(), seen.events.len()), (vec![200], 0, 0));
    let seen = bench.command(Command::HangUp { call });
    assert_eq!(seen.sent[0].0, at("192.0.2.9:5099"), "the target has moved");
}

#[test]
fn glare_is_491_and_overlap_is_500_with_retry_after() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let _ = bench.send(&within("INVITE", "a", &to, 2, ""));
    // Our offer is open until the ACK.
    assert_eq!(bench.send(&within("INVITE", "a", &to, 3, OFFER)).statuses(), [491]);
    assert_eq!(bench.send(&within("UPDATE", "a", &to, 4, OFFER)).statuses(), [491]);
    let _ = bench.send(&within("ACK", "a", &to, 2, OFFER));
    let _ = bench.send(&within("INVITE", "a", &to, 5, OFFER));
    let seen = bench.send(&within("INVITE", "a", &to, 6, OFFER));
    assert_eq!(seen.statuses(), [500]);
    assert!(seen.header("Retry-After").parse::<u32>().is_ok_and(|seconds| seconds <= 10));
    let _ = bench.send(&ack("a", &to, 5));
    assert_eq!(bench.send(&within("INVITE", "a", &to, 7, OFFER)).statuses(), [200]);
}

#[test]
fn before_the_answer_a_second_offer_has_to_wait() {
    let mut bench = Bench::new();
    let call = bench.invite("a");
    let to = bench.command(Command::Ring { call }).header("To");
    for (method, sequence) in [("INVITE", 2), ("UPDATE", 3)] {
        let seen = bench.send(&within(method, "a", &to, sequence, OFFER));
        assert_eq!(seen.statuses(), [500], "{method}");
        assert!(!seen.header("Retry-After").is_empty(), "{method}");
    }
    assert_eq!(bench.command(Command::Answer { call, media: media() }).statuses(), [200]);
}

#[test]
fn an_old_cseq_is_500() {
    let mut bench = Bench::new();
    let (_, to) = bench.call("a");
    let _ = bench.send(&within("OPTIONS", "a", &to, 9, ""));
    for sequence in [3, 9] {
        let seen = bench.send(&within("BYE", "a", &to, sequence, ""));
        assert_eq!(seen.statuses(), [500], "{sequence}");
    }
    assert_eq!(bench.endpoint.load().active_calls, 1);
}

#[test]
fn every_other_line_of_the_offer_is_answered_in_its_place() {
    let mut bench = Bench::new();
    let video = "m=video 6000 RTP/AVP 96\na=rtpmap:96 H264/90000\n";
    let (head, audio) = OFFER.split_once("m=audio").expect("audio");
    let call = bench.send(&invite("a", &format!("{head}{video}m=audio{audio}"))).incoming().expect("a call");
    let seen = bench.command(Command::Answer { call, media: media() });
    let body = seen.body();
    let lines: Vec<_> = body.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(lines, ["m=video 0 RTP/AVP 96", "m=audio 30000 RTP/AVP 8 101"]);
}
