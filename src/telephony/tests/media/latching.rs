//! Whom a call listens to, and whom it does not.

use std::net::SocketAddr;

use telephony::media::{Input, Peer};

use crate::support::{Ear, Voice, address, caller, coded, ms};

fn stranger() -> SocketAddr {
    address("198.51.100.66:5555")
}

/// Where the caller's audio comes from behind an address translator: another port of the host that
/// its signalling comes from.
fn translated() -> SocketAddr {
    address("203.0.113.9:61000")
}

/// An ear whose caller says an inner address, with signalling from the translator's.
fn ear_of_translated() -> Ear {
    let inner = address("192.168.1.20:4000");
    let peer = Peer { signalling: translated().ip(), ..Peer::usual(inner) };
    Ear::with(telephony::media::Settings::new(7, "cname", 1), peer)
}

/// Hears packets of one voice from one place, each 20 ms, beginning now.
fn hear(ear: &mut Ear, from: SocketAddr, voice: &mut Voice, value: i16, packets: usize) {
    for _ in 0..packets {
        let packet = voice.step(value);
        ear.hear(from, &packet);
        ear.until(ear.now + std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_stranger_is_not_heard_beside_the_caller() {
    let mut ear = Ear::new();
    let (mut voice, mut injected) = (Voice::new(1), Voice::new(1));
    for _ in 0..100 {
        hear(&mut ear, caller(), &mut voice, 1_000, 1);
        // Same SSRC, same sequence numbers: everything right but the address.
        let packet = injected.step(9_000);
        ear.hear(stranger(), &packet);
        for packet in injected.key('9', 40).concat() {
            ear.hear(stranger(), &packet);
        }
    }
    assert_eq!(ear.steps(), vec![coded(1_000); 100]);
    assert_eq!(ear.digits(), "");
    assert_eq!(ear.remotes(), []);
    assert_eq!(ear.receiver.statistics().foreign, 100 * 7);
}

#[test]
fn a_caller_behind_an_address_translator_is_found() {
    let mut ear = ear_of_translated();
    hear(&mut ear, translated(), &mut Voice::new(1), 1_000, 5);
    assert_eq!(ear.remotes(), [translated()]);
    assert_eq!(ear.steps().len(), 5, "the packet before it was believed counts too");
}

#[test]
fn one_packet_from_another_port_is_not_believed() {
    let mut ear = ear_of_translated();
    hear(&mut ear, translated(), &mut Voice::new(1), 1_000, 1);
    assert_eq!(ear.remotes(), []);
    assert_eq!(ear.steps(), []);
}

#[test]
fn whoever_sprays_packets_at_ports_is_neither_heard_nor_answered() {
    // Before the caller speaks, and while it is silent for long.
    let mut ear = Ear::new();
    hear(&mut ear, stranger(), &mut Voice::new(66), 9_000, 250);
    hear(&mut ear, caller(), &mut Voice::new(1), 1_000, 10);
    hear(&mut ear, stranger(), &mut Voice::new(66), 9_000, 500);
    assert_eq!(ear.remotes(), [], "nothing is ever sent there");
    assert_eq!(ear.steps(), vec![coded(1_000); 10], "not a sample of it is heard");
    assert!(ear.reports().iter().all(|(to, _)| to.ip() == caller().ip()), "nor is it reported to");
    assert_eq!(ear.receiver.statistics().foreign, 750);
}

#[test]
fn a_host_with_ipv6_may_send_from_any_address_of_its_network() {
    let peer = Peer::usual(address("[2001:db8:7:7::20]:4000"));
    let mut ear = Ear::with(telephony::media::Settings::new(7, "cname", 1), peer);
    hear(&mut ear, address("[2001:db8:7:8::99]:4000"), &mut Voice::new(66), 9_000, 20);
    let temporary = address("[2001:db8:7:7:e1c2::9]:4000");
    hear(&mut ear, temporary, &mut Voice::new(1), 1_000, 20);
    assert_eq!(ear.remotes(), [temporary]);
    assert_eq!(ear.steps(), vec![coded(1_000); 20]);
}

#[test]
fn where_only_an_inner_address_is_known_anybody_in_sequence_is_found() {
    // Signalling by way of a proxy outside.
    let inner = address("10.1.2.3:4000");
    let peer = Peer { signalling: stranger().ip(), ..Peer::usual(inner) };
    let mut ear = Ear::with(telephony::media::Settings::new(7, "cname", 1), peer);
    hear(&mut ear, translated(), &mut Voice::new(1), 1_000, 20);
    assert_eq!(ear.remotes(), [translated()]);
}

#[test]
fn whoever_came_before_the_caller_gives_way_to_it() {
    let elsewhere = address("192.0.2.10:5555"); // somebody else behind the same translator
    let mut ear = Ear::new();
    hear(&mut ear, elsewhere, &mut Voice::new(66), 9_000, 50);
    assert_eq!(ear.remotes(), [elsewhere]);
    hear(&mut ear, caller(), &mut Voice::new(1), 1_000, 50);
    assert_eq!(ear.remotes(), [elsewhere, caller()]);
    assert_eq!(ear.steps()[50..], vec![coded(1_000); 50]);
    hear(&mut ear, elsewhere, &mut Voice::new(66), 9_000, 50);
    assert_eq!(ear.remotes().len(), 2);
}

#[test]
fn a_caller_that_moves_is_followed_after_three_seconds_of_silence() {
    let moved = address("192.0.2.10:6000");
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    hear(&mut ear, caller(), &mut voice, 1_000, 10);
    hear(&mut ear, moved, &mut voice, 2_000, 100); // two seconds: not yet
    assert_eq!(ear.remotes(), []);
    hear(&mut ear, moved, &mut voice, 2_000, 60);
    assert_eq!(ear.remotes(), [moved]);
}

#[test]
fn another_ssrc_from_the_same_place_is_followed_when_the_old_one_stops() {
    let mut ear = Ear::new();
    hear(&mut ear, caller(), &mut Voice::new(1), 1_000, 10);
    hear(&mut ear, caller(), &mut Voice::new(2), 2_000, 10);
    let steps = ear.steps();
    assert_eq!(steps[10..], vec![coded(2_000); 10], "and none of its packets is lost");
    assert_eq!(ear.receiver.statistics().lost, 0);
}

#[test]
fn another_ssrc_beside_the_callers_is_not_heard() {
    let mut ear = Ear::new();
    let (mut one, mut other) = (Voice::new(1), Voice::new(2));
    for _ in 0..100 {
        let packet = other.step(9_000);
        ear.hear(caller(), &packet);
        hear(&mut ear, caller(), &mut one, 1_000, 1);
    }
    // Whichever came first is the voice; here the other one.
    assert_eq!(ear.steps(), vec![coded(9_000); 100]);
}

#[test]
fn a_flood_of_sources_does_not_keep_the_caller_out() {
    let mut ear = Ear::with(
        telephony::media::Settings::new(7, "cname", 1),
        Peer::usual(address("192.0.2.10:4444")), // not where packets come from
    );
    let mut voice = Voice::new(1);
    for round in 0..50_u32 {
        for flood in 0..3 {
            let packet = Voice::new(1_000 + round * 3 + flood).step(9_000);
            ear.hear(address("192.0.2.10:7777"), &packet);
        }
        hear(&mut ear, caller(), &mut voice, 1_000, 1);
    }
    assert_eq!(ear.remotes(), [caller()]);
    assert_eq!(ear.steps(), vec![coded(1_000); 50]);
}

#[test]
fn a_new_address_in_signalling_counts_from_then_on() {
    let transferred = address("203.0.113.77:7000");
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    hear(&mut ear, caller(), &mut voice, 1_000, 10);
    ear.tell(Input::Retarget(Peer::usual(transferred)));
    hear(&mut ear, transferred, &mut Voice::new(2), 2_000, 10);
    hear(&mut ear, caller(), &mut voice, 1_000, 10);
    assert_eq!(ear.remotes(), [transferred]);
    assert_eq!(ear.steps()[10..], vec![coded(2_000); 10]);
}

#[test]
fn another_codec_at_the_same_address_leaves_the_voice_where_it_was_found() {
    let found = address("192.0.2.10:61000");
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    hear(&mut ear, found, &mut voice, 1_000, 10);
    ear.tell(Input::Retarget(Peer { digits: None, ..Peer::usual(caller()) }));
    hear(&mut ear, found, &mut voice, 1_000, 10);
    assert_eq!(ear.steps().len(), 20);
    assert_eq!(ear.remotes(), [found]);
    ear.until(ms(500));
    for packet in voice.key('1', 40).concat() {
        ear.hear(found, &packet);
    }
    assert_eq!(ear.digits(), "", "digits were negotiated away");
}
