//! Calls that go out: INVITE, its responses, the ACK, CANCEL, and every BYE.

use std::net::SocketAddr;

use sipx_sip::headers::{CSeq, To};
use sipx_sip::session::MinSe;
use sipx_sip::{Header, HeaderName, Method, Request, RequestBuilder, Response, Uri};

use super::call::{Acknowledgement, Call, Dialling, Phase, Session};
use super::dialog::{Dialog, address_of};
use super::flow::Flow;
use super::limits::{self, Kind};
use super::responses::{ACCEPT, ALLOW, SUPPORTED};
use super::timers::{CallTimer, TimerKey};
use super::transactions::{Owner, TransactionId};
use super::{CallKey, ConnectionId, EndCause, EndedBy, Endpoint, Event, Transport};
use crate::sdp::{self, LocalMedia};

/// How often an INVITE is sent again in other words.
const MOST_TRIES: u8 = 4;

/// A Dial command.
pub(super) struct Dial {
    pub token: u64,
    pub target: String,
    pub destination: Option<SocketAddr>,
    pub from_display: Option<String>,
    pub from_user: String,
    pub media: LocalMedia,
    pub transport: Transport,
    pub connection: Option<ConnectionId>,
}

impl Endpoint {
    /// Places a call. One that can't even be sent ends at once.
    pub(super) fn dial(&mut self, dial: Dial) {
        let key = self.new_call_key();
        self.tell(Event::Dialled { token: dial.token, call: key });
        if self.try_dial(key, dial).is_none() {
            let (cause, by) = (EndCause::Unreachable, EndedBy::Local);
            self.tell(Event::Ended { call: key, cause, by });
        }
    }

    fn try_dial(&mut self, key: CallKey, dial: Dial) -> Option<()> {
        let target = Uri::parse(dial.target.into_bytes().into()).ok()?;
        target.host()?;
        let way = self.lines.way_out(&target);
        let (target, fields) = super::uri_fields::split(target);
        let target = match &way {
            Some(way) => at_host(&target, &way.host)?,
            None => target,
        };
        let to = way.as_ref().map(|way| way.to).or(dial.destination).or_else(|| address_of(&target))?;
        let open = way.as_ref().and_then(|way| way.flow).filter(|flow| flow.peer() == to);
        let transport = way.as_ref().map_or(dial.transport, |way| way.transport);
        let flow = match (transport, open) {
            (Transport::Udp, _) => Flow::Datagram { to, local: None },
            (_, Some(flow @ Flow::Stream { connection, .. })) if self.connections.is_open(connection) => flow,
            (transport, _) => self.open_stream(dial.connection, to, transport == Transport::Tls),
        };
        let (user, domain) = way.and_then(|way| way.from).unwrap_or_else(|| (dial.from_user, self.host(flow)));
        let from = from_value(dial.from_display.as_deref(), &user, &domain);
        let dialog = Dialog {
            call_id: format!("{:016x}{:016x}", self.random.u64(..), self.random.u64(..)).into_bytes(),
            local: format!("{from};tag={key}").into_bytes(),
            remote: [b"<", target.to_bytes().as_ref(), b">"].concat(),
            remote_tag: None,
            target,
            routes: Vec::new(),
            local_sequence: 1,
            remote_sequence: None,
            flow,
            contact: self.contact(flow),
            is_caller: true,
        };
        let mut session = Session::new(self.random.u64(1..u64::from(u32::MAX)));
        let body = sdp::offer(&dial.media, (session.id, session.version));
        session.described.clone_from(&body);
        session.local = Some(dial.media);
        let via = self.via(flow);
        let mut invite = dialog
            .request(Method::Invite, 1, &via, &self.config.user_agent)?
            .header(HeaderName::Allow, ALLOW)
            .ok()?
            .header(HeaderName::Supported, SUPPORTED)
            .ok()?;
        for (name, value) in self.asked_session(self.config.session_interval) {
            invite = invite.header(name, value).ok()?;
        }
        for (name, value) in fields {
            invite = invite.header(name, value).ok()?;
        }
        let invite = invite.header(HeaderName::ContentType, ACCEPT).ok()?.body(body).build();
        self.keep(key, Call::new(dialog, session, Phase::Closing, limits::source(to.ip()), None));
        self.timers.set(TimerKey::Call(key, CallTimer::Ring), self.now + self.config.ring_limit);
        let sent = self.open_client(invite.clone(), flow, Owner::Invite(key));
        if let (Some(transaction), Some(call)) = (sent, self.calls.get_mut(&key)) {
            call.phase = Phase::Dialling(Box::new(Dialling {
                transaction,
                flow,
                invite,
                session: self.config.session_interval,
                tries: 0,
                provisional: false,
                ringing: false,
                early: Vec::new(),
                cancelled: false,
            }));
        }
        Some(())
    }

