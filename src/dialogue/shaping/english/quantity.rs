//! Percent, units, ranges: "15%", "5 km", "60 mph", "2-4 hours", "9-5".

use super::Said;
use super::number::{decimal, parse};
use super::token::Token;

/// As written (with case where it matters), of one, of many.
const UNITS: [(&str, &str, &str); 41] = [
    ("%", "percent", "percent"),
    ("km", "kilometer", "kilometers"),
    ("m", "meter", "meters"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("mi", "mile", "miles"),
    ("ft", "foot", "feet"),
    ("yd", "yard", "yards"),
    ("yds", "yard", "yards"),
    ("kg", "kilogram", "kilograms"),
    ("g", "gram", "grams"),
    ("mg", "milligram", "milligrams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("l", "liter", "liters"),
    ("L", "liter", "liters"),
    ("ml", "milliliter", "milliliters"),
    ("gal", "gallon", "gallons"),
    ("mph", "mile per hour", "miles per hour"),
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("mpg", "mile per gallon", "miles per gallon"),
    ("h", "hour", "hours"),
    ("hr", "hour", "hours"),
    ("hrs", "hour", "hours"),
    ("min", "minute", "minutes"),
    ("mins", "minute", "minutes"),
    ("sec", "second", "seconds"),
    ("secs", "second", "seconds"),
    ("yr", "year", "years"),
    ("yrs", "year", "years"),
    ("°", "degree", "degrees"),
    ("°F", "degree Fahrenheit", "degrees Fahrenheit"),
    ("°C", "degree Celsius", "degrees Celsius"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("kW", "kilowatt", "kilowatts"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("sqft", "square foot", "square feet"),
    ("x", "times", "times"),
];

fn unit(text: &str, one: bool) -> Option<&'static str> {
    UNITS.iter().find(|unit| unit.0 == text).map(|unit| if one { unit.1 } else { unit.2 })
}

/// "hr" after a slash: "hour".
pub(super) fn per(text: &str) -> Option<String> {
    if let Some(unit) = unit(text, true) {
        return Some(unit.to_owned());
    }
    let short = match text {
        "mo" => "month",
        "wk" => "week",
        _ => text,
    };
    short.chars().all(char::is_alphabetic).then(|| short.to_owned())
}

/// Splits "5km" into number and unit.
fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '–'))).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// The unit that follows a number, in the same token or the next, and the tokens taken.
fn unit_after(tokens: &[Token<'_>], tail: &str, one: bool) -> Option<(usize, &'static str)> {
    if !tail.is_empty() {
        return unit(tail, one).map(|unit| (1, unit));
    }
    let first = tokens.first()?;
    if first.ends_phrase() {
        return None;
    }
    let second = tokens.get(1)?;
    if second.core == "sq" && tokens.get(2).is_some_and(|third| third.core == "ft") {
        return Some((3, if one { "square foot" } else { "square feet" }));
    }
    // A lone letter after a number is more likely a word or a label than a unit.
    (second.core.chars().count() > 1 || second.core == "%").then(|| unit(second.core, one))?.map(|unit| (2, unit))
}

/// "15%", "3.5 km", "1 lb".
pub(super) fn quantity(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let (number, tail) = split(tokens.first()?.core);
    let (taken, unit) = unit_after(tokens, tail, number == "1")?;
    Said::some(taken, format!("{} {unit}", decimal(number)?))
}

/// "9-5", "2–4 hours", "10-15%".
pub(super) fn range(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let (numbers, tail) = split(tokens.first()?.core);
    let (from, to) = numbers.split_once(['-', '–'])?;
    let (from_said, to_said) = (decimal(from)?, decimal(to)?);
    if to.starts_with(['-', '–']) || parse(from).is_none() && !from.contains('.') {
        return None;
    }
    let said = format!("{from_said} to {to_said}");
    match unit_after(tokens, tail, false) {
        Some((taken, unit)) => Said::some(taken, format!("{said} {unit}")),
        None if tail.is_empty() => Said::one(said),
        None => None,
    }
}
