//! SRTP and SRTCP (RFC 3711, RFC 7714), keyed by session descriptions (RFC 4568).
//!
//! [`Outbound`] protects what one side sends, in place and without allocating; [`Inbound`] lets
//! through what is authentic and new. Whatever fails changes nothing.
//!
//! # Deliberately absent
//! Master key identifiers, key derivation rates, unencrypted or unauthenticated modes: a key
//! offered with one of them is not taken.

mod cipher;
mod inbound;
mod outbound;
#[cfg(test)]
mod vectors;

use std::fmt;

pub use inbound::Inbound;
pub use outbound::Outbound;

/// What protection adds to a packet, at most.
pub const MOST_ADDED: usize = 16;
/// Longest key and salt of any suite.
const LONGEST_KEY: usize = 32;
const LONGEST_SALT: usize = 14;

/// Cipher and authentication (RFC 4568 6.2, RFC 7714 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-GCM with 256 bits.
    Gcm256,
    /// AES-GCM with 128 bits.
    Gcm128,
    /// AES in counter mode, HMAC-SHA1 of 80 bits: what every telephone has.
    Cm80,
    /// The same with a tag of 32 bits.
    Cm32,
}

impl Suite {
    /// Every suite, in the order offered.
    pub const ALL: [Suite; 4] = [Suite::Gcm256, Suite::Gcm128, Suite::Cm80, Suite::Cm32];

    /// Name in an `a=crypto` line.
    pub const fn name(self) -> &'static str {
        match self {
            Suite::Gcm256 => "AEAD_AES_256_GCM",
            Suite::Gcm128 => "AEAD_AES_128_GCM",
            Suite::Cm80 => "AES_CM_128_HMAC_SHA1_80",
            Suite::Cm32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    const fn key_octets(self) -> usize {
        match self {
            Suite::Gcm256 => 32,
            Suite::Gcm128 | Suite::Cm80 | Suite::Cm32 => 16,
        }
    }

    const fn salt_octets(self) -> usize {
        match self {
            Suite::Gcm256 | Suite::Gcm128 => 12,
            Suite::Cm80 | Suite::Cm32 => 14,
        }
    }

    /// Octets of key and of salt.
    pub(crate) const fn octets(self) -> (usize, usize) {
        (self.key_octets(), self.salt_octets())
    }

    /// Octets of key and salt together, as an `inline:` key carries them.
    pub const fn master_octets(self) -> usize {
        self.key_octets() + self.salt_octets()
    }

    /// Octets of tag on an RTP packet; RTCP has 80 bits where RTP has 32 (RFC 4568 6.2.2).
    const fn tags(self) -> (usize, usize) {
        match self {
            Suite::Gcm256 | Suite::Gcm128 => (16, 16),
            Suite::Cm80 => (10, 10),
            Suite::Cm32 => (4, 10),
        }
    }
}

/// Master key and salt of one direction. Prints redacted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    key: [u8; LONGEST_KEY],
    salt: [u8; LONGEST_SALT],
}

impl MasterKey {
    /// Key and salt in a row; `None` when they are not as long as the suite wants.
    pub fn new(suite: Suite, octets: &[u8]) -> Option<Self> {
        if octets.len() != suite.master_octets() {
            return None;
        }
        let (from_key, from_salt) = octets.split_at_checked(suite.key_octets())?;
        let (mut key, mut salt) = ([0; LONGEST_KEY], [0; LONGEST_SALT]);
        key.get_mut(..from_key.len())?.copy_from_slice(from_key);
        // RFC 7714 11: a salt of 96 bits is derived from as if zeros followed.
        salt.get_mut(..from_salt.len())?.copy_from_slice(from_salt);
        Some(Self { suite, key, salt })
    }

    /// What it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// Key and salt in a row, for an `inline:` key.
    pub(crate) fn octets(&self) -> Vec<u8> {
        let key = self.key.iter().take(self.suite.key_octets());
        key.chain(self.salt.iter().take(self.suite.salt_octets())).copied().collect()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, redacted)", self.suite.name())
    }
}

/// The keys that offer and answer settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// Of what we send.
    pub send: MasterKey,
    /// Of what the other side sends.
    pub receive: MasterKey,
}

/// Octets of an RTP packet that stay in clear: fixed header, CSRCs, extension (RFC 3550 5.1).
fn clear_octets(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let mut clear = 12 + 4 * usize::from(first & 0x0f);
    if first & 0x10 != 0 {
        let [high, low] = *packet.get(clear + 2..clear + 4)? else { return None };
        clear += 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
    }
    (first >> 6 == 2 && clear <= packet.len()).then_some(clear)
}

fn u32_at(packet: &[u8], at: usize) -> Option<u32> {
    packet.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes)
}

fn sequence(packet: &[u8]) -> Option<u16> {
    packet.get(2..4)?.try_into().ok().map(u16::from_be_bytes)
}
