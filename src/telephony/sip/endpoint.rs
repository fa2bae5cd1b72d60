use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use machine::{Machine, Now, Poll};
use sipx_sip::HeaderName;

use super::call::{Call, Merge, Phase};
use super::caller::Dial;
use super::connections::Connections;
use super::digest::Server;
use super::flow::Flow;
use super::guard::Guard;
use super::limits::{Kind, Sources};
use super::lines::Lines;
use super::refer::Referral;
use super::responses::Reply;
use super::timers::{CallTimer, TimerKey, Timers};
use super::transactions::Transactions;
use super::{CallKey, Command, Config, EndCause, EndedBy, Event, Input, Load, Output};

/// A SIP endpoint, callee and caller in one. See the [module](super).
pub struct Endpoint {
    pub(super) config: Config,
    pub(super) now: Now,
    pub(super) random: fastrand::Rng,
    pub(super) outputs: VecDeque<Output>,
    pub(super) timers: Timers,
    pub(super) transactions: Transactions,
    pub(super) connections: Connections,
    pub(super) sources: Sources,
    pub(super) guard: Guard,
    /// Asks callers for a proof.
    pub(super) server: Server,
    pub(super) lines: Lines,
    pub(super) calls: HashMap<CallKey, Call>,
    /// Calls whose end was not said yet.
    pub(super) active: usize,
    /// The INVITE of each call, to know its copies by.
    pub(super) merged: HashMap<Merge, CallKey>,
    pub(super) draining: bool,
    /// Why calls can't be taken, while they can't.
    pub(super) not_ready: Option<String>,
    /// Makes stateless tags unforeseeable.
    secret: u64,
}

impl Endpoint {
    /// An endpoint without calls. The seed feeds tags, branches and session numbers.
    pub fn new(config: Config, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let users = config.users.clone();
        let secret = config.secret.unwrap_or_else(|| secret(&mut random));
        let server = Server::new(config.realm.clone(), &config.digests, users, secret);
        let lines = Lines::new(&config.accounts, &config.trunks, &mut random);
        Endpoint {
            config,
            now: Now::ZERO,
            secret: random.u64(..),
            random,
            outputs: VecDeque::new(),
            timers: Timers::default(),
            transactions: Transactions::default(),
            connections: Connections::default(),
            sources: Sources::default(),
            guard: Guard::default(),
            server,
            lines,
            calls: HashMap::new(),
            active: 0,
            merged: HashMap::new(),
            draining: false,
            not_ready: None,
        }
    }

    /// What it holds at the moment.
    pub fn load(&self) -> Load {
        Load {
            calls: self.calls.len(),
            active_calls: self.active,
            transactions: self.transactions.len(),
            connections: self.connections.len(),
            timers: self.timers.len(),
            sources: self.sources.len(),
        }
    }

