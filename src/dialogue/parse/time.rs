//! Times of day as they are said.

use super::mention::{Mention, role_at};
use super::number;

const NOON: u16 = 12 * 60;
const DAY_END: u16 = 24 * 60;

/// A wished time of day, in minutes since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Not before this.
    pub from_minute: u16,
    /// Not after this; equal to `from_minute` when an exact time was said.
    pub until_minute: u16,
    /// Whether morning or afternoon was said, or follows from the number. Otherwise it is a
    /// guess (seven to eleven in the morning, twelve to six after noon).
    pub half_said: bool,
    /// True when it can hardly be anything but a time; a lone "three" is not.
    pub strong: bool,
}

impl Times {
    /// Exactly this minute.
    pub const fn at(minute: u16) -> Self {
        Times { from_minute: minute, until_minute: minute, half_said: true, strong: true }
    }

    const fn between(from_minute: u16, until_minute: u16) -> Self {
        Times { from_minute, until_minute, half_said: true, strong: true }
    }

    /// True when one minute was named.
    pub fn is_exact(&self) -> bool {
        self.from_minute == self.until_minute
    }

    /// The same twelve hours on or back, when it was not said which.
    pub fn other_half(&self) -> Option<Self> {
        let moved = |minute: u16| {
            if minute < NOON { minute + NOON } else { minute - NOON }
        };
        (!self.half_said && self.is_exact()).then(|| Times {
            from_minute: moved(self.from_minute),
            until_minute: moved(self.until_minute),
            ..*self
        })
    }

    /// True when the minute fits.
    pub fn has(&self, minute: u16) -> bool {
        (self.from_minute..=self.until_minute).contains(&minute)
    }
}

/// All times of day in `words`. Words taken by days are blank (empty).
pub fn times(words: &[String]) -> Vec<Mention<Times>> {
    let mut found: Vec<Mention<Times>> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let rest = words.get(i..).unwrap_or_default();
        let digits = digit_run(rest);
        if digits >= 5 {
            i += digits;
            continue;
        }
        match time(rest, i.checked_sub(1).and_then(|i| words.get(i)).map_or("", String::as_str)) {
            Some((value, taken)) => {
                found.push(Mention { value, start: i, end: i + taken, role: role_at(words, i, i + taken) });
                i += taken.max(1);
            }
            None => i += 1,
        }
    }
    merge_parts(&mut found);
    found
}

fn digit_run(words: &[String]) -> usize {
    words.iter().take_while(|word| number::digit(word).is_some()).count()
}

/// "nine ... in the morning", "tuesday morning at nine": the part of the day says which half.
fn merge_parts(found: &mut Vec<Mention<Times>>) {
    let parts: Vec<Times> = found.iter().map(|m| m.value).filter(|t| !t.is_exact() && t.half_said).collect();
    let mut settled = false;
    for mention in found.iter_mut().filter(|m| m.value.is_exact() && !m.value.half_said) {
        for part in &parts {
            let fits = |times: &Times| part.has(times.from_minute);
            let halves = [Some(mention.value), mention.value.other_half()];
            if let Some(right) = halves.into_iter().flatten().find(fits) {
                mention.value = Times { half_said: true, strong: true, ..right };
                settled = true;
            }
        }
    }
    if settled || found.iter().any(|m| m.value.is_exact() && m.value.strong) {
        found.retain(|m| m.value.is_exact());
    }
}

fn time(words: &[String], before: &str) -> Option<(Times, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    if word(0) == "between" {
        let (from, taken) = clock(words.get(1..)?, true)?;
        if word(1 + taken) == "and" {
            let (until, more) = clock(words.get(2 + taken..)?, true)?;
            let sane = until.from_minute > from.from_minute;
            return sane.then_some((Times::between(from.from_minute, until.from_minute), 2 + taken + more));
        }
    }
    if matches!(word(0), "after" | "before" | "by" | "until" | "till" | "from") {
        if let Some((times, taken)) = part(words.get(1..)?).filter(|(times, _)| times.is_exact()) {
            return Some((bounded(word(0), times), 1 + taken));
        }
        if let Some((times, taken)) = clock(words.get(1..)?, true) {
            return Some((bounded(word(0), times), 1 + taken));
        }
    }
    if let Some(found) = part(words).filter(|_| before != "good") {
        return Some(found);
    }
    let led = matches!(before, "at" | "around" | "about" | "towards" | "near" | "nearer" | "like" | "is" | "to" | "it");
    // A time at the beginning, or after a day, needs no word before it when what follows is clear.
    let led =
        led || before.is_empty() && matches!(words.first().map(String::as_str), Some("too" | "for" | "ate" | "won"));
    // "The last one" is no hour.
    let points = matches!(
        before,
        "the"
            | "last"
            | "first"
            | "second"
            | "third"
            | "later"
            | "earlier"
            | "that"
            | "this"
            | "other"
            | "middle"
            | "which"
            | "either"
            | "next"
            | "number"
            | "option"
            | "no"
            | "any"
    );
    clock(words, led).filter(|(_, taken)| !(points && *taken == 1 && word(0) == "one"))
}

