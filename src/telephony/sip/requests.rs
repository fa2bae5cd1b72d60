//! Requests of ours within a call: re-INVITE and UPDATE, for hold, resume and session refresh.
//! One of them at a time; what else is wanted waits for its answer.

use std::time::Duration;

use sipx_sip::headers::{CSeq, Contact};
use sipx_sip::message::Headers;
use sipx_sip::session::MinSe;
use sipx_sip::{HeaderName, Method, Response};

use super::call::Phase;
use super::inbound::tokens_of;
use super::responses::{ACCEPT, ALLOW, SUPPORTED};
use super::timers::{CallTimer, TimerKey};
use super::transactions::{Owner, TransactionId};
use super::{CallKey, EndCause, EndedBy, Endpoint};
use crate::sdp::{self, Fault};

/// When a refresh that was refused without saying when is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// What a peer has said it can do, in Allow and Supported.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Abilities {
    /// UPDATE (RFC 3311).
    pub update: bool,
    /// REFER (RFC 3515).
    pub refer: Option<bool>,
    /// Session timers (RFC 4028).
    pub timer: bool,
    /// Reliable provisional responses (RFC 3262).
    pub reliable: bool,
    /// Replaces (RFC 3891).
    pub replaces: bool,
}

impl Abilities {
    pub(super) fn of(headers: &Headers) -> Self {
        let mut abilities = Abilities::default();
        abilities.learn(headers);
        abilities
    }

    /// Takes in what a message says; what it is silent about stays as it was.
    pub(super) fn learn(&mut self, headers: &Headers) {
        let listed = |name: &HeaderName, what: &str| {
            tokens_of(headers, name).iter().any(|token| token.eq_ignore_ascii_case(what))
        };
        if headers.get(&HeaderName::Allow).is_some() {
            self.update = listed(&HeaderName::Allow, "UPDATE");
            self.refer = Some(listed(&HeaderName::Allow, "REFER"));
        }
        let can = |what: &str| listed(&HeaderName::Supported, what) || listed(&HeaderName::Require, what);
        self.timer |= can("timer");
        self.reliable |= can("100rel");
        self.replaces |= can("replaces");
    }
}

/// What a re-INVITE or UPDATE of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// To keep the session from expiring.
    Refresh,
    /// To hold the peer, or to let it go.
    Hold(bool),
}

impl Endpoint {
    /// Holds the peer or lets it go, as soon as nothing stands in the way.
    pub(super) fn hold(&mut self, key: CallKey, held: bool) {
        if let Some(call) = self.calls.get_mut(&key).filter(|call| !call.ended) {
            call.wants_held = Some(held);
            self.catch_up(key);
        }
    }

    /// Sends what is wanted and had to wait.
    pub(super) fn catch_up(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let waits = self.timers.is_set(TimerKey::Call(key, CallTimer::Glare));
        let idle = call.unacknowledged.is_none() && call.errand.is_none();
        // Before the call is up only UPDATE can do it (RFC 3311, 5.1).
        let early = matches!(call.phase, Phase::Dialling(_)) && call.session.settled && call.peer.update;
        let free = (matches!(call.phase, Phase::Up) || early) && idle && !waits;
        match call.wants_held {
            Some(held) if free && held != call.session.holds => self.send_hold(key, held),
            Some(held) if free && held == call.session.holds => self.wants_nothing(key),
            _ => {}
        }
    }

    fn wants_nothing(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(&key) {
            call.wants_held = None;
        }
    }

