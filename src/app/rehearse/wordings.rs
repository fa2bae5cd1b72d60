//! How a caller puts things, unless its scenario has words of its own.

use jiff::civil::Time;

use super::scenario::{ChangedMind, Facts, Wish};
use super::words::{digits_said, letters, time_said};

/// Words for which a caller has no others.
pub(super) const YES: &str = "yes please";
pub(super) const RIGHT: &str = "yes that's right";
pub(super) const NO: &str = "no";
pub(super) const GOODBYE: &str = "no thank you goodbye";
pub(super) const GIVE_UP: &str = "never mind thank you goodbye";
pub(super) const EITHER: &str = "the first one please";
pub(super) const NO_PHONE: &str = "i would rather not give a number";

pub(super) fn service(facts: &Facts) -> String {
    format!("a {} please", facts.service.as_deref().unwrap_or("appointment"))
}

pub(super) fn day(facts: &Facts) -> String {
    format!("on {} please", facts.day.as_deref().unwrap_or("any day"))
}

pub(super) fn time(time: Time) -> String {
    format!("at {}", time_said(time))
}

/// Day and time as far as they are known.
pub(super) fn when(facts: &Facts) -> String {
    let day = facts.day.as_ref().map(|day| format!("on {day}"));
    let time = facts.time.map(time);
    [day, time].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn name(facts: &Facts, spells: bool) -> String {
    let name = facts.name.as_deref().unwrap_or("anybody");
    if spells {
        format!("my name is {name} that is {}", last_name_spelled(facts))
    } else {
        format!("my name is {name}")
    }
}

pub(super) fn last_name(facts: &Facts) -> String {
    facts.name.as_deref().and_then(|name| name.split_whitespace().last()).unwrap_or("anybody").to_owned()
}

pub(super) fn last_name_spelled(facts: &Facts) -> String {
    letters(&last_name(facts))
}

pub(super) fn first_name_spelled(facts: &Facts) -> String {
    letters(facts.name.as_deref().and_then(|name| name.split_whitespace().next()).unwrap_or("anybody"))
}

pub(super) fn phone(digits: &str) -> String {
    digits_said(digits)
}

/// What is wrong with a read-back, corrected.
pub(super) fn correction(slot: &str, facts: &Facts) -> String {
    match slot {
        "service" => format!("no i would like {}", service(facts).trim_end_matches(" please")),
        "name" => format!("no {}", name(facts, false)),
        "phone" => format!("no my number is {}", facts.phone.as_deref().map(phone).unwrap_or_default()),
        _ => format!("no {}", when(facts)),
    }
}

/// A name that was read back wrong again and again.
pub(super) fn spelled_out(facts: &Facts) -> String {
    let name = facts.name.as_deref().unwrap_or("anybody");
    let parts: Vec<String> = name.split_whitespace().map(|part| format!("{part} {}", letters(part))).collect();
    format!("no it is {}", parts.join(" "))
}

/// What should be changed, asked for by name.
pub(super) fn slot(slot: &str) -> String {
    match slot {
        "day" | "time" => "the time".into(),
        other => format!("the {other}"),
    }
}

pub(super) fn changed_mind(change: &ChangedMind) -> String {
    if let Some(say) = &change.say {
        return say.clone();
    }
    let day = change.day.as_ref().map(|day| format!("on {day}"));
    let time = change.time.map(time);
    let service = change.service.as_ref().map(|service| format!("a {service}"));
    let wanted: Vec<String> = [service, day, time].into_iter().flatten().collect();
    format!("could we make it {} instead", wanted.join(" "))
}

pub(super) fn wish(wish: Wish) -> &'static str {
    match wish {
        Wish::Book => "i would like to book an appointment",
        Wish::Move => "i would like to move my appointment",
        Wish::Cancel => "i would like to cancel my appointment",
        Wish::Message => "i would like to leave a message",
        Wish::Human => "i would like to speak to a person",
        Wish::Emergency => "it is an emergency",
        Wish::Ask | Wish::Nothing => "i only have a question",
    }
}
