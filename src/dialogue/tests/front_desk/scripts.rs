//! The call scripts of benches/calls, and what a recogniser made of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use dialogue::parse::day::weekday;
use dialogue::{Brain, Heard, ToolCall};
use jiff::ToSpan;
use jiff::civil::DateTime;

use super::{Stage, monday};

/// One call: who answers, what is booked already, what must come of it, what the caller says.
pub struct CallScript {
    pub file: String,
    pub business: String,
    pub given: Vec<Fact>,
    pub expect: Vec<Fact>,
    pub turns: Vec<String>,
}

/// `#expect book day=tuesday name="anna smith"`: a verb and what belongs to it.
pub struct Fact {
    pub verb: String,
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

pub fn scripts(folder: &str) -> Vec<CallScript> {
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

/// What a recogniser made of a turn, and what a model made of that.
pub struct Misheard {
    pub heard: Heard,
    pub decision: Option<String>,
}

/// The transcripts of real calls over these scripts, by script.
pub fn misheard(text: &str) -> BTreeMap<String, Vec<Misheard>> {
    let mut calls: BTreeMap<String, Vec<Misheard>> = BTreeMap::new();
    let mut script = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix("= ") {
            script = format!("{name}.txt");
            continue;
        }
        let mut parts = line.splitn(3, '|').map(str::trim);
        let confidence = parts.next().unwrap_or_default().parse().expect("a confidence");
        let text = parts.next().unwrap_or_default().to_owned();
        let decision = parts.next().filter(|decision| !decision.is_empty()).map(str::to_owned);
        let heard = Heard { text, confidence, ..Heard::default() };
        calls.entry(script.clone()).or_default().push(Misheard { heard, decision });
    }
    calls
}

/// What six voices were heard to say, word by word, by the line they said.
pub fn by_voice(text: &str) -> BTreeMap<String, Vec<Heard>> {
    let percent = |text: &str| text.parse::<f32>().expect("a percentage") / 100.0;
    let mut lines: BTreeMap<String, Vec<Heard>> = BTreeMap::new();
    let mut said = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix("= ") {
            line.clone_into(&mut said);
            continue;
        }
        let mut parts = line.split('|');
        let mut part = || parts.next().expect("three parts a row");
        let (confidence, text) = (percent(part()), part().to_owned());
        let words = part().split_whitespace().map(percent).collect();
        lines.entry(said.clone()).or_default().push(Heard { text, confidence, words, ..Heard::default() });
    }
    lines
}

fn set(script: &CallScript) -> Stage {
    let mut call = Stage::at(&script.business);
    for given in &script.given {
        let value = |key| given.value(key).expect("a complete booking");
        let start = upcoming(value("day"), value("time"));
        let name = dialogue::parse::name::written(value("name"));
        call.calendar.give(&name, value("service"), start, None);
    }
    call
}

/// The call as it is written, with a silent model.
pub fn play(script: &CallScript) -> (Stage, String) {
    let turns = script.turns.iter().map(|turn| (super::heard(turn), None));
    play_turns(script, turns)
}

/// The call as it was heard.
pub fn play_misheard(script: &CallScript, turns: &[Misheard]) -> (Stage, String) {
    play_turns(script, turns.iter().map(|turn| (turn.heard.clone(), turn.decision.clone())))
}

fn play_turns(script: &CallScript, turns: impl Iterator<Item = (Heard, Option<String>)>) -> (Stage, String) {
    let mut call = set(script);
    let mut spoken = format!("agent: {}\n", call.said);
    let mut missed = 0;
    for (heard, decision) in turns {
        if call.ended.is_some() {
            break;
        }
        let said = if heard.text.is_empty() {
            missed += 1;
            call.said.clear();
            let acts = call.agent.not_understood(missed);
            call.perform(acts);
            call.said.clone()
        } else {
            missed = 0;
            call.hear(&heard, |_| decision)
        };
        spoken.push_str(&format!("caller: {}\nagent: {said}\n", heard.text));
    }
    (call, spoken)
}

/// What the tools did to the calendar and the message book, as facts.
pub fn done(script: &CallScript, call: &Stage) -> Result<(), String> {
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
