//! RFC 3389: a caller whose telephone sends comfort noise instead of silence.

use telephony::media::{Output, Sender};

use crate::support::{Ear, Voice, caller, ms};

/// A comfort noise packet at a place in the stream: noise level and two reflection coefficients.
fn noise(sequence: u16, timestamp: u32, level: u8) -> Vec<u8> {
    let mut bytes = vec![0x80, 13];
    bytes.extend(sequence.to_be_bytes());
    bytes.extend(timestamp.to_be_bytes());
    bytes.extend(1_u32.to_be_bytes());
    bytes.extend([level, 0x80, 0x10]);
    bytes
}

fn skip(sender: &mut Sender, ticks: usize) {
    (0..ticks).for_each(|_| sender.skip());
}

#[test]
fn comfort_noise_is_silence_and_time_goes_on() {
    let mut ear = Ear::new();
    let mut voice = Voice::starting_at(1, 100);
    for tick in 0..50 {
        ear.until(ms(tick * 20));
        ear.hear(caller(), &voice.vowel());
    }
    // Loud noise every 200 ms for two seconds.
    for count in 0..10_u16 {
        ear.until(ms(1_000 + u64::from(count) * 200));
        ear.hear(caller(), &noise(150 + count, 50_000 + 8_000 + u32::from(count) * 1_600, 1));
    }
    ear.until(ms(2_999));
    let frames = ear.frames();
    assert!((147..=150).contains(&frames.len()), "{} frames in three seconds", frames.len());
    let silent = &frames[52..];
    assert!(silent.iter().all(|(samples, concealed)| *concealed && samples.iter().all(|sample| *sample == 0)));
    assert_eq!(ear.said.iter().filter(|(_, output)| matches!(output, Output::MediaLost)).count(), 0);
}

#[test]
fn speech_after_it_begins_at_once_and_nothing_is_made_up_twice() {
    let mut ear = Ear::new();
    let mut voice = Voice::starting_at(1, 100);
    for tick in 0..10 {
        ear.until(ms(tick * 20));
        ear.hear(caller(), &voice.step(1_000));
    }
    ear.until(ms(200));
    ear.hear(caller(), &noise(110, 50_000 + 1_600, 60));
    skip(&mut voice.sender, 40);
    let mut later = Voice::starting_at(1, 111);
    skip(&mut later.sender, 50);
    for tick in 50..60 {
        ear.until(ms(tick * 20));
        ear.hear(caller(), &later.step(2_000));
    }
    let frames = ear.frames();
    assert_eq!(frames.len(), 60, "every 20 ms once");
    assert_eq!(ear.steps().iter().filter(|step| **step > 1_500).count(), 10);
    assert_eq!(ear.receiver.statistics().lost, 0);
}

#[test]
fn a_line_that_sends_comfort_noise_only_is_not_dead() {
    let mut ear = Ear::new();
    for count in 0..60_u16 {
        ear.until(ms(u64::from(count) * 1_000));
        ear.hear(caller(), &noise(count, u32::from(count) * 8_000, 70));
    }
    assert_eq!(ear.count(&Output::MediaLost), 0);
    assert!(ear.samples().iter().all(|sample| *sample == 0));
}
