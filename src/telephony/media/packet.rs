use rtp_rs::RtpReader;

use super::{Codec, Peer};

/// Nothing a telephone sends is longer than an Ethernet frame.
pub(super) const LONGEST: usize = 1_500;
/// Comfort noise (RFC 3389) has this static payload type (RFC 3551, table 4).
const COMFORT_NOISE: u8 = 13;

/// An RTP packet that this call can use.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub body: Body,
}

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// As it came: a codec with a memory must decode in order.
    Audio(Codec, Vec<u8>),
    /// Comfort noise: the other side pauses sending because nobody speaks.
    Silence,
    Event(Event),
}

/// RFC 4733 2.3.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event {
    pub code: u8,
    pub end: bool,
    /// In RTP clock ticks.
    pub duration: u16,
}

/// True when a datagram on the RTP port is RTCP (RFC 5761 4).
pub(super) fn is_rtcp(bytes: &[u8]) -> bool {
    matches!(bytes.get(1), Some(192..=223))
}

/// Parses what the peer may send; `None` for everything else.
pub(super) fn parse(mut bytes: Vec<u8>, peer: &Peer) -> Option<Packet> {
    if bytes.len() > LONGEST {
        return None;
    }
    let rtp = RtpReader::new(&bytes).ok()?;
    let (ssrc, sequence, timestamp) = (rtp.ssrc(), rtp.sequence_number().into(), rtp.timestamp());
    let (payload_type, payload) = (rtp.payload_type(), rtp.payload());
    let body = match peer.codecs.iter().find(|(known, _)| *known == payload_type) {
        Some((_, codec)) if codec.ticks(payload).is_none() => return None,
        Some((_, codec)) => {
            // The same memory goes on as the payload.
            let (begin, length) = (payload.as_ptr().addr() - bytes.as_ptr().addr(), payload.len());
            bytes.truncate(begin + length);
            bytes.drain(..begin);
            Body::Audio(*codec, bytes)
        }
        None => without_audio(payload_type, payload, peer)?,
    };
    Some(Packet { ssrc, sequence, timestamp, body })
}

fn without_audio(payload_type: u8, payload: &[u8], peer: &Peer) -> Option<Body> {
    if peer.digits == Some(payload_type) {
        return event(payload).map(Body::Event);
    }
    (payload_type == COMFORT_NOISE).then_some(Body::Silence)
}

fn event(payload: &[u8]) -> Option<Event> {
    let [code, flags, high, low, ..] = *payload else {
        return None;
    };
    Some(Event { code, end: flags & 0x80 != 0, duration: u16::from_be_bytes([high, low]) })
}