fn bounded(bound: &str, times: Times) -> Times {
    match bound {
        "after" => Times { until_minute: DAY_END, half_said: true, ..times },
        "from" => Times { until_minute: times.from_minute, ..times },
        _ => Times { from_minute: 0, until_minute: times.from_minute, half_said: true, strong: true },
    }
}

/// Parts of the day.
fn part(words: &[String]) -> Option<(Times, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let found = match (word(0), word(1), word(2)) {
        ("early", "morning", _) | ("first", "thing", _) => (Times::between(0, 9 * 60 + 30), 2),
        ("late", "morning", _) => (Times::between(10 * 60, NOON), 2),
        ("early", "afternoon", _) => (Times::between(NOON, 14 * 60 + 30), 2),
        ("late", "afternoon", _) => (Times::between(15 * 60, 18 * 60), 2),
        ("end", "of", "the") if word(3) == "day" => (Times::between(15 * 60, 20 * 60), 4),
        ("lunch", "time", _) => (Times::at(NOON), 2),
        ("noon" | "midday" | "lunchtime" | "lunch", _, _) => (Times::at(NOON), 1),
        ("midnight", _, _) => (Times::at(0), 1),
        ("morning" | "mornings", _, _) => (Times::between(0, NOON - 1), 1),
        ("afternoon" | "afternoons", _, _) => (Times::between(NOON, 17 * 60 + 59), 1),
        ("evening" | "evenings" | "tonight" | "night", _, _) => (Times::between(17 * 60, DAY_END), 1),
        ("after", "work", _) => (Times::between(17 * 60, DAY_END), 2),
        ("any", "time", _) => (Times::between(0, DAY_END), 2),
        ("anytime" | "whenever", _, _) => (Times::between(0, DAY_END), 1),
        _ => return None,
    };
    Some(found)
}

/// A time of the clock; `led` when the word before announces one.
fn clock(words: &[String], led: bool) -> Option<(Times, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    if let Some(found) = past_or_to(words) {
        return Some(found);
    }
    if let Some((hour, minute)) = word(0).split_once(':') {
        let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
        return finish(words, 1, hour, minute, true, true);
    }
    for (suffix, shift) in [("am", 0), ("pm", 12)] {
        if let Some(hour) = word(0).strip_suffix(suffix).and_then(|h| h.parse::<u32>().ok()).filter(|h| *h <= 12) {
            return minutes(hour % 12 + shift, 0).map(|minute| (Times::at(minute), 1));
        }
    }
    let (hour, mut taken) = hour(words, led)?;
    if word(taken) == "hundred" {
        return minutes(hour, 0).map(|minute| (Times::at(minute), taken + 1));
    }
    let mut minute = 0;
    let mut strong = led;
    if word(taken) == "o'clock" || word(taken) == "oclock" {
        taken += 1;
        strong = true;
    } else if let Some((said, more)) = minute_of(words.get(taken..).unwrap_or_default()) {
        minute = said;
        taken += more;
        strong = true;
    } else if counted(word(taken)) {
        return None;
    }
    finish(words, taken, hour, minute, strong, false)
}

/// "three minutes", "two people", "four of us": not hours.
fn counted(word: &str) -> bool {
    matches!(
        word,
        "people"
            | "persons"
            | "of"
            | "minutes"
            | "minute"
            | "hours"
            | "hour"
            | "days"
            | "day"
            | "weeks"
            | "week"
            | "months"
            | "years"
            | "dollars"
            | "kids"
            | "children"
            | "dogs"
            | "cats"
            | "times"
            | "or"
            | "adults"
            | "percent"
            | "more"
            | "appointments"
            | "bookings"
            | "options"
            | "questions"
            | "thing"
            | "things"
    )
}

/// What recognisers make of an hour: some words after "at", almost any before "o'clock".
fn misheard(word: &str, of_clock: bool) -> Option<u32> {
    match word {
        "to" | "too" => return Some(2),
        "for" | "fore" => return Some(4),
        "ate" => return Some(8),
        "won" => return Some(1),
        "free" | "tree" if of_clock => return Some(3),
        _ => {}
    }
    let hours = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    let like = |hour: &&str| word.len() >= 3 && hour.len() >= 3 && super::fuzzy::spelled_alike(word, hour) >= 0.66;
    let place = hours.iter().position(|hour| like(hour) && of_clock)?;
    let only = hours.iter().filter(|hour| like(hour)).count() == 1;
    u32::try_from(place + 1).ok().filter(|_| only)
}

