//! From what a turn means to what is done: commands open, interrupt and close flows.

use jiff::civil::DateTime;

use super::Agent;
use super::asked::Asked;
use super::command::Command;
use super::cues;
use super::flow::{Book, Cancel, Flow, Message, Reschedule, Step};
use super::inform::{self, Informed, Otherwise};
use super::question;
use super::reading::Reading;
use super::understand::Meaning;
use crate::brain::{Outcome, Passage, ToolCall, ToolResult};
use crate::business::Phrase;
use crate::parse::answer::Answer;
use crate::parse::words::has_any;

/// A yes to a read-back must have been heard at least so well.
const CONSENT: f32 = 0.5;
/// Longest text of a message that the agent writes itself, in characters.
const LONGEST_TEXT: usize = 400;

impl Agent {
    pub(super) fn act(&mut self, meaning: Meaning, reading: &Reading, wording: Option<String>, now: DateTime) {
        match meaning {
            Meaning::Nothing => self.miss(Some(now)),
            Meaning::Drop => self.drop_it(now),
            Meaning::Unrecorded => {
                self.desk.say_through(Phrase::NotRecorded, &[]);
                self.desk.ask_again();
            }
            Meaning::Perhaps(command) => self.ask_whether(command, reading),
            Meaning::Unclear => self.ask_wish(reading, now),
            Meaning::Value => self.value(reading, now),
            Meaning::Command(command) => self.command(command, reading, wording, now),
        }
    }

    fn command(&mut self, command: Command, reading: &Reading, wording: Option<String>, now: DateTime) {
        match command {
            Command::Yes => self.yes(reading, now),
            Command::No => self.no(now),
            Command::Repeat => self.desk.repeat(),
            Command::Goodbye => self.goodbye(),
            Command::Emergency => self.emergency(reading),
            Command::RobotQuestion => {
                let business = self.desk.business.identity.name.clone();
                self.desk.say(Phrase::Robot, &[("business", &business)]);
                self.desk.ask_again();
            }
            Command::Hours | Command::Price | Command::Address | Command::ServiceArea => {
                self.inform(command, reading, now);
            }
            Command::OutOfScope => self.look_up(reading.text(), Otherwise::OutOfScope(wording), now),
            Command::Book | Command::Reschedule | Command::Cancel | Command::LeaveMessage | Command::Human => {
                // "To book" after "would you like to book, to move or to cancel?" is about what
                // was said before.
                let before = self.meant.take().filter(|_| self.desk.asked == Asked::Wish && !reading.tells_when());
                let appointment = command.has_effect() && reading.service.is_none();
                let reading = before.filter(|_| appointment).unwrap_or_else(|| reading.clone());
                self.begin(command, &reading, now);
            }
            Command::GiveName | Command::GivePhone | Command::GiveTime | Command::ChooseOption => {
                self.value(reading, now);
            }
        }
    }

