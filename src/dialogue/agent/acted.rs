//! What a turn was taken for in the end, by rules or by the model: for `callbox chat --json`.

use serde_json::{Map, Value};

use super::asked::Asked;
use super::command::Command;
use super::reading::Reading;
use super::understand::Meaning;
use crate::parse::mention::Wanted;

/// A command by its name, and the values read out of the turn.
pub(super) type ActedOn = (&'static str, Value);

/// Before the first turn.
pub(super) fn nothing() -> ActedOn {
    ("nothing", Value::Object(Map::new()))
}

/// The command and values of a turn with this meaning.
pub(super) fn on(meaning: Meaning, reading: &Reading, asked: Asked) -> ActedOn {
    let name = match meaning {
        Meaning::Command(command) => named(command),
        Meaning::Value => value(reading, asked),
        Meaning::Perhaps(_) | Meaning::Unclear => "ask",
        Meaning::Drop => "drop",
        Meaning::Unrecorded => "unrecorded",
        Meaning::Nothing => "nothing",
    };
    let mut values = Map::new();
    if let Meaning::Perhaps(command) = meaning {
        values.insert("whether".to_owned(), named(command).into());
    }
    let mut keep = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            values.insert(key.to_owned(), value.into());
        }
    };
    keep("service", reading.service.clone());
    keep("name", reading.spelled.clone().or_else(|| reading.name.clone()));
    keep("phone", reading.phone.clone());
    if let Wanted::One(day) = reading.when.day() {
        keep("day", Some(day.first.to_string()));
    }
    if let Wanted::One(time) = reading.time {
        keep("time", Some(format!("{:02}:{:02}", time.from_minute / 60, time.from_minute % 60)));
    }
    keep("keys", Some(reading.keyed.clone()).filter(|keys| !keys.is_empty()));
    (name, Value::Object(values))
}

fn named(command: Command) -> &'static str {
    Command::ALL.iter().find(|(known, _)| *known == command).map_or("nothing", |(_, name)| name)
}

fn value(reading: &Reading, asked: Asked) -> &'static str {
    match asked {
        Asked::Message => "leave_message",
        Asked::Phone | Asked::PhoneMeant | Asked::CallerPhone if reading.phone.is_some() => "give_phone",
        Asked::Name | Asked::Spelling if reading.name.is_some() || reading.spelled.is_some() => "give_name",
        _ if reading.tells_when() => "give_time",
        Asked::Options | Asked::Which => "choose_option",
        _ if reading.name.is_some() || reading.spelled.is_some() => "give_name",
        _ if reading.phone.is_some() => "give_phone",
        _ => "value",
    }
}
