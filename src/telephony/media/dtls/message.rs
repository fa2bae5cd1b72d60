//! Messages of a handshake (RFC 6347, 4.2.2), and putting them together from pieces.

use super::wire::{Reader, put};

pub(super) const CLIENT_HELLO: u8 = 1;
pub(super) const SERVER_HELLO: u8 = 2;
pub(super) const HELLO_VERIFY_REQUEST: u8 = 3;
pub(super) const CERTIFICATE: u8 = 11;
pub(super) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(super) const CERTIFICATE_REQUEST: u8 = 13;
pub(super) const SERVER_HELLO_DONE: u8 = 14;
pub(super) const CERTIFICATE_VERIFY: u8 = 15;
pub(super) const CLIENT_KEY_EXCHANGE: u8 = 16;
pub(super) const FINISHED: u8 = 20;

/// Longest message taken: certificates of RSA take 1 to 2 KB, some come with those that vouch for them.
const LONGEST: usize = 16_384;
/// Octets of messages that are not whole yet, or came before their turn.
const MOST_WAITING: usize = LONGEST + 4_096;
/// Messages that may come before their turn: more than any flight has.
const AHEAD: u16 = 8;

/// One message, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub kind: u8,
    pub sequence: u16,
    /// It came sealed.
    pub sealed: bool,
    pub body: Vec<u8>,
}

impl Message {
    /// As it is hashed, and sent where it is short: in one piece.
    pub fn octets(&self) -> Vec<u8> {
        let mut octets = vec![self.kind];
        put(&mut octets, 3, self.body.len());
        octets.extend(self.sequence.to_be_bytes());
        put(&mut octets, 3, 0);
        put(&mut octets, 3, self.body.len());
        octets.extend_from_slice(&self.body);
        octets
    }
}

/// A piece of a message.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    kind: u8,
    length: usize,
    pub sequence: u16,
    offset: usize,
    octets: &'a [u8],
}

impl<'a> Piece<'a> {
    pub fn next(record: &mut Reader<'a>) -> Option<Self> {
        let [kind] = record.array()?;
        let length = record.number(3)?;
        let sequence = u16::from_be_bytes(record.array()?);
        let offset = record.number(3)?;
        let octets = record.block(3)?;
        (length <= LONGEST && offset + octets.len() <= length).then_some(Self {
            kind,
            length,
            sequence,
            offset,
            octets,
        })
    }

    /// The message that it is all of.
    pub fn whole(&self) -> Option<Message> {
        let Piece { kind, length, sequence, octets, .. } = *self;
        (octets.len() == length).then(|| Message { kind, sequence, sealed: false, body: octets.to_vec() })
    }
}

/// Messages in their order.
#[derive(Debug, Default)]
pub(super) struct Reassembly {
    /// Whose turn it is.
    pub next: u16,
    waiting: Vec<Partial>,
}

#[derive(Debug)]
struct Partial {
    message: Message,
    /// Which octets have come.
    have: Vec<bool>,
    missing: usize,
}

impl Reassembly {
    /// Keeps a piece of a message whose turn is still to come.
    pub fn push(&mut self, piece: &Piece<'_>, sealed: bool) {
        let Piece { kind, length, sequence, offset, octets } = *piece;
        let is_far = sequence.checked_sub(self.next).is_none_or(|early| early >= AHEAD);
        if is_far || (kind == FINISHED && !sealed) {
            return;
        }
        // What is sealed is theirs; what is not, anybody may have put in its place.
        self.waiting.retain(|partial| partial.message.sequence != sequence || partial.message.sealed || !sealed);
        let known = self.waiting.iter().position(|partial| partial.message.sequence == sequence);
        let held: usize = self.waiting.iter().map(|partial| partial.message.body.len()).sum();
        if known.is_none() && held + length > MOST_WAITING {
            return;
        }
        let at = known.unwrap_or_else(|| {
            let message = Message { kind, sequence, sealed, body: vec![0; length] };
            self.waiting.push(Partial { message, have: vec![false; length], missing: length });
            self.waiting.len() - 1
        });
        let Some(Partial { message, have, missing }) = self.waiting.get_mut(at) else { return };
        if (message.kind, message.body.len(), message.sealed) == (kind, length, sealed) {
            let places = message.body.iter_mut().zip(have).skip(offset);
            for ((place, have), octet) in places.zip(octets) {
                *place = *octet;
                *missing -= usize::from(!std::mem::replace(have, true));
            }
        }
    }

    /// The next message, once all of it is there. It stays the next one's turn until [`Reassembly::taken`].
    pub fn pop(&mut self) -> Option<Message> {
        let at = self.waiting.iter().position(|it| it.message.sequence == self.next && it.missing == 0)?;
        Some(self.waiting.swap_remove(at).message)
    }

    /// It was the right one.
    pub fn taken(&mut self) {
        self.next = self.next.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded() {
        let mut reassembly = Reassembly::default();
        for sequence in 0..u16::MAX {
            let piece = Piece { kind: CERTIFICATE, length: LONGEST, sequence, offset: 0, octets: &[0; 100] };
            reassembly.push(&piece, false);
        }
        let held: usize = reassembly.waiting.iter().map(|partial| partial.message.body.len()).sum();
        assert!(held <= MOST_WAITING, "{held} octets");
    }
}
