use std::sync::Arc;

use super::asked::Asked;
use super::naming::Naming;
use super::so_far::SoFar;
use super::{Caller, Trust};
use crate::brain::{Act, Line, Outcome, ToolCall};
use crate::business::{Business, Phrase, SpeechMode};
use crate::parse::digits::{self, FEWEST_PHONE_DIGITS};

/// What all flows share: the business, the caller, what was asked, what is being answered.
/// It is also the only place where something to say comes from: approved phrases, passages of
/// the owner's knowledge, and in free mode what the policy lets through.
#[derive(Debug, Clone)]
pub(super) struct Desk {
    pub(super) business: Arc<Business>,
    pub(super) trust: Trust,
    pub(super) caller: Caller,
    /// The caller's name, once it was said.
    pub(super) name: Option<String>,
    /// What stands between that name and its use.
    pub(super) naming: Naming,
    /// How often a number was given that can't be complete.
    phone_tries: u8,
    /// What a number was without the digits that a recogniser repeats.
    phone_meant: Option<String>,
    /// The caller's number, once it was said or agreed to.
    pub(super) phone: Option<String>,
    pub(super) asked: Asked,
    /// How often in a row what was asked got no answer.
    pub(super) misses: u8,
    /// The question that stands, as it was put.
    question: Option<String>,
    /// What has come of the call.
    pub(super) so_far: SoFar,
    /// All that was said in the last turn, for "say that again".
    said: Vec<String>,
    acts: Vec<Act>,
    /// Something was asked since the acts were handed out.
    has_asked: bool,
}

impl Desk {
    pub(super) fn new(business: Arc<Business>, trust: Trust, caller: Caller) -> Self {
        Desk {
            business,
            trust,
            name: None,
            naming: Naming::default(),
            phone_tries: 0,
            phone_meant: None,
            phone: None,
            caller,
            asked: Asked::Open,
            misses: 0,
            question: None,
            so_far: SoFar::default(),
            said: Vec::new(),
            acts: Vec::new(),
            has_asked: false,
        }
    }

    /// True when the model's own words may be heard: both it and the business allow it.
    pub(super) fn is_free(&self) -> bool {
        self.trust.speech == SpeechMode::Free && self.business.speech.mode != Some(SpeechMode::Quoted)
    }

    /// Says an approved phrase.
    pub(super) fn say(&mut self, phrase: Phrase, values: &[(&str, &str)]) {
        let text = self.business.phrases.fill(phrase, values);
        self.so_far.said(phrase, values);
        self.utter(text, true);
    }

    /// Says the phrase that must be heard to its end.
    pub(super) fn say_through(&mut self, phrase: Phrase, values: &[(&str, &str)]) {
        let text = self.business.phrases.fill(phrase, values);
        self.utter(text, false);
    }

    /// Says a passage of the owner's knowledge.
    pub(super) fn quote(&mut self, passage: &str) {
        self.so_far.quoted(passage);
        self.utter(passage.to_owned(), true);
    }

    /// Says what the model worded, if the policy lets it.
    pub(super) fn say_freely(&mut self, wording: &str) -> bool {
        let bounded = if self.is_free() { super::policy::bounded(wording, &self.business) } else { None };
        let heard = bounded.is_some();
        if let Some(text) = bounded {
            self.utter(text, true);
        }
        heard
    }

    /// Asks for something: the question stands until it is answered.
    pub(super) fn ask(&mut self, asked: Asked, phrase: Phrase, values: &[(&str, &str)]) {
        let text = self.business.phrases.fill(phrase, values);
        self.ask_own(asked, text);
    }

    /// Asks a question of the business's own.
    pub(super) fn ask_own(&mut self, asked: Asked, question: String) {
        if asked != self.asked {
            self.misses = 0;
        }
        self.asked = asked;
        self.has_asked = true;
        self.question = Some(question.clone());
        self.utter(question, true);
    }

    /// Puts the question that stands once more.
    pub(super) fn ask_again(&mut self) {
        self.has_asked = true;
        match self.question.clone() {
            Some(question) => self.utter(question, true),
            None => self.ask(Asked::Open, Phrase::HowHelp, &[]),
        }
    }

