//! What a request's body is, and whether ours would be understood.

use sipx_sip::headers::ContentType;
use sipx_sip::{HeaderName, Request};

use super::inbound::tokens;
use super::responses::{ACCEPT, Reply};
use crate::sdp::{self, Description, Fault};

/// The offer or answer in a request, if it has one (RFC 3261, 8.2.3 and 13.3.1).
pub(super) fn description(request: &Request, agent: &str) -> Result<Option<Description>, Reply> {
    acceptable_answer(request)?;
    if request.body().is_empty() {
        return Ok(None);
    }
    let is_sdp = match request.headers.typed::<ContentType>() {
        Some(Ok(content)) => content.is("application", "sdp"),
        Some(Err(_)) => return Err(Reply::new(400)),
        // RFC 3261, 20.15 demands the field with a body; what else could it be in an INVITE?
        None => true,
    };
    if !is_sdp && is_optional(request) {
        return Ok(None);
    }
    let encodings = tokens(request, &HeaderName::ContentEncoding);
    let plain = encodings.iter().all(|encoding| encoding.eq_ignore_ascii_case("identity"));
    if !is_sdp || !plain {
        return Err(Reply::new(415).header(HeaderName::Accept, ACCEPT).header(HeaderName::AcceptEncoding, "identity"));
    }
    sdp::read(request.body()).map(Some).map_err(|fault| refusal(fault, agent))
}

/// The status for a session that can't be: 400 where it can't be read, 488 with the reason
/// where it can.
pub(super) fn refusal(fault: Fault, agent: &str) -> Reply {
    let code = match fault {
        Fault::Unreadable => return Reply::new(400).warning(399, agent, &fault.to_string()),
        Fault::NoAudio => 304,
        Fault::NoCodec => 305,
        Fault::Address => 300,
        Fault::TooManyStreams | Fault::NotSecured | Fault::Handshake | Fault::Crypto => 399,
    };
    Reply::new(488).warning(code, agent, &fault.to_string())
}

/// 406 where the caller takes no session description (RFC 3261, 8.2.3; 21.4.7).
fn acceptable_answer(request: &Request) -> Result<(), Reply> {
    let accepted = tokens(request, &HeaderName::Accept);
    let takes_sdp = accepted.iter().any(|range| {
        let range = range.split(';').next().unwrap_or_default().trim();
        ["application/sdp", "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
    });
    let restricted = request.headers.get(&HeaderName::Accept).is_some();
    if restricted && !takes_sdp { Err(Reply::new(406).header(HeaderName::Accept, ACCEPT)) } else { Ok(()) }
}

/// Content-Disposition: ..;handling=optional lets a body be skipped (RFC 3261, 20.11).
fn is_optional(request: &Request) -> bool {
    request.headers.value(&HeaderName::ContentDisposition).is_some_and(|value| {
        let value = String::from_utf8_lossy(&value).to_ascii_lowercase();
        value.split(';').any(|param| {
            let mut sides = param.split('=').map(str::trim);
            sides.next() == Some("handling") && sides.next() == Some("optional")
        })
    })
}
