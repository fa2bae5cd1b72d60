use aes::cipher::{BlockEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use aes::{Aes128, Aes256};
use aes_gcm::aead::AeadInPlace;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::{LONGEST_KEY, LONGEST_SALT, MasterKey, Suite};

type Counter = ctr::CtrCore<Aes128, ctr::flavors::Ctr128BE>;

/// Labels of key derivation (RFC 3711 4.3.1 and 4.3.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    cipher: u8,
    authentication: u8,
    salt: u8,
}

pub(super) const RTP: Labels = Labels { cipher: 0, authentication: 1, salt: 2 };
pub(super) const RTCP: Labels = Labels { cipher: 3, authentication: 4, salt: 5 };

/// Session keys of RTP or RTCP, one direction.
#[derive(Clone)]
pub(super) struct Session {
    cipher: Cipher,
    salt: [u8; LONGEST_SALT],
}

#[derive(Clone)]
#[allow(clippy::large_enum_variant)] // boxed where it is kept
enum Cipher {
    Counter { aes: Aes128, authentication: Hmac<Sha1>, tag_octets: usize },
    Gcm128(Aes128Gcm),
    Gcm256(Aes256Gcm),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Session(redacted)")
    }
}

/// RFC 3711 4.3.3, with AES-256 as RFC 6188 2 has it.
pub(super) fn derive(master: &MasterKey, label: u8, out: &mut [u8]) {
    let mut block = [0; 16];
    for (octet, salt) in block.iter_mut().zip(master.salt) {
        *octet = salt;
    }
    if let Some(octet) = block.get_mut(7) {
        *octet ^= label;
    }
    let wide = master.suite == Suite::Gcm256;
    let narrow = Aes128::new_from_slice(master.key.get(..16).unwrap_or_default());
    let (Ok(narrow), whole) = (narrow, Aes256::new(&master.key.into())) else { return };
    for (number, chunk) in out.chunks_mut(16).enumerate() {
        let mut key_stream = block;
        if let Some(last) = key_stream.last_mut() {
            *last = number as u8;
        }
        let mut key_stream = key_stream.into();
        if wide {
            whole.encrypt_block(&mut key_stream)
        } else {
            narrow.encrypt_block(&mut key_stream)
        }
        chunk.iter_mut().zip(key_stream).for_each(|(octet, key)| *octet = key);
    }
}

impl Session {
    /// For a direction's RTP or RTCP.
    pub fn new(master: &MasterKey, labels: Labels) -> Self {
        let (mut key, mut salt, mut authentication) = ([0; LONGEST_KEY], [0; LONGEST_SALT], [0; 20]);
        let suite = master.suite;
        derive(master, labels.cipher, key.get_mut(..suite.key_octets()).unwrap_or_default());
        derive(master, labels.salt, salt.get_mut(..suite.salt_octets()).unwrap_or_default());
        derive(master, labels.authentication, &mut authentication);
        let (rtp_tag, rtcp_tag) = suite.tags();
        let tag_octets = if labels.cipher == RTP.cipher { rtp_tag } else { rtcp_tag };
        Self::of_session_keys(suite, key, salt, authentication, tag_octets)
    }

    pub(super) fn of_session_keys(
        suite: Suite,
        key: [u8; LONGEST_KEY],
        salt: [u8; LONGEST_SALT],
        authentication: [u8; 20],
        tag_octets: usize,
    ) -> Self {
        let mut first_half = [0; 16];
        first_half.iter_mut().zip(key).for_each(|(octet, key)| *octet = key);
        let mut block = [0; 64]; // a key as long as the hash's block can't be refused
        block.iter_mut().zip(authentication).for_each(|(octet, key)| *octet = key);
        let cipher = match suite {
            Suite::Gcm256 => Cipher::Gcm256(Aes256Gcm::new(&key.into())),
            Suite::Gcm128 => Cipher::Gcm128(Aes128Gcm::new(&first_half.into())),
            Suite::Cm80 | Suite::Cm32 => Cipher::Counter {
                aes: Aes128::new(&first_half.into()),
                authentication: <Hmac<Sha1> as KeyInit>::new(&block.into()),
                tag_octets,
            },
        };
        Self { cipher, salt }
    }

