//! What plain words say about what is wanted, beside the model: rules for what must not be
//! missed, and evidence to hold the model's guess against.

use super::command::Command;
use super::cue_words::{
    ADDRESS, AREA, BOOK, CANCEL, DANGER, DROP, ELSEWHEN, GOODBYE, HOURS, HUMAN, MESSAGE, MINDS_NOT, MOVE, NO_CONSENT,
    PERSON, POLICY, PRICE, REFUSE, REPEAT, ROBOT, UNRECORDED,
};
use crate::parse::fuzzy;
use crate::parse::words::{has, has_any};

/// Say that it is no emergency.
const NO_DANGER: &[&str] = &[
    "not an emergency",
    "no emergency",
    "isn't an emergency",
    "not urgent",
    "emergency service",
    "emergency exam",
    "emergency number",
    "for emergencies",
    "bleeding gums",
    "gums are bleeding",
    "fire escape",
    "fire door",
    "fire extinguisher",
    "fire inspection",
];

/// How sure words make of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sure {
    /// One sign.
    Weak,
    /// A word that hardly means anything else.
    Strong,
}

/// Danger, by built-in words and the business's own.
pub(super) fn danger(words: &[String], own: &[String]) -> bool {
    let own = own.iter().any(|group| has(words, group));
    own || (has_any(words, DANGER) && !has_any(words, NO_DANGER))
}

/// Words of danger, but not a sentence that says it: asked about, not acted on.
pub(super) fn perhaps_danger(words: &[String]) -> bool {
    if has_any(words, NO_DANGER) || has_any(words, &["gas line", "gas station", "gas boiler", "gas heater"]) {
        return false;
    }
    let gas = has_any(words, &["gas"]) && has_any(words, &["smell", "smells", "sell", "small", "leak", "leaking"]);
    gas || has_any(words, &["help me please", "please send help", "send help", "right away help", "the fire brigade"])
}

/// Somebody to talk to is spoken of.
pub(super) fn of_people(words: &[String]) -> bool {
    has_any(words, PERSON)
        || has_any(words, HUMAN)
        || has_any(words, &["talk", "speak", "human", "person", "manager", "supervisor", "real", "boss", "connect"])
}

/// A person is wanted.
pub(super) fn human(words: &[String]) -> bool {
    let speak = has_any(words, &["speak to", "speak with", "talk to", "talk with", "get me", "put on", "chat to"]);
    let wants = speak && has_any(words, PERSON);
    (wants || has_any(words, HUMAN)) && !robot_question(words)
}

/// The caller wonders whether this is a machine.
pub(super) fn robot_question(words: &[String]) -> bool {
    has_any(words, ROBOT)
}

/// The call is not to be recorded. In doubt it is not: only words that allow it are held against it.
pub(super) fn unrecorded(words: &[String]) -> bool {
    const RECORD: [&str; 5] = ["record", "recorded", "recording", "recordings", "taped"];
    let of_it = has_any(words, &RECORD) && !has_any(words, &["for the record", "off the record"]);
    let against = (of_it && has_any(words, UNRECORDED)) || has_any(words, NO_CONSENT);
    against && !has_any(words, MINDS_NOT) && !robot_question(words)
}

/// What was asked for is not told: there is none, or it is nobody's business. Only short.
pub(super) fn refuses(words: &[String]) -> bool {
    words.len() <= 9 && has_any(words, REFUSE)
}

/// Anything about machines and people at all.
pub(super) fn of_machines(words: &[String]) -> bool {
    const ABOUT: [&str; 18] = [
        "robot",
        "robots",
        "machine",
        "machines",
        "computer",
        "computers",
        "real",
        "human",
        "person",
        "ai",
        "bot",
        "recording",
        "automated",
        "voicemail",
        "artificial",
        "alive",
        "robotic",
        "assistant",
    ];
    has_any(words, &ABOUT)
}

/// Say it again. Only short: a long sentence with "repeat" in it wants more.
pub(super) fn repeat(words: &[String]) -> bool {
    words.len() <= 9
        && (has_any(words, REPEAT) || matches!(words, [one] if one == "what" || one == "eh" || one == "huh"))
}

