//! Session descriptions (RFC 8866) and offer/answer (RFC 3264) for one audio stream of
//! G.711, G.722 or Opus with telephone-events. Pure functions: descriptions in, descriptions and [`NegotiatedMedia`] out.
//!
//! # Deliberately absent
//! Video, ICE, BUNDLE, and rtcp-mux but where keys come by a handshake: an m-line that needs one of
//! them is refused with port 0, and an offer with nothing else with [`Fault`], which becomes a 488.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod answer;
mod hold;
mod offer;
mod read;
mod security;

use std::net::{IpAddr, SocketAddr};

pub use crate::media::Codec;
use crate::media::dtls::{Fingerprint, Terms};
use crate::media::srtp::Keys;
pub use answer::{Answer, acceptable, answer};
pub use hold::hold;
pub use offer::{offer, settle};
pub use read::{Description, read};
pub use security::{Policy, Security};

/// Our end of an audio stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive RTP; RTCP is one port above.
    pub address: SocketAddr,
    /// What we speak, in the order in which we offer it.
    pub codecs: Vec<Codec>,
    /// Encryption (RFC 4568).
    pub security: Security,
}

impl LocalMedia {
    /// Without encryption.
    pub fn plain(address: SocketAddr, codecs: Vec<Codec>) -> Self {
        Self { address, codecs, security: Security::default() }
    }

    /// Our certificate's fingerprint, where our offers have a handshake.
    pub(crate) fn offered_handshake(&self) -> Option<&Fingerprint> {
        self.security.fingerprint.as_ref().filter(|_| self.security.offers_handshake)
    }

    /// What was agreed on holds for the rest of the call: once encrypted, always encrypted.
    pub(crate) fn agreed(&mut self, media: &NegotiatedMedia) {
        if media.srtp.is_some() || media.dtls.is_some() {
            self.security.policy = Policy::Required;
            self.security.offers_handshake = media.dtls.is_some();
            self.security.shaken = media.dtls.as_deref().cloned();
        }
    }
}

/// What offer and answer agreed on, from our point of view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedMedia {
    /// Where the peer asked for RTP. Its packets may come from elsewhere (symmetric RTP).
    pub remote: SocketAddr,
    /// Where the peer's signalling comes from.
    pub signalling: IpAddr,
    /// Where the peer asked for RTCP.
    pub remote_rtcp: SocketAddr,
    /// The codec, both ways.
    pub codec: Codec,
    /// The RTP payload type of `codec`.
    pub payload_type: u8,
    /// The RTP payload type of telephone-events (RFC 4733); none was agreed where `None`.
    pub dtmf_payload_type: Option<u8>,
    /// Milliseconds of audio the peer would like in one packet, 10 to 60.
    pub ptime_ms: u32,
    /// Keys of SRTP; `None` where the stream is plain RTP or its keys are yet to come.
    pub srtp: Option<Keys>,
    /// The handshake that brings them.
    pub dtls: Option<Box<Terms>>,
    /// We may send (false while the peer holds us).
    pub send: bool,
    /// The peer may send.
    pub receive: bool,
}

/// Why a description can't be agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Not a session description: 400.
    #[error("the body is not a session description that can be read")]
    Unreadable,
    /// More media lines than an endpoint ever offers.
    #[error("the session description has too many media lines")]
    TooManyStreams,
    /// No m-line of RTP audio.
    #[error("no audio stream that can be taken is offered")]
    NoAudio,
    /// Audio, but nothing we speak.
    #[error("no codec in common: G722, PCMU or PCMA is needed")]
    NoCodec,
    /// Plain RTP, where encryption is required.
    #[error("plain RTP is not taken here: RTP/SAVP with a=crypto is required")]
    NotSecured,
    /// Keys by a handshake that can't be made.
    #[error(
        "no keys by a handshake can be had: a=fingerprint (sha-256) and a=setup are needed, and a certificate here"
    )]
    Handshake,
    /// RTP/SAVP without a key that can be used.
    #[error("no a=crypto line can be used: AES_CM_128_HMAC_SHA1_80 or AEAD_AES_128_GCM, without MKI, is needed")]
    Crypto,
    /// The stream is IPv6 and we are IPv4, or the other way round, or multicast.
    #[error("the media address can't be reached from here")]
    Address,
}