    fn keep(&mut self, key: CallKey, call: Call) {
        self.sources.take(call.source, Kind::Call);
        self.active += 1;
        self.calls.insert(key, call);
    }

    /// A response to our INVITE.
    pub(super) fn invite_response(&mut self, key: CallKey, id: TransactionId, response: &Response) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let dialling = match &mut call.phase {
            Phase::Dialling(dialling) if dialling.transaction == id => dialling,
            _ => return self.accepted_again(key, response),
        };
        if response.status.is_success() {
            let cancelled = dialling.cancelled;
            return self.accepted(key, response, cancelled);
        }
        if response.status.is_final() {
            let status = response.status.code();
            if status == 422 && self.ask_longer_session(key, response).is_some() {
                return;
            }
            self.tell_reason(key, &response.headers);
            self.end(key, EndCause::Rejected { status }, EndedBy::Remote);
            return self.forget(key);
        }
        let first = !std::mem::replace(&mut dialling.provisional, true);
        if dialling.cancelled {
            return if first {
                self.send_cancel(key)
            };
        }
        if response.status.code() > 100 && self.acknowledge_provisional(key, response) {
            if let Some(call) = self.calls.get_mut(&key) {
                call.dialog.learn(response);
            }
            self.rings(key);
            // An answer in an unreliable provisional is a preview that the 200 must repeat
            // (RFC 3261, 13.2.1): good enough to hear ringback by.
            self.take_early_answer(key, response);
        }
    }

    /// The session we asked for is too short for them: once more, with theirs (RFC 4028, 7.3).
    fn ask_longer_session(&mut self, key: CallKey, response: &Response) -> Option<()> {
        let least = response.headers.typed::<MinSe>()?.ok()?.0;
        let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get_mut(&key) else {
            return None;
        };
        if least <= dialling.session || least > super::session_timer::LONGEST {
            return None;
        }
        dialling.session = least;
        let mut fields = self.asked_session(least);
        fields.push((HeaderName::MinSe, least.as_secs().to_string()));
        self.invite_again(key, fields)
    }

    /// The same INVITE with the next number and these header fields instead (RFC 3261, 8.1.3.5).
    /// None where it was given up meanwhile or was tried too often.
    pub(super) fn invite_again(&mut self, key: CallKey, fields: Vec<(HeaderName, String)>) -> Option<()> {
        let Some(Call { phase: Phase::Dialling(dialling), dialog, .. }) = self.calls.get_mut(&key) else {
            return None;
        };
        if dialling.cancelled || dialling.tries >= MOST_TRIES {
            return None;
        }
        dialling.tries += 1;
        dialling.provisional = false;
        dialog.local_sequence = dialog.local_sequence.saturating_add(1);
        let (flow, mut invite) = (dialling.flow, dialling.invite.clone());
        let sequence = format!("{} INVITE", dialog.local_sequence);
        let via = Header::build(HeaderName::Via, self.via(flow)).ok()?;
        invite.headers.remove_all(&HeaderName::Via);
        invite.headers.push_front(via);
        for (name, value) in fields.into_iter().chain([(HeaderName::CSeq, sequence)]) {
            invite.headers.remove_all(&name);
            invite.headers.push(Header::build(name, value).ok()?);
        }
        let transaction = self.open_client(invite.clone(), flow, Owner::Invite(key))?;
        if let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get_mut(&key) {
            dialling.transaction = transaction;
            dialling.invite = invite;
        }
        Some(())
    }

    fn accepted(&mut self, key: CallKey, response: &Response, cancelled: bool) {
        self.timers.clear(TimerKey::Call(key, CallTimer::Ring));
        self.timers.clear(TimerKey::Call(key, CallTimer::Cancelled));
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let asked = match &call.phase {
            Phase::Dialling(dialling) => dialling.session,
            _ => self.config.session_interval,
        };
        call.dialog.learn(response);
        call.peer.learn(&response.headers);
        call.phase = Phase::Up;
        self.send_ack(key, sequence_of(response));
        if cancelled {
            return self.send_bye(key);
        }
        if self.take_response_answer(key, response) {
            self.adopt_timer(key, response, Some(asked));
            self.tell(Event::Established { call: key });
        } else {
            self.end(key, EndCause::NoMedia, EndedBy::Remote);
            self.send_bye(key);
        }
    }

    /// The 200 came again: our ACK was lost. Or another fork took the call too, which is one
    /// too many (RFC 3261, 13.2.2.4).
    fn accepted_again(&mut self, key: CallKey, response: &Response) {
        let tag = response.headers.typed::<To>().and_then(Result::ok).and_then(|to| to.tag().map(<[u8]>::to_vec));
        let Some(call) = self.calls.get(&key).filter(|_| response.status.is_success()) else {
            return;
        };
        if call.dialog.remote_tag == tag {
            if let Some(ack) = call.acknowledgement.clone().filter(|ack| ack.sequence == sequence_of(response)) {
                self.transmit(ack.flow, ack.bytes);
            }
            return;
        }
        let mut fork = call.dialog.clone();
        fork.learn(response);
        let flow = fork.way();
        let agent = self.config.user_agent.clone();
        let sequence = sequence_of(response);
        let ack = fork.request(Method::Ack, sequence, &self.via(flow), &agent).map(RequestBuilder::build);
        if let Some(ack) = ack {
            self.transmit(flow, bytes_of(&ack));
        }
        let next = fork.local_sequence.saturating_add(1); // above every PRACK
        let bye = fork.request(Method::Bye, next, &self.via(flow), &agent).map(RequestBuilder::build);
        if let Some(bye) = bye {
            self.open_client(bye, flow, Owner::Nobody);
        }
    }

    /// Takes the answer in a response; false where there is none that holds.
    pub(super) fn take_response_answer(&mut self, key: CallKey, response: &Response) -> bool {
        let Some(call) = self.calls.get(&key) else {
            return false;
        };
        if response.body().is_empty() {
            // The preview in a provisional has settled it where the 200 says nothing.
            return call.session.media.is_some();
        }
        let fallback = call.dialog.flow.peer().ip();
        let settled = call.session.local.as_ref().and_then(|local| {
            let answer = sdp::read(response.body()).ok()?;
            sdp::settle(&answer, local, fallback).ok()
        });
        let Some(media) = settled else { return false };
        self.agree(key, media);
        true
    }

    /// The ACK of a 2xx to the INVITE of ours with this number (RFC 3261, 13.2.2.4).
    pub(super) fn send_ack(&mut self, key: CallKey, sequence: u32) {
        let flow = self.dialog_flow(key);
        let via = flow.map(|flow| self.via(flow));
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let (Some(flow), Some(via)) = (flow, via) else {
            return;
        };
        let ack = call.dialog.request(Method::Ack, sequence, &via, &self.config.user_agent);
        if let Some(ack) = ack {
            let bytes = bytes_of(&ack.build());
            call.acknowledgement = Some(Acknowledgement { sequence, flow, bytes: bytes.clone() });
            self.transmit(flow, bytes);
        }
    }

    /// Nobody answered our INVITE, or it could not be sent.
    pub(super) fn invite_failed(&mut self, key: CallKey, lost: bool) {
        if !matches!(self.calls.get(&key).map(|call| &call.phase), Some(Phase::Dialling(_))) {
            return;
        }
        let cause = if lost { EndCause::Unreachable } else { EndCause::Timeout };
        self.end(key, cause, EndedBy::Network);
        self.forget(key);
    }

    /// Gives up a call of ours that nobody has answered. The CANCEL goes when it may: after a
    /// provisional response (RFC 3261, 9.1).
    pub(super) fn give_up(&mut self, key: CallKey, cause: EndCause, by: EndedBy) {
        let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get_mut(&key) else {
            return;
        };
        let first = !std::mem::replace(&mut dialling.cancelled, true);
        let provisional = dialling.provisional;
        self.timers.clear(TimerKey::Call(key, CallTimer::Ring));
        self.timers.set(TimerKey::Call(key, CallTimer::Cancelled), self.now + self.config.t1 * 64);
        self.end(key, cause, by);
        if provisional && first {
            self.send_cancel(key);
        }
    }

    /// The cancelled INVITE got no final response in 64*T1: it is over (RFC 3261, 9.1).
    pub(super) fn cancelled(&mut self, key: CallKey) {
        if let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get(&key) {
            let transaction = dialling.transaction;
            self.close_transaction(transaction);
            self.forget(key);
        }
    }

    /// RFC 3261, 9.1: the INVITE's own Via, URI, To and number.
    fn send_cancel(&mut self, key: CallKey) {
        let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get(&key) else {
            return;
        };
        let (invite, flow) = (&dialling.invite, dialling.flow);
        let mut cancel = RequestBuilder::new(Method::Cancel, invite.uri.clone()).max_forwards(70);
        for name in [HeaderName::Via, HeaderName::Route, HeaderName::From, HeaderName::To, HeaderName::CallId] {
            for field in invite.headers.get_all(&name) {
                let Ok(with) = cancel.header(name.clone(), field.value().into_owned()) else {
                    return;
                };
                cancel = with;
            }
        }
        let sequence = invite.headers.typed::<CSeq>().and_then(Result::ok).map_or(1, |cseq| cseq.sequence);
        let Ok(cancel) = cancel.cseq(sequence, &Method::Cancel) else {
            return;
        };
        self.open_client(cancel.build(), flow, Owner::Nobody);
    }

    /// BYE, after which the call only waits for the answer to it.
    pub(super) fn send_bye(&mut self, key: CallKey) {
        let flow = self.dialog_flow(key);
        let via = flow.map(|flow| self.via(flow));
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.phase = Phase::Closing;
        call.dialog.local_sequence = call.dialog.local_sequence.saturating_add(1);
        let sequence = call.dialog.local_sequence;
        let reason = call.cause.and_then(super::reason::field);
        let bye = via
            .and_then(|via| call.dialog.request(Method::Bye, sequence, &via, &self.config.user_agent))
            .and_then(|bye| match reason {
                Some(reason) => bye.header(HeaderName::Reason, reason).ok(),
                None => Some(bye),
            });
        let sent = bye.zip(flow).and_then(|(bye, flow)| self.open_client(bye.build(), flow, Owner::Bye(key)));
        if sent.is_none() {
            self.forget(key);
        }
    }

    /// The way requests of a dialog go: its connection while that is open, else the next hop.
    pub(super) fn dialog_flow(&mut self, key: CallKey) -> Option<Flow> {
        let call = self.calls.get(&key)?;
        let (to, heard) = (call.dialog.next_hop(), call.dialog.flow);
        let flow = match heard {
            Flow::Stream { connection, .. } if self.connections.is_open(connection) => heard,
            Flow::Stream { secure, .. } => self.open_stream(None, to, secure),
            Flow::Datagram { local, .. } => Flow::Datagram { to, local },
        };
        if flow.is_stream()
            && let Some(call) = self.calls.get_mut(&key)
        {
            call.dialog.flow = flow;
        }
        Some(flow)
    }
}