    /// Octets of the tag.
    pub fn tag_octets(&self) -> usize {
        match &self.cipher {
            Cipher::Counter { tag_octets, .. } => *tag_octets,
            Cipher::Gcm128(_) | Cipher::Gcm256(_) => 16,
        }
    }

    /// True where encryption and authentication are one step.
    pub fn is_aead(&self) -> bool {
        !matches!(self.cipher, Cipher::Counter { .. })
    }

    /// Counter mode, both ways (RFC 3711 4.1.1).
    pub fn counter(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let Cipher::Counter { aes, .. } = &self.cipher else { return };
        let mut iv = [0; 16];
        let salt = self.salt.iter();
        iv.iter_mut().zip(salt).for_each(|(octet, salt)| *octet = *salt);
        let [_, _, index @ ..] = index.to_be_bytes();
        let mask = ssrc.to_be_bytes().into_iter().chain(index);
        iv.iter_mut().skip(4).zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        let core = Counter::inner_iv_init(aes.clone(), &iv.into());
        StreamCipherCoreWrapper::from_core(core).apply_keystream(data);
    }

    /// The tag of these octets in counter mode; as many of `tag` as count are set.
    pub fn authenticate(&self, parts: [&[u8]; 2]) -> [u8; 20] {
        let Cipher::Counter { authentication, .. } = &self.cipher else { return [0; 20] };
        let mut mac = authentication.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }

    /// True when the tag is right; takes as long when it is wrong.
    pub fn is_authentic(&self, parts: [&[u8]; 2], tag: &[u8]) -> bool {
        let Cipher::Counter { authentication, .. } = &self.cipher else { return false };
        let mut mac = authentication.clone();
        parts.iter().for_each(|part| mac.update(part));
        tag.len() == self.tag_octets() && mac.verify_truncated_left(tag).is_ok()
    }

    /// RFC 7714 8.1 and 9.1.
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut nonce = [0; 12];
        nonce.iter_mut().zip(self.salt).for_each(|(octet, salt)| *octet = salt);
        let [_, _, index @ ..] = index.to_be_bytes();
        let mask = ssrc.to_be_bytes().into_iter().chain(index);
        nonce.iter_mut().skip(2).zip(mask).for_each(|(octet, mask)| *octet ^= mask);
        nonce
    }

    /// Encrypts in place; the tag.
    pub fn seal(&self, ssrc: u32, index: u64, clear: &[u8], data: &mut [u8]) -> Option<[u8; 16]> {
        let nonce = self.nonce(ssrc, index).into();
        let tag = match &self.cipher {
            Cipher::Gcm128(gcm) => gcm.encrypt_in_place_detached(&nonce, clear, data),
            Cipher::Gcm256(gcm) => gcm.encrypt_in_place_detached(&nonce, clear, data),
            Cipher::Counter { .. } => return None,
        };
        tag.ok().map(Into::into)
    }

    /// Decrypts in place; `None`, and nothing decrypted, when it is not authentic.
    pub fn open(&self, ssrc: u32, index: u64, clear: &[u8], data: &mut [u8], tag: &[u8]) -> Option<()> {
        let nonce = self.nonce(ssrc, index).into();
        let tag: [u8; 16] = tag.try_into().ok()?;
        match &self.cipher {
            Cipher::Gcm128(gcm) => gcm.decrypt_in_place_detached(&nonce, clear, data, &tag.into()),
            Cipher::Gcm256(gcm) => gcm.decrypt_in_place_detached(&nonce, clear, data, &tag.into()),
            Cipher::Counter { .. } => return None,
        }
        .ok()
    }
}
