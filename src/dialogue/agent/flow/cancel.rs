use super::Step;
use super::find::Find;
use crate::agent::asked::Asked;
use crate::agent::desk::Desk;
use crate::agent::reading::Reading;
use crate::agent::wording;
use crate::brain::{ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::answer::Answer;
use crate::parse::mention::Wanted;

/// No appointment after all: find it, read it back, yes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::agent) struct Cancel {
    find: Find,
    cancelling: bool,
}

impl Cancel {
    /// Takes in all values of the sentence that began it.
    pub(in crate::agent) fn open(desk: &mut Desk, reading: &Reading) -> (Self, Step) {
        let mut flow = Cancel::default();
        flow.find.service.clone_from(&reading.service);
        flow.find.day = day_said(reading);
        flow.find.hear(desk, reading);
        let step = flow.advance(desk);
        (flow, step)
    }

    pub(in crate::agent) fn hear(&mut self, desk: &mut Desk, reading: &Reading) -> Step {
        if self.cancelling {
            return Step::Going;
        }
        let known = self.find.chosen.clone();
        let told_day = day_said(reading).filter(|day| self.find.start().is_some_and(|s| !day.has(s.date())));
        if self.find.hear(desk, reading) && (self.find.chosen.is_none() || known.is_none()) {
            return self.advance(desk);
        }
        if let (Asked::Confirm, Some(day)) = (desk.asked, told_day) {
            // "No, the one on friday."
            self.find = Find::on(day);
            return self.advance(desk);
        }
        match reading.answer.filter(|_| desk.asked == Asked::Confirm) {
            Some(Answer::Yes) => self.yes(desk),
            // Whatever else was heard: what is kept can still be cancelled.
            Some(Answer::No) => self.no(desk),
            None => Step::Lost,
        }
    }

    pub(in crate::agent) fn advance(&mut self, desk: &mut Desk) -> Step {
        match self.find.advance(desk) {
            Step::Done => self.read_back(desk),
            step => step,
        }
    }

    fn read_back(&self, desk: &mut Desk) -> Step {
        let Some(booking) = self.find.chosen.clone() else { return Step::Stuck };
        let when = wording::moment(booking.start);
        let values = [("service", booking.service.as_str()), ("when", &when), ("name", &booking.name)];
        desk.ask(Asked::Confirm, Phrase::ConfirmCancel, &values);
        Step::Going
    }

    pub(in crate::agent) fn yes(&mut self, desk: &mut Desk) -> Step {
        let (Asked::Confirm, Some(booking)) = (desk.asked, &self.find.chosen) else {
            return if desk.asked == Asked::Spelling { self.find.give_up(desk) } else { Step::Lost };
        };
        self.cancelling = true;
        desk.tool(ToolCall::Cancel { booking: booking.id });
        Step::Going
    }

    pub(in crate::agent) fn no(&mut self, desk: &mut Desk) -> Step {
        match desk.asked {
            Asked::Confirm => {
                desk.say(Phrase::Kept, &[]);
                Step::Done
            }
            _ => self.find.give_up(desk),
        }
    }

    pub(in crate::agent) fn tool_result(&mut self, desk: &mut Desk, call: &ToolCall, result: ToolResult) -> Step {
        if !matches!(call, ToolCall::Cancel { .. }) {
            return match self.find.tool_result(desk, call, result) {
                Step::Done => self.read_back(desk),
                step => step,
            };
        }
        self.cancelling = false;
        match (result, self.find.chosen.clone()) {
            (ToolResult::Done, Some(booking)) => {
                let when = wording::moment(booking.start);
                desk.say(Phrase::Cancelled, &[("service", &booking.service), ("when", &when)]);
                Step::Done
            }
            _ => {
                desk.say(Phrase::ToolFailed, &[]);
                Step::Stuck
            }
        }
    }

    pub(in crate::agent) fn help(&mut self, desk: &mut Desk) -> bool {
        self.find.help(desk)
    }
}

/// Whatever day is said, it is the appointment's.
fn day_said(reading: &Reading) -> Option<crate::parse::day::Days> {
    let not = reading.when.days.first().map(|mention| mention.value);
    match reading.when.day() {
        Wanted::One(day) => Some(day),
        _ => reading.when.old_day().or(not),
    }
}
