//! A person, please: tried at once where the business allows it; whoever can't be reached leaves
//! the caller where they were, with a message to take.

use jiff::civil::DateTime;

use super::Agent;
use super::command::Command;
use super::reading::Reading;
use crate::brain::{NotReached, Outcome, ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::{digits, name};

/// Longest reason that a person is told, in characters.
const LONGEST_REASON: usize = 200;

impl Agent {
    /// Whether somebody may be called now.
    pub(super) fn can_transfer(&self, now: DateTime) -> bool {
        let business = &self.desk.business;
        let minute = u16::try_from(i32::from(now.hour()) * 60 + i32::from(now.minute())).unwrap_or_default();
        let open = business.transfer.always || business.hours.open_at(now.date(), minute);
        // Who could not be reached is not called again and again.
        open && !business.transfer.to.is_empty() && self.transfers == 0
    }

    /// Calls somebody for the caller; what was under way waits.
    pub(super) fn transfer(&mut self, reading: &Reading) {
        self.transfers = self.transfers.saturating_add(1);
        if let Some(name) = reading.name.clone() {
            self.desk.name = Some(name);
        }
        let recipient = self.desk.business.messages.recipient.clone();
        self.desk.say(Phrase::Transferring, &[("recipient", &recipient)]);
        self.wanted_human = Some(reading.clone());
        let summary = self.summary(reading);
        self.desk.tool(ToolCall::Transfer { summary });
    }

    /// What the person hears before they take the call.
    fn summary(&self, reading: &Reading) -> String {
        let who = match (&self.desk.name, self.desk.best_phone()) {
            (Some(who), _) => name::written(who),
            (None, Some(phone)) => format!("somebody at {}", digits::in_words(&phone)),
            (None, None) => "a caller".to_owned(),
        };
        let reason = reading.reason.clone().unwrap_or_else(|| reading.text());
        let reason: String = reason.chars().take(LONGEST_REASON).collect();
        self.desk.business.phrases.fill(Phrase::Whisper, &[("caller", &who), ("reason", &reason)])
    }

    /// What came of the call to a person.
    pub(super) fn transferred(&mut self, result: ToolResult, now: DateTime) {
        let reading = self.wanted_human.take();
        let phrase = match result {
            ToolResult::Transferred => {
                self.flow = None;
                return self.desk.hang_up(Outcome::Transferred);
            }
            ToolResult::NotReached { why: NotReached::Busy } => Phrase::TransferBusy,
            ToolResult::NotReached { why: NotReached::NoAnswer } => Phrase::TransferNoAnswer,
            _ => Phrase::TransferFailed,
        };
        let recipient = self.desk.business.messages.recipient.clone();
        let named: &[(&str, &str)] = &[("recipient", &recipient)];
        self.desk.say(phrase, if phrase.gaps().is_empty() { &[] } else { named });
        match reading {
            Some(reading) => self.begin(Command::LeaveMessage, &reading, now),
            None => self.resume(now),
        }
    }
}
