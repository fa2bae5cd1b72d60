//! Holding and letting go from our side, and both sides at once (RFC 3264, 8.4; RFC 3261, 14.1).
#![allow(clippy::expect_used)] // a test may fail

mod ends;

use std::time::Duration;

use ends::{CALLEE, CALLER, Ends, media};
use telephony::media::dtls::{Fingerprint, HashFunc};
use telephony::sip::{Command, Policy, Security};

const SECOND: Duration = Duration::from_secs(1);

fn directions(ends: &Ends, end: usize) -> (bool, bool) {
    let media = ends.media(end);
    (media.send, media.receive)
}

#[test]
fn each_side_can_hold_and_let_go() {
    for holder in [CALLER, CALLEE] {
        let mut ends = Ends::up(|_, _| {});
        let call = ends.call(holder);
        for _ in 0..20 {
            ends.command(holder, Command::Hold { call, held: true });
            ends.pass(SECOND);
            assert_eq!(directions(&ends, holder), (true, false));
            assert_eq!(directions(&ends, 1 - holder), (false, true));
            ends.command(holder, Command::Hold { call, held: false });
            ends.pass(SECOND);
            assert_eq!(directions(&ends, holder), (true, true));
            assert_eq!(directions(&ends, 1 - holder), (true, true));
        }
        assert_eq!(ends.requests("INVITE").len(), 40);
        assert_eq!(ends.requests("ACK").len(), 40);
        assert!(ends.ended(0).is_none() && ends.ended(1).is_none());
    }
}

#[test]
fn a_handshake_agreed_on_lasts_whoever_asks_again() {
    let shaking = |end: usize| {
        let mut media = media(end);
        let policy = if end == CALLER { Policy::Required } else { Policy::Optional };
        media.security = Security::new(policy, &[end as u8; Security::RANDOM]);
        media.security.fingerprint = Some(Fingerprint::of(&[end as u8], HashFunc::Sha256));
        media.security.offers_handshake = end == CALLER;
        media
    };
    let mut ends = Ends::up_with(|_, _| {}, shaking);
    let first = [CALLER, CALLEE].map(|end| ends.media(end).dtls.expect("a handshake"));
    assert!(first[CALLEE].active && !first[CALLER].active);
    for (holder, held) in [(CALLEE, true), (CALLEE, false), (CALLER, true), (CALLER, false)] {
        let call = ends.call(holder);
        ends.command(holder, Command::Hold { call, held });
        ends.pass(SECOND);
        let now = [CALLER, CALLEE].map(|end| ends.media(end).dtls.expect("a handshake"));
        assert_eq!(now, first, "after end {holder} {held}: {:#?}", ends.sent);
    }
    let offers: Vec<_> = ends.sent.iter().filter(|(_, _, text)| text.starts_with("INVITE ")).collect();
    assert_eq!(offers.len(), 4);
    for (_, _, offer) in offers {
        assert!(offer.contains(" UDP/TLS/RTP/SAVP ") && offer.contains("a=setup:actpass"), "{offer}");
    }
}

#[test]
fn held_by_both_nothing_flows_until_both_let_go() {
    let mut ends = Ends::up(|_, _| {});
    for (end, held, wanted) in [
        (CALLER, true, (true, false)),
        (CALLEE, true, (false, false)),
        (CALLER, false, (false, true)),
        (CALLEE, false, (true, true)),
    ] {
        let call = ends.call(end);
        ends.command(end, Command::Hold { call, held });
        ends.pass(SECOND);
        assert_eq!(directions(&ends, CALLER), wanted, "after end {end} {held}: {:#?}", ends.sent);
    }
}

#[test]
fn both_at_once_is_refused_and_tried_again_by_the_rule() {
    let mut ends = Ends::up(|_, _| {});
    for end in [CALLER, CALLEE] {
        let call = ends.call(end);
        ends.command(end, Command::Hold { call, held: true });
    }
    ends.pass(Duration::from_millis(50));
    let pending = ends.sent.iter().filter(|(_, _, text)| text.starts_with("SIP/2.0 491 "));
    assert_eq!(pending.count(), 2);
    let first = ends.now;
    ends.pass(6 * SECOND);
    assert_eq!(directions(&ends, CALLER), (false, false));
    assert_eq!(directions(&ends, CALLEE), (false, false));
    let again: Vec<_> = ends.sent.iter().filter(|(at, _, text)| *at > first && text.starts_with("INVITE ")).collect();
    assert_eq!(again.len(), 2, "each once more");
    for (at, end, _) in again {
        let waited = at.since(first).as_millis();
        let wanted = if *end == CALLER { 2_000..=4_000 } else { 0..=2_000 };
        assert!(wanted.contains(&waited), "end {end} waited {waited} ms");
    }
}

#[test]
fn wishes_while_a_round_is_open_are_remembered() {
    let mut ends = Ends::up(|_, _| {});
    let call = ends.call(CALLER);
    ends.command(CALLER, Command::Hold { call, held: true });
    ends.command(CALLER, Command::Hold { call, held: false });
    ends.pass(SECOND);
    assert_eq!(directions(&ends, CALLER), (true, true));
    assert_eq!(ends.requests("INVITE").len(), 2);
}