    /// Opens a flow, or goes on with the one under way when it is of this kind.
    pub(super) fn begin(&mut self, command: Command, reading: &Reading, now: DateTime) {
        let same = matches!(
            (command, &self.flow),
            (Command::Book, Some(Flow::Book(_)))
                | (Command::Reschedule, Some(Flow::Reschedule(_)))
                | (Command::Cancel, Some(Flow::Cancel(_)))
                | (Command::LeaveMessage, Some(Flow::Message(_)))
        );
        if same {
            return self.value(reading, now);
        }
        // "Move it to friday" in the middle of a booking moves what is being booked.
        let unbooked = matches!(self.flow, Some(Flow::Book(_)));
        let of_existing = has_any(&reading.words, &["my appointment", "my booking", "an appointment"]);
        if command == Command::Reschedule && unbooked && !of_existing {
            return self.value(reading, now);
        }
        if command == Command::Cancel && unbooked && !of_existing {
            return self.drop_it(now);
        }
        self.park();
        self.astray = false;
        if command == Command::Human && self.can_transfer(now) {
            return self.transfer(reading);
        }
        let (flow, step) = match command {
            Command::Book => {
                let (flow, step) = Book::open(&mut self.desk, reading, now);
                (Flow::Book(Box::new(flow)), step)
            }
            Command::Reschedule => {
                let (flow, step) = Reschedule::open(&mut self.desk, reading, now);
                (Flow::Reschedule(Box::new(flow)), step)
            }
            Command::Cancel => {
                let (flow, step) = Cancel::open(&mut self.desk, reading);
                (Flow::Cancel(Box::new(flow)), step)
            }
            _ => {
                let urgent = command == Command::Human;
                if urgent {
                    let recipient = self.desk.business.messages.recipient.clone();
                    self.desk.say(Phrase::Human, &[("recipient", &recipient)]);
                }
                let (flow, step) = Message::open(&mut self.desk, reading, urgent);
                (Flow::Message(Box::new(flow)), step)
            }
        };
        self.flow = Some(flow);
        self.follow(step, now);
    }

    /// Keeps what is under way for later; what it holds is given back meanwhile.
    fn park(&mut self) {
        let Some(mut flow) = self.flow.take() else { return };
        flow.leave(&mut self.desk);
        if matches!(flow, Flow::Book(_) | Flow::Reschedule(_)) {
            self.parked = Some(flow);
        }
    }

    /// What was said answers something, or corrects it.
    fn value(&mut self, reading: &Reading, now: DateTime) {
        let Some(mut flow) = self.flow.take() else { return self.value_alone(reading, now) };
        if self.desk.asked == Asked::Confirm && reading.answer == Some(Answer::Yes) {
            // "Yes, tuesday at three": nothing is changed by it, so it is a yes.
            let (mut desk, mut tried) = (self.desk.clone(), flow.clone());
            tried.hear(&mut desk, reading, now);
            if tried == flow && desk.name == self.desk.name && desk.phone == self.desk.phone {
                self.flow = Some(flow);
                return self.yes(reading, now);
            }
        }
        let step = flow.hear(&mut self.desk, reading, now);
        self.flow = Some(flow);
        self.follow(step, now);
    }

    /// A value while nothing is under way.
    fn value_alone(&mut self, reading: &Reading, now: DateTime) {
        if self.desk.asked == Asked::PriceOf && reading.service.is_some() {
            return self.inform(Command::Price, reading, now);
        }
        if let (Asked::Meant(Command::Emergency | Command::LeaveMessage), Some(phone)) =
            (self.desk.asked, reading.phone.clone())
        {
            // Who tells where to be called back, means it.
            self.desk.phone = Some(phone);
            return self.yes(reading, now);
        }
        if let Asked::Meant(command) = self.desk.asked
            && command != Command::Emergency
            && (reading.service.is_some() || reading.tells_when() || reading.name.is_some())
        {
            // Who goes on to say when or who, means it.
            if let Some(name) = reading.name.clone() {
                self.desk.name = Some(name);
            }
            let meant = self.meant.take().filter(|_| !reading.tells_when() && reading.service.is_none());
            return self.begin(command, &meant.unwrap_or_else(|| reading.clone()), now);
        }
        if reading.service.is_some() || reading.tells_when() {
            return self.ask_whether(Command::Book, reading);
        }
        if let Some(name) = reading.name.clone() {
            self.desk.name = Some(name);
            return if self.desk.asked == Asked::Wish {
                self.no_wish(reading, now);
            } else {
                self.desk.ask(Asked::Open, Phrase::HowHelp, &[]);
            };
        }
        self.miss(Some(now));
    }

    /// Something about an appointment: the wish is asked for, what was said is kept.
    fn ask_wish(&mut self, reading: &Reading, now: DateTime) {
        if self.desk.asked == Asked::Wish {
            return self.no_wish(reading, now);
        }
        self.meant = Some(reading.clone());
        self.desk.ask(Asked::Wish, Phrase::AskWish, &[]);
    }

