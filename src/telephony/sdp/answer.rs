use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use sipx_sdp::fingerprint::Setup;
use sipx_sdp::{Attribute, Direction, MediaDescription, SessionDescription};

use super::read::{Audio, Description, EVENTS, Format, Protection};
use super::{Codec, Fault, Keys, LocalMedia, NegotiatedMedia, Policy, Security, Terms};
use crate::media::named::Named;

/// What we do with Opus (RFC 7587, 6.1): heard up to 8 kHz of sound, spoken up to 4; what is said again for
/// lost packets is heard.
const OPUS: &str = "maxplaybackrate=16000;sprop-maxcapturerate=8000;useinbandfec=1";

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
    let mut security = Security::new(Policy::Optional, &[0; Security::RANDOM]);
    // Whose it is does not matter here.
    security.fingerprint = offer.audio().find_map(|(_, audio)| audio.handshake()).map(|(theirs, _)| theirs);
    choose(offer, &Codec::ALL, &security, Ipv4Addr::UNSPECIFIED.into()).map(|_| ())
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
    let Chosen { index, audio, format, shield } = choose(offer, &local.codecs, &local.security, fallback)?;
    let media = settled(&audio, format, local.address, fallback, shield.secrets())?;
    let mut session = SessionDescription::new(local.address.ip(), session_id, version);
    if let Some(timing) = offer.0.timing.first() {
        // RFC 3264, 6: the t= line of the answer must equal that of the offer.
        session.timing = vec![*timing];
    }
    let accepted = accepted(local.address, &media, &audio, &shield.lines(&audio));
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
    shield: Shield,
}

/// How a stream is protected, as both sides agree.
enum Shield {
    None,
    /// Our `a=crypto` line and the keys of both sides.
    Described(String, Keys),
    /// Our certificate's fingerprint, and the handshake.
    Handshake(String, Terms),
}

impl Shield {
    fn secrets(&self) -> (Option<Keys>, Option<Terms>) {
        match self {
            Shield::None => (None, None),
            Shield::Described(_, keys) => (Some(*keys), None),
            Shield::Handshake(_, terms) => (None, Some(terms.clone())),
        }
    }

    /// The attributes that say so.
    fn lines(&self, audio: &Audio<'_>) -> Vec<Attribute> {
        match self {
            Shield::None => Vec::new(),
            Shield::Described(line, _) => vec![Attribute::valued("crypto", line.clone())],
            Shield::Handshake(fingerprint, terms) => {
                let setup = if terms.active { "active" } else { "passive" };
                let mut lines = handshake(fingerprint, setup);
                lines.extend(audio.is_multiplexed().then(|| Attribute::flag("rtcp-mux")));
                lines
            }
        }
    }
}

/// What a description says of a handshake (RFC 8122, RFC 4145).
pub(super) fn handshake(fingerprint: &str, setup: &str) -> Vec<Attribute> {
    vec![Attribute::valued("fingerprint", fingerprint), Attribute::valued("setup", setup)]
}

/// Our side of the handshake that an offer asks for.
fn answered(audio: &Audio<'_>, security: &Security, signalling: IpAddr) -> Result<Shield, Fault> {
    let ours = security.fingerprint.as_ref().ok_or(Fault::Handshake)?;
    let (theirs, setup) = audio.handshake().ok_or(Fault::Handshake)?;
    let known = security.shaken.as_ref().filter(|shaken| shaken.theirs == theirs);
    let active = match (setup, known) {
        // Of both that are left to us: as it was, or we begin (RFC 5763, 5) unless they must reach us first.
        (Some(Setup::ActPass), Some(known)) => known.active,
        (Some(Setup::ActPass), None) => !Named::new(audio.address(signalling), signalling).is_hidden(),
        (Some(Setup::Passive), _) => true,
        // RFC 4145, 4: without a word, whoever offers begins.
        (Some(Setup::Active) | None, _) => false,
        (Some(Setup::HoldConn), _) => return Err(Fault::Handshake),
    };
    Ok(Shield::Handshake(ours.to_value(), Terms { active, theirs }))
}

