//! What is still to be done, in order, and the one tool that may be running.

use std::collections::VecDeque;

use crate::brain::{Act, Line, Outcome, ToolCall};

/// Most acts waiting; a brain that asks for more has run wild.
const MOST_ACTS: usize = 64;
/// Most tools run for one turn.
pub(super) const MOST_TOOLS: u32 = 16;

/// A tool at work.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) request: u32,
    pub(super) key: String,
    pub(super) call: ToolCall,
}

#[derive(Debug, Default)]
pub(super) struct Work {
    acts: VecDeque<Act>,
    pub(super) running: Option<Running>,
    /// Tools run since the turn began.
    pub(super) tools: u32,
}

impl Work {
    /// Does these before all that waits: they follow from what was done last.
    pub(super) fn next(&mut self, acts: Vec<Act>) {
        for act in acts.into_iter().take(MOST_ACTS).rev() {
            self.acts.push_front(act);
        }
        self.acts.truncate(MOST_ACTS);
    }

    /// Does these after all that waits.
    pub(super) fn last(&mut self, acts: Vec<Act>) {
        let room = MOST_ACTS.saturating_sub(self.acts.len());
        self.acts.extend(acts.into_iter().take(room));
    }

    /// The next act, unless a tool must answer first.
    pub(super) fn take(&mut self) -> Option<Act> {
        if self.running.is_some() {
            return None;
        }
        self.acts.pop_front()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.acts.is_empty() && self.running.is_none()
    }

    /// The caller cut in: what was to be said is not said any more, what was to be done is.
    pub(super) fn drop_words(&mut self) {
        self.acts.retain(|act| match act {
            Act::Say(line) => !line.interruptible,
            Act::Tool(_) => true,
            Act::HangUp(outcome) => *outcome != Outcome::Completed,
        });
    }

    /// Nothing of it was begun that matters: forget it.
    pub(super) fn drop_all(&mut self) {
        self.acts.clear();
        self.running = None;
    }

    /// Lines that must be heard before anything else.
    pub(super) fn owe(&mut self, lines: Vec<Line>) {
        self.next(lines.into_iter().map(Act::Say).collect());
    }
}
