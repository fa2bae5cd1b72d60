//! Calls that come in: INVITE, its answers, its ACK, its CANCEL.

use std::time::Duration;

use sipx_sip::headers::{CSeq, Expires, From, To};
use sipx_sip::{HeaderName, Method, Request, TransactionKey};

use super::body::{description, refusal};
use super::call::{Call, Offered, Phase, Session, Unacknowledged};
use super::dialog::Dialog;
use super::identity::{self, Background};
use super::inbound::{Incoming, Way};
use super::limits::{self, Kind};
use super::party::party;
use super::requests::Abilities;
use super::responses::{ALLOW, Reply};
use super::session_timer::with_terms;
use super::timers::{CallTimer, TimerKey};
use super::{CallKey, EndCause, EndedBy, Endpoint, Event};
use crate::sdp::{self, LocalMedia};

impl Endpoint {
    /// A new INVITE.
    pub(super) fn invited(&mut self, incoming: Incoming) {
        let merge = (incoming.call_id.clone(), incoming.from_tag.clone(), incoming.sequence);
        let outcome = if self.merged.contains_key(&merge) {
            Err(Reply::new(482))
        } else {
            self.make_room();
            self.admission().and_then(|()| self.room(&incoming)).and_then(|()| {
                let offer = description(&incoming.request, &self.config.user_agent)?;
                if let Some(offer) = &offer {
                    sdp::acceptable(offer).map_err(|fault| refusal(fault, &self.config.user_agent))?;
                }
                self.session_terms(&incoming.request)?;
                let replaces = self.replaced(&incoming)?;
                Ok((offer, replaces))
            })
        };
        let key = self.new_call_key();
        match outcome {
            // For want of room: told once, and once more whenever it is asked again (RFC 3261, 8.2.7).
            // Repeated until an ACK comes it would be many times what was sent, and go to whoever's
            // address was forged. Nor must a flood of INVITEs to refuse use up what calls need.
            Err(reply)
                if matches!(reply.status, 486 | 503) || self.transactions.len() >= self.config.max_transactions / 2 =>
            {
                self.answer_once(&incoming, &reply);
            }
            Err(reply) => {
                let way = self.way(&incoming);
                self.answer(way, &incoming.request, reply, &key.to_string());
            }
            Ok((offer, replaces)) => {
                let way = self.way(&incoming);
                self.offer_call(key, way, incoming, (offer, replaces), merge);
            }
        }
    }

    fn offer_call(
        &mut self,
        key: CallKey,
        way: Way,
        incoming: Incoming,
        (offer, replaces): (Option<sdp::Description>, Option<CallKey>),
        merge: super::call::Merge,
    ) {
        let contact = self.contact(incoming.arrival.flow);
        let Some(dialog) = Dialog::callee(&incoming, &key.to_string(), contact) else {
            return self.answer(way, &incoming.request, Reply::new(400), &key.to_string());
        };
        let expires = match incoming.request.headers.typed::<Expires>() {
            Some(Ok(expires)) => Duration::from_secs(u64::from(expires.0)),
            _ => self.config.ring_limit,
        };
        let source = limits::source(incoming.arrival.from.ip());
        self.sources.take(source, Kind::Call);
        self.active += 1;
        self.merged.insert(merge.clone(), key);
        let ring = self.now + expires.min(self.config.ring_limit);
        self.timers.set(TimerKey::Call(key, CallTimer::Ring), ring);
        let headers = &incoming.request.headers;
        let trusted = self.is_friend(incoming.arrival.from.ip());
        let (caller, asserted) = identity::caller(headers, trusted);
        let diversion = if trusted { identity::diversion(headers) } else { None };
        let event = Event::Incoming {
            call: key,
            caller,
            called: party(None, &incoming.request.uri),
            source: incoming.arrival.from,
            has_offer: offer.is_some(),
            background: Box::new(Background { asserted, diversion, replaces }),
        };
        let session = Session::new(self.random.u64(1..u64::from(u32::MAX)));
        let abilities = Abilities::of(&incoming.request.headers);
        let phase = Phase::Offered(Box::new(Offered { way, request: incoming.request, offer }));
        let mut call = Call::new(dialog, session, phase, source, Some(merge));
        call.peer = abilities;
        call.replaces = replaces;
        self.calls.insert(key, call);
        self.tell(event);
    }

    /// Whether new calls are taken at all (RFC 3261, 21.5.4).
    pub(super) fn admission(&self) -> Result<(), Reply> {
        let unavailable = || Reply::new(503).header(HeaderName::RetryAfter, self.config.retry_after_s.to_string());
        match &self.not_ready {
            _ if self.draining => Err(unavailable()),
            Some(why) => Err(unavailable().warning(399, "callbox", why)),
            // Calls still closing take memory too: twice the limit is the end.
            None if self.active >= self.config.max_calls
                || self.calls.len() >= self.config.max_calls.saturating_mul(2) =>
            {
                Err(unavailable())
            }
            None => Ok(()),
        }
    }

