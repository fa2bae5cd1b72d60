//! "Thinking" is told from "done": by the text, by what is expected, by the caller's habit.

mod stage;

use dialogue::Expect;
use dialogue::conversation::Config;
use dialogue::io::Output;
use stage::{Delays, Script, Stage};

fn answered_after(script: Script, text: &str) -> u64 {
    let mut stage = Stage::greeted(script);
    let end = stage.caller(0, text);
    stage.run(4_000);
    let said = stage.at_after(end, |output| matches!(output, Output::Say { .. }));
    said.map_or(u64::MAX, |at| at - end)
}

#[test]
fn what_trails_off_gets_patience() {
    assert!(answered_after(Script::default(), "i want to move it to") >= 900);
    assert!(answered_after(Script::default(), "it is um") >= 900);
    assert!(answered_after(Script::default(), "my name is") >= 900);
}

#[test]
fn what_is_complete_gets_none() {
    assert!(answered_after(Script::default(), "i want to move it") <= 250);
    assert!(answered_after(Script::expecting(Expect::YesNo), "yes please") <= 250);
}

#[test]
fn a_slot_is_full_or_it_is_not() {
    let digits = || Script::expecting(Expect::Digits(7));
    assert!(answered_after(digits(), "five five five zero one") >= 900);
    assert!(answered_after(digits(), "five five five zero one three four") <= 250);
    assert!(answered_after(digits(), "double five five zero one three four") <= 250);
    assert!(answered_after(digits(), "i have no telephone") <= 300);
    assert!(answered_after(Script::expecting(Expect::Message), "tell him") >= 900);
    assert!(answered_after(Script::expecting(Expect::Name), "s m i t") >= 900);
}

#[test]
fn a_tuesday_after_a_pause_belongs_to_the_same_turn() {
    let mut stage = Stage::greeted(Script::default());
    stage.caller(0, "i want to move it to");
    let end = stage.caller(1_200 + 700, "tuesday");
    stage.run(5_000);
    let turns = stage.turns();
    assert_eq!(turns.get(1).map(|turn| turn.caller.as_str()), Some("i want to move it to tuesday"));
    assert!(stage.audio_after(end).is_some_and(|at| at - end < 400));
    assert_eq!(stage.call.brain().logged("decide"), 1);
}

#[test]
fn a_caller_who_pauses_often_gets_longer_waits() {
    let mut config = Config::default();
    config.turn.complete_ms = 300;
    let mut stage = Stage::with(Script::default(), config, Delays::default());
    stage.connect();
    stage.until_quiet();
    stage.run(1_000);
    // Three pauses of 260 ms within a turn; the text is complete each time.
    let mut end = 0;
    for part in 0..4 {
        end = stage.caller(part * (400 + 260), "word after");
    }
    stage.run(6_000);
    let said = stage.at_after(end, |output| matches!(output, Output::Say { .. }));
    assert!(said.is_some_and(|at| at - end > 340), "{said:?} {end}");
}
