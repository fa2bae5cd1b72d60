//! Who is let in: as many as are answered in time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::switchboard::House;
use crate::config::WhenBusy;
use crate::engines::{Busy, Engines};
use crate::load::{Capacity, Load, Noted, Relief, Second, machine};
use crate::observe::JsonLines;

/// Callers who wait at once; one more is refused.
const MOST_HELD: usize = 20;

/// How a call comes in.
#[derive(Debug)]
pub enum Entrance {
    /// It is answered by the agent.
    Open,
    /// It is answered, waits, and may come in when something comes of this.
    Hold(oneshot::Receiver<()>),
    /// It is answered and told that all lines are busy.
    Message,
    /// It is not answered.
    Refused,
}

/// How calls are let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Callers are answered within this, 95 of 100 times; `None` for no admission by time.
    pub answer_within: Option<Duration>,
    /// What becomes of a call that would not be.
    pub when_busy: WhenBusy,
    /// What it is told, as it is spoken.
    pub message: Vec<String>,
    /// How long it may wait.
    pub hold: Duration,
}

/// The doorkeeper.
pub struct Admission {
    house: Arc<House>,
    load: Load,
    seen: Option<Seen>,
    /// Who waits, in order.
    held: VecDeque<oneshot::Sender<()>>,
    relief: Relief,
    notes: Option<JsonLines<Noted>>,
}

/// Counters as they were.
#[derive(Debug, Clone, Copy)]
struct Seen {
    at: Instant,
    engines: [Busy; 3],
    /// Processor seconds of this process, and of each worker.
    own_s: f64,
    workers_s: [f64; 3],
    machine_s: f64,
}

impl Admission {
    /// A doorkeeper who knows only what was found when the engines were tried.
    pub fn new(house: Arc<House>, prior: Capacity, notes: Option<JsonLines<Noted>>) -> Self {
        let goal = house.rules.answer_within.unwrap_or(Duration::MAX);
        Admission {
            house,
            load: Load::new(prior, goal.as_secs_f64() * 1_000.0),
            seen: None,
            held: VecDeque::new(),
            relief: Relief::None,
            notes,
        }
    }

    /// How one more call than these comes in.
    pub fn entrance(&mut self, calls: usize) -> Entrance {
        let talking = self.talking(calls);
        // Who waits goes first.
        if self.held.is_empty() && self.has_room(talking) {
            return Entrance::Open;
        }
        match self.house.rules.when_busy {
            WhenBusy::Refuse => Entrance::Refused,
            WhenBusy::Message => Entrance::Message,
            WhenBusy::Hold if self.held.len() < MOST_HELD => {
                let (open, wait) = oneshot::channel();
                self.held.push_back(open);
                Entrance::Hold(wait)
            }
            WhenBusy::Hold => Entrance::Refused,
        }
    }

    /// A second has passed with so many calls up.
    pub fn second(&mut self, calls: usize) {
        self.held.retain(|waits| !waits.is_closed());
        let now = self.house.clock.now();
        for wait_ms in self.house.strain.take() {
            self.load.turn(now, wait_ms);
        }
        let talking = self.talking(calls);
        if let Some(second) = self.look(talking) {
            self.load.second(now, second);
            if let (Some(notes), Some(noted)) = (&self.notes, self.load.noted()) {
                notes.add(&noted);
            }
        }
        self.relieve();
        // One a second: what it costs is seen before the next.
        if !self.held.is_empty()
            && self.has_room(talking)
            && let Some(first) = self.held.pop_front()
        {
            let _ = first.send(()); // who has hung up meanwhile is gone from the queue with that
        }
    }

    fn has_room(&mut self, talking: u32) -> bool {
        if self.house.rules.answer_within.is_none() {
            return true;
        }
        let was_shut = self.load.is_shut();
        let verdict = self.load.admit(talking);
        if !verdict.admit && !was_shut {
            let capacity = self.load.capacity();
            tracing::warn!(
                calls = talking,
                p95_ms = verdict.p95_ms.round(),
                bottleneck = capacity.bottleneck(f64::from(talking + 1)),
                "one more call would not be answered in time"
            );
        }
        verdict.admit
    }

    fn talking(&self, calls: usize) -> u32 {
        u32::try_from(calls.saturating_sub(self.held.len())).unwrap_or(u32::MAX)
    }

    fn relieve(&mut self) {
        if self.house.rules.answer_within.is_none() {
            return;
        }
        let relief = self.load.relief();
        if self.house.strain.relieve(relief) {
            match relief > self.relief {
                true => tracing::warn!(?relief, "callers wait too long: work ahead of need is left out"),
                false => tracing::info!(?relief, "callers are answered in time again"),
            }
        }
        self.relief = relief;
    }

    /// What the second was like; nothing at the first look.
    fn look(&mut self, calls: u32) -> Option<Second> {
        let Engines { stt, llm, tts } = &self.house.engines;
        let now = Seen {
            at: Instant::now(),
            engines: [stt.busy(), llm.busy(), tts.busy()],
            own_s: cpu_s(Some(std::process::id())),
            workers_s: [stt.pid(), llm.pid(), tts.pid()].map(cpu_s),
            machine_s: machine::busy_s()?,
        };
        let before = self.seen.replace(now)?;
        let passed_s = now.at.duration_since(before.at).as_secs_f64().max(0.1);
        let mut second = Second { calls, ..Second::default() };
        // A worker that was started anew has used less than its former life.
        let mut used_s = (now.own_s - before.own_s).max(0.0);
        let mut shed_s = 0.0;
        let (now_s, before_s) = (now.workers_s, before.workers_s);
        for (index, (now, before)) in now.engines.iter().zip(&before.engines).enumerate() {
            let busy = now.since(before);
            second.busy_ms[index] = busy.must.as_secs_f64() * 1_000.0 / passed_s;
            second.done[index] = u32::try_from(busy.done).unwrap_or(u32::MAX);
            let worked_s = (now_s[index] - before_s[index]).max(0.0);
            let worked_for = (busy.must + busy.may).max(Duration::from_millis(1));
            used_s += worked_s;
            shed_s += worked_s * busy.may.as_secs_f64() / worked_for.as_secs_f64();
        }
        second.own = (used_s - shed_s).max(0.0) / passed_s;
        second.others = ((now.machine_s - before.machine_s - used_s) / passed_s).max(0.0);
        Some(second)
    }
}

/// Processor seconds that a process has used; none where there is none.
fn cpu_s(pid: Option<u32>) -> f64 {
    pid.and_then(machine::process).map_or(0.0, |(_, cpu_s)| cpu_s)
}
