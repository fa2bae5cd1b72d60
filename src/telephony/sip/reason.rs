use std::fmt;

use sipx_sip::message::Headers;
use sipx_sip::{HeaderName, TypedHeader};

use super::EndCause;

/// Words longer than this are cut.
const MOST_CHARS: usize = 80;

/// Why a call ended, in its peer's words (RFC 3326). Prints without them: nobody knows what a
/// peer writes.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// A SIP status.
    pub sip: Option<u16>,
    /// A cause of the telephone network (ITU-T Q.850).
    pub q850: Option<u8>,
    /// In words.
    pub text: Option<String>,
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason(sip {:?}, q850 {:?})", self.sip, self.q850)
    }
}

impl Reason {
    /// What a message says; none where it says nothing that can be read.
    pub(super) fn of(headers: &Headers) -> Option<Self> {
        let mut reason = Reason::default();
        for field in headers.get_all(&HeaderName::Reason).take(4) {
            let Ok(values) = sipx_sip::Reason::decode(&field.value()) else { continue };
            for value in values.0.iter().take(4) {
                match value.protocol() {
                    name if name.eq_ignore_ascii_case(b"SIP") => reason.sip = reason.sip.or(Some(value.cause())),
                    name if name.eq_ignore_ascii_case(b"Q.850") => {
                        reason.q850 = reason.q850.or(u8::try_from(value.cause()).ok());
                    }
                    _ => continue,
                }
                reason.text = reason.text.or_else(|| value.text().map(words));
            }
        }
        (reason != Reason::default()).then_some(reason)
    }
}

fn words(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect()
}

/// What a BYE of ours says of itself.
pub(super) fn field(cause: EndCause) -> Option<&'static str> {
    match cause {
        EndCause::HungUp => Some("Q.850;cause=16;text=\"Normal call clearing\""),
        EndCause::NoMedia => Some("Q.850;cause=88;text=\"Incompatible destination\""),
        EndCause::Expired | EndCause::NotAcknowledged => Some("Q.850;cause=102;text=\"Recovery on timer expiry\""),
        EndCause::Cancelled | EndCause::Rejected { .. } | EndCause::Timeout | EndCause::Unreachable => None,
    }
}
