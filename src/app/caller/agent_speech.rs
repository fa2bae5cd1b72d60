use std::time::Duration;

use machine::Now;

/// Silence after which sound is taken to begin anew, and not to go on.
const ONSET_GAP: Duration = Duration::from_millis(200);

/// What is known of the agent's voice: when it is heard, and since when it is not.
#[derive(Debug, Clone)]
pub(super) struct AgentSpeech {
    patience: Duration,
    speaking: bool,
    onset: Option<Now>,
    last: Option<Now>,
}

/// What a sound means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sound {
    /// It goes on.
    More,
    /// It begins anew after a pause within its speech.
    Onset,
    /// Speech begins.
    Start {
        /// For the first time in the call.
        first: bool,
    },
}

impl AgentSpeech {
    pub fn new(patience: Duration) -> Self {
        AgentSpeech { patience, speaking: false, onset: None, last: None }
    }

    /// Something audible came.
    pub fn audible(&mut self, now: Now) -> Sound {
        let first = self.last.is_none();
        let is_onset = self.last.is_none_or(|last| now.since(last) >= ONSET_GAP);
        self.last = Some(now);
        if is_onset {
            self.onset = Some(now);
        }
        match (std::mem::replace(&mut self.speaking, true), is_onset) {
            (false, _) => Sound::Start { first },
            (true, true) => Sound::Onset,
            (true, false) => Sound::More,
        }
    }

    /// When its speech ended, told once, when patience is over.
    pub fn ended(&mut self, now: Now) -> Option<Now> {
        let ended = self.last.filter(|last| self.speaking && now >= *last + self.patience)?;
        self.speaking = false;
        Some(ended)
    }

    /// When patience will be over.
    pub fn ends(&self) -> Now {
        self.last.filter(|_| self.speaking).map_or(Now::NEVER, |last| last + self.patience)
    }

    pub fn is_speaking(&self) -> bool {
        self.speaking
    }

    /// When it was last audible.
    pub fn last(&self) -> Option<Now> {
        self.last
    }

    /// When it last began to be audible.
    pub fn onset(&self) -> Option<Now> {
        self.onset
    }

    /// Audible at this instant, pauses between words included.
    pub fn covers(&self, instant: Now) -> bool {
        self.last.is_some_and(|last| last + ONSET_GAP >= instant)
    }
}
