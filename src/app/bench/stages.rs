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
