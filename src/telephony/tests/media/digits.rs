//! Keypad digits (RFC 4733): each press once, whatever becomes of its packets.

use std::time::Duration;

use testkit::{Conditions, Network};

use crate::support::{Ear, Voice, caller, ms};

const NUMBER: &str = "5550142*88#001199";

/// Keys of 80 ms with 60 ms of voice between them, as (when sent, packet).
fn keyed(number: &str) -> Vec<(u64, Vec<u8>)> {
    let mut voice = Voice::new(1);
    let (mut at_ms, mut packets) = (0, Vec::new());
    for key in number.chars() {
        for tick in voice.key(key, 80) {
            packets.extend(tick.into_iter().map(|packet| (at_ms, packet)));
            at_ms += 20;
        }
        for _ in 0..3 {
            packets.push((at_ms, voice.vowel()));
            at_ms += 20;
        }
    }
    packets
}

/// Hears what a network leaves of these packets.
fn heard(packets: Vec<(u64, Vec<u8>)>, conditions: Conditions, seed: u64) -> Ear {
    let mut ear = Ear::new();
    let mut network = Network::new(conditions, seed);
    for (at_ms, packet) in packets {
        deliver(&mut ear, &mut network, at_ms);
        network.send(ms(at_ms), packet);
    }
    deliver(&mut ear, &mut network, 60_000);
    ear
}

fn deliver(ear: &mut Ear, network: &mut Network<Vec<u8>>, until_ms: u64) {
    while network.next_arrival() <= ms(until_ms) {
        ear.until(network.next_arrival());
        while let Some(packet) = network.receive(ear.now) {
            ear.hear(caller(), &packet);
        }
    }
}

#[test]
fn every_key_is_told_once_and_in_order() {
    assert_eq!(heard(keyed(NUMBER), Conditions::PERFECT, 1).digits(), NUMBER);
    let all = "0123456789*#ABCD";
    assert_eq!(heard(keyed(all), Conditions::PERFECT, 1).digits(), all);
}

#[test]
fn a_key_is_told_at_its_first_packet() {
    let mut ear = Ear::new();
    let packet = Voice::new(1).key('7', 500)[0][0].clone();
    ear.hear(caller(), &packet);
    assert_eq!(ear.digits(), "7");
}

#[test]
fn a_fifth_of_the_packets_may_be_lost() {
    let weather = Conditions { loss: 0.2, ..Conditions::PERFECT };
    for seed in 0..100 {
        assert_eq!(heard(keyed(NUMBER), weather, seed).digits(), NUMBER, "seed {seed}");
    }
}

#[test]
fn loss_duplicates_and_disorder_together_change_nothing() {
    let weather = Conditions {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(25),
        loss: 0.1,
        duplicate: 0.2,
        reorder: 0.05,
        ..Conditions::PERFECT
    };
    for seed in 0..100 {
        assert_eq!(heard(keyed(NUMBER), weather, seed).digits(), NUMBER, "seed {seed}");
    }
}

#[test]
fn start_or_end_may_be_missing() {
    let is_end = |packet: &Vec<u8>| packet.len() == 16 && packet[13] & 0x80 != 0;
    let without_end = keyed("1123").into_iter().filter(|(_, packet)| !is_end(packet)).collect();
    assert_eq!(heard(without_end, Conditions::PERFECT, 1).digits(), "1123");
    let only_end = keyed("1123").into_iter().filter(|(_, it)| it.len() != 16 || is_end(it)).collect();
    assert_eq!(heard(only_end, Conditions::PERFECT, 1).digits(), "1123");
}

#[test]
fn a_key_held_for_ten_seconds_is_one_key() {
    // RFC 4733 2.5.1.3: after 65,535 ticks a new segment begins, without an end before it.
    let mut ear = Ear::new();
    let mut sequence = 0_u16;
    let mut send = |ear: &mut Ear, began: u32, duration: u16, end: bool| {
        let mut packet = vec![0x80, 101];
        packet.extend(sequence.to_be_bytes());
        packet.extend(began.to_be_bytes());
        packet.extend([0, 0, 0, 1, 5, if end { 0x80 } else { 0 }]);
        packet.extend(duration.to_be_bytes());
        ear.hear(caller(), &packet);
        sequence += 1;
        ear.until(ear.now + Duration::from_millis(20));
    };
    for tick in 1..=409 {
        send(&mut ear, 1_000, tick * 160, false);
    }
    send(&mut ear, 1_000, u16::MAX, false);
    for tick in 1..=90 {
        send(&mut ear, 1_000 + u32::from(u16::MAX), tick * 160, tick == 90);
    }
    assert_eq!(ear.digits(), "5");
}

#[test]
fn a_gateway_that_moves_the_timestamp_still_presses_once() {
    let mut ear = Ear::new();
    for tick in 1..=10_u16 {
        let mut packet = vec![0x80, 101];
        packet.extend(tick.to_be_bytes());
        packet.extend((u32::from(tick) * 160).to_be_bytes());
        packet.extend([0, 0, 0, 1, 3, if tick == 10 { 0x80 } else { 0 }]);
        packet.extend((tick * 160).to_be_bytes());
        ear.hear(caller(), &packet);
    }
    assert_eq!(ear.digits(), "3");
}

#[test]
fn events_that_are_no_keys_are_not_digits() {
    let mut ear = Ear::new();
    for code in 16..=255 {
        let mut packet = Voice::new(1).key('1', 40)[0][0].clone();
        packet[3] = code; // sequence
        packet[12] = code; // a fax tone, a flash of the hook, ...
        ear.hear(caller(), &packet);
    }
    assert_eq!(ear.digits(), "");
}
