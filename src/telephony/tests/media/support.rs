//! A receiver, time, and somebody who speaks.

use std::net::SocketAddr;

use machine::{Machine, Now, settle};
use telephony::media::g711::{decode_ulaw, encode_ulaw};
use telephony::media::{Codec, Frame, Input, LONGEST_PACKET, Output, Peer, Receiver, Sender, Settings};

/// Payload type of keypad digits in all these tests.
pub const DIGITS: u8 = 101;

pub fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// Where signalling says the caller is.
pub fn caller() -> SocketAddr {
    address("192.0.2.10:4000")
}

pub fn ms(ms: u64) -> Now {
    Now::from_millis(ms)
}

/// A receiver that listens to [`caller`], and all that it has said so far.
pub struct Ear {
    pub receiver: Receiver,
    pub now: Now,
    pub said: Vec<(Now, Output)>,
}

impl Ear {
    pub fn new() -> Self {
        Self::with(Settings::new(7, "cname", 1), Peer::usual(caller()))
    }

    pub fn with(settings: Settings, peer: Peer) -> Self {
        Self { receiver: Receiver::new(Now::ZERO, settings, peer), now: Now::ZERO, said: Vec::new() }
    }

    /// Lets time pass, waking the receiver whenever it wants to be.
    pub fn until(&mut self, until: Now) {
        loop {
            let wanted = self.settle();
            if wanted > until {
                break;
            }
            self.now = wanted.max(self.now);
            self.receiver.wake(self.now);
        }
        self.now = until.max(self.now);
    }

    pub fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        self.tell(Input::Rtp { from, bytes: bytes.to_vec() });
    }

    pub fn tell(&mut self, input: Input) {
        self.receiver.handle(self.now, input);
        self.settle();
    }

    fn settle(&mut self) -> Now {
        let (now, said) = (self.now, &mut self.said);
        settle(&mut self.receiver, |output| said.push((now, output)))
    }

    /// Frames so far: the samples and whether they are made up.
    pub fn frames(&self) -> Vec<(Frame, bool)> {
        let frames = self.said.iter().filter_map(|(_, output)| match output {
            Output::Audio { samples, concealed, .. } => Some((**samples, *concealed)),
            _ => None,
        });
        frames.collect()
    }

    pub fn samples(&self) -> Vec<i16> {
        self.frames().iter().flat_map(|(samples, _)| *samples).collect()
    }

    /// First sample of each real frame: tests that send steps read the order from it.
    pub fn steps(&self) -> Vec<i16> {
        self.frames().iter().filter(|(_, concealed)| !concealed).map(|(samples, _)| samples[80]).collect()
    }

    pub fn digits(&self) -> String {
        let digits = self.said.iter().filter_map(|(_, output)| match output {
            Output::Digit { digit } => Some(*digit),
            _ => None,
        });
        digits.collect()
    }

    pub fn remotes(&self) -> Vec<SocketAddr> {
        let remotes = self.said.iter().filter_map(|(_, output)| match output {
            Output::RemoteChanged { rtp } => Some(*rtp),
            _ => None,
        });
        remotes.collect()
    }

    pub fn count(&self, wanted: &Output) -> usize {
        self.said.iter().filter(|(_, output)| output == wanted).count()
    }

    pub fn reports(&self) -> Vec<(SocketAddr, Vec<u8>)> {
        let reports = self.said.iter().filter_map(|(_, output)| match output {
            Output::Transmit { to, bytes } => Some((*to, bytes.clone())),
            _ => None,
        });
        reports.collect()
    }
}

/// Somebody who speaks RTP.
pub struct Voice {
    pub sender: Sender,
    phase: f32,
}

impl Voice {
    pub fn new(ssrc: u32) -> Self {
        Self::starting_at(ssrc, 1_000)
    }

    pub fn starting_at(ssrc: u32, sequence: u16) -> Self {
        Self { sender: Sender::new(ssrc, 0, Codec::Pcmu, sequence, 50_000), phase: 0.0 }
    }

    /// The packet of a frame that holds this value throughout.
    pub fn step(&mut self, value: i16) -> Vec<u8> {
        self.frame(&[value; 160])
    }

    /// The next 20 ms of a steady vowel: three harmonics of 150 Hz.
    pub fn vowel(&mut self) -> Vec<u8> {
        let mut frame = [0; 160];
        for sample in &mut frame {
            let turn = self.phase * std::f32::consts::TAU;
            *sample = (5_000.0 * (turn.sin() + 0.6 * (2.0 * turn).sin() + 0.3 * (3.0 * turn).sin())) as i16;
            self.phase = (self.phase + 150.0 / 8_000.0).fract();
        }
        self.frame(&frame)
    }

    pub fn frame(&mut self, frame: &Frame) -> Vec<u8> {
        let mut out = [0; LONGEST_PACKET];
        let length = self.sender.audio(frame, false, &mut out);
        out[..length].to_vec()
    }

    /// The packets of a key, tick by tick.
    pub fn key(&mut self, digit: char, hold_ms: u16) -> Vec<Vec<Vec<u8>>> {
        assert!(self.sender.press(digit, DIGITS, hold_ms));
        let mut ticks = Vec::new();
        while self.sender.is_pressing() {
            let mut packets = Vec::new();
            self.sender.digit_tick(|packet| packets.push(packet.to_vec()));
            ticks.push(packets);
        }
        ticks
    }
}

/// What mu-law makes of a value.
pub fn coded(value: i16) -> i16 {
    decode_ulaw(encode_ulaw(value))
}
