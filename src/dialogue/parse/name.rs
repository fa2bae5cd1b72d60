//! Names of people.

use super::words::at;

/// Most words of a name.
const MOST_WORDS: usize = 4;

/// What announces a name, surest first. The ones that are not `sure` announce other things too.
const LEADS: [(&str, bool); 20] = [
    ("my full name is", true),
    ("my first name is", true),
    ("my last name is", true),
    ("my name is", true),
    ("my name's", true),
    ("the name is", true),
    ("the name's", true),
    ("name is", true),
    ("name of", true),
    ("under the name", true),
    ("the surname is", true),
    ("call me", false),
    ("it's under", true),
    ("is under", true),
    ("under", false),
    ("this is", false),
    ("i am", false),
    ("i'm", false),
    ("it's", false),
    ("it is", false),
];

/// Words that are never part of a name.
const NO_NAME: &[&str] = &[
    "a",
    "an",
    "the",
    "my",
    "your",
    "our",
    "his",
    "her",
    "their",
    "this",
    "that",
    "it",
    "it's",
    "is",
    "was",
    "i",
    "i'm",
    "i'd",
    "you",
    "we",
    "he",
    "she",
    "they",
    "and",
    "or",
    "but",
    "so",
    "to",
    "for",
    "from",
    "of",
    "on",
    "in",
    "at",
    "by",
    "with",
    "about",
    "not",
    "no",
    "yes",
    "yeah",
    "yep",
    "okay",
    "ok",
    "please",
    "thanks",
    "thank",
    "calling",
    "call",
    "called",
    "here",
    "speaking",
    "there",
    "what",
    "when",
    "where",
    "who",
    "how",
    "why",
    "can",
    "could",
    "would",
    "will",
    "do",
    "does",
    "did",
    "have",
    "has",
    "had",
    "am",
    "are",
    "be",
    "been",
    "want",
    "need",
    "like",
    "looking",
    "book",
    "booking",
    "appointment",
    "cancel",
    "move",
    "change",
    "reschedule",
    "message",
    "urgent",
    "emergency",
    "number",
    "phone",
    "name",
    "sorry",
    "um",
    "uh",
    "er",
    "oh",
    "well",
    "hi",
    "hello",
    "hey",
    "just",
    "only",
    "really",
    "sure",
    "correct",
    "right",
    "wrong",
    "spelled",
    "spelt",
    "spell",
    "actually",
    "still",
    "also",
    "going",
    "running",
    "late",
    "new",
    "interested",
    "fine",
    "good",
    "great",
    "trying",
    "waiting",
    "free",
    "open",
    "closed",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "tomorrow",
    "today",
    "morning",
    "afternoon",
    "evening",
    "o'clock",
    "pm",
    "me",
    "if",
    "because",
    "should",
    "full",
    "first",
    "last",
    "surname",
    "double",
    "afraid",
    "happy",
    "one",
    "two",
    "three",
    "under",
    "that's",
    "make",
    "made",
    "say",
    "said",
    "hope",
    "mine",
    "again",
    "then",
    "supposed",
    "robot",
    "machine",
    "person",
    "human",
    "main",
    "these",
    "write",
    "those",
    "put",
    "them",
    "names",
    "nameis",
    "down",
    "let's",
    "sounds",
    "works",
    "all",
    "don't",
    "can't",
    "won't",
    "bleeding",
    "having",
    "got",
    "calls",
];

/// The name announced in `words` ("my name is anna schmidt"). With `asked`, weaker
/// announcements and a name on its own count too.
pub fn name(words: &[String], asked: bool) -> Option<String> {
    let words = &mended(words);
    for (lead, sure) in LEADS {
        if !sure && !asked && !introduces(words, lead) {
            continue;
        }
        let Some(start) = at(words, lead) else {
            continue;
        };
        let after = words.get(start + lead.split(' ').count()..).unwrap_or_default();
        if let Some(name) = run(after) {
            return Some(name);
        }
    }
    for end in ["is the name", "is my name"] {
        let before = at(words, end).and_then(|end| words.get(end.saturating_sub(3)..end)).unwrap_or_default();
        let start = before.iter().rposition(|word| NO_NAME.contains(&word.as_str())).map_or(0, |i| i + 1);
        if let Some(name) = run(before.get(start..).unwrap_or_default()) {
            return Some(name);
        }
    }
    if let Some(end) = words.iter().position(|word| matches!(word.as_str(), "speaking" | "here")) {
        let before = words.get(..end).unwrap_or_default();
        let start = before.iter().rposition(|word| NO_NAME.contains(&word.as_str())).map_or(0, |i| i + 1);
        if let Some(name) = run(before.get(start..).unwrap_or_default()).filter(|_| end - start <= 3) {
            return Some(name);
        }
    }
    asked.then(|| alone(words)).flatten()
}

