//! Days as they are said, relative to today.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::fuzzy;
use super::mention::{Mention, role_at};
use super::number;
use crate::business::WEEKDAYS;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// Sound like a weekday and are none.
const NO_WEEKDAY: [&str; 8] = ["today", "yesterday", "someday", "holiday", "holidays", "birthday", "midday", "payday"];
/// How far "as soon as possible" and "any day" reach.
const ANY_DAYS: i64 = 60;

/// A run of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// First day.
    pub first: Date,
    /// Last day.
    pub last: Date,
}

impl Days {
    /// Just this day.
    pub const fn one(date: Date) -> Self {
        Days { first: date, last: date }
    }

    /// True when it is a single day.
    pub fn is_one(&self) -> bool {
        self.first == self.last
    }

    /// True when the day lies in it.
    pub fn has(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }
}

/// All days mentioned in `words`, in order.
pub fn days(words: &[String], today: Date) -> Vec<Mention<Days>> {
    let mut found: Vec<Mention<Days>> = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let rest = words.get(i..).unwrap_or_default();
        match day(rest, today) {
            Some((days, taken)) => {
                let end = i + taken;
                found.push(Mention { value: days, start: i, end, role: role_at(words, i, end) });
                i += taken.max(1);
            }
            None => i += 1,
        }
    }
    found
}

/// The days at the start of `words` and how many words they took. Zero when the words also
/// tell a time ("tonight").
fn day(words: &[String], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    if word(0) == "the" {
        let (found, taken) = named(words.get(1..)?, today, true)?;
        return Some((found, taken + 1));
    }
    named(words, today, false).or_else(|| soon(words, today))
}

fn named(words: &[String], today: Date, after_the: bool) -> Option<(Days, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let plus = |days: i64| today.checked_add(days.days()).ok().map(Days::one);
    match (word(0), word(1), word(2)) {
        ("day", "after", "tomorrow") => return Some((plus(2)?, 3)),
        ("week", "after", "next") => return Some((week(today, 2)?, 3)),
        ("end", "of", "the") if word(3) == "week" => {
            return Some((part_of_week(today, 0, 3, 4)?, 4));
        }
        ("end", "of", "the") if word(3) == "month" => return Some((end_of_month(today)?, 4)),
        ("following", "week", _) => return Some((week(today, 1)?, 2)),
        ("today", _, _) => return Some((Days::one(today), 1)),
        ("right", "now", _) => return Some((Days::one(today), 2)),
        ("tonight", _, _) => return Some((Days::one(today), 0)),
        ("tomorrow" | "tomorrow's", _, _) => return Some((plus(1)?, 1)),
        ("weekend", _, _) => return Some((part_of_week(today, 0, 5, 6)?, 1)),
        _ => {}
    }
    weekday_phrase(words, today).or_else(|| date(words, today, after_the))
}

/// "next tuesday", "this coming friday", "tuesday week", "tuesday the twenty fourth".
fn weekday_phrase(words: &[String], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let mut at = 0;
    let (mut next, mut this) = (false, false);
    while matches!(word(at), "next" | "this" | "coming" | "following") && at < 2 {
        next |= word(at) == "next" || word(at) == "following";
        // "This friday" may be today, "this coming friday" is not.
        this = word(at) == "this";
        at += 1;
    }
    let weekday = weekday(word(at))?;
    at += 1;
    if let Some((dated, taken)) = day_after_weekday(words.get(at..).unwrap_or_default(), today)
        && dated.first.weekday() == weekday
    {
        return Some((dated, at + taken));
    }
    let coming = coming(today, weekday, this)?;
    let later = |days: i64| coming.checked_add(days.days()).ok();
    if word(at) == "week" {
        return Some((Days::one(later(7)?), at + 1));
    }
    if (word(at), word(at + 1)) == ("next", "week") {
        return Some((Days::one(in_week(today, weekday, 1)?), at + 2));
    }
    if next {
        return Some((Days::one(in_week(today, weekday, 1)?), at));
    }
    Some((Days::one(coming), at))
}

