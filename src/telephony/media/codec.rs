use super::{g711, g722};

/// How speech is coded on the wire. Each octet of all of them is one tick of an RTP clock of
/// 8 kHz, though in G.722 it holds two samples (RFC 3551 4.5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// G.722 at 64 kbit/s: wideband.
    G722,
}

impl Codec {
    /// Every codec, the best first.
    pub const ALL: [Codec; 3] = [Codec::G722, Codec::Pcmu, Codec::Pcma];

    /// The static payload type (RFC 3551, table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
            Codec::G722 => 9,
        }
    }

    /// Name in an `a=rtpmap` line.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
            Codec::G722 => "G722",
        }
    }

    /// Samples that an octet stands for: 1 at 8 kHz, 2 at 16 kHz.
    pub const fn samples_per_octet(self) -> usize {
        match self {
            Codec::Pcmu | Codec::Pcma => 1,
            Codec::G722 => 2,
        }
    }
}

/// Codes what is sent. Allocates nothing.
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
        }
    }
}

/// Decodes what is received, in order.
#[derive(Debug, Clone)]
pub struct Decoder {
    codec: Codec,
    g722: g722::Decoder,
}

impl Decoder {
    /// Has decoded nothing yet.
    pub fn new(codec: Codec) -> Self {
        Self { codec, g722: g722::Decoder::default() }
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Puts the samples of these octets into `samples`: 8 kHz, or 16 kHz of a wideband codec.
    pub fn samples(&mut self, octets: &[u8], samples: &mut Vec<i16>) {
        samples.clear();
        match self.codec {
            Codec::Pcmu => samples.extend(octets.iter().map(|octet| g711::decode_ulaw(*octet))),
            Codec::Pcma => samples.extend(octets.iter().map(|octet| g711::decode_alaw(*octet))),
            Codec::G722 => samples.extend(octets.iter().flat_map(|octet| self.g722.wide(*octet))),
        }
    }
}
