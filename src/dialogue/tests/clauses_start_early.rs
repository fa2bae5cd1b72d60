//! The first clause is short, none is long, nothing is lost.

use dialogue::shaping::{Language, clauses, speakable};
use proptest::prelude::*;

#[test]
fn sentences_are_clauses() {
    assert_eq!(clauses("Sure. We open at nine. Anything else?"), ["Sure.", "We open at nine.", "Anything else?"]);
}

#[test]
fn the_first_sentence_breaks_at_an_early_comma() {
    let cut = clauses("Thanks for calling, I can help you with bookings, questions and messages today.");
    assert_eq!(cut, ["Thanks for calling,", "I can help you with bookings, questions and messages today."]);
}

#[test]
fn a_short_first_sentence_stays_whole() {
    assert_eq!(clauses("Okay, Tuesday at three."), ["Okay, Tuesday at three."]);
}

#[test]
fn a_long_sentence_breaks_where_one_breathes() {
    let long = "We offer haircuts, colouring, washing, blow drying and a number of treatments for every kind of hair \
                which you can book at any time of the week and also on most holidays if you call us early enough";
    let cut = clauses(long);
    assert!(cut.len() > 1 && cut.iter().all(|clause| clause.chars().count() <= 120), "{cut:?}");
    assert_eq!(cut.join(" "), long);
}

#[test]
fn nothing_gives_nothing() {
    assert!(clauses("").is_empty());
    assert!(clauses(" ... !! ").is_empty());
}

proptest! {
    #[test]
    fn any_text_is_shaped_within_bounds(text in "\\PC{0,400}") {
        let said = speakable(&text, Language::English);
        prop_assert!(said.chars().count() <= 16_000);
        prop_assert!(!said.chars().any(|c| c.is_ascii_digit() || c.is_control()), "{said:?}");
        for clause in clauses(&said) {
            prop_assert!(clause.chars().count() <= 120 && !clause.trim().is_empty());
        }
    }

    #[test]
    fn any_bytes_are_shaped(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = clauses(&speakable(&text, Language::English));
    }

    #[test]
    fn what_looks_like_numbers_is_shaped(text in "[0-9$€%:/.,+()@# apmtsndrh–-]{0,80}") {
        let said = speakable(&text, Language::English);
        prop_assert!(!said.chars().any(|c| c.is_ascii_digit()), "{said:?}");
    }

    #[test]
    fn words_survive_clauses(text in "([a-z]{1,12}[,.!?]? ){0,80}") {
        let words: Vec<&str> = text.split_whitespace().collect();
        let cut = clauses(&text).join(" ");
        prop_assert_eq!(cut.split_whitespace().collect::<Vec<_>>(), words);
    }
}
