//! The targets of a trunk: which of them answers, and so where calls go.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};

use super::digest::Credentials;
use super::locate::Found;
use super::network::Network;
use super::notice::TargetState;
use super::route::Hop;

/// A target is down after so many pings without an answer.
const MISSES: u32 = 3;
/// How often a name is looked up, unless its records are good for less..
const LOOK_UP: Duration = Duration::from_secs(300);
/// ..but no more often than this.
const SOONEST: Duration = Duration::from_secs(30);

/// A way to the telephone network and who comes in by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// What the log calls it.
    pub name: String,
    /// Where calls go: the first that answers. Their addresses may call as well.
    pub targets: Vec<Hop>,
    /// Who else may call.
    pub from: Vec<Network>,
    /// What requests that are challenged prove themselves with.
    pub credentials: Option<Credentials>,
    /// How often each target is asked whether it is there; none: never.
    pub ping: Option<Duration>,
}

/// What a target is told.
#[derive(Debug)]
pub(super) enum Input {
    /// Begin.
    Start,
    /// Where it is.
    Resolved(Found),
    /// It answered a ping; whatever it said, it is there.
    Answered,
    /// It did not.
    Lost,
}

/// What a target wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Look up its name.
    Resolve,
    /// Send OPTIONS.
    Ping { to: SocketAddr },
    /// Its state is another.
    State(TargetState),
}

/// One target.
#[derive(Debug)]
pub(super) struct Target {
    hop: Hop,
    seed: u64,
    every: Option<Duration>,
    addresses: Vec<SocketAddr>,
    misses: u32,
    state: Option<TargetState>,
    ping: Now,
    look_up: Now,
    now: Now,
    outputs: VecDeque<Output>,
}

impl Target {
    pub(super) fn new(hop: Hop, every: Option<Duration>, seed: u64) -> Self {
        Target {
            hop,
            seed,
            every,
            addresses: Vec::new(),
            misses: 0,
            state: None,
            ping: Now::NEVER,
            look_up: Now::NEVER,
            now: Now::ZERO,
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn hop(&self) -> &Hop {
        &self.hop
    }

    /// Of the order among servers that are equal.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// All its addresses: who answers by one may call from another.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where a call goes, unless it is down. One that was never asked is taken to be there.
    pub(super) fn way(&self) -> Option<SocketAddr> {
        let down = matches!(self.state, Some(TargetState::Down | TargetState::NoAddress));
        self.addresses.first().copied().filter(|_| !down)
    }

    fn resolve(&mut self) {
        self.look_up = self.now + LOOK_UP;
        self.outputs.push_back(Output::Resolve);
    }

    fn resolved(&mut self, found: Found) {
        if found.places.is_empty() {
            // What was known before may still be right: a name server can fail too.
            if self.addresses.is_empty() {
                self.say(TargetState::NoAddress);
                self.look_up = self.now + Duration::from_secs(30);
            }
            return;
        }
        if let Some(valid) = found.valid {
            self.look_up = self.now + valid.clamp(SOONEST, LOOK_UP);
        }
        let first = self.addresses.is_empty();
        self.addresses = found.places;
        self.hop.transport = found.transport;
        if first {
            self.ask();
        }
    }

    fn ask(&mut self) {
        let Some(every) = self.every else { return };
        self.ping = self.now + every;
        if let Some(to) = self.addresses.first().copied() {
            self.outputs.push_back(Output::Ping { to });
        }
    }

    fn lost(&mut self) {
        self.misses = self.misses.saturating_add(1);
        if self.misses >= MISSES {
            self.say(TargetState::Down);
        }
        // Another address of the same name may be there.
        if self.addresses.len() > 1 {
            self.addresses.rotate_left(1);
        }
    }

    fn say(&mut self, state: TargetState) {
        if self.state != Some(state) {
            self.state = Some(state);
            self.outputs.push_back(Output::State(state));
        }
    }
}

impl Machine for Target {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Start => self.resolve(),
            Input::Resolved(found) => self.resolved(found),
            Input::Answered => {
                self.misses = 0;
                self.say(TargetState::Up);
            }
            Input::Lost => self.lost(),
        }
    }

    fn wake(&mut self, now: Now) {
        self.now = now;
        if now >= self.look_up {
            self.look_up = Now::NEVER;
            self.resolve();
        }
        if now >= self.ping {
            self.ask();
        }
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(self.ping.min(self.look_up)),
        }
    }
}
