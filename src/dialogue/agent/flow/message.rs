use super::Step;
use crate::agent::asked::Asked;
use crate::agent::desk::Desk;
use crate::agent::naming;
use crate::agent::reading::Reading;
use crate::brain::{ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::name;
use crate::parse::words::at;

/// Longest message, in characters: what a turn holds.
const LONGEST: usize = 4_000;
/// What announces the message itself in the sentence that asks for it.
const LEADS: [&str; 14] = [
    "that says",
    "saying",
    "to say that",
    "to say",
    "that",
    "know",
    "tell him",
    "tell her",
    "tell them",
    "ask him to",
    "ask her to",
    "about",
    "because",
    "call me back",
];

/// A message for the owner: the text, who, how to call back.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::agent) struct Message {
    text: Option<String>,
    urgent: bool,
    name_settled: bool,
    phone_settled: bool,
    /// How often it could not be kept.
    failed: u8,
    /// It is being kept.
    sent: bool,
    /// The message itself is kept already, under this id: who and how are added to it.
    kept: Option<i64>,
}

impl Message {
    /// A message asked for, perhaps with its text already.
    pub(in crate::agent) fn open(desk: &mut Desk, reading: &Reading, urgent: bool) -> (Self, Step) {
        let mut flow = Message { urgent, ..Message::default() };
        naming::take(desk, reading);
        flow.text = if urgent { None } else { told(reading) };
        let step = flow.advance(desk);
        (flow, step)
    }

    /// A message with this text: only who and how are missing.
    pub(in crate::agent) fn about(text: String) -> Self {
        Message { text: Some(text.chars().take(LONGEST).collect()), ..Message::default() }
    }

    /// The number to call back about an urgent message that is kept already.
    pub(in crate::agent) fn urgent_number(kept: i64) -> Self {
        Message { urgent: true, name_settled: true, kept: Some(kept), ..Message::default() }
    }

    pub(in crate::agent) fn hear(&mut self, desk: &mut Desk, reading: &Reading) -> Step {
        match desk.asked {
            Asked::Message if !reading.words.is_empty() => {
                let text = reading.whole_text();
                self.text = Some(text.chars().take(LONGEST).collect());
                // "This is anna schmidt, ..."
                naming::take(desk, reading);
            }
            Asked::Name | Asked::Spelling => {
                if !naming::take(desk, reading) {
                    return Step::Lost;
                }
            }
            Asked::Phone | Asked::PhoneMeant => match reading.phone.clone() {
                Some(phone) if !desk.take_phone(phone.clone(), reading.phone_doubtful) => return Step::Going,
                Some(_) => {}
                None => return Step::Lost,
            },
            _ => return Step::Lost,
        }
        self.advance(desk)
    }

    pub(in crate::agent) fn no(&mut self, desk: &mut Desk) -> Step {
        match desk.asked {
            Asked::Name | Asked::Spelling => self.name_settled = true,
            Asked::Phone => self.phone_settled = true,
            Asked::PhoneMeant => {
                desk.phone_meant(false);
                return Step::Going;
            }
            _ => return Step::Lost,
        }
        self.advance(desk)
    }

    pub(in crate::agent) fn yes(&mut self, desk: &mut Desk) -> Step {
        if desk.asked != Asked::PhoneMeant {
            return Step::Lost;
        }
        if desk.phone_meant(true) { self.advance(desk) } else { Step::Going }
    }

    /// The caller hung up while saying `unfinished`: what there is of a message is kept.
    pub(in crate::agent) fn hung_up(&mut self, desk: &mut Desk, unfinished: &Reading) {
        match desk.asked {
            Asked::Message if !unfinished.words.is_empty() => {
                self.text = Some(unfinished.whole_text().chars().take(LONGEST).collect());
            }
            Asked::Name if unfinished.name.is_some() => {
                naming::take(desk, unfinished);
            }
            Asked::Phone if unfinished.phone.is_some() => desk.phone.clone_from(&unfinished.phone),
            _ => {}
        }
        if !self.sent && (self.kept.is_none() || desk.phone.is_some()) {
            self.settle(desk);
        }
    }

    /// What is still missing can't be had: keep what there is. False when there is no text.
    pub(in crate::agent) fn settle(&mut self, desk: &mut Desk) -> bool {
        self.name_settled = true;
        self.phone_settled = true;
        (self.text.is_some() || self.kept.is_some()) && self.advance(desk) == Step::Going
    }

    pub(in crate::agent) fn advance(&mut self, desk: &mut Desk) -> Step {
        if self.text.is_none() && self.kept.is_none() {
            desk.ask(Asked::Message, Phrase::AskMessage, &[]);
            return Step::Going;
        }
        let rules = desk.business.messages.clone();
        if desk.name.is_none() && rules.ask_name && !self.name_settled {
            desk.ask(Asked::Name, Phrase::AskName, &[]);
            return Step::Going;
        }
        if desk.best_phone().is_none() && rules.ask_phone && !self.phone_settled {
            desk.ask(Asked::Phone, Phrase::AskPhone, &[]);
            return Step::Going;
        }
        let (name, phone) = (desk.name.as_deref().map(name::written), desk.best_phone());
        let call = match (self.kept, self.text.clone()) {
            (Some(_), _) if phone.is_none() => return Step::Done,
            (Some(message), _) => ToolCall::CompleteMessage { message, name, phone },
            (None, text) => ToolCall::Message { name, phone, text: text.unwrap_or_default(), urgent: self.urgent },
        };
        self.sent = true;
        desk.tool(call);
        Step::Going
    }

    pub(in crate::agent) fn tool_result(&mut self, desk: &mut Desk, result: ToolResult) -> Step {
        self.sent = false;
        match result {
            ToolResult::MessageKept { .. } => {
                let recipient = desk.business.messages.recipient.clone();
                desk.say(Phrase::MessageKept, &[("recipient", &recipient)]);
            }
            _ if self.failed == 0 => {
                self.failed += 1;
                return self.advance(desk);
            }
            _ => desk.say(Phrase::MessageLost, &[]),
        }
        Step::Done
    }
}

/// The message in the sentence that asks for it: from the word that announces it on, in the
/// caller's own words.
fn told(reading: &Reading) -> Option<String> {
    if let Some(reason) = reading.reason.as_ref().filter(|reason| reason.split(' ').count() >= 3) {
        return Some(reason.clone());
    }
    for lead in LEADS {
        let Some(start) = at(&reading.words, lead) else { continue };
        let announced =
            matches!(lead, "tell him" | "tell her" | "tell them" | "ask him to" | "ask her to" | "call me back");
        let skip = if announced { 0 } else { lead.split(' ').count() };
        let text = reading.words.get(start + skip..).unwrap_or_default();
        if text.len() >= 3 {
            return Some(text.join(" "));
        }
    }
    None
}
