//! Who calls, and who sent them here: From, and of peers that are trusted P-Asserted-Identity,
//! Privacy (RFC 3325) and Diversion (RFC 5806).

use std::fmt;

use sipx_sip::headers::{Address, From};
use sipx_sip::message::Headers;
use sipx_sip::{HeaderName, PAssertedIdentityList};

use super::inbound::tokens_of;
use super::party::party;
use super::{CallKey, Party};

/// A reason of a diversion is one word.
const MOST_CHARS: usize = 32;

/// What an INVITE says beside who calls whom.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Background {
    /// The caller is not who they say but who a trusted peer says they are.
    pub asserted: bool,
    /// Who sent the call on to us.
    pub diversion: Option<Diversion>,
    /// The call of ours that this one replaces once it is answered (RFC 3891): its caller was put
    /// through to us, or somebody picks up in another's place.
    pub replaces: Option<CallKey>,
}

/// A call was meant for somebody else first. Prints redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct Diversion {
    /// Who sent it on.
    pub by: Party,
    /// One word: `no-answer`, `user-busy`, `unconditional`..
    pub why: Option<String>,
}

impl fmt::Debug for Diversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Diversion({:?})", self.why)
    }
}

/// The caller of an INVITE, and whether that is asserted. Of one who wants to be nobody nothing
/// is told (RFC 3325, 7 and 9.2).
pub(super) fn caller(headers: &Headers, trusted: bool) -> (Party, bool) {
    let from = headers.typed::<From>().and_then(Result::ok);
    let claimed = from.map(|from| party(from.display_name.as_deref(), &from.uri)).unwrap_or_default();
    if !trusted {
        return (claimed, false);
    }
    if is_private(headers) {
        return (Party::default(), false);
    }
    let list = PAssertedIdentityList::from_headers(headers).ok().flatten();
    let first = list.as_ref().and_then(|list| list.values().first()).map(|value| {
        let address = value.address();
        party(address.display_name.as_deref(), &address.uri)
    });
    match first {
        Some(asserted) => (Party { display: asserted.display.or(claimed.display), ..asserted }, true),
        None => (claimed, false),
    }
}

fn is_private(headers: &Headers) -> bool {
    let values = headers.get_all(&HeaderName::Privacy);
    let mut words = values.flat_map(|field| {
        let value = String::from_utf8_lossy(&field.value()).to_ascii_lowercase();
        value.split(';').map(|word| word.trim().to_owned()).collect::<Vec<_>>()
    });
    words.any(|word| matches!(word.as_str(), "id" | "user" | "header"))
}

/// The last who sent the call on; who wishes not to be named is not.
pub(super) fn diversion(headers: &Headers) -> Option<Diversion> {
    let field = headers.get(&HeaderName::Other(b"Diversion".as_slice().into()))?;
    let address = Address::parse_list(&field.value(), "Diversion").ok()?.into_iter().next()?;
    let word = |name: &str| {
        let value = String::from_utf8_lossy(address.param(name)?).to_ascii_lowercase();
        let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
        Some(value.trim_matches('"').chars().filter(plain).take(MOST_CHARS).collect::<String>())
    };
    let hidden = word("privacy").is_some_and(|privacy| privacy != "off");
    let by = if hidden { Party::default() } else { party(address.display_name.as_deref(), &address.uri) };
    Some(Diversion { by, why: word("reason").filter(|why| !why.is_empty()) })
}

/// Whether an extension is demanded or offered.
pub(super) fn speaks(headers: &Headers, name: &HeaderName, extension: &str) -> bool {
    tokens_of(headers, name).iter().any(|token| token.eq_ignore_ascii_case(extension))
}
