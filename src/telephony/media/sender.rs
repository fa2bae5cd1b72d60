use machine::Now;

use super::codec::Encoder;
use super::srtp::{MOST_ADDED, Outbound};
use super::{Codec, FRAME_SAMPLES, RATE_HZ, Sent, keypad};

/// Octets of the fixed RTP header.
const HEADER: usize = 12;
/// The longest packet a [`Sender`] makes: a buffer this long is always enough.
pub const LONGEST_PACKET: usize = HEADER + LONGEST_FRAME + MOST_ADDED;
/// 60 ms.
const LONGEST_FRAME: usize = 3 * FRAME_SAMPLES;
/// Start and end of a digit are sent this many times (RFC 4733 2.5.1.4).
const REPEATS: u8 = 3;
/// Volume of a digit as the RFC's examples have it: -10 dBm0.
const VOLUME: u8 = 10;

/// Makes the RTP packets of one call for the pacer: one packet's time each tick, 20 ms unless
/// [`Sender::packet_time`] says otherwise, as [`Sender::audio`], [`Sender::skip`] or, while
/// [`Sender::is_pressing`], [`Sender::digit_tick`]. Allocates nothing.
#[derive(Debug, Clone)]
pub struct Sender {
    ssrc: u32,
    payload_type: u8,
    encoder: Encoder,
    /// RTP ticks of a packet, at 8 kHz.
    packet_ticks: u16,
    sequence: u16,
    timestamp: u32,
    packets: u32,
    octets: u32,
    press: Option<Press>,
    srtp: Option<Box<Outbound>>,
}

/// A key being sent.
#[derive(Debug, Clone, Copy)]
struct Press {
    payload_type: u8,
    code: u8,
    began: u32,
    ticks_done: u16,
    ticks: u16,
}