    /// Says all of the last turn once more.
    pub(super) fn repeat(&mut self) {
        let said = std::mem::take(&mut self.said);
        if said.is_empty() {
            self.ask_again();
        }
        for text in said {
            self.utter(text, true);
        }
    }

    fn utter(&mut self, text: String, interruptible: bool) {
        if !text.is_empty() {
            self.acts.push(Act::Say(Line { text, interruptible }));
        }
    }

    pub(super) fn tool(&mut self, call: ToolCall) {
        self.acts.push(Act::Tool(call));
    }

    /// Gives a hold back, if there is one.
    pub(super) fn release(&mut self, hold: &mut Option<i64>) {
        if let Some(hold) = hold.take() {
            self.tool(ToolCall::Release { hold });
        }
    }

    pub(super) fn hang_up(&mut self, outcome: Outcome) {
        self.acts.push(Act::HangUp(outcome));
    }

    /// True when something was asked in this turn already.
    pub(super) fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// What was said in the last turn.
    pub(super) fn last_said(&self) -> &[String] {
        &self.said
    }

    /// Hands out what is to be done.
    pub(super) fn take_acts(&mut self) -> Vec<Act> {
        let acts = std::mem::take(&mut self.acts);
        self.has_asked = false;
        let said = acts.iter().filter_map(|act| if let Act::Say(line) = act { Some(&line.text) } else { None });
        let said: Vec<String> = said.cloned().collect();
        if !said.is_empty() {
            self.said = said;
        }
        acts
    }

    /// Takes in a number that was said. False when it can't be complete or was heard badly, and
    /// was asked again; a caller who insists is believed.
    pub(super) fn take_phone(&mut self, phone: String, doubtful: bool) -> bool {
        let wanted = self.business.identity.phone_digits.map(usize::from);
        let complete = self.is_complete(&phone);
        if (complete && !doubtful) || self.phone_tries >= 2 || (complete && self.phone_tries > 0) {
            self.phone = Some(phone);
            return true;
        }
        self.phone_tries += 1;
        let unlooped = wanted.and_then(|digits| digits::without_loop(&phone, digits));
        let (asked, phrase) = match (complete, unlooped.is_some()) {
            (true, _) => (Asked::Phone, Phrase::PhoneUnsure),
            (false, true) => (Asked::PhoneMeant, Phrase::PhoneMeant),
            (false, false) => (Asked::Phone, Phrase::PhoneAgain),
        };
        let heard = digits::in_words(unlooped.as_deref().unwrap_or(&phone));
        self.phone_meant = unlooped;
        self.ask(asked, phrase, &[("phone", &heard)]);
        false
    }

    /// True when the number has as many digits as callers of this business have.
    pub(super) fn is_complete(&self, phone: &str) -> bool {
        let with_country = |digits: usize| phone.len() == digits + 1 && phone.starts_with('1');
        let wanted = self.business.identity.phone_digits.map(usize::from);
        wanted.is_none_or(|digits| phone.len() == digits || with_country(digits))
    }

    /// Yes or no to "I heard ..., is that right?" after a no it is asked anew.
    pub(super) fn phone_meant(&mut self, right: bool) -> bool {
        let meant = self.phone_meant.take().filter(|_| right);
        match meant {
            Some(phone) => self.phone = Some(phone),
            None => self.ask(Asked::Phone, Phrase::AskPhone, &[]),
        }
        self.phone.is_some()
    }

    /// The number the line shows, when it can be called back.
    pub(super) fn caller_number(&self) -> Option<String> {
        let digits: String = self.caller.number.as_deref()?.chars().filter(char::is_ascii_digit).collect();
        (FEWEST_PHONE_DIGITS..=16).contains(&digits.len()).then_some(digits)
    }

    /// The best number known.
    pub(super) fn best_phone(&self) -> Option<String> {
        self.phone.clone().or_else(|| self.caller_number())
    }
}
