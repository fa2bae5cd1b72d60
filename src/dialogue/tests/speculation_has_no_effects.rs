//! Thinking ahead happens on a clone: a wrong guess leaves no trace.

mod stage;

use dialogue::io::Output;
use dialogue::{Act, ToolCall};
use stage::{Delays, Script, Stage};

fn booking() -> Script {
    let hold = Act::Tool(ToolCall::Book { hold: 1, name: "Jones".into(), phone: None, notes: String::new() });
    Script::answering("book it", vec![hold])
}

#[test]
fn more_speech_rolls_the_thought_back() {
    // "book it at" trails off: thought about at 220 ms, not confirmed; at 600 ms more comes.
    let mut stage = Stage::greeted(booking());
    let pause = stage.caller(0, "book it at");
    stage.caller(600 + 600, "three never mind");
    stage.run(600 + 500);
    let thought = stage.at_after(pause, |output| matches!(output, Output::Think { .. }));
    assert!(thought.is_some(), "it was thought about");
    assert_eq!(stage.call.brain().logged("decide"), 0, "and not done");
    assert_eq!(stage.count(|output| matches!(output, Output::Tool { .. })), 0);
    stage.run(5_000);
    let decided: Vec<_> = stage.call.brain().log.iter().filter(|l| l.starts_with("decide")).cloned().collect();
    assert_eq!(decided, ["decide model: book it at three never mind|"]);
    assert_eq!(stage.count(|output| matches!(output, Output::Tool { .. })), 1);
}

#[test]
fn a_thought_in_flight_is_cancelled() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.llm = Some(500);
    stage.caller(0, "move it to");
    stage.caller(600 + 400, "friday");
    stage.run(6_000);
    assert_eq!(stage.count(|output| matches!(output, Output::CancelThink { .. })), 1);
    assert_eq!(stage.call.brain().logged("decide"), 1);
}

#[test]
fn who_goes_on_before_a_word_was_heard_is_not_answered_in_the_middle() {
    // The turn is confirmed at 220 ms and the answer handed over at 240; the caller goes on at
    // 220 and is heard to at 280, before a word of the answer has been played.
    let mut stage = Stage::greeted(Script::default());
    stage.caller(0, "i need an appointment");
    let end = stage.caller(800 + 220, "for my dog");
    stage.run(5_000);
    let decided: Vec<_> = stage.call.brain().log.iter().filter(|l| l.starts_with("decide")).cloned().collect();
    assert_eq!(decided, ["decide model: i need an appointment for my dog|"]);
    assert_eq!(stage.call.brain().logged("cut"), 0, "nothing was said as far as the brain knows");
    let turns = stage.turns();
    assert_eq!(
        turns.get(1).map(|turn| (turn.turn, turn.caller.as_str())),
        Some((1, "i need an appointment for my dog"))
    );
    assert!(stage.audio_after(end).is_some_and(|at| at - end < 400));
}

#[test]
fn what_was_done_is_not_undone_by_going_on() {
    let mut stage = Stage::with(booking(), Default::default(), Delays { tool: Some(2_000), ..Delays::default() });
    stage.connect();
    stage.until_quiet();
    stage.run(500);
    stage.caller(0, "book it");
    stage.caller(400 + 500, "and thank you very much indeed");
    stage.run(8_000);
    let log = &stage.call.brain().log;
    assert!(log.iter().any(|entry| entry == "tool done"), "{log:?}");
    assert!(log.iter().any(|entry| entry == "decide model: book it|"), "{log:?}");
    assert!(log.iter().any(|entry| entry == "decide model: and thank you very much indeed|"), "{log:?}");
}

#[test]
fn without_speculation_the_model_is_asked_once_the_turn_is_over() {
    let mut config = dialogue::conversation::Config::default();
    config.turn.speculate = false;
    let mut stage = Stage::with(Script::default(), config, Delays::default());
    stage.connect();
    stage.until_quiet();
    stage.run(500);
    let end = stage.caller(0, "move it to");
    stage.run(4_000);
    let thought = stage.at_after(end, |output| matches!(output, Output::Think { .. }));
    assert_eq!(thought, Some(end + 900));
}

#[test]
fn the_model_reads_along_while_the_caller_speaks() {
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, "i would like to book a haircut for tuesday at three in the afternoon please");
    stage.run(6_000);
    let first = stage.at_after(0, |output| matches!(output, Output::ReadAhead { .. }));
    assert!(first.is_some_and(|at| at < end), "read before the caller has ended");
    // What is read is what will be asked, as far as it goes; the last word may still change.
    let other = |output: &Output| matches!(output, Output::ReadAhead { own, .. } if !ASKED.starts_with(own.as_str()));
    assert_eq!(stage.count(other), 0);
    assert_eq!(stage.call.brain().logged("decide"), 1);
}

/// As the script asks its model.
const ASKED: &str = "decided i would like to book a haircut for tuesday at three in the afternoon please";
