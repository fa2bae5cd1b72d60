use super::{RATE_HZ, g711, g722, opus};

/// 60 ms, the longest packet time accepted.
const MOST_TICKS: u32 = 480;

/// How speech is coded on the wire. Each octet of all but Opus is one tick of an RTP clock of
/// 8 kHz, though in G.722 it holds two samples (RFC 3551 4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: wideband.
    G722,
    /// Opus: wideband, and what is lost is often said again.
    Opus,
}

impl Codec {
    /// Every codec, the best first.
    pub const ALL: [Codec; 4] = [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// The payload type in our offers: the static one (RFC 3551, table 4), for Opus a dynamic one.
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
            Codec::Opus => 111,
        }
    }

    /// Name in an `a=rtpmap` line.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
            Codec::Opus => "opus",
        }
    }

    /// Samples of a tick of 8 kHz: 1 at 8 kHz, 2 at 16 kHz.
    pub const fn samples_per_tick(self) -> usize {
        match self {
            Codec::Pcmu | Codec::Pcma => 1,
            Codec::G722 | Codec::Opus => 2,
        }
    }

    /// The RTP clock, in hertz.
    pub const fn clock_hz(self) -> u32 {
        match self {
            Codec::Opus => opus::TICKS * RATE_HZ,
            _ => RATE_HZ,
        }
    }

    /// What follows the name in an `a=rtpmap` line: Opus always says two channels (RFC 7587, 4.1).
    pub const fn channels(self) -> u8 {
        match self {
            Codec::Opus => 2,
            _ => 1,
        }
    }

    /// What a payload stands for, in ticks of 8 kHz; `None` for one that can't be, or is too long.
    pub(super) fn ticks(self, payload: &[u8]) -> Option<u32> {
        let ticks = match self {
            Codec::Opus => opus::ticks(payload)?,
            _ => u32::try_from(payload.len()).ok()?,
        };
        Some(ticks).filter(|ticks| (1..=MOST_TICKS).contains(ticks))
    }

    /// A packet's time as near to this one as the codec has it: Opus has no frames of 30 and 50 ms.
    pub const fn packet_ms(self, wanted: u32) -> u32 {
        match (self, wanted) {
            (Codec::Opus, 30) => 20,
            (Codec::Opus, 50) => 40,
            _ => wanted,
        }
    }
}

/// Codes what is sent, but Opus: see [`opus::Encoder`]. Allocates nothing.
#[derive(Debug, Clone)]
pub struct Encoder {
    codec: Codec,
    g722: g722::Encoder,
}

impl Encoder {
    /// Has coded nothing yet.
    pub fn new(codec: Codec) -> Self {
        Self { codec, g722: g722::Encoder::default() }
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The octet of the next sample at 8 kHz.
    pub fn octet(&mut self, sample: i16) -> u8 {
        match self.codec {
            Codec::Pcmu => g711::encode_ulaw(sample),
            Codec::Pcma => g711::encode_alaw(sample),
            Codec::G722 => self.g722.narrow(sample),
            Codec::Opus => 0,
        }
    }
}

/// Decodes what is received, in order.
#[derive(Debug)]
pub struct Decoder {
    codec: Codec,
    g722: g722::Decoder,
    opus: Option<opus::Ear>,
}

impl Decoder {
    /// Has decoded nothing yet.
    pub fn new(codec: Codec) -> Self {
        let opus = (codec == Codec::Opus).then(opus::Ear::new);
        Self { codec, g722: g722::Decoder::default(), opus }
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// What can make up for packets that are lost.
    pub(super) fn opus(&mut self) -> Option<&mut opus::Ear> {
        self.opus.as_mut()
    }

    /// Puts the samples of these octets into `samples`: 8 kHz, or 16 kHz of a wideband codec.
    pub fn samples(&mut self, octets: &[u8], samples: &mut Vec<i16>) {
        samples.clear();
        match self.codec {
            Codec::Pcmu => samples.extend(octets.iter().map(|octet| g711::decode_ulaw(*octet))),
            Codec::Pcma => samples.extend(octets.iter().map(|octet| g711::decode_alaw(*octet))),
            Codec::G722 => samples.extend(octets.iter().flat_map(|octet| self.g722.wide(*octet))),
            Codec::Opus => samples.extend_from_slice(self.opus.as_mut().map_or(&[], |ear| ear.hear(octets))),
        }
    }
}
