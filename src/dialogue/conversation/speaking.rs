//! Carrying acts out: saying, running tools, trying again what could not be said.

use std::time::Duration;

use machine::Now;

use super::Conversation;
use super::ledger::{Kind, Speech};
use super::timers::Timer;
use super::work::{MOST_TOOLS, Running};
use crate::brain::{Act, Brain, Line, Outcome, ToolCall, ToolResult};
use crate::io::{Output, SpeechId};
use crate::shaping;

/// So many lines in a row that could not be said at all, and the call is given up.
const MOST_FAILED_LINES: u8 = 8;

/// A line that failed and will be tried again.
#[derive(Debug, Clone)]
pub(super) struct Unsaid {
    pub(super) line: Line,
    kind: Kind,
    failures: u8,
}

/// A line of our own.
pub(super) fn line(text: &str) -> Line {
    Line { text: text.to_owned(), interruptible: true }
}

impl<B: Brain> Conversation<B> {
    /// Does what waits to be done, as far as tools and the caller allow.
    pub(super) fn carry_out(&mut self, now: Now) {
        while !self.ended && !self.caller_has_floor() {
            let Some(act) = self.work.take() else { return };
            match act {
                Act::Say(line) => {
                    let kind = if self.record.is_greeting() { Kind::Greeting } else { Kind::Answer };
                    self.say(now, line, kind, 0);
                }
                Act::Tool(call) => self.run_tool(now, call),
                Act::HangUp(outcome) => self.close(outcome),
            }
        }
    }

    /// True while nothing new should be said, because the caller is at it.
    fn caller_has_floor(&self) -> bool {
        let speaks = self.hearing.utterance().is_some() && !self.ledger.speaking();
        let goes_on = self.turn.has_content() && self.over.is_none();
        !self.floor_is_free() || speaks || goes_on
    }

    pub(super) fn say(&mut self, now: Now, line: Line, kind: Kind, failures: u8) {
        let clauses = shaping::clauses(&shaping::speakable(&line.text, self.config.language));
        if clauses.is_empty() {
            return;
        }
        let speech = self.ledger.push(now, line, kind, failures, &clauses);
        if matches!(kind, Kind::Answer | Kind::Greeting) {
            let at_ms = self.at_ms(now);
            self.record.handed(at_ms, speech);
        }
        self.emit(Output::Say { speech, clauses });
    }

    fn run_tool(&mut self, now: Now, call: ToolCall) {
        self.work.tools += 1;
        if self.work.tools > MOST_TOOLS {
            // A brain that goes round in circles gets told so, and then nothing any more.
            if self.work.tools <= MOST_TOOLS * 2 {
                self.tool_result(now, &call, ToolResult::Failed { why: "too many tools in one turn".into() });
            }
            return;
        }
        if !call.is_read() {
            self.undo = None;
        }
        let is_person = matches!(call, ToolCall::Transfer { .. });
        let (request, key) = (self.next_request(), self.record.next_key());
        self.emit(Output::Tool { request, key: key.clone(), call: call.clone() });
        self.work.running = Some(Running { request, key, call });
        // A person takes longer than a program.
        let due_ms = if is_person { self.config.delay.transfer_ms } else { self.config.delay.tool_ms };
        self.timers.set(Timer::ToolDue, now + Duration::from_millis(u64::from(due_ms)));
    }

    pub(super) fn on_tool_done(&mut self, now: Now, request: u32, result: ToolResult) {
        let Some(running) = self.work.running.take_if(|running| running.request == request) else {
            return;
        };
        self.timers.clear(Timer::ToolDue);
        self.delays = 0;
        self.record.tool(&running.key, &running.call, &result);
        let at_ms = self.at_ms(now);
        if let Some(timings) = self.record.timings() {
            timings.tools_ms = Some(at_ms);
        }
        self.tool_result(now, &running.call, result);
    }

    pub(super) fn on_tool_late(&mut self, now: Now) {
        let Some(request) = self.work.running.as_ref().map(|running| running.request) else {
            return;
        };
        self.on_tool_done(now, request, ToolResult::Failed { why: "no answer in time".into() });
    }

    fn tool_result(&mut self, now: Now, call: &ToolCall, result: ToolResult) {
        let local = self.local(now);
        let acts = self.brain_mut().tool_result(local, call, result);
        self.work.next(acts);
    }

    pub(super) fn on_played(&mut self, now: Now, speech: SpeechId, clause: u16, ms: u32) {
        if self.ledger.played(now, speech, clause, ms) {
            self.failed_lines = 0;
            let at_ms = self.at_ms(now);
            self.record.sounded(at_ms, speech);
        }
    }

    pub(super) fn on_speech_done(&mut self, now: Now, speech: SpeechId) {
        if self.ledger.done(now, speech) {
            self.failed_lines = 0;
            self.line_ended(now);
        }
    }

    pub(super) fn on_speech_failed(&mut self, now: Now, speech: SpeechId) {
        if let Some(speech) = self.ledger.fail(now, speech) {
            self.put_off(now, speech);
            self.line_ended(now);
        }
    }

    /// The voice has stopped giving signs of life: what it has is lost.
    pub(super) fn on_voice_stall(&mut self, now: Now) {
        self.emit(Output::StopSpeech);
        while let Some(id) = self.ledger.current().map(|speech| speech.id) {
            if let Some(speech) = self.ledger.fail(now, id) {
                self.put_off(now, speech);
            }
        }
        self.line_ended(now);
    }

    fn put_off(&mut self, now: Now, speech: Speech) {
        self.failed_lines = self.failed_lines.saturating_add(1);
        if speech.kind == Kind::Delay {
            // The line that it stood in for goes before the next of its kind.
            self.last_delay = now;
            return;
        }
        let failures = speech.failures + 1;
        if failures > self.config.delay.retries {
            if matches!(speech.kind, Kind::Answer | Kind::Greeting) {
                self.brain_mut().cut_off("");
                self.undo = None;
            }
            if self.failed_lines >= MOST_FAILED_LINES {
                self.close(Outcome::Failed);
            }
            return;
        }
        self.unsaid.push(Unsaid { line: speech.line, kind: speech.kind, failures });
        self.timers.set(Timer::Retry, now + Duration::from_millis(u64::from(self.config.delay.retry_ms)));
    }

    /// Tries again what could not be said; later, if somebody speaks.
    pub(super) fn retry_lines(&mut self, now: Now) {
        if self.unsaid.is_empty() {
            return;
        }
        if self.ledger.speaking() || self.hearing.utterance().is_some() {
            self.timers.set(Timer::Retry, now + Duration::from_millis(u64::from(self.config.delay.retry_ms.max(20))));
            return;
        }
        self.timers.clear(Timer::Retry);
        for unsaid in std::mem::take(&mut self.unsaid) {
            self.say(now, unsaid.line, unsaid.kind, unsaid.failures);
        }
    }
}
