//! Everything the agent may say in its own name: approved wording with named gaps.

use std::collections::BTreeMap;

use super::reader::{Reader, Section};
use crate::parse::fuzzy;

macro_rules! phrases {
    ($($(#[$doc:meta])* $name:ident $key:literal [$($gap:literal),*] $text:literal;)*) => {
        /// The key of an approved phrase.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phrase { $($(#[$doc])* $name,)* }

        impl Phrase {
            /// All of them.
            pub const ALL: &'static [Phrase] = &[$(Phrase::$name,)*];

            /// As it is written under `[phrases]`.
            pub const fn key(self) -> &'static str {
                match self { $(Phrase::$name => $key,)* }
            }

            /// The gaps it is filled at; each must occur in the wording.
            pub const fn gaps(self) -> &'static [&'static str] {
                match self { $(Phrase::$name => &[$($gap),*],)* }
            }

            /// What is said unless the business words it differently.
            pub const fn default_text(self) -> &'static str {
                match self { $(Phrase::$name => $text,)* }
            }
        }
    };
}

phrases! {
    /// First words; can't be talked away. Keep it under six seconds.
    Greeting "greeting" ["business"] "Hello, this is {business}. I am an AI assistant for bookings, questions and messages.";
    /// Where calls are recorded: the words after which recording begins; can't be talked away.
    Recorded "recorded" [] "This call is recorded.";
    /// The caller does not want it: these words end and erase the recording; can't be talked away.
    NotRecorded "not_recorded" [] "All right, the recording has stopped, and what there was of it is erased.";
    /// Asks for the wish of the caller.
    HowHelp "how_help" [] "How can I help you?";
    /// Asks what to book.
    AskService "ask_service" [] "Which service would you like?";
    /// Names all services.
    ListServices "list_services" ["services"] "We offer {services}. Which one would you like?";
    /// Services by key.
    PressService "press_service" ["choices"] "You can use your keypad: {choices}.";
    /// Asks for a day.
    AskDay "ask_day" [] "Which day would suit you?";
    /// Asks for a time of a known day.
    AskTime "ask_time" ["day"] "What time on {day} would suit you?";
    /// Asks for a new day or time of a known appointment.
    AskNewTime "ask_new_time" ["service", "when"] "I have your {service} on {when}. When would you like to come instead?";
    /// One option.
    OfferOne "offer_one" ["first"] "I have {first}. Does that suit you?";
    /// Two options.
    OfferTwo "offer_two" ["first", "second"] "I have {first} or {second}. Which would you like?";
    /// Three options.
    OfferThree "offer_three" ["first", "second", "third"] "I have {first}, {second} or {third}. Which would you like?";
    /// How to choose without words.
    PressOption "press_option" [] "You can also press the number of your choice: one for the first, two for the second.";
    /// The wish can't be met.
    NothingThen "nothing_then" [] "I am sorry, I have nothing free then.";
    /// The calendar is full.
    NothingAtAll "nothing_at_all" [] "I am sorry, I have nothing free at all.";
    /// Closed then.
    ClosedThen "closed_then" ["day"] "I am sorry, we are closed on {day}.";
    /// Somebody was quicker.
    Taken "taken" [] "I am sorry, that time has just been taken.";
    /// Asks for the name.
    AskName "ask_name" [] "What is your full name, please?";
    /// Only one name was given.
    AskLastName "ask_last_name" ["name"] "And your last name, {name}?";
    /// Asks for the name of an existing appointment.
    AskBookingName "ask_booking_name" [] "What name is the appointment under?";
    /// Asks for letters.
    AskSpelling "ask_spelling" [] "Please spell your last name for me, letter by letter.";
    /// The same for the first name.
    AskSpellingFirst "ask_spelling_first" [] "Please spell your first name for me, letter by letter.";
    /// The name was heard badly.
    NameAgain "name_again" [] "I did not hear your name clearly. What is your full name, please?";
    /// The time was heard badly.
    TimeAgain "time_again" [] "I did not hear the time clearly. What time was that?";
    /// The same for the day.
    DayAgain "day_again" [] "I did not hear the day clearly. Which day was that?";
    /// Asks for a number.
    AskPhone "ask_phone" [] "What is the best phone number for you? You can say it or key it in.";
    /// The number can't be complete.
    PhoneAgain "phone_again" ["phone"] "I heard {phone}. That does not seem complete. Please say it once more, digit by digit, or key it in.";
    /// The number was heard badly.
    PhoneUnsure "phone_unsure" ["phone"] "I heard {phone}, but not clearly. Please say it once more, digit by digit, or key it in.";
    /// More digits than a number has, the last ones over and over.
    PhoneMeant "phone_meant" ["phone"] "I heard {phone}. Is that right?";
    /// Asks whether the number shown is good.
    AskCallerPhone "ask_caller_phone" [] "Can we reach you on the number you are calling from?";
    /// Read-back before a booking.
    ConfirmBooking "confirm_booking" ["service", "when", "name"] "So that is {service}, {when}, for {name}. Shall I book it?";
    /// Read-back before a booking with a number.
    ConfirmBookingPhone "confirm_booking_phone" ["service", "when", "name", "phone"] "So that is {service}, {when}, for {name}, phone number {phone}. Shall I book it?";
    /// After a booking.
    Booked "booked" ["service", "when"] "Done. You are booked for {service}, {when}.";
    /// Read-back before a move.
    ConfirmMove "confirm_move" ["service", "name", "from", "to"] "So I move {service} for {name} from {from} to {to}. Is that right?";
    /// After a move.
    Moved "moved" ["service", "when"] "Done. Your {service} is now {when}.";
    /// Read-back before a cancellation.
    ConfirmCancel "confirm_cancel" ["service", "when", "name"] "I have {service}, {when}, for {name}. Shall I cancel it?";
    /// After a cancellation.
    Cancelled "cancelled" ["service", "when"] "Done. Your {service}, {when}, is cancelled.";
    /// Nothing was cancelled.
    Kept "kept" [] "All right, I leave it as it is.";
    /// Two bookings match.
    WhichOfTwo "which_of_two" ["first", "second"] "I found two: {first}, and {second}. Which one do you mean?";
    /// Three bookings match.
    WhichOfThree "which_of_three" ["first", "second", "third"] "I found {first}, {second}, and {third}. Which one do you mean?";
    /// Nothing found under that name.
    NoBooking "no_booking" ["name"] "I can't find an appointment under {name}.";
    /// Nothing could be found.
    NotFound "not_found" [] "I can't find your appointment.";
    /// After a plain no to a read-back.
    AskChange "ask_change" [] "What should I change: the service, the time, or the name?";
    /// The answer to a read-back was lost.
    AnyChange "any_change" [] "Would you like to change anything?";
    /// Two values at once.
    WhichIsRight "which_is_right" ["first", "second"] "Did you mean {first} or {second}?";
    /// The flow is left without effect.
    Dropped "dropped" [] "All right, I have not booked anything.";
    /// The caller takes leave too early.
    NotDoneYet "not_done_yet" [] "Before you go: that is not settled yet.";
    /// Back to what was interrupted.
    BackTo "back_to" [] "Now, back to your appointment.";
    /// Closing question.
    AnythingElse "anything_else" [] "Is there anything else?";
    /// Last words.
    Goodbye "goodbye" [] "Thank you for calling. Goodbye.";
    /// No words could be made out.
    NotUnderstood "not_understood" [] "Sorry, I did not get that.";
    /// The same in other words.
    NotUnderstoodToo "not_understood_too" [] "I am sorry, I could not make that out.";
    /// How to answer yes or no.
    YesOrNo "yes_or_no" [] "Please say yes or no, or press one for yes and two for no.";
    /// Which of the wishes that are easily confused?
    AskWish "ask_wish" [] "Would you like to book, to move, or to cancel an appointment?";
    /// Wishes by key.
    PressWish "press_wish" [] "You can press one to book, two to move an appointment, three to cancel one, or four to leave a message.";
    /// Is it danger?
    MeantEmergency "meant_emergency" [] "Is this an emergency?";
    /// Did the caller want to book?
    MeantBook "meant_book" [] "Would you like to make a new appointment?";
    /// Did the caller want to move?
    MeantMove "meant_move" [] "Would you like to change an appointment that you have?";
    /// Did the caller want to cancel?
    MeantCancel "meant_cancel" [] "Would you like to cancel an appointment that you have?";
    /// Did the caller want to leave a message?
    MeantMessage "meant_message" [] "Would you like to leave a message?";
    /// What can be done here.
    WhatICanDo "what_i_can_do" [] "I can make, change or cancel an appointment, answer questions, or take a message.";
    /// Is there a human?
    Robot "robot" ["business"] "I am an AI assistant, not a person. I answer the phone for {business}.";
    /// Not our business.
    OutOfScope "out_of_scope" ["business"] "I am afraid I can only help with {business}.";
    /// Opening hours of one day.
    HoursOn "hours_on" ["day", "hours"] "On {day} we are open {hours}.";
    /// Closed that day.
    HoursClosed "hours_closed" ["day"] "On {day} we are closed.";
    /// Opening hours of the week.
    HoursWeek "hours_week" ["hours"] "We are open {hours}.";
    /// A price.
    Price "price" ["service", "price"] "The price for {service} is {price}.";
    /// No price known.
    PriceUnknown "price_unknown" ["service"] "I have no price for {service}.";
    /// For which service?
    AskPriceOf "ask_price_of" [] "For which service would you like the price?";
    /// The address.
    Address "address" ["address"] "We are at {address}.";
    /// The area.
    ServiceArea "service_area" ["area"] "We cover {area}.";
    /// A question without an answer.
    CantAnswer "cant_answer" [] "I can't answer that myself.";
    /// Offers a message.
    OfferMessage "offer_message" [] "Shall I take a message, so that somebody calls you back?";
    /// Asks for the message.
    AskMessage "ask_message" [] "What would you like me to pass on?";
    /// The message is kept.
    MessageKept "message_kept" ["recipient"] "Thank you. I have passed that on to {recipient}.";
    /// The message could not be kept.
    MessageLost "message_lost" [] "I am sorry, I could not save that. Please call again a little later.";
    /// A person was asked for.
    Human "human" ["recipient"] "I can't put you through now, but I take an urgent message and {recipient} will call you back.";
    /// Somebody is called for the caller.
    Transferring "transferring" ["recipient"] "One moment, I am trying to reach {recipient} for you.";
    /// What the person called hears first.
    Whisper "whisper" ["caller", "reason"] "A call for you from {caller}, who said: {reason}. Press one to take it, or two to decline.";
    /// The person called did not press a key.
    WhisperAgain "whisper_again" [] "Press one to take the call, or two to decline.";
    /// The person takes the call.
    WhisperTaken "whisper_taken" [] "Thank you. You are connected.";
    /// They are talking.
    TransferBusy "transfer_busy" ["recipient"] "I am sorry, {recipient} is on another call just now.";
    /// They did not pick up.
    TransferNoAnswer "transfer_no_answer" [] "I am sorry, nobody is answering just now.";
    /// They can't be had.
    TransferFailed "transfer_failed" [] "I am sorry, I can't put you through just now.";
    /// The caller had put us on hold.
    WelcomeBack "welcome_back" [] "Welcome back.";
    /// Danger.
    Emergency "emergency" ["number", "recipient"] "If anybody is in danger, hang up and call {number} now. I am telling {recipient} at once.";
    /// The alarm is raised.
    EmergencyKept "emergency_kept" ["recipient"] "I have sent an urgent message to {recipient}.";
    /// Something broke.
    ToolFailed "tool_failed" [] "I am sorry, that did not work just now.";
    /// First wait. Short: an answer that comes meanwhile waits for its end.
    DelayOne "delay_one" [] "One moment.";
    /// Second wait.
    DelayTwo "delay_two" [] "I am still on it.";
    /// Third wait and on.
    DelayThree "delay_three" [] "I am sorry, this takes longer than usual.";
    /// Silence.
    StillThere "still_there" [] "Are you still there?";
    /// Silence goes on.
    SilenceGoodbye "silence_goodbye" [] "I can't hear you any more. Please call again. Goodbye.";
    /// Longest call.
    TimeUp "time_up" [] "I have to end this call now. Please call again if you need anything more. Goodbye.";
}

