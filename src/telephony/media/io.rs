use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::srtp::Keys;
use super::timeline::Cut;
use super::{Codec, Frame, Sent, Statistics, WideFrame};

/// What signalling settled about the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Where it says it receives RTP.
    pub rtp: SocketAddr,
    /// Where its signalling comes from: behind an address translator its audio comes from there too.
    pub signalling: IpAddr,
    /// Where it says it receives RTCP; the same as `rtp` when both are multiplexed (RFC 5761).
    pub rtcp: SocketAddr,
    /// Payload types it may send, each with its codec.
    pub codecs: Vec<(u8, Codec)>,
    /// Payload type of keypad digits (RFC 4733), if negotiated.
    pub digits: Option<u8>,
    /// Keys of SRTP, if the stream is encrypted: what is not authentic is then dropped unheard.
    pub srtp: Option<Keys>,
    /// False while it need not send (on hold): silence is then no lost line.
    pub sends: bool,
}

impl Peer {
    /// Every codec under its usual payload type, digits under 101, RTCP one port up, signalling
    /// from the same address.
    pub fn usual(rtp: SocketAddr) -> Self {
        let mut rtcp = rtp;
        rtcp.set_port(rtp.port().saturating_add(1));
        let codecs = Codec::ALL.map(|codec| (codec.payload_type(), codec)).to_vec();
        Self { rtp, signalling: rtp.ip(), rtcp, codecs, digits: Some(101), srtp: None, sends: true }
    }
}

/// What the owner settles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Our own synchronisation source, the same as the sender's.
    pub ssrc: u32,
    /// Our name in RTCP (RFC 7022: random, not a person or host); at most 255 octets.
    pub cname: String,
    /// No packet for this long, and the line is lost.
    pub media_timeout: Duration,
    /// No packet for this long, and another source may take the voice's place.
    pub relatch_after: Duration,
    /// Seed of the report interval.
    pub seed: u64,
}

impl Settings {
    /// A lost line after 20 s, a new source after 3 s.
    pub fn new(ssrc: u32, cname: impl Into<String>, seed: u64) -> Self {
        Self {
            ssrc,
            cname: cname.into(),
            media_timeout: Duration::from_secs(20),
            relatch_after: Duration::from_secs(3),
            seed,
        }
    }
}

/// What the world tells a receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A datagram on the RTP port.
    Rtp {
        /// Source address.
        from: SocketAddr,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// A datagram on the RTCP port.
    Rtcp {
        /// Source address.
        from: SocketAddr,
        /// All of it.
        bytes: Vec<u8>,
    },
    /// Figures of the sender, for the next report. Once a second is plenty.
    Sent(Sent),
    /// Signalling tells a key (SIP INFO). It comes out as [`Output::Digit`], unless the audio told it too.
    Keyed(char),
    /// Signalling changed what the other side sends, or where it is.
    Retarget(Peer),
    /// The call is over: say goodbye. Nothing is heard after it.
    End,
}

/// What a receiver wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// The next 20 ms of what the other side sends.
    Audio {
        /// 8 kHz, mono.
        samples: Box<Frame>,
        /// The same at 16 kHz, where it came so.
        wide: Option<Box<WideFrame>>,
        /// True when any of it is made up for audio that did not come.
        concealed: bool,
    },
    /// A key was pressed: one of `0-9*#A-D`, once a press.
    Digit {
        /// The key.
        digit: char,
    },
    /// Send RTP here from now on. Before the first of these, send to [`Peer::rtp`].
    RemoteChanged {
        /// Where.
        rtp: SocketAddr,
    },
    /// Send this from the RTCP port (from the RTP port when multiplexed).
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// RTCP.
        bytes: Vec<u8>,
    },
    /// Nothing has come for the configured time. Said once, until [`Output::MediaBack`].
    MediaLost,
    /// Packets come again.
    MediaBack,
    /// How the line fares; with every report and at the end.
    Statistics(Statistics),
}

impl From<Cut> for Output {
    fn from(Cut { samples, wide, concealed }: Cut) -> Self {
        Output::Audio { samples, wide, concealed }
    }
}
