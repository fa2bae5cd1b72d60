//! A call by text: the agent of a ready business, a scripted model, a calendar in memory.
#![allow(dead_code)] // every test file uses another part of it
#![allow(clippy::expect_used)] // a test may say what it stands on

pub mod scripts;

use std::collections::BTreeMap;
use std::sync::Arc;

use dialogue::agent::{Agent, Caller, PromptStyle, SpeechMode, Trust};
use dialogue::business::{Business, READY};
use dialogue::parse::fuzzy;
use dialogue::{Act, Ask, Booking, Brain, Heard, Outcome, Passage, ToolCall, ToolResult};
use jiff::civil::{DateTime, date};

/// Monday, ten in the morning.
pub fn monday() -> DateTime {
    date(2026, 11, 23).at(10, 0, 0, 0)
}

pub fn business(name: &str) -> Business {
    let ready = READY.iter().find(|ready| ready.name == name).expect("a ready business");
    Business::parse(ready.files[0].1, "business.toml").expect("a ready business is in order")
}

/// Bookings, holds and messages in memory.
#[derive(Clone, Default)]
pub struct Calendar {
    pub bookings: BTreeMap<i64, (Booking, Option<String>)>,
    pub holds: BTreeMap<i64, (String, DateTime)>,
    pub messages: Vec<(Option<String>, Option<String>, String, bool)>,
    pub next: i64,
    /// Starts that nobody can have.
    pub blocked: Vec<DateTime>,
    /// The next hold finds its time taken.
    pub snatch: bool,
    pub broken: bool,
    /// What comes of a transfer.
    pub transfer: Option<ToolResult>,
    /// What the owner wrote.
    pub knowledge: Vec<&'static str>,
    /// The notes of every booking made.
    pub notes: Vec<String>,
}

