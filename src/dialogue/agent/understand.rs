//! What a turn means: rules where they are safer than a small model, else the model held
//! against the plain words.

use super::asked::Asked;
use super::command::Command;
use super::cues::{self, Sure};
use super::decision::Decision;
use super::question;
use super::reading::Reading;
use crate::business::Business;
use crate::parse::answer::Answer;
use crate::parse::choice;

/// Below this the recogniser guesses, and a guess is not acted on.
const FAINT: f32 = 0.4;
/// Below this it is not acted on either unless plain words bear the model's guess out.
const UNSURE: f32 = 0.75;

/// From here on the model's guess is acted on where nothing but the guess speaks for it.
const SURE_GUESS: f32 = 0.8;

/// Fewer words than this are no danger unless they say so.
const FEWEST_ALARMING: usize = 5;

/// Leave-taking with fewer words than this holds no message.
const FEWEST_TOLD: usize = 4;

/// What a turn means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A command.
    Command(Command),
    /// It answers what was asked, or corrects a value.
    Value,
    /// Leave what is under way.
    Drop,
    /// The call is not to be recorded.
    Unrecorded,
    /// Perhaps this command; ask.
    Perhaps(Command),
    /// Something about an appointment, but what?
    Unclear,
    /// No idea.
    Nothing,
}

/// The meaning, where rules settle it without the model.
pub(super) fn settle(reading: &Reading, asked: Asked, business: &Business) -> Option<Meaning> {
    if reading.is_empty() || (reading.keyed.is_empty() && reading.confidence < FAINT) {
        return Some(Meaning::Nothing);
    }
    let words = &reading.words;
    if cues::danger(&reading.all_words, &business.urgent.words) {
        return Some(Meaning::Command(Command::Emergency));
    }
    if asked == Asked::Open && reading.service.is_none() && cues::perhaps_danger(words) {
        return Some(Meaning::Perhaps(Command::Emergency));
    }
    if !reading.keyed.is_empty() {
        return Some(keyed(reading, asked));
    }
    if business.recording.on && cues::unrecorded(words) {
        return Some(Meaning::Unrecorded);
    }
    if matches!(asked, Asked::Message | Asked::Question) {
        return Some(dictated(reading));
    }
    if cues::robot_question(words) {
        return Some(Meaning::Command(Command::RobotQuestion));
    }
    if cues::human(words) {
        return Some(Meaning::Command(Command::Human));
    }
    if cues::repeat(words) {
        return Some(Meaning::Command(Command::Repeat));
    }
    let consents = asked == Asked::Confirm && reading.answer == Some(Answer::Yes);
    if cues::goodbye(words) && !consents && reading.when.is_empty() && reading.service.is_none() {
        return Some(Meaning::Command(Command::Goodbye));
    }
    if cues::drop_it(words) && asked != Asked::Open {
        return Some(Meaning::Drop);
    }
    answered(reading, asked)
}

fn keyed(reading: &Reading, asked: Asked) -> Meaning {
    if asked == Asked::Wish && reading.keyed.len() == 1 {
        return match reading.keyed.as_str() {
            "1" => Meaning::Command(Command::Book),
            "2" => Meaning::Command(Command::Reschedule),
            "3" => Meaning::Command(Command::Cancel),
            "4" => Meaning::Command(Command::LeaveMessage),
            _ => Meaning::Nothing,
        };
    }
    match (asked.is_yes_no(), reading.keyed.as_str()) {
        (true, "1") => Meaning::Command(Command::Yes),
        (true, "2") => Meaning::Command(Command::No),
        _ => Meaning::Value,
    }
}

/// A message or a free answer may hold any words: only leaving it is understood as more.
fn dictated(reading: &Reading) -> Meaning {
    if cues::repeat(&reading.words) {
        return Meaning::Command(Command::Repeat);
    }
    if cues::goodbye(&reading.words) && reading.words.len() <= FEWEST_TOLD {
        return Meaning::Command(Command::Goodbye);
    }
    if cues::drop_it(&reading.words) || (reading.bare_answer && reading.words.len() <= 3) {
        return if reading.answer == Some(Answer::Yes) { Meaning::Nothing } else { Meaning::Drop };
    }
    Meaning::Value
}