fn day_after_weekday(words: &[String], today: Date) -> Option<(Days, usize)> {
    match words.first().map(String::as_str) {
        Some("the") => date(words.get(1..)?, today, true).map(|(days, taken)| (days, taken + 1)),
        _ => date(words, today, false),
    }
}

/// "november third", "the third of november", "the twenty fourth".
fn date(words: &[String], today: Date, after_the: bool) -> Option<(Days, usize)> {
    if let Some(month) = words.first().and_then(|word| month(word)) {
        let mut at = 1;
        at += usize::from(words.get(at).is_some_and(|word| word == "the"));
        let rest = words.get(at..)?;
        let (day, taken) = number::ordinal(rest).or_else(|| number::cardinal(rest).filter(|n| month_day(*n)))?;
        return Some((Days::one(next_date(today, Some(month), day)?), at + taken));
    }
    let (day, taken) = number::ordinal(words)?;
    let after = |i: usize| words.get(taken + i).map(String::as_str).unwrap_or_default();
    let month_at = usize::from(after(0) == "of");
    if let Some(month) = month(after(month_at)) {
        return Some((Days::one(next_date(today, Some(month), day)?), taken + month_at + 1));
    }
    let counts_something = matches!(
        after(0),
        "one"
            | "ones"
            | "option"
            | "choice"
            | "of"
            | "time"
            | "thing"
            | "available"
            | "open"
            | "free"
            | "appointment"
            | "slot"
            | "visit"
            | "floor"
            | "opening"
            | "name"
            | "works"
            | "is"
            | "please"
    ) && day <= 3;
    let dated = after_the || taken == 2 || words.first()?.starts_with(|c: char| c.is_ascii_digit());
    if counts_something || !dated {
        return None;
    }
    Some((Days::one(next_date(today, None, day)?), taken))
}

fn month_day((number, _): (u32, usize)) -> bool {
    (1..=31).contains(&number)
}

/// "in two weeks", "next week", "a week from friday", "as soon as possible".
fn soon(words: &[String], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let plus = |days: i64| today.checked_add(days.days()).ok();
    match (word(0), word(1), word(2)) {
        ("a", "week", "from" | "on") => {
            let (start, taken) = day(words.get(3..)?, today)?;
            let date = start.first.checked_add(7.days()).ok()?;
            return Some((Days::one(date), 3 + taken));
        }
        ("this", "morning" | "afternoon" | "evening", _) => return Some((Days::one(today), 1)),
        ("early", "next", "week") => return Some((part_of_week(today, 1, 0, 1)?, 3)),
        ("late" | "later", "next", "week") => return Some((part_of_week(today, 1, 3, 4)?, 3)),
        ("next", "weekend", _) => return Some((part_of_week(today, 1, 5, 6)?, 2)),
        ("next", "week", _) => return Some((week(today, 1)?, 2)),
        ("this" | "that", "week", _) => return Some((week(today, 0)?, 2)),
        ("next", "month", _) => return Some((next_month(today)?, 2)),
        ("this", "month", _) => {
            return Some((Days { first: today, last: today.last_of_month() }, 2));
        }
        ("as", "soon", "as") | ("any", "day", _) | ("first" | "next", "available", _) => {
            return Some((Days { first: today, last: plus(ANY_DAYS)? }, 2));
        }
        ("asap" | "soonest" | "earliest" | "whenever", _, _) => {
            return Some((Days { first: today, last: plus(ANY_DAYS)? }, 1));
        }
        _ => {}
    }
    ahead(words, today)
}

