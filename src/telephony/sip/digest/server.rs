use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use hmac::{Hmac, Mac};
use machine::Now;
use sha2::Sha256;
use sipx_sip::auth::{self, Algorithm, Challenge};

use super::fields::{field, fields};
use super::{Credentials, Hash};

/// How long a nonce may be used; the peer is then told that it is stale and takes a new one.
const LIFE: Duration = Duration::from_secs(300);
/// Nonces whose count is remembered: only of those whose user proved the password.
const MOST_COUNTED: usize = 4_096;

/// What a request says to prove who sends it.
#[derive(Debug, Clone, Copy)]
pub struct Proof<'r> {
    /// The Authorization fields.
    pub values: &'r [Vec<u8>],
    /// Its method.
    pub method: &'r str,
    /// Its Request-URI as sent.
    pub uri: &'r str,
    /// The same for every copy of the request and for no other.
    pub same: u64,
    /// Where it came from: a nonce is good for one address.
    pub source: IpAddr,
}

/// What a proof is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// This user, by its number.
    Good(usize),
    /// There is none, or not one of ours: ask.
    Missing,
    /// The password may well be right, the nonce is not any more: ask with `stale`.
    Stale,
    /// An answer to a nonce of ours, and not the right one.
    Wrong,
}

/// The server's side. Issuing a nonce keeps no state (it proves its own age and addressee by a
/// MAC), so that asking costs as much for a million strangers as for one.
pub struct Server {
    realm: String,
    /// What is offered, the better first (RFC 8760, 2.3).
    offered: Vec<Algorithm>,
    users: Vec<Credentials>,
    secret: [u8; 32],
    counted: HashMap<u64, Counted>,
    /// The same by age.
    ages: BTreeMap<(u64, u64), ()>,
    /// Nonces of this instant and older are stale: their counts were forgotten for want of room.
    forgotten_ms: Option<u64>,
}

struct Counted {
    count: u32,
    same: u64,
}

struct Nonce {
    issued_ms: u64,
    serial: u64,
}

impl Server {
    /// A server of these users, who prove themselves by one of these, the preferred first.
    pub fn new(realm: String, offered: &[Hash], users: Vec<Credentials>, secret: [u8; 32]) -> Self {
        let algorithm = |hash: &Hash| match hash {
            Hash::Sha256 => Algorithm::Sha256,
            Hash::Md5 => Algorithm::Md5,
        };
        let offered = offered.iter().map(algorithm).collect();
        Server { realm, offered, users, secret, counted: HashMap::new(), ages: BTreeMap::new(), forgotten_ms: None }
    }

    /// Whether anybody could pass.
    pub fn has_users(&self) -> bool {
        !self.users.is_empty()
    }

    /// The name of a user.
    pub fn user(&self, number: usize) -> &str {
        self.users.get(number).map_or("", |user| &user.user)
    }

    /// Nonces remembered.
    pub fn remembered(&self) -> usize {
        self.counted.len()
    }

    /// The WWW-Authenticate fields that ask `source` for a proof.
    pub fn challenges(&self, now: Now, source: IpAddr, serial: u64, stale: bool) -> Vec<String> {
        let nonce = self.nonce(now.as_millis(), serial, source);
        let stale = if stale { ", stale=true" } else { "" };
        let challenge = |algorithm: Algorithm| {
            let (realm, algorithm) = (&self.realm, algorithm.as_str());
            format!("Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}")
        };
        self.offered.iter().copied().map(challenge).collect()
    }

    /// What a request's proof is worth.
    pub fn check(&mut self, now: Now, proof: Proof<'_>) -> Verdict {
        let rows = proof.values.iter().take(4).filter_map(|value| fields(value));
        let ours = rows.filter(|row| field(row, "realm") == Some(&self.realm)).collect::<Vec<_>>();
        ours.first().map_or(Verdict::Missing, |row| self.check_fields(now, row, proof))
    }

