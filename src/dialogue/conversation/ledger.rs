//! What the agent says, and how much of it the caller has heard.
//!
//! A word counts as heard when the playout cursor has passed its end by the time it takes to
//! reach the ear. Where the voice has not said yet when its words end, a slow pace is assumed,
//! so that nothing counts as heard that was not.

use std::collections::VecDeque;
use std::time::Duration;

use machine::Now;

use crate::brain::Line;
use crate::io::SpeechId;

/// Assumed length of a word whose end is not known.
const WORD_MS: u32 = 400;

/// Why something is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first words.
    Greeting,
    /// What the brain wants said.
    Answer,
    /// To fill a wait.
    Delay,
    /// Words of the conversation itself.
    Notice,
}

impl Kind {
    /// True for what the brain must be told of when it is cut.
    pub(super) fn is_the_brains(self) -> bool {
        matches!(self, Kind::Greeting | Kind::Answer)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Speech {
    pub(super) id: SpeechId,
    pub(super) line: Line,
    pub(super) kind: Kind,
    /// How often it has failed.
    pub(super) failures: u8,
    clauses: Vec<Clause>,
}

#[derive(Debug, Clone)]
struct Clause {
    text: String,
    word_ends_ms: Vec<u32>,
    total_ms: Option<u32>,
    played_ms: u32,
}

/// What was left when the agent was stopped.
#[derive(Debug, Default)]
pub(super) struct Cut {
    /// Of the answer at hand, what was heard.
    pub(super) heard: String,
    /// True when something of the brain's was not heard to its end.
    pub(super) answer_cut: bool,
    /// Lines that must be heard and were not.
    pub(super) owed: Vec<Line>,
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Being said first, then those behind it.
    speeches: VecDeque<Speech>,
    speech_count: SpeechId,
    /// What the brain said and was heard since the turn began.
    heard: Vec<String>,
    /// For the record: the same with the phrases that filled a wait.
    said: Vec<String>,
    /// Last sign of life of the voice.
    progress_at: Now,
    last_audio: Option<Now>,
}

impl Ledger {
    pub(super) fn begin_turn(&mut self) {
        self.heard.clear();
    }

    pub(super) fn push(&mut self, now: Now, line: Line, kind: Kind, failures: u8, clauses: &[String]) -> SpeechId {
        self.speech_count += 1;
        if self.speeches.is_empty() {
            self.progress_at = now;
        }
        let clauses = clauses
            .iter()
            .map(|text| Clause { text: text.clone(), word_ends_ms: Vec::new(), total_ms: None, played_ms: 0 })
            .collect();
        self.speeches.push_back(Speech { id: self.speech_count, line, kind, failures, clauses });
        self.speech_count
    }

    /// True while anything is to be said.
    pub(super) fn speaking(&self) -> bool {
        !self.speeches.is_empty()
    }

    /// What is being said now.
    pub(super) fn current(&self) -> Option<&Speech> {
        self.speeches.front()
    }

    /// True when all that is to be said only fills a wait.
    pub(super) fn only_filling(&self) -> bool {
        self.speeches.iter().all(|speech| speech.kind == Kind::Delay)
    }

    /// True when what is being said may be cut.
    pub(super) fn interruptible(&self) -> bool {
        self.current().is_none_or(|speech| speech.line.interruptible)
    }

    /// When the voice last made progress.
    pub(super) fn progress_at(&self) -> Now {
        self.progress_at
    }

    /// The voice was held till now; that is no stall.
    pub(super) fn held_until(&mut self, now: Now) {
        self.progress_at = now;
    }

    /// When a sample last left the box.
    pub(super) fn last_audio(&self) -> Option<Now> {
        self.last_audio
    }

    /// True when the agent was on the line within this time.
    pub(super) fn audible(&self, now: Now, within: Duration) -> bool {
        self.last_audio.is_some_and(|at| now.since(at) <= within)
    }

    pub(super) fn synthesised(&mut self, now: Now, id: SpeechId, clause: u16, word_ends_ms: Vec<u32>, total_ms: u32) {
        let Some(clause) = self.clause(id, clause) else {
            return;
        };
        let words = clause.text.split_whitespace().count();
        clause.word_ends_ms = word_ends_ms;
        clause.word_ends_ms.truncate(words);
        clause.total_ms = Some(total_ms);
        self.progress_at = now;
    }

    /// Moves the playout cursor. True when these are the first samples of a speech.
    pub(super) fn played(&mut self, now: Now, id: SpeechId, clause: u16, ms: u32) -> bool {
        let first = self.speeches.iter().find(|s| s.id == id).is_some_and(|s| !s.begun());
        let Some(clause) = self.clause(id, clause) else {
            return false;
        };
        let advanced = ms > clause.played_ms;
        clause.played_ms = clause.played_ms.max(ms).min(clause.total_ms.unwrap_or(u32::MAX));
        if advanced {
            self.progress_at = now;
            self.last_audio = Some(now);
        }
        first && advanced
    }

    /// All of it was played. False when it is not known, or was cut before.
    pub(super) fn done(&mut self, now: Now, id: SpeechId) -> bool {
        let Some(at) = self.speeches.iter().position(|speech| speech.id == id) else {
            return false;
        };
        // Those before it were played as well, even if nobody said so.
        for speech in self.speeches.drain(..=at).collect::<Vec<_>>() {
            let text = speech.line.text.clone();
            self.file(speech.kind, text);
        }
        self.progress_at = now;
        self.last_audio = Some(now);
        true
    }

    /// It could not be said.
    pub(super) fn fail(&mut self, now: Now, id: SpeechId) -> Option<Speech> {
        let at = self.speeches.iter().position(|speech| speech.id == id)?;
        self.progress_at = now;
        self.speeches.remove(at)
    }

    /// Stops everything: what was heard is filed, the rest forgotten.
    pub(super) fn cut(&mut self, wire_lag_ms: u32) -> Cut {
        let mut cut = Cut::default();
        for speech in std::mem::take(&mut self.speeches) {
            let heard = speech.heard_text(wire_lag_ms);
            cut.answer_cut |= speech.kind.is_the_brains();
            self.file(speech.kind, heard);
            if !speech.line.interruptible {
                cut.owed.push(speech.line);
            }
        }
        cut.heard = self.heard.join(" ");
        cut
    }

    /// For the record: all that was heard of the agent in this turn.
    pub(super) fn take_said(&mut self) -> String {
        std::mem::take(&mut self.said).join(" ")
    }

    /// True once a word of this turn's answer was heard.
    pub(super) fn any_heard(&self, wire_lag_ms: u32) -> bool {
        let now_said = |s: &Speech| s.kind.is_the_brains() && !s.heard_text(wire_lag_ms).is_empty();
        !self.heard.is_empty() || self.speeches.iter().any(now_said)
    }

    /// Estimated time until all is said.
    pub(super) fn remaining_ms(&self) -> u32 {
        let clauses = self.speeches.iter().flat_map(|speech| &speech.clauses);
        clauses.map(|clause| clause.length_ms().saturating_sub(clause.played_ms)).fold(0, u32::saturating_add)
    }

    /// Words of what is being said, shaped.
    pub(super) fn current_words(&self) -> String {
        let clauses = self.speeches.iter().take(2).flat_map(|speech| &speech.clauses);
        clauses.map(|clause| clause.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    fn file(&mut self, kind: Kind, text: String) {
        if text.is_empty() {
            return;
        }
        if kind.is_the_brains() {
            self.heard.push(text.clone());
        }
        self.said.push(text);
    }

    fn clause(&mut self, id: SpeechId, clause: u16) -> Option<&mut Clause> {
        let speech = self.speeches.iter_mut().find(|speech| speech.id == id)?;
        speech.clauses.get_mut(usize::from(clause))
    }
}

impl Speech {
    fn begun(&self) -> bool {
        self.clauses.iter().any(|clause| clause.played_ms > 0)
    }

    /// The words of it that were heard; as written when all were.
    fn heard_text(&self, wire_lag_ms: u32) -> String {
        let last_begun = self.clauses.iter().rposition(|clause| clause.played_ms > 0);
        let Some(last_begun) = last_begun else {
            return String::new();
        };
        let mut words = Vec::new();
        let mut all = last_begun + 1 == self.clauses.len();
        for (index, clause) in self.clauses.iter().enumerate().take(last_begun + 1) {
            let count = if index < last_begun { usize::MAX } else { clause.words_heard(wire_lag_ms) };
            all &= count >= clause.text.split_whitespace().count();
            words.extend(clause.text.split_whitespace().take(count));
        }
        if all { self.line.text.clone() } else { words.join(" ") }
    }
}

impl Clause {
    fn length_ms(&self) -> u32 {
        let words = u32::try_from(self.text.split_whitespace().count()).unwrap_or(u32::MAX);
        self.total_ms.unwrap_or(words.saturating_mul(WORD_MS))
    }

    fn words_heard(&self, wire_lag_ms: u32) -> usize {
        let at_ear_ms = self.played_ms.saturating_sub(wire_lag_ms);
        if self.word_ends_ms.is_empty() {
            return usize::try_from(at_ear_ms / WORD_MS).unwrap_or(usize::MAX);
        }
        self.word_ends_ms.iter().take_while(|end| **end <= at_ear_ms).count()
    }
}
