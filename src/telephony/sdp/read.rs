use std::net::{IpAddr, SocketAddr};

use sipx_sdp::answer::setup_of;
use sipx_sdp::fingerprint::{Fingerprint, HashFunc, Setup};
use sipx_sdp::rtpmap::Rtpmap;
use sipx_sdp::{Direction, MediaDescription, SessionDescription};

use super::{Codec, Fault};
use crate::media::RATE_HZ;

/// More m-lines than this are not answered one by one: the answer would grow with the offer.
const MAX_STREAMS: usize = 16;

/// Keys as events (RFC 4733).
pub(super) const EVENTS: &str = "telephone-event";

/// A session description that was read.
#[derive(Debug, Clone)]
pub struct Description(pub(super) SessionDescription);

/// Reads a session description, tolerating what shipping devices send: bare LF, blank lines
/// first, an `o=` line that is not numeric.
pub fn read(body: &[u8]) -> Result<Description, Fault> {
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start();
    let session = match sipx_sdp::parse(text) {
        Ok(session) => session,
        Err(_) => sipx_sdp::parse(&with_plain_origin(text)).map_err(|_| Fault::Unreadable)?,
    };
    if session.media.len() > MAX_STREAMS {
        return Err(Fault::TooManyStreams);
    }
    Ok(Description(session))
}

/// Old Cisco phones write `o=Cisco-SIPUA (null) (null) ...`, and the origin decides nothing here.
fn with_plain_origin(text: &str) -> String {
    text.lines()
        .map(|line| if line.starts_with("o=") { "o=- 0 0 IN IP4 0.0.0.0" } else { line })
        .flat_map(|line| [line, "\r\n"])
        .collect()
}

/// The audio of an m-line that we can speak.
pub(super) struct Audio<'a> {
    stream: &'a MediaDescription,
    session: &'a SessionDescription,
    pub protection: Protection,
}

/// How an m-line protects its audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protection {
    /// RTP/AVP: not at all.
    None,
    /// RTP/SAVP with keys in the description (RFC 4568).
    Described,
    /// With keys by a handshake (RFC 5764); also RTP/SAVP with a fingerprint and no key, which some write.
    Handshake,
}

/// What an m-line names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format {
    pub codec: Codec,
    pub payload_type: u8,
}

impl Description {
    /// The m-lines that could be an RTP audio stream, with their index.
    pub(super) fn audio(&self) -> impl Iterator<Item = (usize, Audio<'_>)> {
        self.0.media.iter().enumerate().filter_map(|(index, stream)| {
            let protection = self.protection(stream)?;
            let audio = stream.media.eq_ignore_ascii_case("audio") && !stream.is_rejected();
            audio.then_some((index, Audio { stream, session: &self.0, protection }))
        })
    }

    fn protection(&self, stream: &MediaDescription) -> Option<Protection> {
        let keyed = stream.attributes.iter().any(|line| line.name.eq_ignore_ascii_case("crypto"));
        let proved = !keyed && fingerprint(&self.0, stream).is_some();
        match stream.protocol.to_ascii_uppercase().as_str() {
            "RTP/AVP" => Some(Protection::None),
            "UDP/TLS/RTP/SAVP" | "UDP/TLS/RTP/SAVPF" => Some(Protection::Handshake),
            "RTP/SAVP" | "RTP/SAVPF" if proved => Some(Protection::Handshake),
            "RTP/SAVP" => Some(Protection::Described),
            _ => None,
        }
    }
}

/// The strongest of those told for a stream, or for all; none weaker than SHA-256 (RFC 8122, 5).
fn fingerprint(session: &SessionDescription, stream: &MediaDescription) -> Option<Fingerprint> {
    [&stream.attributes, &session.attributes].into_iter().find_map(|attributes| {
        let values =
            attributes.iter().filter(|line| line.name == "fingerprint").filter_map(|line| line.value.as_deref());
        let strong =
            values.filter_map(Fingerprint::parse).filter(|it| it.digest.len() >= HashFunc::Sha256.digest_len());
        strong.max_by_key(|fingerprint| fingerprint.digest.len())
    })
}