    fn check_fields(&mut self, now: Now, row: &[(String, String)], proof: Proof<'_>) -> Verdict {
        let Some(nonce) = field(row, "nonce").and_then(|text| self.read(text, proof.source)) else {
            return Verdict::Missing; // not ours, or issued before a restart
        };
        let Some((user, count)) = self.is_right(row, proof) else {
            return Verdict::Wrong;
        };
        let age = now.as_millis().saturating_sub(nonce.issued_ms);
        let forgotten = self.forgotten_ms.is_some_and(|at| nonce.issued_ms <= at);
        if u128::from(age) > LIFE.as_millis() || forgotten || !self.count(&nonce, count, proof.same) {
            return Verdict::Stale;
        }
        Verdict::Good(user)
    }

    /// The user and the nonce count, where the response is the one that the password gives. An
    /// unknown user costs the same work as a known one: the time tells nobody who is one.
    fn is_right(&self, row: &[(String, String)], proof: Proof<'_>) -> Option<(usize, u32)> {
        let name = field(row, "username")?;
        let algorithm = Algorithm::parse(field(row, "algorithm").unwrap_or("MD5"))?;
        let known = self.users.iter().position(|user| user.user == name);
        let password = known.and_then(|at| self.users.get(at)).map_or("no such user", |user| &user.password);
        let count = u32::from_str_radix(field(row, "nc")?, 16).ok()?;
        let challenge = Challenge {
            realm: self.realm.clone(),
            nonce: field(row, "nonce")?.to_owned(),
            opaque: None,
            algorithm,
            qop_auth: true,
            stale: false,
            from_proxy: false,
        };
        let credentials = auth::Credentials::new(name, password);
        let right =
            auth::respond(&challenge, &credentials, proof.method, field(row, "uri")?, count, field(row, "cnonce")?);
        let right = fields(right.as_bytes())?;
        let same = equal(field(&right, "response")?, field(row, "response")?);
        let asked = self.offered.contains(&algorithm)
            && field(row, "qop").is_some_and(|qop| qop.eq_ignore_ascii_case("auth"))
            && field(row, "uri") == Some(proof.uri);
        known.filter(|_| same && asked).map(|user| (user, count))
    }

    /// Whether this count of this nonce is new (RFC 7616, 3.3: a repeated one is a replay), or
    /// that of a copy of the same request.
    fn count(&mut self, nonce: &Nonce, count: u32, same: u64) -> bool {
        match self.counted.get_mut(&nonce.serial) {
            Some(seen) if count > seen.count => *seen = Counted { count, same },
            Some(seen) => return count == seen.count && same == seen.same,
            None => {
                self.make_room();
                self.counted.insert(nonce.serial, Counted { count, same });
                self.ages.insert((nonce.issued_ms, nonce.serial), ());
            }
        }
        true
    }

    fn make_room(&mut self) {
        while self.counted.len() >= MOST_COUNTED {
            let Some(((issued_ms, serial), ())) = self.ages.pop_first() else {
                return self.counted.clear();
            };
            self.counted.remove(&serial);
            self.forgotten_ms = Some(issued_ms);
        }
    }

    fn nonce(&self, issued_ms: u64, serial: u64, source: IpAddr) -> String {
        format!("{issued_ms:016x}{serial:016x}{}", self.mac(issued_ms, serial, source))
    }

    fn read(&self, text: &str, source: IpAddr) -> Option<Nonce> {
        let number = |range| u64::from_str_radix(text.get(range)?, 16).ok();
        let nonce = Nonce { issued_ms: number(0..16)?, serial: number(16..32)? };
        equal(&self.nonce(nonce.issued_ms, nonce.serial, source), text).then_some(nonce)
    }

    fn mac(&self, issued_ms: u64, serial: u64, source: IpAddr) -> String {
        // A key of any length is one for HMAC, so this always gives a MAC.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.secret) else {
            return String::new();
        };
        mac.update(&issued_ms.to_be_bytes());
        mac.update(&serial.to_be_bytes());
        mac.update(source.to_canonical().to_string().as_bytes());
        mac.finalize().into_bytes().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
    }
}

/// Equality in a time that does not tell where two texts of one length differ.
fn equal(left: &str, right: &str) -> bool {
    let differing = left.bytes().zip(right.bytes()).fold(0, |all, (left, right)| all | (left ^ right));
    left.len() == right.len() && differing == 0
}
