use jiff::civil::DateTime;

use super::asked::Asked;
use super::decision::Decision;
use super::sureness::{Doubts, Sureness};
use crate::brain::Heard;
use crate::business::Business;
use crate::parse::answer::{self, Answer};
use crate::parse::lexicon::{self, Part};
use crate::parse::mention::Wanted;
use crate::parse::time::Times;
use crate::parse::when::When;
use crate::parse::{digits, fuzzy, name, spelling, words};

/// How alike a service must be to what was said.
const SERVICE_FLOOR: f32 = 0.72;

/// "The number I'm calling from".
const SAME_NUMBER: &[&str] =
    &["this number", "same number", "this one", "calling from", "the same", "calling you from", "on file", "called on"];

/// Everything that code can read out of a turn, in the light of what was asked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    /// The words, lower case; of a long turn those of its beginning and its end.
    pub(super) words: Vec<String>,
    /// The same with the middle.
    pub(super) all_words: Vec<String>,
    /// Keypad digits.
    pub(super) keyed: String,
    /// Confidence of the recogniser; 1 when it told none.
    pub(super) confidence: f32,
    /// Yes or no.
    pub(super) answer: Option<Answer>,
    /// Hardly more than yes or no was said.
    pub(super) bare_answer: bool,
    /// A service of the business.
    pub(super) service: Option<String>,
    /// A second service that was named as surely as the first.
    pub(super) other_service: Option<String>,
    /// Days and times.
    pub(super) when: When,
    /// The time wanted, lone numbers counted where a time was asked for.
    pub(super) time: Wanted<Times>,
    /// The time was heard too badly to be used.
    pub(super) time_doubtful: bool,
    /// The same for the day.
    pub(super) day_doubtful: bool,
    /// A name.
    pub(super) name: Option<String>,
    /// What of the name was heard too badly to be used.
    pub(super) name_doubts: Doubts,
    /// A name by letters.
    pub(super) spelled: Option<String>,
    /// The letters heard badly in it, by place.
    pub(super) doubted_letters: Vec<usize>,
    /// Enough digits for a phone number.
    pub(super) phone: Option<String>,
    /// The recogniser was not sure of a digit of it.
    pub(super) phone_doubtful: bool,
    /// The number that the line shows was meant.
    pub(super) same_number: bool,
    /// What it is about, where the model pointed it out.
    pub(super) reason: Option<String>,
    /// How surely each word was heard.
    sure: Sureness,
}

impl Reading {
    pub(super) fn new(business: &Business, asked: Asked, now: DateTime, heard: &Heard) -> Self {
        let (all_words, words, sure) = Sureness::of(heard);
        let keyed: String = heard.keyed.chars().filter(char::is_ascii_digit).take(20).collect();
        let when = When::read(&words, now);
        let bare_time = matches!(asked, Asked::Time | Asked::Day | Asked::Options | Asked::Which);
        let neutral: &[&str] = if asked == Asked::Confirm { &["cancel", "change", "cancelled"] } else { &[] };
        let named_service = services(business, &words);
        let asked_name = asked == Asked::Name || asked == Asked::Spelling;
        let phone =
            if keyed.len() >= digits::FEWEST_PHONE_DIGITS { Some(keyed.clone()) } else { digits::phone(&words) };
        let name = name::name(&words, asked_name).or_else(|| common_name(&words));
        let name = name.filter(|name| is_person(name, business));
        let confidence = if heard.confidence > 0.0 { heard.confidence } else { 1.0 };
        let time = when.time(bare_time);
        let asked_letters = asked == Asked::Spelling;
        Reading {
            name_doubts: name.as_deref().map(|name| sure.doubts_name(&words, name)).unwrap_or_default(),
            answer: answer::answer(&words, neutral),
            bare_answer: answer::is_bare(&words),
            service: named_service.first().cloned(),
            other_service: named_service.get(1).cloned(),
            time_doubtful: match time {
                Wanted::One(time) => sure.doubts_time(&words, &when.times, time),
                _ => false,
            },
            day_doubtful: match when.day() {
                Wanted::One(day) => sure.doubts_day(&words, &when.days, day),
                _ => false,
            },
            time,
            when,
            name: name.map(|name| lexicon::written_as_usual(&name)),
            doubted_letters: spelling::doubted(&words, asked_letters, sure.letters().as_deref()),
            spelled: spelling::spelled(&words, asked_letters),
            phone_doubtful: phone.is_some() && keyed.is_empty() && sure.doubts_digits(&words),
            phone,
            same_number: words::has_any(&words, SAME_NUMBER),
            reason: None,
            confidence,
            words,
            all_words,
            sure,
            keyed,
        }
    }

