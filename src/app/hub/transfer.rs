//! One file over HTTP: tries, resumes, gives up.

use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, LOCATION, RANGE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::{Instant, timeout, timeout_at};

use super::origin::shown;
use super::place::{Part, require_space};
use super::{HubError, News, Patience};

/// Places a request is sent on to, at most.
const HOPS: usize = 5;
/// A server that sends less than this within `Patience::stall` has stalled, in bytes.
const SLOWEST: u64 = 4 << 10;
/// A try that brought this much, in bytes, was no failure.
const PROGRESS: u64 = 1 << 20;
/// Bytes between two pieces of news.
const STEP: u64 = 1 << 20;

/// What may come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The very length, where it is known.
    pub(super) exact: Option<u64>,
    /// No more than this.
    pub(super) most: u64,
}

/// A file that came.
#[derive(Debug)]
pub(super) struct Fetched {
    /// Address and version.
    pub(super) from: String,
    /// What the hub says its hash is, if it does.
    pub(super) sha256: Option<String>,
}

/// Why a try ended.
enum Fault {
    /// It may pass; the server may have said when.
    Passing {
        why: String,
        wait: Option<Duration>,
    },
    Final(HubError),
}

impl From<HubError> for Fault {
    fn from(error: HubError) -> Self {
        Fault::Final(error)
    }
}

fn passing(why: impl Into<String>) -> Fault {
    Fault::Passing { why: why.into(), wait: None }
}

/// What the answers on the way said of the file.
#[derive(Debug, Default)]
struct Claims {
    etag: Option<String>,
    sha256: Option<String>,
    commit: Option<String>,
}

impl Claims {
    /// The hub itself answers first and knows best; a CDN's tags are only taken for want of its.
    fn note(&mut self, headers: &HeaderMap) {
        let text =
            |name: &str| Some(headers.get(name)?.to_str().ok()?.trim_start_matches("W/").trim_matches('"').to_owned());
        let linked = text("x-linked-etag");
        let sha256 = linked.clone().filter(|tag| tag.len() == 64 && tag.bytes().all(|b| b.is_ascii_hexdigit()));
        self.sha256 = self.sha256.take().or(sha256.map(|hash| hash.to_ascii_lowercase()));
        self.etag = self.etag.take().or(linked).or_else(|| text(ETAG.as_str()));
        self.commit = self.commit.take().or_else(|| text("x-repo-commit"));
    }
}

/// The client and its patience.
pub(super) struct Transfer {
    client: Client,
    token: Option<String>,
    patience: Patience,
}

