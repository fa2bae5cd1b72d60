//! Questions as callers ask them find the passage that answers, and none where none does.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::Scratch;
use store::{Passage, Store};

/// What the agent takes for an answer.
const ANSWERING: f64 = 0.35;

fn passage(source: &str, text: &str) -> Passage {
    Passage { source: source.into(), text: text.into() }
}

fn practice(scratch: &Scratch) -> Store {
    let store = scratch.store();
    let passages = [
        passage("visit: Parking", "There is free parking behind the building. The entrance is on Oak Lane."),
        passage("visit: Payment", "You can pay in cash or by card."),
        passage("visit: Insurance", "We accept all major insurance plans."),
        passage("visit: Children", "Children are welcome. The first check up for a child under six is free."),
        passage("visit: Wheelchair access", "The practice is on the ground floor and has no steps."),
        passage("visit: Cancelling", "You can cancel free of charge until the day before."),
        passage("treatments: Whitening", "Whitening takes about an hour. It costs 250 dollars."),
        passage("treatments: Pain", "Tell us if you are in pain and we will see you the same day."),
    ];
    store.know("main", &passages).unwrap();
    store
}

fn answer(store: &Store, question: &str) -> Option<String> {
    let found = store.search("main", question, 3).unwrap();
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score), "best first");
    found.into_iter().find(|found| found.score >= ANSWERING).map(|found| found.source)
}

#[test]
fn questions_find_their_passage() {
    let scratch = Scratch::new("knowledge");
    let store = practice(&scratch);
    for (question, source) in [
        ("Do you have parking?", "visit: Parking"),
        ("where can i park my car", "visit: Parking"),
        ("can I pay by credit card", "visit: Payment"),
        ("do you take my insurance", "visit: Insurance"),
        ("d h do you take my insurance", "visit: Insurance"),
        ("are kids welcome at your practice", "visit: Children"),
        ("is it wheelchair accessible", "visit: Wheelchair access"),
        ("what does whitening cost", "treatments: Whitening"),
        ("how much is a whitening", "treatments: Whitening"),
        ("um, how long does the whitening take please", "treatments: Whitening"),
        ("can i cancel for free", "visit: Cancelling"),
        ("I am in pain", "treatments: Pain"),
        ("do you take my insurence", "visit: Insurance"),
        ("how long does the whitning take", "treatments: Whitening"),
    ] {
        assert_eq!(answer(&store, question).as_deref(), Some(source), "{question}");
    }
}

#[test]
fn questions_about_something_else_find_nothing() {
    let scratch = Scratch::new("knowledge-none");
    let store = practice(&scratch);
    for question in [
        "do you sell bicycles",
        "what is the weather tomorrow",
        "who won the football game",
        "um",
        "",
        "\" OR * NEAR( -",
    ] {
        assert_eq!(answer(&store, question), None, "{question}");
    }
}

#[test]
fn an_edited_folder_is_indexed_anew_and_an_unchanged_one_is_not() {
    let scratch = Scratch::new("knowledge-edited");
    let store = practice(&scratch);
    let edited = [passage("visit: Parking", "Parking costs two dollars.")];
    assert!(store.know("main", &edited).unwrap());
    assert!(!store.know("main", &edited).unwrap());
    assert_eq!(answer(&store, "do you take my insurance"), None, "forgotten");
    assert_eq!(answer(&store, "is there parking").as_deref(), Some("visit: Parking"));
    assert_eq!(store.search("other", "parking", 3).unwrap(), [], "each business its own");
}
