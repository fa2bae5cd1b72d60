//! The day and time a caller wishes for, and what is open about them.

use jiff::civil::DateTime;

use super::asked::Asked;
use super::desk::Desk;
use super::reading::Reading;
use super::wording;
use crate::business::Phrase;
use crate::parse::choice;
use crate::parse::day::Days;
use crate::parse::mention::{Role, Wanted};
use crate::parse::time::Times;

/// How often a day or time that was heard badly is asked for again.
const MOST_DOUBTS: u8 = 2;
/// More words than this do not just choose between two.
const MOST_OF_CHOICE: usize = 6;

/// A wish for a day and a time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Wish {
    pub(super) day: Option<Days>,
    pub(super) time: Option<Times>,
    /// What must be asked about the wish before it is looked for.
    open: Option<Open>,
    /// Heard too badly to be used; heard once more alike it is.
    doubted_day: Option<Days>,
    doubted_time: Option<Times>,
    /// How often that was.
    doubts: u8,
}

/// What is open about a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// The day was heard badly.
    Day,
    /// The time was.
    Time,
    /// Two days that contradict each other.
    Days(Days, Days),
    /// Two times that do.
    Times(Times, Times),
}

impl Open {
    const fn is_day(self) -> bool {
        matches!(self, Open::Day | Open::Days(..))
    }
}

impl Wish {
    /// Takes in days and times that were said. True when there were any.
    pub(super) fn hear(&mut self, reading: &Reading) -> bool {
        let told_time = self.hear_time(reading);
        self.hear_day(reading) || told_time
    }

    /// Takes in a time. What was heard badly, or is one of two, leaves the question open.
    fn hear_time(&mut self, reading: &Reading) -> bool {
        let time = match reading.time {
            Wanted::Nothing => return false,
            Wanted::One(time) => time,
            Wanted::Either(one, other) => {
                let from_minute = one.from_minute.min(other.from_minute);
                let until_minute = one.until_minute.max(other.until_minute);
                Times { from_minute, until_minute, half_said: true, strong: true }
            }
            Wanted::Both(one, other) => {
                self.time = None;
                self.open = Some(Open::Times(one, other));
                return true;
            }
        };
        let alike = |known: Times| (known.from_minute, known.until_minute) == (time.from_minute, time.until_minute);
        let twice = self.time.is_some_and(alike) || self.doubted_time.is_some_and(alike);
        if reading.time_doubtful && !twice {
            self.doubted_time = Some(time);
            self.time = None;
            self.doubts += 1;
            // Heard badly again and again: a few free times to choose from are heard better.
            self.open = (self.doubts <= MOST_DOUBTS).then_some(Open::Time);
        } else {
            self.time = Some(time);
            self.open = self.open.filter(|open| open.is_day());
        }
        true
    }

    /// The same for a day.
    fn hear_day(&mut self, reading: &Reading) -> bool {
        let day = match reading.when.day() {
            Wanted::One(day) => day,
            Wanted::Either(one, other) => Days { first: one.first.min(other.first), last: one.last.max(other.last) },
            Wanted::Both(one, other) => {
                self.day = None;
                self.open = Some(Open::Days(one, other));
                return true;
            }
            Wanted::Nothing => {
                let ruled_out = reading.when.days.iter().any(|m| m.role == Role::Not);
                if ruled_out {
                    self.day = None;
                }
                return ruled_out;
            }
        };
        let twice = self.day == Some(day) || self.doubted_day == Some(day);
        if reading.day_doubtful && !twice {
            self.doubted_day = Some(day);
            self.day = None;
            self.doubts += 1;
            self.open = (self.doubts <= MOST_DOUBTS).then_some(Open::Day);
        } else {
            self.day = Some(day);
            self.open = self.open.filter(|open| !open.is_day());
        }
        true
    }

    /// "The second one", where two were named that contradict each other.
    pub(super) fn settle(&mut self, reading: &Reading) -> bool {
        let Some(open) = self.open.filter(|_| reading.words.len() <= MOST_OF_CHOICE) else { return false };
        match open {
            Open::Times(one, other) if reading.time == Wanted::Nothing => {
                let sorted = one.from_minute < other.from_minute;
                let Some(place) = choice::choice(&reading.words, 2, sorted) else { return false };
                self.time = Some(if place == 0 { one } else { other });
            }
            Open::Days(one, other) => {
                let named = matches!(reading.when.day(), Wanted::One(day) if day == one || day == other);
                let place = choice::choice(&reading.words, 2, one.first < other.first).filter(|_| !named);
                let Some(place) = place else { return false };
                self.day = Some(if place == 0 { one } else { other });
            }
            _ => return false,
        }
        self.open = None;
        true
    }

    /// Asks what is open about the wish, if anything is.
    pub(super) fn ask_open(&self, desk: &mut Desk) -> bool {
        let Some(open) = self.open else { return false };
        match open {
            Open::Time => desk.ask(Asked::Time, Phrase::TimeAgain, &[]),
            Open::Day => desk.ask(Asked::Day, Phrase::DayAgain, &[]),
            Open::Times(one, other) => {
                let (first, second) = (wording::minute(one.from_minute), wording::minute(other.from_minute));
                desk.ask(Asked::Time, Phrase::WhichIsRight, &[("first", &first), ("second", &second)]);
            }
            Open::Days(one, other) => {
                let (first, second) = (wording::day(one.first), wording::day(other.first));
                desk.ask(Asked::Day, Phrase::WhichIsRight, &[("first", &first), ("second", &second)]);
            }
        }
        true
    }

    /// True when something must be asked before it is looked for.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Gives it up.
    pub(super) fn clear(&mut self) {
        self.day = None;
        self.time = None;
        self.open = None;
    }

    /// True when this start is what the wish says.
    pub(super) fn fits(&self, start: DateTime) -> bool {
        let minute = wording::minute_of(start);
        self.day.is_none_or(|day| day.has(start.date()))
            && self.time.is_none_or(|time| time.has(minute) || time.other_half().is_some_and(|t| t.has(minute)))
    }
}
