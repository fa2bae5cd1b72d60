//! One registration (RFC 3261, 10): when to send a REGISTER, to whom, and what to think of the
//! answer. Messages are made by the endpoint.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};

use super::digest::Credentials;
use super::locate::Found;
use super::notice::{AccountState, Failure};
use super::route::Hop;

/// First wait after a failure; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(5);
/// Longest wait while the registrar is not to be reached.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// A connection that does not last is not opened more often than this.
const AFTER_LOSS: Duration = Duration::from_secs(30);
/// A registrar that says no is not asked again soon: it may ban whoever insists.
const AFTER_REFUSAL: Duration = Duration::from_secs(120);
/// Longest wait after a refusal.
const LONGEST_AFTER_REFUSAL: Duration = Duration::from_secs(1_800);
/// Bounds of an expiry, whatever a registrar says.
const EXPIRY_S: (u32, u32) = (20, 86_400);
/// How long the answer to a keep-alive may take (RFC 5626, 4.4.1), and how many datagrams may go without
/// one: the network loses some.
const PONG: Duration = Duration::from_secs(10);
const MOST_UNANSWERED: u32 = 3;
/// Keeps a NAT's mapping for datagrams (RFC 5626, 4.4: 24 to 29 s) and for streams.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(25), Duration::from_secs(90));

/// An account at a registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// What the log calls it.
    pub name: String,
    /// The user part of its address, often the extension.
    pub user: String,
    /// The domain of its address; also the Request-URI of a REGISTER.
    pub domain: String,
    /// Where the REGISTER goes: the registrar, or a proxy before it.
    pub hop: Hop,
    /// It goes through a proxy that is named in a Route.
    pub proxied: bool,
    /// What it proves itself with.
    pub credentials: Credentials,
    /// How long a registration is asked to hold, in seconds.
    pub expires_s: u32,
    /// Names this box for ever, like `urn:uuid:..`: with it the registrar is asked to keep the very way that
    /// was registered over (RFC 5626).
    pub instance: Option<String>,
    /// Only asks what is registered (RFC 3261, 10.2.3) and changes nothing.
    pub only_ask: bool,
}

/// What a registration is told.
#[derive(Debug)]
pub(super) enum Input {
    /// Begin.
    Start,
    /// Where the registrar is; nowhere when the name has no address.
    Resolved(Found),
    /// A final response came.
    Answered(Answer),
    /// The REGISTER got no answer, or could not be sent.
    Lost,
    /// Its credentials were not accepted.
    Rejected(Failure),
    /// Our address is another: register anew.
    Again,
    /// The connection it was made over is closed.
    FlowLost,
    /// A keep-alive was answered.
    Pong,
    /// It is to be asked again, in another way.
    Otherwise,
    /// Withdraw it and stop.
    Stop,
}

/// A final response to a REGISTER.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Answer {
    pub status: u16,
    /// What the registrar granted, in seconds.
    pub expires_s: Option<u32>,
    /// Of a 423.
    pub min_expires_s: Option<u32>,
    pub retry_after_s: Option<u32>,
    /// The registrar keeps the way that it was asked over (RFC 5626): whoever does answers keep-alives.
    pub keeps_flow: bool,
    /// How often it wants to hear from us.
    pub flow_timer_s: Option<u32>,
}

/// What a registration wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// Look up the registrar's name.
    Resolve,
    /// Send a REGISTER there; 0 withdraws.
    Register { to: SocketAddr, expires_s: u32 },
    /// Send a keep-alive there; `answered` where it will be.
    KeepAlive { to: SocketAddr, answered: bool },
    /// Nobody is there any more at the end of the way that was registered over: leave it.
    Leave,
    /// Its state is another.
    State(State),
}

/// [`AccountState`] without what only the endpoint knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Registered { registrar: SocketAddr, expires_s: u32 },
    Failed { why: Failure, retry_s: u32 },
    Unregistered,
}

