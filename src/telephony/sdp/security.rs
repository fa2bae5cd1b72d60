//! Keys in session descriptions (RFC 4568).

use std::fmt;

use super::Fault;
use crate::media::dtls::{Fingerprint, Terms};
use crate::media::srtp::{Keys, MasterKey, Suite};

/// Key and salt of the longest suite.
const MASTER: usize = 46;
/// More `a=crypto` lines than this are not read: there are four suites.
const MOST_LINES: usize = 16;

/// Whether audio is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// Never: RTP/SAVP is refused.
    #[default]
    Off,
    /// As the other side offers it; our own offers are plain.
    Optional,
    /// Always: plain RTP is refused.
    Required,
}

/// What we do about encryption, and our own keys, one a suite.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Security {
    /// Whether.
    pub policy: Policy,
    /// Our certificate's, where keys can be had by a handshake.
    pub fingerprint: Option<Fingerprint>,
    /// Our offers have a handshake instead of keys.
    pub offers_handshake: bool,
    /// The handshake that was agreed on in this call: a later description does not change who began
    /// it (RFC 8842, 5).
    pub(super) shaken: Option<Terms>,
    secrets: Secrets,
}

#[derive(Clone, PartialEq, Eq)]
struct Secrets([[u8; MASTER]; 4]);

impl Default for Secrets {
    fn default() -> Self {
        Secrets([[0; MASTER]; 4])
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("redacted")
    }
}

impl Security {
    /// Octets of randomness wanted.
    pub const RANDOM: usize = 4 * MASTER;

    /// With keys made of these octets, which must be random and never used again.
    pub fn new(policy: Policy, random: &[u8; Self::RANDOM]) -> Self {
        let mut secrets = Secrets::default();
        secrets.0.iter_mut().zip(random.as_chunks().0).for_each(|(secret, chunk)| *secret = *chunk);
        Self { policy, secrets, ..Self::default() }
    }

    /// Our key for a suite.
    fn key(&self, suite: Suite) -> Option<MasterKey> {
        let at = Suite::ALL.iter().position(|known| *known == suite)?;
        MasterKey::new(suite, self.secrets.0.get(at)?.get(..suite.master_octets())?)
    }

    /// The values of our `a=crypto` lines, in the order of preference.
    pub(super) fn offer(&self) -> Vec<String> {
        let keys = Suite::ALL.into_iter().filter_map(|suite| self.key(suite));
        (1_u32..).zip(keys).map(|(tag, key)| Line { tag, key }.to_string()).collect()
    }

    /// The line that answers these, with the keys of both sides: the first in the offerer's order
    /// that can be taken as it is (RFC 4568 5.1.2).
    pub(super) fn answer<'a>(&self, offered: impl Iterator<Item = &'a str>) -> Result<(String, Keys), Fault> {
        let theirs = offered.take(MOST_LINES).find_map(Line::parse).ok_or(Fault::Crypto)?;
        let send = self.key(theirs.key.suite()).ok_or(Fault::Crypto)?;
        let line = Line { tag: theirs.tag, key: send };
        Ok((line.to_string(), Keys { send, receive: theirs.key }))
    }

    /// The keys that an answer to our [`Security::offer`] settles.
    pub(super) fn settle<'a>(&self, answered: impl Iterator<Item = &'a str>) -> Result<Keys, Fault> {
        let theirs = answered.take(MOST_LINES).find_map(Line::parse).ok_or(Fault::Crypto)?;
        let ours = (1_u32..).zip(Suite::ALL).find(|ours| *ours == (theirs.tag, theirs.key.suite()));
        let (_, suite) = ours.ok_or(Fault::Crypto)?;
        Ok(Keys { send: self.key(suite).ok_or(Fault::Crypto)?, receive: theirs.key })
    }
}

/// `a=crypto:<tag> <suite> inline:<key||salt>[|lifetime]`
struct Line {
    tag: u32,
    key: MasterKey,
}

impl Line {
    /// `None` for what is not understood, or asks for what is not done here.
    fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_whitespace();
        let tag = words.next().filter(|tag| tag.len() <= 9)?.parse().ok()?;
        let name = words.next()?;
        let suite = Suite::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))?;
        let key = words.next()?.strip_prefix("inline:")?;
        // RFC 4568 6.3: unknown or unwanted session parameters make the line unusable; WSH= is
        // only advice.
        if words.any(|parameter| !parameter.starts_with("WSH=")) || key.contains(';') {
            return None;
        }
        let mut parts = key.split('|');
        let octets = from_base64(parts.next()?)?;
        // A lifetime has no colon; a master key identifier has one.
        if parts.any(|part| part.contains(':')) {
            return None;
        }
        Some(Self { tag, key: MasterKey::new(suite, &octets)? })
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} inline:{}", self.tag, self.key.suite().name(), to_base64(&self.key.octets()))
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(3) * 4);
    for chunk in octets.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or_default()));
        for place in 0..4 {
            let letter = ALPHABET.get((bits >> (18 - 6 * place)) as usize & 63).copied().unwrap_or(b'=');
            text.push(if place <= chunk.len() { letter.into() } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    if text.len() > 2 * MASTER {
        return None;
    }
    let (mut octets, mut bits, mut held) = (Vec::with_capacity(MASTER), 0_u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 6 | value as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            octets.push((bits >> held) as u8);
        }
    }
    Some(octets)
}
