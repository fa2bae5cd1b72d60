//! Keys of SRTP by a handshake on the media's own path (DTLS-SRTP, RFC 5763 and 5764): nobody but
//! the two ends has them, whoever carries the signalling. Who the other end is, says the
//! fingerprint of its certificate in its session description; another one gets no keys.
//!
//! DTLS 1.2 (RFC 6347) with ECDHE and AES-GCM, on ring's primitives. Written here, because of the
//! implementations in Rust one takes no certificate of RSA, which is what most telephones show, and
//! the other recurses as deep as a stranger's fragments say and keeps what comes too early without
//! bound. What this needs of DTLS is little: eleven messages, and keys to export.
//!
//! # Trust
//! As for RTP ([`super::latch`]): only hosts that signalling names are heard, the address it names
//! before others. Who has not shown that it can be reached is answered with less than it sent. What
//! waits is bounded, and so is the time.
//!
//! # Deliberately absent
//! DTLS 1.0 and 1.3, sessions that go on, renegotiation, application data, ciphers that every telephone of
//! the last ten years has better ones than; certificates that somebody else vouches for.

mod certificate;
mod client;
mod common;
mod hello;
mod message;
mod record;
mod secrets;
mod server;
mod wire;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use machine::{Machine, Now, Poll};
pub use sipx_sdp::fingerprint::{Fingerprint, HashFunc};

pub use self::certificate::Certificate;
use self::client::Client;
use self::common::{Common, Progress};
use self::message::{Message, Piece, Reassembly};
use self::record::{ALERT, HANDSHAKE, Record};
use self::server::{Greeting, Server};
use self::wire::Reader;
use super::named::Named;
use super::srtp::Keys;

/// A handshake that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(15);
/// What is not answered is repeated after this, then after twice as long, and so on: sooner than the
/// second of RFC 6347, 4.2.4.1, for somebody waits to be heard.
const FIRST_REPEAT: Duration = Duration::from_millis(250);
const LAST_REPEAT: Duration = Duration::from_secs(4);
/// How often and how soon the last flight is sent again to whoever repeats theirs.
const MOST_ASKED: u32 = 10;
const ASKED_AGAIN: Duration = Duration::from_millis(100);
/// The other end says it gives up, but anybody may have said so: whether it goes on is seen in this time.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// What session descriptions settled about a handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// We begin (`a=setup:active`).
    pub active: bool,
    /// Of the other end's certificate.
    pub theirs: Fingerprint,
}

/// What a handshake wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this from the port of the audio.
    Transmit {
        /// Where.
        to: SocketAddr,
        /// A datagram.
        bytes: Vec<u8>,
    },
    /// These are the keys.
    Keys(Keys),
    /// There will be none.
    Failed(Failure),
}

/// Why there are no keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody answered, or not to the end.
    #[error("no handshake within 15 s: does the other side's firewall let its audio's port through?")]
    Late,
    /// Another certificate, or none.
    #[error(
        "the certificate shown is not the one that its session description names: somebody is in between, or a \
         relay there ends the encryption itself and passes the description on unchanged"
    )]
    Stranger,
    /// A certificate that can't be used.
    #[error("its certificate is of a kind that is not taken here: ECDSA (P-256, P-384) or RSA of 2,048 bits or more")]
    Certificate,
    /// No way that both know.
    #[error(
        "nothing in common: DTLS 1.2 with ECDHE and AES128-GCM, P-256 or X25519, SRTP with AES-GCM or \
         AES_CM_128_HMAC_SHA1_80 is what is taken here"
    )]
    NothingInCommon,
    /// The other end gave up.
    #[error("the other side broke the handshake off, with alert {0} of TLS")]
    Refused(u8),
    /// Something in it can't be.
    #[error("something in the handshake is wrong: {0}")]
    Wrong(&'static str),
}

fn wrong(what: &'static str) -> Failure {
    Failure::Wrong(what)
}

impl Failure {
    /// What the other end is told (RFC 5246, 7.2; RFC 8122, 6.2).
    fn alert(self) -> Option<u8> {
        match self {
            Failure::Late | Failure::Refused(_) => None,
            Failure::Stranger => Some(42),
            Failure::Certificate => Some(43),
            Failure::NothingInCommon => Some(40),
            Failure::Wrong(_) => Some(47),
        }
    }
}

