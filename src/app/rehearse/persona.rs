use std::collections::HashMap;
use std::time::Duration;

use dialogue::business::{Phrase, Phrases};

use super::hearing::{Heard, Hearing};
use super::scenario::{Facts, Scenario, Wish};
use super::wordings as put;
use super::words::{digits_heard, names_time, says, sound, words};
use crate::caller::script::{Act, Start, Turn};

/// The same question so often is once too often.
const MOST_ASKED: u32 = 4;
/// Read-backs that are wrong before a caller gives up.
const MOST_WRONG: u32 = 4;
/// Turns after which any caller has had enough.
const MOST_TURNS: u32 = 24;
/// Silences of the agent in a row before a caller hangs up.
const MOST_SILENCES: u32 = 2;

/// What a caller does next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Takes these turns.
    Take(Vec<Turn>),
    /// The agent is not done.
    HearOn,
    /// Hangs up.
    Leave,
}

/// A simulated caller's mind: hears what the agent says, decides what to say.
#[derive(Debug)]
pub struct Persona<'a> {
    scenario: &'a Scenario,
    hearing: Hearing,
    facts: Facts,
    turns: u32,
    asked: HashMap<Phrase, u32>,
    /// The last question that was more than "yes or no?".
    asked_last: Option<Phrase>,
    /// The slot that the last read-back had wrong.
    wrong: Option<&'static str>,
    wrong_count: u32,
    mind_changed: bool,
    then: usize,
    openings: usize,
    last_said: String,
    silences: u32,
    offers_refused: u32,
    leaving: bool,
    gave_up: Option<String>,
}

impl<'a> Persona<'a> {
    /// A caller who knows the agent's phrases.
    pub fn new(scenario: &'a Scenario, phrases: &Phrases) -> Self {
        Persona {
            scenario,
            hearing: Hearing::new(phrases),
            facts: scenario.facts.clone(),
            turns: 0,
            asked: HashMap::new(),
            asked_last: None,
            wrong: None,
            wrong_count: 0,
            mind_changed: false,
            then: 0,
            openings: 0,
            last_said: String::new(),
            silences: 0,
            offers_refused: 0,
            leaving: false,
            gave_up: None,
        }
    }

    /// Why the caller gave up, if it did.
    pub fn gave_up(&self) -> Option<&str> {
        self.gave_up.as_deref()
    }

    /// What is done before anything was heard: cutting in on the greeting.
    pub fn begin(&mut self) -> Vec<Turn> {
        let Some(after_s) = self.scenario.behaviour.interrupts_greeting_s else { return Vec::new() };
        let say = self.opening();
        let mut turns = self.turn(say);
        if let Some(first) = turns.first_mut() {
            first.start = Start::BargeIn(Duration::from_secs_f64(after_s));
        }
        turns
    }

    /// Decides, after the agent said this and went silent. Nothing said is a silence.
    pub fn next(&mut self, said: &str) -> Step {
        if self.leaving {
            return Step::Leave;
        }
        let heard = self.hearing.phrases(said);
        if said.trim().is_empty() {
            return self.silence();
        }
        self.silences = 0;
        if heard.iter().any(|it| is_last_word(it.phrase)) {
            return Step::Leave;
        }
        let is_wait = |phrase| matches!(phrase, Phrase::DelayOne | Phrase::DelayTwo | Phrase::DelayThree);
        if heard.last().is_some_and(|it| is_wait(it.phrase)) {
            return Step::HearOn;
        }
        if self.turns >= MOST_TURNS {
            return self.give_up("the call went on for too long");
        }
        if self.scenario.behaviour.hangs_up_after.is_some_and(|after| self.turns >= after) {
            return Step::Leave;
        }
        if let Some(turn) = self.out_of_turn() {
            return Step::Take(turn);
        }
        match self.answer(said, &heard) {
            Some(say) => Step::Take(self.turn(say)),
            None if self.leaving => Step::Leave,
            None => Step::HearOn,
        }
    }

