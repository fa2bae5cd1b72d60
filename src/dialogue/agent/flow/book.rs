use jiff::civil::DateTime;

use super::Step;
use crate::agent::asked::Asked;
use crate::agent::desk::Desk;
use crate::agent::naming;
use crate::agent::reading::Reading;
use crate::agent::search::{Search, Standing};
use crate::agent::sureness::Doubts;
use crate::agent::wording;
use crate::brain::{ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::words::has_any;
use crate::parse::{digits, name};

/// Longest answer to a question of the business, in characters.
const LONGEST_ANSWER: usize = 200;

/// A new appointment: service, day and time, hold, name, number, questions, read-back, yes.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::agent) struct Book {
    pub(in crate::agent) service: Option<String>,
    pub(in crate::agent) search: Search,
    answers: Vec<String>,
    last_name_asked: bool,
    /// The booking is being made.
    booking: bool,
    /// A number was asked for and given, or can't be had.
    phone_settled: bool,
}

impl Book {
    /// Takes in all values of the sentence that began it.
    pub(in crate::agent) fn open(desk: &mut Desk, reading: &Reading, now: DateTime) -> (Self, Step) {
        let mut flow = Book::default();
        if let [only] = desk.business.services.as_slice() {
            flow.service = Some(only.name.clone());
        }
        let asked = flow.take(desk, reading);
        let step = if asked == Taken::Asked { Step::Going } else { flow.advance(desk, now) };
        (flow, step)
    }

    pub(in crate::agent) fn hear(&mut self, desk: &mut Desk, reading: &Reading, now: DateTime) -> Step {
        if self.booking {
            return Step::Going;
        }
        match self.take(desk, reading) {
            Taken::Asked => Step::Going,
            Taken::Nothing => Step::Lost,
            Taken::Something => self.advance(desk, now),
        }
    }

    fn take(&mut self, desk: &mut Desk, reading: &Reading) -> Taken {
        let mut taken = false;
        if desk.asked == Asked::Question {
            let answer: String = reading.text().chars().take(LONGEST_ANSWER).collect();
            self.answers.push(answer);
            return Taken::Something;
        }
        if let (Some(first), Some(second)) = (&reading.service, &reading.other_service)
            && self.service.as_ref() != Some(first)
        {
            desk.ask(Asked::Service, Phrase::WhichIsRight, &[("first", first), ("second", second)]);
            return Taken::Asked;
        }
        let keyed = if desk.asked == Asked::Service { reading.keyed_choice() } else { None };
        let keyed = keyed.and_then(|i| desk.business.services.get(i)).map(|service| service.name.clone());
        if let Some(service) = keyed.or_else(|| reading.service.clone()) {
            taken = true;
            if self.service.as_ref() != Some(&service) {
                self.search.forget(desk);
                self.service = Some(service);
            }
        }
        taken |= self.take_name(desk, reading);
        taken |= self.take_phone(desk, reading);
        if desk.asked == Asked::Change && !taken && !reading.tells_when() {
            taken |= self.take_change(desk, reading);
        }
        // Digits are no time, and what sounds like a day in a name is none.
        let other = matches!(desk.asked, Asked::Phone | Asked::CallerPhone | Asked::PhoneMeant)
            || (matches!(desk.asked, Asked::Name | Asked::Spelling) && taken);
        if !other && self.search.hear(desk, reading) {
            taken = true;
        }
        if desk.has_asked() {
            return Taken::Asked;
        }
        if taken { Taken::Something } else { Taken::Nothing }
    }

    fn take_name(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        let named = naming::take(desk, reading);
        // What was spelled is the last name already.
        self.last_name_asked |= named && desk.asked == Asked::Spelling;
        named
    }

    fn take_phone(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        let answers = matches!(
            desk.asked,
            Asked::Phone | Asked::CallerPhone | Asked::PhoneMeant | Asked::Confirm | Asked::Change
        );
        // Who was not ready for the question before answers the one they expected.
        let complete = reading.phone.as_ref().is_some_and(|phone| desk.is_complete(phone));
        let wanted = matches!(desk.asked, Asked::Name | Asked::Spelling | Asked::AnyChange) || complete;
        let early = wanted && reading.spelled.is_none() && desk.asked != Asked::Question;
        if !(answers || early && desk.business.booking.ask_phone) {
            return false;
        }
        let shown = desk.caller_number().filter(|_| reading.same_number);
        let phone = reading.phone.clone().or(shown);
        let Some(phone) = phone else { return false };
        self.phone_settled = desk.take_phone(phone, reading.phone_doubtful);
        true
    }

