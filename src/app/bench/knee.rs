use serde::Serialize;

use super::level::Measured;

/// How long callers may wait, and what must not happen, before a level counts as too many calls.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Goal {
    /// Voice to voice, the 95th of a hundred turns.
    pub p95_ms: f64,
}

/// Where latency leaves its plain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Knee {
    /// Calls at once that were still served well: between two levels, where the line between their
    /// latencies crosses the goal.
    pub calls: f64,
    /// False: no level was too much, there may be more.
    pub is_reached: bool,
}

impl Goal {
    /// True when every caller of a level was served, and in time.
    pub fn is_met(&self, level: &Measured) -> bool {
        let figures = &level.figures;
        let all = figures.complete == figures.calls && figures.packets_lost == 0;
        let unanswered = figures.unanswered as f64 / figures.turns.max(1) as f64;
        all && unanswered < 0.01 && self.wait_ms(level) <= self.p95_ms
    }

    /// The latency that counts: with every call up, where there were turns enough.
    pub fn wait_ms(&self, level: &Measured) -> f64 {
        let full = &level.full_voice_to_voice;
        if full.count >= 20 { full.p95_ms } else { level.voice_to_voice.p95_ms }
    }

    /// The level to measure next, given those that were: twice as many until one is too much, then
    /// half-way between, until the answer is known to a tenth.
    pub fn next(&self, levels: &[Measured], first: u16, most: u16) -> Option<u16> {
        let (good, bad) = self.bounds(levels);
        let (good, bad) = (good.map_or(0, |level| level.calls), bad.map(|level| level.calls));
        match bad {
            None if levels.is_empty() => Some(first.min(most)),
            None if good >= usize::from(most) => None,
            None => Some(u16::try_from(2 * good).unwrap_or(most).clamp(1, most)),
            Some(bad) if bad - good <= (bad / 10).max(1) => None,
            Some(bad) => u16::try_from(good.midpoint(bad)).ok(),
        }
    }

    /// Where latency crosses the goal.
    pub fn knee(&self, levels: &[Measured]) -> Knee {
        let (good, bad) = self.bounds(levels);
        let at = |level: Option<&Measured>| level.map_or((0.0, 0.0), |it| (it.calls as f64, self.wait_ms(it)));
        let ((good, good_ms), Some(bad)) = (at(good), bad) else {
            return Knee { calls: at(good).0, is_reached: false };
        };
        let (bad, bad_ms) = at(Some(bad));
        // A level that lost something was too much whatever its latency.
        let share = if bad_ms > self.p95_ms { (self.p95_ms - good_ms) / (bad_ms - good_ms) } else { 0.5 };
        Knee { calls: (10.0 * (good + (bad - good) * share.clamp(0.0, 1.0))).round() / 10.0, is_reached: true }
    }

    /// The largest level below every one that was too much, and the smallest that was.
    fn bounds<'a>(&self, levels: &'a [Measured]) -> (Option<&'a Measured>, Option<&'a Measured>) {
        let bad = levels.iter().filter(|level| !self.is_met(level)).min_by_key(|level| level.calls);
        let below = |level: &&Measured| bad.is_none_or(|bad| level.calls < bad.calls);
        (levels.iter().filter(below).max_by_key(|level| level.calls), bad)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::figures::Figures;
    use super::*;

    const GOAL: Goal = Goal { p95_ms: 900.0 };

    fn level(calls: usize, p95_ms: f64) -> Measured {
        let waits = vec![p95_ms; 40];
        let full_voice_to_voice_ms = waits.clone();
        let figures = Figures {
            calls,
            complete: calls,
            turns: 40,
            voice_to_voice_ms: waits,
            full_voice_to_voice_ms,
            ..Figures::default()
        };
        Measured::of(figures, Duration::from_secs(30))
    }

    /// A box whose latency crosses the goal at 47 calls.
    fn measured_until_known() -> Vec<Measured> {
        let mut levels: Vec<Measured> = Vec::new();
        while let Some(calls) = GOAL.next(&levels, 5, 200) {
            let wait_ms = if calls < 40 { 250.0 } else { 250.0 + 650.0 * f64::from(calls - 40) / 7.0 };
            levels.push(level(usize::from(calls), wait_ms));
        }
        levels
    }

    #[test]
    fn the_knee_is_found_between_levels_in_few_of_them() {
        let levels = measured_until_known();
        let knee = GOAL.knee(&levels);
        assert!(knee.is_reached && (45.0..=49.0).contains(&knee.calls), "{knee:?}");
        assert!(levels.len() <= 9, "{}", levels.len());
    }

    #[test]
    fn a_box_that_is_never_full_has_no_knee_and_one_that_always_is_has_it_below_the_first_level() {
        let calm = [level(5, 250.0), level(10, 260.0)];
        assert_eq!(GOAL.next(&calm, 5, 10), None);
        assert_eq!(GOAL.knee(&calm), Knee { calls: 10.0, is_reached: false });
        assert!(GOAL.knee(&[level(1, 5_000.0)]).calls < 1.0);
    }

    #[test]
    fn a_lost_packet_is_too_much() {
        let mut lossy = level(10, 250.0);
        lossy.figures.packets_lost = 1;
        assert!(!GOAL.is_met(&lossy));
        assert_eq!(GOAL.knee(&[level(5, 250.0), lossy]).calls, 7.5);
    }
}
