//! From frames and transcripts to the text of the turn.

use std::time::Duration;

use machine::Now;

use super::Conversation;
use super::floor::Floor;
use super::hearing::{Agent, Cue, Utterance};
use super::timers::Timer;
use crate::brain::{Brain, Heard};
use crate::io::{Output, UtteranceId};

/// Longest text taken from one transcript, in characters.
const MOST_CHARS: usize = 2_000;
/// After its last sample the agent's echo may still come back for this long.
const ECHO_TAIL: Duration = Duration::from_millis(200);
/// So much at the end of an utterance is no word yet.
const LAST_SOUND: Duration = Duration::from_millis(200);
/// Speech shorter than this that gave no words was a cough, and needs no answer.
const COUGH_MS: u32 = 600;

/// A transcript asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    request: u32,
    utterance: UtteranceId,
    at: Now,
    /// Asked in mid-speech because the utterance has grown too long.
    split: bool,
}

impl Asked {
    fn is(&self, (utterance, request): (UtteranceId, u32)) -> bool {
        (self.utterance, self.request) == (utterance, request)
    }
}

impl<B: Brain> Conversation<B> {
    pub(super) fn on_frame(&mut self, now: Now, speech: bool, level_db: f32) {
        let agent = match self.ledger.audible(now, ECHO_TAIL) {
            true => Agent::Audible,
            false if self.ledger.speaking() => Agent::Held,
            false => Agent::Silent,
        };
        let (hearing, floor) = (&self.config.hearing, &self.config.floor);
        match self.hearing.frame(now, speech, level_db, agent, hearing, floor) {
            Cue::Nothing => return,
            Cue::Onset { preroll_ms } => self.on_onset(now, preroll_ms),
            Cue::Resumed { after_ms } => self.on_resumed(now, after_ms),
            Cue::Speech => self.on_speech(now),
        }
        self.turn.last_speech = Some(now);
        self.last_heard = now;
        self.timers.set(Timer::Probable, now + self.probable_after());
    }

    /// Silence after which the utterance is probably over.
    fn probable_after(&self) -> Duration {
        let full = self.hypothesis.as_ref().is_some_and(|heard| self.is_full(&heard.text));
        let config = &self.config.turn;
        Duration::from_millis(u64::from(if full { config.probable_complete_ms } else { config.probable_ms }))
    }

    fn on_onset(&mut self, now: Now, preroll_ms: u32) {
        let Some(utterance) = self.hearing.utterance().map(|utterance| utterance.id) else {
            return;
        };
        self.emit(Output::Listen { utterance, preroll_ms });
        self.hypothesis = None;
        self.hypothesis_since = None;
        self.begin_caller_turn(now);
        if self.over.is_some()
            && let Some(at) = self.turn.last_speech
        {
            self.learn_pause(u32::try_from(now.since(at).as_millis()).unwrap_or(u32::MAX));
        }
        self.unconfirm();
        self.overlap_begins(now);
    }

    /// The turn's clock starts with its first sound or key.
    pub(super) fn begin_caller_turn(&mut self, now: Now) {
        if self.turn_began.is_none() {
            self.turn_began = Some(now);
            self.timers.set(Timer::TurnCap, now + Duration::from_millis(u64::from(self.config.turn.max_turn_ms)));
        }
    }

    /// This caller pauses so long and goes on.
    pub(super) fn learn_pause(&mut self, pause_ms: u32) {
        self.habit_ms += (pause_ms as f32 - self.habit_ms) * 0.4;
    }

    fn on_resumed(&mut self, now: Now, after_ms: u32) {
        self.timers.clear(Timer::Over);
        self.engines.unheard = false;
        if self.turn.has_latest() || self.asked_final.is_some() {
            self.learn_pause(after_ms);
        }
        // What was thought to the end may still prove right; what runs is not worth its time.
        if self.thought.as_ref().is_some_and(|thought| thought.acts.is_none()) {
            self.cancel_thought();
        }
        let long = self.hearing.utterance().is_some_and(|u| u.age_ms(now) > self.config.hearing.segment_ms);
        if long && self.turn.has_latest() {
            self.turn.keep_latest();
            self.next_utterance(now, self.config.hearing.preroll_ms.min(after_ms) + self.config.hearing.resume_ms);
        }
    }

    fn on_speech(&mut self, now: Now) {
        let Some(utterance) = self.hearing.utterance() else {
            return;
        };
        let (age_ms, speech_ms) = (utterance.age_ms(now), utterance.speech_ms);
        if !self.engines.hearing {
            return;
        }
        if age_ms >= self.config.hearing.max_utterance_ms && self.asked_final.is_none() {
            self.ask(now, true, true);
            return;
        }
        let expired = Duration::from_millis(u64::from(self.config.delay.transcript_ms));
        if self.asked_partial.is_some_and(|asked| now.since(asked.at) < expired) || self.asked_final.is_some() {
            return;
        }
        let every_ms = self.config.hearing.partial_every_ms;
        let overlap = self.floor != Floor::Clear;
        let first_ms = if overlap { self.config.floor.hypothesis_ms } else { every_ms };
        let again_ms = if overlap { every_ms.min(200) } else { every_ms };
        let due = match self.asked_partial.or(self.last_partial) {
            Some(asked) if Some(asked.utterance) == self.hearing.utterance().map(|u| u.id) => {
                now.since(asked.at) >= Duration::from_millis(u64::from(again_ms))
            }
            _ => speech_ms >= first_ms,
        };
        if every_ms > 0 && due && (overlap || self.afford.partials) {
            self.ask(now, false, false);
        }
    }

