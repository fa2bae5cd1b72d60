//! The caller's turn: what was said and keyed so far, and how much silence ends it.
//!
//! ```text
//! "book me in on tuesday" ....|120: final asked |~220: text, thought about |220: over, answer
//! "move it to"            ....|120: final asked |~220: trails off          |900: over
//! "my number is 555 01"   ....|120              |~220: slot not full       |900: over
//! "555 0134" of 7 digits  ....|120              |~220: slot full: over at once
//! ```

use machine::Now;

use super::config::TurnConfig;
use crate::brain::{Expect, Heard};

/// Most characters of text a turn keeps: some five minutes of speech. Of more, the first utterance and the
/// last ones.
const MOST_CHARS: usize = 4_000;
/// Most keys a turn keeps.
const MOST_KEYS: usize = 40;

/// The caller's turn so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Turn {
    segments: Vec<Heard>,
    /// Final text of the utterance at hand.
    latest: Option<Heard>,
    keyed: String,
    keys_end: bool,
    pub(super) last_key: Option<Now>,
    pub(super) last_speech: Option<Now>,
    pub(super) transcript_at: Option<Now>,
    pub(super) decode_ms: Option<u32>,
    /// How sure the ear is, 0 to 1, that the caller has finished.
    pub(super) finished: Option<f32>,
}

impl Turn {
    /// True when there is anything to answer.
    pub(super) fn has_content(&self) -> bool {
        self.latest.is_some() || !self.segments.is_empty() || !self.keyed.is_empty()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keyed.is_empty()
    }

    /// The utterance at hand now reads so.
    pub(super) fn set_latest(&mut self, heard: Option<Heard>) {
        self.latest = heard;
    }

    pub(super) fn has_latest(&self) -> bool {
        self.latest.is_some()
    }

    /// The utterance at hand is closed; its text stays.
    pub(super) fn keep_latest(&mut self) {
        self.segments.extend(self.latest.take());
        while self.segments.len() > 2 && self.segments.iter().map(|s| s.text.len()).sum::<usize>() > MOST_CHARS {
            self.segments.remove(1);
        }
    }

    /// A key was pressed. '#' ends the entry, unless it is all of it.
    pub(super) fn key(&mut self, now: Now, key: char) {
        self.last_key = Some(now);
        if key == '#' {
            self.keys_end = true;
            if !self.keyed.is_empty() {
                return;
            }
        }
        if self.keyed.len() < MOST_KEYS {
            self.keyed.push(key);
        }
    }

    /// True when no further key is wanted.
    pub(super) fn keys_complete(&self, expects: Expect) -> bool {
        let keys = self.keyed.len();
        match expects {
            _ if keys == 0 => false,
            _ if self.keys_end || keys >= MOST_KEYS => true,
            Expect::Digits(wanted) => keys >= usize::from(wanted.max(1)),
            Expect::YesNo | Expect::Choice => true,
            _ => false,
        }
    }

    /// What was said since this turn was taken to be over belongs to it after all.
    pub(super) fn go_on(&mut self, more: Turn) {
        self.keep_latest();
        self.segments.extend(more.segments);
        self.latest = more.latest;
        self.keyed.extend(more.keyed.chars().take(MOST_KEYS.saturating_sub(self.keyed.len())));
        self.keys_end = more.keys_end;
        self.last_key = more.last_key.or(self.last_key);
        self.last_speech = more.last_speech.or(self.last_speech);
        self.finished = more.finished;
    }

    /// All of the turn as one.
    pub(super) fn heard(&self) -> Heard {
        let mut all = Heard { keyed: self.keyed.clone(), ..Heard::default() };
        let mut words_known = true;
        let mut weight = 0.0;
        for part in self.segments.iter().chain(&self.latest) {
            let words = part.text.split_whitespace().count();
            if !all.text.is_empty() {
                all.text.push(' ');
            }
            all.text.push_str(part.text.trim());
            words_known &= part.words.len() == words;
            all.words.extend_from_slice(&part.words);
            all.confidence += part.confidence * words as f32;
            weight += words as f32;
        }
        if weight > 0.0 {
            all.confidence /= weight;
        }
        if !words_known {
            all.words.clear();
        }
        all
    }
}

/// Silence after which this text is all, in milliseconds. `complete` is the brain's word,
/// `habit_ms` what this caller's pauses have taught.
pub(super) fn patience_ms(config: &TurnConfig, text: &str, expects: Expect, complete: bool, habit_ms: u32) -> u32 {
    let habit_ms = habit_ms.min(config.habit_max_ms);
    let complete = complete && !trails_off(text);
    let wait = match expects {
        Expect::Digits(wanted) => match digits_spoken(text) {
            n if n >= u32::from(wanted.max(1)) => 0,
            0 if complete => config.complete_ms + habit_ms,
            _ => config.stretched_ms,
        },
        Expect::Message if complete => config.stretched_ms,
        Expect::Message => config.message_ms,
        _ if trails_off(text) => config.stretched_ms,
        Expect::Name if spelling(text) => config.stretched_ms,
        Expect::Name if complete => config.name_ms + habit_ms,
        Expect::Name => config.stretched_ms,
        Expect::YesNo | Expect::Choice if complete => config.short_ms + habit_ms / 2,
        Expect::Open | Expect::When if number_begun(text) => config.stretched_ms,
        Expect::Open | Expect::When if complete => config.complete_ms + habit_ms,
        Expect::YesNo | Expect::Choice => config.unsure_ms + habit_ms,
        Expect::Open | Expect::When => config.stretched_ms,
    };
    wait.min(config.max_wait_ms)
}

