//! Days and times of one utterance together.

use jiff::civil::{Date, DateTime};

use super::day::{Days, days, weekday};
use super::mention::{Mention, Wanted, old, wanted};
use super::time::{Times, times};

/// All days and times in an utterance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    /// Days, in order.
    pub days: Vec<Mention<Days>>,
    /// Times, in order.
    pub times: Vec<Mention<Times>>,
    words: Vec<String>,
}

/// "Today thursday" on another day is "to thursday".
fn to_weekday(words: &[String], today: Date) -> Vec<String> {
    let mut mended = words.to_vec();
    for (i, pair) in words.windows(2).enumerate() {
        let [said, next] = pair else { continue };
        let other_day = weekday(next).is_some_and(|weekday| weekday != today.weekday());
        if let (true, true, Some(word)) = (said == "today", other_day, mended.get_mut(i)) {
            "to".clone_into(word);
        }
    }
    mended
}

impl When {
    /// Reads `words` as said at `now`.
    pub fn read(words: &[String], now: DateTime) -> Self {
        let words = &to_weekday(words, now.date());
        let days = days(words, now.date());
        let mut rest = words.to_vec();
        for mention in &days {
            for word in rest.iter_mut().take(mention.end).skip(mention.start) {
                word.clear();
            }
        }
        let times = times(&rest);
        When { days, times, words: words.to_vec() }
    }

    /// The day wanted.
    pub fn day(&self) -> Wanted<Days> {
        wanted(&self.days, &self.words)
    }

    /// The time wanted. A lone number counts only when `bare`.
    pub fn time(&self, bare: bool) -> Wanted<Times> {
        let sure: Vec<Mention<Times>> = self.times.iter().filter(|m| bare || m.value.strong).cloned().collect();
        wanted(&sure, &self.words)
    }

    /// The day of an appointment that exists.
    pub fn old_day(&self) -> Option<Days> {
        old(&self.days)
    }

    /// True when no day and no sure time was said.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && !self.times.iter().any(|m| m.value.strong)
    }

    /// The words that no day and no time took.
    pub fn rest(&self) -> Vec<String> {
        let taken = |i: usize| {
            self.days.iter().any(|m| (m.start..m.end).contains(&i))
                || self.times.iter().any(|m| (m.start..m.end).contains(&i))
        };
        self.words.iter().enumerate().filter(|(i, _)| !taken(*i)).map(|(_, word)| word.clone()).collect()
    }
}
