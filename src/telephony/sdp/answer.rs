use std::net::{IpAddr, SocketAddr};

use sipx_sdp::{Attribute, Direction, MediaDescription, SessionDescription};

use super::read::{Audio, Description, Format};
use super::{Codec, Fault, Keys, LocalMedia, NegotiatedMedia, Policy, Security};

/// An answer and what it settles.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The answer, to be sent.
    pub description: String,
    /// What holds from now on.
    pub media: NegotiatedMedia,
}

/// Whether an offer has a stream that could be answered at all; asked before anything rings.
pub fn acceptable(offer: &Description) -> Result<(), Fault> {
    choose(offer, &Codec::ALL, &Security::new(Policy::Optional, &[0; Security::RANDOM])).map(|_| ())
}

/// Answers an offer (RFC 3264, 6): one audio stream with the first codec in common in the
/// offerer's order, every other m-line kept in its place with port 0. `version` is the `o=`
/// version, to be raised with every change; `fallback` stands in for a host name in `c=`.
pub fn answer(
    offer: &Description,
    local: &LocalMedia,
    (session_id, version): (u64, u64),
    fallback: IpAddr,
) -> Result<Answer, Fault> {
    let Chosen { index, audio, format, crypto } = choose(offer, &local.codecs, &local.security)?;
    let (crypto, keys) = crypto.unzip();
    let media = settled(&audio, format, local.address, fallback, keys)?;
    let mut session = SessionDescription::new(local.address.ip(), session_id, version);
    if let Some(timing) = offer.0.timing.first() {
        // RFC 3264, 6: the t= line of the answer must equal that of the offer.
        session.timing = vec![*timing];
    }
    let accepted = accepted(local.address, &media, crypto.as_slice());
    session.media = offer
        .0
        .media
        .iter()
        .enumerate()
        .map(|(at, stream)| if at == index { accepted.clone() } else { refused(stream) })
        .collect();
    Ok(Answer { description: session.to_string_sdp(), media })
}

/// The stream of an offer that is taken.
struct Chosen<'a> {
    index: usize,
    audio: Audio<'a>,
    format: Format,
    /// Our `a=crypto` line and the keys of both sides, where it is RTP/SAVP.
    crypto: Option<(String, Keys)>,
}

/// The first stream that can be taken; one that is encrypted before one that is not.
fn choose<'a>(offer: &'a Description, codecs: &[Codec], security: &Security) -> Result<Chosen<'a>, Fault> {
    let mut fault = Fault::NoAudio;
    for secure in [true, false] {
        for (index, audio) in offer.audio().filter(|(_, audio)| audio.secure == secure) {
            let crypto = match (secure, security.policy) {
                (true, Policy::Off) => continue,
                (false, Policy::Required) => Err(Fault::NotSecured),
                (true, _) => security.answer(audio.crypto()).map(Some),
                (false, _) => Ok(None),
            };
            match (audio.first_common(codecs), crypto) {
                (Some(format), Ok(crypto)) => return Ok(Chosen { index, audio, format, crypto }),
                (_, Err(why)) => fault = why,
                (None, Ok(_)) => fault = Fault::NoCodec,
            }
        }
    }
    Err(fault)
}

/// What a stream of the peer means for us; used for its offers and its answers alike.
pub(super) fn settled(
    audio: &Audio<'_>,
    format: Format,
    local: SocketAddr,
    fallback: IpAddr,
    srtp: Option<Keys>,
) -> Result<NegotiatedMedia, Fault> {
    let remote = audio.address(fallback);
    // RFC 3264, 8.4: the zero address is the old way to hold; nothing may be sent.
    let held = remote.ip().is_unspecified();
    if remote.ip().is_multicast() || (!held && remote.is_ipv4() != local.is_ipv4()) {
        return Err(Fault::Address);
    }
    let theirs = audio.direction();
    Ok(NegotiatedMedia {
        remote,
        signalling: fallback,
        remote_rtcp: audio.rtcp_address(remote),
        codec: format.codec,
        payload_type: format.payload_type,
        dtmf_payload_type: audio.telephone_events(),
        ptime_ms: audio.ptime_ms(),
        srtp,
        send: theirs.receives() && !held,
        receive: theirs.sends(),
    })
}

fn accepted(local: SocketAddr, media: &NegotiatedMedia, crypto: &[String]) -> MediaDescription {
    let mut formats = vec![(media.payload_type, media.codec.name())];
    formats.extend(media.dtmf_payload_type.map(|number| (number, "telephone-event")));
    stream(local, &formats, crypto, direction(media.send, media.receive))
}

/// Our m-line: these payload types at 8 kHz, 20 ms a packet; RTP/SAVP where there are keys.
pub(super) fn stream(
    local: SocketAddr,
    formats: &[(u8, &str)],
    crypto: &[String],
    direction: Direction,
) -> MediaDescription {
    let numbers = formats.iter().map(|(number, _)| number.to_string()).collect();
    let mut stream = MediaDescription::audio(local.port(), numbers);
    if !crypto.is_empty() {
        stream.protocol = "RTP/SAVP".into();
    }
    stream.attributes.extend(crypto.iter().map(|line| Attribute::valued("crypto", line.clone())));
    for (number, encoding) in formats {
        stream.attributes.push(Attribute::valued("rtpmap", format!("{number} {encoding}/8000")));
        if *encoding == "telephone-event" {
            // The sixteen keys of RFC 4733, 3.2.
            stream.attributes.push(Attribute::valued("fmtp", format!("{number} 0-15")));
        }
    }
    stream.attributes.push(Attribute::valued("ptime", "20"));
    stream.set_direction(direction);
    stream
}

/// RFC 3264, 6: a refused stream stays in its place with port 0 and some format.
fn refused(offered: &MediaDescription) -> MediaDescription {
    MediaDescription {
        media: offered.media.clone(),
        port: 0,
        protocol: offered.protocol.clone(),
        formats: offered.formats.iter().take(1).cloned().collect(),
        connection: None,
        attributes: Vec::new(),
        other: Vec::new(),
    }
}

fn direction(send: bool, receive: bool) -> Direction {
    match (send, receive) {
        (true, true) => Direction::SendRecv,
        (true, false) => Direction::SendOnly,
        (false, true) => Direction::RecvOnly,
        (false, false) => Direction::Inactive,
    }
}
