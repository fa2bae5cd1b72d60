//! Everything that reads the network, one door each, with honest messages to begin from. Shared
//! by the mutation test, by `cargo bench --bench mutate` and by the fuzz targets.
#![allow(dead_code, clippy::expect_used)]

mod doors;
mod handshakes;
mod mutate;
mod seeds;

pub use doors::Doors;
pub use mutate::mutate;
pub use seeds::seeds;

/// What is knocked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// SIP as datagrams.
    Sip,
    /// SIP on a connection, in pieces.
    Stream,
    /// URIs, in every place of an INVITE, and dialled.
    Uri,
    /// Session descriptions, as offers and as answers.
    Sdp,
    /// RTP with speech.
    Rtp,
    /// RTCP.
    Rtcp,
    /// Keypad digits (RFC 4733).
    Digits,
    /// SRTP and SRTCP, forged and authentic.
    Srtp,
    /// Digests: proofs of those who call us, and challenges to calls of ours.
    Digest,
    /// Handshakes for keys of SRTP (DTLS), in each of their states.
    Dtls,
    /// What is in packets of Opus.
    Opus,
}

impl Door {
    /// Each.
    pub const ALL: [Door; 11] = [
        Door::Sip,
        Door::Stream,
        Door::Uri,
        Door::Sdp,
        Door::Rtp,
        Door::Rtcp,
        Door::Digits,
        Door::Srtp,
        Door::Digest,
        Door::Dtls,
        Door::Opus,
    ];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Door::Sip => "sip",
            Door::Stream => "stream",
            Door::Uri => "uri",
            Door::Sdp => "sdp",
            Door::Rtp => "rtp",
            Door::Rtcp => "rtcp",
            Door::Digits => "digits",
            Door::Srtp => "srtp",
            Door::Digest => "digest",
            Door::Dtls => "dtls",
            Door::Opus => "opus",
        }
    }
}