    fn room(&self, incoming: &Incoming) -> Result<(), Reply> {
        let source = limits::source(incoming.arrival.from.ip());
        let retry = self.config.retry_after_s.to_string();
        if self.sources.held(source).calls >= self.config.max_calls_per_source {
            return Err(Reply::new(486).header(HeaderName::RetryAfter, retry));
        }
        if !self.has_room_for_transaction(source) {
            return Err(Reply::new(503).header(HeaderName::RetryAfter, retry));
        }
        Ok(())
    }

    /// 200, with our answer or our offer.
    pub(super) fn take(&mut self, key: CallKey, media: LocalMedia) {
        if self.waits_for_prack(key) {
            if let Some(call) = self.calls.get_mut(&key) {
                call.wants_taken = Some(media);
            }
            return;
        }
        let Some(Call { phase: Phase::Offered(offered), .. }) = self.calls.get(&key) else {
            return;
        };
        let terms = self.session_terms(&offered.request).ok().flatten();
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Phase::Offered(offered) = &call.phase else {
            return;
        };
        let (fallback, id) = (call.dialog.flow.peer().ip(), call.session.id);
        let made = call.session.describe(|version| match &offered.offer {
            Some(offer) => sdp::answer(offer, &media, (id, version), fallback)
                .map(|answer| (answer.description, Some(answer.media))),
            None => Ok((sdp::offer(&media, (id, version)), None)),
        });
        let (body, agreed) = match made {
            Ok(made) => made,
            Err(fault) => {
                let reply = refusal(fault, &self.config.user_agent);
                return self.refuse(key, reply, EndCause::NoMedia, EndedBy::Local);
            }
        };
        let mut reply = in_dialog(Reply::new(200), &offered.request, &call.dialog.contact);
        if !call.session.settled {
            reply = reply.sdp(body); // else the answer is there already (RFC 3262, 5)
        }
        let reply = with_terms(reply, terms);
        let (way, request) = (offered.way, offered.request.clone());
        let mut media = media;
        agreed.iter().for_each(|agreed| media.agreed(agreed));
        call.session.local = Some(media);
        call.phase = Phase::Answered;
        self.timers.clear(TimerKey::Call(key, CallTimer::Ring));
        self.timers.clear(TimerKey::Call(key, CallTimer::Provisional));
        self.send_accepting(key, way, &request, reply, agreed.is_none());
        self.run_terms(key, terms);
        if let Some(media) = agreed {
            self.agree(key, media);
        }
        self.shut_replaced(key);
    }

    /// Sends a 2xx to an INVITE and sees to it that it arrives (RFC 3261, 13.3.1.4).
    pub(super) fn send_accepting(
        &mut self,
        key: CallKey,
        way: Way,
        request: &Request,
        reply: Reply,
        awaits_answer: bool,
    ) {
        let reply_bytes = super::responses::Echo::of(request)
            .render(&reply.clone().header(HeaderName::Server, self.config.user_agent.clone()), &key.to_string());
        self.answer(way, request, reply, &key.to_string());
        let sequence = request.headers.typed::<CSeq>().and_then(Result::ok).map_or(0, |cseq| cseq.sequence);
        let (now, t1) = (self.now, self.config.t1);
        if let Some(call) = self.calls.get_mut(&key) {
            call.unacknowledged = Some(Unacknowledged {
                sequence,
                flow: way.flow,
                bytes: reply_bytes,
                interval: t1,
                awaits_answer,
                until: now + t1 * 64,
            });
        }
        self.timers.set(TimerKey::Call(key, CallTimer::Retransmit), now + t1);
        self.timers.set(TimerKey::Call(key, CallTimer::Acknowledge), now + t1 * 64);
    }

    /// The 2xx once more: T1, doubling to T2.
    pub(super) fn retransmit(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Some(open) = &mut call.unacknowledged else {
            return;
        };
        open.interval = (open.interval * 2).min(self.config.t2);
        let (flow, bytes, next) = (open.flow, open.bytes.clone(), self.now + open.interval);
        if next < open.until {
            self.timers.set(TimerKey::Call(key, CallTimer::Retransmit), next);
        }
        self.transmit(flow, bytes);
    }

    /// No ACK in 64*T1: the session is ended (RFC 3261, 13.3.1.4).
    pub(super) fn not_acknowledged(&mut self, key: CallKey) {
        self.settle_acknowledgement(key);
        self.end(key, EndCause::NotAcknowledged, EndedBy::Network);
        self.send_bye(key);
    }

