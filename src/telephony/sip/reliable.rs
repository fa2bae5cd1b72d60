//! Provisional responses that are acknowledged (RFC 3262), ours and theirs.

use std::time::Duration;

use machine::Now;
use sipx_sip::headers::{CSeq, To};
use sipx_sip::rel::{Numbering, RAck, RSeq, Received, Sequence};
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response};

use super::body::description;
use super::call::{Call, Phase};
use super::callee::in_dialog;
use super::flow::Flow;
use super::identity::speaks;
use super::inbound::{Incoming, Way};
use super::responses::{Echo, Reply};
use super::timers::{CallTimer, TimerKey};
use super::transactions::Owner;
use super::{CallKey, EndCause, EndedBy, Endpoint, Event};
use crate::sdp::{self, LocalMedia};

/// Forks of one INVITE that are acknowledged; more are not heard.
const MOST_FORKS: usize = 8;

/// A provisional response of ours that was sent reliably.
pub(super) struct Provisional {
    numbering: Numbering,
    /// The CSeq number of the INVITE.
    sequence: u32,
    /// It holds the answer.
    answers: bool,
    flow: Flow,
    bytes: Vec<u8>,
    interval: Duration,
    until: Now,
}

/// A fork of an INVITE of ours that sends reliable provisional responses.
pub(super) struct Early {
    tag: Option<Vec<u8>>,
    sequence: Sequence,
}

impl Endpoint {
    /// 180, reliably where the caller demands it.
    pub(super) fn ring(&mut self, key: CallKey) {
        let Some(Call { phase: Phase::Offered(offered), dialog, .. }) = self.calls.get(&key) else { return };
        let reply = in_dialog(Reply::new(180), &offered.request, &dialog.contact);
        let (way, request) = (offered.way, offered.request.clone());
        match speaks(&request.headers, &HeaderName::Require, "100rel") {
            // The first reliable response would have to hold an offer (RFC 3262, 5): only we know
            // when ours can be made, so there is none before the 200.
            true if offered.offer.is_none() => {}
            true => self.send_reliably(key, way, &request, reply, false),
            false => self.answer(way, &request, reply, &key.to_string()),
        }
    }

    /// 183 with our answer, reliably where the caller can.
    pub(super) fn progress(&mut self, key: CallKey, media: LocalMedia) {
        let Some(Call { phase: Phase::Offered(offered), dialog, session, provisional, .. }) = self.calls.get_mut(&key)
        else {
            return;
        };
        let Some(offer) = offered.offer.as_ref().filter(|_| !session.settled) else { return };
        if provisional.as_ref().is_some_and(|sent| sent.numbering.outstanding().is_some()) {
            return; // one at a time (RFC 3262, 3)
        }
        let (fallback, id) = (dialog.flow.peer().ip(), session.id);
        let made = session.describe(|version| {
            sdp::answer(offer, &media, (id, version), fallback).map(|answer| (answer.description, Some(answer.media)))
        });
        let Ok((body, Some(agreed))) = made else { return };
        let reply = in_dialog(Reply::new(183), &offered.request, &dialog.contact).sdp(body);
        let (way, request) = (offered.way, offered.request.clone());
        let reliably = [HeaderName::Supported, HeaderName::Require];
        let reliably = reliably.iter().any(|name| speaks(&request.headers, name, "100rel"));
        session.settled = reliably;
        session.local = Some(media);
        match reliably {
            true => self.send_reliably(key, way, &request, reply, true),
            false => self.answer(way, &request, reply, &key.to_string()),
        }
        self.agree(key, agreed);
    }

    fn send_reliably(&mut self, key: CallKey, way: Way, request: &Request, reply: Reply, answers: bool) {
        let first = self.random.u32(1..=0x00ff_ffff);
        let (now, t1) = (self.now, self.config.t1);
        let Some(call) = self.calls.get_mut(&key) else { return };
        let mut numbering = call.provisional.take().map_or(Numbering::starting_at(first), |before| before.numbering);
        let Some(number) = numbering.allocate() else { return };
        let reply = reply.header(HeaderName::Require, "100rel").header(HeaderName::RSeq, number.to_string());
        let server = self.config.user_agent.clone();
        call.provisional = Some(Provisional {
            numbering,
            sequence: request.headers.typed::<CSeq>().and_then(Result::ok).map_or(0, |cseq| cseq.sequence),
            answers,
            flow: way.flow,
            bytes: Echo::of(request).render(&reply.clone().header(HeaderName::Server, server), &key.to_string()),
            interval: t1,
            until: now + t1 * 64,
        });
        self.timers.set(TimerKey::Call(key, CallTimer::Provisional), now + t1);
        self.answer(way, request, reply, &key.to_string());
    }