    /// Neither to book nor to move nor to cancel: what then, and in the end a message.
    fn no_wish(&mut self, reading: &Reading, now: DateTime) {
        if !cues::question(&reading.words) {
            return self.miss(Some(now));
        }
        self.meant = None;
        if self.astray_again() {
            return self.offer_message();
        }
        self.desk.ask(Asked::Open, Phrase::HowHelp, &[]);
    }

    /// Notes that what was suggested is not what is wanted; true the second time in a row.
    fn astray_again(&mut self) -> bool {
        self.astray = !self.astray;
        !self.astray
    }

    fn ask_whether(&mut self, command: Command, reading: &Reading) {
        let phrase = match command {
            Command::Reschedule => Phrase::MeantMove,
            Command::Cancel => Phrase::MeantCancel,
            Command::Emergency => Phrase::MeantEmergency,
            Command::Book => Phrase::MeantBook,
            _ => Phrase::MeantMessage,
        };
        self.meant = Some(reading.clone());
        self.desk.ask(Asked::Meant(command), phrase, &[]);
    }

    fn yes(&mut self, reading: &Reading, now: DateTime) {
        match self.desk.asked {
            Asked::AnythingElse => self.desk.ask(Asked::Open, Phrase::HowHelp, &[]),
            Asked::Meant(command) => {
                let meant = self.meant.take().unwrap_or_else(|| reading.clone());
                if command == Command::Emergency {
                    return self.emergency(&meant);
                }
                self.begin(command, &meant, now);
            }
            Asked::OfferMessage => self.take_message(now),
            Asked::Confirm if reading.confidence < CONSENT && reading.keyed.is_empty() => {
                self.desk.say(Phrase::YesOrNo, &[]);
            }
            Asked::Confirm if std::mem::take(&mut self.unheard) => self.desk.ask_again(),
            _ => {
                let Some(mut flow) = self.flow.take() else { return self.miss(Some(now)) };
                let step = flow.yes(&mut self.desk, now);
                self.flow = Some(flow);
                self.follow(step, now);
            }
        }
    }

    fn take_message(&mut self, now: DateTime) {
        let flow = self.unanswered.take().map(Message::about).unwrap_or_default();
        let mut flow = Flow::Message(Box::new(flow));
        let step = flow.advance(&mut self.desk, now);
        self.flow = Some(flow);
        self.follow(step, now);
    }

    fn no(&mut self, now: DateTime) {
        match self.desk.asked {
            Asked::AnythingElse => self.goodbye(),
            Asked::Meant(_) => {
                self.meant = None;
                if self.flow.is_some() {
                    return self.resume_question(now);
                }
                if self.astray_again() {
                    return self.offer_message();
                }
                self.desk.say(Phrase::WhatICanDo, &[]);
                self.desk.ask(Asked::Open, Phrase::HowHelp, &[]);
            }
            Asked::OfferMessage => {
                self.unanswered = None;
                self.resume(now);
            }
            _ => {
                let Some(mut flow) = self.flow.take() else { return self.miss(Some(now)) };
                let step = flow.no(&mut self.desk, now);
                self.flow = Some(flow);
                self.follow(step, now);
            }
        }
    }

    fn drop_it(&mut self, now: DateTime) {
        match self.flow.take() {
            Some(mut flow) => {
                flow.leave(&mut self.desk);
                let phrase = if matches!(flow, Flow::Book(_)) { Phrase::Dropped } else { Phrase::Kept };
                self.desk.say(phrase, &[]);
                self.resume(now);
            }
            None => self.anything_else(),
        }
    }

