//! Times of day: "3:30 pm", "15:00", "9am-5pm", "9:00–17:00".

use super::number::{cardinal, parse};
use super::token::Token;
use super::{Said, Stop};
use crate::parse::number::cardinal as in_words;

/// A time as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    hour: u64,
    minute: Option<u64>,
    half: Option<Half>,
    /// Written with two digits: "09:00" is the morning.
    padded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Am,
    Pm,
}

impl Half {
    fn parse(text: &str) -> Option<Half> {
        match &*text.to_ascii_lowercase().replace('.', "") {
            "am" => Some(Half::Am),
            "pm" => Some(Half::Pm),
            _ => None,
        }
    }

    fn said(self) -> &'static str {
        match self {
            // A voice takes the "a" of "a m" for the article.
            Half::Am => "AM",
            Half::Pm => "PM",
        }
    }
}

impl Clock {
    fn parse(text: &str) -> Option<Clock> {
        let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
        let (digits, suffix) = text.split_at_checked(end)?;
        let half = if suffix.is_empty() { None } else { Some(Half::parse(suffix)?) };
        let (hour, minute) = match digits.split_once(':') {
            Some((hour, minute)) if minute.len() == 2 => (hour, Some(parse(minute)?)),
            Some(_) => return None,
            None => (digits, None),
        };
        let clock = Clock { hour: parse(hour)?, minute, half, padded: hour.starts_with('0') };
        let fits = clock.hour < 25 && hour.len() <= 2 && clock.minute.is_none_or(|minute| minute < 60);
        let fits_half = half.is_none() || (1..=12).contains(&clock.hour);
        (fits && fits_half).then_some(clock)
    }

    fn is_certain(&self) -> bool {
        self.minute.is_some() || self.half.is_some()
    }

    fn said(self) -> String {
        let twenty_four = self.half.is_none() && (self.hour > 12 || self.hour == 0 || self.padded);
        let half = if twenty_four && self.hour % 24 < 12 {
            Some(Half::Am)
        } else if twenty_four {
            Some(Half::Pm)
        } else {
            self.half
        };
        let hour = match self.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let minute = match (self.minute, half) {
            (None, _) | (Some(0), Some(_)) => String::new(),
            (Some(0), None) => " o'clock".to_owned(),
            (Some(minute @ 1..=9), _) => format!(" oh {}", cardinal(minute)),
            (Some(minute), _) => format!(" {}", cardinal(minute)),
        };
        let half = half.map_or_else(String::new, |half| format!(" {}", half.said()));
        format!("{}{minute}{half}", cardinal(hour))
    }
}

/// "15:00" in words.
pub(super) fn clock_words(text: &str) -> Option<String> {
    Clock::parse(text).map(Clock::said)
}

/// The "pm" that may stand apart.
fn half_apart(token: Option<&Token<'_>>) -> Option<Half> {
    let token = token?;
    let dotted = token.stopped() || !token.core.contains('.');
    let capital_or_small = token.core.to_ascii_lowercase();
    (dotted && matches!(&*capital_or_small, "am" | "pm" | "a.m" | "p.m")).then(|| Half::parse(&capital_or_small))?
}

/// "3:30", "3:30 p.m.", "3pm".
pub(super) fn time(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let mut clock = Clock::parse(&undotted(first.core))?;
    if clock.half.is_none()
        && !first.ends_phrase()
        && (1..=12).contains(&clock.hour)
        && let Some(half) = half_apart(tokens.get(1))
    {
        // "I am" is no time, "at 3 am" is.
        clock.half = Some(half);
        return Said::some(2, clock.said()).map(|said| dotted(said, tokens.get(1)));
    }
    if let Some(token) = tokens.get(1).filter(|token| clock.minute.is_none() && is_oclock(token)) {
        return Said::some(2, format!("{} {}", cardinal(clock.hour), token.core.to_lowercase()));
    }
    let said = clock.is_certain().then(|| Said::one(clock.said()))??;
    Some(dotted(said, Some(first)))
}

/// The half of the day after a time in words: "nine am", but not "I am".
pub(super) fn half_of_words(tokens: &[Token<'_>], before: &str) -> Option<Said> {
    let token = tokens.first().filter(|token| matches!(token.core, "am" | "pm"))?;
    in_words(&[before.to_owned()])?;
    Said::one(Half::parse(token.core)?.said())
}

/// The last stop of "p.m." is no end, unless a sentence begins behind it.
fn dotted(said: Said, token: Option<&Token<'_>>) -> Said {
    let dotted = token.is_some_and(|token| token.core.contains('.'));
    if dotted { said.stop(Stop::Shortens) } else { said }
}

fn is_oclock(token: &Token<'_>) -> bool {
    token.core.eq_ignore_ascii_case("o'clock")
}

fn undotted(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    if lower.ends_with("a.m") || lower.ends_with("p.m") { text.replace('.', "") } else { text.to_owned() }
}

/// "9am-5pm", "9:00–17:00", "9-5 pm".
pub(super) fn range(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let text = undotted(first.core);
    let (from, to) = text.split_once(['-', '–'])?;
    let from = Clock::parse(from)?;
    let mut to = Clock::parse(to)?;
    let apart = if to.half.is_none() && !first.ends_phrase() { half_apart(tokens.get(1)) } else { None };
    to.half = to.half.or(apart);
    if !from.is_certain() && !to.is_certain() {
        return None;
    }
    let taken = if apart.is_some() { 2 } else { 1 };
    let said = Said::some(taken, format!("{} to {}", from.said(), to.said()))?;
    Some(dotted(said, tokens.get(taken - 1)))
}
