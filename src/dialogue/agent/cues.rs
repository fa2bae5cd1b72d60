//! What plain words say about what is wanted, beside the model: rules for what must not be
//! missed, and evidence to hold the model's guess against.

use super::command::Command;
use crate::parse::fuzzy;
use crate::parse::words::{has, has_any};

/// Danger to people, whatever the business.
const DANGER: &[&str] = &[
    "emergency",
    "gas leak",
    "smell gas",
    "smells like gas",
    "smelling gas",
    "smell of gas",
    "on fire",
    "a fire",
    "fire in",
    "flames",
    "smoke coming",
    "is flooding",
    "a flood",
    "flooded",
    "flooding",
    "water everywhere",
    "burst pipe",
    "pipe burst",
    "bleeding",
    "chest pain",
    "pain in my chest",
    "heart attack",
    "a stroke",
    "can't breathe",
    "cannot breathe",
    "not breathing",
    "stopped breathing",
    "unconscious",
    "won't wake up",
    "collapsed",
    "passed out",
    "ambulance",
    "choking",
    "drowning",
    "seizure",
    "overdose",
    "poisoned",
    "suicide",
    "kill myself",
    "carbon monoxide",
    "explosion",
    "ablaze",
    "trapped",
    "being attacked",
    "call the police",
    "electric shock",
    "electrocuted",
    "swallowed bleach",
    "knocked out a tooth",
    "gushing",
    "severe pain",
    "live wire",
];
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
/// Ask about cancelling and moving, and do neither.
const POLICY: &[&str] = &[
    "what happens if",
    "how much is it to",
    "how much does it cost to",
    "is it free to",
    "is there a fee",
    "a fee for",
    "cancellation policy",
    "cancellation fee",
    "your policy",
    "charge for cancelling",
    "charge if",
    "do you cancel",
    "until when can i",
    "how late can i cancel",
];
const PERSON: &[&str] = &[
    "a person",
    "a human",
    "a real",
    "real person",
    "someone",
    "somebody",
    "an agent",
    "the manager",
    "a manager",
    "the owner",
    "an operator",
    "the receptionist",
    "reception",
    "a representative",
    "your boss",
    "the boss",
    "your supervisor",
    "a supervisor",
    "the front desk",
    "a colleague",
    "an actual",
    "a live",
    "the doctor",
    "the dentist",
    "the stylist",
    "a specialist",
    "a technician",
    "the office",
    "a human being",
    "the nurse",
    "anyone",
    "anybody",
    "a person please",
    "staff",
];
const HUMAN: &[&str] = &[
    "human please",
    "operator please",
    "agent please",
    "representative please",
    "real person please",
    "operator",
    "human being",
    "transfer me",
    "put me through",
    "connect me",
    "talk to a human",
    "talk to a person",
    "not a machine",
    "not a robot",
    "want to talk to a machine",
    "want to talk to a robot",
    "representative",
    "want to talk to a computer",
    "speak to a human",
    "speak to a person",
    "someone real",
    "person please",
];
const ROBOT: &[&str] = &[
    "are you a robot",
    "are you a machine",
    "are you a computer",
    "are you real",
    "are you human",
    "are you a human",
    "are you a person",
    "are you an ai",
    "are you a real",
    "is this a robot",
    "is this a machine",
    "is this a recording",
    "is this a computer",
    "is this a real person",
    "is this an answering machine",
    "talking to a robot",
    "talking to a machine",
    "talking to a computer",
    "talking to a real",
    "talking to a person",
    "am i talking to a human",
    "are you a bot",
    "is this a bot",
    "who am i speaking",
];
const REPEAT: &[&str] = &[
    "repeat that",
    "repeat it",
    "say that again",
    "say it again",
    "what was that",
    "pardon",
    "come again",
    "once more",
    "didn't hear",
    "did not hear",
    "didn't catch",
    "did not catch",
    "don't understand",
    "didn't understand",
    "what did you say",
    "say again",
    "repeat please",
    "repeat",
    "speak up",
    "slow down",
    "one more time",
    "couldn't hear",
    "can't hear you",
    "didn't get that",
    "what were the options",
    "what did you just say",
];
const GOODBYE: &[&str] = &[
    "goodbye",
    "good bye",
    "bye",
    "bye bye",
    "see you",
    "that's all",
    "that is all",
    "that will be all",
    "that'll be all",
    "have a nice day",
    "have a good day",
    "have a good one",
    "nothing else",
    "talk to you later",
    "that's everything",
    "that's it thank you",
    "that's it thanks",
    "have a great day",
    "no that's it",
];
/// Leave what is under way, without more.
const DROP: &[&str] = &[
    "never mind",
    "nevermind",
    "forget it",
    "forget about it",
    "leave it",
    "changed my mind",
    "don't want to book",
    "don't want it",
    "stop it",
    "drop it",
    "skip it",
];
const CANCEL: &[&str] = &[
    "cancel",
    "cancelled",
    "canceled",
    "cancelling",
    "canceling",
    "cancellation",
    "call off",
    "call it off",
    "calling off",
    "take me off",
    "take my name off",
    "get rid of",
    "won't be coming",
    "not coming",
    "don't need the appointment",
    "don't need my appointment",
    "won't need",
    "drop my",
    "scrap my",
    "back out",
    "pull out",
    "delete my",
    "remove my",
    "lose my booking",
    "give my slot",
    "someone else have it",
    "can't come at all",
    "can't make it",
    "cannot make it",
    "can't make my",
    "won't make it",
    "won't make my",
    "can't come to my",
    "won't come",
    "no longer need",
    "don't need it any more",
    "call of my",
    "cold off",
];
const MOVE: &[&str] = &[
    "reschedule",
    "rescheduling",
    "rebook",
    "postpone",
    "rearrange",
    "push back",
    "put off",
    "bring forward",
    "another day",
    "another time",
    "different day",
    "different time",
    "later slot",
    "earlier slot",
    "other day",
    "instead of",
    "rather than",
    "swap",
    "alternative date",
    "new time",
    "new date",
    "change it",
    "change my",
    "change the",
    "move my",
    "move it",
    "move the",
    "move our",
    "shift my",
    "switch my",
    "push my",
    "change our",
    "delay my",
    "push it",
    "push it back",
    "pushed back",
    "shift it",
    "make it later",
    "come later instead",
    "come another",
    "moving my",
    "changing my",
];
/// Say of an appointment that it shall be at another time.
const ELSEWHEN: &[&str] =
    &["forward", "put off", "off until", "off till", "later", "earlier", "moved", "back", "instead"];