    fn goodbye(&mut self) {
        let held = match &self.flow {
            Some(Flow::Book(flow)) => flow.search.hold.is_some(),
            Some(Flow::Reschedule(flow)) => flow.search.hold.is_some(),
            _ => false,
        };
        // Who leaves with a time held may well think that all is done: once they are told.
        if held && !std::mem::replace(&mut self.warned, true) {
            self.desk.say(Phrase::NotDoneYet, &[]);
            return self.desk.ask_again();
        }
        if matches!(self.flow, Some(Flow::Book(_))) {
            self.desk.say(Phrase::Dropped, &[]);
        }
        self.leave_all();
        self.desk.say(Phrase::Goodbye, &[]);
        self.desk.hang_up(Outcome::Completed);
    }

    /// Leaves everything that is under way: what is held is given back, a message that has its
    /// text is kept with what is known.
    pub(super) fn leave_all(&mut self) {
        for mut flow in self.flow.take().into_iter().chain(self.parked.take()) {
            flow.leave(&mut self.desk);
            if let Flow::Message(message) = &mut flow {
                message.settle(&mut self.desk);
            }
        }
    }

    fn emergency(&mut self, reading: &Reading) {
        if let Some(mut flow) = self.flow.take() {
            flow.leave(&mut self.desk);
        }
        self.parked = None;
        let rules = self.desk.business.urgent.clone();
        let recipient = self.desk.business.messages.recipient.clone();
        self.desk.say_through(Phrase::Emergency, &[("number", &rules.number), ("recipient", &recipient)]);
        let text: String = reading.text().chars().take(LONGEST_TEXT).collect();
        self.alarm = Some(text.clone());
        let (name, phone) = (self.desk.name.clone(), self.desk.best_phone());
        self.desk.tool(ToolCall::Message { name, phone, text, urgent: true });
    }

    fn inform(&mut self, command: Command, reading: &Reading, now: DateTime) {
        match inform::answer(&mut self.desk, command, reading) {
            Informed::Answered => self.after_answer(now),
            Informed::Ask(otherwise) => self.look_up(reading.text(), otherwise, now),
        }
    }

    pub(super) fn look_up(&mut self, question: String, otherwise: Otherwise, now: DateTime) {
        if let Some(found) = self.found.take() {
            return self.answer_from(&found, otherwise, now);
        }
        self.looking_up = Some((question.clone(), otherwise));
        self.desk.tool(ToolCall::Knowledge { question });
    }

    /// After an answer: back to what was under way.
    fn after_answer(&mut self, now: DateTime) {
        (self.desk.misses, self.astray) = (0, false);
        if self.flow.is_some() { self.resume_question(now) } else { self.anything_else() }
    }

    /// Puts the question of the flow again: the flow knows it better than the last words do.
    fn resume_question(&mut self, now: DateTime) {
        let gone = matches!(self.desk.asked, Asked::Meant(_) | Asked::Open | Asked::Wish | Asked::AnythingElse);
        let stands = !gone && self.desk.asked != Asked::PriceOf;
        if stands {
            return self.desk.ask_again();
        }
        let Some(mut flow) = self.flow.take() else { return self.anything_else() };
        let step = flow.advance(&mut self.desk, now);
        self.flow = Some(flow);
        self.follow(step, now);
    }

    fn anything_else(&mut self) {
        self.desk.ask(Asked::AnythingElse, Phrase::AnythingElse, &[]);
    }

    /// What follows from a step of the flow.
    fn follow(&mut self, step: Step, now: DateTime) {
        match step {
            Step::Going => self.desk.misses = 0,
            Step::Lost => self.miss(Some(now)),
            Step::Done => {
                self.flow = None;
                self.resume(now);
            }
            Step::Stuck => self.stuck(),
        }
    }

    /// The flow can't go on: what was wished for may go to the owner as a message.
    fn stuck(&mut self) {
        if let Some(mut flow) = self.flow.take() {
            if let Flow::Book(book) = &flow {
                self.unanswered = book.wish();
            }
            flow.leave(&mut self.desk);
        }
        self.offer_message();
    }

