use serde::{Deserialize, Serialize};

use super::report::{Played, Report};

/// A scenario that came out otherwise than the last time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Which.
    pub scenario: String,
    /// How it was: one word, or nothing when it was not there.
    pub before: String,
    /// How it is.
    pub now: String,
    /// The first fault of now, else of before.
    pub why: String,
}

/// What differs between an earlier rehearsal and this one, in the order of names.
pub fn changes(earlier: &Report, now: &Report) -> Vec<Change> {
    let mut names: Vec<&str> =
        earlier.played.iter().chain(&now.played).map(|played| played.scenario.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let find = |report: &'_ Report, name: &str| -> Option<Played> {
        report.played.iter().find(|played| played.scenario == name).cloned()
    };
    names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (find(earlier, name), find(now, name));
            let word = |played: &Option<Played>| played.as_ref().map_or("", Played::word).to_owned();
            if word(&before) == word(&after) {
                return None;
            }
            let first = |played: &Option<Played>| {
                played.as_ref().and_then(|played| played.verdict.faults.first().map(|fault| fault.what.clone()))
            };
            Some(Change {
                scenario: name.to_owned(),
                before: word(&before),
                now: word(&after),
                why: first(&after).or(first(&before)).unwrap_or_default(),
            })
        })
        .collect()
}
