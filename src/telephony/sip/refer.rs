//! Sending a peer to somebody else: REFER and the news of it (RFC 3515), for blind transfer and,
//! with Replaces, for attended transfer (RFC 5589).

use std::time::Duration;

use sipx_sip::event::{State, Subscription};
use sipx_sip::headers::ContentType;
use sipx_sip::{HeaderName, Method, Request, Response, Uri};

use super::call::Phase;
use super::caller::at_host;
use super::responses::Reply;
use super::timers::{CallTimer, TimerKey};
use super::transactions::Owner;
use super::{CallKey, Endpoint, Event};

/// Whom a peer is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferTo {
    /// An address; where its host is the name of a line it becomes that line's.
    Address(String),
    /// The far end of another call of ours, in whose place the peer is to be (RFC 3891).
    Call(CallKey),
}

/// What has become of a REFER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Referral {
    /// The peer tries: the status of its call so far.
    Progress(u16),
    /// Its call was answered: it needs us no more.
    Done,
    /// It does not try, and says so with this status. Nothing has changed.
    Refused(u16),
    /// It tried, and its call failed with this status.
    Failed(u16),
    /// It took the request and has said nothing since, for all the time it had.
    Silent,
}

/// A REFER that was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// Its number: news may name it.
    sequence: u32,
}

impl Endpoint {
    /// Sends a peer to somebody else.
    pub(super) fn refer(&mut self, key: CallKey, to: ReferTo, within: Duration) {
        let Some(call) = self.calls.get(&key).filter(|call| !call.ended) else { return };
        if !matches!(call.phase, Phase::Up) || call.referral.is_some() || call.peer.refer == Some(false) {
            // Who says that it knows no REFER is not asked.
            return self.tell(Event::Referral { call: key, news: Referral::Refused(405) });
        }
        if self.send_refer(key, to, within).is_none() {
            self.tell(Event::Referral { call: key, news: Referral::Refused(488) });
        }
    }

    fn send_refer(&mut self, key: CallKey, to: ReferTo, within: Duration) -> Option<()> {
        let to = match to {
            ReferTo::Address(address) => self.referred_address(address)?,
            ReferTo::Call(other) => {
                let target = &self.calls.get(&other)?.dialog.target;
                let target = String::from_utf8_lossy(&target.to_bytes()).into_owned();
                format!("{target}?{}", self.replaces_of(other)?)
            }
        };
        let ours = self.calls.get(&key).map(|call| call.dialog.contact.clone())?;
        let headers = vec![(HeaderName::ReferTo, format!("<{to}>")), (HeaderName::ReferredBy, ours)];
        self.send_within(key, Method::Refer, headers, None, Owner::Refer(key))?;
        let until = self.now + within;
        let call = self.calls.get_mut(&key)?;
        call.referral = Some(Sent { sequence: call.dialog.local_sequence });
        self.timers.set(TimerKey::Call(key, CallTimer::Refer), until);
        Some(())
    }

    /// A line's name means nothing to the peer: its host does.
    fn referred_address(&self, address: String) -> Option<String> {
        let uri = Uri::parse(address.clone().into_bytes().into()).ok()?;
        let Some(way) = self.lines.way_out(&uri) else { return Some(address) };
        let at = at_host(&uri, &way.host)?;
        let headers = address.split_once('?').map(|(_, headers)| format!("?{headers}")).unwrap_or_default();
        Some(String::from_utf8_lossy(&at.to_bytes()).into_owned() + &headers)
    }

    /// A response to a REFER of ours.
    pub(super) fn refer_response(&mut self, key: CallKey, response: &Response) {
        let status = response.status.code();
        match status {
            100..=199 => {}
            200..=299 => {
                // News may have come before (RFC 3515, 2.4.4).
                if self.calls.get(&key).is_some_and(|call| call.referral.is_some()) {
                    self.tell(Event::Referral { call: key, news: Referral::Progress(100) });
                }
            }
            _ => self.referral_over(key, Referral::Refused(status)),
        }
    }

    /// There is no more news of a REFER of ours: this is the last.
    pub(super) fn referral_over(&mut self, key: CallKey, news: Referral) {
        self.timers.clear(TimerKey::Call(key, CallTimer::Refer));
        let sent = self.calls.get_mut(&key).and_then(|call| call.referral.take());
        if sent.is_some() {
            self.tell(Event::Referral { call: key, news });
        }
    }

    /// NOTIFY: the news.
    pub(super) fn notified(&mut self, key: CallKey, request: &Request) -> Reply {
        let sent = self.calls.get(&key).and_then(|call| call.referral);
        let (Some(event), Some(sent)) = (event_of(request), sent) else {
            let known = event_of(request).is_some();
            return Reply::new(if known { 481 } else { 489 });
        };
        if event.is_some_and(|id| id != sent.sequence) {
            return Reply::new(481);
        }
        let status = fragment(request);
        let state = request.headers.value(&HeaderName::SubscriptionState);
        let over = state.and_then(|value| Subscription::parse(&value)).is_some_and(|s| s.state == State::Terminated);
        match status {
            Some(100..=199) if !over => {
                let news = Referral::Progress(status.unwrap_or(100));
                self.tell(Event::Referral { call: key, news });
            }
            Some(200..=299) => self.referral_over(key, Referral::Done),
            Some(status) if status >= 300 => self.referral_over(key, Referral::Failed(status)),
            // Over without a final status: what became of it is not known, and so it is not done.
            _ if over => self.referral_over(key, Referral::Silent),
            _ => return Reply::new(400),
        }
        Reply::new(200)
    }
}

/// `refer`, and its id where it has one; none for other events (RFC 3515, 2.4.6).
fn event_of(request: &Request) -> Option<Option<u32>> {
    let value = request.headers.value(&HeaderName::Event)?;
    let text = String::from_utf8_lossy(&value).to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    if parts.next() != Some("refer") {
        return None;
    }
    // An id that is no number is none of ours.
    Some(parts.find_map(|part| part.strip_prefix("id=")).map(|id| id.trim().parse().unwrap_or(u32::MAX)))
}

/// The status in a message/sipfrag (RFC 3420).
fn fragment(request: &Request) -> Option<u16> {
    let kind = request.headers.typed::<ContentType>()?.ok()?;
    if !kind.is("message", "sipfrag") {
        return None;
    }
    let line = request.body().split(|octet| matches!(octet, b'\r' | b'\n')).next()?;
    let text = std::str::from_utf8(line).ok()?;
    let status =
        text.trim_start().get(..8)?.eq_ignore_ascii_case("SIP/2.0 ").then(|| text.trim_start().get(8..11))??;
    status.parse().ok().filter(|status| (100..700).contains(status))
}
