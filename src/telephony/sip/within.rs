//! Requests within a dialog: BYE, re-INVITE, UPDATE, INFO, PRACK, REFER, NOTIFY, OPTIONS.

use sipx_sip::message::Headers;
use sipx_sip::{HeaderName, Method};

use super::body::{description, refusal};
use super::call::Phase;
use super::callee::in_dialog;
use super::inbound::{Incoming, Way, with_capabilities};
use super::reason::Reason;
use super::requests::Errand;
use super::responses::Reply;
use super::session_timer::with_terms;
use super::{CallKey, EndCause, EndedBy, Endpoint, Event};
use crate::sdp::{self, Description, Fault, NegotiatedMedia};

impl Endpoint {
    /// A request with a To tag (RFC 3261, 12.2.2).
    pub(super) fn in_dialog(&mut self, incoming: Incoming) {
        let tag = incoming.to_tag.clone().unwrap_or_default();
        let call = self.call_of(&tag, incoming.from_tag.as_deref(), &incoming.call_id);
        let closing_or_dialling = |key: &CallKey| {
            let phase = self.calls.get(key).map(|call| &call.phase);
            let is_bye = incoming.request.method == Method::Bye;
            match phase {
                Some(Phase::Closing) => !is_bye,
                Some(Phase::Dialling(_)) => is_bye,
                _ => false,
            }
        };
        let Some(key) = call.filter(|key| !closing_or_dialling(key)) else {
            return self.answer_once(&incoming, &Reply::new(481));
        };
        if !self.in_sequence(key, incoming.sequence) {
            // RFC 3261, 12.2.2: out of order is 500.
            return self.answer_once(&incoming, &Reply::new(500));
        }
        let way = self.way(&incoming);
        match incoming.request.method {
            Method::Bye => self.bye(key, way, &incoming),
            Method::Invite => self.reinvite(key, way, &incoming),
            Method::Update => self.update(key, way, &incoming),
            Method::Prack => self.pracked(key, way, &incoming),
            Method::Notify => {
                let reply = self.notified(key, &incoming.request);
                self.answer(way, &incoming.request, reply, &key.to_string());
            }
            Method::Refer => {
                let (reply, to) = self.refer_asked(key, &incoming);
                self.answer(way, &incoming.request, reply, &key.to_string());
                if let Some(to) = to {
                    self.refer_taken(key, to);
                }
            }
            Method::Info => {
                let (digit, reply) = super::info::key(&incoming.request);
                self.answer(way, &incoming.request, reply, &key.to_string());
                if let Some(digit) = digit.filter(|_| self.is_up(key)) {
                    self.tell(Event::Digit { call: key, digit });
                }
            }
            _ => {
                // The call stands, however full the box is.
                let reply = with_capabilities(Reply::new(200));
                self.answer(way, &incoming.request, reply, &key.to_string());
            }
        }
    }

    /// Why the peer ends the call, where it says.
    pub(super) fn tell_reason(&mut self, key: CallKey, headers: &Headers) {
        let open = self.calls.get(&key).is_some_and(|call| !call.ended);
        if let Some(reason) = Reason::of(headers).filter(|_| open) {
            self.tell(Event::Reason { call: key, reason });
        }
    }

    fn in_sequence(&mut self, key: CallKey, sequence: u32) -> bool {
        let Some(call) = self.calls.get_mut(&key) else {
            return false;
        };
        let fresh = call.dialog.remote_sequence.is_none_or(|last| sequence > last);
        if fresh {
            call.dialog.remote_sequence = Some(sequence);
        }
        fresh
    }

    fn bye(&mut self, key: CallKey, way: Way, incoming: &Incoming) {
        self.answer(way, &incoming.request, Reply::new(200), &key.to_string());
        self.tell_reason(key, &incoming.request.headers);
        // RFC 3261, 15.1.2: an INVITE still pending is answered 487.
        self.refuse(key, Reply::new(487), EndCause::Cancelled, EndedBy::Remote);
        if self.calls.contains_key(&key) {
            self.end(key, EndCause::HungUp, EndedBy::Remote);
            self.forget(key);
        }
    }

    /// RFC 3261, 14.2. Everything in it is decided here and now, so that an INVITE never waits
    /// within a dialog.
    fn reinvite(&mut self, key: CallKey, way: Way, incoming: &Incoming) {
        let outcome = self.may_negotiate(key).and_then(|()| {
            let offer = description(&incoming.request, &self.config.user_agent)?;
            let terms = self.session_terms(&incoming.request)?;
            self.renegotiate(key, offer.as_ref(), true).map(|made| (made, terms))
        });
        match outcome {
            Ok(((body, media), terms)) => {
                let contact = self.refresh(key, incoming);
                let reply = in_dialog(Reply::new(200), &incoming.request, &contact);
                let mut reply = with_terms(reply, terms);
                self.run_terms(key, terms);
                if let Some(body) = body {
                    reply = reply.sdp(body);
                }
                self.send_accepting(key, way, &incoming.request, reply, media.is_none());
                if let Some(media) = media {
                    self.agree(key, media);
                }
            }
            Err(reply) => self.answer(way, &incoming.request, reply, &key.to_string()),
        }
    }

