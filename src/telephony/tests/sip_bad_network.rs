//! Two endpoints call each other over a network that loses, delays, reorders and repeats.
//! Whatever it does, every call ends exactly once on each side, and nothing is left behind.
#![allow(clippy::expect_used)] // a test may fail

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use machine::{Machine, Now, Poll};
use telephony::sip::{CallKey, Codec, Command, Config, Endpoint, Event, Input, Load, LocalMedia, Output, Transport};
use testkit::{Conditions, Network};

const ADDRESSES: [&str; 2] = ["192.0.2.1:5060", "192.0.2.2:5060"];

type Datagram = (SocketAddr, SocketAddr, Vec<u8>);

/// What was said of one call.
#[derive(Debug, Default, Clone)]
struct History {
    established: u32,
    media: u32,
    ended: u32,
}

struct Pair {
    ends: [Endpoint; 2],
    network: Network<Datagram>,
    /// Commands still to come: when, at which end, what.
    plan: Vec<(Now, usize, Command)>,
    calls: [HashMap<CallKey, History>; 2],
    random: fastrand::Rng,
    now: Now,
}

fn address(end: usize) -> SocketAddr {
    ADDRESSES[end].parse().expect("an address")
}

fn media(end: usize) -> LocalMedia {
    let mut address = address(end);
    address.set_port(30_000);
    LocalMedia::plain(address, vec![Codec::Pcma, Codec::Pcmu])
}

impl Pair {
    fn new(conditions: Conditions, seed: u64) -> Self {
        let end = |at: usize| Endpoint::new(Config::new(address(at)).max_calls(1_000), seed * 2 + at as u64);
        Pair {
            ends: [end(0), end(1)],
            network: Network::new(conditions, seed),
            plan: Vec::new(),
            calls: [HashMap::new(), HashMap::new()],
            random: fastrand::Rng::with_seed(seed),
            now: Now::ZERO,
        }
    }

    /// End 0 dials end 1 this many times, some seconds apart.
    fn dial(&mut self, calls: u64) {
        for token in 0..calls {
            let dial = Command::Dial {
                token,
                target: format!("sip:box@{}", ADDRESSES[1]),
                destination: None,
                from_display: Some("A \"caller\"".into()),
                from_user: "100".into(),
                media: media(0),
                transport: Transport::Udp,
                connection: None,
            };
            self.plan.push((Now::from_millis(token * 700), 0, dial));
        }
    }

    fn run(&mut self) {
        loop {
            let next = self.settle();
            let planned = self.plan.iter().map(|(at, ..)| *at).min().unwrap_or(Now::NEVER);
            let arrives = self.network.next_arrival();
            let next = next.min(planned).min(arrives);
            if next == Now::NEVER {
                return;
            }
            self.now = self.now.max(next);
            if let Some(due) = self.plan.iter().position(|(at, ..)| *at <= self.now) {
                let (_, end, command) = self.plan.swap_remove(due);
                self.ends[end].handle(self.now, Input::Command(command));
            } else if let Some((from, to, bytes)) = self.network.receive(self.now) {
                let end = usize::from(to == address(1));
                self.ends[end].handle(self.now, Input::Datagram { local: to, from, bytes });
            } else {
                self.ends.iter_mut().for_each(|end| end.wake(self.now));
            }
        }
    }

    /// Carries out what both ends want; says when they want to be woken.
    fn settle(&mut self) -> Now {
        let mut next = Now::NEVER;
        for end in 0..2 {
            loop {
                match self.ends[end].poll() {
                    Poll::Do(Output::Datagram { to, bytes, .. }) => {
                        self.network.send(self.now, (address(end), to, bytes));
                    }
                    Poll::Do(Output::Event(event)) => self.told(end, event),
                    Poll::Do(other) => panic!("no streams here: {other:?}"),
                    Poll::WaitUntil(at) => {
                        next = next.min(at);
                        break;
                    }
                }
            }
        }
        next
    }

    fn later(&mut self, most_ms: u64) -> Now {
        self.now + Duration::from_millis(self.random.u64(0..most_ms))
    }