/// True for a datagram of a handshake among those of audio (RFC 7983).
pub fn is_dtls(datagram: &[u8]) -> bool {
    matches!(datagram.first(), Some(20..=63))
}

/// One handshake. Its secrets are the system's randomness and no seed's: of all machines only this
/// one does not do the same again.
pub struct Handshake {
    terms: Terms,
    common: Common,
    role: Role,
    reassembly: Reassembly,
    /// Who may speak.
    named: Named,
    /// Where to; the address that signalling names spoke.
    to: (SocketAddr, bool),
    keys: Option<Keys>,
    failure: Option<Failure>,
    refused: Option<u8>,
    deadline: Now,
    repeat: Now,
    interval: Duration,
    asked: u32,
    sent: Now,
    outputs: VecDeque<Output>,
}

enum Role {
    Client(Client),
    Server(Box<Server>),
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handshake").field("terms", &self.terms).field("failure", &self.failure).finish_non_exhaustive()
    }
}

impl Handshake {
    /// Begins one with whoever signalling names: the address of the audio, and the one it came from itself.
    ///
    /// # Errors
    /// When this machine gives no randomness.
    pub fn new(
        now: Now,
        certificate: &Certificate,
        terms: Terms,
        remote: SocketAddr,
        signalling: IpAddr,
    ) -> Result<Self, Failure> {
        let mut common = Common::new(certificate.clone(), terms.theirs.clone(), terms.active)?;
        let role =
            if terms.active { Role::Client(Client::new(&mut common)) } else { Role::Server(Box::new(Server::new())) };
        let mut handshake = Self {
            terms,
            common,
            role,
            reassembly: Reassembly::default(),
            named: Named::new(remote, signalling),
            to: (remote, false),
            keys: None,
            failure: None,
            refused: None,
            deadline: now + LONGEST,
            repeat: Now::NEVER,
            interval: FIRST_REPEAT,
            asked: 0,
            sent: now,
            outputs: VecDeque::new(),
        };
        if handshake.terms.active {
            handshake.send(now);
        }
        Ok(handshake)
    }

    /// What was agreed on.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The keys, once there are some.
    pub fn keys(&self) -> Option<Keys> {
        self.keys
    }

    /// Where the other end is, as far as is known.
    pub fn remote(&self) -> SocketAddr {
        self.to.0
    }

    /// Signalling names another address for the same two ends.
    pub fn retarget(&mut self, remote: SocketAddr, signalling: IpAddr) {
        let named = Named::new(remote, signalling);
        if named != self.named {
            self.named = named;
            self.to = (remote, false);
        }
    }

    /// Whether a datagram from here is heard; from then on answers go there.
    fn follow(&mut self, from: SocketAddr) -> bool {
        let (to, is_named) = &mut self.to;
        if from == self.named.audio() {
            (*to, *is_named) = (from, true);
            return true;
        }
        let heard = self.named.includes(from) && (!*is_named || *to == from);
        if heard {
            *to = from;
        }
        heard
    }

    fn transmit(&mut self, bytes: Vec<u8>) {
        self.outputs.push_back(Output::Transmit { to: self.to.0, bytes });
    }

    /// Sends the flight for the first time.
    fn send(&mut self, now: Now) {
        self.interval = FIRST_REPEAT;
        self.asked = 0;
        self.again(now);
    }

    fn again(&mut self, now: Now) {
        let datagram = self.common.datagram();
        self.transmit(datagram);
        self.sent = now;
        let waits = self.keys.is_none();
        self.repeat = if waits { now + self.interval } else { Now::NEVER };
    }