impl Audio<'_> {
    /// The other end's certificate, and who is to begin.
    pub(super) fn handshake(&self) -> Option<(Fingerprint, Option<Setup>)> {
        Some((fingerprint(self.session, self.stream)?, setup_of(self.session, self.stream)))
    }

    /// The m-line's own words for its transport.
    pub(super) fn protocol(&self) -> &str {
        &self.stream.protocol
    }

    /// RTP and RTCP on one port (RFC 5761).
    pub(super) fn is_multiplexed(&self) -> bool {
        self.stream.attribute("rtcp-mux").is_some()
    }

    /// The first format, in the order written, that is one of `codecs`.
    pub(super) fn first_common(&self, codecs: &[Codec]) -> Option<Format> {
        self.payload_types().find_map(|(payload_type, text)| {
            let codec = self.codec(payload_type, text)?;
            codecs.contains(&codec).then_some(Format { codec, payload_type })
        })
    }

    /// The payload type of telephone-events at this clock, and the clock; at 8 kHz where there is none at
    /// this one, as many telephones have it beside Opus. Its number is dynamic: 101 is only a habit, and
    /// some devices use 101 for something else.
    pub(super) fn telephone_events(&self, clock_hz: u32) -> Option<(u8, u32)> {
        let at = |clock_hz| {
            let mut types = self.payload_types();
            types.find_map(|(payload_type, text)| {
                let named = Rtpmap::parse(self.rtpmap(text)?).ok()?;
                (named.encoding().eq_ignore_ascii_case(EVENTS) && named.clock_rate() == clock_hz)
                    .then_some((payload_type, clock_hz))
            })
        };
        at(clock_hz).or_else(|| at(RATE_HZ))
    }

    fn payload_types(&self) -> impl Iterator<Item = (u8, &str)> {
        self.stream.formats.iter().filter_map(|text| {
            let payload_type = text.parse::<u8>().ok().filter(|number| *number < 128)?;
            Some((payload_type, text.as_str()))
        })
    }

    fn codec(&self, payload_type: u8, text: &str) -> Option<Codec> {
        let Some(named) = self.rtpmap(text) else {
            // RFC 3551: static payload types need no rtpmap.
            let mut known = Codec::ALL.into_iter();
            return known.find(|codec| *codec != Codec::Opus && codec.payload_type() == payload_type);
        };
        let named = Rtpmap::parse(named).ok()?;
        Codec::ALL.into_iter().find(|codec| {
            let same = (codec.clock_hz(), u32::from(codec.channels())) == (named.clock_rate(), named.channels());
            same && named.encoding().eq_ignore_ascii_case(codec.name())
        })
    }

    /// Values of the `a=crypto` lines, in order.
    pub(super) fn crypto(&self) -> impl Iterator<Item = &str> {
        let lines = self.stream.attributes.iter().filter(|line| line.name.eq_ignore_ascii_case("crypto"));
        lines.filter_map(|line| line.value.as_deref())
    }

    fn rtpmap(&self, format: &str) -> Option<&str> {
        self.stream.rtpmap(format).map(str::trim)
    }

    /// The direction the peer wrote, on the m-line or for the whole session (RFC 8866, 6.7).
    pub(super) fn direction(&self) -> Direction {
        self.stream.declared_direction().unwrap_or_else(|| self.session.direction())
    }

    /// Where the peer wants RTP. A host name can't be resolved here: `fallback`, where the
    /// signalling came from, stands in until its packets show the true address.
    pub(super) fn address(&self, fallback: IpAddr) -> SocketAddr {
        let connection = self.stream.connection.as_ref().or(self.session.connection.as_ref());
        let ip = connection.and_then(|connection| connection.address.ip()).unwrap_or(fallback);
        SocketAddr::new(ip.to_canonical(), self.stream.port)
    }

    /// Where the peer wants RTCP (RFC 3605), by default one port above RTP.
    pub(super) fn rtcp_address(&self, rtp: SocketAddr) -> SocketAddr {
        let mut rtcp = rtp;
        rtcp.set_port(rtp.port().checked_add(1).unwrap_or(rtp.port()));
        let Some(value) = self.stream.attribute("rtcp").and_then(|line| line.value.as_deref()) else {
            return rtcp;
        };
        let mut words = value.split_whitespace();
        if let Some(port) = words.next().and_then(|word| word.parse().ok()).filter(|port| *port > 0) {
            rtcp.set_port(port);
        }
        if let Some(ip) = words.nth(2).and_then(|word| word.parse::<IpAddr>().ok())
            && !ip.is_multicast()
            && ip.is_ipv4() == rtp.is_ipv4()
        {
            rtcp.set_ip(ip);
        }
        rtcp
    }

    /// Milliseconds of audio the peer wants in a packet: ptime, held to maxptime.
    pub(super) fn ptime_ms(&self) -> u32 {
        let number = |name: &str| {
            let line = self.stream.attribute(name)?;
            line.value.as_deref()?.trim().parse::<u32>().ok()
        };
        let wanted = number("ptime").unwrap_or(20).min(number("maxptime").unwrap_or(60));
        (wanted / 10 * 10).clamp(10, 60)
    }
}