/// "in two weeks", "in a couple of days", "two weeks from now".
fn ahead(words: &[String], today: Date) -> Option<(Days, usize)> {
    let word = |i: usize| words.get(i).map(String::as_str).unwrap_or_default();
    let within = usize::from(word(0) == "in");
    let (count, counted) = match (word(within), word(within + 1), word(within + 2)) {
        ("a", "couple", "of") => (2, 3),
        ("a", "few", _) => (3, 2),
        ("a" | "one", _, _) => (1, 1),
        _ => number::cardinal(words.get(within..)?)?,
    };
    let days = match word(within + counted) {
        "day" | "days" => 1,
        "week" | "weeks" => 7,
        "fortnight" => 14,
        "month" | "months" => 30,
        _ => return None,
    };
    let mut end = within + counted + 1;
    let from_now = matches!((word(end), word(end + 1)), ("from", "now" | "today"));
    if from_now {
        end += 2;
    } else if within == 0 {
        return None;
    }
    let date = today.checked_add((i64::from(count) * days).days()).ok()?;
    Some((Days::one(date), end))
}

/// The weekday a word stands for, tolerating what recognisers make of it.
pub fn weekday(word: &str) -> Option<Weekday> {
    let word = word.strip_suffix("'s").unwrap_or(word);
    let short = ["mon", "tues", "wed", "thurs", "fri"];
    if let Some(index) = short.iter().position(|s| *s == word) {
        return WEEKDAYS.get(index).map(|(_, day)| *day);
    }
    if word.len() < 5 || NO_WEEKDAY.contains(&word) {
        return None;
    }
    let word = word.strip_suffix('s').unwrap_or(word);
    let rated = WEEKDAYS.iter().map(|(name, day)| (fuzzy::spelled_alike(word, name), *day));
    let best = rated.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(rate, _)| *rate >= 0.75);
    best.map(|(_, day)| day)
}

fn month(word: &str) -> Option<i8> {
    let exact = MONTHS.iter().position(|name| *name == word);
    let near = || {
        let likely = |name: &&str| word.len() >= 6 && fuzzy::spelled_alike(word, name) >= 0.75;
        MONTHS.iter().position(likely)
    };
    i8::try_from(exact.or_else(near)? + 1).ok()
}

/// The coming such weekday; today counts only when `today_too`.
fn coming(today: Date, weekday: Weekday, today_too: bool) -> Option<Date> {
    if today_too && today.weekday() == weekday {
        return Some(today);
    }
    let ahead = i64::from(today.weekday().until(weekday));
    today.checked_add(if ahead == 0 { 7 } else { ahead }.days()).ok()
}

fn monday(today: Date, weeks: i64) -> Option<Date> {
    let back = i64::from(today.weekday().to_monday_zero_offset());
    today.checked_add((weeks * 7 - back).days()).ok()
}

fn in_week(today: Date, weekday: Weekday, weeks: i64) -> Option<Date> {
    let offset = i64::from(weekday.to_monday_zero_offset());
    monday(today, weeks)?.checked_add(offset.days()).ok()
}

fn week(today: Date, weeks: i64) -> Option<Days> {
    part_of_week(today, weeks, 0, 6)
}

fn part_of_week(today: Date, weeks: i64, first: i64, last: i64) -> Option<Days> {
    let monday = monday(today, weeks)?;
    let first = monday.checked_add(first.days()).ok()?.max(today);
    let last = monday.checked_add(last.days()).ok()?.max(first);
    Some(Days { first, last })
}

fn next_month(today: Date) -> Option<Days> {
    let first = today.last_of_month().tomorrow().ok()?;
    Some(Days { first, last: first.last_of_month() })
}

fn end_of_month(today: Date) -> Option<Days> {
    let last = today.last_of_month();
    let first = last.checked_sub(6.days()).ok()?.max(today);
    Some(Days { first, last })
}

/// The next date with this day (and month) from today on.
fn next_date(today: Date, month: Option<i8>, day: u32) -> Option<Date> {
    let day = i8::try_from(day).ok()?;
    let mut first = today.first_of_month();
    for _ in 0..36 {
        let fits = month.is_none_or(|month| first.month() == month);
        if let Ok(date) = Date::new(first.year(), first.month(), day)
            && fits
            && date >= today
        {
            return Some(date);
        }
        first = first.last_of_month().tomorrow().ok()?;
    }
    None
}
