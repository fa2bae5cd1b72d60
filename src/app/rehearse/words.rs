//! Values as callers say and hear them.

use dialogue::business::WEEKDAYS;
use dialogue::parse::number::{ONES, TENS, in_words};
use jiff::civil::{DateTime, Time, Weekday};

/// The words of a text: lower case, without punctuation.
pub(super) fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// True when these words follow each other somewhere in the text.
pub(super) fn says(text: &str, phrase: &str) -> bool {
    let (text, phrase) = (words(text), words(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

fn number(n: i8) -> String {
    in_words(u32::try_from(n).unwrap_or_default())
}

/// "three thirty", "noon", without a half of the day.
pub(super) fn clock(time: Time) -> String {
    let hour = match time.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    match (time.hour(), time.minute()) {
        (12, 0) => "noon".to_owned(),
        (_, 0) => number(hour),
        (_, minute @ 1..=9) => format!("{} oh {}", number(hour), number(minute)),
        (_, minute) => format!("{} {}", number(hour), number(minute)),
    }
}

/// As a caller says it: "three o'clock", "three thirty", "noon".
pub(super) fn time_said(time: Time) -> String {
    if time.minute() == 0 && time.hour() != 12 { format!("{} o'clock", clock(time)) } else { clock(time) }
}

/// True when the text names this time and no other half of the day.
pub(super) fn names_time(text: &str, time: Time) -> bool {
    let text = words(text);
    let wanted = words(&clock(time));
    let half = if time.hour() < 12 { "am" } else { "pm" };
    let other = if half == "am" { "pm" } else { "am" };
    text.windows(wanted.len()).enumerate().any(|(at, window)| {
        let next = text.get(at + wanted.len()).map_or("", String::as_str);
        let runs_on = ONES.contains(&next) || TENS.contains(&next) || next == "oh";
        window == wanted && next != other && (wanted == ["noon"] || !runs_on)
    })
}

/// Digits one by one: "five five five".
pub(super) fn digits_said(digits: &str) -> String {
    let word = |digit: char| digit.to_digit(10).and_then(|d| ONES.get(d as usize)).copied();
    digits.chars().filter_map(word).map(|word| if word == "zero" { "oh" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The digits of a text, whether written or in words.
pub(super) fn digits_heard(text: &str) -> String {
    let one = |word: String| match word.as_str() {
        "oh" | "o" => "0".to_owned(),
        word => match ONES.iter().take(10).position(|one| *one == word) {
            Some(digit) => digit.to_string(),
            None => word.chars().filter(char::is_ascii_digit).collect(),
        },
    };
    words(text).into_iter().map(one).collect()
}

/// Letters one by one: "s m i t h".
pub(super) fn letters(name: &str) -> String {
    name.chars().filter(|c| c.is_alphabetic()).map(String::from).collect::<Vec<_>>().join(" ")
}

/// A name as it sounds, roughly: what an ear can't tell apart is the same.
pub(super) fn sound(name: &str) -> String {
    let mut sound = words(name).join(" ");
    for (written, heard) in [("ph", "f"), ("ck", "k"), ("ie", "y"), ("ey", "y"), ("ee", "y"), ("th", "t"), ("z", "s")] {
        sound = sound.replace(written, heard);
    }
    let sound = sound.replace('i', "y").replace(['c', 'q'], "k");
    let mut letters: Vec<char> = Vec::new();
    for (at, letter) in sound.char_indices() {
        let starts_word = at == 0 || letters.last() == Some(&' ');
        let ends_word = sound.get(at + letter.len_utf8()..).is_none_or(|rest| rest.is_empty() || rest.starts_with(' '));
        let silent = (letter == 'h' && !starts_word) || (letter == 'e' && ends_word);
        if !silent && letters.last() != Some(&letter) {
            letters.push(letter);
        }
    }
    letters.into_iter().collect()
}

/// The weekday of this name.
pub(super) fn weekday(name: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(known, _)| *known == name.to_lowercase()).map(|(_, day)| *day)
}

/// The next such weekday, never today.
pub(super) fn coming(now: DateTime, day: Weekday) -> jiff::civil::Date {
    let mut date = now.date();
    for _ in 0..7 {
        date = date.tomorrow().unwrap_or(date);
        if date.weekday() == day {
            break;
        }
    }
    date
}

#[cfg(test)]
#[allow(clippy::expect_used)]
mod tests {
    use super::*;
    use jiff::civil::{date, time};

    #[test]
    fn times_are_said_and_recognised() {
        assert_eq!(time_said(time(15, 0, 0, 0)), "three o'clock");
        assert_eq!(time_said(time(9, 45, 0, 0)), "nine forty five");
        assert_eq!(time_said(time(12, 0, 0, 0)), "noon");
        let three = time(15, 0, 0, 0);
        assert!(names_time("Friday, at three pm, for Anna", three) && names_time("at three o'clock", three));
        assert!(!names_time("at three thirty pm", three) && !names_time("at three am", three));
        assert!(names_time("at noon", time(12, 0, 0, 0)) && !names_time("at noon", three));
    }

    #[test]
    fn numbers_go_both_ways() {
        assert_eq!(digits_heard(&digits_said("5550142")), "5550142");
        assert_eq!(digits_heard("I heard 555, 01 42."), "5550142");
    }

    #[test]
    fn names_that_sound_alike_are_the_same_to_an_ear() {
        assert_eq!(sound("Sarah Philips"), sound("sara fillips"));
        assert_eq!(sound("Kathy Smith"), sound("cathie smyth"));
        assert_ne!(sound("anna smith"), sound("anna schmidt"));
        assert_ne!(sound("david miller"), sound("david milla"));
    }

    #[test]
    fn a_coming_day_is_never_today() {
        let friday = date(2026, 11, 20).at(8, 0, 0, 0);
        assert_eq!(coming(friday, Weekday::Friday), date(2026, 11, 27));
        assert_eq!(coming(friday, Weekday::Saturday), date(2026, 11, 21));
        assert_eq!(weekday("Sunday"), Some(Weekday::Sunday));
    }

    #[test]
    fn phrases_are_found_word_by_word() {
        assert!(says("I am an AI assistant, here.", "ai assistant") && !says("said so", "ai"));
        assert_eq!(letters("O'Neil"), "O N e i l");
    }
}
