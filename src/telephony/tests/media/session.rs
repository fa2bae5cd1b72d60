//! Ten minutes of a call over a bad network, in no time and always the same.

use std::collections::VecDeque;
use std::time::Duration;

use machine::Now;
use telephony::media::{Input, Output, Peer, Receiver, Settings, Statistics};
use testkit::{Conditions, Network, VirtualWorld, run};

use crate::support::{Voice, caller, ms};

const TEN_MINUTES: Now = Now::from_millis(600_000);

/// The caller with its network, and everything that came of it.
struct Call {
    voice: Voice,
    tick_at: Now,
    network: Network<Vec<u8>>,
    /// Packets of keys being pressed, a tick each.
    keys: VecDeque<Vec<Vec<u8>>>,
    pressed: String,
    random: fastrand::Rng,
    outputs: Vec<(Now, Output)>,
}

impl Call {
    fn new(seed: u64) -> Self {
        let weather = Conditions {
            delay: Duration::from_millis(40),
            jitter: Duration::from_millis(30),
            loss: 0.05,
            burst: 2,
            duplicate: 0.02,
            reorder: 0.01,
        };
        Self {
            voice: Voice::starting_at(99, 65_000),
            tick_at: Now::ZERO,
            network: Network::new(weather, seed),
            keys: VecDeque::new(),
            pressed: String::new(),
            random: fastrand::Rng::with_seed(seed),
            outputs: Vec::new(),
        }
    }

    /// What the caller sends in a tick: mostly speech, now and then a key.
    fn tick(&mut self) {
        if self.keys.is_empty() && self.random.f64() < 0.01 {
            let key = char::from(b'0' + self.random.u8(0..10));
            self.pressed.push(key);
            self.keys.extend(self.voice.key(key, 120));
        }
        let packets = match self.keys.pop_front() {
            Some(packets) => packets,
            None => vec![self.voice.vowel()],
        };
        for packet in packets {
            self.network.send(self.tick_at, packet);
        }
        self.tick_at += Duration::from_millis(20);
    }
}

impl VirtualWorld<Receiver> for Call {
    fn next(&self) -> Now {
        self.tick_at.min(self.network.next_arrival())
    }

    fn take(&mut self, now: Now) -> Option<Input> {
        if let Some(bytes) = self.network.receive(now) {
            return Some(Input::Rtp { from: caller(), bytes });
        }
        self.tick();
        None
    }

    fn perform(&mut self, now: Now, output: Output) {
        self.outputs.push((now, output));
    }
}

fn ten_minutes(seed: u64) -> (Call, Statistics) {
    let settings = Settings::new(7, "cname", seed);
    let mut receiver = Receiver::new(Now::ZERO, settings, Peer::usual(caller()));
    let mut call = Call::new(seed);
    run(&mut receiver, &mut call, TEN_MINUTES);
    (call, receiver.statistics())
}

#[test]
fn the_same_seed_gives_the_same_call_bit_for_bit() {
    let ((one, _), (other, _)) = (ten_minutes(1), ten_minutes(1));
    assert!(one.outputs == other.outputs);
    let (third, _) = ten_minutes(2);
    assert!(one.outputs != third.outputs, "or nothing is random here");
}

#[test]
fn every_second_has_its_frames_and_every_key_its_digit() {
    let (call, statistics) = ten_minutes(3);
    let frames = call.outputs.iter().filter(|(_, it)| matches!(it, Output::Audio { .. })).count();
    assert!((29_900..=30_010).contains(&frames), "{frames}");
    let digits: String = call
        .outputs
        .iter()
        .filter_map(|(_, it)| match it {
            Output::Digit { digit } => Some(*digit),
            _ => None,
        })
        .collect();
    assert!(digits.len() > 100);
    assert_eq!(digits, call.pressed);
    let share = statistics.lost as f64 / (statistics.lost + statistics.received) as f64;
    assert!((0.03..0.07).contains(&share), "{statistics:?}");
    assert!(statistics.duplicates > 100, "{statistics:?}");
    assert!((3_000..15_000).contains(&statistics.jitter_us), "{statistics:?}");
    assert_eq!(statistics.foreign, 0);
}

#[test]
fn no_frame_waits_longer_than_40_ms_for_another() {
    let (call, _) = ten_minutes(4);
    let audio: Vec<Now> =
        call.outputs.iter().filter(|(_, it)| matches!(it, Output::Audio { .. })).map(|(at, _)| *at).collect();
    let longest = audio.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default();
    // Longest way 70 ms, shortest 0 ms, a key of 120 ms without audio, 40 ms for reordering.
    assert!(longest <= Duration::from_millis(250), "{longest:?}");
    assert!(audio.first().is_some_and(|first| *first < ms(120)));
}
