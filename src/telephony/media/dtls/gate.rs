use std::net::SocketAddr;

use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;

use super::hello::ClientHello;
use super::message::{CLIENT_HELLO, HELLO_VERIFY_REQUEST, Message, Piece};
use super::record::{HANDSHAKE, Record, VERSION, Writer};
use super::wire::{Reader, put_block};

/// Who begins shows first that it is where it seems to be, with a cookie that was sent there (RFC 6347,
/// 4.2.1). Nothing is kept for it, and the answer is shorter than the question.
pub(super) struct Gate(hmac::Key);

/// What comes to the gate.
pub(super) enum Caller {
    /// Somebody who has not shown it yet: send this.
    Unproven(Vec<u8>),
    /// Somebody who has.
    Proven {
        /// The number of its record.
        record: u64,
        /// Its first message.
        message: Message,
        /// The same, read.
        hello: ClientHello,
    },
    /// Something that is no first message.
    Unreadable,
}

impl Gate {
    /// `None` where there is no randomness.
    pub fn new() -> Option<Self> {
        hmac::Key::generate(HMAC_SHA256, &SystemRandom::new()).ok().map(Self)
    }

    /// Judges the first messages of a datagram, each in one record of its own, until one shows where it comes from.
    pub fn judge(&self, from: SocketAddr, datagram: &[u8]) -> Vec<Caller> {
        let mut callers = Vec::new();
        let mut datagram = Reader::new(datagram);
        while let Some(record) = Record::next(&mut datagram) {
            let is_plain = record.kind == HANDSHAKE && record.epoch() == 0;
            let message = Piece::next(&mut Reader::new(record.body)).and_then(|piece| piece.whole());
            let message = message.filter(|message| is_plain && message.kind == CLIENT_HELLO);
            let Some(message) = message else { continue };
            callers.push(self.judge_one(from, record.sequence(), message));
            if let Some(Caller::Proven { .. }) = callers.last() {
                break;
            }
        }
        callers
    }

    fn judge_one(&self, from: SocketAddr, record: u64, message: Message) -> Caller {
        let Some(hello) = ClientHello::read(&message.body) else { return Caller::Unreadable };
        let place = [hello.random.as_slice(), from.to_string().as_bytes()].concat();
        if hmac::verify(&self.0, &place, &hello.cookie).is_ok() {
            return Caller::Proven { record, message, hello };
        }
        let mut body = vec![VERSION[0], 0xff]; // version 1.0, whatever comes
        put_block(&mut body, 1, hmac::sign(&self.0, &place).as_ref());
        let asked = Message { kind: HELLO_VERIFY_REQUEST, sequence: message.sequence, sealed: false, body };
        let mut datagram = Vec::new();
        Writer::from(record).write(&mut datagram, HANDSHAKE, false, &asked.octets());
        Caller::Unproven(datagram)
    }
}