    /// "The time", "the name": what is to be changed is asked anew.
    fn take_change(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        let said = |groups: &[&str]| has_any(&reading.words, groups);
        if said(&["name"]) {
            desk.naming.doubts = Doubts { first: false, last: true };
        } else if said(&["time", "day", "date", "when"]) {
            self.search.clear(desk);
        } else if said(&["service", "treatment"]) {
            self.service = None;
            self.search.forget(desk);
        } else if said(&["phone", "number"]) {
            desk.phone = None;
            self.phone_settled = false;
        } else {
            return false;
        }
        true
    }

    pub(in crate::agent) fn advance(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        let Some(service) = self.service.clone() else {
            desk.ask(Asked::Service, Phrase::AskService, &[]);
            return Step::Going;
        };
        match self.search.advance(desk, &service, now) {
            Standing::Going => Step::Going,
            Standing::Nothing => Step::Stuck,
            Standing::Held => self.complete(desk, &service),
        }
    }

    /// A time is held: what is missing, then the read-back.
    fn complete(&mut self, desk: &mut Desk, service: &str) -> Step {
        match naming::settle(desk) {
            naming::Standing::Known => {}
            naming::Standing::Asked => return Step::Going,
            naming::Standing::Lost => {
                desk.say(Phrase::NotUnderstoodToo, &[]);
                return Step::Stuck;
            }
        }
        let name = desk.name.clone().unwrap_or_default();
        if !name.contains(' ') && !self.last_name_asked {
            self.last_name_asked = true;
            desk.naming.wants_last = true;
            desk.ask(Asked::Name, Phrase::AskLastName, &[("name", &name::written(&name))]);
            return Step::Going;
        }
        if desk.business.booking.ask_phone && !self.phone_settled && desk.phone.is_none() {
            let (asked, phrase) = match desk.caller_number() {
                Some(_) => (Asked::CallerPhone, Phrase::AskCallerPhone),
                None => (Asked::Phone, Phrase::AskPhone),
            };
            desk.ask(asked, phrase, &[]);
            return Step::Going;
        }
        if let Some(question) = desk.business.questions.get(self.answers.len()) {
            let ask = question.ask.clone();
            desk.ask_own(Asked::Question, ask);
            return Step::Going;
        }
        self.read_back(desk, service);
        Step::Going
    }

    fn read_back(&self, desk: &mut Desk, service: &str) {
        let (Some(start), Some(name)) = (self.search.start, desk.name.clone()) else { return };
        let (when, name) = (wording::moment(start), name::written(&name));
        let values = [("service", service), ("when", when.as_str()), ("name", name.as_str())];
        match desk.phone.clone().filter(|_| desk.business.booking.ask_phone) {
            Some(phone) => {
                let phone = digits::in_words(&phone);
                let [service, when, name] = values;
                desk.ask(Asked::Confirm, Phrase::ConfirmBookingPhone, &[service, when, name, ("phone", &phone)]);
            }
            None => desk.ask(Asked::Confirm, Phrase::ConfirmBooking, &values),
        }
    }

    pub(in crate::agent) fn yes(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match desk.asked {
            Asked::Confirm => {
                let (Some(hold), Some(name)) = (self.search.hold, desk.name.clone()) else {
                    return self.advance(desk, now);
                };
                self.booking = true;
                let notes = self.notes(desk);
                desk.tool(ToolCall::Book { hold, name: name::written(&name), phone: desk.best_phone(), notes });
                Step::Going
            }
            Asked::CallerPhone => {
                desk.phone = desk.caller_number();
                self.phone_settled = true;
                self.advance(desk, now)
            }
            Asked::PhoneMeant => self.phone_told(desk, true, now),
            Asked::AnyChange => {
                desk.ask(Asked::Change, Phrase::AskChange, &[]);
                Step::Going
            }
            // "Yes" to "please spell your name" is no name yet.
            Asked::Spelling | Asked::Name if desk.naming.doubts.any() => self.advance(desk, now),
            Asked::Options if self.search.accept_only() => self.advance(desk, now),
            _ => Step::Lost,
        }
    }