/// The first stream that can be taken; one that is encrypted before one that is not.
fn choose<'a>(
    offer: &'a Description,
    codecs: &[Codec],
    security: &Security,
    signalling: IpAddr,
) -> Result<Chosen<'a>, Fault> {
    let mut fault = Fault::NoAudio;
    for secure in [true, false] {
        for (index, audio) in offer.audio().filter(|(_, audio)| (audio.protection != Protection::None) == secure) {
            let shield = match (audio.protection, security.policy) {
                (Protection::None, Policy::Required) => Err(Fault::NotSecured),
                (Protection::None, _) => Ok(Shield::None),
                (_, Policy::Off) => continue,
                (Protection::Described, _) => {
                    security.answer(audio.crypto()).map(|(line, keys)| Shield::Described(line, keys))
                }
                (Protection::Handshake, _) => answered(&audio, security, signalling),
            };
            match (audio.first_common(codecs), shield) {
                (Some(format), Ok(shield)) => return Ok(Chosen { index, audio, format, shield }),
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
    (srtp, dtls): (Option<Keys>, Option<Terms>),
) -> Result<NegotiatedMedia, Fault> {
    let remote = audio.address(fallback);
    // RFC 3264, 8.4: the zero address is the old way to hold; nothing may be sent.
    let held = remote.ip().is_unspecified();
    if remote.ip().is_multicast() || (!held && remote.is_ipv4() != local.is_ipv4()) {
        return Err(Fault::Address);
    }
    let theirs = audio.direction();
    let muxed = dtls.is_some() && audio.is_multiplexed();
    let remote_rtcp = if muxed { remote } else { audio.rtcp_address(remote) };
    Ok(NegotiatedMedia {
        remote,
        signalling: fallback,
        remote_rtcp,
        codec: format.codec,
        payload_type: format.payload_type,
        dtmf_payload_type: audio.telephone_events(format.codec.clock_hz()).map(|(number, _)| number),
        ptime_ms: audio.ptime_ms(),
        srtp,
        dtls: dtls.map(Box::new),
        send: theirs.receives() && !held,
        receive: theirs.sends(),
    })
}

fn accepted(local: SocketAddr, media: &NegotiatedMedia, audio: &Audio<'_>, shield: &[Attribute]) -> MediaDescription {
    let mut formats = vec![(media.payload_type, coded(media.codec))];
    let events = audio.telephone_events(media.codec.clock_hz());
    formats.extend(events.map(|(number, clock_hz)| (number, format!("{EVENTS}/{clock_hz}"))));
    stream(local, &formats, (audio.protocol(), shield), direction(media.send, media.receive))
}

/// A codec as an `a=rtpmap` line has it.
pub(super) fn coded(codec: Codec) -> String {
    let channels = if codec.channels() > 1 { format!("/{}", codec.channels()) } else { String::new() };
    format!("{}/{}{channels}", codec.name(), codec.clock_hz())
}

/// Our m-line: these payload types, 20 ms a packet; its protocol, and how it is protected.
pub(super) fn stream(
    local: SocketAddr,
    formats: &[(u8, String)],
    (protocol, shield): (&str, &[Attribute]),
    direction: Direction,
) -> MediaDescription {
    let numbers = formats.iter().map(|(number, _)| number.to_string()).collect();
    let mut stream = MediaDescription::audio(local.port(), numbers);
    stream.protocol = protocol.into();
    stream.attributes.extend_from_slice(shield);
    for (number, encoding) in formats {
        stream.attributes.push(Attribute::valued("rtpmap", format!("{number} {encoding}")));
        let about = match encoding.split('/').next() {
            Some(EVENTS) => Some("0-15"), // the sixteen keys of RFC 4733, 3.2
            Some("opus") => Some(OPUS),
            _ => None,
        };
        stream.attributes.extend(about.map(|about| Attribute::valued("fmtp", format!("{number} {about}"))));
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
