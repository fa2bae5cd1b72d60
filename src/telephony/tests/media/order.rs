//! Audio comes out in order and at once; what is missing is waited for a little, then made up.

use telephony::media::Output;

use crate::support::{Ear, Voice, caller, coded, ms};

const STEPS: [i16; 6] = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000];

/// Six packets, each a step.
fn packets() -> Vec<Vec<u8>> {
    let mut voice = Voice::new(1);
    STEPS.iter().map(|step| voice.step(*step)).collect()
}

/// Hears packets, one each 20 ms, by their numbers.
fn hear(ear: &mut Ear, numbers: &[usize]) {
    let packets = packets();
    for (tick, number) in numbers.iter().enumerate() {
        ear.until(ms(20 * tick as u64));
        ear.hear(caller(), &packets[*number]);
    }
}

fn coded_steps(numbers: &[usize]) -> Vec<i16> {
    numbers.iter().map(|number| coded(STEPS[*number])).collect()
}

#[test]
fn a_packet_in_order_is_heard_at_the_instant_it_comes() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 1, 2]);
    let instants: Vec<_> =
        ear.said.iter().filter(|(_, it)| matches!(it, Output::Audio { .. })).map(|(at, _)| *at).collect();
    assert_eq!(instants, [ms(0), ms(20), ms(40)]);
    assert_eq!(ear.steps(), coded_steps(&[0, 1, 2]));
}

#[test]
fn two_that_changed_places_are_put_back() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 2, 1, 3, 5, 4]);
    assert_eq!(ear.steps(), coded_steps(&[0, 1, 2, 3, 4, 5]));
    assert_eq!(ear.receiver.statistics().concealed_ms, 0);
    assert_eq!(ear.receiver.statistics().lost, 0);
}

#[test]
fn one_that_is_two_late_is_still_put_back() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 2, 3]);
    ear.until(ms(55)); // the wait began at 20
    ear.hear(caller(), &packets()[1]);
    assert_eq!(ear.steps(), coded_steps(&[0, 1, 2, 3]));
}

#[test]
fn one_that_never_comes_is_made_up_after_40_ms() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 2]);
    ear.until(ms(59));
    assert_eq!(ear.frames().len(), 1);
    ear.until(ms(60));
    let made_up: Vec<bool> = ear.frames().iter().map(|(_, concealed)| *concealed).collect();
    assert_eq!(made_up, [false, true, false]);
    assert_eq!(ear.receiver.statistics().lost, 1);
    assert_eq!(ear.receiver.statistics().concealed_ms, 20);
}

#[test]
fn a_third_that_would_wait_ends_the_wait() {
    let mut ear = Ear::new();
    let packets = packets();
    for number in [0, 2, 3, 4] {
        ear.hear(caller(), &packets[number]); // all at once
    }
    assert_eq!(ear.steps(), coded_steps(&[0, 2, 3, 4]));
    assert_eq!(ear.frames().len(), 5);
}

#[test]
fn one_that_comes_too_late_is_counted_and_not_heard() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 2, 3, 4, 1, 5]);
    assert_eq!(ear.steps(), coded_steps(&[0, 2, 3, 4, 5]));
    let statistics = ear.receiver.statistics();
    assert_eq!((statistics.late, statistics.lost), (1, 0));
}

#[test]
fn one_that_comes_again_is_heard_once() {
    let mut ear = Ear::new();
    hear(&mut ear, &[0, 1, 1, 0, 2, 2]);
    assert_eq!(ear.steps(), coded_steps(&[0, 1, 2]));
    assert_eq!(ear.receiver.statistics().duplicates, 3);
}

#[test]
fn sequence_and_timestamp_wrap_unnoticed() {
    let mut ear = Ear::new();
    let mut voice = Voice::starting_at(1, u16::MAX - 3);
    let packets: Vec<_> = (0..10).map(|_| voice.vowel()).collect();
    for (tick, number) in [0, 1, 2, 4, 3, 5, 6, 7, 8, 9].into_iter().enumerate() {
        ear.until(ms(20 * tick as u64));
        ear.hear(caller(), &packets[number]);
    }
    assert_eq!(ear.frames().len(), 10);
    let statistics = ear.receiver.statistics();
    assert_eq!((statistics.lost, statistics.concealed_ms, statistics.received), (0, 0, 10));
}

#[test]
fn a_jump_is_followed_at_its_second_packet() {
    let mut ear = Ear::new();
    ear.hear(caller(), &Voice::new(1).step(1_000));
    let mut far = Voice::starting_at(1, 40_000);
    let jumped: Vec<_> = [2_000, 3_000, 4_000].map(|step| far.step(step)).to_vec();
    for packet in &jumped {
        ear.hear(caller(), packet);
    }
    assert_eq!(ear.steps(), [coded(1_000), coded(3_000), coded(4_000)]);
    assert_eq!(ear.receiver.statistics().lost, 0);
}

#[test]
fn packets_of_any_length_become_frames_of_20_ms() {
    for octets in [80, 160, 240, 320, 480] {
        let mut ear = Ear::new();
        for number in 0..12_u32 {
            let mut packet = vec![0x80, 0, 0, number as u8];
            packet.extend((number * octets).to_be_bytes());
            packet.extend([0, 0, 0, 1]);
            packet.extend(vec![0x9f; octets as usize]);
            ear.until(ms(u64::from(number * octets / 8)));
            ear.hear(caller(), &packet);
        }
        assert_eq!(ear.frames().len() as u32, 12 * octets / 160, "{octets}");
        assert!(ear.frames().iter().all(|(_, concealed)| !concealed), "{octets}");
    }
}
