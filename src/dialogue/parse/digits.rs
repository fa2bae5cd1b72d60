//! Digits as they are said over the phone.

use super::number;

/// Longest number that is kept (E.164 has 15 digits at most, plus a prefix).
const MOST_DIGITS: usize = 20;
/// Fewest digits that pass for a phone number.
pub const FEWEST_PHONE_DIGITS: usize = 6;

/// All digits in `words`, in order: "five double four oh", "020 7946", "twenty one",
/// "one hundred". Words that are no digits are skipped when `lenient`, else they end it.
pub fn digits(words: &[String], lenient: bool) -> String {
    let mut digits = String::new();
    let mut i = 0;
    while let Some(word) = words.get(i) {
        if digits.len() >= MOST_DIGITS {
            break;
        }
        let (mut said, mut taken) = piece(words.get(i..).unwrap_or_default());
        let between = !digits.is_empty() && words.get(i + 1).is_some_and(is_digit_word);
        if let (0, true, Some(digit)) = (taken, between, misheard(word)) {
            (said, taken) = (digit.to_owned(), 1);
        }
        if taken == 0 {
            // "area code", "extension", "and", "uh": never inside a digit.
            if !lenient && !digits.is_empty() && !matches!(word.as_str(), "uh" | "um" | "and" | "er" | "dash") {
                break;
            }
            i += 1;
            continue;
        }
        digits.push_str(&said);
        i += taken;
    }
    digits.truncate(MOST_DIGITS);
    digits
}

/// The phone number in `words`, when there are enough digits for one.
pub fn phone(words: &[String]) -> Option<String> {
    let digits = digits(words, true);
    (digits.len() >= FEWEST_PHONE_DIGITS).then_some(digits)
}

/// Digits that recognisers write as other words; only between digits do they count.
fn misheard(word: &str) -> Option<&'static str> {
    match word {
        "to" | "too" => Some("2"),
        "for" => Some("4"),
        "ate" => Some("8"),
        "won" => Some("1"),
        _ => None,
    }
}

fn is_digit_word(word: &String) -> bool {
    piece(std::slice::from_ref(word)).1 > 0
}

fn piece(words: &[String]) -> (String, usize) {
    let Some(first) = words.first().map(String::as_str) else {
        return (String::new(), 0);
    };
    let times = match first {
        "double" => 2,
        "triple" | "treble" => 3,
        _ => 1,
    };
    if times > 1 {
        let digit = words.get(1).and_then(|word| {
            number::digit(word).or_else(|| word.chars().next().filter(|c| word.len() == 1 && c.is_ascii_digit()))
        });
        return match digit {
            Some(digit) => (digit.to_string().repeat(times), 2),
            None => (String::new(), 0),
        };
    }
    if first.chars().all(|c| c.is_ascii_digit()) {
        return (first.to_owned(), 1);
    }
    if let Some(digit) = number::digit(first) {
        let hundred = words.get(1).is_some_and(|word| word == "hundred");
        return if hundred { (format!("{digit}00"), 2) } else { (digit.to_string(), 1) };
    }
    // "twenty one" in a number is 2 1, "fifteen" is 1 5.
    match number::cardinal(words) {
        Some((number, taken)) if number >= 10 => (number.to_string(), taken),
        _ => (String::new(), 0),
    }
}

/// Digits one by one in words, in groups that can be followed by ear.
pub fn in_words(digits: &str) -> String {
    let said: Vec<String> = digits.chars().filter_map(|c| c.to_digit(10)).map(number::in_words).collect();
    let groups: &[usize] = match said.len() {
        7 => &[3, 4],
        10 => &[3, 3, 4],
        11 => &[1, 3, 3, 4],
        _ => &[],
    };
    let mut rest = said.as_slice();
    let mut parts: Vec<String> = Vec::new();
    for size in groups {
        let (group, tail) = rest.split_at((*size).min(rest.len()));
        parts.push(group.join(" "));
        rest = tail;
    }
    parts.extend(rest.chunks(4).map(|group| group.join(" ")));
    parts.join(", ")
}

/// The first `wanted` digits when all after them only repeat the last two to four of them, as a
/// recogniser does that is caught in a loop ("oh one oh one oh one").
pub fn without_loop(digits: &str, wanted: usize) -> Option<String> {
    let (kept, tail) = digits.split_at_checked(wanted).filter(|(_, tail)| !tail.is_empty())?;
    let repeats = |length: &usize| {
        let group = wanted.checked_sub(*length).and_then(|start| kept.get(start..)).unwrap_or_default();
        let one_digit = group.chars().all(|c| group.starts_with(c));
        !one_digit && tail.chars().zip(group.chars().cycle()).all(|(a, b)| a == b)
    };
    let looped = (2..=4_usize).any(|length| repeats(&length));
    looped.then(|| kept.to_owned())
}