/// Those of `known` that hold words of the question which say something, best first.
fn passages(known: &[&str], question: &str) -> Vec<Passage> {
    const EMPTY: &str = " how much long does what your with there have from when where which this that will are the \
                         you for and can take is my do a in at of i it to on near late about ";
    let asked: Vec<&str> = question.split(' ').filter(|word| !EMPTY.contains(&format!(" {word} "))).collect();
    let covered = |text: &str| -> Vec<String> {
        let text = text.to_lowercase();
        let stem = |word: &str| word.trim_end_matches('s').to_owned();
        asked.iter().filter(|word| text.contains(&stem(word))).map(|word| (*word).to_owned()).collect()
    };
    let mut found: Vec<Passage> = known
        .iter()
        .map(|text| (text, covered(text)))
        .filter(|(_, words)| !words.is_empty())
        .map(|(text, words)| Passage {
            text: (*text).into(),
            source: "visit.md".into(),
            score: words.len() as f64 / asked.len() as f64,
            words,
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

impl Calendar {
    pub fn give(&mut self, name: &str, service: &str, start: DateTime, phone: Option<&str>) -> i64 {
        self.next += 1;
        let booking = Booking { id: self.next, name: name.into(), service: service.into(), start };
        self.bookings.insert(self.next, (booking, phone.map(str::to_owned)));
        self.next
    }

    fn taken(&self, start: DateTime) -> bool {
        self.blocked.contains(&start)
            || self.bookings.values().any(|(booking, _)| booking.start == start)
            || self.holds.values().any(|(_, held)| *held == start)
    }

    fn run(&mut self, business: &Business, call: &ToolCall) -> ToolResult {
        if self.broken {
            return ToolResult::Failed { why: "the calendar is broken".into() };
        }
        match call.clone() {
            ToolCall::FreeSlots { service, from, until, limit } => {
                let service = business.service(&service).expect("a service of the business");
                let starts = business.candidates(service, from, until).map(|(start, _)| start);
                let free = starts.filter(|start| !self.taken(*start)).take(usize::from(limit));
                ToolResult::Slots { starts: free.collect() }
            }
            ToolCall::Hold { service, start } => {
                self.holds.clear();
                if std::mem::take(&mut self.snatch) {
                    self.blocked.push(start);
                }
                if self.taken(start) {
                    return ToolResult::Taken;
                }
                self.next += 1;
                self.holds.insert(self.next, (service, start));
                ToolResult::Held { hold: self.next }
            }
            ToolCall::Book { hold, name, phone, notes } => match self.holds.remove(&hold) {
                Some((service, start)) => {
                    self.notes.push(notes);
                    let booking = self.give(&name, &service, start, phone.as_deref());
                    ToolResult::Booked { booking }
                }
                None => ToolResult::Taken,
            },
            ToolCall::FindBookings { name, phone } => {
                // As the store does: nobody is told all bookings, and a misheard name is found.
                let told = name.is_some() || phone.is_some();
                let fits = |(booking, number): &&(Booking, Option<String>)| {
                    told && name.as_ref().is_none_or(|name| fuzzy::likeness(&booking.name, name) >= 0.8)
                        && phone.as_ref().is_none_or(|phone| number.as_ref() == Some(phone))
                };
                ToolResult::Bookings {
                    bookings: self.bookings.values().filter(fits).map(|(booking, _)| booking.clone()).collect(),
                }
            }
            ToolCall::Move { booking, hold } => match (self.holds.remove(&hold), self.bookings.get_mut(&booking)) {
                (Some((_, start)), Some((moved, _))) => {
                    moved.start = start;
                    ToolResult::Booked { booking }
                }
                _ => ToolResult::Taken,
            },
            ToolCall::Cancel { booking } => {
                self.bookings.remove(&booking);
                ToolResult::Done
            }
            ToolCall::Release { hold } => {
                self.holds.remove(&hold);
                ToolResult::Done
            }
            ToolCall::Knowledge { question } => ToolResult::Passages { passages: passages(&self.knowledge, &question) },
            ToolCall::Transfer { .. } => self.transfer.clone().unwrap_or(ToolResult::Failed { why: "none".into() }),
            ToolCall::Message { name, phone, text, urgent } => {
                self.messages.push((name, phone, text, urgent));
                ToolResult::MessageKept { id: i64::try_from(self.messages.len()).unwrap_or_default() }
            }
            ToolCall::CompleteMessage { message, name, phone } => {
                let place = usize::try_from(message).ok().and_then(|id| id.checked_sub(1));
                match place.and_then(|place| self.messages.get_mut(place)) {
                    Some(kept) => {
                        kept.0 = name.or(kept.0.take());
                        kept.1 = phone.or(kept.1.take());
                        ToolResult::MessageKept { id: message }
                    }
                    None => ToolResult::Failed { why: "no such message".into() },
                }
            }
        }
    }
}

/// A call under way.
#[derive(Clone)]
pub struct Stage {
    pub business: Arc<Business>,
    pub agent: Agent,
    pub calendar: Calendar,
    pub now: DateTime,
    /// Every tool call, in order.
    pub tools: Vec<ToolCall>,
    /// What was said in the last turn.
    pub said: String,
    pub ended: Option<Outcome>,
}

impl Stage {
    pub fn at(name: &str) -> Self {
        Stage::with(business(name), Trust::default(), Caller::default())
    }

    pub fn with(business: Business, trust: Trust, caller: Caller) -> Self {
        let business = Arc::new(business);
        let agent = Agent::new(Arc::clone(&business), trust, caller, 7);
        let mut stage = Stage {
            business,
            agent,
            calendar: Calendar {
                next: 100,
                knowledge: vec!["There is free parking behind the salon.", "We accept most dental insurance plans."],
                ..Calendar::default()
            },
            now: monday(),
            tools: Vec::new(),
            said: String::new(),
            ended: None,
        };
        let acts = stage.agent.greet(stage.now);
        stage.perform(acts);
        stage
    }

    pub fn free(name: &str) -> Self {
        let trust = Trust { speech: SpeechMode::Free, prompt: PromptStyle::Starter };
        Stage::with(business(name), trust, Caller::default())
    }

    pub fn calling_from(name: &str, number: &str) -> Self {
        let caller = Caller { number: Some(number.into()), name: None };
        Stage::with(business(name), Trust::default(), caller)
    }

    /// The caller says this, and no model answers.
    pub fn say(&mut self, text: &str) -> String {
        self.hear(&heard(text), |_| None)
    }

    /// The caller says this, and the model answers so if it is asked.
    pub fn say_to_model(&mut self, text: &str, decision: &str) -> String {
        self.hear(&heard(text), |_| Some(decision.to_owned()))
    }

    pub fn key(&mut self, digits: &str) -> String {
        self.hear(&Heard { keyed: digits.into(), ..Heard::default() }, |_| None)
    }

    pub fn hear(&mut self, heard: &Heard, model: impl FnOnce(&Ask) -> Option<String>) -> String {
        let ask = self.agent.ask(self.now, heard);
        let decision = if ask == Ask::Nothing { None } else { model(&ask) };
        let acts = self.agent.decide(self.now, heard, decision.as_deref());
        self.said.clear();
        self.perform(acts);
        self.said.clone()
    }

    pub fn perform(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Say(line) => {
                    if !self.said.is_empty() {
                        self.said.push(' ');
                    }
                    self.said.push_str(&line.text);
                }
                Act::Tool(call) => {
                    self.tools.push(call.clone());
                    let result = self.calendar.run(&self.business, &call);
                    let more = self.agent.tool_result(self.now, &call, result);
                    self.perform(more);
                }
                Act::HangUp(outcome) => self.ended = Some(outcome),
            }
        }
    }

    pub fn bookings(&self) -> Vec<(String, String, DateTime)> {
        self.calendar.bookings.values().map(|(b, _)| (b.name.clone(), b.service.clone(), b.start)).collect()
    }

    /// Whether anything was booked, moved or cancelled.
    pub fn has_effect(&self) -> bool {
        let effect =
            |call: &ToolCall| matches!(call, ToolCall::Book { .. } | ToolCall::Move { .. } | ToolCall::Cancel { .. });
        self.tools.iter().any(effect)
    }
}

pub fn heard(text: &str) -> Heard {
    Heard { text: text.into(), confidence: 0.95, ..Heard::default() }
}

/// Asserts that all of the parts were said.
#[track_caller]
pub fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "expected {part:?} in {said:?}");
    }
}
