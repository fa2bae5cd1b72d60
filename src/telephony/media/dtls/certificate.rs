use std::sync::Arc;

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{self, EcdsaKeyPair, KeyPair, UnparsedPublicKey, VerificationAlgorithm};
use sipx_sdp::fingerprint::{Fingerprint, HashFunc};

use super::wire::{Reader, element};

/// ECDSA with SHA-256, the only way we sign (RFC 8422, 5.1.3).
pub(super) const OWN_SCHEME: u16 = 0x0403;
/// What we take: ECDSA, and RSA (PKCS #1) of 2,048 bits or more, with SHA-256, 384 or 512.
pub(super) const SCHEMES: [u16; 5] = [OWN_SCHEME, 0x0503, 0x0401, 0x0501, 0x0601];

const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OBJECT: u8 = 0x06;
const TEXT: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Who we are: a certificate of P-256 that nobody but ourselves vouches for, with its key. What
/// makes it trusted is its fingerprint in the session description (RFC 5763, 5).
#[derive(Clone)]
pub struct Certificate {
    der: Arc<[u8]>,
    key: Arc<EcdsaKeyPair>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate(redacted)")
    }
}

impl Certificate {
    /// A new one; `None` where there is no randomness to make it of.
    pub fn generate() -> Option<Self> {
        let random = SystemRandom::new();
        let curve = &signature::ECDSA_P256_SHA256_ASN1_SIGNING;
        let secret = EcdsaKeyPair::generate_pkcs8(curve, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(curve, secret.as_ref(), &random).ok()?;
        let mut serial = [0; 17];
        random.fill(&mut serial).ok()?;
        serial[0] = 1; // neither negative nor with zeros in front
        let algorithm = element(SEQUENCE, &[&element(OBJECT, &[ECDSA_SHA256])]);
        let name = element(SEQUENCE, &[&element(OBJECT, &[COMMON_NAME]), &element(TEXT, &[b"callbox"])]);
        let name = element(SEQUENCE, &[&element(SET, &[&name])]);
        // For ever: whoever checks it goes by its fingerprint, and this room has no clock.
        let validity = [element(UTC_TIME, &[b"700101000000Z"]), element(TIME, &[b"99991231235959Z"])].concat();
        let kind = element(SEQUENCE, &[&element(OBJECT, &[ELLIPTIC]), &element(OBJECT, &[P256])]);
        let point = element(BITS, &[&[0], key.public_key().as_ref()]);
        let content = [
            element(INTEGER, &[&serial]),
            algorithm.clone(),
            name.clone(),
            element(SEQUENCE, &[&validity]),
            name,
            element(SEQUENCE, &[&kind, &point]),
        ];
        let signed = element(SEQUENCE, &[&content.concat()]);
        let proof = element(BITS, &[&[0], key.sign(&random, &signed).ok()?.as_ref()]);
        Some(Self { der: element(SEQUENCE, &[&signed, &algorithm, &proof]).into(), key: Arc::new(key) })
    }

    /// What session descriptions say of it.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.der, HashFunc::Sha256)
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(self.key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec())
    }
}

/// The key that somebody's certificate (X.509) is for.
#[derive(Debug)]
pub(super) struct PublicKey {
    kind: Kind,
    octets: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Rsa,
    P256,
    P384,
}

impl PublicKey {
    /// `None` for what is no certificate, or one of a kind that we don't know.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let mut signed = Reader::new(certificate).expect(SEQUENCE.into())?.expect(SEQUENCE.into())?;
        let version = 0xa0;
        let (first, _) = signed.element()?;
        // Serial number, algorithm, issuer, validity, subject.
        for _ in 0..if first == version { 5 } else { 4 } {
            signed.element()?;
        }
        let mut key = signed.expect(SEQUENCE.into())?;
        let mut algorithm = key.expect(SEQUENCE.into())?;
        let kind = match algorithm.expect(OBJECT.into())?.rest() {
            RSA => Kind::Rsa,
            ELLIPTIC => match algorithm.expect(OBJECT.into())?.rest() {
                P256 => Kind::P256,
                P384 => Kind::P384,
                _ => return None,
            },
            _ => return None,
        };
        let octets = key.expect(BITS.into())?.rest().strip_prefix(&[0])?;
        Some(Self { kind, octets: octets.to_vec() })
    }

    pub fn is_rsa(&self) -> bool {
        matches!(self.kind, Kind::Rsa)
    }

    /// Whether its owner signed this.
    pub fn verifies(&self, scheme: u16, message: &[u8], proof: &[u8]) -> bool {
        let algorithm: &dyn VerificationAlgorithm = match (self.kind, scheme) {
            (Kind::P256, 0x0403) => &signature::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, 0x0503) => &signature::ECDSA_P256_SHA384_ASN1,
            (Kind::P384, 0x0403) => &signature::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, 0x0503) => &signature::ECDSA_P384_SHA384_ASN1,
            (Kind::Rsa, 0x0401) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, 0x0501) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, 0x0601) => &signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return false,
        };
        UnparsedPublicKey::new(algorithm, &self.octets).verify(message, proof).is_ok()
    }
}