/// The wording in force: the defaults with what the business has worded itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Phrases {
    own: BTreeMap<Phrase, String>,
}

impl Phrases {
    /// The wording of this phrase, gaps and all.
    pub fn text(&self, phrase: Phrase) -> &str {
        self.own.get(&phrase).map_or(phrase.default_text(), String::as_str)
    }

    /// The phrase with its gaps filled. What has no value stays out.
    pub fn fill(&self, phrase: Phrase, values: &[(&str, &str)]) -> String {
        let mut filled = String::new();
        for piece in pieces(self.text(phrase)) {
            match piece {
                Piece::Words(words) => filled.push_str(words),
                Piece::Gap(gap) => {
                    let value = values.iter().find(|(name, _)| *name == gap);
                    filled.push_str(value.map_or("", |(_, value)| value));
                }
            }
        }
        filled
    }

    pub(super) fn read(reader: &mut Reader<'_>, section: Section<'_, '_>) -> Self {
        let known: Vec<&str> = Phrase::ALL.iter().map(|p| p.key()).collect();
        reader.check_keys(section, &known);
        let mut phrases = Phrases::default();
        for phrase in Phrase::ALL {
            let Some(text) = reader.text(section, phrase.key()) else {
                continue;
            };
            let at = section.table.get(phrase.key()).map_or(section.at, |value| value.span().start);
            if check_gaps(reader, *phrase, &text, at) {
                phrases.own.insert(*phrase, text);
            }
        }
        phrases
    }
}