    /// A turn that the scenario has planned whatever the agent says.
    fn out_of_turn(&mut self) -> Option<Vec<Turn>> {
        let next = self.turns + 1;
        let behaviour = &self.scenario.behaviour;
        if behaviour.silent_turns.contains(&next) {
            self.turns += 1;
            return Some(vec![Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act: Act::Silence }]);
        }
        let aside = behaviour.says.iter().find(|aside| aside.turn == next)?;
        Some(self.turn(aside.say.clone()))
    }

    fn silence(&mut self) -> Step {
        self.silences += 1;
        if self.turns == 0 {
            let opening = self.opening();
            return Step::Take(self.turn(opening));
        }
        if self.silences > MOST_SILENCES {
            return self.give_up("the agent said nothing");
        }
        let again = self.last_said.clone();
        Step::Take(self.turn(if again.is_empty() { "hello".to_owned() } else { again }))
    }

    fn opening(&mut self) -> String {
        let openings = &self.scenario.goal.opening;
        let opening = openings.get(self.openings).or(openings.last()).cloned().unwrap_or_default();
        self.openings += 1;
        opening
    }

    /// What is said, and what is planned to come right after it.
    fn turn(&mut self, say: String) -> Vec<Turn> {
        self.turns += 1;
        self.last_said.clone_from(&say);
        let behaviour = &self.scenario.behaviour;
        let say = if behaviour.hesitates { hesitant(&say) } else { say };
        let digits: String = say.chars().filter(char::is_ascii_digit).collect();
        let act = match say.strip_prefix('#') {
            Some(_) => Act::Digits(digits),
            None => Act::Say { text: say, voice: None },
        };
        let mut turns = vec![Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act }];
        if let Some(cut) = behaviour.interrupts.iter().find(|cut| cut.after_turn == self.turns) {
            self.turns += 1;
            turns.push(Turn {
                wait: Duration::ZERO,
                start: Start::BargeIn(Duration::from_secs_f64(cut.after_s)),
                act: Act::Say { text: cut.say.clone(), voice: None },
            });
        }
        turns
    }

    fn give_up(&mut self, why: &str) -> Step {
        self.gave_up.get_or_insert_with(|| why.to_owned());
        self.leaving = true;
        Step::Take(self.turn(put::GIVE_UP.to_owned()))
    }

    /// The answer to what the agent asked last.
    fn answer(&mut self, said: &str, heard: &[Heard]) -> Option<String> {
        let question = heard.iter().rev().find(|it| asks(it.phrase));
        let Some(question) = question else { return self.answer_something_else(said, heard) };
        let phrase = question.phrase;
        let count = self.asked.entry(phrase).or_default();
        *count += 1;
        let nth = *count;
        if nth > MOST_ASKED && phrase != Phrase::AnythingElse {
            self.gave_up.get_or_insert_with(|| format!("asked \"{}\" over and over", phrase.key()));
            self.leaving = true;
            return Some(put::GIVE_UP.to_owned());
        }
        if phrase != Phrase::YesOrNo {
            self.asked_last = Some(phrase);
        } else if let Some(before) = heard.iter().rev().map(|it| it.phrase).find(|it| asks(*it) && *it != phrase) {
            self.asked_last = Some(before);
        }
        let about = if phrase == Phrase::YesOrNo { self.asked_last.unwrap_or(phrase) } else { phrase };
        if let Some(own) = self.scenario.answers.get(about.key()) {
            let index = usize::try_from(nth - 1).unwrap_or_default();
            return own.get(index).or(own.last()).cloned();
        }
        self.to(question, nth)
    }

    fn to(&mut self, question: &Heard, nth: u32) -> Option<String> {
        use Phrase as P;
        let wish = self.scenario.goal.wish;
        let yes_if = |yes: bool| Some(if yes { put::YES } else { put::NO }.to_owned());
        match question.phrase {
            P::HowHelp | P::WhatICanDo => Some(self.opening()),
            P::AskService | P::ListServices | P::PressService | P::AskPriceOf => Some(put::service(&self.facts)),
            P::AskDay if nth > 1 => Some(put::when(&self.facts)),
            P::AskDay => Some(put::day(&self.facts)),
            P::DayAgain => Some(put::day(&self.facts)),
            P::AskTime | P::TimeAgain => Some(self.facts.time.map_or_else(|| "any time".to_owned(), put::time)),
            P::AskNewTime => Some(put::when(&self.facts)),
            P::OfferOne | P::OfferTwo | P::OfferThree => self.choose(question),
            P::AskName | P::AskBookingName | P::NameAgain => {
                Some(put::name(&self.facts, self.scenario.behaviour.spells))
            }
            P::AskLastName => Some(put::last_name(&self.facts)),
            P::AskSpellingFirst => Some(put::first_name_spelled(&self.facts)),
            P::AskSpelling => Some(put::last_name_spelled(&self.facts)),
            // Not understood twice, a caller takes up the offer to key it in.
            P::AskPhone | P::PhoneAgain | P::PhoneUnsure if nth > 1 && self.facts.phone.is_some() => {
                self.facts.phone.as_ref().map(|phone| format!("#{phone}"))
            }
            P::AskPhone | P::PhoneAgain | P::PhoneUnsure => Some(self.phone()),
            P::PhoneMeant => yes_if(self.facts.phone.as_deref() == Some(&digits_heard(question.gap("phone")))),
            P::AskCallerPhone => yes_if(self.facts.phone.is_none() || self.facts.phone == self.scenario.caller.number),
            P::ConfirmBooking | P::ConfirmBookingPhone | P::ConfirmMove | P::ConfirmCancel => self.read_back(question),
            P::AskChange => Some(put::slot(self.wrong.unwrap_or("time"))),
            P::AnyChange => yes_if(self.wrong.is_some()),
            P::WhichIsRight => Some(self.which(question)),
            P::WhichOfTwo | P::WhichOfThree => Some(self.which_booking(question)),
            P::AnythingElse => Some(self.anything_else()),
            P::YesOrNo => Some(if self.wrong.is_some() { put::NO } else { put::RIGHT }.to_owned()),
            P::AskWish | P::PressWish => Some(put::wish(wish).to_owned()),
            P::MeantEmergency => yes_if(wish == Wish::Emergency),
            P::MeantBook => yes_if(wish == Wish::Book),
            P::MeantMove => yes_if(wish == Wish::Move),
            P::MeantCancel => yes_if(wish == Wish::Cancel),
            P::MeantMessage | P::OfferMessage => yes_if(self.facts.message.is_some()),
            P::AskMessage => Some(self.facts.message.clone().unwrap_or_else(|| put::GIVE_UP.to_owned())),
            P::StillThere => Some(self.again()),
            P::NotUnderstood | P::NotUnderstoodToo => Some(self.again()),
            _ => None,
        }
    }

    /// What was said last once more, or the opening when nothing was.
    fn again(&mut self) -> String {
        if self.last_said.is_empty() { self.opening() } else { self.last_said.clone() }
    }

    fn phone(&self) -> String {
        match &self.facts.phone {
            Some(phone) if self.scenario.behaviour.keys => format!("#{phone}"),
            Some(phone) => put::phone(phone),
            None => put::NO_PHONE.to_owned(),
        }
    }

    /// Takes its own time if it is offered.
    fn choose(&mut self, offer: &Heard) -> Option<String> {
        let wanted = self.facts.time;
        let fits = |text: &str| wanted.is_some_and(|time| names_time(text, time));
        if offer.gaps.iter().any(|(_, text)| fits(text)) {
            let only = offer.phrase == Phrase::OfferOne;
            return Some(if only { put::YES.to_owned() } else { put::time(wanted?) });
        }
        if self.facts.flexible || wanted.is_none() {
            self.facts.time = None;
            return Some(if offer.phrase == Phrase::OfferOne { put::YES } else { put::EITHER }.to_owned());
        }
        self.offers_refused += 1;
        if self.offers_refused > 2 {
            self.gave_up = Some("the time wanted was not to be had".to_owned());
            self.leaving = true;
            return Some(put::GIVE_UP.to_owned());
        }
        Some(put::when(&self.facts))
    }

    /// Says yes to what is right, and corrects what is not.
    fn read_back(&mut self, heard: &Heard) -> Option<String> {
        self.wrong = self.mistake(heard);
        if let Some(slot) = self.wrong {
            self.wrong_count += 1;
            if self.wrong_count > MOST_WRONG {
                self.gave_up = Some(format!("the {slot} was read back wrong again and again"));
                self.leaving = true;
                return Some(put::GIVE_UP.to_owned());
            }
            // What is not understood as a whole is said letter by letter.
            if slot == "name" && self.wrong_count > 2 {
                return Some(put::spelled_out(&self.facts));
            }
            return Some(put::correction(slot, &self.facts));
        }
        if let (Some(change), false) = (&self.scenario.behaviour.changes_mind, self.mind_changed) {
            self.mind_changed = true;
            self.facts.day = change.day.clone().or(self.facts.day.take());
            self.facts.time = change.time.or(self.facts.time);
            self.facts.service = change.service.clone().or(self.facts.service.take());
            return Some(put::changed_mind(change));
        }
        Some(put::RIGHT.to_owned())
    }

    /// The slot that differs from what the caller knows.
    fn mistake(&self, heard: &Heard) -> Option<&'static str> {
        let facts = &self.facts;
        let service = heard.gap("service");
        if facts.service.as_ref().is_some_and(|wanted| words(wanted) != words(service)) {
            return Some("service");
        }
        let when = if heard.phrase == Phrase::ConfirmMove { heard.gap("to") } else { heard.gap("when") };
        let is_own_time = heard.phrase != Phrase::ConfirmCancel;
        if is_own_time && facts.day.as_ref().is_some_and(|day| !says(when, day)) {
            return Some("day");
        }
        if is_own_time && facts.time.is_some_and(|time| !names_time(when, time)) {
            return Some("time");
        }
        let name = heard.gap("name");
        if facts.name.as_ref().is_some_and(|wanted| !same_name(wanted, name)) {
            return Some("name");
        }
        let phone = digits_heard(heard.gap("phone"));
        let wrong_phone = facts.phone.as_ref().is_some_and(|wanted| !phone.is_empty() && *wanted != phone);
        wrong_phone.then_some("phone")
    }

    /// Which of two values is its own.
    fn which(&self, question: &Heard) -> String {
        let facts = &self.facts;
        let own = |text: &str| {
            facts.name.as_ref().is_some_and(|name| same_name(name, text))
                || facts.service.as_ref().is_some_and(|service| words(service) == words(text))
                || facts.time.is_some_and(|time| names_time(text, time))
                || facts.day.as_ref().is_some_and(|day| says(text, day))
        };
        match question.gaps.iter().find(|(_, text)| own(text)) {
            Some((_, text)) => text.clone(),
            None => "neither".to_owned(),
        }
    }

    /// Which of its bookings it means.
    fn which_booking(&self, question: &Heard) -> String {
        let service = self.facts.service.as_deref().unwrap_or_default();
        let nth = question.gaps.iter().position(|(_, text)| says(text, service));
        match nth {
            Some(1) => "the second one",
            Some(2) => "the third one",
            _ => "the first one",
        }
        .to_owned()
    }

    fn anything_else(&mut self) -> String {
        if let Some(more) = self.scenario.goal.then.get(self.then) {
            self.then += 1;
            return more.clone();
        }
        // A wish that was not met is told again before a caller goes.
        put::GOODBYE.to_owned()
    }

    /// The agent asked nothing that is known.
    fn answer_something_else(&mut self, said: &str, heard: &[Heard]) -> Option<String> {
        let statement = |phrase: Phrase| heard.iter().any(|it| it.phrase == phrase);
        if statement(Phrase::NotUnderstood) || statement(Phrase::NotUnderstoodToo) {
            return Some(self.again());
        }
        if self.turns == 0 {
            return Some(self.opening());
        }
        if !said.trim_end().ends_with('?') {
            return None;
        }
        let asked = self.asked.entry(Phrase::NotUnderstood).or_default();
        *asked += 1;
        if *asked > MOST_ASKED {
            self.gave_up = Some("the agent asked what a caller can't understand".to_owned());
            self.leaving = true;
            return Some(put::GIVE_UP.to_owned());
        }
        Some(self.guess(said))
    }

    /// A question in words that are no approved phrase: by what it is about.
    fn guess(&self, said: &str) -> String {
        let about = |words: &[&str]| words.iter().any(|word| says(said, word));
        if about(&["spell", "letter"]) {
            return put::last_name_spelled(&self.facts);
        }
        if about(&["phone", "number", "reach you"]) {
            return self.phone();
        }
        if about(&["name"]) {
            return put::name(&self.facts, false);
        }
        if about(&["day", "time", "when"]) {
            return put::when(&self.facts);
        }
        if about(&["service"]) {
            return put::service(&self.facts);
        }
        if about(&["help"]) { put::wish(self.scenario.goal.wish).to_owned() } else { put::NO.to_owned() }
    }
}

