//! Replaces (RFC 3891): a call takes the place of another.

use sipx_sip::HeaderName;

use super::call::{Call, Phase};
use super::inbound::{Arrival, Incoming};
use super::limits;
use super::responses::Reply;
use super::{CallKey, EndCause, EndedBy, Endpoint};

/// The dialog that is to be replaced, as the receiver of the header sees it.
#[derive(Debug, PartialEq, Eq)]
struct Replaces {
    call_id: String,
    to_tag: String,
    from_tag: String,
    early_only: bool,
}

impl Replaces {
    fn read(value: &str) -> Option<Self> {
        let mut parts = value.split(';').map(str::trim);
        let call_id = parts.next().filter(|id| !id.is_empty())?.to_owned();
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for part in parts {
            match part.split_once('=') {
                Some((name, tag)) if name.trim().eq_ignore_ascii_case("to-tag") => to_tag = Some(tag.trim()),
                Some((name, tag)) if name.trim().eq_ignore_ascii_case("from-tag") => from_tag = Some(tag.trim()),
                None if part.eq_ignore_ascii_case("early-only") => early_only = true,
                _ => {}
            }
        }
        Some(Replaces { call_id, to_tag: to_tag?.to_owned(), from_tag: from_tag?.to_owned(), early_only })
    }
}

impl Endpoint {
    /// The call that an INVITE wants to replace (RFC 3891, 3): none where it wants none.
    pub(super) fn replaced(&self, incoming: &Incoming) -> Result<Option<CallKey>, Reply> {
        let mut fields = incoming.request.headers.get_all(&HeaderName::Replaces);
        let Some(field) = fields.next() else { return Ok(None) };
        if fields.next().is_some() {
            return Err(Reply::new(400));
        }
        let value = String::from_utf8_lossy(&field.value()).into_owned();
        let wanted = Replaces::read(&value).ok_or_else(|| Reply::new(400))?;
        let theirs = Some(wanted.from_tag.as_bytes());
        let key = self.call_of(wanted.to_tag.as_bytes(), theirs, wanted.call_id.as_bytes());
        let Some((key, call)) = key.and_then(|key| Some((key, self.calls.get(&key)?))) else {
            return Err(Reply::new(481));
        };
        match call.phase {
            _ if call.ended => Err(Reply::new(603)),
            Phase::Closing => Err(Reply::new(603)),
            // Who rings here is replaced by nobody else who rings here.
            Phase::Offered(_) => Err(Reply::new(481)),
            Phase::Up | Phase::Answered if wanted.early_only => Err(Reply::new(486)),
            _ if !self.may_replace(call, incoming.arrival) => Err(Reply::new(403)),
            _ => Ok(Some(key)),
        }
    }

    /// Knowing the tags is not enough: it must be the same peer, or one that is known (RFC 3891, 8).
    fn may_replace(&self, call: &Call, arrival: Arrival) -> bool {
        let ip = arrival.from.ip();
        limits::source(ip) == call.source || self.is_friend(ip) || self.server.has_users()
    }

    /// The call that this one replaces is over.
    pub(super) fn shut_replaced(&mut self, key: CallKey) {
        let Some(old) = self.calls.get_mut(&key).and_then(|call| call.replaces.take()) else { return };
        match self.calls.get(&old).map(|call| &call.phase) {
            Some(Phase::Dialling(_)) => self.give_up(old, EndCause::Cancelled, EndedBy::Local),
            Some(_) => self.hang_up(old),
            None => {}
        }
    }

    /// The header field, escaped for a URI, by which the far end of a call knows it; none while it is
    /// not up or where the far end knows no Replaces.
    pub(super) fn replaces_of(&self, key: CallKey) -> Option<String> {
        let call = self.calls.get(&key).filter(|call| matches!(call.phase, Phase::Up) && call.peer.replaces)?;
        let tag = call.dialog.remote_tag.as_ref()?;
        let [id, theirs] = [&call.dialog.call_id, tag].map(|part| escaped(&String::from_utf8_lossy(part)));
        Some(format!("Replaces={id}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{key}"))
    }
}

/// As a value of a header field within a URI (RFC 3261, 25.1: hvalue).
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_read_in_any_order() {
        let read = Replaces::read("98732@sip.example.com ;from-tag=r33th4x0r; to-tag=ff87ff;early-only");
        let wanted = Replaces {
            call_id: "98732@sip.example.com".into(),
            to_tag: "ff87ff".into(),
            from_tag: "r33th4x0r".into(),
            early_only: true,
        };
        assert_eq!(read, Some(wanted));
        for broken in ["", ";to-tag=a;from-tag=b", "id;to-tag=a", "id;from-tag=b"] {
            assert_eq!(Replaces::read(broken), None, "{broken}");
        }
        assert_eq!(escaped("a@b;c d"), "a%40b%3Bc%20d");
    }
}
