use std::net::IpAddr;

use sipx_sdp::fingerprint::Setup;
use sipx_sdp::{Attribute, Direction, SessionDescription};

use super::answer::{coded, handshake, settled, stream};
use super::read::{Description, EVENTS, Protection};
use super::{Codec, Fault, LocalMedia, NegotiatedMedia, Policy, Terms};

/// The payload types under which we offer telephone-events, at 8 and at 48 kHz.
const TELEPHONE_EVENTS: u8 = 101;
const OPUS_EVENTS: u8 = 102;

/// Our offer: one audio stream with these codecs in this order, and telephone-events. Where
/// encryption is required it is RTP/SAVP with a key for every suite, or with a handshake.
pub fn offer(local: &LocalMedia, (session_id, version): (u64, u64)) -> String {
    let mut formats: Vec<(u8, String)> = Vec::with_capacity(local.codecs.len() + 2);
    for codec in &local.codecs {
        let format = (codec.payload_type(), coded(*codec));
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let any = |opus: bool| local.codecs.iter().find(|codec| (**codec == Codec::Opus) == opus);
    for (payload_type, codec) in [(TELEPHONE_EVENTS, any(false)), (OPUS_EVENTS, any(true))] {
        formats.extend(codec.map(|codec| (payload_type, format!("{EVENTS}/{}", codec.clock_hz()))));
    }
    let (protocol, shield) = match (local.security.policy, local.offered_handshake()) {
        (Policy::Required, Some(fingerprint)) => {
            let mut lines = handshake(&fingerprint.to_value(), "actpass");
            lines.push(Attribute::flag("rtcp-mux"));
            ("UDP/TLS/RTP/SAVP", lines)
        }
        (Policy::Required, None) => {
            let lines = local.security.offer().into_iter().map(|line| Attribute::valued("crypto", line));
            ("RTP/SAVP", lines.collect())
        }
        _ => ("RTP/AVP", Vec::new()),
    };
    let mut session = SessionDescription::new(local.address.ip(), session_id, version);
    session.media = vec![stream(local.address, &formats, (protocol, &shield), Direction::SendRecv)];
    session.to_string_sdp()
}

/// What the answer to our [`offer`] settles. Only its first m-line can answer ours.
pub fn settle(answer: &Description, local: &LocalMedia, fallback: IpAddr) -> Result<NegotiatedMedia, Fault> {
    let (index, audio) = answer.audio().next().ok_or(Fault::NoAudio)?;
    if index != 0 {
        return Err(Fault::NoAudio);
    }
    let format = audio.first_common(&local.codecs).ok_or(Fault::NoCodec)?;
    let handshake = local.offered_handshake().is_some();
    let secrets = match (local.security.policy == Policy::Required, audio.protection) {
        (true, Protection::Described) if !handshake => (Some(local.security.settle(audio.crypto())?), None),
        (true, Protection::Handshake) if handshake => {
            let (theirs, setup) = audio.handshake().ok_or(Fault::Handshake)?;
            let active = match setup {
                Some(Setup::Passive) | None => true, // RFC 4145, 4: without a word, whoever answers waits
                Some(Setup::Active) => false,
                Some(Setup::ActPass | Setup::HoldConn) => return Err(Fault::Handshake),
            };
            (None, Some(Terms { active, theirs }))
        }
        (true, Protection::None) => return Err(Fault::NotSecured),
        (false, Protection::None) => (None, None),
        _ => return Err(Fault::NoAudio), // RFC 3264 6: the transport must be the offer's
    };
    settled(&audio, format, local.address, fallback, secrets)
}
