use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::identity::Background;
use super::lines::Query;
use super::locate::{Found, Search};
use super::notice::Notice;
use super::reason::Reason;
use super::refer::{ReferTo, Referral};
use crate::sdp::{LocalMedia, NegotiatedMedia};

/// One call of one endpoint; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub(super) u64);

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One TCP connection. The driver numbers those it accepts below 2^63; the endpoint numbers
/// those it asks for with [`Output::Connect`] above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// How SIP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
    /// A stream under TLS.
    Tls,
}

impl Transport {
    /// Its name in a `transport` parameter.
    pub fn word(self) -> &'static str {
        match self {
            Transport::Udp => "udp",
            Transport::Tcp => "tcp",
            Transport::Tls => "tls",
        }
    }

    /// Whether it has connections.
    pub fn is_stream(self) -> bool {
        self != Transport::Udp
    }
}

/// What the outside world tells the endpoint.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant)] // moving a few hundred bytes costs less than boxing each
pub enum Input {
    /// A datagram arrived.
    Datagram {
        /// The address it arrived at.
        local: SocketAddr,
        /// The address it came from.
        from: SocketAddr,
        /// Its payload.
        bytes: Vec<u8>,
    },
    /// Bytes arrived on a connection; the first of them announce it.
    Stream {
        /// Which one.
        connection: ConnectionId,
        /// Our end.
        local: SocketAddr,
        /// The other end.
        from: SocketAddr,
        /// It runs under TLS.
        secure: bool,
        /// As they came: framing is done here.
        bytes: Vec<u8>,
    },
    /// A connection was closed, or one asked for could not be opened.
    StreamClosed {
        /// Which one.
        connection: ConnectionId,
    },
    /// A name was looked up, or could not be.
    Resolved {
        /// From [`Output::Resolve`].
        query: Query,
        /// Where it leads.
        found: Found,
        /// The address of this machine that the first of them is reached from.
        own: Option<IpAddr>,
    },
    /// The application wants something.
    Command(Command),
}

/// What the application wants.
#[derive(Debug, Clone)]
pub enum Command {
    /// Tell the caller that we ring (180).
    Ring {
        /// The call.
        call: CallKey,
    },
    /// Be heard before the call is taken: 183 with our answer, reliably where the caller can
    /// (RFC 3262). Nothing for an INVITE without an offer.
    Progress {
        /// The call.
        call: CallKey,
        /// Our end of the audio; [`Command::Answer`] must give the same.
        media: LocalMedia,
    },
    /// Take the call: 200 with our answer, or with our offer where the INVITE had none.
    Answer {
        /// The call.
        call: CallKey,
        /// Our end of the audio.
        media: LocalMedia,
    },
    /// Refuse the call.
    Reject {
        /// The call.
        call: CallKey,
        /// A final status of 300 to 699; anything else becomes 480.
        status: u16,
        /// Seconds after which another try is welcome.
        retry_after_s: Option<u32>,
    },
    /// End the call, in whatever state it is: BYE, CANCEL, or 480 to an unanswered INVITE.
    HangUp {
        /// The call.
        call: CallKey,
    },
    /// Hold the peer, or let it go: it is told by a re-INVITE (RFC 3264, 8.4), as soon as
    /// nothing stands in the way.
    Hold {
        /// The call.
        call: CallKey,
        /// True to hold.
        held: bool,
    },
    /// Ask the peer to call somebody else in our place (REFER, RFC 3515). What comes of it is
    /// told by [`Event::Referral`]; the call stands until the application hangs up.
    Refer {
        /// The call.
        call: CallKey,
        /// Whom.
        to: ReferTo,
        /// For how long news is waited for.
        within: Duration,
    },
    /// How the call that a peer asked for ([`Event::Refer`]) is going: the status of its
    /// responses, the final one last.
    Referred {
        /// The call in which it was asked.
        call: CallKey,
        /// 100 to 699.
        status: u16,
    },
    /// Place a call.
    Dial {
        /// Comes back in [`Event::Dialled`].
        token: u64,
        /// `sip:user@host:port`. Where the host is the name of a trunk or of an account, the call
        /// goes out by that line, and the next two don't matter. Header fields behind a `?` go
        /// into the INVITE where they are Replaces, Referred-By, User-to-User or begin with `X-`
        /// (RFC 3261, 19.1.5).
        target: String,
        /// Where to send the INVITE; needed where the target's host is a name.
        destination: Option<SocketAddr>,
        /// Display name of the caller.
        from_display: Option<String>,
        /// User part of the caller's address.
        from_user: String,
        /// Our end of the audio.
        media: LocalMedia,
        /// How; a line's own goes before it.
        transport: Transport,
        /// An open connection to use for TCP; without it one is asked for.
        connection: Option<ConnectionId>,
    },
    /// Register all accounts and begin to ask the trunks whether they are there.
    SignOn,
    /// Withdraw all registrations; [`Endpoint::is_signed_off`](super::Endpoint::is_signed_off)
    /// says when that is done.
    SignOff,
    /// While true, new calls are answered 503 with Retry-After: the box is draining.
    Refuse(bool),
    /// While not ready, new calls are answered 503 with Retry-After.
    SetReady {
        /// Calls can be taken.
        ready: bool,
        /// One line that goes into the Warning of the 503; empty when ready.
        why: String,
    },
}

