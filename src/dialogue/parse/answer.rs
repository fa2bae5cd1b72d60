//! Yes and no.

use super::words::{at, has_any};

/// What was answered to a yes-or-no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Clear consent.
    Yes,
    /// Clear refusal.
    No,
}

const NO: [&str; 24] = [
    "no",
    "nope",
    "nah",
    "not",
    "don't",
    "wrong",
    "incorrect",
    "isn't",
    "negative",
    "never",
    "neither",
    "none",
    "nothing",
    "can't",
    "won't",
    "doesn't",
    "wasn't",
    "cancel",
    "stop",
    "wait",
    "rather",
    "mistake",
    "hold",
    "change",
];
/// Groups in which a word of [`NO`] refuses nothing.
const NO_HARM: [&str; 9] = [
    "no problem",
    "why not",
    "not bad",
    "don't mind",
    "no worries",
    "not a problem",
    "nothing wrong",
    "can't wait",
    "never better",
];
const YES: [&str; 22] = [
    "yes",
    "yeah",
    "yep",
    "yup",
    "yah",
    "ya",
    "sure",
    "correct",
    "exactly",
    "absolutely",
    "definitely",
    "certainly",
    "perfect",
    "right",
    "okay",
    "ok",
    "please",
    "fine",
    "great",
    "true",
    "indeed",
    "aye",
];
const YES_GROUPS: &[&str] = &[
    "that's right",
    "it's right",
    "is right",
    "you're right",
    "all right",
    "that's fine",
    "sounds great",
    "looks good",
    "that will do",
    "that'll do",
    "by all means",
    "very well",
    "go for it",
    "please do",
    "of course",
    "go ahead",
    "do it",
    "sounds good",
    "that works",
    "works for me",
    "spot on",
    "bang on",
    "that's it",
    "book it",
    "that's good",
    "suits me",
    "all good",
    "why not",
    "that would be lovely",
    "no problem",
    "lock it in",
    "don't mind",
    "happy with that",
];
/// Weak words: consent only when nothing else was said.
const SOFT: [&str; 6] = ["please", "right", "fine", "great", "okay", "ok"];

/// The answer in `words`, when it is clear. A refusal anywhere outweighs consent; words that
/// are neither make nothing clear. `neutral` are words of the question itself, which neither
/// refuse nor consent ("cancel" after "shall I cancel it?").
pub fn answer(words: &[String], neutral: &[&str]) -> Option<Answer> {
    let mut rest: Vec<String> = words.iter().filter(|w| !neutral.contains(&w.as_str())).cloned().collect();
    let mut yes = false;
    for group in NO_HARM {
        if let Some(start) = at(&rest, group) {
            yes |= YES_GROUPS.contains(&group);
            rest.drain(start..start + group.split(' ').count());
        }
    }
    if rest.iter().any(|word| NO.contains(&word.as_str())) {
        return Some(Answer::No);
    }
    let strong = rest.iter().any(|word| YES.contains(&word.as_str()) && !SOFT.contains(&word.as_str()));
    // Long words of consent survive a wrong letter.
    const LONG: [&str; 5] = ["correct", "exactly", "absolutely", "definitely", "certainly"];
    let nearly = |word: &String| LONG.iter().any(|known| super::fuzzy::spelled_alike(word, known) >= 0.8);
    let strong = strong || rest.iter().any(nearly);
    // "I am" answers alone; at the beginning of more it does not.
    let short = rest.len() <= 3 && has_any(&rest, &["i do", "it is", "i am", "they are", "we are"]);
    if yes || strong || short || has_any(&rest, YES_GROUPS) {
        return Some(Answer::Yes);
    }
    let only_soft = !rest.is_empty() && rest.len() <= 4 && rest.iter().all(|word| soft_or_filler(word));
    (only_soft && rest.iter().any(|word| SOFT.contains(&word.as_str()))).then_some(Answer::Yes)
}

/// True when the words say hardly more than yes or no.
pub fn is_bare(words: &[String]) -> bool {
    words.len() <= 6
        && words.iter().all(|word| {
            let word = word.as_str();
            NO.contains(&word) || YES.contains(&word) || soft_or_filler(word) || GLUE.contains(&word)
        })
}

const GLUE: [&str; 26] = [
    "that's",
    "that",
    "is",
    "it",
    "it's",
    "i",
    "do",
    "am",
    "the",
    "would",
    "be",
    "thank",
    "you",
    "thanks",
    "good",
    "works",
    "all",
    "everything",
    "not",
    "for",
    "me",
    "really",
    "course",
    "of",
    "go",
    "ahead",
];

fn soft_or_filler(word: &str) -> bool {
    SOFT.contains(&word)
        || matches!(word, "uh" | "um" | "er" | "oh" | "well" | "so" | "hmm" | "and" | "then" | "very" | "just")
}
