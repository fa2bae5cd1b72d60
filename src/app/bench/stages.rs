use std::path::Path;

use serde::Serialize;
use store::{Stages, Store, StoreError};

/// Stages of a turn in the order in which an answer passes them, as people read them.
pub const STAGES: [&str; 7] =
    ["recognised", "turn over", "decided", "tools done", "handed to the voice", "voice made", "sent"];

/// Calls looked at.
const MOST_CALLS: u32 = 1_000;

/// Where the time of one turn went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StagedTurn {
    /// Id of the call in the box's record.
    pub call: String,
    /// Which turn of it.
    pub turn: u32,
    /// Time each of [`STAGES`] kept the answer waiting, in milliseconds. What was ready before
    /// the stage in front of it cost nothing: thinking ahead shows as zero.
    pub waited_ms: [i64; 7],
}

impl StagedTurn {
    /// From the end of speech to the first sample sent.
    pub fn total_ms(&self) -> i64 {
        self.waited_ms.iter().sum()
    }
}

/// The turns of all calls that began at this time or later, from the box's record.
///
/// # Errors
/// When it can't be read.
pub fn staged_turns(records: &Path, since_unix_ms: i64) -> Result<Vec<StagedTurn>, StoreError> {
    let store = Store::open_existing(records)?;
    let mut calls = store.calls(MOST_CALLS)?;
    calls.retain(|call| call.started_unix_ms >= since_unix_ms);
    calls.sort_by_key(|call| call.started_unix_ms);
    let mut turns = Vec::new();
    for call in calls {
        for turn in store.turns(&call.id)? {
            if let Some(waited_ms) = waited(&turn.stages) {
                turns.push(StagedTurn { call: call.id.clone(), turn: turn.turn, waited_ms });
            }
        }
    }
    Ok(turns)
}

/// How regularly the box sent: the worst of the calls that began at this time or later.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Sending {
    /// Calls that it is the worst of.
    pub calls: usize,
    /// Milliseconds between packets that 99 of 100 did not exceed, in any call.
    pub gap_p99_ms: f64,
    /// The longest; 100 stands for longer too.
    pub gap_most_ms: f64,
}

/// How regularly the box sent, from its record; `None` if no call sent anything.
///
/// # Errors
/// When it can't be read.
pub fn sending(records: &Path, since_unix_ms: i64) -> Result<Option<Sending>, StoreError> {
    let mut calls = Store::open_existing(records)?.calls(MOST_CALLS)?;
    calls.retain(|call| call.started_unix_ms >= since_unix_ms);
    let gaps = calls.iter().filter_map(|call| call.send_gap_p99_ms.zip(call.send_gap_most_ms));
    Ok(gaps.fold(None, |worst: Option<Sending>, (p99, most)| {
        let Sending { calls, gap_p99_ms, gap_most_ms } =
            worst.unwrap_or(Sending { calls: 0, gap_p99_ms: 0.0, gap_most_ms: 0.0 });
        Some(Sending { calls: calls + 1, gap_p99_ms: gap_p99_ms.max(p99), gap_most_ms: gap_most_ms.max(most) })
    }))
}

/// How long each stage kept the answer waiting; `None` for a turn without speech or answer.
fn waited(stages: &Stages) -> Option<[i64; 7]> {
    let reached = [
        stages.transcript_ms,
        stages.turn_end_ms,
        stages.decision_ms,
        stages.tools_ms,
        stages.say_ms,
        stages.voice_ms,
        Some(stages.audio_ms?),
    ];
    let mut at = stages.speech_end_ms?;
    Some(reached.map(|reached| {
        let next = reached.unwrap_or(at).max(at);
        next - std::mem::replace(&mut at, next)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_ready_early_costs_nothing() {
        let stages = Stages {
            speech_end_ms: Some(1_000),
            transcript_ms: Some(1_180),
            turn_end_ms: Some(1_300),
            decision_ms: Some(1_200),
            say_ms: Some(1_301),
            voice_ms: Some(1_290),
            audio_ms: Some(1_320),
            ..Stages::default()
        };
        assert_eq!(waited(&stages), Some([180, 120, 0, 0, 1, 0, 19]));
        assert_eq!(waited(&Stages { audio_ms: None, ..stages }), None);
    }
}
