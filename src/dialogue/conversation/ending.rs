//! From text to answer: thinking ahead, ending the turn, deciding, answering.

use std::time::Duration;

use jiff::civil::DateTime;
use machine::Now;

use super::thought::Thought;
use super::timers::Timer;
use super::turn::{Doubt, Turn, by_ear_ms, digits_spoken, patience_ms};
use super::{Conversation, Undo};
use crate::brain::{Act, Ask, Brain, Expect, Heard, Outcome};
use crate::io::{Output, Timings};
use crate::shaping;

impl<B: Brain> Conversation<B> {
    /// True when nothing expected is missing from this text.
    pub(super) fn is_full(&self, text: &str) -> bool {
        matches!(self.brain.expects(), Expect::Digits(n) if digits_spoken(text) >= u32::from(n.max(1)))
    }

    /// Thinks about the turn as it is, on a clone. Does nothing where that was done.
    pub(super) fn think(&mut self, now: Now) {
        if !self.turn.has_content() || self.work.running.is_some() {
            return;
        }
        let ahead = self.config.turn.speculate && self.afford.speculation;
        if !ahead && self.over.is_none() {
            return;
        }
        let heard = self.turn.heard();
        if self.thought.as_ref().is_some_and(|thought| thought.is_about(&heard, self.version)) {
            return;
        }
        self.cancel_thought();
        let local = self.local(now);
        let mut thought = Box::new(Thought::new(&self.brain, self.version, heard));
        match self.brain.ask(local, &thought.heard) {
            Ask::Model { shared, own, grammar, max_tokens } if self.engines.thinking => {
                let request = self.next_request();
                thought.request = Some(request);
                if self.over.is_some() {
                    self.await_decision(now);
                }
                self.emit(Output::Think { request, shared, own, grammar, max_tokens });
            }
            Ask::Model { .. } | Ask::Nothing => thought.decide(now, local, None),
        }
        self.thought = Some(thought);
        self.prepare();
    }

    /// Has the model read what the caller has said so far, but for the last word, which may change:
    /// at the end of the turn little is left to read.
    pub(super) fn read_ahead(&mut self, now: Now) {
        if !self.config.turn.speculate || !self.engines.thinking || self.work.running.is_some() {
            return;
        }
        let Some(hypothesis) = &self.hypothesis else { return };
        let mut heard = self.turn.heard();
        let sure = hypothesis.text.trim().rsplit_once(' ').map_or("", |(sure, _)| sure);
        if sure.is_empty() {
            return;
        }
        heard.text = if heard.text.is_empty() { sure.to_owned() } else { format!("{} {sure}", heard.text) };
        heard.words.clear();
        if let Ask::Model { shared, own, .. } = self.brain.ask(self.local(now), &heard) {
            self.emit(Output::ReadAhead { shared, own: own.trim_end().to_owned() });
        }
    }

    /// Has the first clause of a likely answer made ready.
    fn prepare(&mut self) {
        if self.over.is_some() {
            return;
        }
        let line = self.thought.as_ref().and_then(|thought| thought.first_line());
        let Some(line) = line else { return };
        let mut clauses = shaping::clauses(&shaping::speakable(&line.text, self.config.language));
        clauses.truncate(1);
        if !clauses.is_empty() {
            self.emit(Output::Prepare { clauses });
        }
    }

    pub(super) fn cancel_thought(&mut self) {
        if let Some(request) = self.thought.take().and_then(|thought| thought.request) {
            self.emit(Output::CancelThink { request });
        }
    }

    pub(super) fn on_decision(&mut self, now: Now, request: u32, text: Option<&str>, first_ms: u32, total_ms: u32) {
        let local = self.local(now);
        let Some(thought) = self.thought.as_mut().filter(|t| t.request == Some(request)) else {
            return;
        };
        if text.is_some() {
            thought.first_ms = Some(first_ms);
            thought.total_ms = Some(total_ms);
        }
        thought.decide(now, local, text);
        self.prepare();
    }

    /// The model is late or gone: the brain decides without it.
    pub(super) fn on_decision_late(&mut self, now: Now) {
        let local = self.local(now);
        let Some(thought) = &mut self.thought else {
            return;
        };
        let Some(request) = thought.request else {
            return;
        };
        thought.decide(now, local, None);
        self.emit(Output::CancelThink { request });
    }

