//! What is missing is made up without a click, and time goes on whatever comes.

use std::time::Duration;

use crate::support::{Ear, Voice, caller, ms};

fn largest_jump(samples: &[i16]) -> i32 {
    samples.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs()).max().unwrap_or(0)
}

fn level(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|it| f64::from(*it).powi(2)).sum();
    (energy / samples.len() as f64).sqrt()
}

/// Half a second of a vowel, of which these packets never come.
fn vowel_without(lost: impl Fn(usize) -> bool) -> Ear {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    for number in 0..50 {
        let packet = voice.vowel();
        if !lost(number) {
            ear.hear(caller(), &packet);
        }
        ear.until(ear.now + Duration::from_millis(20));
    }
    ear
}

#[test]
fn no_loss_clicks() {
    let whole = largest_jump(&vowel_without(|_| false).samples());
    for first in 5..15 {
        for length in 1..=8 {
            let ear = vowel_without(|number| (first..first + length).contains(&number));
            assert_eq!(ear.samples().len(), 50 * 160, "{first}+{length}");
            let jump = largest_jump(&ear.samples());
            assert!(jump <= whole * 13 / 10, "{first}+{length}: {jump}, without loss {whole}");
        }
    }
}

#[test]
fn a_single_loss_in_a_vowel_keeps_its_level() {
    let ear = vowel_without(|number| number == 20);
    let (made_up, concealed) = ear.frames()[20];
    assert!(concealed);
    let ratio = level(&made_up) / level(&ear.frames()[19].0);
    assert!((0.7..1.05).contains(&ratio), "{ratio}");
}

#[test]
fn a_long_loss_fades_to_silence_in_60_ms() {
    let ear = vowel_without(|number| (20..28).contains(&number));
    let frames = ear.frames();
    let levels: Vec<f64> = (20..28).map(|at| level(&frames[at].0)).collect();
    assert!(levels[0] > levels[1] && levels[1] > levels[2], "{levels:?}");
    assert_eq!(levels[3..], [0.0; 5]);
}

#[test]
fn fifty_frames_a_second_come_even_if_nothing_does() {
    let mut ear = Ear::new();
    ear.until(ms(10_000));
    // The last one may still be on its way.
    assert_eq!(ear.frames().len(), 499);
    assert!(ear.samples().iter().all(|sample| *sample == 0));
}

#[test]
fn a_caller_who_stops_sending_is_silent_in_time() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    for _ in 0..50 {
        let packet = voice.vowel();
        ear.hear(caller(), &packet);
        ear.until(ear.now + Duration::from_millis(20));
    }
    for _ in 0..100 {
        voice.sender.skip();
    }
    ear.until(ms(3_000));
    let packet = voice.vowel();
    ear.hear(caller(), &packet);
    // The timestamp went on by the two seconds that were filled already.
    assert_eq!(ear.frames().len(), 150 + 1);
    assert_eq!(ear.receiver.statistics().lost, 0);
}

#[test]
fn a_hiccup_of_the_network_is_heard_whole_and_once() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    let packets: Vec<_> = (0..20).map(|_| voice.vowel()).collect();
    for packet in &packets[..10] {
        ear.hear(caller(), packet);
        ear.until(ear.now + Duration::from_millis(20));
    }
    ear.until(ear.now + Duration::from_millis(150));
    for packet in &packets[10..] {
        ear.hear(caller(), packet);
    }
    assert_eq!(ear.frames().len(), 20);
    assert_eq!(ear.receiver.statistics().concealed_ms, 0);
}

#[test]
fn comfort_noise_is_silence_from_the_next_frame_on() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    let packets: Vec<_> = (0..10).map(|_| voice.vowel()).collect();
    for packet in &packets[..9] {
        ear.hear(caller(), packet);
        ear.until(ear.now + Duration::from_millis(20));
    }
    let mut comfort = packets[9][..13].to_vec();
    comfort[1] = 13;
    ear.hear(caller(), &comfort);
    ear.until(ms(180 + 100));
    assert!(ear.frames().len() >= 13, "{}", ear.frames().len());
    let last = ear.frames()[13 - 1].0;
    assert_eq!(level(&last), 0.0);
    assert!(largest_jump(&ear.samples()) < 6_000);
}

#[test]
fn a_timestamp_that_leaps_makes_up_nothing() {
    let mut ear = Ear::new();
    let mut packet = Voice::new(1).vowel();
    ear.hear(caller(), &packet);
    packet[3] += 1;
    packet[4] ^= 0x40; // a quarter of the timestamp's range away
    ear.hear(caller(), &packet);
    assert_eq!(ear.frames().len(), 2);
}
