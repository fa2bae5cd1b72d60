//! Whether the owner's own words answer better than what a small model takes a question for.
//!
//! A model that knows twenty commands takes "how long does a refund take" for one of them. So the
//! knowledge folder is asked first wherever a question may have been put, and its answer is taken
//! when it is about something that the command could not tell. Else the command is acted on.

use super::asked::Asked;
use super::command::Command;
use super::cues::{self, Sure};
use super::reading::Reading;
use super::understand::Meaning;
use crate::brain::Passage;
use crate::business::{Business, WEEKDAYS};
use crate::parse::words::{at, has, has_any};

/// Share of a question that a passage must cover to go before what the model took it for.
const STRONG: f64 = 0.5;
/// Fewer words than this ask nothing that a passage could answer.
const FEWEST: usize = 3;
/// Of a question the first words tell that it is one; the recogniser may have added some.
const BEGINNING: usize = 5;
const ASKING: &[&str] = &[
    "how",
    "what",
    "what's",
    "when",
    "when's",
    "where",
    "where's",
    "which",
    "who",
    "whose",
    "why",
    "is",
    "isn't",
    "are",
    "aren't",
    "do",
    "don't",
    "does",
    "doesn't",
    "did",
    "can",
    "could",
    "may",
    "must",
    "will",
    "would",
    "should",
    "am",
    "has",
    "have",
    "about",
    "know",
    "wondering",
    "wonder",
    "question",
    "tell",
];
/// What no data of the business tell, not even of its services.
const HOW_LONG: &str = "how long";
/// Begin a wish, though a word of them asks.
const WISHING: &[&str] = &[
    "i would",
    "we would",
    "i'd like",
    "we'd like",
    "i have",
    "we have",
    "i need",
    "we need",
    "i want",
    "we want",
    "i will",
    "we will",
    "can i get",
    "could i get",
    "can i book",
    "could i book",
    "can i have",
    "could i have",
];
/// What the business's own data tell: a passage that has no more than these says less than they do.
const OF_HOURS: &[&str] = &["open", "opens", "opening", "close", "closes", "closed", "closing", "hours", "shut"];
const OF_PRICES: &[&str] =
    &["price", "prices", "cost", "costs", "charge", "fee", "fees", "rate", "rates", "expensive", "cheap"];
const OF_ADDRESS: &[&str] = &["address", "located", "location", "directions", "find", "street"];
const OF_AREA: &[&str] = &["area", "areas", "cover", "serve", "service", "come", "travel", "drive"];
/// Say when, and nothing about what.
const WHENS: &[&str] = &[
    "today",
    "tomorrow",
    "tonight",
    "week",
    "weekend",
    "weekends",
    "morning",
    "afternoon",
    "evening",
    "noon",
    "day",
    "days",
    "time",
    "times",
    "late",
    "early",
    "now",
    "hour",
];
/// Every place is one of these, and every question may name it.
const PLACES: &[&str] = &["office", "shop", "store", "place", "business", "building", "company", "people", "guys"];

/// True when the knowledge folder is asked before this is acted on.
pub(super) fn goes_first(meaning: Meaning, reading: &Reading, asked: Asked) -> bool {
    if reading.words.len() < FEWEST || !reading.keyed.is_empty() || asked == Asked::Confirm {
        return false;
    }
    let how_long = has(&reading.words, HOW_LONG);
    match meaning {
        Meaning::Command(Command::Hours | Command::Price | Command::Address | Command::ServiceArea) => true,
        // Words that hardly mean anything else are not second-guessed.
        Meaning::Command(
            Command::Book | Command::Reschedule | Command::Cancel | Command::LeaveMessage | Command::RobotQuestion,
        )
        | Meaning::Perhaps(_)
        | Meaning::Unclear => asks(&reading.words) && (how_long || !reading.tells_when()) && !surely(&reading.words),
        Meaning::Value => asked == Asked::Open && asks(&reading.words) && (how_long || !reading.tells_when()),
        Meaning::Nothing => asks(&reading.words),
        _ => false,
    }
}

/// True when this passage is the better answer.
pub(super) fn is_answered(passage: &Passage, meaning: Meaning, reading: &Reading, business: &Business) -> bool {
    let own = match meaning {
        Meaning::Command(Command::Hours) => OF_HOURS,
        Meaning::Command(Command::Price) => OF_PRICES,
        Meaning::Command(Command::Address) => OF_ADDRESS,
        Meaning::Command(Command::ServiceArea) => OF_AREA,
        _ => WHENS,
    };
    let how_long = has(&reading.words, HOW_LONG);
    let of_service = |word: &str| {
        let named = reading.service.as_deref().and_then(|name| business.service(name));
        let names = named.iter().flat_map(|service| std::iter::once(&service.name).chain(&service.aliases));
        names.flat_map(|name| name.split(' ')).any(|part| part == word)
    };
    let of_business = |word: &str| {
        let name = business.identity.name.to_lowercase();
        PLACES.contains(&word) || business.identity.kind == word || name.split(' ').any(|part| part == word)
    };
    let of_time = |word: &str| WHENS.contains(&word) || WEEKDAYS.iter().any(|(day, _)| *day == word);
    let particular = |word: &String| {
        let word = word.as_str();
        !own.contains(&word) && !of_time(word) && (how_long || !of_service(word)) && !of_business(word)
    };
    passage.score >= STRONG && passage.words.iter().any(particular)
}

/// True when it begins as a question does.
pub(super) fn asks(words: &[String]) -> bool {
    let beginning = words.get(..BEGINNING.min(words.len())).unwrap_or_default();
    let wish = WISHING.iter().find_map(|wish| at(beginning, wish));
    // "Do i need" asks.
    let asked = wish.and_then(|wish| beginning.get(wish.checked_sub(1)?)).is_some_and(|word| ASKING.contains(&&**word));
    has_any(beginning, ASKING) && (wish.is_none() || asked)
}

fn surely(words: &[String]) -> bool {
    matches!(cues::cue(words), Some((_, Sure::Strong)))
}
