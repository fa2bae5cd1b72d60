//! Session timers (RFC 4028): a call whose other end has died is noticed and ended, and a PBX
//! that demands proof of life gets it.
//!
//! Whoever refreshes does so at half of the interval; whoever does not see a refresh hangs up
//! 32 seconds, or a third of the interval, before its end (10).

use std::time::Duration;

use sipx_sip::session::{Accepted, Answer, MinSe, Refresher, SessionExpires, adopt, answer};
use sipx_sip::{HeaderName, Request, Response};

use super::call::SessionTimer;
use super::requests::Abilities;
use super::responses::Reply;
use super::timers::{CallTimer, TimerKey};
use super::{CallKey, Endpoint};

/// No interval is longer: it would never end a dead call.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How long before the end of the interval a session without a refresh is ended (10).
const EARLY: Duration = Duration::from_secs(32);

impl Endpoint {
    /// The terms for a session that the peer begins or refreshes; 422 where it wants more
    /// refreshes than we do (9).
    pub(super) fn session_terms(&self, request: &Request) -> Result<Option<Accepted>, Reply> {
        let abilities = Abilities::of(&request.headers);
        let wanted = request.headers.typed::<SessionExpires>().and_then(Result::ok);
        let least = request.headers.typed::<MinSe>().and_then(Result::ok).map(|least| least.0);
        match answer(abilities.timer, wanted, least, self.config.min_session) {
            Answer::None => Ok(None),
            Answer::Accept(terms) if wanted.is_none() => {
                let interval = self.config.session_interval.max(least.unwrap_or_default()).min(LONGEST);
                Ok(Some(Accepted { interval, ..terms }))
            }
            Answer::Accept(terms) => Ok(Some(Accepted { interval: terms.interval.min(LONGEST), ..terms })),
            Answer::TooBrief(least) if abilities.timer => {
                Err(Reply::new(422).header(HeaderName::MinSe, least.as_secs().to_string()))
            }
            // Some proxy wants it; the caller would not understand 422. We refresh, and not so often.
            Answer::TooBrief(least) => {
                Ok(Some(Accepted { interval: least, refresher: Refresher::Uas, require: false }))
            }
        }
    }

    /// Runs the timer on terms that a 2xx of ours has told the peer.
    pub(super) fn run_terms(&mut self, key: CallKey, terms: Option<Accepted>) {
        let timer =
            terms.map(|terms| SessionTimer { interval: terms.interval, we_refresh: terms.refresher == Refresher::Uas });
        let running = self.calls.get(&key).and_then(|call| call.timer);
        // A timer that we run for ourselves does not end because the peer knows of none.
        let own = running.filter(|running| running.we_refresh);
        self.run_timer(key, timer.or(own));
    }

    /// Takes the terms from a 2xx of the peer; `asked` is the interval we asked for (7.2).
    pub(super) fn adopt_timer(&mut self, key: CallKey, response: &Response, asked: Option<Duration>) {
        let told = response.headers.typed::<SessionExpires>().and_then(Result::ok);
        let mut timer = adopt(told, asked);
        if let Some(timer) = &mut timer {
            timer.interval = timer.interval.min(LONGEST);
        }
        self.run_timer(key, timer);
    }

    fn run_timer(&mut self, key: CallKey, timer: Option<SessionTimer>) {
        let (refresh, expire) = (TimerKey::Call(key, CallTimer::Refresh), TimerKey::Call(key, CallTimer::Expire));
        self.timers.clear(refresh);
        self.timers.clear(expire);
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        call.timer = timer;
        let Some(timer) = timer else { return };
        if timer.we_refresh {
            self.timers.set(refresh, self.now + timer.interval / 2);
        }
        let early = EARLY.min(timer.interval / 3);
        self.timers.set(expire, self.now + timer.interval.saturating_sub(early));
    }

    /// What a request of ours says about the session's length.
    pub(super) fn refresh_headers(&self, key: CallKey) -> Vec<(HeaderName, String)> {
        let Some(timer) = self.calls.get(&key).and_then(|call| call.timer) else {
            return Vec::new();
        };
        // Of this request we are the UAC, whoever sent the INVITE (7.4).
        let refresher = if timer.we_refresh { Refresher::Uac } else { Refresher::Uas };
        let expires = SessionExpires { interval: timer.interval, refresher: Some(refresher) };
        vec![(HeaderName::SessionExpires, expires.to_string()), (HeaderName::MinSe, self.least_session())]
    }

    /// What our first INVITE asks for: the interval, and that the choice of the refresher is theirs.
    pub(super) fn asked_session(&self, interval: Duration) -> Vec<(HeaderName, String)> {
        vec![(HeaderName::SessionExpires, interval.as_secs().to_string()), (HeaderName::MinSe, self.least_session())]
    }

    fn least_session(&self) -> String {
        self.config.min_session.max(sipx_sip::session::ABSOLUTE_MIN_INTERVAL).as_secs().to_string()
    }
}

/// The terms, in the 2xx that accepts them.
pub(super) fn with_terms(reply: Reply, terms: Option<Accepted>) -> Reply {
    let reply = reply.header(HeaderName::Supported, super::responses::SUPPORTED);
    let Some(terms) = terms else { return reply };
    let expires = SessionExpires { interval: terms.interval, refresher: Some(terms.refresher) };
    let reply = reply.header(HeaderName::SessionExpires, expires.to_string());
    if terms.require { reply.header(HeaderName::Require, "timer") } else { reply }
}
