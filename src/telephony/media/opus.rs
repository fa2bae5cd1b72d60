//! Opus (RFC 6716) as telephones have it (RFC 7587): one channel. On the wire its clock is 48 kHz
//! whatever is in it; here it is heard at 16 kHz, and spoken at the 8 kHz that voices have.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ropus::{Application, Bitrate, Channels, DecodeMode, Decoder, InbandFec};

/// RTP ticks of Opus in one of ours, at 8 kHz.
pub(super) const TICKS: u32 = 6;
/// The longest packet there is: 120 ms at 16 kHz.
const MOST_SAMPLES: usize = 1_920;
/// Clear speech at 8 kHz, with room for what repairs a lost packet.
const BITS_A_SECOND: u32 = 20_000;
/// How much is thought about each frame, of 10: more costs twice as much and is hardly heard.
const COMPLEXITY: u8 = 5;
/// Loss that is reckoned with: so much is said twice that one lost packet in ten is no gap.
const LOSS_PERCENT: u8 = 10;

/// The longest packet that an [`Encoder`] makes: 60 ms.
pub const LONGEST: usize = 480;

/// Codes what is sent. Allocates: it is not for the pacer's thread.
pub struct Encoder(ropus::Encoder);

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoder(opus)")
    }
}

impl Encoder {
    /// Has coded nothing yet; `None` where there is no memory for it.
    pub fn new() -> Option<Self> {
        let encoder = ropus::Encoder::builder(8_000, Channels::Mono, Application::Voip)
            .bitrate(Bitrate::Bits(BITS_A_SECOND))
            .complexity(COMPLEXITY)
            .inband_fec(InbandFec::Enabled)
            .packet_loss_perc(LOSS_PERCENT);
        encoder.build().ok().map(Self)
    }

    /// Codes 10, 20, 40 or 60 ms at 8 kHz into `out`; how many octets, 0 where that can't be done.
    pub fn packet(&mut self, samples: &[i16], out: &mut [u8; LONGEST]) -> usize {
        self.0.encode(samples, out).unwrap_or_default()
    }
}

/// Decodes what is received, at 16 kHz.
pub(super) struct Ear {
    decoder: Option<Decoder>,
    samples: Box<[i16; MOST_SAMPLES]>,
}

impl fmt::Debug for Ear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ear(opus)")
    }
}

impl Ear {
    pub fn new() -> Self {
        Self { decoder: Decoder::new(16_000, Channels::Mono).ok(), samples: Box::new([0; MOST_SAMPLES]) }
    }

    /// The samples of a packet; none where it is broken.
    pub fn hear(&mut self, packet: &[u8]) -> &[i16] {
        self.decode(packet, MOST_SAMPLES, DecodeMode::Normal)
    }

    /// So many ticks that were lost just before a packet, as that one repeats them; where it does
    /// not, they are made up.
    pub fn recover(&mut self, packet: &[u8], ticks: u32) -> &[i16] {
        self.decode(packet, 2 * ticks as usize, DecodeMode::Fec)
    }

    /// So many ticks that nothing repeats, made up.
    pub fn make_up(&mut self, ticks: u32) -> &[i16] {
        self.decode(&[], 2 * ticks as usize, DecodeMode::Normal)
    }

    fn decode(&mut self, packet: &[u8], room: usize, mode: DecodeMode) -> &[i16] {
        let (Some(samples), Some(decoder)) = (self.samples.get_mut(..room), &mut self.decoder) else { return &[] };
        // A decoder that breaks down at a packet costs this packet, not the call.
        let decoded = catch_unwind(AssertUnwindSafe(|| decoder.decode(packet, samples, mode)));
        let count = match decoded {
            Ok(decoded) => decoded.unwrap_or_default(),
            Err(_) => {
                *self = Self::new();
                0
            }
        };
        self.samples.get(..count).unwrap_or_default()
    }
}

/// What a packet stands for, in ticks of 8 kHz (RFC 6716, 3.1); `None` for one that is none, or longer
/// than a packet may be.
pub(super) fn ticks(packet: &[u8]) -> Option<u32> {
    let first = *packet.first()?;
    let frame = match (first >> 3, first >> 3 & 3) {
        (0..=11, 3) => 480,
        (0..=11, length) => 80 << length,
        (12..=15, length) => 80 << (length & 1),
        (_, length) => 20 << length,
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|ticks| (1..=960).contains(ticks))
}

/// Whether a packet says again what the one before it said (RFC 6716, 4.2.4); asked of one frame of speech,
/// as all packets for telephones are.
pub(super) fn repeats(packet: &[u8]) -> bool {
    let [first, frame, ..] = *packet else { return false };
    let parts = match (first >> 3, first >> 3 & 3) {
        (0..=11, 2) => 2,
        (0..=11, 3) => 3,
        (0..=15, _) => 1,
        _ => return false,
    };
    // After the flags of its parts of 20 ms, whether somebody speaks in each.
    first & 3 == 0 && frame >> (7 - parts) & 1 == 1
}

/// Nothing but "nobody speaks" (RFC 6716, 2.1.9): what comes is noise of the line until somebody does.
pub(super) fn is_silence(packet: &[u8]) -> bool {
    packet.len() <= 2
}

/// Timestamps of 48 kHz as ones of 8 kHz that never leap where the others do not.
#[derive(Debug, Default)]
pub(super) struct Clock {
    theirs: u32,
    ours: u32,
}

impl Clock {
    pub fn ticks(&mut self, timestamp: u32) -> u32 {
        let whole = (timestamp.wrapping_sub(self.theirs) as i32).div_euclid(TICKS as i32);
        self.theirs = self.theirs.wrapping_add_signed(whole * TICKS as i32);
        self.ours = self.ours.wrapping_add_signed(whole);
        self.ours
    }
}