    /// An ACK, which belongs to a 2xx of ours if its dialog and its CSeq number say so.
    pub(super) fn acknowledged(&mut self, ack: &Request) {
        let headers = &ack.headers;
        let (Some(Ok(to)), Some(Ok(from)), Some(Ok(cseq)), Some(call_id)) = (
            headers.typed::<To>(),
            headers.typed::<From>(),
            headers.typed::<CSeq>(),
            headers.value(&HeaderName::CallId),
        ) else {
            return;
        };
        let Some(key) = to.tag().and_then(|tag| self.call_of(tag, from.tag(), &call_id)) else {
            return;
        };
        let open = self.calls.get(&key).and_then(|call| call.unacknowledged.as_ref());
        let Some(open) = open.filter(|open| open.sequence == cseq.sequence) else {
            return;
        };
        let awaits_answer = open.awaits_answer;
        self.settle_acknowledgement(key);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let first = matches!(call.phase, Phase::Answered);
        if matches!(call.phase, Phase::Closing) {
            // Hung up meanwhile: now the BYE may go (RFC 3261, 15).
            return self.send_bye(key);
        }
        call.phase = Phase::Up;
        if awaits_answer && !self.take_answer(key, ack) && first {
            self.end(key, EndCause::NoMedia, EndedBy::Remote);
            return self.send_bye(key);
        }
        if first {
            self.tell(Event::Established { call: key });
        }
        self.catch_up(key);
    }

    /// The answer to our offer, in the ACK. False where there is none that holds.
    fn take_answer(&mut self, key: CallKey, ack: &Request) -> bool {
        let answer = description(ack, &self.config.user_agent).ok().flatten();
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        let (Some(answer), Some(local)) = (answer, &call.session.local) else {
            return false;
        };
        match sdp::settle(&answer, local, call.dialog.flow.peer().ip()) {
            Ok(media) => {
                self.agree(key, media);
                true
            }
            Err(_) => false,
        }
    }

    fn settle_acknowledgement(&mut self, key: CallKey) {
        self.timers.clear(TimerKey::Call(key, CallTimer::Retransmit));
        self.timers.clear(TimerKey::Call(key, CallTimer::Acknowledge));
        if let Some(call) = self.calls.get_mut(&key) {
            call.unacknowledged = None;
        }
    }

    /// CANCEL (RFC 3261, 9.2): 200 if its INVITE is known, and 487 to the INVITE if that was
    /// not answered yet. After a 200 it changes nothing: a BYE will follow.
    pub(super) fn cancel(&mut self, incoming: &Incoming) {
        let invite = TransactionKey::for_cancelled_invite(&incoming.request);
        let known = invite.and_then(|key| self.transactions.server(&key));
        let Some(transaction) = known else {
            return self.answer_once(incoming, &Reply::new(481));
        };
        let merge = (incoming.call_id.clone(), incoming.from_tag.clone(), incoming.sequence);
        let call = self.merged.get(&merge).copied();
        let ours = call.filter(|key| {
            let phase = self.calls.get(key).map(|call| &call.phase);
            matches!(phase, Some(Phase::Offered(offered)) if offered.way.transaction == Some(transaction))
        });
        // RFC 3261, 9.2: the tag should be that of the INVITE's response.
        let tag = call.map_or_else(|| self.stateless_tag(&incoming.call_id), |key| key.to_string());
        let way = Way { transaction: None, flow: incoming.reply_flow };
        self.answer(way, &incoming.request, Reply::new(200), &tag);
        if let Some(key) = ours {
            self.tell_reason(key, &incoming.request.headers);
            self.refuse(key, Reply::new(487), EndCause::Cancelled, EndedBy::Remote);
        }
    }

    /// Refuses an unanswered call and is done with it.
    pub(super) fn refuse(&mut self, key: CallKey, reply: Reply, cause: EndCause, by: EndedBy) {
        if let Some(Call { phase: Phase::Offered(offered), .. }) = self.calls.get(&key) {
            let (way, request) = (offered.way, offered.request.clone());
            self.answer(way, &request, reply, &key.to_string());
            self.end(key, cause, by);
            self.forget(key);
        }
    }
}

/// What a response that makes or keeps a dialog carries (RFC 3261, 12.1.1).
pub(super) fn in_dialog(mut reply: Reply, request: &Request, contact: &str) -> Reply {
    if request.method == Method::Invite {
        for route in request.headers.get_all(&HeaderName::RecordRoute) {
            let value = String::from_utf8_lossy(&route.value()).into_owned();
            reply = reply.header(HeaderName::RecordRoute, value);
        }
    }
    reply.header(HeaderName::Contact, contact).header(HeaderName::Allow, ALLOW)
}