/// The agent takes its leave.
fn is_last_word(phrase: Phrase) -> bool {
    matches!(phrase, Phrase::Goodbye | Phrase::SilenceGoodbye | Phrase::TimeUp)
}

/// True for what wants an answer.
fn asks(phrase: Phrase) -> bool {
    use Phrase as P;
    matches!(
        phrase,
        P::HowHelp
            | P::AskService
            | P::ListServices
            | P::PressService
            | P::AskDay
            | P::AskTime
            | P::AskNewTime
            | P::OfferOne
            | P::OfferTwo
            | P::OfferThree
            | P::AskName
            | P::AskLastName
            | P::AskBookingName
            | P::AskSpelling
            | P::AskSpellingFirst
            | P::NameAgain
            | P::TimeAgain
            | P::DayAgain
            | P::AskPhone
            | P::PhoneAgain
            | P::PhoneUnsure
            | P::PhoneMeant
            | P::AskCallerPhone
            | P::ConfirmBooking
            | P::ConfirmBookingPhone
            | P::ConfirmMove
            | P::ConfirmCancel
            | P::WhichOfTwo
            | P::WhichOfThree
            | P::AskChange
            | P::AnyChange
            | P::WhichIsRight
            | P::AnythingElse
            | P::YesOrNo
            | P::AskWish
            | P::PressWish
            | P::MeantEmergency
            | P::MeantBook
            | P::MeantMove
            | P::MeantCancel
            | P::MeantMessage
            | P::AskPriceOf
            | P::OfferMessage
            | P::AskMessage
            | P::StillThere
    )
}

/// Equal to the ear; to the letter where it was spelled.
fn same_name(wanted: &str, heard: &str) -> bool {
    let is_spelled = words(heard).iter().filter(|word| word.chars().count() == 1).count() > 2;
    if is_spelled {
        let joined = |text: &str| words(text).concat();
        return joined(heard).contains(&joined(wanted.split_whitespace().last().unwrap_or(wanted)));
    }
    sound(wanted) == sound(heard)
}

/// With an "um" before and a break in the middle.
fn hesitant(say: &str) -> String {
    let words: Vec<&str> = say.split_whitespace().collect();
    // Nobody stumbles over a yes, or over letters and digits.
    if words.len() < 4 || words.iter().any(|word| word.len() == 1 && *word != "a" && *word != "i") {
        return say.to_owned();
    }
    let (first, second) = words.split_at(words.len() / 2);
    format!("um {} ... {}", first.join(" "), second.join(" "))
}