impl Sender {
    /// The first packet will have this sequence number and timestamp; both should be random.
    pub fn new(ssrc: u32, payload_type: u8, codec: Codec, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            payload_type,
            encoder: Encoder::new(codec),
            packet_ticks: FRAME_SAMPLES as u16,
            sequence: first_sequence,
            timestamp: first_timestamp,
            packets: 0,
            octets: 0,
            press: None,
            srtp: None,
        }
    }

    /// Signalling changed the codec; sequence and timestamp go on.
    pub fn recode(&mut self, payload_type: u8, codec: Codec) {
        self.payload_type = payload_type;
        if self.encoder.codec() != codec {
            self.encoder = Encoder::new(codec);
        }
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.encoder.codec()
    }

    /// Encrypts from now on, or no longer; what did so before, to be freed by whoever may.
    pub fn secure(&mut self, srtp: Option<Box<Outbound>>) -> Option<Box<Outbound>> {
        std::mem::replace(&mut self.srtp, srtp)
    }

    /// How much a packet holds from now on: 10 to 60 ms, in steps of ten, as near as the codec has it.
    pub fn packet_time(&mut self, ms: u32) {
        self.packet_ticks = (self.codec().packet_ms(ms.clamp(10, 60) / 10 * 10) * 8) as u16;
    }

    /// Samples at 8 kHz that [`Sender::audio`] wants.
    pub fn packet_samples(&self) -> usize {
        usize::from(self.packet_ticks)
    }

    /// Writes the packet of these samples at 8 kHz, at most [`Sender::packet_samples`]; `marker` on
    /// the first one after a pause (RFC 3551 4.1). Returns its length, 0 (and nothing sent) when
    /// `out` is too short for it, or the codec is one for [`Sender::coded`].
    pub fn audio(&mut self, samples: &[i16], marker: bool, out: &mut [u8]) -> usize {
        if self.codec() == Codec::Opus {
            return 0;
        }
        let samples = samples.get(..self.packet_samples()).unwrap_or(samples);
        self.packet(samples.len(), marker, out, |encoder, payload| {
            for (octet, sample) in payload.iter_mut().zip(samples) {
                *octet = encoder.octet(*sample);
            }
        })
    }

    /// Writes the packet of what was coded elsewhere: Opus, by an [`Encoder`](super::opus::Encoder) on
    /// another thread, because it allocates.
    pub fn coded(&mut self, octets: &[u8], marker: bool, out: &mut [u8]) -> usize {
        self.packet(octets.len(), marker, out, |_, payload| payload.copy_from_slice(octets))
    }

    fn packet(
        &mut self,
        octets: usize,
        marker: bool,
        out: &mut [u8],
        fill: impl FnOnce(&mut Encoder, &mut [u8]),
    ) -> usize {
        let length = HEADER + octets;
        let Some((header, payload)) = out.get_mut(..length).and_then(|it| it.split_at_mut_checked(HEADER)) else {
            return 0;
        };
        self.header(self.payload_type, marker, self.timestamp, header);
        fill(&mut self.encoder, payload);
        self.count(octets);
        self.skip();
        self.sealed(out, length)
    }

    /// Encrypts the packet in place if the stream is; its length then, 0 when it may not be sent.
    fn sealed(&mut self, out: &mut [u8], length: usize) -> usize {
        match &mut self.srtp {
            Some(srtp) => srtp.rtp(out, length).unwrap_or(0),
            None => length,
        }
    }

    /// Lets a packet's time pass without one.
    pub fn skip(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(u32::from(self.packet_ticks) * self.clock());
    }

    /// Ticks of the RTP clock in one of 8 kHz.
    fn clock(&self) -> u32 {
        self.codec().clock_hz() / RATE_HZ
    }

    /// Begins a digit under the payload type negotiated for them; it takes the place of audio
    /// for `hold_ms` (rounded up to packets, two at least). False when it is no key, or one is
    /// being pressed already.
    pub fn press(&mut self, digit: char, payload_type: u8, hold_ms: u16) -> bool {
        let Some(code) = keypad::code(digit) else {
            return false;
        };
        if self.press.is_some() {
            return false;
        }
        let ticks = hold_ms.min(8_000).div_ceil(self.packet_ticks / 8).max(2);
        self.press = Some(Press { payload_type, code, began: self.timestamp, ticks_done: 0, ticks });
        true
    }

    /// True until the digit's last packet is out.
    pub fn is_pressing(&self) -> bool {
        self.press.is_some()
    }

    /// Makes this tick's packets of the digit and lets their time pass: the start three times, then
    /// one a tick, the end three times.
    pub fn digit_tick(&mut self, mut send: impl FnMut(&[u8])) {
        let Some(mut press) = self.press else { return };
        let first = press.ticks_done == 0;
        press.ticks_done += 1;
        let last = press.ticks_done >= press.ticks;
        for repeat in 0..if first || last { REPEATS } else { 1 } {
            let mut out = [0; HEADER + 4 + MOST_ADDED];
            let Some((header, event)) = out.get_mut(..HEADER + 4).and_then(|it| it.split_at_mut_checked(HEADER)) else {
                return;
            };
            self.header(press.payload_type, first && repeat == 0, press.began, header);
            // In ticks of the audio's clock (RFC 4733, 2.1), also where their payload type says 8 kHz.
            let clock = self.clock() as u16;
            let [high, low] = press.ticks_done.saturating_mul(self.packet_ticks).saturating_mul(clock).to_be_bytes();
            let end = if last { 0x80 } else { 0 };
            event.copy_from_slice(&[press.code, end | VOLUME, high, low]);
            self.count(4);
            let length = self.sealed(&mut out, HEADER + 4);
            send(out.get(..length).unwrap_or_default());
        }
        self.press = (!last).then_some(press);
        self.skip();
    }

    /// Figures for [`Input::Sent`](super::Input::Sent).
    pub fn sent(&self, now: Now) -> Sent {
        let (rtp_timestamp, clock_hz) = (self.timestamp, self.codec().clock_hz());
        Sent { packets: self.packets, octets: self.octets, rtp_timestamp, clock_hz, at: now }
    }

    fn header(&self, payload_type: u8, marker: bool, timestamp: u32, out: &mut [u8]) {
        let marker = if marker { 0x80 } else { 0 };
        let fields = [0x80, marker | payload_type & 0x7f]
            .into_iter()
            .chain(self.sequence.to_be_bytes())
            .chain(timestamp.to_be_bytes())
            .chain(self.ssrc.to_be_bytes());
        for (octet, field) in out.iter_mut().zip(fields) {
            *octet = field;
        }
    }

    fn count(&mut self, payload: usize) {
        self.sequence = self.sequence.wrapping_add(1);
        self.packets = self.packets.wrapping_add(1);
        self.octets = self.octets.wrapping_add(payload as u32);
    }
}
