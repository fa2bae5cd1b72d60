use std::net::IpAddr;

use sipx_sdp::{Direction, SessionDescription};

use super::answer::{settled, stream};
use super::read::Description;
use super::{Codec, Fault, LocalMedia, NegotiatedMedia, Policy};

/// The payload type under which we offer telephone-events.
const TELEPHONE_EVENTS: u8 = 101;

/// Our offer: one audio stream with these codecs in this order, and telephone-events. Where
/// encryption is required it is RTP/SAVP with a key for every suite.
pub fn offer(local: &LocalMedia, (session_id, version): (u64, u64)) -> String {
    let mut formats: Vec<(u8, &str)> = Vec::with_capacity(local.codecs.len() + 1);
    for codec in &local.codecs {
        let format = (codec.payload_type(), Codec::name(*codec));
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    formats.push((TELEPHONE_EVENTS, "telephone-event"));
    let crypto = if local.security.policy == Policy::Required { local.security.offer() } else { Vec::new() };
    let mut session = SessionDescription::new(local.address.ip(), session_id, version);
    session.media = vec![stream(local.address, &formats, &crypto, Direction::SendRecv)];
    session.to_string_sdp()
}

/// What the answer to our [`offer`] settles. Only its first m-line can answer ours.
pub fn settle(answer: &Description, local: &LocalMedia, fallback: IpAddr) -> Result<NegotiatedMedia, Fault> {
    let (index, audio) = answer.audio().next().ok_or(Fault::NoAudio)?;
    if index != 0 {
        return Err(Fault::NoAudio);
    }
    let format = audio.first_common(&local.codecs).ok_or(Fault::NoCodec)?;
    let keys = match (local.security.policy == Policy::Required, audio.secure) {
        (true, true) => Some(local.security.settle(audio.crypto())?),
        (true, false) => return Err(Fault::NotSecured),
        (false, true) => return Err(Fault::NoAudio), // RFC 3264 6: the transport must be the offer's
        (false, false) => None,
    };
    settled(&audio, format, local.address, fallback, keys)
}
