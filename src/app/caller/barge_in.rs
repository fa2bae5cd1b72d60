use std::time::Duration;

use machine::Now;

use super::event::{Ms, What};

/// Silence that is not a pause between two words.
const STOPPED: Duration = Duration::from_millis(500);
/// The agent counts as speaking when it was audible so shortly before the caller cut in.
const WAS_SPEAKING: Duration = Duration::from_millis(300);

/// A caller who cuts in, and how long the agent takes to stop.
#[derive(Debug, Clone)]
pub(super) struct BargeIn {
    turn: u32,
    asked: Now,
    began: Option<Now>,
}

impl BargeIn {
    /// The caller is told to speak at this instant.
    pub fn new(turn: u32, asked: Now) -> Self {
        BargeIn { turn, asked, began: None }
    }

    /// The first audible sample was sent.
    pub fn began(&mut self, at: Now) {
        self.began = Some(at);
    }

    /// When the agent fell silent and how long it took, once it has been silent for long enough;
    /// no time when it was not speaking.
    pub fn verdict(&self, now: Now, last: Option<Now>) -> Option<(Now, What)> {
        let (at, what) = self.settled(last)?;
        let is_known = matches!(what, What::BargeIn { to_silence_ms: None, .. });
        (is_known || now >= at + STOPPED).then_some((at, what))
    }

    /// The same of an agent that was last audible then and has begun its answer since: however
    /// short, that was no pause between two words.
    pub fn settled(&self, last: Option<Now>) -> Option<(Now, What)> {
        let (turn, began) = (self.turn, self.began?);
        let Some(last) = last.filter(|last| *last + WAS_SPEAKING >= self.asked) else {
            return Some((began, What::BargeIn { turn, to_silence_ms: None }));
        };
        let to_silence_ms = Some(Ms::between(began, last));
        Some((last.max(began), What::BargeIn { turn, to_silence_ms }))
    }

    /// When the verdict may be known.
    pub fn due(&self, last: Option<Now>) -> Now {
        self.began.map_or(Now::NEVER, |began| last.map_or(began, |last| last.max(began)) + STOPPED)
    }
}
