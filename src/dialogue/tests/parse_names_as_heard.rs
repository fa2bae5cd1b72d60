//! Names as a recogniser writes them, against the common ones; words and digits in a loop.
#![allow(clippy::expect_used)] // a test may say what it stands on

use dialogue::parse::digits::without_loop;
use dialogue::parse::lexicon::{Part, knows, written_as_usual};
use dialogue::parse::name::name;
use dialogue::parse::words::{without_loops, words};
use proptest::prelude::*;

#[test]
fn what_is_said_alike_is_written_as_usual() {
    for (heard, written) in [
        ("annah smith", "anna smith"),
        ("anna smithe", "anna smith"),
        ("anna smyth", "anna smith"),
        ("sara night", "sara knight"),
        ("mathew wilsen", "mathew wilson"),
        ("jon coopar", "jon cooper"),
        ("hellen youngg", "helen young"),
        ("peter wylson", "peter wilson"),
        ("hanna bailie", "hannah bailey"),
        ("helen young youngg", "helen young"),
    ] {
        assert_eq!(written_as_usual(heard), written, "{heard}");
    }
}

#[test]
fn other_names_stay_as_they_were_heard() {
    for heard in [
        "zbigniew brzezinski",
        "anna schmitt",
        "mark kevin",
        "dan dunn",
        "jane doe",
        "lena marlow",
        "siobhan o'connor",
        "harn korn",
        "rene müller",
        "don bean",
        "li wu",
    ] {
        assert_eq!(written_as_usual(heard), heard);
    }
}

#[test]
fn common_names_have_their_place() {
    assert!(knows("kevin", Part::First) && !knows("kevin", Part::Last));
    assert!(knows("king", Part::Last) && !knows("king", Part::First));
}

#[test]
fn names_before_is_the_name() {
    for said in ["mark evans is the name", "yes mark evans is my name", "mark evans is the name please"] {
        assert_eq!(name(&words(said), false).as_deref(), Some("mark evans"), "{said}");
    }
}

#[test]
fn loops_are_said_once() {
    let once = |text: &str| without_loops(words(text)).join(" ");
    assert_eq!(
        once("at seven in the evening instead the evening instead the evening"),
        "at seven in the evening instead the evening"
    );
    assert_eq!(once("that's all that's all that's all"), "that's all");
    assert_eq!(once("one oh one oh one"), "one oh one oh one", "digits may come twice");
    assert_eq!(once("a n n a"), "a n n a");
    assert_eq!(once("twenty one twenty one"), "twenty one twenty one");
    assert_eq!(once("no no"), "no no");
}

#[test]
fn looped_digits_are_seen_but_not_guessed() {
    assert_eq!(without_loop("555246810101", 10).as_deref(), Some("5552468101"));
    assert_eq!(without_loop("5551234567567", 10).as_deref(), Some("5551234567"));
    // How often a digit was really said can't be told.
    assert_eq!(without_loop("5555112222222", 10), None);
    assert_eq!(without_loop("5551234567", 10), None);
    assert_eq!(without_loop("55512345", 10), None);
    assert_eq!(without_loop("555123456789", 10), None);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,120}") {
        let said = words(&text);
        let once = without_loops(said.clone());
        prop_assert!(once.len() <= said.len());
        let _ = written_as_usual(&said.join(" "));
        let _ = without_loop(&text, 10);
    }

    #[test]
    fn mending_twice_is_mending_once(name in "[a-z]{1,9}( [a-z]{1,9}){0,2}") {
        let once = written_as_usual(&name);
        prop_assert_eq!(written_as_usual(&once), once);
    }
}
