//! Questions about the business: answered from its own data, else from its knowledge folder.
//! Nothing is invented; what has no answer becomes a message.

use super::command::Command;
use super::desk::Desk;
use super::reading::Reading;
use super::understand::Meaning;
use super::wording;
use crate::business::{Business, Phrase};
use crate::parse::mention::Wanted;
use crate::parse::words::has_any;

/// What a turn means, kept while the knowledge folder is asked.
#[derive(Clone, PartialEq)]
pub(super) struct Deferred {
    pub(super) meaning: Meaning,
    pub(super) reading: Reading,
    pub(super) wording: Option<String>,
}

/// What is done when the knowledge folder has nothing.
#[derive(Clone, PartialEq)]
pub(super) enum Otherwise {
    /// What the turn was taken for, unless the folder has a strong answer.
    Act(Box<Deferred>),
    /// The price of which service?
    PriceOf,
    /// Nothing known: offer a message about this.
    Message(String),
    /// It is none of our business, in the model's words if they may be heard.
    OutOfScope(Option<String>),
}

/// What came of a question.
#[derive(Clone, PartialEq)]
pub(super) enum Informed {
    /// It is answered.
    Answered,
    /// The knowledge folder must be asked.
    Ask(Otherwise),
}

/// Ask for a price and nothing else.
const PLAIN_PRICE: &[&str] = &["how much", "price", "prices", "cost", "costs", "charge", "expensive", "rates"];

/// Answers a question from the business's data, or says what to look up. The knowledge folder had
/// no better answer.
pub(super) fn answer(desk: &mut Desk, command: Command, reading: &Reading) -> Informed {
    match command {
        Command::Hours => hours(desk, reading),
        Command::Price => return price(desk, reading),
        Command::Address if desk.business.identity.address.is_some() => say_address(desk),
        Command::ServiceArea if desk.business.identity.service_area.is_some() => say_area(desk),
        _ => return Informed::Ask(Otherwise::Message(reading.text())),
    }
    Informed::Answered
}

fn price(desk: &mut Desk, reading: &Reading) -> Informed {
    let Some(service) = reading.service.clone() else {
        if desk.business.services.is_empty() || !has_any(&reading.words, PLAIN_PRICE) {
            return Informed::Ask(Otherwise::Message(reading.text()));
        }
        return Informed::Ask(Otherwise::PriceOf);
    };
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

fn say_address(desk: &mut Desk) {
    let address = desk.business.identity.address.clone().unwrap_or_default();
    desk.say(Phrase::Address, &[("address", &address)]);
}

fn say_area(desk: &mut Desk) {
    let area = desk.business.identity.service_area.clone().unwrap_or_default();
    desk.say(Phrase::ServiceArea, &[("area", &area)]);
}

/// The line that names all services.
pub(super) fn services_line(business: &Business) -> String {
    let names: Vec<String> = business.services.iter().map(|service| service.name.clone()).collect();
    business.phrases.fill(Phrase::ListServices, &[("services", &wording::list(&names))])
}