    /// RFC 3311, 5.2.
    fn update(&mut self, key: CallKey, way: Way, incoming: &Incoming) {
        let outcome = description(&incoming.request, &self.config.user_agent).and_then(|offer| {
            if offer.is_some() {
                self.may_negotiate(key)?;
            }
            let terms = match self.is_up(key) {
                true => self.session_terms(&incoming.request)?,
                false => None,
            };
            self.renegotiate(key, offer.as_ref(), false).map(|made| (made, terms))
        });
        match outcome {
            Ok(((body, media), terms)) => {
                let contact = self.refresh(key, incoming);
                let mut reply = in_dialog(Reply::new(200), &incoming.request, &contact);
                if self.is_up(key) {
                    reply = with_terms(reply, terms);
                    self.run_terms(key, terms);
                }
                if let Some(body) = body {
                    reply = reply.sdp(body);
                }
                self.answer(way, &incoming.request, reply, &key.to_string());
                if let Some(media) = media {
                    self.agree(key, media);
                }
            }
            Err(reply) => self.answer(way, &incoming.request, reply, &key.to_string()),
        }
    }

    fn is_up(&self, key: CallKey) -> bool {
        self.calls.get(&key).is_some_and(|call| matches!(call.phase, Phase::Up | Phase::Answered))
    }

    /// 491 while an offer of ours is open, 500 with Retry-After while one of theirs is
    /// (RFC 3261, 14.2; RFC 3311, 5.2).
    fn may_negotiate(&mut self, key: CallKey) -> Result<(), Reply> {
        let Some(call) = self.calls.get(&key) else {
            return Err(Reply::new(481));
        };
        let our_offer_open = call.unacknowledged.as_ref().is_some_and(|open| open.awaits_answer);
        let our_offer_out = match call.errand {
            // An UPDATE of ours holds no offer.
            Some(Errand::Refresh) => !call.peer.update,
            Some(Errand::Hold(_)) => true,
            None => false,
        };
        match call.phase {
            // Before the call is up an offer may come once the first is answered for good (RFC 3311, 5.1).
            Phase::Dialling(_) if !call.session.settled => Err(Reply::new(491)),
            _ if our_offer_open || our_offer_out => Err(Reply::new(491)),
            Phase::Offered(_) if !call.session.settled => Err(self.later()),
            _ if call.unacknowledged.is_some() => Err(self.later()),
            _ => Ok(()),
        }
    }

    fn later(&mut self) -> Reply {
        let seconds = self.random.u32(0..=10);
        Reply::new(500).header(HeaderName::RetryAfter, seconds.to_string())
    }

    /// Our side of a new round: an answer to their offer; without one our offer where `must`.
    pub(super) fn renegotiate(
        &mut self,
        key: CallKey,
        offer: Option<&Description>,
        must: bool,
    ) -> Result<(Option<String>, Option<NegotiatedMedia>), Reply> {
        let Some(call) = self.calls.get_mut(&key) else {
            return Err(Reply::new(481));
        };
        if offer.is_none() && !must {
            return Ok((None, None));
        }
        let Some(local) = call.session.local.clone() else {
            return Err(Reply::new(500));
        };
        let (fallback, id) = (call.dialog.flow.peer().ip(), call.session.id);
        let holds = call.session.holds;
        let held = |description: String| if holds { sdp::hold(&description) } else { description };
        let made = call.session.describe(|version| match offer {
            Some(offer) => sdp::answer(offer, &local, (id, version), fallback).map(|mut answer| {
                answer.media.receive &= !holds;
                (held(answer.description), Some(answer.media))
            }),
            None => Ok::<_, Fault>((held(sdp::offer(&local, (id, version))), None)),
        });
        let agent = &self.config.user_agent;
        made.map(|(body, media)| (Some(body), media)).map_err(|fault| refusal(fault, agent))
    }

    fn refresh(&mut self, key: CallKey, incoming: &Incoming) -> String {
        let contact = self.contact(incoming.arrival.flow);
        if let Some(call) = self.calls.get_mut(&key) {
            call.dialog.refresh(incoming);
            call.peer.learn(&incoming.request.headers);
            call.dialog.contact.clone_from(&contact);
        }
        contact
    }

    /// Offer and answer are complete: said if anything has changed.
    pub(super) fn agree(&mut self, key: CallKey, media: NegotiatedMedia) {
        if let Some(call) = self.calls.get_mut(&key)
            && call.session.media.as_ref() != Some(&media)
        {
            call.session.media = Some(media.clone());
            call.session.local.iter_mut().for_each(|local| local.agreed(&media));
            self.tell(Event::Media { call: key, media });
        }
    }
}