    fn phone_told(&mut self, desk: &mut Desk, right: bool, now: DateTime) -> Step {
        self.phone_settled = desk.phone_meant(right);
        if self.phone_settled { self.advance(desk, now) } else { Step::Going }
    }

    /// Nothing was made out of the answer about a name that was heard badly: it is asked for in
    /// another way. `None` when something else is being asked.
    pub(in crate::agent) fn name_again(&mut self, desk: &mut Desk) -> Option<Step> {
        let service = self.service.clone().filter(|_| self.search.hold.is_some())?;
        let asks = matches!(desk.asked, Asked::Spelling | Asked::Name) && desk.naming.doubts.any();
        asks.then(|| self.complete(desk, &service))
    }

    /// The wish in words, for a message when it can't be met.
    pub(in crate::agent) fn wish(&self) -> Option<String> {
        let service = self.service.as_ref()?;
        let when = self.search.start.map(|start| format!(", {}", wording::moment(start))).unwrap_or_default();
        Some(format!("Would like to book {service}{when}."))
    }

    pub(in crate::agent) fn no(&mut self, desk: &mut Desk, now: DateTime) -> Step {
        match desk.asked {
            Asked::Confirm => {
                desk.ask(Asked::Change, Phrase::AskChange, &[]);
                Step::Going
            }
            Asked::CallerPhone => {
                desk.ask(Asked::Phone, Phrase::AskPhone, &[]);
                Step::Going
            }
            Asked::Options => match self.search.refuse(desk) {
                Standing::Nothing => Step::Stuck,
                _ => Step::Going,
            },
            Asked::PhoneMeant => self.phone_told(desk, false, now),
            // It stays as it is, and is read back.
            Asked::AnyChange | Asked::Change => self.advance(desk, now),
            Asked::Spelling | Asked::Name if desk.naming.doubts.any() => self.advance(desk, now),
            // "Just anna."
            Asked::Name if desk.name.is_some() => self.advance(desk, now),
            Asked::Phone => {
                self.phone_settled = true;
                self.advance(desk, now)
            }
            _ => Step::Lost,
        }
    }

    pub(in crate::agent) fn tool_result(
        &mut self,
        desk: &mut Desk,
        call: &ToolCall,
        result: ToolResult,
        now: DateTime,
    ) -> Step {
        let Some(service) = self.service.clone() else { return Step::Going };
        if !matches!(call, ToolCall::Book { .. }) {
            return match self.search.tool_result(desk, &service, call, result, now) {
                Standing::Going => Step::Going,
                Standing::Nothing => Step::Stuck,
                Standing::Held => self.complete(desk, &service),
            };
        }
        self.booking = false;
        self.search.hold = None;
        match result {
            ToolResult::Booked { .. } => {
                let when = self.search.start.map(wording::moment).unwrap_or_default();
                desk.say(Phrase::Booked, &[("service", &service), ("when", &when)]);
                Step::Done
            }
            ToolResult::Taken => {
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

    /// The answers to the business's own questions, for whoever prepares the appointment.
    fn notes(&self, desk: &Desk) -> String {
        let pairs = desk.business.questions.iter().zip(&self.answers);
        pairs.map(|(question, answer)| format!("{}: {answer}", question.key)).collect::<Vec<_>>().join("; ")
    }

    pub(in crate::agent) fn help(&mut self, desk: &mut Desk, now: DateTime) -> bool {
        match desk.asked {
            Asked::Service => {
                let services = desk.business.services.iter().take(9).enumerate();
                let numbers = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
                let choices: Vec<String> = services
                    .map(|(i, s)| format!("{} for {}", numbers.get(i).copied().unwrap_or(""), s.name))
                    .collect();
                desk.ask(Asked::Service, Phrase::PressService, &[("choices", &choices.join(", "))]);
                true
            }
            Asked::Day | Asked::Time => {
                let Some(service) = self.service.clone() else { return false };
                self.search.offer_soonest(desk, &service, now) == Standing::Going
            }
            Asked::Options => {
                desk.say(Phrase::PressOption, &[]);
                desk.ask_again();
                true
            }
            Asked::Name => {
                desk.ask(Asked::Spelling, Phrase::AskSpelling, &[]);
                true
            }
            // Better an appointment without a number than none.
            Asked::Phone => {
                self.phone_settled = true;
                self.advance(desk, now) == Step::Going
            }
            _ => false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Nothing,
    Something,
    Asked,
}