/// The words with what recognisers make of "name" mended: "my main is", "nameis".
fn mended(words: &[String]) -> Vec<String> {
    let mut mended: Vec<String> = Vec::new();
    for word in words {
        let after_my = mended.last().is_some_and(|last| matches!(last.as_str(), "my" | "full" | "last" | "first"));
        let like_name = matches!(word.as_str(), "main" | "names" | "mane" | "aim" | "nine")
            || (word.len() <= 5 && super::fuzzy::spelled_alike(word, "name") >= 0.75);
        match word.as_str() {
            "nameis" => mended.extend(["name".to_owned(), "is".to_owned()]),
            _ if after_my && like_name => mended.push("name".to_owned()),
            _ => mended.push(word.clone()),
        }
    }
    mended
}

/// "this is anna schmidt" near the beginning introduces somebody; later it need not.
fn introduces(words: &[String], lead: &str) -> bool {
    let Some(start) = at(words, lead).filter(|start| *start <= 3) else {
        return false;
    };
    let after = words.get(start + lead.split(' ').count()..).unwrap_or_default();
    let named = after.iter().take_while(|word| !NO_NAME.contains(&word.as_str())).count();
    let follows = after.get(named).map(String::as_str);
    lead == "this is"
        && (1..=3).contains(&named)
        && (follows.is_none()
            || matches!(
                follows,
                Some("calling" | "speaking" | "here" | "from" | "and" | "i" | "i'd" | "i'm" | "can" | "could")
            ))
}

fn run(words: &[String]) -> Option<String> {
    let skipped = words.iter().take_while(|word| matches!(word.as_str(), "uh" | "um" | "er" | "the" | "name")).count();
    let name: Vec<&str> = words
        .iter()
        .skip(skipped)
        .map(String::as_str)
        .take_while(|word| !NO_NAME.contains(word) && !is_number(word))
        .take(MOST_WORDS)
        .collect();
    tidy(&name)
}

fn is_number(word: &str) -> bool {
    word.chars().any(|c| c.is_ascii_digit()) || super::number::cardinal(&[word.to_owned()]).is_some()
}

/// Said around a name, meaning nothing.
const FILLERS: &[&str] = &[
    "uh", "um", "er", "oh", "well", "so", "yes", "yeah", "yep", "sure", "okay", "ok", "hi", "hello", "please",
    "thanks", "thank", "you", "it's", "it", "is", "the", "my", "name", "that's", "just", "of", "course", "i'm", "i",
    "am", "full", "would", "be", "and", "last", "first", "surname", "spelled",
];

/// Said between the words of a name.
const JOINTS: &[&str] = &["uh", "um", "er", "and", "first", "last", "name", "surname", "my", "oh"];

/// The name in an answer that is nothing but a name, with or without fillers.
fn alone(words: &[String]) -> Option<String> {
    let name: Vec<&str> = words.iter().map(String::as_str).filter(|word| !FILLERS.contains(word)).collect();
    let foreign = |word: &&str| NO_NAME.contains(word) || is_number(word);
    if name.is_empty() || name.iter().any(foreign) {
        return None;
    }
    // "The weather is lovely": what stands between the words of a name is no "is".
    let first = words.iter().position(|word| name.first() == Some(&word.as_str()))?;
    let last = words.iter().rposition(|word| name.last() == Some(&word.as_str()))?;
    let between = words.get(first..=last).unwrap_or_default();
    if !between.iter().all(|word| name.contains(&word.as_str()) || JOINTS.contains(&word.as_str())) {
        return None;
    }
    let name = tidy(&name)?;
    (name.split(' ').count() <= MOST_WORDS).then_some(name)
}

/// Single letters at the end are a spelling, not part of the name.
fn tidy(name: &[&str]) -> Option<String> {
    let letters = name.iter().rev().take_while(|word| word.chars().count() == 1).count();
    let kept = name.len() - if letters >= 2 { letters } else { 0 };
    let mut name = name.get(..kept)?.to_vec();
    // Said twice in one breath.
    name.dedup();
    let name = name.join(" ");
    (name.chars().filter(|c| c.is_alphabetic()).count() >= 2).then_some(name)
}

/// Puts the spelled part where it belongs: in place of the word it is most like, else of the
/// last word.
pub fn with_spelling(name: &str, spelled: &str) -> String {
    with_part(name, place_of_spelling(name, spelled, false), spelled)
}

/// Which word of the name the spelled part stands for; one past the end when it is another word.
/// When it is like none, it is the last one, or with `first` the first.
pub fn place_of_spelling(name: &str, spelled: &str, first: bool) -> usize {
    let words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
    if let [only] = words.as_slice() {
        // One word that sounds unlike the spelling is a first name.
        return usize::from(super::fuzzy::likeness(only, spelled) < 0.4);
    }
    let rated = words.iter().enumerate().map(|(i, word)| (super::fuzzy::likeness(word, spelled), i));
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(rate, _)| *rate >= 0.5).map(|(_, i)| i);
    best.unwrap_or(if first { 0 } else { words.len().saturating_sub(1) })
}

/// The name with this word in this place, or behind it.
pub fn with_part(name: &str, place: usize, part: &str) -> String {
    let mut words: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).collect();
    match words.get_mut(place) {
        Some(word) => *word = part,
        None => words.push(part),
    }
    words.join(" ")
}

/// The name as it is written: each word with a capital.
pub fn written(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    };
    name.split(' ').map(capital).collect::<Vec<_>>().join(" ")
}
