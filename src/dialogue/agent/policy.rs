//! What a model's own wording may hold. It stands outside the model: whatever the model is, no
//! fact, no promise and no effect is spoken in its words.

use crate::business::Business;
use crate::parse::words::{has_any, words};

/// Longest wording that is let through, in characters.
const LONGEST: usize = 160;

/// Claims about effects, promises and advice: only flows speak of these.
const NEVER: &[&str] = &[
    "booked",
    "confirmed",
    "cancelled",
    "canceled",
    "moved",
    "rescheduled",
    "reserved",
    "scheduled",
    "i have booked",
    "refund",
    "free of charge",
    "guarantee",
    "guaranteed",
    "promise",
    "diagnosis",
    "you should take",
    "legal advice",
    "medical advice",
    "lawsuit",
    "sue",
    "dose",
    "prescription",
    "human",
    "person",
    "not a robot",
    "not an ai",
    "dollars",
    "euros",
    "pounds",
    "percent",
    "dollar",
    "euro",
    "http",
    "www",
    "dot com",
    "ignore",
    "password",
    "credit card",
    "social security",
    "your appointment is",
    "we are open",
    "we are closed",
    "we open",
    "we close",
    "our address",
    "costs",
    "price",
    "transfer",
    "transferring",
];

/// The wording when it may be spoken: short, one or two plain sentences, no figures, no claims.
pub(super) fn bounded(wording: &str, business: &Business) -> Option<String> {
    let wording = wording.trim();
    let said = words(wording);
    let plain = |c: char| c.is_ascii_alphabetic() || " .,?'!-".contains(c);
    let fine = !said.is_empty()
        && wording.chars().count() <= LONGEST
        && wording.chars().all(plain)
        && !has_any(&said, NEVER)
        && !said.iter().any(|word| crate::parse::number::cardinal(std::slice::from_ref(word)).is_some())
        && !said.iter().any(|word| crate::parse::day::weekday(word).is_some())
        && !business.urgent.words.iter().any(|group| has_any(&said, &[group]));
    fine.then(|| wording.to_owned())
}
