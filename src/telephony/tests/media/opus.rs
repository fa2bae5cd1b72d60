//! Opus: heard at 16 kHz whatever its packets are, lost ones heard from those that follow, a pause heard as
//! silence and no loss.

use std::f64::consts::TAU;

use telephony::media::opus::{Encoder, LONGEST};
use telephony::media::{Codec, Input, LONGEST_PACKET, Output, Peer, Sender};

use crate::support::{Ear, Voice, caller, ms};

/// Somebody who speaks Opus.
struct Mouth {
    sender: Sender,
    encoder: Encoder,
    at: usize,
}

impl Mouth {
    fn new(ptime_ms: u32, first_timestamp: u32) -> Self {
        let mut sender = Sender::new(5, Codec::Opus.payload_type(), Codec::Opus, 10, first_timestamp);
        sender.packet_time(ptime_ms);
        Self { sender, encoder: Encoder::new().expect("memory"), at: 0 }
    }

    /// The next packet of a vowel at 200 Hz.
    fn packet(&mut self) -> Vec<u8> {
        let samples: Vec<i16> = (self.at..self.at + self.sender.packet_samples()).map(vowel).collect();
        self.at += samples.len();
        self.coded(&samples)
    }

    fn coded(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut octets = [0; LONGEST];
        let length = self.encoder.packet(samples, &mut octets);
        assert!(length > 0);
        let mut out = [0; LONGEST_PACKET];
        let length = self.sender.coded(&octets[..length], false, &mut out);
        out[..length].to_vec()
    }
}

fn vowel(at: usize) -> i16 {
    let turn = at as f64 * 200.0 * TAU / 8_000.0;
    (4_000.0 * (turn.sin() + (3.0 * turn).sin() / 2.0 + (5.0 * turn).sin() / 4.0)) as i16
}

/// Syllables: what a codec takes for speech.
fn syllables(at: usize) -> i16 {
    let time = at as f64 / 8_000.0;
    let pitch = 120.0 + 15.0 * (time * 9.0).sin();
    let level = 0.15 + 0.85 * (time * 12.0).sin().abs();
    let voice: f64 = (1..20)
        .map(|tone| {
            let hertz = pitch * f64::from(tone);
            let formants =
                (-((hertz - 600.0) / 300.0).powi(2)).exp() + 0.5 * (-((hertz - 1_700.0) / 400.0).powi(2)).exp();
            (formants + 0.05) * (hertz * time * TAU).sin()
        })
        .sum();
    (3_000.0 * level * voice) as i16
}

fn loudness(samples: &[i16]) -> f64 {
    let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (energy / samples.len().max(1) as f64).sqrt()
}

fn frames(ear: &Ear) -> Vec<(f64, bool)> {
    let frames = ear.said.iter().filter_map(|(_, output)| match output {
        Output::Audio { samples, wide, concealed } => {
            let wide = wide.as_ref().expect("wideband");
            Some((loudness(wide.as_slice()).min(loudness(samples.as_slice())), *concealed))
        }
        _ => None,
    });
    frames.collect()
}

#[test]
fn packets_of_every_length_are_heard_and_time_goes_on_over_the_wrap() {
    for (ptime, packet) in [(10, 10), (20, 20), (30, 20), (40, 40), (50, 40), (60, 60)] {
        let mut ear = Ear::new();
        let mut mouth = Mouth::new(ptime, u32::MAX - 40_000); // wraps in the first second
        assert_eq!(mouth.sender.packet_samples(), 8 * packet);
        for tick in 0..2_400 / packet as u64 {
            ear.until(ms(tick * packet as u64));
            ear.hear(caller(), &mouth.packet());
        }
        let frames = frames(&ear);
        assert!((118..=120).contains(&frames.len()), "{ptime}: {}", frames.len());
        for (loudness, concealed) in &frames[10..] {
            assert!(!concealed && (2_000.0..4_500.0).contains(loudness), "{ptime}: {loudness}");
        }
        assert_eq!(ear.receiver.statistics().lost, 0);
        assert!(ear.receiver.statistics().jitter_us < 2_000);
    }
}

#[test]
fn a_lost_packet_is_heard_from_the_next_one() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(20, 90);
    for tick in 0..200_u64 {
        ear.until(ms(tick * 20));
        let samples: Vec<i16> = (0..160).map(|at| syllables(tick as usize * 160 + at)).collect();
        let packet = mouth.coded(&samples);
        if tick % 10 != 5 {
            ear.hear(caller(), &packet);
        }
    }
    let frames = frames(&ear);
    let statistics = ear.receiver.statistics();
    assert_eq!(statistics.lost, 20);
    assert!(statistics.concealed_ms <= 60, "most of it was said twice: {}", statistics.concealed_ms);
    assert_eq!(frames.len(), 200);
}

