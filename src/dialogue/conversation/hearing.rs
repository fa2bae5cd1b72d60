//! Voice-activity frames become utterances: onset over a short window, pauses bridged, clicks
//! ignored, and a level to reach while the agent itself is on the line.
//!
//! ```text
//! frames    . . S S S S S . S S . . . . . . . S S S
//! onset           ^ 60 ms: Listen, pre-roll reaches back before the first S
//! probable                          ^ 120 ms after the last S: ask for the final
//! resumed                                       ^ 40 ms of speech: the turn goes on
//! ```

use std::time::Duration;

use machine::Now;

use super::config::{FloorConfig, HearingConfig};
use crate::io::UtteranceId;

/// Length of a frame.
const FRAME_MS: u32 = 20;
/// Frames further apart than this are not one run of speech.
const GAP_MS: u128 = 100;
/// Silence needed after a turn that was ended over speech, before speech is an onset again.
const OVERRUN_FRAMES: u32 = 10;
const MOST_FALSE_STEPS: u8 = 3;

/// What a frame means.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Cue {
    /// Nothing new.
    Nothing,
    /// An utterance began; audio from this long ago belongs to it.
    Onset { preroll_ms: u32 },
    /// More of the utterance.
    Speech,
    /// The utterance goes on after a pause of this length.
    Resumed { after_ms: u32 },
}

/// What the agent is doing while a frame comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agent {
    /// Nothing: what is heard is the caller.
    Silent,
    /// It has words to say, and none is on the line.
    Held,
    /// It is, or just was, on the line: its echo may be heard.
    Audible,
}

/// What the caller is saying.
#[derive(Debug, Clone)]
pub(super) struct Utterance {
    pub(super) id: UtteranceId,
    pub(super) began: Now,
    /// The last frame that counted as speech.
    pub(super) last_speech: Now,
    pub(super) speech_ms: u32,
    /// False from the moment it is probably over, until it resumes.
    pub(super) speaking: bool,
    /// Mean level of its speech.
    pub(super) level_db: f32,
    resuming_ms: u32,
}

/// The agent speaks up over sound that does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Overrun {
    /// It has not begun yet.
    Owed,
    /// It speaks.
    Speaking,
}

#[derive(Debug)]
pub(super) struct Hearing {
    utterance: Option<Utterance>,
    utterances: UtteranceId,
    /// Recent frames, newest in bit 0.
    window: u32,
    last_frame: Now,
    /// End of the last utterance: no pre-roll reaches before it.
    last_end: Now,
    /// The caller's own level, learnt where the agent was silent.
    caller_db: Option<f32>,
    false_alarms: u8,
    overrun: Option<Overrun>,
}

impl Hearing {
    pub(super) fn new() -> Self {
        Hearing {
            utterance: None,
            utterances: 0,
            window: 0,
            last_frame: Now::ZERO,
            last_end: Now::ZERO,
            caller_db: None,
            false_alarms: 0,
            overrun: None,
        }
    }

    pub(super) fn utterance(&self) -> Option<&Utterance> {
        self.utterance.as_ref()
    }

    /// True while the caller is in mid-speech, as far as one can tell.
    pub(super) fn speaking(&self) -> bool {
        self.utterance.as_ref().is_some_and(|utterance| utterance.speaking)
    }

    /// True while the utterance may be about to go on: there is sound, too short to tell.
    pub(super) fn stirs(&self, now: Now) -> bool {
        let fresh = now.since(self.last_frame).as_millis() <= u128::from(FRAME_MS) * 2;
        fresh && self.utterance.as_ref().is_some_and(|utterance| utterance.resuming_ms > 0)
    }

    /// The caller's own level, where it is known.
    pub(super) fn caller_db(&self) -> Option<f32> {
        self.caller_db
    }

    /// Takes a frame.
    pub(super) fn frame(
        &mut self,
        now: Now,
        speech: bool,
        level_db: f32,
        agent: Agent,
        hearing: &HearingConfig,
        floor: &FloorConfig,
    ) -> Cue {
        let level_db = if level_db.is_finite() { level_db.clamp(-100.0, 0.0) } else { -100.0 };
        let audible = agent == Agent::Audible;
        let counts = speech && (!audible || level_db >= self.level_over_agent(floor));
        if now.since(self.last_frame).as_millis() > GAP_MS {
            self.window = 0;
        }
        self.last_frame = now;
        self.window = self.window << 1 | u32::from(counts);
        if counts && agent == Agent::Silent {
            self.learn_level(level_db);
        }
        match &mut self.utterance {
            Some(utterance) => utterance.frame(now, counts, level_db, hearing),
            None => {
                let onset_ms = if audible { floor.onset_ms } else { hearing.onset_ms };
                self.overrun = self.overrun.and_then(|overrun| overrun.next(agent));
                self.onset(now, level_db, onset_ms, hearing.preroll_ms)
            }
        }
    }