    pub(super) fn on_thinking_engine(&mut self, now: Now, up: bool) {
        self.engines.thinking = up;
        if !up {
            self.on_decision_late(now);
        }
    }

    /// Silence has lasted long enough, unless there is a sound just now.
    pub(super) fn on_over(&mut self, now: Now) {
        if self.hearing.stirs(now) {
            self.timers.set(Timer::Over, now + Duration::from_millis(20));
        } else {
            self.judge_end(now);
        }
    }

    /// Is the turn over? If not yet, waits for when it will be.
    pub(super) fn judge_end(&mut self, now: Now) {
        let listening = self.hearing.speaking() || self.asked_final.is_some() || self.engines.unheard;
        if listening || self.over.is_some() || !self.turn.has_content() {
            return;
        }
        let heard = self.turn.heard();
        let by_speech = self.turn.last_speech.filter(|_| !heard.text.is_empty());
        let by_speech = by_speech.map(|at| at + self.patience(&heard.text));
        let by_keys = self.turn.last_key.filter(|_| self.turn.has_keys());
        let by_keys = by_keys.map(|at| at + Duration::from_millis(u64::from(self.config.turn.keypad_ms)));
        let Some(at) = by_speech.max(by_keys) else {
            return;
        };
        if at <= now {
            self.confirm(now);
        } else {
            self.timers.set(Timer::Over, at);
        }
    }

    fn patience(&self, text: &str) -> Duration {
        let expects = if self.brain.closes(text) { Expect::YesNo } else { self.brain.expects() };
        let complete = self.brain.complete(text);
        let habit_ms = (self.habit_ms * 0.4) as u32;
        let wait = patience_ms(&self.config.turn, text, expects, complete, habit_ms);
        let wait = by_ear_ms(&self.config.turn, wait, self.turn.finished, Doubt::of(text, expects));
        Duration::from_millis(u64::from(wait))
    }

    /// The turn is over. It is answered as soon as the floor and the tools allow.
    pub(super) fn confirm(&mut self, now: Now) {
        self.close_utterance();
        self.turn.keep_latest();
        self.hypothesis = None;
        self.hypothesis_since = None;
        self.habit_ms *= 0.8;
        self.over = Some(now);
        self.delays = 0;
        self.turn_began = None;
        self.timers.clear(Timer::Over);
        self.timers.clear(Timer::TurnCap);
        self.await_decision(now);
        self.think(now);
    }

    /// From now on the caller waits for the decision.
    fn await_decision(&mut self, now: Now) {
        let due = now + Duration::from_millis(u64::from(self.config.delay.decision_ms));
        self.timers.set(Timer::DecisionDue, due);
    }

    /// The caller goes on: the turn is not over after all.
    pub(super) fn unconfirm(&mut self) {
        if self.over.take().is_some() {
            self.timers.clear(Timer::DecisionDue);
        }
        self.timers.clear(Timer::Over);
    }

    /// The longest turn: the agent speaks up, whatever goes on.
    pub(super) fn on_turn_cap(&mut self, now: Now) {
        if !self.turn.has_latest() {
            let hypothesis = self.hypothesis.take();
            self.turn.set_latest(hypothesis);
        }
        if self.hearing.speaking() {
            self.hearing.overrun();
        }
        if self.turn.has_content() {
            self.confirm(now);
        } else {
            self.drop_utterance(now);
            self.pardon();
        }
    }

    /// Answers a turn that is over, if nothing stands in the way.
    pub(super) fn answer(&mut self, now: Now) {
        let must_be_heard = self.ledger.speaking() && !self.ledger.interruptible();
        if self.over.is_none() || self.hearing.speaking() || must_be_heard || !self.work.is_idle() {
            return;
        }
        if self.ledger.speaking() && !self.ledger.only_filling() && self.overlapped() {
            self.interrupt(now);
            if self.over.is_none() {
                return;
            }
        }
        self.think(now);
        if let Some(thought) = self.thought.take_if(|thought| thought.acts.is_some()) {
            self.commit(*thought);
        }
    }

