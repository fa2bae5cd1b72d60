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
//! before others. Who has not shown that it can be reached is answered with less than it sent, and
//! changes nothing. Whoever has the turn is heard alone; if it was the wrong one (another port of that host, or
//! anybody, where the right one is behind a translator), the next one has it. What waits is bounded, and so is
//! the time.
//!
//! # Deliberately absent
//! DTLS 1.0 and 1.3, sessions that go on, renegotiation, application data, first messages in pieces (which would
//! have to be kept for anybody), ciphers that every telephone of the last ten years has better ones than;
//! certificates that somebody else vouches for.

mod certificate;
mod client;
mod common;
mod exchange;
mod gate;
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
use self::common::Common;
use self::exchange::Exchange;
use self::gate::{Caller, Gate};
use super::named::Named;
use super::srtp::Keys;

/// A handshake that takes longer has failed.
const LONGEST: Duration = Duration::from_secs(15);
/// Who has the turn keeps it for so long without saying anything new.
const TURN: Duration = Duration::from_secs(1);

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

const NO_RANDOMNESS: &str = "this machine gives no randomness";

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

/// The handshake of a call. Its secrets are the system's randomness and no seed's: of all machines only
/// this one does not do the same again.
pub struct Handshake {
    terms: Terms,
    certificate: Certificate,
    /// Where others begin.
    gate: Option<Gate>,
    /// Who may speak.
    named: Named,
    /// Where to.
    to: SocketAddr,
    /// With whoever is there.
    exchange: Option<Exchange>,
    has_keys: bool,
    failure: Option<Failure>,
    /// What went wrong with somebody who may not have been the other end.
    suspect: Option<Failure>,
    deadline: Now,
    outputs: VecDeque<Output>,
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
        let gate = if terms.active { None } else { Some(Gate::new().ok_or_else(|| wrong(NO_RANDOMNESS))?) };
        let mut handshake = Self {
            terms,
            certificate: certificate.clone(),
            gate,
            named: Named::new(remote, signalling),
            to: remote,
            exchange: None,
            has_keys: false,
            failure: None,
            suspect: None,
            deadline: now + LONGEST,
            outputs: VecDeque::new(),
        };
        if handshake.terms.active {
            let mut exchange = Exchange::begin(now, handshake.common()?);
            let hello = exchange.said(now);
            handshake.exchange = Some(exchange);
            handshake.say(Ok(hello));
        }
        Ok(handshake)
    }

    fn common(&self) -> Result<Common, Failure> {
        Common::new(self.certificate.clone(), self.terms.theirs.clone(), self.terms.active)
    }

    /// What was agreed on.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The keys, once there are some.
    pub fn keys(&self) -> Option<Keys> {
        self.exchange.as_ref().and_then(Exchange::keys)
    }

    /// Where the other end is, as far as is known.
    pub fn remote(&self) -> SocketAddr {
        self.to
    }

    /// Signalling names another address for the same two ends.
    pub fn retarget(&mut self, remote: SocketAddr, signalling: IpAddr) {
        let named = Named::new(remote, signalling);
        if named != self.named {
            self.named = named;
            self.to = remote;
        }
    }

    /// Whether somebody there may have the turn: nobody has, or only somebody who says nothing more, or this is
    /// the very address that signalling names.
    fn may_begin(&self, now: Now, from: SocketAddr) -> bool {
        let is_free = |exchange: &Exchange| exchange.is_fresh() || now.since(exchange.heard()) >= TURN;
        let may = from == self.named.audio() || self.exchange.as_ref().is_none_or(is_free);
        !self.has_keys && self.named.includes(from) && may
    }

    /// Takes what may be an answer to our hello, from somewhere else than it was sent to.
    fn answered(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let Some(exchange) = &mut self.exchange else { return };
        let mut anew = exchange.anew();
        let said = anew.take(now, datagram);
        if said.is_err() || !anew.is_fresh() {
            *exchange = anew;
            self.to = from;
            self.say(said);
        }
    }

    /// Takes what may be a first message.
    fn greet(&mut self, now: Now, from: SocketAddr, datagram: &[u8]) {
        let Some(gate) = &self.gate else { return };
        for caller in gate.judge(from, datagram) {
            match caller {
                Caller::Unproven(bytes) => self.outputs.push_back(Output::Transmit { to: from, bytes }),
                Caller::Unreadable => self.suspect = Some(wrong("its first message")),
                Caller::Proven { record, message, hello } => {
                    let Ok(common) = self.common() else { return self.fail(wrong(NO_RANDOMNESS)) };
                    let exchange = self.exchange.insert(Exchange::answer(now, common));
                    let said = exchange.welcome(now, record, &message, &hello);
                    self.to = from;
                    self.say(said);
                }
            }
        }
    }

    /// Sends what is said, and tells of the keys; or why there will be none.
    fn say(&mut self, said: Result<Option<Vec<u8>>, Failure>) {
        let bytes = match said {
            Ok(bytes) => bytes,
            Err(failure) => return self.broke(failure),
        };
        if let Some(keys) = self.keys()
            && !std::mem::replace(&mut self.has_keys, true)
        {
            self.outputs.push_back(Output::Keys(keys));
        }
        self.outputs.extend(bytes.map(|bytes| Output::Transmit { to: self.to, bytes }));
    }

    /// With whoever is at the address that signalling names, it has failed. Somebody else may not have
    /// been the other end at all, which is still waited for.
    fn broke(&mut self, failure: Failure) {
        if let (Some(code), Some(exchange)) = (failure.alert(), &mut self.exchange) {
            let bytes = exchange.alert(code);
            self.outputs.push_back(Output::Transmit { to: self.to, bytes });
        }
        if self.to == self.named.audio() {
            return self.fail(failure);
        }
        self.exchange = self.exchange.take().filter(|_| self.terms.active).map(|exchange| exchange.anew());
        self.to = self.named.audio();
        self.suspect = Some(failure);
    }

    fn fail(&mut self, failure: Failure) {
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
        if self.is_over() {
            return;
        }
        if let Some(exchange) = self.exchange.as_mut().filter(|_| from == self.to) {
            let said = exchange.take(now, &datagram);
            self.say(said);
        } else if self.may_begin(now, from) {
            match self.terms.active {
                true => self.answered(now, from, &datagram),
                false => self.greet(now, from, &datagram),
            }
        }
        self.wake(now);
    }

    fn wake(&mut self, now: Now) {
        if self.is_over() || self.has_keys {
            return;
        }
        if self.deadline <= now {
            let suspect = self.exchange.as_ref().and_then(Exchange::suspect).or(self.suspect);
            return self.fail(suspect.unwrap_or(Failure::Late));
        }
        if let Some(exchange) = &mut self.exchange {
            let said = exchange.wake(now);
            self.say(said);
        }
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None if self.is_over() || self.has_keys => Poll::WaitUntil(Now::NEVER),
            None => Poll::WaitUntil(self.exchange.as_ref().map_or(self.deadline, |it| it.wakes().min(self.deadline))),
        }
    }
}
