//! A handshake (DTLS) that somebody else speaks into. Who can't send from the address that has the turn
//! can neither end it, nor delay it for long, nor draw its answers away.

use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now};
use telephony::media::dtls::{Failure, Fingerprint, Handshake, Terms};
use testkit::Conditions;

use crate::handshake::{CALLEE, CALLER, End, THIRD, agree, at, certificate, ends, handshake, shake, shake_on};

/// Where a translator shows the caller, whose own idea of its address is an inner one.
const SHOWN: &str = "203.0.113.9:31000";
const CHANGE: [u8; 14] = [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1];
const ALERT: [u8; 15] = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40];

/// A caller behind a translator and a proxy both, so that the box has to hear anybody; and the
/// fingerprint of the box.
fn hidden() -> ([End; 2], Fingerprint) {
    let (one, other) = (certificate(), certificate());
    let terms = Terms { active: false, theirs: one.fingerprint() };
    let callee = Handshake::new(Now::ZERO, &other, terms, at("10.0.0.5:4000"), at(THIRD).ip()).expect("randomness");
    let caller = handshake(&one, true, other.fingerprint(), CALLEE);
    let ends = [End::new(caller, SHOWN, Conditions::PERFECT, 1), End::new(callee, CALLEE, Conditions::PERFECT, 2)];
    (ends, other.fingerprint())
}

/// Somebody else, with a certificate of its own, who begins at the same port.
fn intruder(theirs: &Fingerprint) -> End {
    End::new(handshake(&certificate(), true, theirs.clone(), CALLEE), THIRD, Conditions::PERFECT, 3)
}

/// Lets it speak with the box until it has sent so many datagrams.
fn intrude(intruder: &mut End, callee: &mut End, datagrams: usize) {
    let mut heard = callee.sent.len();
    for told in 0..datagrams {
        callee.take(Now::ZERO, at(THIRD), intruder.sent[told].1.clone());
        while let Some((_, answer)) = callee.sent.get(heard).cloned() {
            intruder.take(Now::ZERO, at(CALLEE), answer);
            heard += 1;
        }
    }
}

/// A record of a handshake with one piece of a message.
fn piece(kind: u8, sequence: u16, length: usize, octets: &[u8]) -> Vec<u8> {
    let three = |number: usize| (number as u32).to_be_bytes()[1..].to_vec();
    let message =
        [vec![kind], three(length), sequence.to_be_bytes().to_vec(), three(0), three(octets.len()), octets.to_vec()]
            .concat();
    let mut record = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 7];
    record.extend((message.len() as u16).to_be_bytes());
    [record, message].concat()
}

#[test]
fn whoever_has_another_certificate_and_comes_first_does_not_end_it() {
    let (mut ends, own) = hidden();
    let mut intruder = intruder(&own);
    intrude(&mut intruder, &mut ends[1], 3);
    assert!(ends[1].sent.iter().any(|(to, sent)| *to == at(THIRD) && sent[0] == 21), "it is told that it failed");
    shake(&mut ends, 3_000);
    agree(&ends);
    assert_eq!(ends[1].handshake.remote(), at(SHOWN));
}