    fn ask(&mut self, now: Now, is_final: bool, split: bool) {
        let Some(utterance) = self.hearing.utterance().map(|utterance| utterance.id) else {
            return;
        };
        if !self.engines.hearing {
            self.engines.unheard |= is_final;
            self.await_transcript(now, is_final);
            return;
        }
        let request = self.next_request();
        let asked = Asked { request, utterance, at: now, split };
        if is_final {
            self.asked_final = Some(asked);
        } else {
            self.asked_partial = Some(asked);
            self.last_partial = Some(asked);
        }
        self.await_transcript(now, is_final);
        self.emit(Output::Transcribe { utterance, request, is_final });
    }

    fn await_transcript(&mut self, now: Now, is_final: bool) {
        if is_final {
            let due = now + Duration::from_millis(u64::from(self.config.delay.transcript_ms));
            self.timers.set(Timer::TranscriptDue, due);
        }
    }

    /// Silence has lasted: the utterance is probably over.
    pub(super) fn on_probable(&mut self, now: Now) {
        let Some(utterance) = self.hearing.utterance() else {
            return;
        };
        let speech_ms = utterance.speech_ms;
        self.hearing.pause();
        if speech_ms < self.config.hearing.min_speech_ms {
            self.drop_utterance(now);
            return;
        }
        self.ask(now, true, false);
    }

    pub(super) fn on_transcript(
        &mut self,
        now: Now,
        (of, request): (UtteranceId, u32),
        heard: Heard,
        decode_ms: u32,
        finished: Option<f32>,
    ) {
        if let Some(asked) = self.asked_partial.take_if(|asked| asked.is((of, request))) {
            if self.hearing.utterance().is_some_and(|utterance| utterance.id == of) {
                let heard = self.words_of(heard);
                self.take_hypothesis(now, asked.at, heard);
            }
            return;
        }
        let Some(asked) = self.asked_final.take_if(|asked| asked.is((of, request))) else {
            return;
        };
        self.timers.clear(Timer::TranscriptDue);
        self.turn.transcript_at = Some(now);
        self.turn.decode_ms = Some(decode_ms);
        self.turn.finished = finished;
        let heard = self.words_of(heard);
        self.on_final(now, asked, heard);
    }

    /// Nothing is known of the words: least of all that there were none, or the same as before.
    pub(super) fn on_no_transcript(&mut self, now: Now, of: (UtteranceId, u32)) {
        self.asked_partial.take_if(|asked| asked.is(of));
        if self.asked_final.is_some_and(|asked| asked.is(of)) {
            self.timers.clear(Timer::TranscriptDue);
            self.on_transcript_late(now);
        }
    }

    /// A text in mid-speech. On a noisy line it may be all the end of the turn there is.
    fn take_hypothesis(&mut self, now: Now, asked_at: Now, heard: Option<Heard>) {
        if heard.is_some() {
            self.hypothesis_at = asked_at;
        }
        let same = match (&heard, &self.hypothesis) {
            (Some(heard), Some(before)) => heard.text == before.text,
            (None, _) => true,
            (Some(_), None) => false,
        };
        self.hypothesis = heard.or(self.hypothesis.take());
        if !same {
            self.hypothesis_since = Some(now);
            self.read_ahead(now);
        }
        self.judge_hypothesis(now);
        if self.floor == Floor::Clear && self.hearing.speaking() {
            self.hear_through_noise(now);
        }
    }

    fn hear_through_noise(&mut self, now: Now) {
        let Some(age_ms) = self.hearing.utterance().map(|utterance| utterance.age_ms(now)) else { return };
        let config = &self.config.turn;
        let over = match (&self.hypothesis, self.hypothesis_since) {
            (Some(_), Some(at)) => now.since(at).as_millis() >= u128::from(config.stable_ms),
            _ => age_ms >= config.wordless_ms && !self.turn.has_content(),
        };
        if over {
            self.on_turn_cap(now);
        }
    }

    fn on_final(&mut self, now: Now, asked: Asked, heard: Option<Heard>) {
        if asked.split {
            self.turn.set_latest(heard);
            self.turn.keep_latest();
            let since_ms = u32::try_from(now.since(asked.at).as_millis()).unwrap_or(u32::MAX);
            self.next_utterance(now, since_ms);
        } else if self.hearing.speaking() {
            // They went on: this is no longer all of it.
            self.take_hypothesis(now, asked.at, heard);
        } else {
            self.take_final(now, heard);
        }
    }