fn check_gaps(reader: &mut Reader<'_>, phrase: Phrase, text: &str, at: usize) -> bool {
    let faults = reader.errors.len();
    let found: Vec<&str> =
        pieces(text).filter_map(|p| if let Piece::Gap(gap) = p { Some(gap) } else { None }).collect();
    for gap in &found {
        if !phrase.gaps().contains(gap) {
            let write = match (fuzzy::nearest(gap, phrase.gaps()), phrase.gaps()) {
                (Some(near), _) => format!("Did you mean {{{near}}}?"),
                (None, []) => "This phrase has no gaps: write it in full.".to_owned(),
                (None, gaps) => format!("Gaps of this phrase: {{{}}}.", gaps.join("}, {")),
            };
            reader.fault(at, format!("the phrase `{}` has no gap {{{gap}}}", phrase.key()), write);
        }
    }
    for gap in phrase.gaps() {
        if !found.contains(gap) {
            let what = format!("the phrase `{}` does not say {{{gap}}}", phrase.key());
            reader.fault(at, what, format!("Put {{{gap}}} where it belongs in the wording."));
        }
    }
    reader.errors.len() == faults
}

enum Piece<'a> {
    Words(&'a str),
    Gap(&'a str),
}

/// Cuts `text` at its gaps; a lone brace is just a character.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let gap = rest.find('{').and_then(|open| {
            let close = rest.get(open..)?.find('}')? + open;
            Some((open, close))
        });
        match gap {
            Some((0, close)) => {
                let inside = rest.get(1..close).unwrap_or_default();
                rest = rest.get(close + 1..).unwrap_or_default();
                Some(Piece::Gap(inside.trim()))
            }
            Some((open, _)) => {
                let (words, tail) = rest.split_at(open);
                rest = tail;
                Some(Piece::Words(words))
            }
            None => Some(Piece::Words(std::mem::take(&mut rest))),
        }
    })
}
