use std::collections::VecDeque;
use std::time::Duration;

use machine::Now;
use serde::{Deserialize, Serialize};

use super::capacity::{Capacity, STAGES, Station};

/// Seconds looked back on.
const SECONDS: usize = 30;
/// Turns looked back on, and for how long.
const MOST_TURNS: usize = 2_048;
const RECENT: Duration = Duration::from_secs(20);
/// Fewer turns than this say nothing about the 95th of a hundred.
const ENOUGH_TURNS: usize = 10;
/// What was known before counts like so many seconds of a call, and so many pieces of work.
const PRIOR_CALL_S: f64 = 60.0;
const PRIOR_WORK: f64 = 10.0;
/// Waits that no load changes lie between these.
const FIXED_MS: (f64, f64) = (100.0, 600.0);

/// A box that can't answer even a lone caller within the goal lets others in while they wait no longer than this many
/// times what that one waits, or that many times the goal: who is sent away waits longest. And nothing is shed below
/// the first of these: that would make no lone caller's answer faster.
const SLOW: f64 = 2.0;
const SLOWEST: f64 = 3.0;
/// Of the goal: from here on work ahead of need is shed, and below this it comes back.
const BUSY: f64 = 0.8;
const CALM: f64 = 0.6;
/// Seconds that callers must wait too long before anything is shed, and be served well before it
/// comes back.
const UP_S: u32 = 2;
const DOWN_S: u32 = 10;

/// What one second was like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// Calls up.
    pub calls: u32,
    /// How long each engine had something to do that must be done, in milliseconds.
    pub busy_ms: [f64; STAGES.len()],
    /// Pieces of that work that were answered.
    pub done: [u32; STAGES.len()],
    /// Processors that the box kept busy, without what it sheds under load.
    pub own: f64,
    /// Processors that everything else kept busy.
    pub others: f64,
}

/// What is not done while callers wait too long, from the least needed on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relief {
    /// Everything is done.
    #[default]
    None,
    /// Answers are thought out when the turn is over, not ahead of it.
    Speculation,
    /// Nor is anything recognised before the caller pauses.
    Partials,
}

/// A second as it is written down, with what was made of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Noted {
    /// What it was like.
    pub second: Second,
    /// What is left out.
    pub relief: Relief,
    /// What callers are taken to wait at present, the 95th of a hundred, in milliseconds.
    pub p95_ms: f64,
    /// What one more would make them wait.
    pub p95_with_one_more_ms: f64,
    /// What the box can do.
    pub capacity: Capacity,
}

/// Whether one more call would be served in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Let it in.
    pub admit: bool,
    /// What callers would wait, the 95th of a hundred, in milliseconds.
    pub p95_ms: f64,
}

/// How busy the running box is, second by second.
#[derive(Debug)]
pub struct Load {
    goal_ms: f64,
    prior: Capacity,
    seconds: VecDeque<Second>,
    turns: VecDeque<(Now, f64)>,
    relief: Relief,
    /// Seconds in a row on the other side of a threshold.
    above_s: u32,
    below_s: u32,
    /// Callers were sent away; the next is let in a little later than it could be.
    is_shut: bool,
}

impl Load {
    /// A box of which only `prior` is known, whose callers shall be answered within `goal_ms`.
    pub fn new(prior: Capacity, goal_ms: f64) -> Self {
        Load {
            goal_ms,
            prior,
            seconds: VecDeque::with_capacity(SECONDS),
            turns: VecDeque::with_capacity(MOST_TURNS),
            relief: Relief::None,
            above_s: 0,
            below_s: 0,
            is_shut: false,
        }
    }

    /// A turn was answered after so long.
    pub fn turn(&mut self, now: Now, voice_to_voice_ms: f64) {
        if self.turns.len() == MOST_TURNS {
            self.turns.pop_front();
        }
        self.turns.push_back((now, voice_to_voice_ms));
    }

