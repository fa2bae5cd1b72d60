//! What both ends say they can (RFC 5246, 7.4.1).

use super::record::VERSION;
use super::wire::{Reader, put, put_block, put_list};
use crate::media::srtp::Suite;

/// ECDHE with AES-GCM, the certificate of ECDSA (as ours is) or of RSA (RFC 5289): what all have.
pub(super) const ECDSA: u16 = 0xc02b;
pub(super) const RSA: u16 = 0xc02f;
/// "I know secure renegotiation" (RFC 5746): nobody renegotiates here, but some insist on it.
const RENEGOTIATION: u16 = 0x00ff;

/// Groups that a secret is agreed on in (RFC 8422, 5.1.1).
pub(super) const X25519: u16 = 29;
pub(super) const P256: u16 = 23;

mod kind {
    pub const GROUPS: u16 = 10;
    pub const POINTS: u16 = 11;
    pub const SCHEMES: u16 = 13;
    pub const SRTP: u16 = 14;
    pub const EXTENDED: u16 = 23;
    pub const RENEGOTIATION: u16 = 0xff01;
}

/// RFC 5764, 4.1.2; RFC 7714, 14.2. The strongest first.
const PROFILES: [(u16, Suite); 3] = [(8, Suite::Gcm256), (7, Suite::Gcm128), (1, Suite::Cm80)];

/// Extensions that matter here, ours and theirs.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Extensions {
    pub groups: Vec<u16>,
    pub schemes: Vec<u16>,
    /// Profiles of SRTP.
    profiles: Vec<u16>,
    /// A name for its keys, in every packet: not used here.
    key_identifier: bool,
    /// The master secret hangs on the whole handshake (RFC 7627).
    pub extended: bool,
    pub renegotiation: bool,
}

impl Extensions {
    /// What we offer.
    pub fn offered(schemes: &[u16]) -> Self {
        Extensions {
            groups: vec![X25519, P256],
            schemes: schemes.to_vec(),
            profiles: PROFILES.iter().map(|(profile, _)| *profile).collect(),
            key_identifier: false,
            extended: true,
            renegotiation: true,
        }
    }

    /// What we answer an offer of theirs with.
    pub fn answer(&self, suite: Suite) -> Self {
        let profiles = PROFILES.iter().filter(|(_, known)| *known == suite).map(|(profile, _)| *profile).collect();
        Extensions { profiles, extended: self.extended, renegotiation: self.renegotiation, ..Self::default() }
    }

    /// The suite of SRTP that an answer names: one of ours, and no more (RFC 5764, 4.1.1 and 4.1.3).
    pub fn answered_suite(&self) -> Option<Suite> {
        self.suite().filter(|_| self.profiles.len() == 1 && !self.key_identifier)
    }

    /// The suite of SRTP that is in common.
    pub fn suite(&self) -> Option<Suite> {
        PROFILES.iter().find(|(profile, _)| self.profiles.contains(profile)).map(|(_, suite)| *suite)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        let mut known = Self::default();
        if reader.is_empty() {
            return Some(known);
        }
        let mut list = Reader::new(reader.block(2)?);
        while !list.is_empty() {
            let which = u16::from_be_bytes(list.array()?);
            let mut content = Reader::new(list.block(2)?);
            match which {
                kind::GROUPS => known.groups = content.list(2)?,
                kind::SCHEMES => known.schemes = content.list(2)?,
                kind::SRTP => {
                    known.profiles = content.list(2)?;
                    known.key_identifier = !content.block(1)?.is_empty();
                }
                kind::EXTENDED => known.extended = true,
                // Of the first handshake, as all are here (RFC 5746, 3.4 and 3.6).
                kind::RENEGOTIATION => {
                    known.renegotiation = content.block(1)?.is_empty();
                    if !known.renegotiation {
                        return None;
                    }
                }
                _ => {}
            }
        }
        Some(known)
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut list = Vec::new();
        let mut one = |which: u16, content: &[u8]| {
            list.extend(which.to_be_bytes());
            put_block(&mut list, 2, content);
        };
        let numbers = |numbers: &[u16]| {
            let mut content = Vec::new();
            put_list(&mut content, 2, numbers);
            content
        };
        if !self.groups.is_empty() {
            one(kind::GROUPS, &numbers(&self.groups));
            one(kind::SCHEMES, &numbers(&self.schemes));
            one(kind::POINTS, &[1, 0]); // uncompressed
        }
        // Without a master key identifier, as everywhere here.
        one(kind::SRTP, &[numbers(&self.profiles).as_slice(), &[0]].concat());
        if self.extended {
            one(kind::EXTENDED, &[]);
        }
        if self.renegotiation {
            one(kind::RENEGOTIATION, &[0]);
        }
        put_block(out, 2, &list);
    }
}

