use jiff::civil::DateTime;

use super::Step;
use super::find::Find;
use crate::agent::asked::Asked;
use crate::agent::desk::Desk;
use crate::agent::reading::Reading;
use crate::agent::search::{Search, Standing};
use crate::agent::wording;
use crate::brain::{ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::day::Days;

/// Another time for an appointment: find it, find a time, hold it, read back, yes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::agent) struct Reschedule {
    pub(in crate::agent) find: Find,
    pub(in crate::agent) search: Search,
    /// All days of the sentence that began it, until the appointment is found.
    named: Vec<Days>,
    moving: bool,
}

impl Reschedule {
    /// Takes in all values of the sentence that began it.
    pub(in crate::agent) fn open(desk: &mut Desk, reading: &Reading, now: DateTime) -> (Self, Step) {
        let mut flow = Reschedule::default();
        flow.find.service.clone_from(&reading.service);
        flow.find.day = reading.when.old_day().or_else(|| {
            let ruled_out = reading.when.days.iter().find(|m| m.role == crate::parse::mention::Role::Not);
            ruled_out.map(|mention| mention.value)
        });
        flow.find.hear(desk, reading);
        flow.search.hear(desk, reading);
        flow.named = reading.when.days.iter().map(|mention| mention.value).collect();
        let step = if desk.has_asked() { Step::Going } else { flow.advance(desk, now) };
        (flow, step)
    }

    pub(in crate::agent) fn hear(&mut self, desk: &mut Desk, reading: &Reading, now: DateTime) -> Step {
        if self.moving {
            return Step::Going;
        }
        let choosing_booking = self.find.chosen.is_none();
        let mut taken = false;
        if choosing_booking || desk.asked == Asked::Spelling || desk.asked == Asked::Name {
            taken = self.find.hear(desk, reading);
        }
        // Until the appointment is found, a day may be its own: it does not count as the wish.
        if desk.asked != Asked::Which && self.search.hear(desk, reading) {
            taken = true;
        }
        if desk.has_asked() {
            return Step::Going;
        }
        if taken { self.advance(desk, now) } else { Step::Lost }
    }

    pub(in crate::agent) fn advance(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match self.find.advance(desk) {
            Step::Done => self.go_on(desk, now),
            step => step,
        }
    }

    fn go_on(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        let Some(booking) = self.find.chosen.clone() else { return Step::Stuck };
        let (here, elsewhere): (Vec<Days>, Vec<Days>) =
            std::mem::take(&mut self.named).into_iter().partition(|day| day.has(booking.start.date()));
        if let ([_, ..], [wish]) = (here.as_slice(), elsewhere.as_slice()) {
            // Two days, and the appointment is on one of them: the other is the wish.
            self.search.wish.day = Some(*wish);
        }
        if self.search.wish.day.is_none() && self.search.wish.time.is_some() && !self.search.wish.is_open() {
            // "Can we make it four instead?": the same day.
            self.search.wish.day = Some(Days::one(booking.start.date()));
        }
        if self.search.wish.day.is_none() && self.search.start.is_none() && !self.search.wish.is_open() {
            let when = wording::moment(booking.start);
            desk.ask(Asked::Day, Phrase::AskNewTime, &[("service", &booking.service), ("when", &when)]);
            return Step::Going;
        }
        let standing = self.search.advance(desk, &booking.service, now);
        self.after_search(desk, standing)
    }

    fn after_search(&mut self, desk: &mut Desk, standing: Standing) -> Step {
        match standing {
            Standing::Going => Step::Going,
            Standing::Nothing => Step::Stuck,
            Standing::Held => {
                self.read_back(desk);
                Step::Going
            }
        }
    }

    fn read_back(&self, desk: &mut Desk) {
        let (Some(booking), Some(start)) = (&self.find.chosen, self.search.start) else { return };
        let (from, to) = (wording::moment(booking.start), wording::moment(start));
        let values = [("service", booking.service.as_str()), ("name", &booking.name), ("from", &from), ("to", &to)];
        desk.ask(Asked::Confirm, Phrase::ConfirmMove, &values);
    }

    pub(in crate::agent) fn yes(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match desk.asked {
            Asked::Confirm => {
                let (Some(hold), Some(booking)) = (self.search.hold, &self.find.chosen) else {
                    return self.advance(desk, now);
                };
                self.moving = true;
                desk.tool(ToolCall::Move { booking: booking.id, hold });
                Step::Going
            }
            Asked::Options if self.search.accept_only() => self.advance(desk, now),
            Asked::AnyChange => {
                self.search.clear(desk);
                self.advance(desk, now)
            }
            Asked::Spelling => self.find.give_up(desk),
            _ => Step::Lost,
        }
    }

    pub(in crate::agent) fn no(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match desk.asked {
            Asked::Confirm => {
                self.search.clear(desk);
                self.advance(desk, now)
            }
            Asked::AnyChange => self.advance(desk, now),
            Asked::Options => match self.search.refuse(desk) {
                Standing::Nothing => Step::Stuck,
                _ => Step::Going,
            },
            _ => self.find.give_up(desk),
        }
    }

    pub(in crate::agent) fn tool_result(
        &mut self,
        desk: &mut Desk,
        call: &ToolCall,
        result: ToolResult,
        now: DateTime,
    ) -> Step {
        match call {
            ToolCall::FindBookings { .. } => match self.find.tool_result(desk, call, result) {
                Step::Done => self.go_on(desk, now),
                step => step,
            },
            ToolCall::Move { .. } => self.moved(desk, result, now),
            _ => {
                let Some(booking) = self.find.chosen.clone() else { return Step::Going };
                let standing = self.search.tool_result(desk, &booking.service, call, result, now);
                self.after_search(desk, standing)
            }
        }
    }

    fn moved(&mut self, desk: &mut Desk, result: ToolResult, now: DateTime) -> Step {
        self.moving = false;
        self.search.hold = None;
        match (result, &self.find.chosen, self.search.start) {
            (ToolResult::Booked { .. } | ToolResult::Done, Some(booking), Some(start)) => {
                let when = wording::moment(start);
                desk.say(Phrase::Moved, &[("service", &booking.service), ("when", &when)]);
                Step::Done
            }
            (ToolResult::Taken, _, _) => {
                desk.say(Phrase::Taken, &[]);
                self.search.forget(desk);
                self.advance(desk, now)
            }
            _ => {
                desk.say(Phrase::ToolFailed, &[]);
                Step::Stuck
            }
        }
    }

    pub(in crate::agent) fn help(&mut self, desk: &mut Desk, now: DateTime) -> bool {
        match (desk.asked, self.find.chosen.clone()) {
            (Asked::Day | Asked::Time, Some(booking)) => {
                self.search.offer_soonest(desk, &booking.service, now) == Standing::Going
            }
            (Asked::Options, _) => {
                desk.say(Phrase::PressOption, &[]);
                desk.ask_again();
                true
            }
            _ => self.find.help(desk),
        }
    }
}