fn hour(words: &[String], led: bool) -> Option<(u32, usize)> {
    let heard = words.first()?.as_str();
    let next = words.get(1).map(String::as_str).unwrap_or_default();
    let of_clock = matches!(next, "o'clock" | "oclock");
    if number::cardinal(words).is_none()
        && let Some(hour) = misheard(heard, of_clock)
    {
        let minutes = led && (matches!(next, "thirty" | "fifteen") || (next, words.len()) == ("forty", 3));
        return (of_clock || minutes || led && words.len() <= 2).then_some((hour, 1));
    }
    let (number, taken) = number::cardinal(words)?;
    // "twenty five" is no hour, and only the five follows the "twenty" of "eight twenty five".
    let (number, taken) = if number > 23 { (number / 10 * 10, 1) } else { (number, taken) };
    (number <= 23).then_some((number, taken))
}

/// The minutes said after an hour: "thirty", "oh five", "45".
fn minute_of(words: &[String]) -> Option<(u32, usize)> {
    let first = words.first()?.as_str();
    if matches!(first, "oh" | "o") {
        let (minute, taken) = number::cardinal(words.get(1..)?)?;
        return (minute < 10).then_some((minute, taken + 1));
    }
    if first == "00" {
        return Some((0, 1));
    }
    let (minute, taken) = number::cardinal(words)?;
    let next = words.get(taken).map(String::as_str).unwrap_or_default();
    ((10..60).contains(&minute) && !counted(next)).then_some((minute, taken))
}

/// "half past ten", "quarter to five", "twenty past three".
fn past_or_to(words: &[String]) -> Option<(Times, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let skip = usize::from(word(0) == "a" && word(1) == "quarter");
    let (minutes_said, mut at) = match word(skip) {
        "half" => (30, 1),
        "quarter" => (15, 1 + skip),
        _ => number::cardinal(words).filter(|(n, _)| matches!(n, 5 | 10 | 20 | 25))?,
    };
    at += usize::from(matches!(word(at), "minutes"));
    let to = match word(at) {
        "past" | "after" => false,
        "to" | "of" | "till" | "before" if minutes_said != 30 => true,
        // "half ten" is half past ten.
        _ if word(0) == "half" => {
            let (hour, taken) = number::cardinal(words.get(at..)?)?;
            return finish(words, at + taken, (1..=12).contains(&hour).then_some(hour)?, 30, true, false);
        }
        _ => return None,
    };
    let (hour, taken) = number::cardinal(words.get(at + 1..)?)?;
    let hour = (1..=23).contains(&hour).then_some(hour)?;
    let end = at + 1 + taken;
    if to {
        let hour = if hour == 1 { 12 } else { hour - 1 };
        return finish(words, end, hour, 60 - minutes_said, true, false);
    }
    finish(words, end, hour, minutes_said, true, false)
}

/// Adds "pm", "in the morning" and decides on the half of the day.
fn finish(
    words: &[String],
    taken: usize,
    hour: u32,
    minute: u32,
    strong: bool,
    figures: bool,
) -> Option<(Times, usize)> {
    let word = |i: usize| words.get(taken + i).map(String::as_str).unwrap_or_default();
    let (after_noon, more) = match (word(0), word(1), word(2)) {
        ("pm", _, _) => (Some(true), 1),
        ("am", _, _) => (Some(false), 1),
        ("p", "m", _) => (Some(true), 2),
        ("a", "m", _) => (Some(false), 2),
        ("in", "the", "morning") => (Some(false), 3),
        ("in", "the", "afternoon" | "evening") => (Some(true), 3),
        ("at", "night", _) => (Some(true), 2),
        _ => (None, 0),
    };
    let time =
        |hour: u32| minutes(hour, minute).map(|minute| Times { half_said: true, strong: true, ..Times::at(minute) });
    let found = match after_noon {
        Some(true) if hour <= 12 => time(hour % 12 + 12)?,
        Some(false) if hour <= 12 => time(hour % 12)?,
        _ if hour > 12 || hour == 0 => Times { strong: strong || figures, ..time(hour)? },
        _ => {
            let guess = if (7..=11).contains(&hour) { hour } else { hour % 12 + 12 };
            Times { half_said: false, strong, ..time(guess)? }
        }
    };
    Some((found, taken + more))
}

fn minutes(hour: u32, minute: u32) -> Option<u16> {
    (hour < 24 && minute < 60).then(|| u16::try_from(hour * 60 + minute).ok()).flatten()
}
