//! Choosing among a few that were offered.

use super::number;
use super::words::has_any;

/// Which of `offered` (in the order spoken) was chosen by place, when that is clear: "the
/// second one", "number two", "the last", "the later one". `sorted` says that the offers are
/// in order of time, so that "earlier" and "later" mean something.
pub fn choice(words: &[String], offered: usize, sorted: bool) -> Option<usize> {
    if offered == 0 || has_any(words, &["neither", "none of", "not the"]) {
        return None;
    }
    let last = offered - 1;
    if has_any(words, &["last", "the latter"]) {
        return Some(last);
    }
    if has_any(words, &["middle"]) && offered == 3 {
        return Some(1);
    }
    if sorted && has_any(words, &["later one", "the later", "latest", "later"]) && offered == 2 {
        return Some(last);
    }
    let earliest = ["earlier one", "the earlier", "earliest", "soonest", "the sooner"];
    if sorted && has_any(words, &earliest) && (offered == 2 || has_any(words, &["earliest", "soonest"])) {
        return Some(0);
    }
    if has_any(words, &["either", "any of", "whichever", "any one", "don't mind", "you pick", "you choose"]) {
        return Some(0);
    }
    for (i, word) in words.iter().enumerate() {
        let rest = words.get(i..).unwrap_or_default();
        if let Some((number, _)) = number::ordinal(rest).filter(|_| !word.is_empty()) {
            return index(number, offered);
        }
        let named = matches!(word.as_str(), "number" | "option" | "choice" | "press");
        if let Some((number, _)) = number::cardinal(words.get(i + 1..).unwrap_or_default()).filter(|_| named) {
            return index(number, offered);
        }
    }
    None
}

fn index(number: u32, offered: usize) -> Option<usize> {
    let index = usize::try_from(number.checked_sub(1)?).ok()?;
    (index < offered).then_some(index)
}

/// True when the words could choose among a few, whatever was offered.
pub fn chooses(words: &[String]) -> bool {
    (2..=3).any(|offered| choice(words, offered, true).is_some()) || has_any(words, &["earlier", "later", "sooner"])
}
