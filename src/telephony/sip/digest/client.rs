use sipx_sip::auth::{self, Algorithm, Challenge};
use sipx_sip::{HeaderName, Response};

use super::Credentials;
use super::fields::{field, fields};

/// How many times one request is repeated with an answer: a proxy and the registrar behind it
/// may each ask, and each may find its nonce stale.
const MOST_TRIES: u8 = 4;
/// Protection spaces remembered at once: a registrar and the proxies before it.
const MOST_SPACES: usize = 4;

/// Why a challenge is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The peer knows the answer and does not accept it: user or password are wrong.
    WrongCredentials,
    /// It asks for nothing we can answer.
    NotUnderstood,
}

/// The client's side for one set of credentials. Remembers what each realm asked, so that the
/// next request is answered before it is asked, the nonce counted up (RFC 7616, 3.4).
#[derive(Debug)]
pub struct Client {
    credentials: Credentials,
    spaces: Vec<Space>,
}

#[derive(Debug)]
struct Space {
    challenge: Challenge,
    /// Answers given with this nonce.
    count: u32,
}

impl Client {
    /// A client that was not asked yet.
    pub fn new(credentials: Credentials) -> Self {
        Client { credentials, spaces: Vec::new() }
    }

    /// Takes the challenge of a 401 or 407. `tries` says how many times the request was already
    /// repeated for one.
    ///
    /// # Errors
    /// Why there is no use in repeating the request.
    pub fn challenged(&mut self, response: &Response, tries: u8) -> Result<(), Refusal> {
        let challenge = strongest(response).ok_or(Refusal::NotUnderstood)?;
        let known = self.space(&challenge);
        // A realm that asks again without saying that its nonce was stale says no (RFC 7616, 3.3).
        if tries >= MOST_TRIES || (tries > 0 && known.is_some() && !challenge.stale) {
            return Err(Refusal::WrongCredentials);
        }
        let space = Space { challenge, count: 0 };
        match known.and_then(|at| self.spaces.get_mut(at)) {
            Some(slot) => *slot = space,
            None => {
                self.spaces.truncate(MOST_SPACES - 1);
                self.spaces.insert(0, space);
            }
        }
        Ok(())
    }

    /// The header fields that answer all that is known to be asked of a request with this
    /// method and Request-URI.
    pub fn answers(&mut self, method: &str, uri: &str, random: &mut fastrand::Rng) -> Vec<(HeaderName, String)> {
        let credentials = auth::Credentials::new(self.credentials.user.as_str(), self.credentials.password.as_str());
        let answer = |space: &mut Space| {
            space.count = space.count.saturating_add(1);
            let cnonce = format!("{:016x}", random.u64(..));
            let value = auth::respond(&space.challenge, &credentials, method, uri, space.count, &cnonce);
            (space.challenge.response_header(), value)
        };
        self.spaces.iter_mut().map(answer).collect()
    }

    fn space(&self, of: &Challenge) -> Option<usize> {
        let same = |space: &Space| (&space.challenge.realm, space.challenge.from_proxy) == (&of.realm, of.from_proxy);
        self.spaces.iter().position(same)
    }
}

/// The challenge to answer: the strongest of those we understand. RFC 8760, 2.4 lets policy
/// decide, and taking the topmost would let anybody on the way choose MD5 for us. The `-sess`
/// forms come last: few peers do them right.
fn strongest(response: &Response) -> Option<Challenge> {
    let from_proxy = response.status.code() == 407;
    let name = if from_proxy { HeaderName::ProxyAuthenticate } else { HeaderName::WwwAuthenticate };
    let strength = |challenge: &Challenge| match challenge.algorithm {
        Algorithm::Sha512_256 => 5,
        Algorithm::Sha256 => 4,
        Algorithm::Sha512_256Sess => 3,
        Algorithm::Sha256Sess => 2,
        Algorithm::Md5 => 1,
        _ => 0,
    };
    let rows = response.headers.get_all(&name).take(16);
    rows.filter_map(|row| challenge(&row.value(), from_proxy))
        .reduce(|best, next| if strength(&next) > strength(&best) { next } else { best })
}

fn challenge(value: &[u8], from_proxy: bool) -> Option<Challenge> {
    let fields = fields(value)?;
    let qop = field(&fields, "qop");
    let qop_auth = qop.is_some_and(|all| all.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")));
    if qop.is_some_and(|all| !all.trim().is_empty()) && !qop_auth {
        return None; // auth-int alone
    }
    Some(Challenge {
        realm: field(&fields, "realm")?.to_owned(),
        nonce: field(&fields, "nonce")?.to_owned(),
        opaque: field(&fields, "opaque").map(str::to_owned),
        algorithm: Algorithm::parse(field(&fields, "algorithm").unwrap_or("MD5"))?,
        qop_auth,
        stale: field(&fields, "stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        from_proxy,
    })
}