    fn told(&mut self, end: usize, event: Event) {
        match event {
            Event::Incoming { call, .. } | Event::Dialled { call, .. } => {
                assert!(self.calls[end].insert(call, History::default()).is_none());
                let answer = matches!(event, Event::Incoming { .. });
                self.decide(end, call, answer);
            }
            Event::Media { call, .. } => self.history(end, call).media += 1,
            Event::Established { call } => {
                self.history(end, call).established += 1;
                let at = self.later(20_000);
                self.plan.push((at, end, Command::HangUp { call }));
            }
            Event::Digit { .. } => panic!("nobody presses a key"),
            Event::Referral { .. } | Event::Refer { .. } => panic!("nobody is sent on"),
            Event::Reason { call, .. } => {
                self.history(end, call);
            }
            Event::Ringing { call } => {
                self.history(end, call);
            }
            Event::Ended { call, .. } => self.history(end, call).ended += 1,
        }
    }

    /// The history of a call that has not ended.
    fn history(&mut self, end: usize, call: CallKey) -> &mut History {
        let history = self.calls[end].get_mut(&call).expect("announced");
        assert_eq!(history.ended, 0, "nothing is said of a call that has ended");
        history
    }

    /// What the application does with a new call: takes it, refuses it, or gives it up.
    fn decide(&mut self, end: usize, call: CallKey, incoming: bool) {
        let at = self.later(3_000);
        if !incoming {
            if self.random.u8(..) < 60 {
                self.plan.push((at, end, Command::HangUp { call }));
            }
            return;
        }
        self.plan.push((self.now, end, Command::Ring { call }));
        let command = match self.random.u8(..) {
            0..25 => Command::Reject { call, status: 486, retry_after_s: Some(5) },
            25..40 => Command::HangUp { call },
            _ => Command::Answer { call, media: media(end) },
        };
        self.plan.push((at, end, command));
    }
}

fn run(conditions: Conditions, calls: u64, seed: u64) -> [Vec<History>; 2] {
    let mut pair = Pair::new(conditions, seed);
    pair.dial(calls);
    pair.run();
    for end in &pair.ends {
        assert_eq!(end.load(), Load::default(), "seed {seed} leaves something behind");
    }
    for (end, calls) in pair.calls.iter().enumerate() {
        for (call, history) in calls {
            assert_eq!(history.ended, 1, "seed {seed}, end {end}, call {call}: {history:?}");
            assert!(history.established <= 1, "seed {seed}, end {end}, call {call}: {history:?}");
            assert!(history.established <= history.media, "seed {seed}: no media, {history:?}");
        }
    }
    pair.calls.map(|calls| calls.into_values().collect())
}

fn established(calls: &[History]) -> u32 {
    calls.iter().map(|history| history.established).sum()
}

#[test]
fn over_a_perfect_network_what_is_answered_is_established() {
    let [dialled, taken] = run(Conditions { delay: Duration::from_millis(20), ..Conditions::PERFECT }, 200, 1);
    assert_eq!(dialled.len(), 200);
    // A CANCEL may cross the 200: then the callee saw a call and the caller had given up.
    assert!(established(&taken) - established(&dialled) < 5);
    assert!(established(&dialled) > 100, "{}", established(&dialled));
}

#[test]
fn over_a_bad_network_every_call_ends_once() {
    let conditions = Conditions {
        delay: Duration::from_millis(30),
        jitter: Duration::from_millis(300),
        loss: 0.15,
        burst: 3,
        duplicate: 0.1,
        reorder: 0.1,
    };
    for seed in 0..20 {
        let [dialled, taken] = run(conditions, 60, seed);
        assert_eq!(dialled.len(), 60);
        assert!(established(&dialled) > 20, "seed {seed}: {} of 60", established(&dialled));
        assert!(established(&taken) > 20, "seed {seed}: {} of 60", established(&taken));
    }
}

#[test]
fn over_a_network_that_loses_half_every_call_still_ends() {
    let conditions = Conditions { delay: Duration::from_millis(50), loss: 0.5, ..Conditions::PERFECT };
    for seed in 0..10 {
        run(conditions, 40, seed);
    }
}

#[test]
fn with_nobody_there_every_call_times_out() {
    let [dialled, taken] = run(Conditions { loss: 1.0, ..Conditions::PERFECT }, 20, 3);
    assert_eq!((dialled.len(), taken.len()), (20, 0));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let conditions = Conditions { jitter: Duration::from_millis(90), loss: 0.2, ..Conditions::PERFECT };
    let count = |seed| run(conditions, 30, seed).map(|calls| established(&calls));
    assert_eq!(count(5), count(5));
}
