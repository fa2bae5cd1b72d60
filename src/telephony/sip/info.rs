//! INFO (RFC 6086) as phones use it for their keypad: application/dtmf-relay and
//! application/dtmf. Nothing else is understood.

use sipx_sip::headers::ContentType;
use sipx_sip::{HeaderName, Request};

use super::responses::Reply;

/// The kinds of INFO that are understood.
const ACCEPTED: &str = "application/dtmf-relay, application/dtmf";
/// A key and its length take less.
const MOST_BYTES: usize = 256;

/// The key in an INFO, and what it is answered with.
pub(super) fn key(request: &Request) -> (Option<char>, Reply) {
    let body = request.body();
    if body.is_empty() {
        return (None, Reply::new(200));
    }
    let relay = match request.headers.typed::<ContentType>() {
        Some(Ok(kind)) if kind.is("application", "dtmf-relay") => true,
        Some(Ok(kind)) if kind.is("application", "dtmf") => false,
        _ => return (None, Reply::new(415).header(HeaderName::Accept, ACCEPTED)),
    };
    let text = body.get(..MOST_BYTES.min(body.len())).map(String::from_utf8_lossy).unwrap_or_default();
    let signal = match relay {
        true => text.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim().to_owned())
        }),
        false => Some(text.trim().to_owned()),
    };
    match signal.as_deref().and_then(pressed) {
        Some(key) => (Some(key), Reply::new(200)),
        None => (None, Reply::new(400)),
    }
}

/// `0-9*#A-D`, or the event numbers 10 and 11 that some devices write for star and pound.
fn pressed(signal: &str) -> Option<char> {
    match signal {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut all = signal.chars();
    let key = all.next()?.to_ascii_uppercase();
    (all.next().is_none() && matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')).then_some(key)
}
