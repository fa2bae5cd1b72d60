use jiff::civil::DateTime;

use super::Step;
use crate::agent::asked::Asked;
use crate::agent::desk::Desk;
use crate::agent::naming;
use crate::agent::reading::Reading;
use crate::agent::wording;
use crate::brain::{Booking, ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::day::Days;
use crate::parse::mention::Wanted;
use crate::parse::{choice, name};

/// Most bookings that are put to choice.
const MOST: usize = 3;

/// Finds the appointment that a caller has: by the number that calls, by name. That a name
/// may be misheard is for the look-up to allow for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::agent) struct Find {
    /// When it is, as the caller said.
    pub(in crate::agent) day: Option<Days>,
    /// What it is, as the caller said.
    pub(in crate::agent) service: Option<String>,
    found: Vec<Booking>,
    pub(in crate::agent) chosen: Option<Booking>,
    by_phone: bool,
    /// A number that was said instead of a name.
    told_phone: Option<String>,
    by_name: Option<String>,
    spelled: bool,
    /// The look-up that is awaited: the answer to an older one does not count.
    awaited: Option<ToolCall>,
}

impl Find {
    /// An appointment of that day.
    pub(super) fn on(day: Days) -> Self {
        Find { day: Some(day), ..Find::default() }
    }

    /// Takes in a name, a choice, a day of the appointment. True when there was something.
    pub(super) fn hear(&mut self, desk: &mut Desk, reading: &Reading) -> bool {
        if desk.asked == Asked::Which && self.choose(reading) {
            return true;
        }
        if let (Some(phone), Asked::Name | Asked::Spelling) = (&reading.phone, desk.asked) {
            self.told_phone = Some(phone.clone());
            return true;
        }
        let before = desk.name.clone();
        let named = naming::take(desk, reading);
        if named && desk.name != before {
            self.chosen = None;
        }
        named
    }

    fn choose(&mut self, reading: &Reading) -> bool {
        let by_place = reading.keyed_choice().or_else(|| choice::choice(&reading.words, self.found.len(), true));
        let chosen = match by_place {
            Some(index) if reading.when.days.is_empty() => self.found.get(index).cloned(),
            _ => {
                let day = if let Wanted::One(day) = reading.when.day() { Some(day) } else { reading.when.old_day() };
                let time = if let Wanted::One(time) = reading.time { Some(time) } else { None };
                let fits = |booking: &&Booking| {
                    let minute = wording::minute_of(booking.start);
                    day.is_none_or(|day| day.has(booking.start.date()))
                        && time.is_none_or(|t| t.has(minute) || t.other_half().is_some_and(|t| t.has(minute)))
                        && reading.service.as_ref().is_none_or(|service| *service == booking.service)
                };
                let told = day.is_some() || time.is_some() || reading.service.is_some();
                let fitting: Vec<Booking> = self.found.iter().filter(fits).cloned().collect();
                if let ([only], true) = (fitting.as_slice(), told) { Some(only.clone()) } else { None }
            }
        };
        self.chosen = chosen;
        self.chosen.is_some()
    }

    /// Looks on. `Done` when the appointment is found.
    pub(super) fn advance(&mut self, desk: &mut Desk) -> Step {
        if self.chosen.is_some() {
            return Step::Done;
        }
        if let Some(phone) = self.told_phone.take() {
            return self.look_up(desk, None, Some(phone));
        }
        if let Some(name) = desk.name.clone() {
            if self.by_name.as_ref() != Some(&name) {
                self.by_name = Some(name.clone());
                return self.look_up(desk, Some(name::written(&name)), None);
            }
            return self.not_found(desk, &name);
        }
        if let (Some(phone), false) = (desk.caller_number(), self.by_phone) {
            self.by_phone = true;
            return self.look_up(desk, None, Some(phone));
        }
        desk.ask(Asked::Name, Phrase::AskBookingName, &[]);
        Step::Going
    }

    fn look_up(&mut self, desk: &mut Desk, name: Option<String>, phone: Option<String>) -> Step {
        let call = ToolCall::FindBookings { name, phone };
        self.awaited = Some(call.clone());
        desk.tool(call);
        Step::Going
    }

    fn not_found(&mut self, desk: &mut Desk, name: &str) -> Step {
        if self.spelled {
            desk.say(Phrase::NotFound, &[]);
            return Step::Stuck;
        }
        self.spelled = true;
        desk.say(Phrase::NoBooking, &[("name", &name::written(name))]);
        desk.ask(Asked::Spelling, Phrase::AskSpelling, &[]);
        Step::Going
    }

    pub(super) fn tool_result(&mut self, desk: &mut Desk, call: &ToolCall, result: ToolResult) -> Step {
        if self.awaited.as_ref() != Some(call) {
            return Step::Going;
        }
        self.awaited = None;
        let ToolResult::Bookings { bookings } = result else {
            desk.say(Phrase::ToolFailed, &[]);
            return Step::Stuck;
        };
        self.found = bookings;
        self.narrow();
        match self.found.as_slice() {
            [] => self.advance(desk),
            [only] => {
                self.chosen = Some(only.clone());
                Step::Done
            }
            _ => {
                self.ask_which(desk);
                Step::Going
            }
        }
    }

    /// Keeps what fits the day and service that were said, as long as anything does.
    fn narrow(&mut self) {
        let (day, service) = (self.day, self.service.clone());
        let on_day = |booking: &Booking| day.is_none_or(|day| day.has(booking.start.date()));
        let of_service = |booking: &Booking| service.as_ref().is_none_or(|service| *service == booking.service);
        for fits in [&on_day as &dyn Fn(&Booking) -> bool, &of_service] {
            if self.found.iter().any(fits) {
                self.found.retain(fits);
            }
        }
        self.found.sort_by_key(|booking| booking.start);
        self.found.truncate(MOST);
    }

    fn ask_which(&self, desk: &mut Desk) {
        let one = |booking: &Booking| format!("{}, {}", booking.service, wording::moment(booking.start));
        let spoken: Vec<String> = self.found.iter().map(one).collect();
        match spoken.as_slice() {
            [first, second] => {
                desk.ask(Asked::Which, Phrase::WhichOfTwo, &[("first", first), ("second", second)]);
            }
            [first, second, third, ..] => {
                desk.ask(Asked::Which, Phrase::WhichOfThree, &[("first", first), ("second", second), ("third", third)])
            }
            _ => {}
        }
    }

    /// Yes or no to letters or to a choice: nothing more to find it by.
    pub(super) fn give_up(&self, desk: &mut Desk) -> Step {
        if !matches!(desk.asked, Asked::Which | Asked::Spelling) {
            return Step::Lost;
        }
        desk.say(Phrase::NotFound, &[]);
        Step::Stuck
    }

    /// Another way to be found after a miss.
    pub(super) fn help(&mut self, desk: &mut Desk) -> bool {
        match desk.asked {
            Asked::Name => {
                desk.ask(Asked::Spelling, Phrase::AskSpelling, &[]);
                true
            }
            Asked::Which => {
                desk.say(Phrase::PressOption, &[]);
                desk.ask_again();
                true
            }
            _ => false,
        }
    }

    /// When the chosen appointment is.
    pub(in crate::agent) fn start(&self) -> Option<DateTime> {
        self.chosen.as_ref().map(|booking| booking.start)
    }
}
