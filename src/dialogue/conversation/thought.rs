//! Thinking ahead: a decision made on a clone of the brain, kept only if the turn turns out
//! to be what was thought about. Nothing in here has an effect on the world.

use jiff::civil::DateTime;
use machine::Now;

use crate::brain::{Act, Brain, Heard, Line};

/// A decision being made, or made, on a clone.
#[derive(Debug)]
pub(super) struct Thought<B> {
    pub(super) heard: Heard,
    /// The brain's version it was cloned from.
    pub(super) version: u64,
    pub(super) brain: B,
    /// The model was asked under this number and has not answered.
    pub(super) request: Option<u32>,
    /// What to do, once decided.
    pub(super) acts: Option<Vec<Act>>,
    pub(super) decision: String,
    pub(super) decided_at: Option<Now>,
    pub(super) first_ms: Option<u32>,
    pub(super) total_ms: Option<u32>,
}

impl<B: Brain> Thought<B> {
    pub(super) fn new(brain: &B, version: u64, heard: Heard) -> Self {
        Thought {
            heard,
            version,
            brain: brain.clone(),
            request: None,
            acts: None,
            decision: String::new(),
            decided_at: None,
            first_ms: None,
            total_ms: None,
        }
    }

    /// Decides, with the model's output or without.
    pub(super) fn decide(&mut self, now: Now, local: DateTime, decision: Option<&str>) {
        self.request = None;
        self.decision = decision.unwrap_or_default().to_owned();
        self.acts = Some(self.brain.decide(local, &self.heard, decision));
        self.decided_at = Some(now);
    }

    /// True for what was thought about this, by this brain.
    pub(super) fn is_about(&self, heard: &Heard, version: u64) -> bool {
        self.version == version && self.heard.text == heard.text && self.heard.keyed == heard.keyed
    }

    /// What would be said first.
    pub(super) fn first_line(&self) -> Option<&Line> {
        match self.acts.as_ref()?.first()? {
            Act::Say(line) => Some(line),
            Act::Tool(_) | Act::HangUp(_) => None,
        }
    }
}
