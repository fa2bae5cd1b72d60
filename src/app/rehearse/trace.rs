use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::caller::{Answer, Event, What};

/// Longer silence on the line, while it is the agent's turn, is dead air.
pub const DEAD_AIR_MS: f64 = 3_000.0;

/// All that is known of a rehearsed call when it is over. A judge needs nothing else.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Trace {
    /// Civil time of the business when the call began.
    pub began: DateTime,
    /// The calendar before.
    pub before: Vec<Appointment>,
    /// The calendar after.
    pub after: Vec<Appointment>,
    /// Messages that were kept.
    pub messages: Vec<Note>,
    /// The box's ledger: what was heard, what was said and really sent.
    pub turns: Vec<LedgerTurn>,
    /// What the caller measured at the wire.
    pub events: Vec<Event>,
    /// The call was answered.
    pub answered: bool,
    /// It was not cut short.
    pub complete: bool,
    /// Why the caller gave up, if it did.
    pub gave_up: Option<String>,
    /// How it ended.
    pub ending: String,
}

/// A booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Appointment {
    pub id: i64,
    pub service: String,
    pub name: String,
    pub phone: Option<String>,
    pub start: DateTime,
    pub cancelled: bool,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Note {
    pub urgent: bool,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub text: String,
}

/// A turn of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct LedgerTurn {
    pub caller: String,
    pub agent: String,
    pub interrupted: bool,
}

impl Trace {
    /// From the caller's last audible sample to the agent's first.
    pub fn latencies_ms(&self) -> Vec<f64> {
        let answer = |event: &Event| match event.what {
            What::Turn { end_to_audio_ms, .. } => end_to_audio_ms.map(|ms| ms.0),
            _ => None,
        };
        self.events.iter().filter_map(answer).collect()
    }

    /// Turns of the caller.
    pub fn caller_turns(&self) -> u32 {
        let turns = self
            .events
            .iter()
            .filter(|event| matches!(event.what, What::CallerSpeechEnd { .. } | What::CallerSilent { .. }));
        u32::try_from(turns.count()).unwrap_or(u32::MAX)
    }

    /// Turns that got this answer.
    pub fn answered_by(&self, wanted: Answer) -> usize {
        self.events.iter().filter(|event| matches!(event.what, What::Turn { answer, .. } if answer == wanted)).count()
    }

    /// Times the caller cut in, and how long the agent took to stop. Its first words, which say
    /// what it is, can't be talked away: a caller's first turn does not count.
    pub fn barge_ins_ms(&self) -> Vec<f64> {
        let cut = |event: &Event| match event.what {
            What::BargeIn { turn, to_silence_ms } if turn > 1 => to_silence_ms.map(|ms| ms.0),
            _ => None,
        };
        self.events.iter().filter_map(cut).collect()
    }

    /// Silences of both sides, while it was not the caller's own choice, in milliseconds: from the
    /// answer to the first word, from the caller's end to the agent's beginning, and between two
    /// words of an agent who was waited for.
    pub fn dead_air_ms(&self) -> Vec<f64> {
        let mut moments: Vec<&Event> = self.events.iter().collect();
        moments.sort_by(|a, b| a.at_ms.0.total_cmp(&b.at_ms.0));
        let mut since: Option<f64> = None;
        let mut agent_speaks = false;
        let mut found = Vec::new();
        for event in moments {
            let at = event.at_ms.0;
            let over = match event.what {
                What::Answered | What::CallerSpeechEnd { .. } if !agent_speaks => {
                    since = Some(at);
                    continue;
                }
                What::AgentSpeechEnd => {
                    agent_speaks = false;
                    since = Some(at);
                    continue;
                }
                What::AgentSpeechStart => {
                    agent_speaks = true;
                    true
                }
                What::HungUp { .. } | What::CallerSpeechStart { .. } => true,
                What::CallerSilent { .. } => {
                    since = None;
                    false
                }
                _ => false,
            };
            if over && let Some(from) = since.take() {
                found.extend((at - from > DEAD_AIR_MS).then_some(at - from));
            }
        }
        found
    }
}
