//! A business file: everything wrong with it is said at once, with the line and the remedy.
#![allow(clippy::expect_used)] // a test may say what it stands on

use dialogue::business::{Business, BusinessError, READY, SpeechMode};
use jiff::civil::{Weekday, date};

const GOOD: &str = r#"
[business]
name = "Corner Law"
kind = "law"
timezone = "Europe/London"

[hours]
monday = ["9:00-12:30", "13:30-17:00"]
friday = ["9:00-24:00"]
closed = ["2026-12-25"]

[[service]]
name = "Consultation"
minutes = 60
"#;

fn faults(text: &str) -> Vec<BusinessError> {
    Business::parse(text, "law/business.toml").expect_err("a mistake in the file")
}

#[track_caller]
fn one_fault(text: &str) -> BusinessError {
    let faults = faults(text);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    faults.into_iter().next().expect("one")
}

#[test]
fn the_ready_businesses_are_in_order() {
    for ready in READY {
        let (path, text) = ready.files[0];
        assert_eq!(path, "business.toml");
        let business = Business::parse(text, path).unwrap_or_else(|faults| panic!("{}: {faults:#?}", ready.name));
        assert!(business.services.len() >= 2, "{}", ready.name);
        assert!(ready.files.len() >= 2, "{}: knowledge belongs to it", ready.name);
    }
}

#[test]
fn reads_what_is_there_and_fills_in_the_rest() {
    let business = Business::parse(GOOD, "business.toml").expect("a good file");
    assert_eq!(business.identity.name, "Corner Law");
    assert_eq!(business.services[0].name, "consultation");
    assert_eq!(business.hours.usually(Weekday::Monday).len(), 2);
    assert!(business.hours.on(date(2026, 12, 25)).is_empty(), "closed on a friday that is Christmas");
    assert!(business.hours.open_at(date(2026, 11, 27), 23 * 60 + 59));
    assert_eq!(business.booking.grid_minutes, 30);
    assert_eq!(business.speech.mode, None);
}

#[test]
fn names_file_line_fault_and_remedy() {
    let fault = one_fault(&GOOD.replace("closed =", "clsed ="));
    assert_eq!(fault.to_string(), "law/business.toml:10: `clsed` is not known in hours. Did you mean `closed`?");
}

#[test]
fn reports_all_mistakes_at_once() {
    let bad = GOOD
        .replace("kind = \"law\"", "kind = \"lawyers\"")
        .replace("Europe/London", "London")
        .replace("9:00-12:30", "9 to half twelve")
        .replace("minutes = 60", "minutes = 0\ncolour = \"blue\"");
    let lines: Vec<usize> = faults(&bad).iter().map(|fault| fault.line).collect();
    assert_eq!(lines, [4, 5, 8, 15, 14], "one each, at its line");
}

#[test]
fn what_is_no_toml_is_said_with_its_line() {
    let fault = faults(&GOOD.replace("kind = \"law\"", "kind = law\"")).remove(0);
    assert_eq!(fault.line, 4);
    assert!(fault.what.contains("TOML"), "{fault}");
}

#[test]
fn what_is_missing_is_named_with_an_example() {
    let faults = faults("[hours]\n");
    assert!(faults[0].what.contains("[business] is missing"), "{faults:?}");
    let fault = one_fault(&GOOD.replace("minutes = 60", ""));
    assert!(fault.write.contains("minutes = 30"), "{fault}");
}

#[test]
fn hours_must_be_in_order() {
    for bad in ["13:00-12:00", "9:00-25:00", "9:61-10:00", "noon-one"] {
        assert!(one_fault(&GOOD.replace("9:00-24:00", bad)).what.contains("not a range of hours"));
    }
    let overlapping = GOOD.replace("\"13:30-17:00\"", "\"12:00-17:00\"");
    assert!(one_fault(&overlapping).what.contains("overlap"));
}

#[test]
fn phrases_keep_their_gaps() {
    let with = |text: &str| format!("{GOOD}\n[phrases]\n{text}\n");
    let business = Business::parse(&with("booked = \"Fine: {service}, {when}.\""), "b").expect("good wording");
    let said = business
        .phrases
        .fill(dialogue::business::Phrase::Booked, &[("service", "consultation"), ("when", "Monday {service}")]);
    assert_eq!(said, "Fine: consultation, Monday {service}.", "values are not filled again");
    assert!(one_fault(&with("booked = \"Done, {service}.\"")).what.contains("does not say {when}"));
    let fault = faults(&with("booked = \"{servce} {when}\"")).remove(0);
    assert!(fault.write.contains("{service}"), "{fault}");
    assert!(one_fault(&with("goodbye = \"Bye {name}\"")).what.contains("no gap {name}"));
    assert!(one_fault(&with("godbye = \"Bye\"")).write.contains("goodbye"));
}

#[test]
fn wrong_types_are_faults() {
    let with = |text: &str| format!("{GOOD}\n{text}\n");
    for bad in [
        "[booking]\nask_phone = \"yes\"",
        "[booking]\ngrid_minutes = \"30\"",
        "[booking]\ngrid_minutes = -5",
        "[speech]\nspeed = 9.5",
        "[speech]\nmode = \"loud\"",
        "[urgent]\nwords = \"fire\"",
        "phrases = 3",
        "[[question]]\nkey = \"a\"",
    ] {
        assert!(!faults(&with(bad)).is_empty(), "{bad}");
    }
    let strict = Business::parse(&with("[speech]\nmode = \"quoted\""), "b").expect("good");
    assert_eq!(strict.speech.mode, Some(SpeechMode::Quoted));
}

#[test]
fn the_same_word_for_two_services_is_a_fault() {
    let twice = format!("{GOOD}\n[[service]]\nname = \"will\"\nminutes = 30\naliases = [\"consultation\"]\n");
    assert!(one_fault(&twice).what.contains("already names another service"));
}

#[test]
fn slots_lie_inside_the_hours() {
    let business = Business::parse(GOOD, "b").expect("a good file");
    let service = &business.services[0];
    let from = date(2026, 11, 23).at(0, 0, 0, 0);
    let slots: Vec<_> = business.candidates(service, from, date(2026, 11, 24).at(0, 0, 0, 0)).collect();
    let starts: Vec<String> = slots.iter().map(|(start, _)| start.strftime("%H:%M").to_string()).collect();
    assert_eq!(
        starts,
        ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "13:30", "14:00", "14:30", "15:00", "15:30", "16:00"]
    );
    let friday = date(2026, 11, 27).at(22, 0, 0, 0);
    let last = business.candidates(service, friday, date(2026, 11, 28).at(0, 0, 0, 0)).last().expect("a slot");
    assert_eq!(last.1, date(2026, 11, 28).at(0, 0, 0, 0), "up to midnight");
    assert_eq!(business.candidates(service, friday, from).count(), 0);
}
