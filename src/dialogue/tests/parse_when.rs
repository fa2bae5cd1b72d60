//! Days and times as callers say them, on Friday the 20th of November 2026, ten o'clock.
#![allow(clippy::expect_used)] // a test may say what it stands on

use dialogue::parse::day::Days;
use dialogue::parse::mention::Wanted;
use dialogue::parse::time::Times;
use dialogue::parse::when::When;
use dialogue::parse::words::words;
use jiff::civil::{Date, date};
use proptest::prelude::*;

fn when(text: &str) -> When {
    When::read(&words(text), date(2026, 11, 20).at(10, 0, 0, 0))
}

fn november(day: i8) -> Date {
    date(2026, 11, day)
}

#[track_caller]
fn day_is(text: &str, day: Date) {
    assert_eq!(when(text).day(), Wanted::One(Days::one(day)), "{text}");
}

#[track_caller]
fn days_are(text: &str, first: Date, last: Date) {
    assert_eq!(when(text).day(), Wanted::One(Days { first, last }), "{text}");
}

/// `minute` as "15:30"; `strong` is not compared.
#[track_caller]
fn time_is(text: &str, clock: &str) {
    let (hour, minute) = clock.split_once(':').expect("a clock time");
    let wanted: u16 = hour.parse::<u16>().expect("an hour") * 60 + minute.parse::<u16>().expect("minutes");
    match when(text).time(true) {
        Wanted::One(time) if time.is_exact() => assert_eq!(time.from_minute, wanted, "{text}: {time:?}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[track_caller]
fn times_are(text: &str, from: u16, until: u16) {
    match when(text).time(true) {
        Wanted::One(time) => assert_eq!((time.from_minute, time.until_minute), (from, until), "{text}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn weekdays() {
    day_is("tuesday", november(24));
    day_is("on tuesday please", november(24));
    day_is("next friday", november(27));
    day_is("friday", november(27));
    day_is("this friday", november(20));
    day_is("this coming monday", november(23));
    day_is("tuesday week", date(2026, 12, 1));
    day_is("a week from tuesday", date(2026, 12, 1));
    day_is("tuesday's", november(24));
    day_is("tuesdays", november(24));
    day_is("wensday", november(25));
    day_is("thirsday", november(26));
}

#[test]
fn days_from_today() {
    day_is("today", november(20));
    day_is("tomorrow", november(21));
    day_is("the day after tomorrow", november(22));
    day_is("in two weeks", date(2026, 12, 4));
    day_is("in a couple of days", november(22));
    day_is("two weeks from now", date(2026, 12, 4));
    day_is("this afternoon", november(20));
    day_is("tonight", november(20));
}

#[test]
fn dates() {
    day_is("the twenty fourth", november(24));
    day_is("the 24th", november(24));
    day_is("november third", date(2027, 11, 3));
    day_is("december the third", date(2026, 12, 3));
    day_is("the third of december", date(2026, 12, 3));
    day_is("the fifth", date(2026, 12, 5));
    day_is("tuesday the twenty fourth", november(24));
    day_is("february twenty ninth", date(2028, 2, 29));
    day_is("may third", date(2027, 5, 3));
}

#[test]
fn runs_of_days() {
    days_are("next week", november(23), november(29));
    days_are("this week", november(20), november(22));
    days_are("the weekend", november(21), november(22));
    days_are("next month", date(2026, 12, 1), date(2026, 12, 31));
    days_are("early next week", november(23), november(24));
}

#[test]
fn no_days() {
    for text in [
        "may i come in",
        "march on",
        "the first one please",
        "the second one",
        "yesterday",
        "bye now",
        "smith",
        "i had my birthday",
    ] {
        assert_eq!(when(text).day(), Wanted::Nothing, "{text}");
    }
}

#[test]
fn clock_times() {
    time_is("three pm", "15:00");
    time_is("at three", "15:00");
    time_is("nine", "9:00");
    time_is("nine pm", "21:00");
    time_is("nine in the evening", "21:00");
    time_is("half past ten", "10:30");
    time_is("half ten", "10:30");
    time_is("quarter to five", "16:45");
    time_is("a quarter past one", "13:15");
    time_is("twenty to four", "15:40");
    time_is("ten past three", "15:10");
    time_is("noon", "12:00");
    time_is("3:30", "15:30");
    time_is("15:30", "15:30");
    time_is("3.30 p.m.", "15:30");
    time_is("3pm", "15:00");
    time_is("ten thirty", "10:30");
    time_is("eleven fifteen", "11:15");
    time_is("two oh five", "14:05");
    time_is("fifteen hundred", "15:00");
    time_is("eight o'clock in the morning", "8:00");
    time_is("tuesday morning at nine", "9:00");
    time_is("at for", "16:00");
    time_is("twelve", "12:00");
}

#[test]
fn parts_of_the_day() {
    times_are("in the morning", 0, 719);
    times_are("tomorrow afternoon", 720, 1079);
    times_are("after three pm", 900, 1440);
    times_are("before noon", 0, 720);
    times_are("between two and four", 840, 960);
    times_are("any time", 0, 1440);
}

#[test]
fn no_times() {
    for text in [
        "a table for two people",
        "five five five one two three four",
        "good morning",
        "twenty minutes late",
        "two weeks",
        "the last one",
        "four of us",
    ] {
        assert_eq!(when(text).time(true), Wanted::Nothing, "{text}");
    }
    assert_eq!(when("i have three kids and one question").time(false), Wanted::Nothing);
}

#[test]
fn the_last_of_a_correction_counts() {
    day_is("tuesday no wednesday", november(25));
    day_is("not friday i said thursday", november(26));
    day_is("thursday not friday", november(26));
    time_is("three no make it four", "16:00");
    assert!(matches!(when("tuesday thursday").day(), Wanted::Both(..)));
    assert!(matches!(when("monday or tuesday").day(), Wanted::Either(..)));
}

#[test]
fn the_day_of_the_appointment_is_not_the_wish() {
    for text in [
        "move my appointment from tuesday to friday",
        "can i come friday instead of tuesday",
        "my tuesday appointment has to be on friday",
        "i have an appointment on tuesday and i want to come on friday",
    ] {
        let read = when(text);
        assert_eq!(read.old_day(), Some(Days::one(november(24))), "{text}");
        assert_eq!(read.day(), Wanted::One(Days::one(november(27))), "{text}");
    }
}

#[test]
fn an_unsaid_half_of_the_day_can_be_the_other() {
    let Wanted::One(time) = when("at eight").time(true) else { panic!("a time") };
    assert_eq!(time.other_half().map(|t| t.from_minute), Some(20 * 60));
    let Wanted::One(time) = when("at eight am").time(true) else { panic!("a time") };
    assert_eq!(time.other_half(), None);
    assert_eq!(Times::at(60).other_half(), None);
}

proptest! {
    /// Whatever is said, days do not lie in the past and times lie in a day.
    #[test]
    fn what_is_read_makes_sense(text in prop::collection::vec(prop::sample::select(vec![
        "tuesday", "next", "week", "the", "first", "thirty", "of", "february", "in", "two", "days", "weeks", "from",
        "now", "half", "past", "quarter", "to", "twelve", "twenty", "five", "am", "pm", "at", "between", "and", "a",
        "noon", "morning", "31st", "99", "0", "24:00", "23:59", "hundred", "o'clock", "not", "months", "end", "month",
    ]), 0..12)) {
        let read = when(&text.join(" "));
        for mention in &read.days {
            prop_assert!(mention.value.first >= november(20));
            prop_assert!(mention.value.first <= mention.value.last);
            prop_assert!(mention.end >= mention.start);
        }
        for mention in &read.times {
            prop_assert!(mention.value.from_minute <= 1440 && mention.value.until_minute <= 1440);
        }
    }

    /// Every date said in full is understood as itself.
    #[test]
    fn dates_come_back(days_ahead in 0i32..360) {
        use dialogue::parse::number::ordinal_in_words;
        let day = november(20).checked_add(jiff::Span::new().days(days_ahead)).expect("a date");
        let month = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december"][day.month() as usize - 1];
        let text = format!("{month} {}", ordinal_in_words(day.day() as u32));
        prop_assert_eq!(when(&text).day(), Wanted::One(Days::one(day)));
    }

    /// Every time said with its half of the day is understood as itself.
    #[test]
    fn times_come_back(hour in 1u32..=12, minute in 1u32..=11, pm in any::<bool>()) {
        use dialogue::parse::number::in_words;
        let minute = minute * 5;
        let spoken = if minute < 10 { format!("oh {}", in_words(minute)) } else { in_words(minute) };
        let text = format!("{} {spoken} {}", in_words(hour), if pm { "pm" } else { "am" });
        let expected = (hour % 12 + if pm { 12 } else { 0 }) * 60 + minute;
        prop_assert_eq!(when(&text).time(false), Wanted::One(Times::at(expected as u16)));
    }
}
