//! How sure the recogniser was of a value, and whether that is sure enough to act on it.
//!
//! A value that is not is never read back for a yes together with others: a caller who is asked
//! five things at once says yes to all of them. It is asked for again, or spelled; what is heard
//! twice alike is believed.

use crate::brain::Heard;
use crate::parse::day::Days;
use crate::parse::lexicon::{self, Part};
use crate::parse::mention::Mention;
use crate::parse::time::Times;
use crate::parse::words;

/// A common name in its place is seldom heard by chance: of 203 names that the starter
/// recogniser made so, all but two were right, however unsure it was.
const COMMON_NAME: f32 = 0.5;
/// Any other name must be heard like this, or spelled. The surest wrong one had 0.85.
const ODD_NAME: f32 = 0.92;
/// Each digit of a number. The surest wrong number had a digit of 0.68, the least sure right
/// one 0.82.
const DIGIT: f32 = 0.7;
/// Each word of a time. Of ten wrong hours eight were below; one right hour in 40 is asked again
/// for it.
const TIME: f32 = 0.75;
/// Each word of a day: days are heard better. The surest wrong one had 0.65.
const DAY: f32 = 0.66;
/// Words of a day or time that tell neither.
const EMPTY: [&str; 14] =
    ["o'clock", "oclock", "at", "in", "the", "a", "past", "to", "on", "and", "of", "this", "next", "coming"];
/// A letter of a spelling: the wrong ones are mostly below, the right ones mostly above.
const LETTER: f32 = 0.7;

/// What of a name was heard too badly to be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Doubts {
    /// The first of several words.
    pub(super) first: bool,
    /// Any other word, or the only one.
    pub(super) last: bool,
}

impl Doubts {
    /// True when the name can't be used as it is.
    pub(super) const fn any(self) -> bool {
        self.first || self.last
    }
}

/// The words of a turn with how surely each was heard.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Sureness {
    /// For each word of the reading; empty when the recogniser told nothing.
    each: Vec<f32>,
    /// Of all.
    all: f32,
}

impl Sureness {
    /// All words, lower case and without loops; those of them that are looked at, and how surely each of
    /// these was heard.
    pub(super) fn of(heard: &Heard) -> (Vec<String>, Vec<String>, Self) {
        let all = if heard.confidence > 0.0 { heard.confidence } else { 1.0 };
        let told = heard.text.split_whitespace().count() == heard.words.len();
        let mut said: Vec<String> = Vec::new();
        let mut each: Vec<f32> = Vec::new();
        for (i, token) in heard.text.split_whitespace().enumerate() {
            let sure = heard.words.get(i).copied().unwrap_or(all);
            for word in words::all_words(token) {
                said.push(word);
                each.push(sure);
            }
        }
        let kept = words::kept_of_loops(&said);
        let each: Vec<f32> = kept.iter().filter_map(|i| each.get(*i).copied()).collect();
        let said: Vec<String> = kept.iter().filter_map(|i| said.get(*i).cloned()).collect();
        let each = if told { words::without_middle(each) } else { Vec::new() };
        (said.clone(), words::without_middle(said), Sureness { each, all })
    }

    /// What of this name was heard too badly to be used.
    pub(super) fn doubts_name(&self, said: &[String], name: &str) -> Doubts {
        let start = words::at(said, name);
        let parts: Vec<&str> = name.split(' ').collect();
        let doubted = |place: usize, part: &str| {
            let sure = start.and_then(|start| self.each.get(start + place)).copied().unwrap_or(self.all);
            sure < wanted(&lexicon::written_as_usual(part), place, parts.len())
        };
        let mut doubts = Doubts::default();
        for (place, part) in parts.iter().enumerate() {
            let flag = if place == 0 && parts.len() > 1 { &mut doubts.first } else { &mut doubts.last };
            *flag |= doubted(place, part);
        }
        doubts
    }

    /// True when a digit was heard too badly to be used.
    pub(super) fn doubts_digits(&self, said: &[String]) -> bool {
        let digits = said.iter().zip(&self.each).filter(|(word, _)| crate::parse::number::digit(word).is_some());
        digits.into_iter().any(|(_, sure)| *sure < DIGIT)
    }

    /// True when no mention of this time was heard well.
    pub(super) fn doubts_time(&self, said: &[String], mentions: &[Mention<Times>], time: Times) -> bool {
        self.doubts(said, mentions, time, TIME)
    }

    /// True when no mention of this day was heard well.
    pub(super) fn doubts_day(&self, said: &[String], mentions: &[Mention<Days>], day: Days) -> bool {
        self.doubts(said, mentions, day, DAY)
    }

    /// True when this span of what was said, which holds a time, was not heard well.
    pub(super) fn doubts_span(&self, said: &[String], span: &[String]) -> bool {
        let start = words::at(said, &span.join(" ")).unwrap_or_default();
        !self.heard_well(said, start, start + span.len(), TIME)
    }

    fn doubts<T: PartialEq>(&self, said: &[String], mentions: &[Mention<T>], value: T, wanted: f32) -> bool {
        let of_value: Vec<&Mention<T>> = mentions.iter().filter(|mention| mention.value == value).collect();
        !of_value.is_empty() && !of_value.iter().any(|m| self.heard_well(said, m.start, m.end, wanted))
    }

    fn heard_well(&self, said: &[String], start: usize, end: usize, wanted: f32) -> bool {
        let heard = said.get(start..end).unwrap_or_default().iter().zip(self.each.get(start..end).unwrap_or_default());
        heard.filter(|(word, _)| !EMPTY.contains(&word.as_str())).all(|(_, sure)| *sure >= wanted)
    }

    /// For each word whether it makes a letter that can be relied on; `None` when not known.
    pub(super) fn letters(&self) -> Option<Vec<bool>> {
        (!self.each.is_empty()).then(|| self.each.iter().map(|sure| *sure >= LETTER).collect())
    }
}

/// How surely a word of a name must be heard in this place.
fn wanted(part: &str, place: usize, of: usize) -> f32 {
    let (first, last) = (lexicon::knows(part, Part::First), lexicon::knows(part, Part::Last));
    match (place, place + 1 == of) {
        (0, true) if first || last => COMMON_NAME,
        (0, false) if first => COMMON_NAME,
        (1.., true) if last => COMMON_NAME,
        _ => ODD_NAME,
    }
}