/// The first message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientHello {
    pub random: [u8; 32],
    pub cookie: Vec<u8>,
    pub suites: Vec<u16>,
    pub extensions: Extensions,
}

impl ClientHello {
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version: [u8; 2] = reader.array()?;
        let random = reader.array()?;
        reader.block(1)?; // a session to go on with: there are none
        let cookie = reader.block(1)?.to_vec();
        let suites = reader.list(2)?;
        reader.block(1)?; // compression
        let mut extensions = Extensions::read(reader)?;
        extensions.renegotiation |= suites.contains(&RENEGOTIATION);
        // Versions of DTLS count downwards: 1.2 or later is wanted.
        (version[0] == VERSION[0] && version[1] <= VERSION[1]).then_some(Self { random, cookie, suites, extensions })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = VERSION.to_vec();
        out.extend(self.random);
        put(&mut out, 1, 0);
        put_block(&mut out, 1, &self.cookie);
        put_list(&mut out, 2, &self.suites);
        put_block(&mut out, 1, &[0]);
        self.extensions.write(&mut out);
        out
    }
}

/// What it is answered with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerHello {
    pub random: [u8; 32],
    pub suite: u16,
    pub extensions: Extensions,
}

impl ServerHello {
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(body);
        let version: [u8; 2] = reader.array()?;
        let random = reader.array()?;
        reader.block(1)?;
        let suite = u16::from_be_bytes(reader.array()?);
        let [compression] = reader.array()?;
        let extensions = Extensions::read(reader)?;
        (version == VERSION && compression == 0).then_some(Self { random, suite, extensions })
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = VERSION.to_vec();
        out.extend(self.random);
        put(&mut out, 1, 0);
        out.extend(self.suite.to_be_bytes());
        put(&mut out, 1, 0);
        self.extensions.write(&mut out);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(extensions: &[u8]) -> Option<ServerHello> {
        let start = ServerHello { random: [7; 32], suite: ECDSA, extensions: Extensions::default() }.write();
        let fixed = 2 + 32 + 1 + 2 + 1;
        let mut body = start.get(..fixed)?.to_vec();
        put_block(&mut body, 2, extensions);
        ServerHello::read(&body)
    }

    #[test]
    fn an_answer_names_one_profile_and_no_key_identifier() {
        let suite = |content: &[u8]| {
            let mut extension = vec![0, 14];
            put_block(&mut extension, 2, content);
            answer(&extension).and_then(|hello| hello.extensions.answered_suite())
        };
        assert_eq!(suite(&[0, 2, 0, 7, 0]), Some(Suite::Gcm128));
        assert_eq!(suite(&[0, 2, 0, 2, 0]), None, "a tag of 32 bits was not offered");
        assert_eq!(suite(&[0, 4, 0, 7, 0, 1, 0]), None);
        assert_eq!(suite(&[0, 2, 0, 7, 1, 9]), None);
        assert_eq!(suite(&[0, 0, 0]), None);
    }

    #[test]
    fn a_handshake_that_goes_on_from_another_is_none() {
        assert!(answer(&[0xff, 1, 0, 1, 0]).is_some_and(|hello| hello.extensions.renegotiation));
        assert_eq!(answer(&[0xff, 1, 0, 3, 2, 1, 2]), None);
    }
}