    fn take_final(&mut self, now: Now, heard: Option<Heard>) {
        self.engines.unheard = false;
        match heard {
            Some(heard) if self.overlap_final(now, &heard) => {
                self.turn.set_latest(Some(heard));
                self.think(now);
                self.judge_end(now);
            }
            Some(_) => {}
            None => self.no_words(now),
        }
    }

    /// There was sound, and no words in it.
    fn no_words(&mut self, now: Now) {
        if self.turn.has_latest() {
            // It had words before the last sound: that sound was nothing.
            self.overlap_was_nothing(now);
            self.judge_end(now);
            return;
        }
        let speech_ms = self.hearing.utterance().map_or(0, |utterance| utterance.speech_ms);
        let over_agent = self.floor != Floor::Clear;
        self.drop_utterance(now);
        if over_agent {
            self.hearing.false_alarm();
        } else if !self.turn.has_content() && speech_ms >= COUGH_MS {
            self.pardon();
        }
    }

    /// The utterance was nothing: the voice goes on, and so does the turn, if there was one.
    pub(super) fn drop_utterance(&mut self, now: Now) {
        self.close_utterance();
        self.turn.set_latest(None);
        self.overlap_was_nothing(now);
        if self.turn.has_content() {
            self.judge_end(now);
        } else if self.over.is_none() {
            self.turn_began = None;
            self.timers.clear(Timer::TurnCap);
        }
    }

    pub(super) fn close_utterance(&mut self) -> Option<Utterance> {
        let utterance = self.hearing.close()?;
        self.emit(Output::EndListen { utterance: utterance.id });
        self.asked_final = None;
        self.asked_partial = None;
        self.engines.unheard = false;
        self.timers.clear(Timer::Probable);
        self.timers.clear(Timer::TranscriptDue);
        Some(utterance)
    }

    /// Goes on in a new utterance; its audio begins so long ago.
    fn next_utterance(&mut self, now: Now, preroll_ms: u32) {
        let Some((old, utterance)) = self.hearing.split(now) else {
            return;
        };
        self.emit(Output::EndListen { utterance: old.id });
        self.emit(Output::Listen { utterance, preroll_ms });
        self.asked_final = None;
        self.asked_partial = None;
        self.hypothesis = None;
        self.hypothesis_since = None;
    }

    pub(super) fn on_transcript_late(&mut self, now: Now) {
        if !self.engines.hearing && self.ledger.speaking() {
            // A phrase fills the wait: by its end recognition may be back, and nothing is lost.
            self.await_transcript(now, true);
            return;
        }
        if !self.engines.hearing {
            self.cannot_hear(now);
            return;
        }
        let Some(asked) = self.asked_final else {
            return;
        };
        let due = asked.at + Duration::from_millis(u64::from(self.config.delay.transcript_most_ms));
        if now < due && !self.hypothesis_is_all() {
            self.timers.set(Timer::TranscriptDue, due);
            return;
        }
        self.asked_final = None;
        let hypothesis = self.hypothesis.take();
        if asked.split || !self.hearing.speaking() {
            self.on_final(now, asked, hypothesis);
        }
    }

    /// True where the last hypothesis reaches to the end of what was said.
    fn hypothesis_is_all(&self) -> bool {
        let ends = self.turn.last_speech.unwrap_or(Now::ZERO);
        self.hypothesis.is_some() && self.hypothesis_at + LAST_SOUND >= ends
    }

    pub(super) fn on_hearing_engine(&mut self, now: Now, up: bool) {
        let was_up = std::mem::replace(&mut self.engines.hearing, up);
        self.asked_partial = None;
        if !up {
            self.engines.unheard |= self.asked_final.take().is_some();
        } else if !was_up {
            if self.engines.unheard {
                self.ask(now, true, false);
                self.engines.unheard = false;
            }
            self.engines.back = std::mem::take(&mut self.engines.notices) > 0;
        }
    }

    pub(super) fn on_key(&mut self, now: Now, key: char) {
        let key = key.to_ascii_uppercase();
        if !matches!(key, '0'..='9' | '*' | '#' | 'A'..='D') {
            return;
        }
        if self.ledger.speaking() && self.ledger.interruptible() {
            self.interrupt(now);
        }
        if self.ledger.speaking() {
            // A line that must be heard: what follows it can wait for the answer to this key.
            self.floor = Floor::Overlapped;
        }
        self.begin_caller_turn(now);
        self.unconfirm();
        self.last_heard = now;
        self.turn.key(now, key);
        if self.turn.keys_complete(self.brain.expects()) {
            self.confirm(now);
        } else {
            self.judge_end(now);
        }
    }

    /// The words of a transcript; none where there are none to trust.
    fn words_of(&self, mut heard: Heard) -> Option<Heard> {
        let text: String = heard.text.chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect();
        heard.text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        heard.keyed = String::new();
        // Recognisers write non-speech in brackets.
        let bracketed = heard.text.starts_with(['[', '(']) && heard.text.ends_with([']', ')']);
        let wordless = bracketed || !heard.text.chars().any(char::is_alphanumeric);
        let sure = heard.confidence.is_finite() && heard.confidence >= self.config.hearing.min_confidence;
        (sure && !wordless).then_some(heard)
    }
}
