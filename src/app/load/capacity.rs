use serde::{Deserialize, Serialize};

/// Engines in the order an answer passes them.
pub const STAGES: [&str; 3] = ["stt", "llm", "tts"];

/// A server is never taken to be busier than this: the formulas end at 1.
const FULL: f64 = 0.995;
/// 1 in so many answers is later than the one that is told: the 95th of a hundred.
const ONE_IN: f64 = 20.0;
/// Of the time a piece of work takes, variance over the square of the mean: utterances are not alike.
const VARIANCE: f64 = 0.3;
/// By this part of the mean the work of one in twenty is longer.
const LONG_WORK: f64 = 0.5;
/// Calls beyond which no knee is looked for.
const MOST_CALLS: u32 = 2_000;

/// One engine: a server that all calls share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Station {
    /// Time of its server that an answer takes, in milliseconds. Where work of several calls is
    /// done at once, that is the time of the batch divided among them.
    pub service_ms: f64,
    /// Share of its server that one call takes.
    pub demand: f64,
}

/// What a box has, what a call takes, and so how long callers wait.
///
/// Each engine is a queue with one server, whose service is stretched as other processes fill the
/// processors.
/// What callers wait beyond that (the end of their turn, packets) does not depend on load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// Processors.
    pub processors: f64,
    /// Of them busy with other things.
    pub others: f64,
    /// Processors that one call keeps busy, all processes together.
    pub per_call: f64,
    /// Wait that no load changes, in milliseconds.
    pub fixed_ms: f64,
    /// The engines.
    pub stations: [Station; STAGES.len()],
    /// Calls there were when service was measured: it was stretched by them already.
    pub measured_at: f64,
}

/// What a call asks of the engines each second, while nothing is known of this box's calls: a turn
/// in six seconds, one in four thought or heard twice, half the answers spoken before.
const PIECES_A_SECOND: [f64; STAGES.len()] = [0.21, 0.21, 0.08];
/// Processors that a call's packets and voice detection keep busy, likewise.
const MEDIA: f64 = 0.01;
/// End of turn and packets, likewise.
const FIXED_MS: f64 = 250.0;

impl Capacity {
    /// A box that has not had a call yet, whose engines took so long for a piece of one.
    pub fn presumed(processors: usize, service_ms: [f64; STAGES.len()]) -> Self {
        let mut stations = [Station::default(); STAGES.len()];
        for ((station, service_ms), pieces) in stations.iter_mut().zip(service_ms).zip(PIECES_A_SECOND) {
            *station = Station { service_ms, demand: pieces * service_ms / 1_000.0 };
        }
        Capacity {
            processors: processors as f64,
            others: 0.0,
            per_call: MEDIA + stations.iter().map(|station| station.demand).sum::<f64>(),
            fixed_ms: FIXED_MS,
            stations,
            measured_at: 0.0,
        }
    }

    /// The 95th of a hundred waits, voice to voice, with so many calls up, in milliseconds.
    pub fn p95_ms(&self, calls: f64) -> f64 {
        let tails = self.stations.iter().map(|station| self.there(station, calls).tail_ms);
        // Bad luck in one queue makes a late answer, hardly ever in two.
        self.fixed_ms + self.mean_ms(calls) + tails.fold(0.0, f64::max)
    }

    /// What callers wait for the engines on average with so many calls up, in milliseconds.
    pub fn mean_ms(&self, calls: f64) -> f64 {
        self.stations.iter().map(|station| self.there(station, calls).mean_ms).sum()
    }

    /// The largest number of calls whose callers are answered within the goal.
    pub fn knee(&self, goal_ms: f64) -> u32 {
        (1..=MOST_CALLS).take_while(|calls| self.p95_ms(f64::from(*calls)) <= goal_ms).last().unwrap_or(0)
    }