    /// Takes up what was interrupted, else asks for more.
    pub(super) fn resume(&mut self, now: DateTime) {
        let Some(mut flow) = self.parked.take() else { return self.anything_else() };
        self.desk.say(Phrase::BackTo, &[]);
        let step = flow.advance(&mut self.desk, now);
        self.flow = Some(flow);
        self.follow(step, now);
    }

    fn offer_message(&mut self) {
        self.desk.ask(Asked::OfferMessage, Phrase::OfferMessage, &[]);
    }

    /// What was asked got no answer: once more, then another way, then a message.
    pub(super) fn miss(&mut self, now: Option<DateTime>) {
        if let Some(Flow::Book(flow)) = &mut self.flow
            && let Some(step) = flow.name_again(&mut self.desk)
        {
            if step == Step::Stuck {
                self.stuck();
            }
            return;
        }
        // What can't be made out after a read-back is seldom a yes.
        let times = matches!(self.flow, Some(Flow::Book(_) | Flow::Reschedule(_)));
        if self.desk.asked == Asked::Confirm && times {
            self.desk.say(Phrase::NotUnderstood, &[]);
            return self.desk.ask(Asked::AnyChange, Phrase::AnyChange, &[]);
        }
        self.desk.misses = self.desk.misses.saturating_add(1);
        match self.desk.misses {
            1 => {
                let phrases = [Phrase::NotUnderstood, Phrase::NotUnderstoodToo];
                self.desk.say(self.randomness.choice(phrases).unwrap_or(Phrase::NotUnderstood), &[]);
                self.desk.ask_again();
            }
            2 => self.help(now),
            _ => self.give_up(),
        }
    }

    fn help(&mut self, now: Option<DateTime>) {
        if self.desk.asked.is_yes_no() {
            self.desk.ask_again();
            return self.desk.say(Phrase::YesOrNo, &[]);
        }
        let helped = match (&mut self.flow, now) {
            (Some(flow), Some(now)) => flow.help(&mut self.desk, now),
            (None, _) => {
                self.desk.say(Phrase::NotUnderstood, &[]);
                self.desk.ask(Asked::Wish, Phrase::PressWish, &[]);
                self.desk.misses = 2;
                true
            }
            (Some(_), None) => false,
        };
        if !helped {
            self.desk.say(Phrase::NotUnderstood, &[]);
            self.desk.ask_again();
        }
    }

    /// Nothing helps: a message, and if even that fails, the end with what there is.
    fn give_up(&mut self) {
        if let Some(Flow::Message(mut message)) = self.flow.take_if(|flow| matches!(flow, Flow::Message(_)))
            && message.settle(&mut self.desk)
        {
            self.flow = Some(Flow::Message(message));
            self.desk.misses = 0;
            return;
        }
        if matches!(self.desk.asked, Asked::OfferMessage | Asked::AnythingElse | Asked::Message) {
            if let (Some(phone), true) = (self.desk.caller_number(), self.desk.asked != Asked::AnythingElse) {
                let text = "A caller could not be understood. Please call back.".to_owned();
                self.desk.tool(ToolCall::Message { name: None, phone: Some(phone), text, urgent: false });
            }
            return self.goodbye();
        }
        self.stuck();
    }

    pub(super) fn answered(&mut self, call: &ToolCall, result: ToolResult, now: DateTime) {
        match call {
            ToolCall::Release { .. } => {}
            ToolCall::Transfer { .. } => self.transferred(result, now),
            ToolCall::Knowledge { question } => self.looked_up(question, result, now),
            ToolCall::Message { text, .. } if self.alarm.as_ref() == Some(text) => self.alarmed(result, now),
            ToolCall::Message { .. } | ToolCall::CompleteMessage { .. }
                if !matches!(self.flow, Some(Flow::Message(_))) => {}
            _ => {
                let Some(mut flow) = self.flow.take() else { return self.answered_nobody(call, result) };
                let step = flow.tool_result(&mut self.desk, call, result, now);
                self.flow = Some(flow);
                self.follow_tool(step, now);
            }
        }
    }

