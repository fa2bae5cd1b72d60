//! What the two ends know and nobody else (RFC 5246, 5 and 8.1).

use ring::agreement::{Algorithm, ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::hmac::{self, HMAC_SHA256};
use ring::rand::SystemRandom;

use super::hello;
use super::record::Cipher;
use super::wire::Reader;
use crate::media::srtp::{Keys, MasterKey, Suite};

/// Our half of a secret that is agreed on once (ECDHE).
pub(super) struct Share {
    group: u16,
    secret: EphemeralPrivateKey,
}

impl Share {
    pub fn new(group: u16) -> Option<Self> {
        let secret = EphemeralPrivateKey::generate(algorithm(group)?, &SystemRandom::new()).ok()?;
        Some(Self { group, secret })
    }

    /// What the other end is told.
    pub fn public(&self) -> Option<Vec<u8>> {
        Some(self.secret.compute_public_key().ok()?.as_ref().to_vec())
    }

    /// The secret, with what the other end told.
    pub fn agree(self, theirs: &[u8]) -> Option<Vec<u8>> {
        let theirs = UnparsedPublicKey::new(algorithm(self.group)?, theirs);
        agree_ephemeral(self.secret, &theirs, <[u8]>::to_vec).ok()
    }
}

fn algorithm(group: u16) -> Option<&'static Algorithm> {
    match group {
        hello::X25519 => Some(&X25519),
        hello::P256 => Some(&ECDH_P256),
        _ => None,
    }
}

/// Random octets of both ends, the client's first.
pub(super) type Randoms = ([u8; 32], [u8; 32]);

/// The master secret.
pub(super) struct Master {
    secret: Vec<u8>,
    randoms: Randoms,
}

impl Master {
    /// Of the secret agreed on, and where both know how (`extended`) of all messages so far, so that
    /// nobody in the middle can have the same with both (RFC 7627).
    pub fn new(agreed: &[u8], randoms: Randoms, extended: bool, messages: &[u8]) -> Self {
        let (client, server) = &randoms;
        let secret = match extended {
            true => stretch(agreed, "extended master secret", &[digest(&SHA256, messages).as_ref()], 48),
            false => stretch(agreed, "master secret", &[client, server], 48),
        };
        Self { secret, randoms }
    }

    /// The ciphers of what the client and what the server sends.
    pub fn ciphers(&self) -> Option<(Cipher, Cipher)> {
        let (client, server) = &self.randoms;
        let octets = stretch(&self.secret, "key expansion", &[server, client], 40);
        let mut reader = Reader::new(&octets);
        let (client, server) = (reader.take(16)?, reader.take(16)?);
        Some((Cipher::new(client, reader.array()?)?, Cipher::new(server, reader.array()?)?))
    }

    /// The proof that one end has seen these messages and has the secret.
    pub fn finished(&self, by_client: bool, messages: &[u8]) -> Vec<u8> {
        let label = if by_client { "client finished" } else { "server finished" };
        stretch(&self.secret, label, &[digest(&SHA256, messages).as_ref()], 12)
    }

    /// Keys of SRTP (RFC 5764, 4.2): the client's, the server's, the client's salt, the server's.
    pub fn keys(&self, suite: Suite, is_client: bool) -> Option<Keys> {
        let (client, server) = &self.randoms;
        let (key, salt) = suite.octets();
        let octets = stretch(&self.secret, "EXTRACTOR-dtls_srtp", &[client, server], 2 * (key + salt));
        let mut reader = Reader::new(&octets);
        let keys = [reader.take(key)?, reader.take(key)?];
        let [client, server] = keys.map(|key| MasterKey::new(suite, &[key, reader.take(salt)?].concat()));
        let (client, server) = (client?, server?);
        Some(if is_client { Keys { send: client, receive: server } } else { Keys { send: server, receive: client } })
    }
}

/// As many octets of a secret as are wanted (RFC 5246, 5: PRF with SHA-256).
fn stretch(secret: &[u8], label: &str, seed: &[&[u8]], octets: usize) -> Vec<u8> {
    let key = hmac::Key::new(HMAC_SHA256, secret);
    let seed = [label.as_bytes(), &seed.concat()].concat();
    let mut link = hmac::sign(&key, &seed);
    let mut out = Vec::new();
    while out.len() < octets {
        out.extend(hmac::sign(&key, &[link.as_ref(), &seed].concat()).as_ref());
        link = hmac::sign(&key, link.as_ref());
    }
    out.truncate(octets);
    out
}

#[cfg(test)]
#[allow(clippy::expect_used, clippy::indexing_slicing)]
mod tests {
    use super::{Share, hello};

    #[test]
    fn halves_of_a_secret_that_would_give_it_away_are_refused() {
        // Of order 1, 2 and 8 on Curve25519 (RFC 7748, 7): whatever our half, the secret would be zero.
        let eight = [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09,
            0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ];
        let mut one = [0; 32];
        one[0] = 1;
        for theirs in [&[0; 32], &one, &eight] {
            assert!(Share::new(hello::X25519).expect("randomness").agree(theirs).is_none());
        }
        let honest = Share::new(hello::P256).expect("randomness").public().expect("a point");
        assert!(Share::new(hello::P256).expect("randomness").agree(&honest).is_some());
        let mut beside = honest.clone();
        beside[64] ^= 1;
        let compressed = [&[2], &honest[1..33]].concat();
        for theirs in [beside, compressed, vec![0], vec![4; 65], Vec::new()] {
            assert!(Share::new(hello::P256).expect("randomness").agree(&theirs).is_none());
        }
    }

    #[test]
    fn a_secret_is_stretched_as_everybody_does() {
        // A vector that implementers of TLS 1.2 share (IETF TLS list, "Test vectors for the PRF", SHA-256).
        let secret = [0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35];
        let seed = [0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c];
        let out = super::stretch(&secret, "test label", &[&seed], 100);
        assert!(out.starts_with(&[0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b]));
        assert!(out.ends_with(&[0x10, 0xff, 0xf7, 0x01, 0x87, 0x34, 0x7b, 0x66]));
    }
}