    /// Adds what the model pointed out. It only ever points at words that were said; what they
    /// mean is parsed here.
    pub(super) fn add(&mut self, decision: &Decision, business: &Business, now: DateTime) {
        let arg = |key: &str| decision.arg(key).map(words::words);
        if self.service.is_none() {
            self.service = arg("service").and_then(|said| services(business, &said).into_iter().next());
        }
        if self.name.is_none() {
            let name = arg("name").and_then(|said| name::name(&said, true));
            let name = name.filter(|name| is_person(name, business) && pointed_at(name));
            self.name_doubts = name.as_deref().map(|name| self.sure.doubts_name(&self.words, name)).unwrap_or_default();
            self.name = name.map(|name| lexicon::written_as_usual(&name));
        }
        // Digits of a number are no time.
        if self.time == Wanted::Nothing
            && self.phone.is_none()
            && let Some(said) = arg("time")
        {
            self.time = When::read(&said, now).time(true);
            self.time_doubtful = self.sure.doubts_span(&self.words, &said);
        }
        self.reason = decision.arg("reason").map(str::to_owned);
    }

    /// The words as one text.
    pub(super) fn text(&self) -> String {
        self.words.join(" ")
    }

    /// All that was said, to be passed on.
    pub(super) fn whole_text(&self) -> String {
        self.all_words.join(" ")
    }

    /// True when nothing at all came.
    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty() && self.keyed.is_empty()
    }

    /// True when a common name was said and nothing else.
    pub(super) fn is_name_alone(&self) -> bool {
        self.words.len() == 2 && self.name.is_some() && common_name(&self.words).is_some()
    }

    /// True when a day or a time was said.
    pub(super) fn tells_when(&self) -> bool {
        !self.when.days.is_empty() || self.time != Wanted::Nothing
    }

    /// The choice keyed in, counted from 0.
    pub(super) fn keyed_choice(&self) -> Option<usize> {
        let first = self.keyed.chars().next().filter(|_| self.keyed.len() == 1)?;
        usize::try_from(first.to_digit(10)?.checked_sub(1)?).ok()
    }
}

/// A first and a last name and nothing else, whatever was asked.
fn common_name(words: &[String]) -> Option<String> {
    let [first, last] = words else { return None };
    let (first, last) = (lexicon::written_as_usual(first), lexicon::written_as_usual(last));
    let name = lexicon::knows(&first, Part::First) && lexicon::knows(&last, Part::Last);
    name.then(|| words.join(" "))
}

/// A small model points at anything: its names must begin like a name.
fn pointed_at(name: &str) -> bool {
    name.split(' ').next().is_some_and(|first| {
        let usual = lexicon::written_as_usual(first);
        lexicon::knows(&usual, Part::First) || lexicon::knows(&usual, Part::Last)
    })
}

/// False when a word of it is what the business offers: "facial" is no one's name.
fn is_person(name: &str, business: &Business) -> bool {
    let names = business.services.iter().flat_map(|service| std::iter::once(&service.name).chain(&service.aliases));
    let mut offered = names.flat_map(|name| name.split(' '));
    let common = |word: &str| lexicon::knows(word, Part::First) || lexicon::knows(word, Part::Last);
    !offered.any(|offered| !common(offered) && name.split(' ').any(|word| word == offered))
}

/// Services named in `words`, surest first. Names and aliases count alike; a service named by
/// two words of a longer one ("cut" in "hair cut") is found once.
fn services(business: &Business, words: &[String]) -> Vec<String> {
    let names = business.services.iter().enumerate().flat_map(|(index, service)| {
        let aliases = service.aliases.iter().map(String::as_str);
        std::iter::once(service.name.as_str()).chain(aliases).map(move |name| (index, name))
    });
    let found = fuzzy::find(words, names, SERVICE_FLOOR);
    let sure = found.first().map_or(0.0, |best| best.likeness.min(0.9));
    let mut services: Vec<String> = Vec::new();
    for place in found.iter().filter(|place| place.likeness >= sure) {
        if let Some(service) = business.services.get(place.index)
            && !services.contains(&service.name)
        {
            services.push(service.name.clone());
        }
    }
    services
}
