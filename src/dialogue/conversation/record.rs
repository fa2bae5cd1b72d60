//! The turn at hand, as it will be written down.

use serde_json::json;

use crate::brain::{Heard, ToolCall, ToolResult};
use crate::io::{SpeechId, Timings, TurnRecord};

/// Most tools of a turn that are written down.
const MOST_TOOLS: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Record {
    turns: u32,
    open: Option<TurnRecord>,
    /// Tools run under this turn's number, over all attempts at it: keys never come twice.
    tools: u32,
    /// The turn is being heard again: it keeps its number.
    reopened: bool,
    first_speech: Option<SpeechId>,
}

impl Record {
    /// Opens the next turn. What was open must have been taken.
    pub(super) fn begin(&mut self, heard: &Heard, timings: Timings) {
        if self.reopened {
            self.reopened = false;
        } else {
            self.tools = 0;
            self.turns += 1;
        }
        self.first_speech = None;
        self.open = Some(TurnRecord {
            turn: self.turns - 1,
            caller: heard.text.clone(),
            confidence: heard.confidence,
            keyed: heard.keyed.clone(),
            timings,
            ..TurnRecord::default()
        });
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// True until the first turn after the greeting.
    pub(super) fn is_greeting(&self) -> bool {
        self.open.as_ref().is_some_and(|record| record.turn == 0)
    }

    /// The turn at hand, complete.
    pub(super) fn take(&mut self, said: String) -> Option<TurnRecord> {
        let mut record = self.open.take()?;
        record.agent = said;
        Some(record)
    }

    /// The caller goes on as if nothing had been answered.
    pub(super) fn reopen(&mut self) {
        self.reopened = self.open.take().is_some();
    }

    pub(super) fn timings(&mut self) -> Option<&mut Timings> {
        self.open.as_mut().map(|record| &mut record.timings)
    }

    pub(super) fn decision(&mut self, decision: &str) {
        if let Some(record) = &mut self.open {
            record.decision = decision.to_owned();
        }
    }

    pub(super) fn interrupted(&mut self) {
        if let Some(record) = &mut self.open {
            record.interrupted = true;
        }
    }

    /// The idempotency key of the next tool: turn and index.
    pub(super) fn next_key(&mut self) -> String {
        let key = format!("{}-{}", self.turns.saturating_sub(1), self.tools);
        self.tools += 1;
        key
    }

    pub(super) fn tool(&mut self, key: &str, call: &ToolCall, result: &ToolResult) {
        if let Some(record) = self.open.as_mut().filter(|record| record.tools.len() < MOST_TOOLS) {
            record.tools.push(json!({ "key": key, "call": call, "result": result }));
        }
    }

    /// A line of the answer was handed to the voice.
    pub(super) fn handed(&mut self, at_ms: u64, speech: SpeechId) {
        let Some(record) = &mut self.open else { return };
        if self.first_speech.is_none() {
            self.first_speech = Some(speech);
            record.timings.say_ms = Some(at_ms);
        }
    }

    /// The voice has made a clause.
    pub(super) fn voiced(&mut self, at_ms: u64, speech: SpeechId) {
        if self.first_speech == Some(speech)
            && let Some(timings) = self.timings()
        {
            timings.voice_ms.get_or_insert(at_ms);
        }
    }

    /// The first samples of a line left the box.
    pub(super) fn sounded(&mut self, at_ms: u64, speech: SpeechId) {
        if self.first_speech == Some(speech)
            && let Some(timings) = self.timings()
        {
            timings.audio_ms.get_or_insert(at_ms);
        }
    }
}