/// The same wait where the ear has heard how the caller ended: longer where they sounded as if they
/// go on, shorter where words and slot were in doubt and the voice was not.
pub(super) fn by_ear_ms(config: &TurnConfig, wait_ms: u32, finished: Option<f32>, doubt: Doubt) -> u32 {
    match finished {
        Some(sure) if sure <= config.goes_on_below && doubt != Doubt::SlotFull => {
            wait_ms.max(config.goes_on_ms).min(config.max_wait_ms)
        }
        Some(sure) if sure >= config.finished_above && doubt == Doubt::Text => wait_ms.min(config.finished_ms),
        _ => wait_ms,
    }
}

/// What the words leave open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Nothing: the slot has all it takes.
    SlotFull,
    /// Whether the sentence is all.
    Text,
    /// What no melody settles: a sentence that can't end so, a number or a spelling begun, a message.
    Slot,
}

impl Doubt {
    pub(super) fn of(text: &str, expects: Expect) -> Doubt {
        match expects {
            Expect::Digits(wanted) if digits_spoken(text) >= u32::from(wanted.max(1)) => Doubt::SlotFull,
            Expect::Digits(_) | Expect::Message => Doubt::Slot,
            Expect::Name if spelling(text) => Doubt::Slot,
            _ if trails_off(text) || number_begun(text) => Doubt::Slot,
            _ => Doubt::Text,
        }
    }
}

/// Words no English sentence ends with unless its speaker is still thinking.
const OPEN_ENDS: [&str; 46] = [
    "a", "about", "an", "and", "at", "because", "between", "but", "by", "erm", "er", "for", "from", "gonna", "hmm",
    "i'd", "i'll", "i'm", "if", "into", "it's", "like", "maybe", "my", "of", "on", "or", "our", "so", "than", "that's",
    "the", "their", "to", "uh", "um", "umm", "until", "wanna", "we're", "with", "your", "i", "uhh", "is", "would",
];

/// The same where the recogniser wrote a full stop, as some do after everything: only what
/// can't end a sentence at all.
const OPEN_ENDS_STOPPED: [&str; 22] = [
    "a", "an", "and", "at", "because", "between", "but", "er", "erm", "i'd", "i'm", "if", "it's", "my", "of", "our",
    "the", "to", "uh", "um", "umm", "your",
];

/// True when the text ends where nobody ends ("move it to", "my name is", "um").
pub(super) fn trails_off(text: &str) -> bool {
    let text = text.trim_end();
    if text.ends_with([',', '-', '…', ':']) || text.ends_with("..") {
        return true;
    }
    let lower = text.trim_end_matches(['.', '!', '?']).to_lowercase();
    if lower.ends_with("name is") || lower.ends_with("number is") {
        return true;
    }
    let open: &[&str] = if text.ends_with(['.', '!', '?']) { &OPEN_ENDS_STOPPED } else { &OPEN_ENDS };
    last_word(text).is_some_and(|word| open.contains(&&*word))
}

fn last_word(text: &str) -> Option<String> {
    let word = text.split_whitespace().next_back()?;
    Some(word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
}

/// True when the last thing said is a single letter: more are coming.
fn spelling(text: &str) -> bool {
    last_word(text).is_some_and(|word| word.chars().count() == 1)
}

/// True for a telephone number given unasked, as long as most of it is missing.
fn number_begun(text: &str) -> bool {
    text.to_lowercase().contains("number") && (1..7).contains(&digits_spoken(text))
}

/// Digits in a text, spoken or written: "five fifty five oh one" is five.
pub(super) fn digits_spoken(text: &str) -> u32 {
    let mut digits = 0u32;
    let mut repeat = 1;
    let mut after_tens = false;
    for word in text.split(|c: char| c.is_whitespace() || c == '-' || c == ',') {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let tens = after_tens;
        after_tens = false;
        let value = match &*word {
            "" => {
                after_tens = tens;
                continue;
            }
            "double" => {
                repeat = 2;
                continue;
            }
            "triple" => {
                repeat = 3;
                continue;
            }
            "zero" | "oh" | "o" | "nought" => 1,
            "one" | "two" | "three" | "four" | "five" | "six" | "seven" | "eight" | "nine" => u32::from(!tens),
            "ten" | "eleven" | "twelve" | "thirteen" | "fourteen" | "fifteen" | "sixteen" | "seventeen"
            | "eighteen" | "nineteen" => 2,
            "twenty" | "thirty" | "forty" | "fifty" | "sixty" | "seventy" | "eighty" | "ninety" => {
                after_tens = true;
                2
            }
            "hundred" => 2,
            "thousand" => 3,
            _ => u32::try_from(word.chars().filter(char::is_ascii_digit).count()).unwrap_or(0),
        };
        digits = digits.saturating_add(value * repeat);
        repeat = 1;
    }
    digits
}
