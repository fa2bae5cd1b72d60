use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::judge::{FaultKind, Verdict};
use super::scenario::Scenario;
use super::trace::{LedgerTurn, Trace};
use crate::bench::Quantiles;

/// One scenario, played and judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Played {
    /// Which scenario.
    pub scenario: String,
    /// What happens in it.
    pub title: String,
    /// Who answered; empty for the configured business.
    pub business: String,
    /// Whose voice called.
    pub voice: String,
    /// How long it took, box and all, in milliseconds.
    pub took_ms: u64,
    /// What the judge must find, where the scenario tests the judge.
    pub must_fail: Vec<FaultKind>,
    /// What the judge found.
    pub verdict: Verdict,
    /// The conversation, by the box's ledger.
    pub turns: Vec<LedgerTurn>,
}

impl Played {
    /// What came of a scenario.
    pub fn new(scenario: &Scenario, trace: Trace, verdict: Verdict, took_ms: u64) -> Self {
        Played {
            scenario: scenario.name.clone(),
            title: scenario.title.clone(),
            business: scenario.business.clone().unwrap_or_default(),
            voice: scenario.caller.voice.clone(),
            took_ms,
            must_fail: scenario.must_fail.clone(),
            verdict,
            turns: trace.turns,
        }
    }

    /// It tests the judge and not the box.
    pub fn tests_the_judge(&self) -> bool {
        !self.must_fail.is_empty()
    }

    /// As it should be: a success, or the faults that the judge must find.
    pub fn passed(&self) -> bool {
        if self.tests_the_judge() {
            let found = |kind: &FaultKind| self.verdict.faults.iter().any(|fault| fault.kind == *kind);
            return self.must_fail.iter().all(found);
        }
        self.verdict.success
    }

    /// One word for it.
    pub fn word(&self) -> &'static str {
        match (self.tests_the_judge(), self.passed(), self.verdict.wrong_effects > 0) {
            (true, true, _) => "caught",
            (true, false, _) => "NOT CAUGHT",
            (false, true, _) => "right",
            (false, false, true) => "WRONG",
            (false, false, false) => "missed",
        }
    }
}

/// A whole rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Of this program.
    pub version: String,
    /// Who was called.
    pub target: String,
    /// Local time it began.
    pub began: String,
    /// How long it took, in seconds.
    pub took_s: f64,
    /// Calls at once.
    pub at_once: usize,
    /// In numbers.
    pub totals: Totals,
    /// Every scenario.
    pub played: Vec<Played>,
    /// Scenarios that could not be played, and why.
    pub unplayed: BTreeMap<String, String>,
}

/// A rehearsal in numbers. Scenarios that test the judge are counted apart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Calls that were judged.
    pub calls: usize,
    /// Calls with the right outcome and nothing else.
    pub right: usize,
    /// Share of right ones, 0 to 1.
    pub success: f64,
    /// Calls with an effect that nobody wanted.
    pub wrong_effects: usize,
    /// Calls in which the agent said what it is, first of all.
    pub disclosed: usize,
    /// Calls with more than three seconds of silence.
    pub dead_air: usize,
    /// Turns that were never answered.
    pub unanswered: usize,
    /// Turns the agent spoke into.
    pub spoken_into: usize,
    /// Turns of the callers.
    pub turns: u32,
    /// Voice to voice, in milliseconds.
    pub voice_to_voice: Quantiles,
    /// From cutting in to silence.
    pub barge_in: Quantiles,
    /// Calls with each kind of fault.
    pub faults: BTreeMap<FaultKind, usize>,
    /// Scenarios that test the judge.
    pub judge_tests: usize,
    /// Of these, those whose faults it found.
    pub judge_caught: usize,
}

impl Totals {
    /// Counts.
    pub fn of(played: &[Played]) -> Self {
        let (tests, calls): (Vec<&Played>, Vec<&Played>) = played.iter().partition(|one| one.tests_the_judge());
        let count = |test: fn(&Played) -> bool| calls.iter().filter(|one| test(one)).count();
        let mut faults: BTreeMap<FaultKind, usize> = BTreeMap::new();
        for one in &calls {
            let mut kinds: Vec<FaultKind> = one.verdict.faults.iter().map(|fault| fault.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            for kind in kinds {
                *faults.entry(kind).or_default() += 1;
            }
        }
        let all = |of: fn(&Verdict) -> &Vec<f64>| -> Vec<f64> {
            calls.iter().flat_map(|one| of(&one.verdict).iter().copied()).collect()
        };
        let right = count(|one| one.verdict.success);
        Totals {
            calls: calls.len(),
            right,
            success: if calls.is_empty() { 1.0 } else { right as f64 / calls.len() as f64 },
            wrong_effects: count(|one| one.verdict.wrong_effects > 0),
            disclosed: count(|one| one.verdict.disclosed),
            dead_air: count(|one| !one.verdict.dead_air_ms.is_empty()),
            unanswered: calls.iter().map(|one| one.verdict.unanswered).sum(),
            spoken_into: calls.iter().map(|one| one.verdict.spoken_into).sum(),
            turns: calls.iter().map(|one| one.verdict.turns).sum(),
            voice_to_voice: Quantiles::of(&all(|verdict| &verdict.latencies_ms)),
            barge_in: Quantiles::of(&all(|verdict| &verdict.barge_ins_ms)),
            faults,
            judge_tests: tests.len(),
            judge_caught: tests.iter().filter(|one| one.passed()).count(),
        }
    }
}