    /// What is nearest to its end with so many calls: one of [`STAGES`], or the processors.
    pub fn bottleneck(&self, calls: f64) -> &'static str {
        let busy = |station: &Station| self.busy(station, calls);
        let fullest = STAGES.iter().zip(&self.stations).max_by(|(_, a), (_, b)| busy(a).total_cmp(&busy(b)));
        match fullest {
            Some((name, station)) if busy(station) > self.use_of_processors(calls) => name,
            _ => "processors",
        }
    }

    /// Of the processors that calls can have, the share in use with so many; more than 1 is more than
    /// there is.
    pub fn use_of_processors(&self, calls: f64) -> f64 {
        calls * self.per_call / self.for_calls()
    }

    /// Processors that calls can have. The system divides fairly: other things never take more than
    /// half.
    fn for_calls(&self) -> f64 {
        let processors = self.processors.max(1.0);
        (processors - self.others).max(processors / 2.0)
    }

    /// Time in the queue and with the server: M/G/1, whose waits are exponential for those who wait. Who comes
    /// finds what the other calls left (the arrival theorem): nobody waits for their own.
    fn there(&self, station: &Station, calls: f64) -> There {
        let busy = self.busy(station, (calls - 1.0).max(0.0));
        let service_ms = station.service_ms * self.stretch(station, calls);
        // Pollaczek and Khinchine.
        let those_who_wait_ms = service_ms * (1.0 + VARIANCE) / 2.0 / (1.0 - busy);
        let wait_ms = busy * those_who_wait_ms;
        let late_ms = those_who_wait_ms * (ONE_IN * busy).ln();
        There { mean_ms: service_ms + wait_ms, tail_ms: (late_ms - wait_ms).max(0.0) + LONG_WORK * service_ms }
    }

    fn busy(&self, station: &Station, calls: f64) -> f64 {
        (calls * station.demand * self.stretch(station, calls)).clamp(0.0, FULL)
    }

    /// How much longer work takes than when it was measured, because the processors are shared: it
    /// stands still while all of them are busy with what is not its own engine.
    fn stretch(&self, station: &Station, calls: f64) -> f64 {
        let slow = |calls: f64| {
            let with_others = calls * (self.per_call - station.demand).max(0.0) / self.for_calls();
            1.0 / (1.0 - with_others.clamp(0.0, FULL).powf(self.processors.max(1.0)))
        };
        slow(calls) / slow(self.measured_at)
    }
}

/// Times at one engine.
#[derive(Debug, Clone, Copy)]
struct There {
    mean_ms: f64,
    /// By which one in twenty is longer.
    tail_ms: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small() -> Capacity {
        Capacity {
            processors: 2.0,
            others: 0.1,
            per_call: 0.02,
            fixed_ms: 200.0,
            stations: [(60.0, 0.01), (10.0, 0.002), (20.0, 0.003)]
                .map(|(service_ms, demand)| Station { service_ms, demand }),
            measured_at: 1.0,
        }
    }

    #[test]
    fn latency_is_flat_before_the_knee_and_steep_behind_it() {
        let small = small();
        let knee = small.knee(900.0);
        assert!((50..=99).contains(&knee), "{knee}: the recogniser is full at 100");
        let at = |share: f64| small.p95_ms(f64::from(knee) * share);
        assert!(at(0.3) < 2.0 * at(0.01), "{} {}", at(0.3), at(0.01));
        assert!(at(1.2) > 2.0 * at(0.9), "{} {}", at(1.2), at(0.9));
    }

    #[test]
    fn more_calls_never_wait_less() {
        let small = small();
        let waits: Vec<f64> = (1..200).map(|calls| small.p95_ms(f64::from(calls))).collect();
        assert!(waits.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6), "{waits:?}");
        assert!(waits.iter().all(|wait| wait.is_finite()));
    }

    #[test]
    fn the_bottleneck_is_what_fills_up_first() {
        let busy = Capacity { per_call: 0.04, ..small() };
        assert_eq!(busy.bottleneck(45.0), "processors");
        let large = Capacity { processors: 16.0, ..busy };
        assert_eq!(large.bottleneck(45.0), "stt");
        assert!(large.knee(900.0) > busy.knee(900.0));
        let mut slow = large;
        slow.stations[1].demand = 0.05;
        assert_eq!(slow.bottleneck(18.0), "llm");
        assert!(slow.knee(900.0) <= 20);
    }

    #[test]
    fn a_box_that_is_too_slow_for_one_call_has_no_knee() {
        let slow = Capacity { fixed_ms: 1_000.0, ..small() };
        assert_eq!(slow.knee(900.0), 0);
    }
}