    /// The utterance is probably over.
    pub(super) fn pause(&mut self) {
        if let Some(utterance) = &mut self.utterance {
            utterance.speaking = false;
            utterance.resuming_ms = 0;
        }
    }

    /// The utterance is over.
    pub(super) fn close(&mut self) -> Option<Utterance> {
        let utterance = self.utterance.take()?;
        self.last_end = utterance.last_speech;
        self.window = if self.overrun.is_some() { u32::MAX } else { 0 };
        Some(utterance)
    }

    /// Closes it and goes on with a new one: the caller has not stopped speaking.
    pub(super) fn split(&mut self, now: Now) -> Option<(Utterance, UtteranceId)> {
        let old = self.utterance.take()?;
        self.utterances += 1;
        let id = self.utterances;
        self.utterance = Some(Utterance { id, began: now, resuming_ms: 0, ..old.clone() });
        Some((old, id))
    }

    /// The agent speaks up over this sound: there is an onset again only after a pause in it,
    /// or once the agent has finished.
    pub(super) fn overrun(&mut self) {
        self.overrun = Some(Overrun::Owed);
    }

    /// What was taken for the caller was noise or echo.
    pub(super) fn false_alarm(&mut self) {
        self.false_alarms = (self.false_alarms + 1).min(MOST_FALSE_STEPS);
    }

    fn level_over_agent(&self, floor: &FloorConfig) -> f32 {
        let known = self.caller_db.map_or(floor.min_level_db, |db| db - floor.echo_margin_db);
        let raised = f32::from(self.false_alarms) * floor.false_step_db;
        // Never out of reach of a caller who speaks as loud as before.
        (known.max(floor.min_level_db) + raised).min(self.caller_db.unwrap_or(-20.0) - 3.0)
    }

    fn learn_level(&mut self, level_db: f32) {
        self.caller_db = Some(match self.caller_db {
            Some(known) => known + (level_db - known) * 0.05,
            None => level_db,
        });
    }

    fn onset(&mut self, now: Now, level_db: f32, onset_ms: u32, preroll_ms: u32) -> Cue {
        if self.overrun.is_some() {
            if self.window.trailing_zeros() >= OVERRUN_FRAMES {
                self.overrun = None;
            }
            return Cue::Nothing;
        }
        let frames = onset_ms.div_ceil(FRAME_MS).clamp(1, 16);
        let span = (frames * 4).div_ceil(3);
        let recent = self.window & ((1 << span) - 1);
        if recent & 1 == 0 || recent.count_ones() < frames {
            return Cue::Nothing;
        }
        let reach = (u32::BITS - recent.leading_zeros()) * FRAME_MS;
        let since_last = u32::try_from(now.since(self.last_end).as_millis()).unwrap_or(u32::MAX);
        self.utterances += 1;
        self.utterance = Some(Utterance {
            id: self.utterances,
            began: now,
            last_speech: now,
            speech_ms: recent.count_ones() * FRAME_MS,
            speaking: true,
            level_db,
            resuming_ms: 0,
        });
        Cue::Onset { preroll_ms: (reach + preroll_ms).min(since_last) }
    }
}

impl Overrun {
    fn next(self, agent: Agent) -> Option<Overrun> {
        match (self, agent) {
            (Overrun::Speaking, Agent::Silent) => None,
            (Overrun::Owed, Agent::Silent) => Some(Overrun::Owed),
            _ => Some(Overrun::Speaking),
        }
    }
}

impl Utterance {
    /// Silence since the last speech.
    pub(super) fn silence(&self, now: Now) -> Duration {
        now.since(self.last_speech)
    }

    /// Time since the onset, in milliseconds.
    pub(super) fn age_ms(&self, now: Now) -> u32 {
        u32::try_from(now.since(self.began).as_millis()).unwrap_or(u32::MAX)
    }

    fn frame(&mut self, now: Now, counts: bool, level_db: f32, config: &HearingConfig) -> Cue {
        if !counts {
            self.resuming_ms = 0;
            return Cue::Nothing;
        }
        let paused_ms = u32::try_from(self.silence(now).as_millis()).unwrap_or(u32::MAX);
        let bridged = self.speaking && paused_ms <= config.hangover_ms + FRAME_MS;
        if !bridged {
            self.resuming_ms += FRAME_MS;
            if self.resuming_ms < config.resume_ms {
                return Cue::Nothing;
            }
        }
        self.speech_ms += FRAME_MS.max(self.resuming_ms);
        self.resuming_ms = 0;
        self.last_speech = now;
        self.level_db += (level_db - self.level_db) * 0.1;
        if std::mem::replace(&mut self.speaking, true) { Cue::Speech } else { Cue::Resumed { after_ms: paused_ms } }
    }
}