    /// The thought becomes what is done.
    fn commit(&mut self, thought: Thought<B>) {
        let turn = std::mem::take(&mut self.turn);
        let timings = self.timings_of(&turn, &thought);
        self.close_record();
        self.over = None;
        self.timers.clear(Timer::DecisionDue);
        self.version += 1;
        let before = std::mem::replace(&mut self.brain, thought.brain);
        self.undo = Some(Box::new(Undo { brain: before, turn }));
        self.begin_record(&thought.heard, timings);
        self.record.decision(&thought.decision);
        self.not_understood = 0;
        self.silences = 0;
        self.engines.back = false;
        self.unsaid.retain(|unsaid| !unsaid.line.interruptible);
        self.work.last(thought.acts.unwrap_or_default());
    }

    fn timings_of(&self, turn: &Turn, thought: &Thought<B>) -> Timings {
        let at = |instant: Option<Now>| instant.map(|at| self.at_ms(at));
        Timings {
            speech_end_ms: at(turn.last_speech.max(turn.last_key)),
            transcript_ms: at(turn.transcript_at),
            stt_decode_ms: turn.decode_ms,
            turn_end_ms: at(self.over),
            decision_ms: at(thought.decided_at),
            llm_first_ms: thought.first_ms,
            llm_total_ms: thought.total_ms,
            ..Timings::default()
        }
    }

    /// The caller goes on before anything of the answer was heard or done: as if the turn
    /// had not been over. True when that was possible.
    pub(super) fn reopen(&mut self) -> bool {
        let harmless = self.work.running.as_ref().is_none_or(|running| running.call.is_read());
        if !harmless || self.ledger.any_heard(self.config.floor.wire_lag_ms) {
            return false;
        }
        let Some(undo) = self.undo.take() else {
            return false;
        };
        self.work.drop_all();
        self.timers.clear(Timer::ToolDue);
        *self.brain_mut() = undo.brain;
        let began = self.hearing.utterance().map(|utterance| utterance.began);
        if let (Some(began), Some(ended)) = (began, undo.turn.last_speech) {
            self.learn_pause(u32::try_from(began.since(ended).as_millis()).unwrap_or(u32::MAX));
        }
        let going_on = std::mem::replace(&mut self.turn, undo.turn);
        self.turn.go_on(going_on);
        self.record.reopen();
        self.closing = None;
        true
    }

    /// Something was said that nobody could make out.
    pub(super) fn pardon(&mut self) {
        self.not_understood = self.not_understood.saturating_add(1);
        let nth = self.not_understood;
        let mut acts = self.brain_mut().not_understood(nth);
        if acts.is_empty() {
            acts = vec![Act::Say(super::speaking::line(&self.config.lines.pardon))];
        }
        self.initiative(acts);
    }

    /// The agent speaks of its own accord: a turn without a caller's words.
    pub(super) fn initiative(&mut self, acts: Vec<Act>) {
        self.undo = None;
        self.turn = Turn::default();
        self.turn_began = None;
        self.timers.clear(Timer::TurnCap);
        self.close_record();
        self.begin_record(&Heard::default(), Timings::default());
        self.work.last(acts);
    }

    fn begin_record(&mut self, heard: &Heard, timings: Timings) {
        self.record.begin(heard, timings);
        self.ledger.begin_turn();
        self.work.tools = 0;
    }

    /// Hands the turn at hand over, complete.
    pub(super) fn close_record(&mut self) {
        if !self.record.is_open() {
            return;
        }
        let said = self.ledger.take_said();
        if let Some(record) = self.record.take(said) {
            self.emit(Output::Turn(Box::new(record)));
        }
    }

    /// The first words.
    pub(super) fn greet(&mut self, local: DateTime) {
        let acts = self.brain_mut().greet(local);
        self.begin_record(&Heard::default(), Timings::default());
        self.work.last(acts);
    }

    /// What the caller said last, where the call ended before it was answered.
    pub(super) fn record_unanswered(&mut self) {
        if self.turn.has_content() {
            let heard = self.turn.heard();
            let speech_end_ms = self.turn.last_speech.map(|at| self.at_ms(at));
            self.begin_record(&heard, Timings { speech_end_ms, ..Timings::default() });
            self.close_record();
        }
    }

    /// Ends the call once all that was said is heard.
    pub(super) fn close(&mut self, outcome: Outcome) {
        self.closing.get_or_insert(outcome);
    }
}