#[test]
fn three_lost_in_a_row_are_made_up_and_nothing_is_out_of_step() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(20, 90);
    for tick in 0..200 {
        ear.until(ms(tick * 20));
        let packet = mouth.packet();
        if !(100..103).contains(&tick) {
            ear.hear(caller(), &packet);
        }
    }
    assert_eq!(frames(&ear).len(), 200);
    let statistics = ear.receiver.statistics();
    assert_eq!((statistics.lost, statistics.concealed_ms), (3, 60));
}

#[test]
fn a_pause_is_silence_and_no_loss() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(20, 90);
    for tick in 0..200 {
        ear.until(ms(tick * 20));
        // From 1 s to 3 s, after some quiet, a packet that only says "nobody speaks" every 400 ms.
        match tick {
            30..50 => {
                let quiet: Vec<i16> = (0..160).map(|at| (at * 7_919 % 41 - 20) as i16).collect();
                ear.hear(caller(), &mouth.coded(&quiet));
            }
            50..150 if tick % 20 == 10 => {
                let mut out = [0; LONGEST_PACKET];
                let length = mouth.sender.coded(&[0x08], false, &mut out);
                ear.hear(caller(), &out[..length]);
            }
            50..150 => mouth.sender.skip(),
            _ => ear.hear(caller(), &mouth.packet()),
        }
    }
    let frames = frames(&ear);
    assert!((190..=200).contains(&frames.len()), "{}", frames.len());
    let silent = frames[70..140].iter().all(|(loudness, _)| *loudness < 200.0);
    assert!(silent, "{:?}", &frames[60..150]);
    assert_eq!(ear.receiver.statistics().lost, 0);
    assert!(frames[180..].iter().all(|(loudness, concealed)| !concealed && *loudness > 1_500.0));
}

#[test]
fn the_other_side_may_change_to_opus_and_back() {
    let mut ear = Ear::new();
    let mut opus = Mouth::new(20, 700);
    let mut plain = Sender::new(5, 0, Codec::Pcmu, 10, 90);
    for tick in 0..150_u64 {
        ear.until(ms(tick * 20));
        let samples: Vec<i16> = (0..160).map(|at| vowel(tick as usize * 160 + at)).collect();
        let mut out = [0; LONGEST_PACKET];
        let packet = match tick {
            50..100 => opus.coded(&samples),
            _ => {
                let length = plain.audio(&samples, false, &mut out);
                out[..length].to_vec()
            }
        };
        // One sequence for both.
        let mut packet = packet;
        packet[2..4].copy_from_slice(&(10 + tick as u16).to_be_bytes());
        ear.hear(caller(), &packet);
    }
    let heard = ear.frames();
    assert!((148..=152).contains(&heard.len()), "{}", heard.len());
    let quiet = heard[10..].iter().filter(|(samples, _)| loudness(samples) < 1_500.0).count();
    assert!(quiet <= 2, "{quiet} frames of hardly anything");
}

#[test]
fn broken_packets_are_dropped_and_the_next_ones_heard() {
    let mut random = fastrand::Rng::with_seed(3);
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(20, 90);
    for tick in 0..600 {
        ear.until(ms(tick * 20));
        let mut packet = mouth.packet();
        if tick < 500 {
            let from = random.usize(12..packet.len());
            packet[from..].fill_with(|| random.u8(..));
            packet.truncate(random.usize(from..=packet.len()));
        }
        ear.hear(caller(), &packet);
    }
    let frames = frames(&ear);
    assert!(frames[frames.len() - 50..].iter().all(|(loudness, _)| (1_500.0..4_500.0).contains(loudness)));
}

#[test]
fn what_is_sent_ticks_at_48_khz() {
    let mut mouth = Mouth::new(20, 1_000);
    let (one, two) = (mouth.packet(), mouth.packet());
    let timestamp = |packet: &[u8]| u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    assert_eq!(timestamp(&two) - timestamp(&one), 960);
    assert_eq!((one[1] & 0x7f, mouth.sender.sent(ms(0)).clock_hz), (111, 48_000));
    let mut voice = Voice::new(1);
    assert!(mouth.coded(&[0; 160]).len() < voice.vowel().len(), "shorter than G.711");
    let mut ear = Ear::with(telephony::media::Settings::new(7, "cname", 1), Peer::usual(caller()));
    ear.tell(Input::Sent(mouth.sender.sent(ms(0))));
}
