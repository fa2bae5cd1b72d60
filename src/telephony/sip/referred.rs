//! Being sent to somebody else: a peer's REFER, and telling it how that goes (RFC 3515).

use sipx_sip::event::{Reason, Subscription};
use sipx_sip::headers::Address;
use sipx_sip::{HeaderName, Method, Request};

use super::call::Phase;
use super::inbound::Incoming;
use super::responses::{Reply, reason};
use super::transactions::Owner;
use super::{CallKey, Endpoint, Event};

/// How long a peer is told of its REFER.
const EXPIRES_S: u64 = 180;
/// Longest address that is followed.
const MOST_BYTES: usize = 1_024;

/// A REFER that was taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    sequence: u32,
}

impl Endpoint {
    /// A REFER within a call. What it is answered with, and whom it names where that is followed.
    pub(super) fn refer_asked(&mut self, key: CallKey, incoming: &Incoming) -> (Reply, Option<String>) {
        let ip = incoming.arrival.from.ip();
        if !self.config.referrers.iter().any(|network| network.contains(ip)) {
            return (Reply::new(603), None);
        }
        let Some(to) = refer_to(&incoming.request) else { return (Reply::new(400), None) };
        match self.calls.get_mut(&key) {
            Some(call) if matches!(call.phase, Phase::Up) && !call.ended => {
                if call.referred.is_some() {
                    return (Reply::new(491), None);
                }
                call.referred = Some(Asked { sequence: incoming.sequence });
                (Reply::new(202), Some(to))
            }
            _ => (Reply::new(480), None),
        }
    }

    /// Tells the peer how the call it asked for is going; a final status is the last.
    pub(super) fn referred(&mut self, key: CallKey, status: u16) {
        let status = if (100..700).contains(&status) { status } else { 500 };
        let up = |call: &&mut super::call::Call| matches!(call.phase, Phase::Up);
        let Some(call) = self.calls.get_mut(&key).filter(up) else { return };
        let Some(asked) = call.referred else { return };
        let state = if status < 200 {
            Subscription::active(std::time::Duration::from_secs(EXPIRES_S))
        } else {
            call.referred = None;
            Subscription::terminated(Reason::NoResource)
        };
        let headers = vec![
            (HeaderName::Event, format!("refer;id={}", asked.sequence)),
            (HeaderName::SubscriptionState, state.to_value()),
        ];
        let body = format!("SIP/2.0 {status} {}\r\n", reason(status));
        let body = Some(("message/sipfrag;version=2.0", body));
        self.send_within(key, Method::Notify, headers, body, Owner::Notify(key));
    }

    /// The peer does not want to be told.
    pub(super) fn notify_refused(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.referred = None;
        }
    }

    /// The REFER was answered: the first news follows (RFC 3515, 2.4.4), and the application decides.
    pub(super) fn refer_taken(&mut self, key: CallKey, to: String) {
        self.referred(key, 100);
        self.tell(Event::Refer { call: key, to });
    }
}

/// Whom a REFER names; exactly one (RFC 3515, 2.4.1).
fn refer_to(request: &Request) -> Option<String> {
    let mut fields = request.headers.get_all(&HeaderName::ReferTo);
    let only = fields.next().filter(|_| fields.next().is_none())?;
    let to = Address::parse(&only.value(), "Refer-To").ok()?;
    let text = String::from_utf8_lossy(&to.uri.to_bytes()).into_owned();
    let plain = text.len() <= MOST_BYTES && text.chars().all(|c| c.is_ascii_graphic());
    (plain && (text.starts_with("sip:") || text.starts_with("tel:"))).then_some(text)
}