    /// A second has passed.
    pub fn second(&mut self, now: Now, second: Second) {
        if self.seconds.len() == SECONDS {
            self.seconds.pop_front();
        }
        self.seconds.push_back(second);
        while self.turns.front().is_some_and(|(at, _)| now.since(*at) > RECENT) {
            self.turns.pop_front();
        }
        self.relieve(f64::from(second.calls));
    }

    /// Whether one more call than these would be served in time. The first always comes in: a slow
    /// answer is better than none.
    pub fn admit(&mut self, calls: u32) -> Verdict {
        let p95_ms = self.predicted_ms(f64::from(calls + 1));
        let alone_ms = self.alone_ms();
        let goal_ms = match alone_ms <= self.goal_ms {
            true => self.goal_ms,
            false => (SLOW * alone_ms).min(SLOWEST * self.goal_ms),
        };
        let within_ms = if self.is_shut { 0.95 * goal_ms } else { goal_ms };
        let admit = calls == 0 || p95_ms <= within_ms;
        self.is_shut = !admit;
        Verdict { admit, p95_ms }
    }

    /// The last second, for the record.
    pub fn noted(&self) -> Option<Noted> {
        let second = *self.seconds.back()?;
        let calls = f64::from(second.calls);
        Some(Noted {
            second,
            relief: self.relief,
            p95_ms: self.predicted_ms(calls),
            p95_with_one_more_ms: self.predicted_ms(calls + 1.0),
            capacity: self.capacity(),
        })
    }

    /// The last verdict was against a call.
    pub fn is_shut(&self) -> bool {
        self.is_shut
    }

    /// What is not done at present.
    pub fn relief(&self) -> Relief {
        self.relief
    }

    /// What the box can do, as far as it has been seen.
    pub fn capacity(&self) -> Capacity {
        let Capacity { processors, fixed_ms, .. } = self.prior;
        let sum = |of: &dyn Fn(&Second) -> f64| self.seconds.iter().map(of).sum::<f64>();
        let call_s = sum(&|second| f64::from(second.calls));
        let weighed = |prior: f64, prior_weight: f64, seen: f64, weight: f64| {
            (prior * prior_weight + seen) / (prior_weight + weight)
        };
        let mut stations = self.prior.stations;
        for (stage, station) in stations.iter_mut().enumerate() {
            let busy_ms = sum(&|second| second.busy_ms[stage]);
            let done = sum(&|second| f64::from(second.done[stage]));
            *station = Station {
                service_ms: weighed(station.service_ms, PRIOR_WORK, busy_ms, done),
                demand: weighed(station.demand, PRIOR_CALL_S, busy_ms / 1_000.0, call_s),
            };
        }
        let length = (self.seconds.len() as f64).max(1.0);
        let calls = call_s / length;
        let weight = call_s / (call_s + PRIOR_CALL_S);
        let mut capacity = Capacity {
            processors,
            others: sum(&|second| second.others) / length,
            per_call: weighed(self.prior.per_call, PRIOR_CALL_S, sum(&|second| second.own), call_s),
            fixed_ms,
            stations,
            measured_at: calls * weight + self.prior.measured_at * (1.0 - weight),
        };
        if let Some(median) = self.waited_ms(0.5) {
            let of_engines = capacity.mean_ms(calls);
            capacity.fixed_ms = (median - of_engines).clamp(FIXED_MS.0, FIXED_MS.1);
        }
        capacity
    }

    /// The 95th of a hundred waits of a lone caller.
    fn alone_ms(&self) -> f64 {
        Capacity { fixed_ms: self.prior.fixed_ms, ..self.capacity() }.p95_ms(1.0)
    }

