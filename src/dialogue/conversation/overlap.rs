//! Both speak: holding the voice, judging, going on or giving way.

use std::time::Duration;

use machine::Now;

use super::Conversation;
use super::floor::{Floor, Meaning, Scene, meaning};
use super::ledger::Kind;
use super::timers::Timer;
use crate::brain::{Brain, Expect, Heard, Outcome};
use crate::io::Output;

/// So far below the caller's own level, speech is more likely an echo.
const FAINT_DB: f32 = 6.0;
/// The same where the caller's level is not known.
const FAINT_UNKNOWN_DB: f32 = -40.0;

impl<B: Brain> Conversation<B> {
    pub(super) fn floor_is_free(&self) -> bool {
        !matches!(self.floor, Floor::Held { .. })
    }

    /// The caller has spoken over what the agent is saying.
    pub(super) fn overlapped(&self) -> bool {
        self.floor == Floor::Overlapped
    }

    /// Speech began: if the agent is speaking, the voice is held, unless the line must be heard.
    pub(super) fn overlap_begins(&mut self, now: Now) {
        if !self.ledger.speaking() {
            self.let_go(now, Floor::Clear);
        } else if !self.ledger.interruptible() {
            self.floor = Floor::Overlapped;
        } else if self.floor_is_free() {
            self.hold(now);
        }
    }

    fn hold(&mut self, now: Now) {
        self.emit(Output::PauseSpeech);
        self.floor = Floor::Held { since: now };
        let verdict = Duration::from_millis(u64::from(self.config.floor.verdict_ms));
        self.timers.set(Timer::Verdict, now + verdict);
    }

    fn let_go(&mut self, now: Now, floor: Floor) {
        if !self.floor_is_free() {
            self.emit(Output::ResumeSpeech);
            self.ledger.held_until(now);
        }
        self.timers.clear(Timer::Verdict);
        self.floor = floor;
    }

    /// The time to tell noise from interruption is up.
    pub(super) fn on_verdict(&mut self, now: Now) {
        let Floor::Held { since } = self.floor else {
            return;
        };
        if !self.hearing.speaking() {
            // If there were words in it, the final transcript will still stop the voice.
            self.let_go(now, Floor::Overlapped);
            return;
        }
        let sure = since + Duration::from_millis(u64::from(self.config.floor.sure_ms));
        let meaning = self.hypothesis.as_ref().map(|hypothesis| self.judge(&hypothesis.text, false));
        match meaning {
            Some(Meaning::Words) => self.interrupt(now),
            Some(Meaning::Echo) => self.let_go(now, Floor::Overlapped),
            // Where an answer is wanted "yes" may become "yes please": to go on and stop again a
            // moment later would be a stutter.
            Some(Meaning::Nod) if now < sure && self.answer_wanted() => self.timers.set(Timer::Verdict, sure),
            Some(Meaning::Nod) => self.let_go(now, Floor::Overlapped),
            None if now < sure && self.engines.hearing => self.timers.set(Timer::Verdict, sure),
            None => self.interrupt(now),
        }
    }

    /// A hypothesis has come while both speak.
    pub(super) fn judge_hypothesis(&mut self, now: Now) {
        let verdict = Duration::from_millis(u64::from(self.config.floor.verdict_ms));
        match self.floor {
            Floor::Clear => {}
            Floor::Held { since } if now >= since + verdict => self.on_verdict(now),
            Floor::Held { .. } => {}
            Floor::Overlapped => {
                let Some(hypothesis) = &self.hypothesis else {
                    return;
                };
                let words = self.judge(&hypothesis.text, false) == Meaning::Words;
                if words && self.ledger.speaking() && self.ledger.interruptible() {
                    self.interrupt(now);
                }
            }
        }
    }

    /// The final text of an utterance is there. True when it belongs to the caller's turn.
    pub(super) fn overlap_final(&mut self, now: Now, heard: &Heard) -> bool {
        if !self.ledger.speaking() {
            self.let_go(now, Floor::Clear);
            return self.still_wanted(now, heard);
        }
        if self.floor == Floor::Clear {
            return true;
        }
        match self.judge(&heard.text, true) {
            Meaning::Words => {
                if self.ledger.interruptible() {
                    self.interrupt(now);
                }
                return true;
            }
            Meaning::Echo => self.hearing.false_alarm(),
            Meaning::Nod => {}
        }
        self.drop_utterance(now);
        false
    }

    /// After the goodbye: "bye" is no turn any more, anything else keeps the call.
    fn still_wanted(&mut self, now: Now, heard: &Heard) -> bool {
        if self.closing.is_some() && self.judge(&heard.text, true) != Meaning::Words {
            self.drop_utterance(now);
            return false;
        }
        self.stay();
        true
    }

    /// The caller has more to say: the call is not closed after all, unless time is up.
    fn stay(&mut self) {
        if matches!(self.closing, Some(Outcome::Completed | Outcome::Silence)) {
            self.closing = None;
        }
    }

    /// What was heard was nothing.
    pub(super) fn overlap_was_nothing(&mut self, now: Now) {
        let waiting = self.ledger.speaking() && self.turn.has_content();
        self.let_go(now, if waiting { Floor::Overlapped } else { Floor::Clear });
    }

    /// A line ended; the caller may have been speaking over it.
    pub(super) fn line_ended(&mut self, now: Now) {
        if !self.ledger.speaking() {
            self.let_go(now, Floor::Clear);
        } else if self.overlapped() && self.hearing.speaking() && self.ledger.interruptible() {
            self.hold(now);
        }
    }

    /// The agent gives way: the voice stops, the ledger is cut at the last word heard.
    pub(super) fn interrupt(&mut self, now: Now) {
        self.timers.clear(Timer::Verdict);
        self.floor = Floor::Clear;
        self.stay();
        let reopened = self.reopen();
        self.emit(Output::StopSpeech);
        let cut = self.ledger.cut(self.config.floor.wire_lag_ms);
        if reopened {
            self.work.owe(cut.owed);
            if self.hearing.utterance().is_none() {
                self.judge_end(now);
            }
            return;
        }
        if cut.answer_cut {
            self.undo = None;
            self.work.drop_words();
            self.record.interrupted();
            self.brain_mut().cut_off(&cut.heard);
        }
        self.work.owe(cut.owed);
        if self.work.running.is_none() {
            self.close_record();
        }
    }

    fn answer_wanted(&self) -> bool {
        matches!(self.brain.expects(), Expect::YesNo | Expect::Choice)
    }

    fn judge(&self, text: &str, is_final: bool) -> Meaning {
        let level_db = self.hearing.utterance().map_or(0.0, |utterance| utterance.level_db);
        let faint_db = self.hearing.caller_db().map_or(FAINT_UNKNOWN_DB, |db| db - FAINT_DB);
        let scene = Scene {
            expects: self.brain.expects(),
            is_final,
            greeting: self.ledger.current().is_some_and(|speech| speech.kind == Kind::Greeting),
            closing: self.closing.is_some(),
            near_end: self.ledger.remaining_ms() <= self.config.floor.answer_window_ms,
            agent_words: &self.ledger.current_words(),
            faint: level_db < faint_db,
        };
        meaning(text, &scene)
    }
}
