//! Numbers in words.

use super::Said;
use super::token::Token;
use crate::parse::number::{ONES, TENS};

const SCALES: [(u64, &str); 4] =
    [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];
/// From here on a number is read digit by digit.
const MOST: u64 = 1_000_000_000_000_000;
/// Digits that stand together without commas are read one by one from this many on.
const CODE_DIGITS: usize = 7;

fn small(n: u64) -> &'static str {
    usize::try_from(n).ok().and_then(|n| ONES.get(n)).copied().unwrap_or_default()
}

/// A cardinal: "one thousand two hundred five".
pub(super) fn cardinal(n: u64) -> String {
    if n >= MOST {
        return digits(&n.to_string());
    }
    for (scale, name) in SCALES {
        if n >= scale {
            return joined(&format!("{} {name}", cardinal(n / scale)), n % scale, " ");
        }
    }
    match n {
        100.. => joined(&format!("{} hundred", small(n / 100)), n % 100, " "),
        20.. => {
            let tens = usize::try_from(n / 10).ok().and_then(|n| TENS.get(n)).copied().unwrap_or_default();
            joined(tens, n % 10, "-")
        }
        _ => small(n).to_owned(),
    }
}

fn joined(head: &str, rest: u64, with: &str) -> String {
    if rest == 0 { head.to_owned() } else { format!("{head}{with}{}", cardinal(rest)) }
}

/// An ordinal: "twenty-fourth".
pub(super) fn ordinal(n: u64) -> String {
    let said = cardinal(n);
    let at = said.rfind([' ', '-']).map_or(0, |at| at + 1);
    let (head, last) = said.split_at(at);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        tens if tens.ends_with('y') => format!("{}ieth", tens.trim_end_matches('y')),
        other => format!("{other}th"),
    };
    format!("{head}{last}")
}

/// One by one: "five zero".
pub(super) fn digits(text: &str) -> String {
    let words = text.chars().filter_map(|c| c.to_digit(10)).map(|digit| small(u64::from(digit)));
    words.collect::<Vec<_>>().join(" ")
}

/// Within a code: up to two digits as a number, more one by one.
pub(super) fn code_digits(text: &str) -> String {
    match text.parse() {
        Ok(n) if text.len() <= 2 && !text.starts_with('0') => cardinal(n),
        _ => digits(text),
    }
}

/// A year: "twenty twenty-six".
pub(super) fn year(n: u64) -> String {
    let (century, rest) = (n / 100, n % 100);
    match (century, rest) {
        // "Two thousand five", but "nineteen oh five".
        (10..=99, 0) if century % 10 != 0 => format!("{} hundred", cardinal(century)),
        (10..=99, 1..=9) if century % 10 != 0 => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (10..=99, 10..) => format!("{} {}", cardinal(century), cardinal(rest)),
        _ => cardinal(n),
    }
}

/// Reads "1,234" as its value: commas must stand where they belong.
pub(super) fn parse(text: &str) -> Option<u64> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || c == ',') {
        return None;
    }
    let mut groups = text.split(',');
    let first = groups.next()?;
    let grouped = text.contains(',');
    let right = groups.all(|group| group.len() == 3) && (!grouped || (1..=3).contains(&first.len()));
    if !right {
        return None;
    }
    text.replace(',', "").parse().ok()
}

/// "3.50", "1,200", "-4" in words.
pub(super) fn decimal(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix(['-', '–']) {
        return Some(format!("minus {}", decimal(rest)?));
    }
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let whole = if whole.is_empty() && fraction.is_some() { "zero".to_owned() } else { cardinal(parse(whole)?) };
    match fraction {
        None => Some(whole),
        Some(fraction) if !fraction.is_empty() && fraction.chars().all(|c| c.is_ascii_digit()) => {
            Some(format!("{whole} point {}", digits(fraction)))
        }
        Some(_) => None,
    }
}

/// "24th" to 24.
pub(super) fn parse_ordinal(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let suffix = text.get(number.len()..)?.to_ascii_lowercase();
    matches!(&*suffix, "st" | "nd" | "rd" | "th").then(|| parse(number)).flatten()
}

/// Numbers by themselves.
pub(super) fn plain(tokens: &[Token<'_>], before: &str) -> Option<Said> {
    let token = tokens.first()?;
    let text = token.core;
    if let Some(n) = parse_ordinal(text) {
        return Said::one(ordinal(n));
    }
    if let Some(number) = text.strip_prefix('#') {
        return Said::one(format!("number {}", code_digits_or_cardinal(number)?));
    }
    if let Some(fraction) = fraction(text) {
        return Said::one(fraction);
    }
    if let Some(decade) = text.strip_suffix("s").or_else(|| text.strip_suffix("'s")) {
        let n = parse(decade).filter(|n| n % 10 == 0 && (1_100..2_100).contains(n))?;
        return Said::one(plural(&year(n)));
    }
    let all_digits = text.chars().all(|c| c.is_ascii_digit());
    let code = all_digits && (text.len() >= CODE_DIGITS || text.len() > 1 && text.starts_with('0'));
    if code {
        return Said::one(digits(text));
    }
    let since = matches!(before, "in" | "since" | "of" | "year" | "until" | "from" | "by" | "before" | "after");
    match parse(text) {
        Some(n) if all_digits && since && (1_900..2_100).contains(&n) => Said::one(year(n)),
        _ => Said::one(decimal(text)?),
    }
}

fn code_digits_or_cardinal(text: &str) -> Option<String> {
    let n = parse(text)?;
    Some(if text.len() <= 3 && !text.starts_with('0') { cardinal(n) } else { digits(text) })
}

fn fraction(text: &str) -> Option<String> {
    Some(
        match text {
            "1/2" => "one half",
            "1/3" => "one third",
            "2/3" => "two thirds",
            "1/4" => "one quarter",
            "3/4" => "three quarters",
            "24/7" => "twenty-four seven",
            "50/50" => "fifty fifty",
            _ => return None,
        }
        .to_owned(),
    )
}

fn plural(words: &str) -> String {
    match words.strip_suffix('y') {
        Some(head) => format!("{head}ies"),
        None => format!("{words}s"),
    }
}
