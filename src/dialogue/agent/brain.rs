use jiff::civil::DateTime;

use super::asked::Asked;
use super::decision::Decision;
use super::flow::Flow;
use super::grammar::Possible;
use super::inform::{Deferred, Otherwise};
use super::prompt::{self, Have};
use super::{Agent, acted, cues, inform, question, understand, wording};
use crate::brain::{Act, Ask, Brain, Expect, Heard, Line, Outcome, ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::{answer, digits, spelling, words};

/// Bound of a decision in quoted mode: the longest sentence of the grammar that makes sense.
const QUOTED_TOKENS: u16 = 96;
/// The same with a wording.
const FREE_TOKENS: u16 = 128;
/// Of a read-back at least this much must have been heard for a yes to count, in percent.
const HEARD_ENOUGH: usize = 75;
/// Digits of a phone number where the business does not tell.
pub(super) const PHONE_DIGITS: u8 = 10;
/// Leave is taken with these at the end.
const LAST_WORDS: [&str; 6] = ["bye", "goodbye", "all", "everything", "else", "day"];
/// A thought does not end with these.
const UNFINISHED: &[&str] = &[
    "to",
    "at",
    "on",
    "for",
    "and",
    "the",
    "a",
    "an",
    "my",
    "is",
    "it's",
    "um",
    "uh",
    "er",
    "with",
    "in",
    "of",
    "or",
    "but",
    "so",
    "because",
    "i",
    "i'm",
    "i'd",
    "that",
    "from",
    "between",
    "next",
    "this",
    "around",
    "about",
    "than",
    "please can",
    "like",
    "want",
    "need",
    "would",
    "could",
    "can",
    "quarter",
    "half",
    "past",
    "by",
    "be",
    "am",
    "double",
    "name's",
    "your",
    "was",
    "if",
    "as",
];

impl Brain for Agent {
    fn greet(&mut self, _now: DateTime) -> Vec<Act> {
        let business = self.desk.business.identity.name.clone();
        self.desk.say_through(Phrase::Greeting, &[("business", &business)]);
        if self.desk.business.recording.on {
            self.desk.say_through(Phrase::Recorded, &[]);
        }
        self.desk.ask(Asked::Open, Phrase::HowHelp, &[]);
        self.desk.take_acts()
    }

    fn ask(&self, now: DateTime, heard: &Heard) -> Ask {
        let reading = self.read(now, heard);
        if understand::settle(&reading, self.desk.asked, &self.desk.business).is_some() {
            return Ask::Nothing;
        }
        let possible = Possible {
            asked: self.desk.asked,
            wants_time: self.flow.as_ref().is_some_and(|flow| flow.wants_time()),
            bookable: !self.desk.business.services.is_empty(),
            free: self.desk.is_free(),
        };
        let have = match &self.flow {
            Some(flow) => flow.have(&self.desk),
            None => Have { name: self.desk.name.is_some(), phone: self.desk.phone.is_some(), ..Have::default() },
        };
        let style = self.desk.trust.prompt;
        Ask::Model {
            shared: self.shared_prompt(),
            own: prompt::own(style, &self.desk.so_far, have, self.desk.asked, &reading.words),
            grammar: possible.grammar(&reading.words),
            max_tokens: if possible.free { FREE_TOKENS } else { QUOTED_TOKENS },
        }
    }

    fn decide(&mut self, now: DateTime, heard: &Heard, decision: Option<&str>) -> Vec<Act> {
        let mut reading = self.read(now, heard);
        let settled = understand::settle(&reading, self.desk.asked, &self.desk.business);
        let (meaning, wording) = match settled {
            Some(meaning) => (meaning, None),
            None => {
                let decision = decision.and_then(|output| Decision::read(output, &reading.words));
                if let Some(decision) = &decision {
                    reading.add(decision, &self.desk.business, now);
                }
                let in_flow = self.flow.is_some();
                let meaning = understand::weigh(&reading, self.desk.asked, in_flow, decision.as_ref());
                (meaning, decision.and_then(|decision| decision.say))
            }
        };
        self.acted_on = acted::on(meaning, &reading, self.desk.asked);
        if question::goes_first(meaning, &reading, self.desk.asked) {
            let text = reading.text();
            self.look_up(text, Otherwise::Act(Box::new(Deferred { meaning, reading, wording })), now);
        } else {
            self.act(meaning, &reading, wording, now);
        }
        self.desk.take_acts()
    }

    fn tool_result(&mut self, now: DateTime, call: &ToolCall, result: ToolResult) -> Vec<Act> {
        self.answered(call, result, now);
        self.desk.take_acts()
    }

    fn expects(&self) -> Expect {
        match self.desk.asked {
            Asked::Phone => Expect::Digits(self.desk.business.identity.phone_digits.unwrap_or(PHONE_DIGITS)),
            asked => asked.expects(),
        }
    }

    fn complete(&self, text: &str) -> bool {
        let said = words::words(text);
        let Some(last) = said.last() else { return false };
        // Yes, no and goodbye are all there is to say, whatever was asked.
        if self.closes(text) || (answer::is_bare(&said) && answer::answer(&said, &[]).is_some()) {
            return true;
        }
        match self.desk.asked {
            Asked::Phone => {
                let wanted = self.desk.business.identity.phone_digits.unwrap_or(PHONE_DIGITS);
                return digits::digits(&said, true).len() >= usize::from(wanted) || is_refusal(&said);
            }
            Asked::Spelling => return spelling::spelled(&said, true).is_some_and(|name| name.len() >= 3),
            _ => {}
        }
        let needs_more = ["last name is", "name is", "number is", "i would like to", "to move it to"];
        let cut = needs_more.iter().any(|group| said.join(" ").ends_with(group));
        !cut && !UNFINISHED.contains(&last.as_str())
    }

    fn closes(&self, text: &str) -> bool {
        let said = words::words(text);
        let ends = said.last().is_some_and(|last| LAST_WORDS.contains(&last.as_str()));
        ends && cues::goodbye(&said)
    }

    fn silence(&mut self, nth: u8) -> Vec<Act> {
        match nth {
            0 | 1 => self.desk.say(Phrase::StillThere, &[]),
            2 => self.desk.ask_again(),
            _ => {
                self.leave_all();
                self.desk.say(Phrase::SilenceGoodbye, &[]);
                self.desk.hang_up(Outcome::Silence);
            }
        }
        self.desk.take_acts()
    }

    fn not_understood(&mut self, _nth: u8) -> Vec<Act> {
        // No civil time comes with this; help that needs one waits for the next words.
        self.miss(None);
        self.desk.take_acts()
    }

    fn delay(&self, nth: u8) -> Line {
        let phrase = match nth {
            0 | 1 => Phrase::DelayOne,
            2 => Phrase::DelayTwo,
            _ => Phrase::DelayThree,
        };
        Line { text: self.desk.business.phrases.text(phrase).to_owned(), interruptible: true }
    }

    fn resumed(&mut self) -> Vec<Act> {
        self.desk.say(Phrase::WelcomeBack, &[]);
        self.desk.ask_again();
        self.desk.take_acts()
    }

    fn time_is_up(&mut self) -> Vec<Act> {
        self.leave_all();
        self.desk.say(Phrase::TimeUp, &[]);
        self.desk.hang_up(Outcome::TooLong);
        self.desk.take_acts()
    }

    fn hung_up(&mut self, now: DateTime, unfinished: &Heard) -> Vec<Act> {
        let unfinished = self.read(now, unfinished);
        if let Some(Flow::Message(message)) = &mut self.flow {
            message.hung_up(&mut self.desk, &unfinished);
        }
        let acts = self.desk.take_acts();
        acts.into_iter().filter(|act| matches!(act, Act::Tool(_))).collect()
    }

    fn cut_off(&mut self, heard_text: &str) {
        let said: usize = self.desk.last_said().iter().map(|text| text.len()).sum();
        let enough = heard_text.len().saturating_mul(100) >= said.saturating_mul(HEARD_ENOUGH);
        self.unheard = self.desk.asked == Asked::Confirm && !enough;
    }

    fn phrases(&self) -> Vec<String> {
        let business = &self.desk.business;
        let phrases = &business.phrases;
        let mut all: Vec<String> = Vec::new();
        let name = business.identity.name.as_str();
        all.push(phrases.fill(Phrase::Greeting, &[("business", name)]));
        let fixed = Phrase::ALL.iter().filter(|phrase| phrase.gaps().is_empty());
        all.extend(fixed.map(|phrase| phrases.text(*phrase).to_owned()));
        let to = business.messages.recipient.as_str();
        let number = business.urgent.number.as_str();
        let filled: [(Phrase, &[(&str, &str)]); 8] = [
            (Phrase::Robot, &[("business", name)]),
            (Phrase::OutOfScope, &[("business", name)]),
            (Phrase::MessageKept, &[("recipient", to)]),
            (Phrase::Human, &[("recipient", to)]),
            (Phrase::Transferring, &[("recipient", to)]),
            (Phrase::TransferBusy, &[("recipient", to)]),
            (Phrase::Emergency, &[("number", number), ("recipient", to)]),
            (Phrase::EmergencyKept, &[("recipient", to)]),
        ];
        all.extend(filled.iter().map(|(phrase, values)| phrases.fill(*phrase, values)));
        all.push(phrases.fill(Phrase::HoursWeek, &[("hours", &wording::week(&business.hours))]));
        if let Some(address) = &business.identity.address {
            all.push(phrases.fill(Phrase::Address, &[("address", address)]));
        }
        if let Some(area) = &business.identity.service_area {
            all.push(phrases.fill(Phrase::ServiceArea, &[("area", area)]));
        }
        for service in &business.services {
            if let Some(price) = &service.price {
                all.push(phrases.fill(Phrase::Price, &[("service", &service.name), ("price", price)]));
            }
        }
        all.push(inform::services_line(business));
        all.extend(business.questions.iter().map(|question| question.ask.clone()));
        all
    }
}

fn is_refusal(said: &[String]) -> bool {
    words::has_any(said, &["no", "don't have", "don't want", "this number", "same number", "calling from"])
}