    /// The 95th of a hundred waits with so many calls: as predicted, and worse by as much as the
    /// prediction is wrong at present.
    fn predicted_ms(&self, calls: f64) -> f64 {
        let capacity = self.capacity();
        let present = self.seconds.back().map_or(0.0, |second| f64::from(second.calls));
        let wrong_ms = self.waited_ms(0.95).map_or(0.0, |waited_ms| waited_ms - capacity.p95_ms(present));
        capacity.p95_ms(calls) + wrong_ms.max(0.0)
    }

    /// What this share of the recent turns waited at most.
    fn waited_ms(&self, share: f64) -> Option<f64> {
        if self.turns.len() < ENOUGH_TURNS {
            return None;
        }
        let mut waited: Vec<f64> = self.turns.iter().map(|(_, ms)| *ms).collect();
        waited.sort_by(f64::total_cmp);
        let rank = (waited.len() as f64 * share).ceil() as usize;
        waited.get(rank.saturating_sub(1)).copied()
    }

    fn relieve(&mut self, calls: f64) {
        let wait_ms = if calls > 0.0 { self.predicted_ms(calls) } else { 0.0 };
        let goal_ms = self.goal_ms.max(SLOW * self.alone_ms());
        let wanted = match wait_ms / goal_ms {
            share if share > 1.0 => Relief::Partials,
            share if share > BUSY => Relief::Speculation,
            _ => Relief::None,
        };
        self.above_s = if wanted > self.relief { self.above_s + 1 } else { 0 };
        self.below_s = if wait_ms < CALM * goal_ms { self.below_s + 1 } else { 0 };
        if self.above_s >= UP_S {
            (self.relief, self.above_s) = (self.relief.more(), 0);
        }
        if self.below_s >= DOWN_S {
            (self.relief, self.below_s) = (self.relief.less(), 0);
        }
    }
}

impl Relief {
    fn more(self) -> Self {
        match self {
            Relief::None => Relief::Speculation,
            Relief::Speculation | Relief::Partials => Relief::Partials,
        }
    }

