//! Scenario files: the ones that come with Callbox can all be read, mistakes are told.
#![allow(clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::Path;

use callbox::rehearse::{Scenario, load};

fn all() -> Vec<Scenario> {
    load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rehearsals")).expect("readable scenarios")
}

#[test]
fn there_are_enough_of_them_for_enough_businesses() {
    let (tests, calls): (Vec<Scenario>, Vec<Scenario>) = all().into_iter().partition(|one| !one.must_fail.is_empty());
    let businesses: BTreeSet<_> = calls.iter().filter_map(|one| one.business.clone()).collect();
    assert!(calls.len() >= 60 && businesses.len() >= 6 && tests.len() >= 8, "{} {businesses:?}", calls.len());
}

#[test]
fn callers_have_voices_that_no_starter_model_was_trained_on() {
    let held_out = ["m3", "f3", "m8", "Andrea", "benjamin", "ed", "john"];
    for scenario in all() {
        let voice = scenario.caller.voice.clone();
        let variant = voice.rsplit('+').next().unwrap_or_default();
        assert!(voice == "flite:rms" || held_out.contains(&variant), "{}: {voice}", scenario.name);
    }
}

#[test]
fn mistakes_are_told_with_what_to_write() {
    let head = "title = \"a\"\n[caller]\nvoice = \"x\"\n[goal]\nwish = \"book\"\n";
    let wrong = [
        ("opening = []", "first words"),
        ("opening = [\"a\"]\n[facts]\nday = \"tomorow\"", "weekday"),
        ("opening = [\"a\"]\n[answers]\nask_nam = [\"b\"]", "ask_nam"),
        ("opening = [\"a\"]\n[line]\nloss = 3.0", "0.01"),
        ("opening = [\"a\"]\n[behaviour]\nshouts = true", "shouts"),
    ];
    for (text, told) in wrong {
        let error = Scenario::parse(&format!("{head}{text}")).expect_err(text);
        assert!(error.contains(told), "{text}: {error}");
    }
    let unknown = format!("business = \"circus\"\n{head}opening = [\"a\"]");
    assert!(Scenario::parse(&unknown).expect_err("no such business").contains("salon"));
}