const BOOK: &[&str] = &[
    "book",
    "booking",
    "schedule",
    "appointment",
    "reserve",
    "come in",
    "fit me in",
    "squeeze me in",
    "openings",
    "any opening",
    "anything free",
    "anything available",
    "anything open",
    "available on",
    "next available",
    "make an appointment",
    "sign me up",
    "get in",
    "put me down",
    "put me in",
    "pencil me",
    "slot me",
    "free slot",
    "set up",
    "new appointment",
    "time slot",
    "next opening",
    "first available",
    "see me",
    "come over",
    "come out",
];
const HOURS: &[&str] = &[
    "opening hours",
    "business hours",
    "your hours",
    "are you open",
    "you open",
    "you close",
    "you closed",
    "are you closed",
    "what hours",
    "how late",
    "open on",
    "open until",
    "open today",
    "open tomorrow",
    "you shut",
    "hours",
    "do you work on",
    "find you open",
    "are you there on",
    "open now",
    "still open",
    "closing time",
];
const PRICE: &[&str] = &[
    "how much",
    "cost",
    "costs",
    "price",
    "prices",
    "charge",
    "fee",
    "fees",
    "expensive",
    "rates",
    "rate",
    "cheaper",
    "deposit",
    "discount",
    "what do you ask for",
    "set me back",
    "the damage",
];
const ADDRESS: &[&str] = &[
    "where are you",
    "address",
    "located",
    "location",
    "directions",
    "find you",
    "get there",
    "get to you",
    "where is your",
    "where is the",
    "where exactly",
    "parking",
    "park",
    "reach you from",
    "whereabouts",
    "stops outside",
    "how do i get to",
];
const AREA: &[&str] = &[
    "what areas",
    "what area",
    "which areas",
    "service area",
    "do you cover",
    "do you serve",
    "do you come to",
    "come out to",
    "how far do you",
    "deliver to",
    "travel to",
    "my area",
    "do you travel",
    "home visits",
    "come to my",
    "out that way",
];
const MESSAGE: &[&str] = &[
    "leave a message",
    "take a message",
    "pass on",
    "pass this on",
    "pass that on",
    "pass something on",
    "past something on",
    "something on to the",
    "a message for",
    "message for",
    "leave word",
    "let him know",
    "let her know",
    "let them know",
    "call me back",
    "ring me back",
    "returning your call",
    "tell him",
    "tell her",
    "tell them",
    "give me a call",
    "call back",
    "return my call",
    "leave message",
    "write down that",
    "have someone call",
    "ask him",
    "ask her",
    "missed call",
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
