//! Abbreviations: "Dr.", "Main St.", "Mon.", "a.m.", "e.g.", "&".

use super::token::Token;
use super::{Said, Stop};

/// Said so wherever a full stop follows them (and mostly without it as well).
const STOPPED: [(&str, &str); 45] = [
    ("Mr", "Mister"),
    ("Mrs", "Missus"),
    ("Ms", "Miz"),
    ("Prof", "Professor"),
    ("Rev", "Reverend"),
    ("Hon", "Honorable"),
    ("Jr", "Junior"),
    ("Sr", "Senior"),
    ("Ave", "Avenue"),
    ("Blvd", "Boulevard"),
    ("Rd", "Road"),
    ("Ln", "Lane"),
    ("Ct", "Court"),
    ("Pl", "Place"),
    ("Pkwy", "Parkway"),
    ("Hwy", "Highway"),
    ("Apt", "Apartment"),
    ("Ste", "Suite"),
    ("Bldg", "Building"),
    ("Fl", "Floor"),
    ("Mt", "Mount"),
    ("Ft", "Fort"),
    ("Inc", "Incorporated"),
    ("Corp", "Corporation"),
    ("Ltd", "Limited"),
    ("Co", "Company"),
    ("Dept", "Department"),
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Tues", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Thur", "Thursday"),
    ("Thurs", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
    ("Sun", "Sunday"),
    ("approx", "approximately"),
    ("appt", "appointment"),
    ("est", "established"),
    ("ext", "extension"),
    ("tel", "telephone"),
    ("incl", "including"),
    ("max", "maximum"),
    ("min", "minimum"),
];

/// Said so with or without a full stop.
const ALWAYS: [(&str, &str); 20] = [
    ("vs", "versus"),
    ("etc", "et cetera"),
    ("e.g", "for example"),
    ("i.e", "that is"),
    ("a.m", "AM"),
    ("p.m", "PM"),
    ("w/", "with"),
    ("w/o", "without"),
    ("b/c", "because"),
    ("&", "and"),
    ("+", "plus"),
    ("=", "equals"),
    ("@", "at"),
    ("/", "or"),
    ("and/or", "and or"),
    ("n/a", "not available"),
    ("blvd", "boulevard"),
    ("appt", "appointment"),
    ("asap", "as soon as possible"),
    ("u.s", "U S"),
];

/// An abbreviation.
pub(super) fn abbreviation(tokens: &[Token<'_>], before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let next = tokens.get(1);
    let words = titled(first, next, before)
        .or_else(|| always(first))
        .or_else(|| stopped(first))
        .or_else(|| numbered(first, next))?;
    let joins = matches!(
        words,
        "Mister"
            | "Missus"
            | "Miz"
            | "Doctor"
            | "Saint"
            | "Professor"
            | "Reverend"
            | "Honorable"
            | "Mount"
            | "Fort"
            | "number"
            | "for example"
            | "that is"
            | "versus"
    );
    let stop = if joins && next.is_some() { Stop::Joins } else { Stop::Shortens };
    Said::one(words).map(|said| said.stop(stop))
}

fn starts_upper(token: &Token<'_>) -> bool {
    token.core.starts_with(char::is_uppercase)
}

/// "Dr." and "St." depend on what stands around them.
fn titled(token: &Token<'_>, next: Option<&Token<'_>>, before: &str) -> Option<&'static str> {
    let names = next.is_some_and(|next| starts_upper(next)) && !token.trail.contains(',');
    let after_street = !before.is_empty() && before.starts_with(|c: char| c.is_alphanumeric());
    match token.core {
        "Dr" if names && !is_street_word(before) => Some("Doctor"),
        "Dr" if after_street => Some("Drive"),
        "Dr" => Some("Doctor"),
        "St" if names && !is_street_word(before) => Some("Saint"),
        "St" if after_street => Some("Street"),
        "St" => Some("Saint"),
        _ => None,
    }
}

/// True after "5th" or "42": a street's number or name stands before.
fn is_street_word(before: &str) -> bool {
    before.starts_with(|c: char| c.is_ascii_digit())
        || matches!(
            before,
            "main" | "high" | "first" | "second" | "third" | "fourth" | "fifth" | "north" | "south" | "east" | "west"
        )
}

fn always(token: &Token<'_>) -> Option<&'static str> {
    let lower = token.core.to_lowercase();
    ALWAYS.iter().find(|short| short.0 == lower).map(|short| short.1)
}

fn stopped(token: &Token<'_>) -> Option<&'static str> {
    let found = STOPPED.iter().find(|short| short.0 == token.core)?;
    let plain_too =
        matches!(token.core, "Mr" | "Mrs" | "Ms" | "Ave" | "Blvd" | "Rd" | "Pkwy" | "Hwy" | "Thurs" | "Tues");
    (token.stopped() || plain_too).then_some(found.1)
}

/// "No. 5": number five.
fn numbered(token: &Token<'_>, next: Option<&Token<'_>>) -> Option<&'static str> {
    let number = next.is_some_and(|next| next.core.starts_with(|c: char| c.is_ascii_digit()));
    (number && token.stopped() && matches!(token.core, "No" | "no" | "Nr" | "Nos")).then_some("number")
}
