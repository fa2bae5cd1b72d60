//! What is said and done: the agent of one business in one call.
//!
//! The model interprets, flows perform. A turn is first held against rules (danger, "a human
//! please", plain answers to what was asked); only what they leave open goes to the model,
//! under a grammar made for this very turn. Values are parsed by code from the caller's own
//! words. Nothing is booked, moved or cancelled without a yes to a read-back: that holds with
//! the model replaced by an adversary, and there is a test that does so.

mod acted;
mod asked;
mod brain;
mod command;
mod cue_words;
mod cues;
mod decision;
mod desk;
mod flow;
mod grammar;
mod inform;
mod naming;
mod policy;
mod prompt;
mod question;
mod reading;
mod route;
mod search;
mod so_far;
mod sureness;
mod transfer;
mod understand;
mod wish;
mod wording;

use std::sync::Arc;

use jiff::civil::DateTime;

pub use crate::business::SpeechMode;
pub use command::Command;
pub use prompt::{PromptStyle, chat_instructions};

use crate::brain::{Heard, Passage};
use crate::business::Business;
use desk::Desk;
use flow::Flow;
use inform::Otherwise;
use reading::Reading;

/// What the language model is trusted with, from its manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trust {
    /// Whether its own words may be heard. The business can only narrow this.
    pub speech: SpeechMode,
    /// How it wants its prompt.
    pub prompt: PromptStyle,
}

impl Default for Trust {
    fn default() -> Self {
        Trust { speech: SpeechMode::Quoted, prompt: PromptStyle::Starter }
    }
}

/// Who calls, as far as the line tells.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Caller {
    /// The number shown.
    pub number: Option<String>,
    /// The name shown.
    pub name: Option<String>,
}

impl std::fmt::Debug for Caller {
    /// Who calls is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<String>| if value.is_some() { "shown" } else { "withheld" };
        write!(f, "Caller(number {}, name {})", shown(&self.number), shown(&self.name))
    }
}

/// The agent in one call.
#[derive(Clone)]
pub struct Agent {
    desk: Desk,
    flow: Option<Flow>,
    /// Interrupted by another one; taken up again after it.
    parked: Option<Flow>,
    /// What the sentence behind "did you mean ...?" said.
    meant: Option<Reading>,
    /// What the knowledge folder was asked, and what is done when it has nothing.
    looking_up: Option<(String, Otherwise)>,
    /// What it had, while the same question is gone on with.
    found: Option<Vec<Passage>>,
    /// A question that became an offer to take a message.
    unanswered: Option<String>,
    /// An urgent message is on its way; its text.
    alarm: Option<String>,
    /// The read-back was talked over: a yes to it is no consent.
    unheard: bool,
    /// The caller took leave with something unfinished, and was told so.
    warned: bool,
    /// What was suggested last is not what the caller wants.
    astray: bool,
    /// How often somebody was called for the caller.
    transfers: u8,
    /// What was said when a person was asked for, while one is called.
    wanted_human: Option<Reading>,
    acted_on: acted::ActedOn,
    randomness: fastrand::Rng,
}

impl std::fmt::Debug for Agent {
    /// What was said is not for logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Agent(asked {:?})", self.desk.asked)
    }
}

impl Agent {
    /// The part of every prompt that all calls of this business share: worth reading before anybody
    /// calls.
    pub fn shared_prompt(&self) -> String {
        prompt::shared(self.desk.trust.prompt, &self.desk.business.identity.kind, self.desk.is_free())
    }

    /// The agent of this business for a call from `caller`; the same `seed` gives the same call.
    pub fn new(business: Arc<Business>, trust: Trust, caller: Caller, seed: u64) -> Self {
        Agent {
            desk: Desk::new(business, trust, caller),
            flow: None,
            parked: None,
            meant: None,
            looking_up: None,
            found: None,
            unanswered: None,
            alarm: None,
            unheard: false,
            warned: false,
            astray: false,
            transfers: 0,
            wanted_human: None,
            acted_on: acted::nothing(),
            randomness: fastrand::Rng::with_seed(seed),
        }
    }

    /// What the last turn was taken for, whether rules or the model decided it: a command of
    /// [`Command::ALL`] by name, or `ask`, `value`, `drop`, `nothing`; and the values read out of
    /// the turn. Holds what a caller said: not for logs.
    pub fn last_command(&self) -> (&'static str, serde_json::Value) {
        self.acted_on.clone()
    }

    fn read(&self, now: DateTime, heard: &Heard) -> Reading {
        Reading::new(&self.desk.business, self.desk.asked, now, heard)
    }
}
