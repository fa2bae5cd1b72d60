use ring::rand::{SecureRandom, SystemRandom};
use sipx_sdp::fingerprint::Fingerprint;

use super::certificate::{Certificate, PublicKey};
use super::message::{self, Message};
use super::record::{CHANGE, Cipher, HANDSHAKE, Writer};
use super::secrets::{Master, Randoms};
use super::wire::{Reader, put, put_block};
use super::{Failure, wrong};
use crate::media::srtp::{Keys, Suite};

/// What both roles have.
pub(super) struct Common {
    pub certificate: Certificate,
    theirs: Fingerprint,
    pub is_client: bool,
    pub random: [u8; 32],
    pub their_random: [u8; 32],
    /// All messages so far, as both ends must have seen them.
    pub messages: Vec<u8>,
    pub suite: Option<Suite>,
    pub extended: bool,
    pub master: Option<Master>,
    /// Opens what the other end seals.
    pub opens: Option<Cipher>,
    writer: Writer,
    pub next_message: u16,
    flight: Vec<Step>,
}

/// A part of a flight: sent again, it gets new numbers.
enum Step {
    Message(Message),
    ChangeCipher,
}

/// How a message left things.
pub(super) enum Progress {
    More,
    /// It was not this one's turn.
    Unexpected,
    /// It was the last one wanted.
    Done(Keys),
}

impl Common {
    pub fn new(certificate: Certificate, theirs: Fingerprint, is_client: bool) -> Result<Self, Failure> {
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random).map_err(|_| wrong("this machine gives no randomness"))?;
        Ok(Self::of(certificate, theirs, is_client, random))
    }

    /// As it was before the other end said anything, but for the numbers of our records.
    pub fn anew(&self) -> Self {
        let anew = Self::of(self.certificate.clone(), self.theirs.clone(), self.is_client, self.random);
        Self { writer: self.writer.anew(), ..anew }
    }

    fn of(certificate: Certificate, theirs: Fingerprint, is_client: bool, random: [u8; 32]) -> Self {
        Self {
            certificate,
            theirs,
            is_client,
            random,
            their_random: [0; 32],
            messages: Vec::new(),
            suite: None,
            extended: false,
            master: None,
            opens: None,
            writer: Writer::default(),
            next_message: 0,
            flight: Vec::new(),
        }
    }

    pub fn randoms(&self) -> Randoms {
        if self.is_client { (self.random, self.their_random) } else { (self.their_random, self.random) }
    }

    /// Goes on from the first message that counts, and the number of its record (RFC 6347, 4.2.1).
    pub fn goes_on_from(&mut self, record: u64, message: &Message) {
        self.writer = Writer::from(record);
        self.next_message = message.sequence;
        self.saw(message);
    }

    /// Forgets what nothing is made of any more.
    pub fn forget(&mut self) {
        (self.messages, self.master) = (Vec::new(), None);
    }

    /// Begins our next flight; what was sent before it has arrived.
    pub fn begin(&mut self) {
        self.flight.clear();
    }

    /// Adds a message to the flight, and to what both have seen.
    pub fn say(&mut self, kind: u8, body: Vec<u8>) {
        let message = Message { kind, sequence: self.next_message, sealed: kind == message::FINISHED, body };
        self.next_message = self.next_message.wrapping_add(1);
        self.messages.extend(message.octets());
        self.flight.push(Step::Message(message));
    }

    pub fn saw(&mut self, message: &Message) {
        self.messages.extend(message.octets());
    }

    /// The flight as a datagram: our certificate is short enough for one.
    pub fn datagram(&mut self) -> Vec<u8> {
        let mut datagram = Vec::new();
        for step in &self.flight {
            match step {
                Step::Message(message) => {
                    self.writer.write(&mut datagram, HANDSHAKE, message.sealed, &message.octets());
                }
                Step::ChangeCipher => self.writer.write(&mut datagram, CHANGE, false, &[1]),
            }
        }
        datagram
    }

    /// A word that goes alone.
    pub fn alert(&mut self, code: u8) -> Vec<u8> {
        let mut datagram = Vec::new();
        let (sealed, fatal) = (self.writer.cipher.is_some(), 2);
        self.writer.write(&mut datagram, super::record::ALERT, sealed, &[fatal, code]);
        datagram
    }

    /// The secret agreed on is known: everything else follows.
    pub fn agreed(&mut self, secret: &[u8]) -> Result<(), Failure> {
        let master = Master::new(secret, self.randoms(), self.extended, &self.messages);
        let (client, server) = master.ciphers().ok_or_else(|| wrong("the keys"))?;
        let (ours, theirs) = if self.is_client { (client, server) } else { (server, client) };
        self.writer.cipher = Some(ours);
        self.opens = Some(theirs);
        self.master = Some(master);
        Ok(())
    }

    /// Adds "from here on it is sealed" and the proof that we have seen what they have.
    pub fn finish(&mut self) -> Result<(), Failure> {
        let master = self.master.as_ref().ok_or_else(|| wrong("the order of messages"))?;
        let proof = master.finished(self.is_client, &self.messages);
        self.flight.push(Step::ChangeCipher);
        self.say(message::FINISHED, proof);
        Ok(())
    }

    /// Takes their proof; the keys.
    pub fn finished(&mut self, message: &Message) -> Result<Keys, Failure> {
        let master = self.master.as_ref().ok_or_else(|| wrong("the order of messages"))?;
        if !same(&master.finished(!self.is_client, &self.messages), &message.body) {
            return Err(wrong("the proof that both have seen the same messages"));
        }
        let keys = self.suite.and_then(|suite| master.keys(suite, self.is_client));
        self.saw(message);
        keys.ok_or_else(|| wrong("the keys of SRTP"))
    }

    /// Our certificate, as a message has it.
    pub fn own_certificate(&self) -> Vec<u8> {
        let mut one = Vec::new();
        put_block(&mut one, 3, self.certificate.der());
        let mut body = Vec::new();
        put_block(&mut body, 3, &one);
        body
    }

    /// Our signature, as a message has it.
    pub fn signature(&self, of: &[u8]) -> Result<Vec<u8>, Failure> {
        let proof = self.certificate.sign(of).ok_or_else(|| wrong("this machine gives no randomness"))?;
        let mut body = Vec::new();
        put(&mut body, 2, super::certificate::OWN_SCHEME.into());
        put_block(&mut body, 2, &proof);
        Ok(body)
    }

    /// The key of the certificate they show, which must be the one that was told (RFC 8122, 6.2).
    pub fn their_key(&self, message: &Message) -> Result<PublicKey, Failure> {
        let mut list = Reader::new(&message.body);
        let first = list.block(3).and_then(|list| Reader::new(list).block(3)).ok_or(Failure::Stranger)?;
        if !self.theirs.matches(first) {
            return Err(Failure::Stranger);
        }
        PublicKey::of(first).ok_or(Failure::Certificate)
    }
}

/// Whether both are the same; takes as long where they are not.
fn same(one: &[u8], other: &[u8]) -> bool {
    let differ = one.iter().zip(other).fold(0, |differ, (one, other)| std::hint::black_box(differ | one ^ other));
    one.len() == other.len() && differ == 0
}

/// Checks a signature at the end of a message.
pub(super) fn verify(key: &PublicKey, mut signature: Reader<'_>, of: &[u8]) -> Result<(), Failure> {
    let scheme = signature.number(2).and_then(|scheme| u16::try_from(scheme).ok());
    match (scheme, signature.block(2)) {
        (Some(scheme), Some(proof)) if key.verifies(scheme, of, proof) => Ok(()),
        _ => Err(wrong("the signature")),
    }
}