    fn send_hold(&mut self, key: CallKey, held: bool) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        let Some(local) = call.session.local.clone() else {
            return;
        };
        let (id, early) = (call.session.id, matches!(call.phase, Phase::Dialling(_)));
        let made = call.session.describe(|version| {
            let offer = sdp::offer(&local, (id, version));
            Ok::<_, Fault>((if held { sdp::hold(&offer) } else { offer }, None))
        });
        if let Ok((body, _)) = made {
            let headers = self.refresh_headers(key);
            let method = if early { Method::Update } else { Method::Invite };
            self.send_errand(key, method, Errand::Hold(held), headers, Some(body));
        }
    }

    /// Keeps the session alive: UPDATE without an offer where the peer takes it, else a
    /// re-INVITE with the description that holds (RFC 4028, 7.4).
    pub(super) fn refresh_due(&mut self, key: CallKey) {
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        if !matches!(call.phase, Phase::Up) || call.timer.is_none() {
            return;
        }
        if call.errand.is_some() || call.unacknowledged.is_some() {
            // That round refreshes too, or ends soon.
            return self.timers.set(TimerKey::Call(key, CallTimer::Refresh), self.now + TRY_AGAIN);
        }
        let (method, body) = match call.peer.update {
            true => (Method::Update, None),
            false => (Method::Invite, Some(call.session.described.clone())),
        };
        let headers = self.refresh_headers(key);
        self.send_errand(key, method, Errand::Refresh, headers, body);
    }

    fn send_errand(
        &mut self,
        key: CallKey,
        method: Method,
        errand: Errand,
        mut headers: Vec<(HeaderName, String)>,
        body: Option<String>,
    ) {
        headers.push((HeaderName::Allow, ALLOW.to_owned()));
        headers.push((HeaderName::Supported, SUPPORTED.to_owned()));
        let body = body.map(|body| (ACCEPT, body));
        let sent = self.send_within(key, method, headers, body, Owner::Errand(key, errand));
        if let Some(call) = self.calls.get_mut(&key).filter(|_| sent.is_some()) {
            call.errand = Some(errand);
        }
    }

    /// Sends a request within the dialog of a call, with the next number.
    pub(super) fn send_within(
        &mut self,
        key: CallKey,
        method: Method,
        headers: Vec<(HeaderName, String)>,
        body: Option<(&str, String)>,
        owner: Owner,
    ) -> Option<TransactionId> {
        let flow = self.dialog_flow(key)?;
        let via = self.via(flow);
        let call = self.calls.get_mut(&key)?;
        call.dialog.local_sequence = call.dialog.local_sequence.saturating_add(1);
        let sequence = call.dialog.local_sequence;
        let mut request = call.dialog.request(method, sequence, &via, &self.config.user_agent)?;
        for (name, value) in headers {
            request = request.header(name, value).ok()?;
        }
        if let Some((kind, body)) = body {
            request = request.header(HeaderName::ContentType, kind.to_owned()).ok()?.body(body);
        }
        self.open_client(request.build(), flow, owner)
    }

    /// An answer to a re-INVITE or UPDATE of ours.
    pub(super) fn errand_response(&mut self, key: CallKey, errand: Errand, response: &Response) {
        let Some(call) = self.calls.get(&key).filter(|_| response.status.is_final()) else {
            return;
        };
        let cseq = response.headers.typed::<CSeq>().and_then(Result::ok);
        let Some(cseq) = cseq else { return };
        if cseq.method == Method::Invite && response.status.is_success() {
            if let Some(ack) = call.acknowledgement.clone().filter(|ack| ack.sequence == cseq.sequence) {
                // The 200 came again: our ACK was lost.
                return self.transmit(ack.flow, ack.bytes);
            }
            self.send_ack(key, cseq.sequence);
        }
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.errand = None;
        if !matches!(call.phase, Phase::Up | Phase::Dialling(_)) {
            return;
        }
        match response.status.code() {
            200..=299 => self.errand_done(key, errand, response),
            // RFC 3261, 12.2.1.2 and RFC 4028, 10: the peer knows no such call any more.
            408 | 481 => self.session_over(key),
            422 => {
                let wanted = response.headers.typed::<MinSe>().and_then(Result::ok);
                if let (Some(timer), Some(least)) = (&mut call.timer, wanted) {
                    timer.interval = timer.interval.max(least.0.min(super::session_timer::LONGEST));
                }
                self.errand_again(key, errand);
            }
            405 | 501 if cseq.method == Method::Update => {
                call.peer.update = false;
                self.refresh_due(key);
            }
            491 => self.errand_later(key, errand),
            _ => {
                self.wants_nothing(key);
                if errand == Errand::Refresh {
                    self.timers.set(TimerKey::Call(key, CallTimer::Refresh), self.now + TRY_AGAIN);
                }
            }
        }
    }

    /// Nobody answered a re-INVITE or UPDATE of ours: the peer is gone.
    pub(super) fn errand_failed(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get_mut(&key)
            && call.errand.take().is_some()
            && matches!(call.phase, Phase::Up)
        {
            self.session_over(key);
        }
    }

    fn errand_done(&mut self, key: CallKey, errand: Errand, response: &Response) {
        let agent = self.config.user_agent.clone();
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.peer.learn(&response.headers);
        // RFC 3261, 12.2.1.2: a target refresh.
        if let Some(Ok(contact)) = response.headers.typed::<Contact>() {
            call.dialog.target = contact.uri.clone();
        }
        if let Errand::Hold(held) = errand {
            call.session.holds = held;
        }
        let asked = call.timer.map(|timer| timer.interval);
        let answer = sdp::read(response.body()).ok().filter(|_| !response.body().is_empty());
        if let (Some(answer), Some(local)) = (answer, &call.session.local) {
            let settled = sdp::settle(&answer, local, call.dialog.flow.peer().ip());
            match settled {
                Ok(mut media) => {
                    media.receive &= !call.session.holds;
                    self.agree(key, media);
                }
                Err(fault) => drop(super::body::refusal(fault, &agent)), // what held before holds on
            }
        }
        self.adopt_timer(key, response, asked);
        self.catch_up(key);
    }

    fn errand_again(&mut self, key: CallKey, errand: Errand) {
        match errand {
            Errand::Refresh => self.refresh_due(key),
            Errand::Hold(_) => self.catch_up(key),
        }
    }

    /// Both ends asked at once (RFC 3261, 14.1): who made the Call-ID waits 2.1 to 4 s, the
    /// other up to 2 s, in steps of 10 ms.
    fn errand_later(&mut self, key: CallKey, errand: Errand) {
        let Some(call) = self.calls.get(&key) else {
            return;
        };
        let tens = if call.dialog.is_caller { self.random.u64(210..=400) } else { self.random.u64(0..=200) };
        let timer = match errand {
            Errand::Refresh => CallTimer::Refresh,
            Errand::Hold(_) => CallTimer::Glare,
        };
        self.timers.set(TimerKey::Call(key, timer), self.now + Duration::from_millis(tens * 10));
    }

    /// The session can't go on: the peer is told, in case it hears.
    pub(super) fn session_over(&mut self, key: CallKey) {
        if let Some(call) = self.calls.get(&key).filter(|call| matches!(call.phase, Phase::Up | Phase::Answered)) {
            let ended = call.ended;
            if !ended {
                self.end(key, EndCause::Expired, EndedBy::Network);
            }
            self.send_bye(key);
        }
    }
}