/// What the endpoint wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a datagram.
    Datagram {
        /// Where to.
        to: SocketAddr,
        /// The address to send from, where it matters.
        local: Option<SocketAddr>,
        /// The payload.
        bytes: Vec<u8>,
    },
    /// Write to a connection.
    Stream {
        /// Which one.
        connection: ConnectionId,
        /// What to write.
        bytes: Vec<u8>,
    },
    /// Open a connection; what is written to it meanwhile waits. On failure the driver says
    /// [`Input::StreamClosed`].
    Connect {
        /// Its number from now on.
        connection: ConnectionId,
        /// Where to.
        to: SocketAddr,
        /// Under TLS, and the name that the peer's certificate must carry.
        secure: Option<String>,
    },
    /// Look up what this search asks for and say [`Input::Resolved`]. Nobody waits for it: a call goes
    /// where a line was found to lead before.
    Resolve {
        /// Comes back.
        query: Query,
        /// Has the questions.
        search: Search,
    },
    /// Tell the owner.
    Notice(Notice),
    /// Close a connection after what was written has gone out.
    CloseStream {
        /// Which one.
        connection: ConnectionId,
    },
    /// Tell the application.
    Event(Event),
}

/// What happened to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Somebody calls. Answer with Ring, Answer, Reject or HangUp.
    Incoming {
        /// The call.
        call: CallKey,
        /// Who says to be calling (From).
        caller: Party,
        /// Who is called (Request-URI).
        called: Party,
        /// Where the INVITE came from.
        source: SocketAddr,
        /// The INVITE has an offer; otherwise we make it.
        has_offer: bool,
        /// What it says beside.
        background: Box<Background>,
    },
    /// A Dial command became a call.
    Dialled {
        /// From the command.
        token: u64,
        /// The call.
        call: CallKey,
    },
    /// The far end rings (180, 183), said once.
    Ringing {
        /// The call.
        call: CallKey,
    },
    /// Offer and answer agreed, for the first time or anew (hold, resume, moved).
    Media {
        /// The call.
        call: CallKey,
        /// What was agreed.
        media: NegotiatedMedia,
    },
    /// The call is up: the ACK arrived, or was sent.
    Established {
        /// The call.
        call: CallKey,
    },
    /// The peer pressed a key and said so by INFO.
    Digit {
        /// The call.
        call: CallKey,
        /// `0-9*#A-D`.
        digit: char,
    },
    /// What has become of a [`Command::Refer`] so far.
    Referral {
        /// The call.
        call: CallKey,
        /// The news; after all but progress there are no more.
        news: Referral,
    },
    /// The peer wants us to call somebody else in its place (REFER), which its address may. It was
    /// told that we try: say how it goes with [`Command::Referred`].
    Refer {
        /// The call.
        call: CallKey,
        /// Whom: an address, with the header fields that its INVITE is to have.
        to: String,
    },
    /// The peer says why it ends the call (RFC 3326), which is told next.
    Reason {
        /// The call.
        call: CallKey,
        /// Why.
        reason: Reason,
    },
    /// The call is over.
    Ended {
        /// The call.
        call: CallKey,
        /// Why.
        cause: EndCause,
        /// By whose act.
        by: EndedBy,
    },
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndCause {
    /// Hung up after it was up.
    HungUp,
    /// Given up before it was answered.
    Cancelled,
    /// Refused with this status.
    Rejected {
        /// The final response.
        status: u16,
    },
    /// Our 200 was never acknowledged (64*T1).
    NotAcknowledged,
    /// Nobody answered in time.
    Timeout,
    /// The message could not be sent.
    Unreachable,
    /// No media could be agreed on.
    NoMedia,
    /// The session timer ran out, or a refresh found nobody: the peer is gone.
    Expired,
}

/// By whose act a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// The application.
    Local,
    /// The peer.
    Remote,
    /// Neither: time or the network.
    Network,
}

/// A participant. Prints redacted: who is calling never goes to a log in clear.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// The display name, if there was one.
    pub display: Option<String>,
    /// The user part (often a number), unescaped.
    pub user: Option<String>,
    /// The host; empty for a `tel:` number.
    pub host: String,
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Party(redacted)")
    }
}

/// What an endpoint holds at the moment; all zero when idle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Calls, those still closing included.
    pub calls: usize,
    /// Calls that have not ended.
    pub active_calls: usize,
    /// Transactions, those that only absorb retransmissions included.
    pub transactions: usize,
    /// Connections.
    pub connections: usize,
    /// Timers armed.
    pub timers: usize,
    /// Source addresses that hold something.
    pub sources: usize,
}
