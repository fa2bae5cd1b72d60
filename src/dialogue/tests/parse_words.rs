//! Digits, names, letters, yes and no, choices, and words that recognisers get wrong.
#![allow(clippy::expect_used)] // a test may say what it stands on

use dialogue::parse::answer::{Answer, answer};
use dialogue::parse::choice::choice;
use dialogue::parse::name::{name, with_spelling};
use dialogue::parse::spelling::spelled;
use dialogue::parse::words::words;
use dialogue::parse::{digits, fuzzy};
use proptest::prelude::*;

fn phone(text: &str) -> Option<String> {
    digits::phone(&words(text))
}

#[test]
fn phone_numbers() {
    for (said, number) in [
        ("five five five one two three four", "5551234"),
        ("my number is five five five double one oh nine", "5551109"),
        ("oh seven seven triple two nine", "0772229"),
        ("020 7946 0018", "02079460018"),
        ("555-123-4567", "5551234567"),
        ("two one two five five five oh one hundred", "2125550100"),
        ("five five five twenty one fifteen", "5552115"),
        ("it's uh five five five and then one two three four", "5551234"),
        ("five five one to three four", "551234"),
    ] {
        assert_eq!(phone(said).as_deref(), Some(number), "{said}");
    }
    assert_eq!(phone("tuesday at three"), None);
}

#[test]
fn spelled_names() {
    let letters = |text: &str, asked| spelled(&words(text), asked);
    assert_eq!(letters("s m i t h", false).as_deref(), Some("smith"));
    assert_eq!(letters("it's spelled S-M-I-T-H", false).as_deref(), Some("smith"));
    assert_eq!(letters("b as in boy o y d", true).as_deref(), Some("boyd"));
    assert_eq!(letters("ess see aitch em eye dee tea", true).as_deref(), Some("schmidt"));
    assert_eq!(letters("double l o y d", true).as_deref(), Some("lloyd"));
    assert_eq!(letters("double u e b e r", true).as_deref(), Some("weber"));
    assert_eq!(letters("a haircut", false), None);
    assert_eq!(letters("i see you there", false), None);
}

#[test]
fn names() {
    let said = |text: &str, asked| name(&words(text), asked);
    for text in
        ["my name is anna schmidt", "hi my name's anna schmidt and i need a haircut", "the name is anna schmidt"]
    {
        assert_eq!(said(text, false).as_deref(), Some("anna schmidt"), "{text}");
    }
    for text in [
        "anna schmidt",
        "it's anna schmidt",
        "um anna schmidt please",
        "this is anna schmidt",
        "anna schmidt speaking",
        "under anna schmidt",
    ] {
        assert_eq!(said(text, true).as_deref(), Some("anna schmidt"), "{text}");
    }
    for text in [
        "i need a haircut",
        "this is an emergency",
        "i'm running late",
        "it's for tuesday",
        "can i leave a message",
        "what do you need that for",
    ] {
        assert_eq!(said(text, false), None, "{text}");
        assert_eq!(said(text, true), None, "{text}, asked");
    }
}

#[test]
fn a_spelling_goes_where_it_belongs() {
    assert_eq!(with_spelling("anna smith", "schmidt"), "anna schmidt");
    assert_eq!(with_spelling("anna smith", "hannah"), "hannah smith");
    assert_eq!(with_spelling("smith", "smyth"), "smyth");
    assert_eq!(with_spelling("anna", "schmidt"), "anna schmidt");
}

#[test]
fn yes_and_no() {
    let said = |text: &str| answer(&words(text), &[]);
    for text in [
        "yes",
        "yeah that's right",
        "sure",
        "of course",
        "go ahead",
        "okay",
        "that's correct",
        "yes please",
        "why not",
        "no problem",
        "correct",
        "corrlct",
        "please do",
    ] {
        assert_eq!(said(text), Some(Answer::Yes), "{text}");
    }
    for text in [
        "no",
        "nope",
        "not really",
        "no that's wrong",
        "that's not right",
        "i don't think so",
        "wait",
        "yes no wait",
        "incorrect",
        "that is wrong",
    ] {
        assert_eq!(said(text), Some(Answer::No), "{text}");
    }
    for text in ["", "maybe", "tuesday", "please hold the line for my wife", "i am at home"] {
        assert_ne!(said(text), Some(Answer::Yes), "{text}");
    }
    assert_eq!(said("yes cancel it"), Some(Answer::No), "a word of refusal outweighs");
    assert_eq!(answer(&words("yes cancel it"), &["cancel"]), Some(Answer::Yes), "unless the question holds it");
}

#[test]
fn choices() {
    let said = |text: &str, offered| choice(&words(text), offered, true);
    assert_eq!(said("the first one", 3), Some(0));
    assert_eq!(said("the second", 3), Some(1));
    assert_eq!(said("i'll take the last one", 3), Some(2));
    assert_eq!(said("number three", 3), Some(2));
    assert_eq!(said("the later one", 2), Some(1));
    assert_eq!(said("the earlier one please", 2), Some(0));
    assert_eq!(said("either is fine", 2), Some(0));
    assert_eq!(said("the third", 2), None);
    assert_eq!(said("neither", 2), None);
    assert_eq!(said("the first", 0), None);
}

#[test]
fn words_near_enough_are_found() {
    let set = ["haircut", "color treatment", "facial", "root canal"];
    let find = |text: &str| fuzzy::find(&words(text), set.iter().copied().enumerate(), 0.72).first().map(|f| f.index);
    assert_eq!(find("i want a hair cut please"), Some(0));
    assert_eq!(find("a haircat"), Some(0));
    assert_eq!(find("colour treatment"), Some(1));
    assert_eq!(find("a rout canal"), Some(3));
    assert_eq!(find("facials"), Some(2));
    assert_eq!(find("i have a question"), None);
}

proptest! {
    #[test]
    fn nothing_panics(text in ".{0,200}") {
        let said = words(&text);
        for word in &said {
            prop_assert!(!word.is_empty() && word.chars().count() <= 32);
        }
        let _ = (phone(&text), spelled(&said, true), spelled(&said, false), name(&said, true), answer(&said, &[]));
        let _ = (choice(&said, 3, true), digits::digits(&said, false));
        if let Some(name) = name(&said, true) {
            prop_assert!(name.split(' ').count() <= 4);
        }
    }

    /// Digits said one by one come back.
    #[test]
    fn digits_come_back(number in "[0-9]{6,15}") {
        let spoken: Vec<String> = number.chars().map(|c| dialogue::parse::number::in_words(c.to_digit(10).expect("a digit"))).collect();
        prop_assert_eq!(phone(&spoken.join(" ")), Some(number.clone()));
        prop_assert_eq!(phone(&digits::in_words(&number)), Some(number));
    }

    /// Letters said one by one come back.
    #[test]
    fn letters_come_back(word in "[a-z]{3,12}") {
        prop_assume!(!word.is_empty());
        let spoken: Vec<String> = word.chars().map(|c| c.to_string()).collect();
        prop_assert_eq!(spelled(&words(&spoken.join(" ")), true), Some(word));
    }

    /// Edits are a distance.
    #[test]
    fn edits_measure(one in "[a-z]{0,12}", other in "[a-z]{0,12}") {
        prop_assert_eq!(fuzzy::edits(&one, &other), fuzzy::edits(&other, &one));
        prop_assert_eq!(fuzzy::edits(&one, &other) == 0, one == other);
        prop_assert!(fuzzy::edits(&one, &other) <= one.len().max(other.len()));
    }
}