    fn less(self) -> Self {
        match self {
            Relief::Partials => Relief::Speculation,
            Relief::Speculation | Relief::None => Relief::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL_MS: f64 = 900.0;

    /// A box of which everything is known, and what is believed of it, on virtual time.
    struct Simulated {
        truth: Capacity,
        load: Load,
        at_s: u64,
    }

    impl Simulated {
        /// Believed to be as much faster than it is as `optimism` says.
        fn new(optimism: f64) -> Self {
            let truth = Capacity::presumed(2, [60.0, 8.0, 25.0]);
            let mut belief = truth;
            belief.per_call /= optimism;
            for station in &mut belief.stations {
                station.service_ms /= optimism;
                station.demand /= optimism;
            }
            Simulated { truth, load: Load::new(belief, GOAL_MS), at_s: 0 }
        }

        /// So many calls, for so long.
        fn pass(&mut self, calls: u32, seconds: u64) {
            let (n, truth) = (f64::from(calls), self.truth);
            for _ in 0..seconds {
                self.at_s += 1;
                let now = Now::from_millis(self.at_s * 1_000);
                let busy_ms = truth.stations.map(|station| (1_000.0 * n * station.demand).min(1_000.0));
                let done = [0.21, 0.21, 0.08].map(|pieces: f64| (pieces * n).round() as u32);
                // One turn in twenty waits what the formula says, the others less.
                for turn in 0..20 {
                    let p95_ms = truth.p95_ms(n).min(4_000.0);
                    self.load.turn(now, if turn < 2 { p95_ms } else { 0.6 * p95_ms });
                }
                let own = (n * truth.per_call).min(2.0);
                self.load.second(now, Second { calls, busy_ms, done, own, others: 0.0 });
            }
        }
    }

    /// Calls come one by one, each when the one before has shown what it costs.
    fn calls_let_in(optimism: f64) -> u32 {
        let mut boxed = Simulated::new(optimism);
        let mut calls = 0;
        while calls < 500 && boxed.load.admit(calls).admit {
            calls += 1;
            boxed.pass(calls, 3);
        }
        calls
    }

    #[test]
    fn calls_are_let_in_as_far_as_they_are_answered_in_time() {
        let knee = Capacity::presumed(2, [60.0, 8.0, 25.0]).knee(GOAL_MS);
        for optimism in [1.0, 0.7, 1.5] {
            let calls = f64::from(calls_let_in(optimism));
            let share = calls / f64::from(knee);
            assert!((0.8..=1.1).contains(&share), "{calls} of {knee}, believed {optimism} times as fast");
        }
    }

    #[test]
    fn the_first_call_always_comes_in_and_later_ones_do_not_where_the_box_is_slow() {
        let slow = Capacity::presumed(2, [2_000.0, 500.0, 500.0]);
        let mut load = Load::new(slow, GOAL_MS);
        assert!(load.admit(0).admit);
        assert!(!load.admit(1).admit);
    }

    #[test]
    fn a_box_that_is_slow_with_a_lone_caller_does_all_it_can_for_few_and_sheds_for_many() {
        let mut boxed = Simulated::new(1.0);
        boxed.truth = Capacity::presumed(2, [300.0, 600.0, 50.0]);
        boxed.load = Load::new(boxed.truth, GOAL_MS);
        assert!(boxed.truth.p95_ms(1.0) > GOAL_MS);
        boxed.pass(1, 60);
        assert_eq!(boxed.load.relief(), Relief::None);
        assert!(Load::new(boxed.truth, GOAL_MS).admit(1).admit);
        assert!(!Load::new(boxed.truth, 1.0).admit(1).admit, "nobody is to be let in to wait for ages");
        boxed.pass(8, 60);
        assert_eq!(boxed.load.relief(), Relief::Partials);
        assert!(!boxed.load.admit(8).admit);
        boxed.pass(0, 60);
        boxed.pass(1, 60);
        assert_eq!(boxed.load.relief(), Relief::None);
    }

    #[test]
    fn speculation_goes_first_then_partials_and_they_come_back_in_that_order() {
        let mut boxed = Simulated::new(1.0);
        let knee = boxed.truth.knee(GOAL_MS);
        boxed.pass(knee / 2, 20);
        assert_eq!(boxed.load.relief(), Relief::None);
        let mut seen = vec![Relief::None];
        let mut note = |boxed: &Simulated| {
            if seen.last() != Some(&boxed.load.relief()) {
                seen.push(boxed.load.relief());
            }
        };
        for _ in 0..20 {
            boxed.pass(knee * 3 / 2, 1);
            note(&boxed);
        }
        for _ in 0..80 {
            boxed.pass(knee / 4, 1);
            note(&boxed);
        }
        let order = [Relief::None, Relief::Speculation, Relief::Partials, Relief::Speculation, Relief::None];
        assert_eq!(seen, order);
    }

    #[test]
    fn one_bad_second_sheds_nothing_and_one_good_one_brings_nothing_back() {
        let mut boxed = Simulated::new(1.0);
        let knee = boxed.truth.knee(GOAL_MS);
        boxed.pass(knee / 2, 30);
        boxed.pass(knee * 2, 1);
        assert_eq!(boxed.load.relief(), Relief::None);
        boxed.pass(knee * 2, 30);
        assert_eq!(boxed.load.relief(), Relief::Partials);
        boxed.pass(1, 1);
        assert_eq!(boxed.load.relief(), Relief::Partials);
    }

    #[test]
    fn what_the_prediction_gets_wrong_is_added_to_it() {
        let mut boxed = Simulated::new(1.0);
        boxed.pass(5, 20);
        assert!(boxed.load.admit(5).admit);
        for _ in 0..40 {
            boxed.load.turn(Now::from_millis(boxed.at_s * 1_000), 2_000.0);
        }
        let verdict = boxed.load.admit(5);
        assert!(!verdict.admit && verdict.p95_ms >= 2_000.0, "{verdict:?}");
    }
}
