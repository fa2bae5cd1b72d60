use super::g711;

/// How speech is coded on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
}

impl Codec {
    /// The static payload type (RFC 3551, table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Codec::Pcmu => 0,
            Codec::Pcma => 8,
        }
    }

    /// Name in an `a=rtpmap` line.
    pub const fn name(self) -> &'static str {
        match self {
            Codec::Pcmu => "PCMU",
            Codec::Pcma => "PCMA",
        }
    }

    /// One sample of an octet.
    pub fn decode(self, octet: u8) -> i16 {
        match self {
            Codec::Pcmu => g711::decode_ulaw(octet),
            Codec::Pcma => g711::decode_alaw(octet),
        }
    }

    /// The octet of one sample.
    pub fn encode(self, sample: i16) -> u8 {
        match self {
            Codec::Pcmu => g711::encode_ulaw(sample),
            Codec::Pcma => g711::encode_alaw(sample),
        }
    }
}