/// The caller takes leave. Only short.
pub(super) fn goodbye(words: &[String]) -> bool {
    words.len() <= 10 && has_any(words, GOODBYE)
}

/// The caller wants to leave what is under way.
pub(super) fn drop_it(words: &[String]) -> bool {
    words.len() <= 8 && has_any(words, DROP)
}

/// Something is to be asked first.
pub(super) fn question(words: &[String]) -> bool {
    words.len() <= 9 && has_any(words, &["question", "questions"])
}

/// The answer to "to book, to move or to cancel?": what hardly decides elsewhere decides here.
pub(super) fn wish(words: &[String]) -> Option<Command> {
    let wishes: [(Command, &[&str]); 4] = [
        (Command::LeaveMessage, &["message"]),
        (Command::Cancel, &["cancel", "cancelling", "canceling", "third", "the last"]),
        (Command::Reschedule, &["move", "change", "reschedule", "another time", "another day", "second"]),
        (Command::Book, &["book", "new", "make", "first", "booking"]),
    ];
    let named: Vec<Command> =
        wishes.iter().filter(|(_, said)| has_any(words, said)).map(|(command, _)| *command).collect();
    if let [only] = named.as_slice() { Some(*only) } else { None }
}

/// The command that the words speak for most, if any.
pub(super) fn cue(words: &[String]) -> Option<(Command, Sure)> {
    if has_any(words, POLICY) && (near(words, "cancel") || near(words, "reschedule") || has_any(words, CANCEL)) {
        return Some((Command::OutOfScope, Sure::Strong));
    }
    if near(words, "cancel") || has_any(words, CANCEL) {
        return Some((Command::Cancel, Sure::Strong));
    }
    let moves = has_any(words, &["move", "change", "shift", "switch", "push", "delay"]) && mentions_appointment(words);
    let moves = moves || (has_any(words, ELSEWHEN) && of_own_appointment(words));
    if moves || near(words, "reschedule") || has_any(words, MOVE) {
        let strong = near(words, "reschedule") || mentions_appointment(words) || has_any(words, &["rebook"]);
        return Some((Command::Reschedule, if strong { Sure::Strong } else { Sure::Weak }));
    }
    if robot_question(words) {
        return Some((Command::RobotQuestion, Sure::Strong));
    }
    if human(words) {
        return Some((Command::Human, Sure::Strong));
    }
    let groups: [(&[&str], Command); 5] = [
        (MESSAGE, Command::LeaveMessage),
        (PRICE, Command::Price),
        (HOURS, Command::Hours),
        (AREA, Command::ServiceArea),
        (ADDRESS, Command::Address),
    ];
    let found: Vec<Command> =
        groups.iter().filter(|(words_of, _)| has_any(words, words_of)).map(|(_, command)| *command).collect();
    let books = has_any(words, BOOK);
    match (found.first(), found.len(), books) {
        (Some(only), 1, false) => Some((*only, Sure::Strong)),
        (Some(first), _, _) => Some((*first, Sure::Weak)),
        // Who has an appointment wants something done with it, and has not said what.
        (None, _, true) if of_own_appointment(words) && !has_any(words, &["book", "schedule", "make"]) => None,
        (None, _, true) => {
            let strong = has_any(words, &["book", "schedule", "make an appointment", "an appointment", "reserve"]);
            Some((Command::Book, if strong { Sure::Strong } else { Sure::Weak }))
        }
        _ => None,
    }
}

/// The word, or what a recogniser may have made of it.
fn near(words: &[String], wanted: &str) -> bool {
    let floor = if wanted.len() > 8 { 0.7 } else { 0.8 };
    let one = |word: &String| word.len() + 1 >= wanted.len() && fuzzy::likeness(word, wanted) >= floor;
    words.iter().any(one)
}

/// An appointment that the caller has already.
pub(super) fn of_own_appointment(words: &[String]) -> bool {
    has_any(words, &["my appointment", "my booking", "my visit", "my reservation", "my slot", "our appointment"])
}

fn mentions_appointment(words: &[String]) -> bool {
    has_any(words, &["appointment", "booking", "slot", "visit", "reservation"])
}
