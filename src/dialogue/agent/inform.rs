//! Questions about the business: answered from its own data, else from its knowledge folder.
//! Nothing is invented; what has no answer becomes a message.

use super::command::Command;
use super::desk::Desk;
use super::reading::Reading;
use super::wording;
use crate::business::{Business, Phrase};
use crate::parse::mention::Wanted;
use crate::parse::words::has_any;

/// What is said when the knowledge folder has nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// This is still true and to the point.
    Address,
    /// The same for the area.
    Area,
    /// The price of which service?
    PriceOf,
    /// Nothing known: offer a message about this.
    Message(String),
    /// It is none of our business, in the model's words if they may be heard.
    OutOfScope(Option<String>),
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Informed {
    /// It is answered.
    Answered,
    /// The knowledge folder must be asked.
    Ask(Otherwise),
}

/// Words that ask for more than opening hours, the address or a price list can say.
const PARTICULAR: &[&str] = &[
    "parking",
    "park",
    "wheelchair",
    "insurance",
    "card",
    "cash",
    "pay",
    "payment",
    "discount",
    "deposit",
    "steps",
    "elevator",
    "bus",
    "train",
    "station",
    "late",
    "fee",
    "children",
    "kids",
    "gift",
    "new patients",
    "walk ins",
    "free",
];

/// Answers a question, or says what to look up.
pub(super) fn answer(desk: &mut Desk, command: Command, reading: &Reading) -> Informed {
    let particular = has_any(&reading.words, PARTICULAR);
    match command {
        Command::Hours => {
            hours(desk, reading);
            Informed::Answered
        }
        Command::Price => price(desk, reading, particular),
        Command::Address if !particular && desk.business.identity.address.is_some() => {
            say_address(desk);
            Informed::Answered
        }
        Command::Address if desk.business.identity.address.is_some() => Informed::Ask(Otherwise::Address),
        Command::ServiceArea if !particular && desk.business.identity.service_area.is_some() => {
            say_area(desk);
            Informed::Answered
        }
        Command::ServiceArea if desk.business.identity.service_area.is_some() => Informed::Ask(Otherwise::Area),
        _ => Informed::Ask(Otherwise::Message(reading.text())),
    }
}

fn price(desk: &mut Desk, reading: &Reading, particular: bool) -> Informed {
    let Some(service) = reading.service.clone() else {
        if particular || desk.business.services.is_empty() {
            return Informed::Ask(Otherwise::Message(reading.text()));
        }
        return Informed::Ask(Otherwise::PriceOf);
    };
    if particular && !has_any(&reading.words, &["fee", "free"]) {
        return Informed::Ask(Otherwise::Message(reading.text()));
    }
    match desk.business.service(&service).and_then(|service| service.price.clone()) {
        Some(price) => {
            desk.say(Phrase::Price, &[("service", &service), ("price", &price)]);
            Informed::Answered
        }
        None => Informed::Ask(Otherwise::Message(reading.text())),
    }
}

fn hours(desk: &mut Desk, reading: &Reading) {
    let business = desk.business.clone();
    let wanted = match reading.when.day() {
        Wanted::One(day) if day.is_one() => Some(day.first),
        _ => None,
    };
    let Some(date) = wanted else {
        return desk.say(Phrase::HoursWeek, &[("hours", &wording::week(&business.hours))]);
    };
    let day = wording::day(date);
    match business.hours.on(date) {
        [] => desk.say(Phrase::HoursClosed, &[("day", &day)]),
        openings => desk.say(Phrase::HoursOn, &[("day", &day), ("hours", &wording::openings(openings))]),
    }
}

pub(super) fn say_address(desk: &mut Desk) {
    let address = desk.business.identity.address.clone().unwrap_or_default();
    desk.say(Phrase::Address, &[("address", &address)]);
}

pub(super) fn say_area(desk: &mut Desk) {
    let area = desk.business.identity.service_area.clone().unwrap_or_default();
    desk.say(Phrase::ServiceArea, &[("area", &area)]);
}

/// The line that names all services.
pub(super) fn services_line(business: &Business) -> String {
    let names: Vec<String> = business.services.iter().map(|service| service.name.clone()).collect();
    business.phrases.fill(Phrase::ListServices, &[("services", &wording::list(&names))])
}