    /// Sources remembered by the flood gate and the bans; bounded.
    pub fn sources_heard(&self) -> usize {
        self.guard.len()
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Ring { call } => self.ring(call),
            Command::Progress { call, media } => self.progress(call, media),
            Command::Answer { call, media } => self.take(call, media),
            Command::Reject { call, status, retry_after_s } => {
                let status = if (300..=699).contains(&status) { status } else { 480 };
                let mut reply = Reply::new(status);
                if let Some(seconds) = retry_after_s {
                    reply = reply.header(HeaderName::RetryAfter, seconds.to_string());
                }
                self.refuse(call, reply, EndCause::Rejected { status }, EndedBy::Local);
            }
            Command::HangUp { call } => self.hang_up(call),
            Command::Hold { call, held } => self.hold(call, held),
            Command::Dial { token, target, destination, from_display, from_user, media, transport, connection } => {
                self.dial(Dial { token, target, destination, from_display, from_user, media, transport, connection })
            }
            Command::Refer { call, to, within } => self.refer(call, to, within),
            Command::Referred { call, status } => self.referred(call, status),
            Command::SignOn => self.sign_on(),
            Command::SignOff => self.sign_off(),
            Command::Refuse(draining) => self.draining = draining,
            Command::SetReady { ready, why } => self.not_ready = (!ready).then_some(why),
        }
    }

    pub(super) fn hang_up(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else {
            return;
        };
        match call.phase {
            Phase::Offered(_) => {
                let cause = EndCause::Rejected { status: 480 };
                self.refuse(key, Reply::new(480), cause, EndedBy::Local);
            }
            Phase::Dialling(_) => self.give_up(key, EndCause::Cancelled, EndedBy::Local),
            // RFC 3261, 15: no BYE before the ACK; it follows when that comes, or never does.
            Phase::Answered | Phase::Up if call.unacknowledged.is_some() => {
                call.phase = Phase::Closing;
                self.end(key, EndCause::HungUp, EndedBy::Local);
            }
            Phase::Answered | Phase::Up => {
                self.end(key, EndCause::HungUp, EndedBy::Local);
                self.send_bye(key);
            }
            Phase::Closing => {}
        }
    }

    fn fire(&mut self, timer: TimerKey) {
        match timer {
            TimerKey::Transaction(id, timer) => self.transaction_timer(id, timer),
            TimerKey::Connection(connection) => self.connection_timer(connection),
            TimerKey::Registration(at) => self.registration_due(at),
            TimerKey::Target(id) => self.target_due(id),
            TimerKey::Call(key, CallTimer::Ring) => {
                let (cause, by) = (EndCause::Timeout, EndedBy::Network);
                self.refuse(key, Reply::new(480), cause, by);
                self.give_up(key, cause, by);
            }
            TimerKey::Call(key, CallTimer::Retransmit) => self.retransmit(key),
            TimerKey::Call(key, CallTimer::Acknowledge) => self.not_acknowledged(key),
            TimerKey::Call(key, CallTimer::Cancelled) => self.cancelled(key),
            TimerKey::Call(key, CallTimer::Refresh) => self.refresh_due(key),
            TimerKey::Call(key, CallTimer::Expire) => self.session_over(key),
            TimerKey::Call(key, CallTimer::Provisional) => self.provisional_due(key),
            TimerKey::Call(key, CallTimer::Refer) => self.referral_over(key, Referral::Silent),
            TimerKey::Call(key, CallTimer::Glare) => self.catch_up(key),
        }
    }

    /// Says the end of a call, once; from now on it counts no more.
    pub(super) fn end(&mut self, key: CallKey, cause: EndCause, by: EndedBy) {
        let Some(call) = self.calls.get_mut(&key).filter(|call| !call.ended) else {
            return;
        };
        call.ended = true;
        call.cause = Some(cause);
        self.active = self.active.saturating_sub(1);
        self.sources.give_back(call.source, Kind::Call);
        self.tell(Event::Ended { call: key, cause, by });
    }

    /// Drops what is left of a call that has ended.
    pub(super) fn forget(&mut self, key: CallKey) {
        self.end(key, EndCause::HungUp, EndedBy::Network);
        let Some(call) = self.calls.remove(&key) else {
            return;
        };
        if let Some(merge) = call.merge {
            self.merged.remove(&merge);
        }
        for timer in CallTimer::ALL {
            self.timers.clear(TimerKey::Call(key, timer));
        }
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Sends bytes; those for a connection that is gone are lost.
    pub(super) fn transmit(&mut self, flow: Flow, bytes: Vec<u8>) {
        match flow {
            Flow::Datagram { to, local } => {
                self.outputs.push_back(Output::Datagram { to, local, bytes });
            }
            Flow::Stream { connection, .. } if self.connections.is_open(connection) => {
                self.outputs.push_back(Output::Stream { connection, bytes });
            }
            Flow::Stream { .. } => {}
        }
    }

    pub(super) fn new_call_key(&mut self) -> CallKey {
        loop {
            let key = CallKey(self.random.u64(1..));
            if !self.calls.contains_key(&key) {
                return key;
            }
        }
    }

    /// A tag that is the same whenever the same request comes again (RFC 3261, 8.2.7).
    pub(super) fn stateless_tag(&self, of: &[u8]) -> String {
        let mut hasher = DefaultHasher::new();
        (self.secret, of).hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }

    /// `host:port` by which the peer of a flow reaches us.
    pub(super) fn host(&self, flow: Flow) -> String {
        let advertised = self.config.advertised;
        let as_seen = self.config.contact_as_seen;
        if let Some(learned) = self.lines.address_for(flow, advertised.port(), as_seen)
            && (as_seen || advertised.ip().is_unspecified())
        {
            return learned.to_string();
        }
        let ours = flow.local().filter(|_| advertised.ip().is_unspecified());
        ours.unwrap_or(advertised).to_string()
    }

    pub(super) fn contact(&self, flow: Flow) -> String {
        format!("<sip:{}{}>", self.host(flow), flow.parameter())
    }

    /// A Via with a branch of its own.
    pub(super) fn via(&mut self, flow: Flow) -> String {
        let transport = flow.transport().word().to_ascii_uppercase();
        let branch = self.random.u128(..);
        format!("SIP/2.0/{transport} {};branch=z9hG4bK{branch:032x};rport", self.host(flow))
    }
}

impl Machine for Endpoint {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        self.now = now;
        match input {
            Input::Datagram { local, from, bytes } => self.datagram(local, from, bytes),
            Input::Stream { connection, local, from, secure, bytes } => {
                self.stream_bytes(connection, (local, from), secure, &bytes);
            }
            Input::StreamClosed { connection } => self.stream_closed(connection),
            Input::Resolved { query, found, own } => self.resolved(query, found, own),
            Input::Command(command) => self.command(command),
        }
    }

    fn wake(&mut self, now: Now) {
        self.now = now;
    }

    /// Timers fire here, one at a time, so that what is queued stays small however many are due.
    fn poll(&mut self) -> Poll<Output> {
        loop {
            if let Some(output) = self.outputs.pop_front() {
                return Poll::Do(output);
            }
            match self.timers.take_due(self.now) {
                Some(timer) => self.fire(timer),
                None => return Poll::WaitUntil(self.timers.next()),
            }
        }
    }
}

/// For tests: the daemon gives a better one.
fn secret(random: &mut fastrand::Rng) -> [u8; 32] {
    let mut secret = [0; 32];
    random.fill(&mut secret);
    secret
}
