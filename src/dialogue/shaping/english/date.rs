//! Dates: "2026-11-24", "11/24/2026", "Nov. 24th, 2026", "24 November".

use super::number::{ordinal, parse, parse_ordinal, year};
use super::token::Token;
use super::{Said, Stop};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month_name(month: u64) -> Option<&'static str> {
    MONTHS.get(usize::try_from(month).ok()?.checked_sub(1)?).copied()
}

/// A month by name, or by three letters or "Sept".
pub(super) fn month(token: &Token<'_>) -> Option<&'static str> {
    let name = token.core.to_ascii_lowercase();
    let capital = token.core.starts_with(|c: char| c.is_ascii_uppercase());
    let full = MONTHS.iter().find(|month| month.to_ascii_lowercase() == name);
    let short = MONTHS.iter().find(|month| {
        let month = month.to_ascii_lowercase();
        capital && (name.len() == 3 || name == "sept") && month.starts_with(&name)
    });
    full.or(short).copied()
}

fn day(text: &str) -> Option<u64> {
    parse_ordinal(text).or_else(|| parse(text)).filter(|day| (1..=31).contains(day))
}

fn year_of(token: Option<&Token<'_>>) -> Option<String> {
    let text = token?.core;
    parse(text).filter(|n| text.len() == 4 && (1_000..3_000).contains(n)).map(year)
}

/// "2026-11-24", "2026-11-24T15:00", "11/24/2026", "11/24".
pub(super) fn numeric(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let text = tokens.first()?.core;
    let (date, clock) = match text.split_once('T') {
        Some((date, clock)) => (date, super::time::clock_words(clock.get(..5)?)),
        None => (text, None),
    };
    let said = iso(date).or_else(|| slashed(date))?;
    Said::one(match clock {
        Some(clock) => format!("{said} at {clock}"),
        None if text == date => said,
        None => return None,
    })
}

fn iso(text: &str) -> Option<String> {
    let (y, m, d) = three(text, '-')?;
    if y.len() != 4 {
        return None;
    }
    said(parse(m)?, parse(d)?, Some(parse(y)?))
}

fn slashed(text: &str) -> Option<String> {
    if let Some((m, d, y)) = three(text, '/') {
        let y = parse(y)?;
        let y = if y < 100 { 2_000 + y } else { y };
        return said(parse(m)?, parse(d)?, Some(y));
    }
    let (m, d) = text.split_once('/')?;
    let (m, d) = (parse(m)?, parse(d)?);
    // "1/2" and "24/7" are no dates.
    if d < 5 || (m, d) == (24, 7) {
        return None;
    }
    said(m, d, None)
}

fn three(text: &str, by: char) -> Option<(&str, &str, &str)> {
    let mut parts = text.split(by);
    let three = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(three)
}

fn said(month: u64, day: u64, with_year: Option<u64>) -> Option<String> {
    if !(1..=31).contains(&day) {
        return None;
    }
    let date = format!("{} {}", month_name(month)?, ordinal(day));
    Some(match with_year {
        Some(y) if (1_000..3_000).contains(&y) => format!("{date}, {}", year(y)),
        Some(_) => return None,
        None => date,
    })
}

/// "November 24th", "Nov. 24, 2026", "November 2026".
pub(super) fn month_first(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let name = month(first)?;
    let whole = name.len() == first.core.len();
    let Some(second) = tokens.get(1) else {
        return alone(whole, name);
    };
    let broken = first.ends_phrase() && !first.stopped();
    if let Some(day) = day(second.core).filter(|_| !broken) {
        let date = format!("{name} {}", ordinal(day));
        let goes_on = matches!(second.trail, "" | ",");
        return match year_of(tokens.get(2)).filter(|_| goes_on) {
            Some(year) => Said::some(3, format!("{date}, {year}")),
            None => Said::some(2, date),
        };
    }
    if let Some(year) = year_of(Some(second)).filter(|_| !broken) {
        return Said::some(2, format!("{name} {year}"));
    }
    alone(whole, name)
}

/// "Jan." by itself; "May" and "march" are left as they are.
fn alone(whole: bool, name: &str) -> Option<Said> {
    if whole { None } else { Said::one(name).map(|said| said.stop(Stop::Shortens)) }
}

/// "24 November", "24th of Nov. 2026".
pub(super) fn day_first(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let n = day(first.core).filter(|_| !first.ends_phrase())?;
    let of = tokens.get(1).is_some_and(|token| token.core == "of");
    let at = if of { 2 } else { 1 };
    let second = tokens.get(at)?;
    let name = month(second).filter(|_| second.core.starts_with(|c: char| c.is_ascii_uppercase()))?;
    let date = format!("the {} of {name}", ordinal(n));
    match year_of(tokens.get(at + 1)).filter(|_| matches!(second.trail, "" | "," | ".")) {
        Some(year) => Said::some(at + 2, format!("{date}, {year}")),
        None => Said::some(at + 1, date),
    }
}