    fn take(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) -> Result<(), Failure> {
        let mut datagram = Reader::new(datagram);
        let mut repeated = false;
        while let Some(record) = Record::next(&mut datagram) {
            let sealed = match record.epoch() {
                0 => false,
                1 => true,
                _ => continue,
            };
            let opened = if sealed { self.common.opens.as_ref().and_then(|cipher| cipher.open(&record)) } else { None };
            let body = match &opened {
                Some(opened) => opened.as_slice(),
                None if sealed => continue, // a lie, or too early: it is sent again
                None => record.body,
            };
            match record.kind {
                HANDSHAKE => repeated |= self.pieces(now, from, Reader::new(body), sealed)?,
                ALERT => self.warned(now, body, sealed)?,
                _ => {}
            }
        }
        let may = self.asked < MOST_ASKED && now.since(self.sent) >= ASKED_AGAIN;
        if repeated && may {
            self.asked += 1;
            self.again(now);
        }
        Ok(())
    }

    /// Takes what is in a record; true when some of it was taken before.
    fn pieces(&mut self, now: Now, from: SocketAddr, mut body: Reader<'_>, sealed: bool) -> Result<bool, Failure> {
        let mut repeated = false;
        while let Some(piece) = Piece::next(&mut body) {
            if let Role::Server(server) = &mut self.role
                && server.awaits_hello()
            {
                if let Some(hello) = piece.whole().filter(|message| message.kind == message::CLIENT_HELLO && !sealed) {
                    match server.greet(&mut self.common, from, &hello)? {
                        Greeting::Prove(datagram) => self.transmit(datagram),
                        Greeting::Welcome => {
                            self.reassembly.next = hello.sequence.wrapping_add(1);
                            self.send(now);
                        }
                    }
                }
                continue;
            }
            repeated |= !self.reassembly.push(&piece, sealed);
            while let Some(message) = self.reassembly.pop() {
                self.message(now, &message)?;
            }
        }
        Ok(repeated)
    }

    fn message(&mut self, now: Now, message: &Message) -> Result<(), Failure> {
        if message.sealed != (message.kind == message::FINISHED) {
            return Err(wrong("what is sealed and what is not"));
        }
        let said = self.common.next_message;
        let progress = match &mut self.role {
            Role::Client(client) => client.take(&mut self.common, message)?,
            Role::Server(server) => server.take(&mut self.common, message)?,
        };
        if let Progress::Done(keys) = progress {
            self.keys = Some(keys);
            self.outputs.push_back(Output::Keys(keys));
            self.repeat = Now::NEVER;
        }
        if self.common.next_message != said {
            self.send(now);
        }
        Ok(())
    }

    fn warned(&mut self, now: Now, body: &[u8], sealed: bool) -> Result<(), Failure> {
        let [2, code] = *body else { return Ok(()) };
        if self.keys.is_some() {
            return Ok(()); // signalling ends calls
        }
        if sealed {
            return Err(Failure::Refused(code));
        }
        self.refused.get_or_insert(code);
        self.deadline = self.deadline.min(now + LAST_CHANCE);
        Ok(())
    }

    fn fail(&mut self, failure: Failure) {
        if let Some(code) = failure.alert() {
            let datagram = self.common.alert(code);
            self.transmit(datagram);
        }
        self.failure = Some(failure);
        self.outputs.push_back(Output::Failed(failure));
    }

    fn is_over(&self) -> bool {
        self.failure.is_some()
    }
}

impl Machine for Handshake {
    type Input = (SocketAddr, Vec<u8>);
    type Output = Output;

    fn handle(&mut self, now: Now, (from, datagram): Self::Input) {
        if self.is_over() || !self.follow(from) {
            return;
        }
        match self.take(now, from, &datagram) {
            // What comes after the keys can't take them back.
            Err(failure) if self.keys.is_none() => self.fail(failure),
            _ => self.wake(now),
        }
    }

    fn wake(&mut self, now: Now) {
        if self.is_over() || self.keys.is_some() {
            return;
        }
        if self.deadline <= now {
            return self.fail(self.refused.map_or(Failure::Late, Failure::Refused));
        }
        if self.repeat <= now {
            self.interval = (self.interval * 2).min(LAST_REPEAT);
            self.again(now);
        }
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None if self.is_over() || self.keys.is_some() => Poll::WaitUntil(Now::NEVER),
            None => Poll::WaitUntil(self.deadline.min(self.repeat)),
        }
    }
}
