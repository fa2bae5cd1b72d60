//! Records (RFC 6347, 4.1), plain and sealed with AES-GCM (RFC 5288).

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::wire::{Reader, put, put_block};

pub(super) const CHANGE: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
/// DTLS 1.2.
pub(super) const VERSION: [u8; 2] = [0xfe, 0xfd];

const TAG: usize = 16;
const EXPLICIT: usize = 8;
/// Of epoch and sequence number, the latter.
const SEQUENCE: u64 = (1 << 48) - 1;

/// One of a datagram.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub kind: u8,
    version: [u8; 2],
    /// Epoch and sequence number.
    number: [u8; EXPLICIT],
    pub body: &'a [u8],
}

impl<'a> Record<'a> {
    /// The next one; `None` at the end, or where there is none.
    pub fn next(datagram: &mut Reader<'a>) -> Option<Self> {
        let [kind] = datagram.array()?;
        let version = datagram.array()?;
        let number = datagram.array()?;
        let body = datagram.block(2)?;
        // A first message may say 1.0.
        (version[0] == VERSION[0]).then_some(Self { kind, version, number, body })
    }

    pub fn epoch(&self) -> u16 {
        u16::from_be_bytes([self.number[0], self.number[1]])
    }

    /// Its number within the epoch.
    pub fn sequence(&self) -> u64 {
        u64::from_be_bytes(self.number) & SEQUENCE
    }
}

/// The key of one direction.
pub(super) struct Cipher {
    key: LessSafeKey,
    salt: [u8; 4],
}

impl Cipher {
    pub fn new(key: &[u8], salt: [u8; 4]) -> Option<Self> {
        Some(Self { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).ok()?), salt })
    }

    fn nonce(&self, explicit: &[u8]) -> Option<Nonce> {
        Nonce::try_assume_unique_for_key(&[&self.salt, explicit].concat()).ok()
    }

    /// What is in a sealed record; `None` unless it is authentic.
    pub fn open(&self, record: &Record<'_>) -> Option<Vec<u8>> {
        let (explicit, sealed) = record.body.split_at_checked(EXPLICIT)?;
        let length = sealed.len().checked_sub(TAG)?;
        let about = about(record.kind, record.version, record.number, length);
        let mut octets = sealed.to_vec();
        let opened = self.key.open_in_place(self.nonce(explicit)?, Aad::from(about), &mut octets).ok()?;
        Some(opened.to_vec())
    }

    fn seal(&self, kind: u8, number: [u8; EXPLICIT], body: &[u8]) -> Option<Vec<u8>> {
        let mut octets = body.to_vec();
        let about = about(kind, VERSION, number, body.len());
        // The number is never used twice, so that neither is the nonce.
        self.key.seal_in_place_append_tag(self.nonce(&number)?, Aad::from(about), &mut octets).ok()?;
        Some([number.as_slice(), &octets].concat())
    }
}

/// RFC 5246, 6.2.3.3.
fn about(kind: u8, version: [u8; 2], number: [u8; EXPLICIT], length: usize) -> Vec<u8> {
    let mut about = number.to_vec();
    about.push(kind);
    about.extend(version);
    put(&mut about, 2, length);
    about
}

/// Writes records: plain ones in epoch 0, sealed ones in epoch 1, each with the next number.
#[derive(Default)]
pub(super) struct Writer {
    plain: u64,
    sealed: u64,
    pub cipher: Option<Cipher>,
}

impl Writer {
    /// One whose first plain record has this number.
    pub fn from(plain: u64) -> Self {
        Self { plain, ..Self::default() }
    }

    /// One that goes on from here, in the plain.
    pub fn anew(&self) -> Self {
        Self::from(self.plain)
    }

    /// Appends a record to a datagram.
    pub fn write(&mut self, datagram: &mut Vec<u8>, kind: u8, sealed: bool, body: &[u8]) {
        let count = if sealed { &mut self.sealed } else { &mut self.plain };
        let number = (u64::from(sealed) << 48 | *count & SEQUENCE).to_be_bytes();
        *count += 1;
        let body = match (&self.cipher, sealed) {
            (_, false) => Some(body.to_vec()),
            (Some(cipher), true) => cipher.seal(kind, number, body),
            (None, true) => None,
        };
        if let Some(body) = body {
            datagram.push(kind);
            datagram.extend(VERSION);
            datagram.extend(number);
            put_block(datagram, 2, &body);
        }
    }
}
