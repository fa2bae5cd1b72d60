use std::net::SocketAddr;
use std::time::Duration;

use super::digest::{Credentials, Hash};
use super::guard::Flood;
use super::network::Network;
use super::registration::Account;
use super::trunk::Trunk;

/// How an [`Endpoint`](super::Endpoint) behaves. `Config::new(address)` is ready to use; every
/// knob says what turning it costs.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address peers reach us at: Contact and Via carry it. With an unspecified IP
    /// (0.0.0.0) the address a message arrived at is used instead, so bind to a real one when
    /// calls are also placed.
    pub advertised: SocketAddr,
    /// Our name in `User-Agent` and `Server`.
    pub user_agent: String,
    /// Calls at once; the next is answered 503 with Retry-After.
    pub max_calls: usize,
    /// Calls at once from one source address (an IPv6 /64 counts as one); the next is answered
    /// 486. A PBX is one source: lower it only where phones come in directly.
    pub max_calls_per_source: usize,
    /// Transactions remembered at once, about 4.5 kB each, 32 s each over UDP. A call needs two,
    /// so that 40,000 are 600 calls set up a second. Refusals never take more than half.
    pub max_transactions: usize,
    /// Transactions remembered at once from one source.
    pub max_transactions_per_source: usize,
    /// TCP connections at once; the next is closed at its first bytes.
    pub max_connections: usize,
    /// TCP connections at once from one source.
    pub max_connections_per_source: usize,
    /// The largest message over a stream, in bytes.
    pub max_message_bytes: usize,
    /// What Retry-After says, in seconds.
    pub retry_after_s: u32,
    /// An unanswered call, incoming or placed, ends after this.
    pub ring_limit: Duration,
    /// How long a session may go without a refresh, where the peer leaves it to us (RFC 4028).
    /// Shorter notices a dead peer sooner and costs more messages.
    pub session_interval: Duration,
    /// The shortest such time we agree to; below 90 s counts as 90 s (RFC 4028, 4).
    pub min_session: Duration,
    /// A message begun on a stream must be complete after this.
    pub frame_limit: Duration,
    /// A silent stream is closed after this.
    pub idle_limit: Duration,
    /// Answer to the port a datagram came from even where its Via does not ask for it with
    /// `rport` (RFC 3581). For old phones behind NAT; off is RFC 3261, 18.2.2.
    pub answer_to_source_port: bool,
    /// Where our address is not said (an unspecified or inner one is advertised), the one that a
    /// registrar sees us at goes into Contact.
    pub contact_as_seen: bool,
    /// Who may always call, is never asked for a proof, never limited, never banned.
    pub allow: Vec<Network>,
    /// Who may send us to somebody else by REFER; others get 603.
    pub referrers: Vec<Network>,
    /// Only those may call, and who belongs to an account or a trunk; others get 403.
    pub restricted: bool,
    /// Who may call with a password from elsewhere. With any, everybody else is asked for one.
    pub users: Vec<Credentials>,
    /// What a password is for, as shown to whoever is asked.
    pub realm: String,
    /// How they prove it, the preferred first.
    pub digests: Vec<Hash>,
    /// How much is listened to from others; none: to everything.
    pub flood: Option<Flood>,
    /// So many wrong passwords from one source ban it; 0: never.
    pub ban_after: u32,
    /// For so long.
    pub ban_for: Duration,
    /// Makes nonces that nobody else can make; none: made of the seed, which is for tests.
    pub secret: Option<[u8; 32]>,
    /// Ask for NAPTR and SRV records of registrars and trunks (RFC 3263).
    pub look_up_records: bool,
    /// Where we register.
    pub accounts: Vec<Account>,
    /// Other ways to the telephone network.
    pub trunks: Vec<Trunk>,
    /// Round-trip estimate T1 (RFC 3261, 17.1.1.1).
    pub t1: Duration,
    /// Longest retransmission interval T2.
    pub t2: Duration,
    /// Longest life of a message in the network T4.
    pub t4: Duration,
}

impl Config {
    /// The default behaviour at this address: 50 calls, no limit per source below that.
    pub fn new(advertised: SocketAddr) -> Self {
        Config {
            advertised,
            user_agent: concat!("Callbox/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_calls: 50,
            max_calls_per_source: 50,
            max_transactions: 40_000,
            max_transactions_per_source: 40_000,
            max_connections: 1_000,
            max_connections_per_source: 200,
            max_message_bytes: 64 * 1024,
            retry_after_s: 10,
            ring_limit: Duration::from_secs(180),
            session_interval: Duration::from_secs(1_800),
            min_session: Duration::from_secs(90),
            frame_limit: Duration::from_secs(20),
            idle_limit: Duration::from_secs(1_800),
            answer_to_source_port: false,
            contact_as_seen: false,
            allow: Vec::new(),
            referrers: Vec::new(),
            restricted: false,
            users: Vec::new(),
            realm: "callbox".to_owned(),
            digests: vec![Hash::Sha256, Hash::Md5],
            flood: None,
            ban_after: 5,
            ban_for: Duration::from_secs(600),
            secret: None,
            look_up_records: true,
            accounts: Vec::new(),
            trunks: Vec::new(),
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }

    /// The same, with this name in `User-Agent` and `Server`.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// The same, with this many calls at once, in all and per source.
    pub fn max_calls(mut self, calls: usize) -> Self {
        self.max_calls = calls;
        self.max_calls_per_source = calls;
        self
    }

    /// The same, with this Retry-After.
    pub fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = seconds;
        self
    }
}
