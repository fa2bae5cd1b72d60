//! No dead air: after every input, one of the waits below is armed from the state alone.
//!
//! | who holds the call            | armed                                   |
//! |-------------------------------|-----------------------------------------|
//! | the agent speaks              | `VoiceStall`: the voice must go on      |
//! | the voice is held             | `Verdict`                               |
//! | the caller speaks             | `Probable`, `TurnCap`                   |
//! | something is owed             | `Delay`: a phrase, and growing gaps     |
//! | goodbye was said              | `Linger`: the line is closed            |
//! | nothing                       | `Silence`: "are you still there?"       |

use std::time::Duration;

use machine::Now;

use super::Conversation;
use super::ledger::Kind;
use super::speaking::line;
use super::timers::Timer;
use crate::brain::{Act, Brain, Expect, Outcome};

/// From the last sample of the goodbye to the end of the call: it must reach the ear.
const LINGER: Duration = Duration::from_millis(300);
/// The same where there is sound on the line that may be one more word.
const LINGER_OVER_SOUND: Duration = Duration::from_secs(4);
/// The caller is not told more often than this that we can't hear.
const NOTICE_GAP: Duration = Duration::from_secs(5);
const MOST_NOTICES: u8 = 4;
/// Longest gap between two delay phrases.
const MOST_DELAY_MS: f32 = 15_000.0;

/// Whether the brain was told that time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum TimeIsUp {
    /// It is not.
    #[default]
    No,
    /// It is to be told at the next quiet moment.
    Due,
    /// It was told.
    Told,
}

impl<B: Brain> Conversation<B> {
    /// Does what can be done now, and arms the wait for what can't.
    pub(super) fn settle(&mut self, now: Now) {
        if self.ended || self.connected.is_none() {
            return;
        }
        self.carry_out(now);
        self.answer(now);
        self.carry_out(now);
        if self.time_is_up == TimeIsUp::Due && self.closing.is_none() && self.is_quiet() {
            self.tell_time_is_up();
            self.carry_out(now);
        }
        if self.engines.back && self.closing.is_none() && self.is_quiet() {
            self.tell_hearing_is_back(now);
        }
        if self.is_quiet() && self.record.is_open() {
            self.close_record();
        }
        self.arm(now);
    }

    /// Nobody speaks, nothing is pending.
    pub(super) fn is_quiet(&self) -> bool {
        !self.ledger.speaking() && self.hearing.utterance().is_none() && !self.turn.has_content() && !self.owes()
    }

    /// True while the caller has reason to expect words of the agent.
    fn owes(&self) -> bool {
        self.over.is_some()
            || self.asked_final.is_some()
            || self.engines.unheard
            || !self.work.is_idle()
            || !self.unsaid.is_empty()
    }

    fn arm(&mut self, now: Now) {
        if self.held {
            return self.rest();
        }
        let speaks = self.ledger.speaking();
        let voice = Duration::from_millis(u64::from(self.config.delay.voice_ms));
        let stall = (speaks && self.floor_is_free()).then(|| self.ledger.progress_at() + voice);
        self.timers.arm(Timer::VoiceStall, stall);

        let nobody = !speaks && !self.hearing.speaking();
        let owes = self.owes();
        // A turn that took long to end is not yet an answer that takes long.
        self.owed_since = owes.then(|| self.owed_since.unwrap_or(now));
        let patience = Duration::from_millis(u64::from(self.config.delay.patience_ms));
        let patient_until = self.owed_since.map_or(Now::ZERO, |since| since + patience);
        let delay = self.last_sound().max(self.last_delay) + self.delay_gap();
        let delay = (nobody && owes).then(|| delay.max(patient_until));
        self.timers.arm(Timer::Delay, delay);

        let closing = self.closing.is_some() && !speaks && !owes;
        let linger = if self.hearing.utterance().is_some() { LINGER_OVER_SOUND } else { LINGER };
        let last_audio = self.ledger.last_audio().or(self.connected.map(|(at, _)| at)).unwrap_or(now);
        self.timers.arm(Timer::Linger, closing.then(|| last_audio + linger));

        let silence =
            (nobody && !owes && !closing).then(|| self.last_sound().max(self.last_silence) + self.silence_gap());
        self.timers.arm(Timer::Silence, silence);
    }

    /// When either side was last on the line.
    fn last_sound(&self) -> Now {
        self.ledger.last_audio().unwrap_or(Now::ZERO).max(self.last_heard)
    }