impl State {
    pub(super) fn told(self, contact: String) -> AccountState {
        match self {
            State::Registered { registrar, expires_s } => AccountState::Registered { registrar, expires_s, contact },
            State::Failed { why, retry_s } => AccountState::Failed { why, retry_s },
            State::Unregistered => AccountState::Unregistered,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Resolving,
    /// A REGISTER is under way.
    Asking,
    Registered,
    Waiting,
    /// The last REGISTER is under way.
    Leaving,
    Over,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Registration {
    is_stream: bool,
    asked_s: u32,
    phase: Phase,
    targets: Vec<SocketAddr>,
    /// Which of them is used.
    at: usize,
    /// Targets that failed since the last success.
    failed: usize,
    /// Rounds over all targets that failed.
    rounds: u32,
    refusals: u32,
    /// When to refresh or to try again.
    due: Now,
    ping: Now,
    /// When a keep-alive should have been answered.
    pong: Now,
    unanswered: u32,
    keeps_flow: bool,
    flow_timer_s: Option<u32>,
    granted: Now,
    /// What was said last, for a change alone is told.
    said: Option<State>,
    random: fastrand::Rng,
    outputs: VecDeque<Output>,
    now: Now,
}

impl Registration {
    pub(super) fn new(account: &Account, seed: u64) -> Self {
        Registration {
            is_stream: account.hop.transport.is_stream(),
            asked_s: account.expires_s.clamp(EXPIRY_S.0, EXPIRY_S.1),
            phase: Phase::Idle,
            targets: Vec::new(),
            at: 0,
            failed: 0,
            rounds: 0,
            refusals: 0,
            due: Now::NEVER,
            ping: Now::NEVER,
            pong: Now::NEVER,
            unanswered: 0,
            keeps_flow: false,
            flow_timer_s: None,
            granted: Now::ZERO,
            said: None,
            random: fastrand::Rng::with_seed(seed),
            outputs: VecDeque::new(),
            now: Now::ZERO,
        }
    }

    /// Nothing more will be sent.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// Where it is registered, or about to be.
    pub(super) fn target(&self) -> Option<SocketAddr> {
        self.targets.get(self.at).copied()
    }

    fn resolve(&mut self) {
        self.due = Now::NEVER;
        self.phase = Phase::Resolving;
        self.outputs.push_back(Output::Resolve);
    }

    fn resolved(&mut self, found: Found) {
        let before = self.target();
        if !found.places.is_empty() {
            self.targets = found.places; // else what was known: a name server can fail too
            self.is_stream = found.transport.is_stream();
        }
        // The registrar that has us is asked first, wherever it now stands in the list.
        self.at = self.targets.iter().position(|target| Some(*target) == before).unwrap_or(0);
        self.failed = 0;
        match self.targets.is_empty() {
            true => self.wait(Failure::NoAddress, None),
            false => self.ask(),
        }
    }

    fn ask(&mut self) {
        if let Some(to) = self.target() {
            self.phase = Phase::Asking;
            self.due = Now::NEVER;
            self.outputs.push_back(Output::Register { to, expires_s: self.asked_s });
        }
    }

    fn answered(&mut self, answer: Answer) {
        match (self.phase, answer.status) {
            (Phase::Leaving, _) => self.left(),
            (Phase::Asking, 200..=299) => self.granted(answer),
            // RFC 3261, 10.3: the registrar wants longer intervals.
            (Phase::Asking, 423) => match answer.min_expires_s {
                Some(least) if least > self.asked_s && least <= EXPIRY_S.1 => {
                    self.asked_s = least;
                    self.ask();
                }
                _ => self.refused(Failure::Refused(423), answer.retry_after_s),
            },
            // It is busy or broken, another may not be (RFC 3263, 4.3).
            (Phase::Asking, 408 | 500..=599) => self.next_target(Failure::Refused(answer.status), answer.retry_after_s),
            (Phase::Asking, status) => self.refused(Failure::Refused(status), answer.retry_after_s),
            _ => {}
        }
    }

    fn granted(&mut self, answer: Answer) {
        let Some(registrar) = self.target() else { return };
        let expires_s = answer.expires_s.unwrap_or(self.asked_s).clamp(EXPIRY_S.0, EXPIRY_S.1);
        (self.keeps_flow, self.flow_timer_s) = (answer.keeps_flow, answer.flow_timer_s);
        (self.pong, self.unanswered) = (Now::NEVER, 0);
        self.phase = Phase::Registered;
        self.granted = self.now;
        (self.failed, self.rounds, self.refusals) = (0, 0, 0);
        // Early enough for another registrar to be tried, at no common instant with others.
        let share = 70 + self.random.u32(0..15);
        self.due = self.now + Duration::from_secs(u64::from(expires_s)) * share / 100;
        self.ping = self.now + self.interval();
        self.say(State::Registered { registrar, expires_s });
    }

    fn interval(&mut self) -> Duration {
        // RFC 5626, 4.4: between 80 % and all of what the registrar says.
        if let Some(most) = self.flow_timer_s.filter(|_| self.keeps_flow) {
            return Duration::from_secs(most.clamp(10, 3_600).into()) * self.random.u32(80..100) / 100;
        }
        if self.is_stream { KEEP_ALIVE.1 } else { KEEP_ALIVE.0 }
    }

    fn keep_alive(&mut self) {
        let Some(to) = self.target() else { return };
        if self.keeps_flow {
            self.pong = self.now + PONG;
        }
        self.outputs.push_back(Output::KeepAlive { to, answered: self.keeps_flow });
    }

    /// RFC 5626, 4.4.1: the way is gone, though nobody said so.
    fn unanswered(&mut self) {
        self.pong = Now::NEVER;
        self.unanswered += 1;
        if !self.is_stream && self.unanswered < MOST_UNANSWERED {
            return self.keep_alive();
        }
        self.unanswered = 0;
        self.outputs.push_back(Output::Leave);
        self.flow_lost();
    }

    fn flow_lost(&mut self) {
        self.due = self.due.min(self.now.max(self.granted + AFTER_LOSS));
        (self.ping, self.pong) = (Now::NEVER, Now::NEVER);
    }

    fn next_target(&mut self, why: Failure, retry_after_s: Option<u32>) {
        self.failed += 1;
        if self.failed >= self.targets.len() {
            return self.wait(why, retry_after_s);
        }
        self.at = (self.at + 1) % self.targets.len().max(1);
        self.ask();
    }

    /// All targets failed: wait twice as long as last time (RFC 5626, 4.5), never in step with
    /// other boxes that lost the same registrar.
    fn wait(&mut self, why: Failure, retry_after_s: Option<u32>) {
        let doubled = FIRST_WAIT * 2u32.saturating_pow(self.rounds.min(10));
        self.rounds = self.rounds.saturating_add(1);
        self.pause(why, doubled.min(LONGEST_WAIT), retry_after_s);
    }

    fn refused(&mut self, why: Failure, retry_after_s: Option<u32>) {
        let doubled = AFTER_REFUSAL * 2u32.saturating_pow(self.refusals.min(10));
        self.refusals = self.refusals.saturating_add(1);
        self.pause(why, doubled.min(LONGEST_AFTER_REFUSAL), retry_after_s);
    }

    fn pause(&mut self, why: Failure, wait: Duration, retry_after_s: Option<u32>) {
        let wait = wait * self.random.u32(50..100) / 100;
        let asked = Duration::from_secs(u64::from(retry_after_s.unwrap_or(0).min(3_600)));
        let wait = wait.max(asked);
        self.phase = Phase::Waiting;
        self.due = self.now + wait;
        (self.ping, self.pong) = (Now::NEVER, Now::NEVER);
        self.say(State::Failed { why, retry_s: u32::try_from(wait.as_secs()).unwrap_or(u32::MAX) });
    }

    fn stop(&mut self) {
        (self.ping, self.pong) = (Now::NEVER, Now::NEVER);
        self.due = Now::NEVER;
        match (self.phase, self.target()) {
            (Phase::Registered | Phase::Asking, Some(to)) => {
                self.phase = Phase::Leaving;
                self.outputs.push_back(Output::Register { to, expires_s: 0 });
            }
            (Phase::Leaving, _) => {}
            _ => self.phase = Phase::Over,
        }
    }

    fn left(&mut self) {
        self.phase = Phase::Over;
        self.say(State::Unregistered);
    }

    fn say(&mut self, state: State) {
        let same = match (self.said, state) {
            (Some(State::Registered { registrar: before, .. }), State::Registered { registrar, .. }) => {
                before == registrar
            }
            _ => false,
        };
        self.said = Some(state);
        if !same {
            self.outputs.push_back(Output::State(state));
        }
    }
}

impl Machine for Registration {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Start if self.phase == Phase::Idle => self.resolve(),
            Input::Resolved(found) if self.phase == Phase::Resolving => self.resolved(found),
            Input::Answered(answer) => self.answered(answer),
            Input::Lost if self.phase == Phase::Asking => self.next_target(Failure::NoAnswer, None),
            Input::Rejected(why) if self.phase == Phase::Asking => self.refused(why, None),
            Input::Lost | Input::Rejected(_) if self.phase == Phase::Leaving => self.left(),
            Input::Again if self.phase == Phase::Registered => {
                self.said = None;
                self.ask();
            }
            // Not at once where the registrar closed soon after it had answered: it might again.
            Input::FlowLost if self.phase == Phase::Registered => self.flow_lost(),
            Input::Pong => (self.pong, self.unanswered) = (Now::NEVER, 0),
            Input::Otherwise if self.phase == Phase::Asking => self.ask(),
            Input::Stop => self.stop(),
            _ => {}
        }
    }

    fn wake(&mut self, now: Now) {
        self.now = now;
        if now >= self.pong {
            self.unanswered();
        }
        if now >= self.ping {
            self.ping = now + self.interval();
            self.keep_alive();
        }
        if now >= self.due {
            // The name is looked up again each time: that is how registrars move.
            match self.phase {
                Phase::Registered | Phase::Waiting => self.resolve(),
                _ => self.due = Now::NEVER,
            }
        }
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(self.due.min(self.ping).min(self.pong)),
        }
    }
}