/// We begin, and the other end answers from another address than the one that signalling names for its audio.
#[test]
fn whoever_answers_from_elsewhere_is_heard_and_a_liar_before_it_does_not_end_it() {
    let (one, other, elsewhere) = (certificate(), certificate(), "203.0.113.80:4000");
    let liar = certificate();
    let mut ends = [
        End::new(handshake(&one, true, other.fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 1),
        End::new(handshake(&other, false, one.fingerprint(), CALLER), CALLEE, Conditions::PERFECT, 2),
    ];
    ends[0].handshake.retarget(at(CALLEE), at(elsewhere).ip());
    // Its first flight with another certificate, from another port there; then broken ones, and an alert.
    let mut liar = End::new(handshake(&liar, false, one.fingerprint(), CALLER), elsewhere, Conditions::PERFECT, 3);
    let hello = ends[0].sent[0].1.clone();
    liar.take(Now::ZERO, at(CALLER), hello);
    let cookie = liar.sent[0].1.clone();
    ends[0].take(Now::ZERO, at(elsewhere), cookie);
    let (to, second) = ends[0].sent[1].clone();
    assert_eq!(to, at(elsewhere));
    liar.take(Now::ZERO, at(CALLER), second);
    let flight = liar.sent[1].1.clone();
    ends[0].take(Now::ZERO, at(elsewhere), flight);
    assert!(ends[0].failed.is_none());
    for datagram in [ALERT.to_vec(), piece(2, 0, 3, &[0; 3]), piece(99, 0, 0, &[])] {
        ends[0].take(Now::ZERO, at(elsewhere), datagram);
    }
    shake(&mut ends, 5_000);
    agree(&ends);
    assert_eq!(ends[0].handshake.remote(), at(CALLEE));
    // And one that is really there: as a translator, or a machine with several addresses, has it.
    let moved = [
        End::new(handshake(&one, true, other.fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 1),
        End::new(handshake(&other, false, one.fingerprint(), CALLER), CALLEE, Conditions::PERFECT, 2),
    ];
    let [mut active, mut passive] = moved;
    active.handshake.retarget(at(CALLEE), at(elsewhere).ip());
    let (mut told, mut heard) = (0, 0);
    while active.keys.is_none() && (told < active.sent.len() || heard < passive.sent.len()) {
        while let Some((_, bytes)) = active.sent.get(told).cloned() {
            passive.take(Now::ZERO, at(CALLER), bytes);
            told += 1;
        }
        while let Some((_, bytes)) = passive.sent.get(heard).cloned() {
            active.take(Now::ZERO, at(elsewhere), bytes);
            heard += 1;
        }
    }
    assert!(active.keys.is_some() && active.handshake.remote() == at(elsewhere));
}

#[test]
fn whoever_begins_and_says_no_more_has_the_turn_for_a_second() {
    let (mut ends, own) = hidden();
    let mut intruder = intruder(&own);
    intrude(&mut intruder, &mut ends[1], 2);
    assert_eq!(ends[1].handshake.remote(), at(THIRD));
    shake(&mut ends, 4_000);
    agree(&ends);
}

#[test]
fn the_address_that_signalling_names_has_the_turn_at_once() {
    let mut ends = ends(Conditions::PERFECT, 1);
    let neighbour = SocketAddr::new(at(CALLER).ip(), 9);
    let mut intruder = intruder(&certificate().fingerprint());
    for told in 0..2 {
        ends[1].take(Now::ZERO, neighbour, intruder.sent[told].1.clone());
        let answer = ends[1].sent.last().expect("an answer").1.clone();
        intruder.take(Now::ZERO, at(CALLEE), answer);
    }
    assert_eq!(ends[1].handshake.remote(), neighbour);
    shake(&mut ends, 500);
    agree(&ends);
}

#[test]
fn what_strangers_send_before_it_does_not_end_it_sooner() {
    let (mut ends, _) = hidden();
    let broken = piece(1, 0, 3, &[0xfe, 0xff, 0]);
    let noise = [ALERT.to_vec(), CHANGE.to_vec(), broken, piece(20, 0, 12, &[0; 12]), piece(99, 0, 0, &[])];
    for datagram in &noise {
        ends[1].take(Now::ZERO, at(THIRD), datagram.clone());
    }
    assert!(ends[1].sent.is_empty() && ends[1].failed.is_none());
    // The caller's people take five seconds to let the audio through.
    ends[1].handshake.retarget(at("10.0.0.5:4000"), at(THIRD).ip());
    let late = Now::from_millis(5_000);
    for datagram in &noise {
        ends[1].take(late, at(THIRD), datagram.clone());
    }
    shake_on(&mut ends, 5_000, 14_000);
    agree(&ends);
}

#[test]
fn whoever_has_the_turn_is_heard_alone_and_what_is_sent_goes_nowhere_else() {
    let mut ends = ends(Conditions { delay: Duration::from_millis(30), ..Conditions::PERFECT }, 1);
    let neighbour = SocketAddr::new(at(CALLER).ip(), 9);
    let noise = [ALERT.to_vec(), CHANGE.to_vec(), piece(11, 2, 3, &[0; 3]), piece(99, 2, 0, &[])];
    for round in 0..50 {
        shake_on(&mut ends, 10 * round, 10 * round + 10);
        for datagram in &noise {
            ends[0].take(Now::from_millis(10 * round), at("192.0.2.2:9"), datagram.clone());
            ends[1].take(Now::from_millis(10 * round), neighbour, datagram.clone());
        }
        assert_eq!(ends[1].handshake.remote(), at(CALLER));
    }
    agree(&ends);
    assert!(ends[0].sent.iter().all(|(to, _)| *to == at(CALLEE)));
    assert!(ends[1].sent.iter().all(|(to, _)| *to == at(CALLER)));
}

#[test]
fn lies_about_messages_to_come_give_way_to_what_is_sealed() {
    let mut ends = ends(Conditions { delay: Duration::from_millis(30), ..Conditions::PERFECT }, 1);
    shake(&mut ends, 130); // the box has sent its first flight
    // As the end of their flight: as plain text, of another kind or length, whole or in part.
    let spoofed = at(CALLER);
    for lie in [piece(20, 5, 12, &[7; 12]), piece(14, 5, 0, &[]), piece(16, 5, 600, &[1; 100])] {
        ends[1].take(Now::from_millis(130), spoofed, lie);
    }
    shake_on(&mut ends, 130, 2_000);
    agree(&ends);
}

#[test]
fn what_comes_twice_late_or_out_of_order_is_put_in_order() {
    for seed in 0..40 {
        let weather = Conditions {
            delay: Duration::from_millis(20),
            jitter: Duration::from_millis(60),
            duplicate: 0.3,
            reorder: 0.3,
            loss: 0.05,
            ..Conditions::PERFECT
        };
        let mut ends = ends(weather, seed);
        shake(&mut ends, 14_900);
        agree(&ends);
    }
}

#[test]
fn pieces_that_overlap_are_one_message() {
    let mut ends = ends(Conditions::PERFECT, 1);
    let hello = ends[0].sent[0].1.clone();
    ends[1].take(Now::ZERO, at(CALLER), hello);
    let cookie = ends[1].sent[0].1.clone();
    let message = &cookie[25..];
    let half = |from: usize, to: usize| {
        let mut record = piece(3, 0, message.len(), &message[from..to]);
        record[19..22].copy_from_slice(&(from as u32).to_be_bytes()[1..]);
        record
    };
    let length = message.len();
    for (from, to) in [(10, length), (0, 0), (5, 20), (10, length), (0, 9), (0, 6), (8, 11)] {
        ends[0].take(Now::ZERO, at(CALLEE), half(from, to));
    }
    assert_eq!(ends[0].sent.len(), 2, "a second hello, with the cookie");
    shake(&mut ends, 1_000);
    agree(&ends);
}

#[test]
fn a_cookie_is_asked_for_once() {
    let mut end =
        End::new(handshake(&certificate(), true, certificate().fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 1);
    for sequence in 0..50 {
        end.take(Now::ZERO, at(CALLEE), piece(3, sequence, 5, &[0xfe, 0xff, 2, 1, 2]));
    }
    let hellos = end.sent.iter().filter(|(_, sent)| sent[0] == 22).count();
    assert_eq!(hellos, 2);
    end.handshake.wake(Now::from_millis(15_000));
    end.settle(Now::from_millis(15_000));
    assert!(matches!(end.failed, Some((_, Failure::Wrong(_)))), "and at the end it is said what was wrong");
}

#[test]
fn nobody_begins_anew_once_there_are_keys() {
    let mut ends = ends(Conditions::PERFECT, 1);
    shake(&mut ends, 1_000);
    let (ours, _) = agree(&ends);
    let mut sent = ends[1].sent.len();
    let mut second =
        End::new(handshake(&certificate(), true, certificate().fingerprint(), CALLEE), CALLER, Conditions::PERFECT, 5);
    let hello = second.sent.remove(0).1;
    for port in [4_000, 9] {
        ends[1].take(Now::from_millis(5_000), SocketAddr::new(at(CALLER).ip(), port), hello.clone());
    }
    // From the right address it may be a repeated first flight: the last one goes again, not a new one.
    sent += 1;
    assert_eq!(ends[1].sent.len(), sent);
    assert_eq!(ends[1].handshake.keys().map(|keys| keys.receive), Some(ours.send));
    assert_eq!(ends[1].handshake.remote(), at(CALLER));
}