    /// No PRACK yet: once more, T1 doubling; after 64*T1 the call can't be (RFC 3262, 3).
    pub(super) fn provisional_due(&mut self, key: CallKey) {
        let now = self.now;
        let Some(Call { phase: Phase::Offered(_), provisional: Some(sent), .. }) = self.calls.get_mut(&key) else {
            return;
        };
        if now >= sent.until {
            return self.refuse(key, Reply::new(504), EndCause::NotAcknowledged, EndedBy::Network);
        }
        sent.interval *= 2;
        let (flow, bytes, next) = (sent.flow, sent.bytes.clone(), (now + sent.interval).min(sent.until));
        self.timers.set(TimerKey::Call(key, CallTimer::Provisional), next);
        self.transmit(flow, bytes);
    }

    /// Whether the 200 must wait: an answer is on its way that has to arrive first (RFC 3262, 3).
    pub(super) fn waits_for_prack(&self, key: CallKey) -> bool {
        let sent = self.calls.get(&key).and_then(|call| call.provisional.as_ref());
        sent.is_some_and(|sent| sent.answers && sent.numbering.outstanding().is_some())
    }

    /// PRACK. An offer in it is answered like that of an UPDATE.
    pub(super) fn pracked(&mut self, key: CallKey, way: Way, incoming: &Incoming) {
        let request = &incoming.request;
        let rack = request.headers.typed::<RAck>().and_then(Result::ok);
        let sent = self.calls.get_mut(&key).and_then(|call| call.provisional.as_mut());
        let known = match (&rack, sent) {
            (Some(rack), Some(sent)) => sent.numbering.acknowledge(rack, sent.sequence, b"INVITE"),
            _ => false,
        };
        if !known {
            let status = if rack.is_some() { 481 } else { 400 };
            return self.answer(way, request, Reply::new(status), &key.to_string());
        }
        self.timers.clear(TimerKey::Call(key, CallTimer::Provisional));
        let made = description(request, &self.config.user_agent)
            .and_then(|offer| self.renegotiate(key, offer.as_ref(), false));
        let (reply, media) = match made {
            Ok((Some(body), media)) => (Reply::new(200).sdp(body), media),
            Ok((None, media)) => (Reply::new(200), media),
            Err(reply) => (reply, None),
        };
        self.answer(way, request, reply, &key.to_string());
        if let Some(media) = media {
            self.agree(key, media);
        }
        if let Some(media) = self.calls.get_mut(&key).and_then(|call| call.wants_taken.take()) {
            self.take(key, media);
        }
    }

    /// A provisional response to our INVITE: acknowledged where it is reliable. False where it is
    /// to be ignored, for it came before or out of order (RFC 3262, 4).
    pub(super) fn acknowledge_provisional(&mut self, key: CallKey, response: &Response) -> bool {
        let Some(Ok(number)) = response.headers.typed::<RSeq>() else { return true };
        if !speaks(&response.headers, &HeaderName::Require, "100rel") {
            return true;
        }
        let Some(Call { phase: Phase::Dialling(dialling), dialog, .. }) = self.calls.get_mut(&key) else {
            return false;
        };
        let tag = response.headers.typed::<To>().and_then(Result::ok).and_then(|to| to.tag().map(<[u8]>::to_vec));
        let at = dialling.early.iter().position(|early| early.tag == tag);
        if at.is_none() && dialling.early.len() < MOST_FORKS {
            dialling.early.push(Early { tag, sequence: Sequence::default() });
        }
        let early = match at {
            Some(at) => dialling.early.get_mut(at),
            None => dialling.early.last_mut(),
        };
        let Some(Received::Acknowledge) = early.map(|early| early.sequence.accept(number.0)) else { return false };
        dialog.local_sequence = dialog.local_sequence.saturating_add(1);
        let mut fork = dialog.clone();
        fork.learn(response);
        let cseq = response.headers.typed::<CSeq>().and_then(Result::ok).map_or(1, |cseq| cseq.sequence);
        let flow = fork.way();
        let via = self.via(flow);
        let rack = RAck { rseq: number.0, cseq, method: b"INVITE".to_vec() };
        let prack = fork
            .request(Method::Prack, fork.local_sequence, &via, &self.config.user_agent)
            .and_then(|request| request.header(HeaderName::RAck, rack.to_string()).ok())
            .map(RequestBuilder::build);
        if let Some(prack) = prack {
            self.open_client(prack, flow, Owner::Nobody);
        }
        true
    }

    /// The peer's preview of its answer: heard at once, and binding where it came reliably.
    pub(super) fn take_early_answer(&mut self, key: CallKey, response: &Response) {
        let reliable = response.headers.get(&HeaderName::RSeq).is_some();
        let told = self.take_response_answer(key, response);
        if let Some(call) = self.calls.get_mut(&key).filter(|_| told && reliable && !response.body().is_empty()) {
            call.session.settled = true;
            call.peer.learn(&response.headers);
            self.catch_up(key);
        }
    }

    /// The far end rings, said once.
    pub(super) fn rings(&mut self, key: CallKey) {
        let Some(Call { phase: Phase::Dialling(dialling), .. }) = self.calls.get_mut(&key) else { return };
        if !std::mem::replace(&mut dialling.ringing, true) {
            self.tell(Event::Ringing { call: key });
        }
    }
}