    fn delay_gap(&self) -> Duration {
        let config = &self.config.delay;
        let gap_ms = match self.delays {
            0 => return Duration::from_millis(u64::from(config.first_ms)),
            nth => {
                let growth = (config.growth_percent.max(100) as f32 / 100.0).powi(i32::from(nth) - 1);
                let most = if self.work.is_idle() { config.engines_ms as f32 } else { MOST_DELAY_MS };
                (config.next_ms as f32 * growth * self.delay_swing).min(most)
            }
        };
        Duration::from_millis(gap_ms as u64)
    }

    fn silence_gap(&self) -> Duration {
        let patient = matches!(self.brain.expects(), Expect::Digits(_) | Expect::Message);
        let config = &self.config.silence;
        Duration::from_millis(u64::from(if patient { config.patient_ms } else { config.after_ms }))
    }

    /// Something is owed and nothing was heard for too long.
    pub(super) fn on_delay(&mut self, now: Now) {
        self.last_delay = now;
        self.delays = self.delays.saturating_add(1);
        // A person does not fill pauses by the clock.
        self.delay_swing = 0.92 + self.rng.f32() * 0.16;
        let filler = self.brain.delay(self.delays);
        self.say(now, filler, Kind::Delay, 0);
    }

    /// Nobody has spoken for too long.
    pub(super) fn on_silence(&mut self, now: Now) {
        self.last_silence = now;
        if self.turn.has_content() && self.hearing.utterance().is_none() {
            self.confirm(now);
            return;
        }
        self.drop_utterance(now);
        if !self.engines.hearing {
            self.cannot_hear(now);
            return;
        }
        self.silences = self.silences.saturating_add(1);
        let nth = self.silences;
        let mut acts = self.brain_mut().silence(nth);
        let hangs_up = acts.iter().any(|act| matches!(act, Act::HangUp(_)));
        if nth >= self.config.silence.most && !hangs_up {
            acts.push(Act::HangUp(Outcome::Silence));
        }
        self.initiative(acts);
    }

    /// Recognition is down: says so, now and then; keys go on working.
    pub(super) fn cannot_hear(&mut self, now: Now) {
        self.drop_utterance(now);
        let told = self.engines.last_notice.is_some_and(|at| now.since(at) < NOTICE_GAP);
        if told || self.turn.has_content() || self.ledger.speaking() || self.closing.is_some() {
            return;
        }
        self.engines.last_notice = Some(now);
        self.engines.notices = self.engines.notices.saturating_add(1);
        if self.engines.notices > MOST_NOTICES {
            let failed = self.config.lines.failed.clone();
            self.notice(now, &failed);
            self.close(Outcome::Failed);
        } else {
            let down = self.config.lines.hearing_down.clone();
            self.notice(now, &down);
        }
    }

    /// Recognition is back. Those who were told that it was gone are told.
    fn tell_hearing_is_back(&mut self, now: Now) {
        self.engines.back = false;
        let back = self.config.lines.hearing_back.clone();
        self.notice(now, &back);
    }

    /// Words of the conversation's own, as a turn of theirs.
    fn notice(&mut self, now: Now, text: &str) {
        self.initiative(Vec::new());
        self.say(now, line(text), Kind::Notice, 0);
    }

    /// The goodbye was heard.
    pub(super) fn on_linger(&mut self) {
        if let Some(outcome) = self.closing {
            self.end(Some(outcome));
        }
    }

    /// Time is nearly up: said at the next quiet moment, and half-way to the end anyhow.
    pub(super) fn on_time_is_up(&mut self, now: Now) {
        match self.time_is_up {
            TimeIsUp::Told => {}
            TimeIsUp::No => {
                self.time_is_up = TimeIsUp::Due;
                if let Some(cap) = self.timers.at(Timer::CallCap) {
                    self.timers.set(Timer::TimeIsUp, now + cap.since(now) / 2);
                }
            }
            TimeIsUp::Due => {
                if self.hearing.speaking() {
                    self.hearing.overrun();
                }
                if self.ledger.speaking() {
                    self.interrupt(now);
                }
                self.close_utterance();
                self.unconfirm();
                self.tell_time_is_up();
            }
        }
    }

    fn tell_time_is_up(&mut self) {
        self.time_is_up = TimeIsUp::Told;
        let acts = self.brain_mut().time_is_up();
        self.initiative(acts);
    }
}