/// A plain answer to what was asked.
fn answered(reading: &Reading, asked: Asked) -> Option<Meaning> {
    let cue = cues::cue(&reading.words);
    let elsewhere = matches!(cue, Some((_, Sure::Strong)));
    match asked {
        Asked::Open | Asked::Wish if cue.is_none() && reading.is_name_alone() => Some(Meaning::Value),
        Asked::Wish if cues::question(&reading.words) => Some(Meaning::Unclear),
        Asked::Wish => cues::wish(&reading.words).map(Meaning::Command),
        Asked::Change if reading.bare_answer && reading.answer == Some(Answer::No) => yes_no(reading),
        Asked::Confirm | Asked::AnyChange => confirmed(reading),
        Asked::AnythingElse if reading.bare_answer => yes_no(reading),
        Asked::OfferMessage | Asked::Meant(_) if !elsewhere || reading.bare_answer => yes_no(reading),
        Asked::CallerPhone | Asked::PhoneMeant if reading.phone.is_some() => Some(Meaning::Value),
        Asked::CallerPhone | Asked::PhoneMeant => yes_no(reading),
        Asked::Phone if reading.phone.is_some() || reading.same_number => Some(Meaning::Value),
        Asked::Phone | Asked::Name if cues::refuses(&reading.words) => Some(Meaning::Command(Command::No)),
        Asked::Name | Asked::Spelling if reading.spelled.is_some() => Some(Meaning::Value),
        Asked::Spelling if reading.bare_answer && reading.answer.is_some() => yes_no(reading),
        Asked::Name | Asked::Spelling if !elsewhere && reading.phone.is_some() => Some(Meaning::Value),
        // "Yes that's right" to "what name?" holds no name, whatever is left of it.
        Asked::Name if reading.answer == Some(Answer::Yes) && single_name(reading) => Some(Meaning::Nothing),
        Asked::Name | Asked::Spelling if cue.is_none() && reading.name.is_some() => Some(Meaning::Value),
        Asked::Options | Asked::Which if reading.bare_answer && reading.answer.is_some() => yes_no(reading),
        Asked::Day | Asked::Time | Asked::Options | Asked::Which => {
            let leads_on = matches!(cue, Some((Command::Book, _)) | None | Some((Command::Reschedule, Sure::Weak)));
            let chooses = asked.is_options() && choice::chooses(&reading.words);
            (leads_on && (reading.tells_when() || chooses)).then_some(Meaning::Value)
        }
        Asked::Service | Asked::PriceOf => {
            let plain = matches!(cue, None | Some((Command::Book, _))) || asked == Asked::PriceOf;
            (reading.service.is_some() && plain && reading.words.len() <= 10).then_some(Meaning::Value)
        }
        Asked::Change if !elsewhere => changes(reading).then_some(Meaning::Value),
        _ => None,
    }
}

fn single_name(reading: &Reading) -> bool {
    reading.name.as_ref().is_none_or(|name| !name.contains(' '))
}

/// After a read-back: values outweigh yes ("yes, but at four").
fn confirmed(reading: &Reading) -> Option<Meaning> {
    if reading.tells_when() || reading.service.is_some() || reading.name.is_some() || reading.spelled.is_some() {
        return Some(Meaning::Value);
    }
    yes_no(reading)
}

fn yes_no(reading: &Reading) -> Option<Meaning> {
    match reading.answer? {
        Answer::Yes => Some(Meaning::Command(Command::Yes)),
        Answer::No => Some(Meaning::Command(Command::No)),
    }
}

fn changes(reading: &Reading) -> bool {
    let parts = ["service", "time", "day", "date", "name", "phone", "number"];
    confirmed(reading).is_some() || reading.words.iter().any(|word| parts.contains(&word.as_str()))
}

/// The meaning when the model was asked (`decision` is `None` when it did not answer).
pub(super) fn weigh(reading: &Reading, asked: Asked, in_flow: bool, decision: Option<&Decision>) -> Meaning {
    let cue = cues::cue(&reading.words);
    let guess = decision.map(|decision| decision.command);
    match (guess, cue) {
        (None, Some((command, Sure::Strong))) => Meaning::Command(command),
        (None, Some((command, Sure::Weak))) if !in_flow => Meaning::Command(command),
        (None | Some(Command::Book), None) if !in_flow && reading.service.is_some() && reading.tells_when() => {
            Meaning::Command(Command::Book)
        }
        // An appointment that is there, and another day or time: it is perhaps to be moved.
        (None | Some(Command::Book), None) if !in_flow && cues::of_own_appointment(&reading.words) => {
            if reading.tells_when() { Meaning::Perhaps(Command::Reschedule) } else { Meaning::Unclear }
        }
        (None, _) => value_or_nothing(reading, asked),
        (Some(guess), Some((cue, _))) if guess == cue => Meaning::Command(cue),
        // "cancel" is said more surely than a small model guesses.
        (Some(guess), Some((cue, Sure::Strong))) if unclear(reading, in_flow, guess, cue) => Meaning::Unclear,
        (Some(_), Some((cue, Sure::Strong))) => Meaning::Command(cue),
        // "Appointment" alone speaks for booking only when nothing else is guessed.
        (Some(guess), Some((cue, Sure::Weak))) if guess.has_effect() && cue.has_effect() && cue != Command::Book => {
            if in_flow {
                Meaning::Value
            } else {
                Meaning::Unclear
            }
        }
        (Some(guess), _) => trusted(reading, asked, in_flow, guess),
    }
}