    /// The flow that wanted this is gone: nothing may stay held for it.
    fn answered_nobody(&mut self, call: &ToolCall, result: ToolResult) {
        if let (ToolCall::Hold { .. }, ToolResult::Held { hold }) = (call, result) {
            self.desk.tool(ToolCall::Release { hold });
        }
    }

    fn follow_tool(&mut self, step: Step, now: DateTime) {
        match step {
            Step::Going | Step::Lost => {}
            other => self.follow(other, now),
        }
    }

    fn alarmed(&mut self, result: ToolResult, now: DateTime) {
        self.alarm = None;
        let ToolResult::MessageKept { id } = result else {
            self.desk.say(Phrase::MessageLost, &[]);
            return self.anything_else();
        };
        let recipient = self.desk.business.messages.recipient.clone();
        self.desk.say(Phrase::EmergencyKept, &[("recipient", &recipient)]);
        if self.desk.best_phone().is_some() {
            return self.anything_else();
        }
        let mut flow = Flow::Message(Box::new(Message::urgent_number(id)));
        let step = flow.advance(&mut self.desk, now);
        self.flow = Some(flow);
        self.follow(step, now);
    }

    fn looked_up(&mut self, question: &str, result: ToolResult, now: DateTime) {
        // The answer to what was asked before the caller went on.
        let Some((_, otherwise)) = self.looking_up.take_if(|(asked, _)| asked == question) else { return };
        let passages = if let ToolResult::Passages { passages } = result { passages } else { Vec::new() };
        let tells = |passage: &Passage| passage.score > 0.0 && !passage.text.trim().is_empty();
        let passages: Vec<Passage> = passages.into_iter().filter(tells).collect();
        self.answer_from(&passages, otherwise, now);
    }

    fn answer_from(&mut self, passages: &[Passage], otherwise: Otherwise, now: DateTime) {
        let strong = |passage: &&Passage| match &otherwise {
            Otherwise::Act(turn) => question::is_answered(passage, turn.meaning, &turn.reading, &self.desk.business),
            _ => true,
        };
        if let Some(best) = passages.first().filter(strong) {
            self.desk.quote(&best.text);
            return self.after_answer(now);
        }
        match otherwise {
            Otherwise::Act(turn) => {
                self.found = Some(passages.to_vec());
                self.act(turn.meaning, &turn.reading, turn.wording, now);
                self.found = None;
            }
            Otherwise::PriceOf if self.flow.is_none() => {
                self.desk.ask(Asked::PriceOf, Phrase::AskPriceOf, &[]);
            }
            Otherwise::PriceOf => self.after_answer(now),
            Otherwise::Message(question) => {
                self.desk.say(Phrase::CantAnswer, &[]);
                if self.flow.is_some() {
                    return self.after_answer(now);
                }
                self.unanswered = Some(question);
                self.offer_message();
            }
            Otherwise::OutOfScope(wording) => self.out_of_scope(wording, now),
        }
    }

    fn out_of_scope(&mut self, wording: Option<String>, now: DateTime) {
        let heard = wording.is_some_and(|wording| self.desk.say_freely(&wording));
        if !heard {
            let business = self.desk.business.identity.name.clone();
            self.desk.say(Phrase::OutOfScope, &[("business", &business)]);
        }
        self.desk.misses = self.desk.misses.saturating_add(1);
        if self.flow.is_some() {
            // Who says it again and again wants something else than what is asked.
            return if self.desk.misses >= 3 { self.give_up() } else { self.resume_question(now) };
        }
        // The second time in a row the way out is a message.
        if self.desk.misses >= 2 {
            return self.offer_message();
        }
        self.desk.say(Phrase::WhatICanDo, &[]);
        self.desk.ask_again();
    }
}
