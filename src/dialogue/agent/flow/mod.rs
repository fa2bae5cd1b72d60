//! The flows: small deterministic machines, one file each. They decide what to ask next, when
//! to look up, hold, read back and act. A flow acts on the calendar in one place only: after a
//! yes to its read-back.

mod book;
mod cancel;
mod find;
mod message;
mod reschedule;

use jiff::civil::DateTime;

use super::desk::Desk;
use super::prompt::Have;
use super::reading::Reading;
use crate::brain::{ToolCall, ToolResult};

pub(super) use book::Book;
pub(super) use cancel::Cancel;
pub(super) use message::Message;
pub(super) use reschedule::Reschedule;

/// Where a flow stands after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It has asked something, or waits for a tool.
    Going,
    /// The turn gave it nothing to go on.
    Lost,
    /// It has come to its end.
    Done,
    /// It can't go on; a message is what is left.
    Stuck,
}

/// The flow under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Flow {
    Book(Box<Book>),
    Reschedule(Box<Reschedule>),
    Cancel(Box<Cancel>),
    Message(Box<Message>),
}

impl Flow {
    /// Goes on with what was said.
    pub(super) fn hear(&mut self, desk: &mut Desk, reading: &Reading, now: DateTime) -> Step {
        match self {
            Flow::Book(flow) => flow.hear(desk, reading, now),
            Flow::Reschedule(flow) => flow.hear(desk, reading, now),
            Flow::Cancel(flow) => flow.hear(desk, reading),
            Flow::Message(flow) => flow.hear(desk, reading),
        }
    }

    /// The question that stands was answered with a plain yes.
    pub(super) fn yes(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match self {
            Flow::Book(flow) => flow.yes(desk, now),
            Flow::Reschedule(flow) => flow.yes(desk, now),
            Flow::Cancel(flow) => flow.yes(desk),
            Flow::Message(flow) => flow.yes(desk),
        }
    }

    /// The question that stands was answered with a plain no.
    pub(super) fn no(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match self {
            Flow::Book(flow) => flow.no(desk, now),
            Flow::Reschedule(flow) => flow.no(desk, now),
            Flow::Cancel(flow) => flow.no(desk),
            Flow::Message(flow) => flow.no(desk),
        }
    }

    /// Asks what it needs next, or acts.
    pub(super) fn advance(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match self {
            Flow::Book(flow) => flow.advance(desk, now),
            Flow::Reschedule(flow) => flow.advance(desk, now),
            Flow::Cancel(flow) => flow.advance(desk),
            Flow::Message(flow) => flow.advance(desk),
        }
    }

    /// A tool has answered.
    pub(super) fn tool_result(&mut self, desk: &mut Desk, call: &ToolCall, result: ToolResult, now: DateTime) -> Step {
        match self {
            Flow::Book(flow) => flow.tool_result(desk, call, result, now),
            Flow::Reschedule(flow) => flow.tool_result(desk, call, result, now),
            Flow::Cancel(flow) => flow.tool_result(desk, call, result),
            Flow::Message(flow) => flow.tool_result(desk, result),
        }
    }

    /// Another way to the same answer, after the caller was not understood twice. False when
    /// there is none.
    pub(super) fn help(&mut self, desk: &mut Desk, now: DateTime) -> bool {
        match self {
            Flow::Book(flow) => flow.help(desk, now),
            Flow::Reschedule(flow) => flow.help(desk, now),
            Flow::Cancel(flow) => flow.help(desk),
            Flow::Message(_) => false,
        }
    }

    /// Leaves: what is held is given back. True when something was under way that the caller
    /// should be told is off.
    pub(super) fn leave(&mut self, desk: &mut Desk) {
        match self {
            Flow::Book(flow) => flow.search.forget(desk),
            Flow::Reschedule(flow) => flow.search.forget(desk),
            Flow::Cancel(_) | Flow::Message(_) => {}
        }
    }

    /// What is known, for the prompt.
    pub(super) fn have(&self, desk: &Desk) -> Have {
        let name = desk.name.is_some();
        let phone = desk.phone.is_some();
        match self {
            Flow::Book(flow) => Have {
                service: flow.service.is_some(),
                day: flow.search.wish.day.is_some(),
                time: flow.search.wish.time.is_some(),
                name,
                phone,
            },
            Flow::Reschedule(flow) => Have {
                service: flow.find.chosen.is_some(),
                day: flow.search.wish.day.is_some(),
                time: flow.search.wish.time.is_some(),
                name,
                phone,
            },
            Flow::Cancel(_) | Flow::Message(_) => Have { name, phone, ..Have::default() },
        }
    }

    /// True when a day or a time means something to it.
    pub(super) fn wants_time(&self) -> bool {
        matches!(self, Flow::Book(_) | Flow::Reschedule(_))
    }
}
