//! Lines at 16 kHz, and packets longer and shorter than 20 ms.

use rtp_rs::RtpReader;
use telephony::media::{Codec, LONGEST_PACKET, Output, Sender};

use crate::support::{Ear, caller, ms};

fn tone(at: usize) -> i16 {
    ((at as f64 * 500.0 * std::f64::consts::TAU / 8_000.0).sin() * 8_000.0) as i16
}

/// A sender of packets of this length, and the next packet of a tone.
struct Mouth {
    sender: Sender,
    at: usize,
}

impl Mouth {
    fn new(codec: Codec, ptime_ms: u32) -> Self {
        let mut sender = Sender::new(5, codec.payload_type(), codec, 10, 90);
        sender.packet_time(ptime_ms);
        Self { sender, at: 0 }
    }

    fn packet(&mut self) -> Vec<u8> {
        let samples: Vec<i16> = (self.at..self.at + self.sender.packet_samples()).map(tone).collect();
        self.at += samples.len();
        let mut out = [0; LONGEST_PACKET];
        let length = self.sender.audio(&samples, false, &mut out);
        out[..length].to_vec()
    }
}

fn loudest(samples: &[i16]) -> u16 {
    samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or_default()
}

#[test]
fn a_wideband_line_gives_both_rates() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(Codec::G722, 20);
    for tick in 0..100 {
        ear.until(ms(tick * 20));
        ear.hear(caller(), &mouth.packet());
    }
    let mut frames = 0;
    for (_, output) in ear.said.iter().skip(5) {
        if let Output::Audio { samples, wide, concealed } = output {
            let wide = wide.as_ref().expect("wideband");
            assert!((7_000..9_000).contains(&loudest(wide.as_slice())), "{}", loudest(wide.as_slice()));
            assert!((7_000..9_000).contains(&loudest(samples.as_slice())), "{}", loudest(samples.as_slice()));
            assert!(!concealed);
            frames += 1;
        }
    }
    assert_eq!(frames, 95);
}

#[test]
fn what_is_missing_of_a_wideband_line_is_made_up_at_its_rate() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(Codec::G722, 20);
    for tick in 0..100 {
        ear.until(ms(tick * 20));
        let packet = mouth.packet();
        if tick % 10 != 9 {
            ear.hear(caller(), &packet);
        }
    }
    ear.until(ms(2_000));
    let frames = ear.frames();
    assert_eq!(frames.len(), 99, "the last is still waited for");
    assert_eq!(frames.iter().filter(|(_, concealed)| *concealed).count(), 9);
    assert!(frames.iter().skip(2).all(|(samples, _)| loudest(samples) > 4_000));
}

#[test]
fn a_change_of_codec_loses_no_time() {
    let mut ear = Ear::new();
    let mut mouth = Mouth::new(Codec::Pcmu, 30);
    let mut now = 0;
    for (codec, ptime) in [(Codec::Pcmu, 30), (Codec::G722, 30), (Codec::Pcma, 10), (Codec::G722, 60)] {
        mouth.sender.recode(codec.payload_type(), codec);
        mouth.sender.packet_time(ptime);
        for _ in 0..600 / ptime {
            ear.until(ms(now));
            ear.hear(caller(), &mouth.packet());
            now += u64::from(ptime);
        }
    }
    let frames = ear.frames();
    assert_eq!(frames.len(), 2_400 / 20);
    assert!(frames.iter().all(|(_, concealed)| !concealed));
}

#[test]
fn packets_are_as_long_as_the_other_side_wants_them() {
    for (ptime, octets) in [(10, 80), (20, 160), (30, 240), (40, 320), (60, 480)] {
        for codec in [Codec::Pcmu, Codec::Pcma, Codec::G722] {
            let mut mouth = Mouth::new(codec, ptime);
            for number in 0..3 {
                let bytes = mouth.packet();
                let packet = RtpReader::new(&bytes).expect("a packet");
                assert_eq!(packet.payload().len(), octets, "{codec:?} at {ptime} ms");
                assert_eq!(packet.timestamp(), 90 + number * octets as u32);
            }
        }
    }
}

#[test]
fn a_key_lasts_as_long_whatever_the_packet_time() {
    for ptime in [10, 20, 40, 60] {
        let mut mouth = Mouth::new(Codec::Pcmu, ptime);
        assert!(mouth.sender.press('5', 101, 120));
        let (mut ticks, mut last) = (0, 0);
        while mouth.sender.is_pressing() {
            ticks += 1;
            mouth.sender.digit_tick(|bytes| {
                let packet = RtpReader::new(bytes).expect("a packet");
                last = u16::from_be_bytes([packet.payload()[2], packet.payload()[3]]);
            });
        }
        assert_eq!((ticks * ptime, last), (120, 960), "{ptime} ms");
    }
}