impl std::fmt::Debug for Transfer {
    /// Never the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Transfer {
    pub(super) fn new(token: Option<String>, patience: Patience) -> Result<Self, HubError> {
        // Somebody may have installed one already: any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none()) // followed here, for what the answers say
            .connect_timeout(patience.stall)
            .user_agent(concat!("callbox/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| HubError::Client(chain(&error)))?;
        Ok(Transfer { client, token, patience })
    }

    /// Brings the rest of a file.
    pub(super) async fn fetch(
        &self,
        url: &Url,
        name: &str,
        part: &mut Part,
        limits: Limits,
        news: &mut dyn FnMut(News<'_>),
    ) -> Result<Fetched, HubError> {
        let (mut failures, mut best) = (0, part.length());
        loop {
            let (why, asked) = match self.attempt(url, name, part, limits, news).await {
                Ok(claims) => return Ok(fetched(url, claims)),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing { why, wait }) => (why, wait),
            };
            // A server that never gets further than before makes no progress, however much it sends.
            failures = if part.length() >= best.saturating_add(PROGRESS) { 1 } else { failures + 1 };
            best = best.max(part.length());
            if failures >= self.patience.tries {
                let have_mb = part.length() / 1_000_000;
                return Err(HubError::GaveUp { url: shown(url), tries: failures, why, have_mb });
            }
            let doubled = self.patience.first_wait.saturating_mul(1 << (failures - 1).min(16));
            let wait = asked.unwrap_or(doubled).min(self.patience.longest_wait);
            news(News::Waits { why: &why, wait });
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        name: &str,
        part: &mut Part,
        limits: Limits,
        news: &mut dyn FnMut(News<'_>),
    ) -> Result<Claims, Fault> {
        if limits.exact.is_some_and(|bytes| part.length() > bytes) || part.length() > limits.most {
            part.restart()?;
        }
        if limits.exact == Some(part.length()) {
            return Ok(Claims::default()); // all of it is here; its hash will tell
        }
        let (response, claims) = self.open(url, part.length()).await?;
        let total = self.begin(url, &response, &claims, part, limits)?;
        let most = total.or(limits.exact).unwrap_or(limits.most);
        self.take(url, name, response, part, most, total, news).await?;
        match total.or(limits.exact) {
            Some(whole) if part.length() < whole => {
                Err(passing(format!("the server cut off after {} of {whole} bytes", part.length())))
            }
            _ => Ok(claims),
        }
    }

    /// Asks, and follows where it is sent on to.
    async fn open(&self, url: &Url, from: u64) -> Result<(Response, Claims), Fault> {
        let (mut at, mut claims) = (url.clone(), Claims::default());
        for _ in 0..=HOPS {
            let mut request = self.client.get(at.clone()).header(ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            if let Some(token) = self.token.as_ref().filter(|_| at.origin() == url.origin()) {
                request = request.bearer_auth(token);
            }
            let sent = timeout(self.patience.stall, request.send()).await;
            let answer = sent.map_err(|_| passing("the server does not answer"))?;
            let response = answer.map_err(|error| unsent(&at, &error))?;
            claims.note(response.headers());
            if !response.status().is_redirection() {
                return Ok((response, claims));
            }
            at = next(&at, &response)?;
        }
        Err(HubError::Redirect { url: shown(url), why: format!("more than {HOPS} times") }.into())
    }

    /// Judges the answer before a byte of it is taken. Answers how long the file is, if it is said.
    fn begin(
        &self,
        url: &Url,
        response: &Response,
        claims: &Claims,
        part: &mut Part,
        limits: Limits,
    ) -> Result<Option<u64>, Fault> {
        accept(url, response, part)?;
        let total = if response.status() == StatusCode::PARTIAL_CONTENT {
            let (first, total) =
                content_range(response).ok_or_else(|| passing("the server's Content-Range is garbled"))?;
            let same = claims.etag.is_some() && part.tag() == claims.etag;
            if part.length() > 0 && (first != part.length() || !(same || limits.exact.is_some())) {
                part.restart()?;
                return Err(passing("the rest is not of the part that is here: starting over"));
            }
            if first != part.length() {
                return Err(passing("the server sent another range than asked for"));
            }
            total
        } else {
            if part.length() > 0 {
                part.restart()?; // this server sends everything or nothing
            }
            response.content_length()
        };
        if let (Some(found), Some(expected)) = (total, limits.exact)
            && found != expected
        {
            return Err(HubError::SizeDiffers { url: shown(url), expected, found }.into());
        }
        if total.is_some_and(|bytes| bytes > limits.most) {
            return Err(HubError::TooLarge { url: shown(url), most: limits.most }.into());
        }
        require_space(part.path(), total.unwrap_or(limits.most).saturating_sub(part.length()))?;
        part.set_tag(claims.etag.as_deref())?;
        Ok(total)
    }

    /// Writes what comes, as long as it comes and is not too much.
    #[allow(clippy::too_many_arguments, reason = "one file's state, used here only")]
    async fn take(
        &self,
        url: &Url,
        name: &str,
        mut response: Response,
        part: &mut Part,
        most: u64,
        total: Option<u64>,
        news: &mut dyn FnMut(News<'_>),
    ) -> Result<(), Fault> {
        news(News::At { file: name, have: part.length(), of: total });
        let mut told = part.length();
        let (mut window, mut deadline) = (part.length(), Instant::now() + self.patience.stall);
        loop {
            let chunk = match timeout_at(deadline, response.chunk()).await {
                Err(_) => return Err(passing("the server has stalled")),
                Ok(Err(error)) => return Err(passing(chain(&error))),
                Ok(Ok(None)) => break,
                Ok(Ok(Some(chunk))) => chunk,
            };
            if part.length().saturating_add(chunk.len() as u64) > most {
                part.restart()?;
                return Err(HubError::TooLarge { url: shown(url), most }.into());
            }
            part.push(&chunk)?;
            if part.length() - window >= SLOWEST {
                (window, deadline) = (part.length(), Instant::now() + self.patience.stall);
            }
            if part.length() - told >= STEP {
                told = part.length();
                news(News::At { file: name, have: told, of: total });
            }
        }
        Ok(())
    }
}

/// Answers that bring no bytes.
fn accept(url: &Url, response: &Response, part: &mut Part) -> Result<(), Fault> {
    let (status, url) = (response.status(), shown(url));
    let code = status.as_u16();
    match code {
        200 | 206 => {
            let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            if kind.starts_with("text/html") { Err(HubError::WebPage { url }.into()) } else { Ok(()) }
        }
        401 | 403 | 407 => Err(HubError::Refused { url, status: code }.into()),
        404 | 410 => Err(HubError::NotFound { url, status: code }.into()),
        416 => {
            part.restart()?;
            Err(passing("the server has less than the part that is here: starting over"))
        }
        408 | 429 | 500..=599 => {
            Err(Fault::Passing { why: format!("the server answers {status}"), wait: retry_after(response) })
        }
        _ => Err(HubError::Status { url, status: code }.into()),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// First byte and whole length out of `Content-Range` (RFC 9110 section 14.4).
fn content_range(response: &Response) -> Option<(u64, Option<u64>)> {
    let text = response.headers().get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?;
    let (range, total) = text.split_once('/')?;
    let first = range.split_once('-')?.0.trim().parse().ok()?;
    Some((first, total.trim().parse().ok()))
}

fn next(at: &Url, response: &Response) -> Result<Url, HubError> {
    let refused = |why: String| HubError::Redirect { url: shown(at), why };
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let place = place.ok_or_else(|| refused("it does not say where to".to_owned()))?;
    let next = at.join(place).map_err(|error| refused(error.to_string()))?;
    match (at.scheme(), next.scheme()) {
        ("https", "https") | ("http", "http" | "https") => Ok(next),
        ("https", "http") => Err(refused("from https to http".to_owned())),
        (_, other) => Err(refused(format!("to {other}:"))),
    }
}

fn fetched(url: &Url, claims: Claims) -> Fetched {
    let version = claims.commit.map(|commit| format!(" at {commit}")).unwrap_or_default();
    Fetched { from: format!("{}{version}", shown(url)), sha256: claims.sha256 }
}

/// A request that came to no answer. A certificate nobody here trusts will not pass by itself.
fn unsent(url: &Url, error: &reqwest::Error) -> Fault {
    let why = chain(error);
    if error.is_connect() && why.contains("certificate") {
        return HubError::Certificate { url: shown(url), why }.into();
    }
    passing(why)
}

/// An error with its causes, without addresses: those may be signed.
fn chain(error: &reqwest::Error) -> String {
    let kind = if error.is_connect() { "no connection" } else { "the connection broke" };
    let mut causes = vec![kind.to_owned()];
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    causes.join(": ")
}