/// Words and model speak for different effects, and the words were heard badly.
fn unclear(reading: &Reading, in_flow: bool, guess: Command, cue: Command) -> bool {
    !in_flow && reading.confidence < UNSURE && guess.has_effect() && cue.has_effect()
}

/// The model's guess of an effect, without a word that bears it out.
fn borne_out(reading: &Reading, asked: Asked, guess: Command) -> Meaning {
    let booking = guess == Command::Book && reading.service.is_some();
    if reading.confidence >= SURE_GUESS || booking || asked.is_yes_no() {
        return Meaning::Command(guess);
    }
    // A day or a time alone may belong to any question.
    if guess == Command::Book && reading.tells_when() {
        return Meaning::Perhaps(guess);
    }
    if reading.confidence >= UNSURE {
        return Meaning::Command(guess);
    }
    if guess != Command::Book && cues::of_own_appointment(&reading.words) {
        return Meaning::Perhaps(guess);
    }
    // A service and a day or time are said by who wants to book.
    if reading.service.is_some() && reading.tells_when() {
        return Meaning::Perhaps(Command::Book);
    }
    Meaning::Unclear
}

/// What may follow from the model's guess alone.
fn trusted(reading: &Reading, asked: Asked, in_flow: bool, guess: Command) -> Meaning {
    match guess {
        Command::Yes | Command::No if asked == Asked::Confirm => Meaning::Nothing,
        Command::Yes | Command::No if asked.is_yes_no() || asked.is_options() => Meaning::Command(guess),
        Command::Yes | Command::No => value_or_nothing(reading, asked),
        Command::GiveName | Command::GivePhone | Command::GiveTime | Command::ChooseOption => {
            value_or_nothing(reading, asked)
        }
        Command::Book if in_flow => value_or_nothing(reading, asked),
        // The end, danger and a person are also known by rules: in the middle of something the
        // model alone does not break it off.
        Command::Goodbye | Command::Emergency | Command::Human | Command::Repeat if in_flow => {
            value_or_nothing(reading, asked)
        }
        Command::Reschedule | Command::Cancel if in_flow => {
            if reading.tells_when() {
                Meaning::Value
            } else {
                Meaning::Perhaps(guess)
            }
        }
        Command::Book | Command::Reschedule | Command::Cancel => borne_out(reading, asked, guess),
        // The model alone hangs up on nobody, raises no alarm and calls nobody to the phone.
        Command::Goodbye if asked != Asked::AnythingElse => Meaning::Nothing,
        Command::Emergency if reading.words.len() < FEWEST_ALARMING || reading.confidence < UNSURE => Meaning::Nothing,
        Command::Emergency => Meaning::Perhaps(Command::Emergency),
        // Noise is easily taken for something to pass on: it is asked again.
        Command::LeaveMessage if reading.confidence < SURE_GUESS => value_or_nothing(reading, asked),
        Command::Human if !cues::of_people(&reading.words) => Meaning::Perhaps(Command::LeaveMessage),
        // What the business offers is not beyond it: who names it may well want it.
        Command::OutOfScope if !in_flow && reading.service.is_some() && !question::asks(&reading.words) => {
            Meaning::Perhaps(Command::Book)
        }
        // No word of machines or people: some other question.
        Command::RobotQuestion if !cues::of_machines(&reading.words) => Meaning::Command(Command::OutOfScope),
        _ => Meaning::Command(guess),
    }
}

fn value_or_nothing(reading: &Reading, asked: Asked) -> Meaning {
    let any = reading.tells_when()
        || reading.service.is_some()
        || reading.name.is_some()
        || reading.phone.is_some()
        || reading.spelled.is_some()
        || choice::chooses(&reading.words)
        // A short answer may sound like one of the times offered.
        || (asked == Asked::Options && reading.words.len() <= 4);
    if any { Meaning::Value } else { Meaning::Nothing }
}
