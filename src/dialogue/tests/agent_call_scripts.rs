//! The call scripts of benches/calls, by text: with a silent model the known wordings still end
//! as expected, and no wording ends in an effect that was not wanted.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use std::fs;
use std::path::Path;

use dialogue::ToolCall;
use dialogue::parse::day::weekday;
use front_desk::{Stage, monday};
use jiff::ToSpan;
use jiff::civil::DateTime;

struct CallScript {
    file: String,
    business: String,
    given: Vec<Fact>,
    expect: Vec<Fact>,
    turns: Vec<String>,
}

/// `#expect book day=tuesday name="anna smith"`: a verb and what belongs to it.
struct Fact {
    verb: String,
    values: Vec<(String, String)>,
}

impl Fact {
    fn read(text: &str) -> Self {
        let mut pieces: Vec<String> = vec![String::new()];
        let mut quoted = false;
        for letter in text.chars() {
            match letter {
                '"' => quoted = !quoted,
                ' ' if !quoted => pieces.push(String::new()),
                letter => pieces.last_mut().expect("never empty").push(letter),
            }
        }
        let mut pieces = pieces.into_iter();
        let verb = pieces.next().unwrap_or_default();
        let values = pieces.map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece.as_str(), ""));
            (key.to_owned(), value.to_owned())
        });
        Fact { verb, values: values.collect() }
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn fits(&self, name: &str, service: Option<&str>, start: DateTime) -> bool {
        let wanted = |key| self.value(key).filter(|value| *value != "any");
        wanted("name").is_none_or(|value| value.eq_ignore_ascii_case(name))
            && wanted("service").is_none_or(|value| service.is_none_or(|service| value == service))
            && wanted("day").is_none_or(|value| weekday(value) == Some(start.weekday()))
            && wanted("time").is_none_or(|value| value == start.strftime("%H:%M").to_string())
    }
}

fn scripts(folder: &str) -> Vec<CallScript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/calls").join(folder);
    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("the call scripts").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files.iter().map(|path| script(path)).collect()
}

fn script(path: &Path) -> CallScript {
    let text = fs::read_to_string(path).expect("a call script");
    let told = |lead: &'static str| text.lines().filter_map(move |line| line.strip_prefix(lead)).map(str::trim);
    let turns = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    CallScript {
        file: path.file_name().expect("a name").to_string_lossy().into_owned(),
        business: told("#business").next().expect("a business").to_owned(),
        given: told("#given").map(Fact::read).collect(),
        expect: told("#expect").map(Fact::read).collect(),
        turns: turns.map(str::to_owned).collect(),
    }
}

fn upcoming(day: &str, time: &str) -> DateTime {
    let wanted = weekday(day).expect("a weekday");
    let ahead = monday().weekday().until(wanted);
    let date = monday().date().checked_add(i64::from(if ahead == 0 { 7 } else { ahead }).days()).expect("a date");
    date.to_datetime(time.parse().expect("a time"))
}

fn play(script: &CallScript) -> (Stage, String) {
    let mut call = Stage::at(&script.business);
    for given in &script.given {
        let value = |key| given.value(key).expect("a complete booking");
        let start = upcoming(value("day"), value("time"));
        let name = dialogue::parse::name::written(value("name"));
        call.calendar.give(&name, value("service"), start, None);
    }
    let mut spoken = format!("agent: {}\n", call.said);
    for turn in &script.turns {
        if call.ended.is_some() {
            break;
        }
        let said = call.say(turn);
        spoken.push_str(&format!("caller: {turn}\nagent: {said}\n"));
    }
    (call, spoken)
}

/// What the tools did to the calendar and the message book, as facts.
fn done(script: &CallScript, call: &Stage) -> Result<(), String> {
    let expects = |verb: &str| script.expect.iter().find(|fact| fact.verb == verb);
    let mut met: Vec<&str> = Vec::new();
    for tool in &call.tools {
        match tool {
            ToolCall::Book { name, .. } => {
                let (_, service, start) = call
                    .bookings()
                    .into_iter()
                    .rfind(|(booked, _, _)| booked == name)
                    .ok_or("the booking is not there")?;
                let right = expects("book").is_some_and(|fact| fact.fits(name, Some(&service), start));
                right.then(|| met.push("book")).ok_or(format!("wrong booking: {name}, {service}, {start}"))?;
            }
            ToolCall::Move { booking, .. } => {
                let (moved, _) = call.calendar.bookings.get(booking).ok_or("the booking is gone")?;
                let right = expects("move").is_some_and(|fact| fact.fits(&moved.name, None, moved.start));
                right.then(|| met.push("move")).ok_or(format!("wrong move: {}, {}", moved.name, moved.start))?;
            }
            ToolCall::Cancel { .. } => {
                expects("cancel").map(|_| met.push("cancel")).ok_or("cancelled what was not to be")?;
            }
            ToolCall::Message { urgent: true, .. } => met.push("urgent"),
            ToolCall::Message { .. } => met.push("message"),
            _ => {}
        }
    }
    for fact in &script.expect {
        let answered = fact.verb == "info" || fact.verb == "none";
        if !answered && !met.contains(&fact.verb.as_str()) {
            return Err(format!("no {}", fact.verb));
        }
    }
    Ok(())
}

#[test]
fn there_are_thirty_of_each() {
    assert_eq!((scripts("known").len(), scripts("free").len()), (30, 30));
}

#[test]
fn known_wordings_end_as_expected() {
    let mut wrong = String::new();
    for script in scripts("known") {
        let (call, spoken) = play(&script);
        if let Err(why) = done(&script, &call) {
            wrong.push_str(&format!("{}: {why}\n{spoken}\n", script.file));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn free_wordings_never_end_in_a_wrong_effect() {
    let mut wrong = String::new();
    let mut right = 0;
    for script in scripts("free") {
        let (call, spoken) = play(&script);
        match done(&script, &call) {
            Ok(()) => right += 1,
            Err(why) if why.starts_with("no ") => {
                if std::env::var_os("SHOW_CALLS").is_some() {
                    println!("{}: {why}\n{spoken}", script.file);
                }
            }
            Err(why) => wrong.push_str(&format!("{}: {why}\n{spoken}\n", script.file)),
        }
    }
    println!("free wording, no model: {right} of 30 as expected");
    assert!(wrong.is_empty(), "{wrong}");
}