/// The number of the request that a response answers.
fn sequence_of(response: &Response) -> u32 {
    response.headers.typed::<CSeq>().and_then(Result::ok).map_or(1, |cseq| cseq.sequence)
}

fn bytes_of(request: &Request) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    request.write_to(&mut bytes);
    bytes
}

/// The same URI at another host.
pub(super) fn at_host(uri: &Uri, host: &str) -> Option<Uri> {
    let user = uri.user().map(|user| String::from_utf8_lossy(user).into_owned() + "@").unwrap_or_default();
    Uri::parse(format!("sip:{user}{host}").into_bytes().into()).ok()
}

/// A From without its tag: the display name quoted, the user escaped (RFC 3261, 25.1).
pub(super) fn from_value(display: Option<&str>, user: &str, host: &str) -> String {
    let mut value = String::new();
    if let Some(display) = display {
        value.push('"');
        for c in display.chars().filter(|c| !c.is_control()) {
            if matches!(c, '"' | '\\') {
                value.push('\\');
            }
            value.push(c);
        }
        value.push_str("\" ");
    }
    value.push_str("<sip:");
    for octet in user.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&octet) {
            value.push(char::from(octet));
        } else {
            value.push_str(&format!("%{octet:02X}"));
        }
    }
    if !user.is_empty() {
        value.push('@');
    }
    value.push_str(host);
    value.push('>');
    value
}
