//! Where an ear tells how a caller ended, it is believed as far as words and slot leave it open.

mod stage;

use dialogue::Expect;
use dialogue::conversation::Config;
use dialogue::io::Output;
use stage::{Delays, Script, Stage};

/// Silence before the answer, when the ear says this of the end.
fn answered_after(script: Script, text: &str, finished: Option<f32>) -> u64 {
    let mut config = Config::default();
    config.turn.name_ms = 700;
    let mut stage = Stage::with(script, config, Delays::default());
    stage.connect();
    stage.until_quiet();
    stage.run(1_000);
    stage.finished = finished;
    let end = stage.caller(0, text);
    stage.run(4_000);
    let said = stage.at_after(end, |output| matches!(output, Output::Say { .. }));
    said.map_or(u64::MAX, |at| at - end)
}

#[test]
fn who_sounds_as_if_they_go_on_gets_time() {
    let text = "i want to move my appointment";
    assert!(answered_after(Script::default(), text, None) <= 250);
    assert!(answered_after(Script::default(), text, Some(0.9)) <= 250);
    assert!(answered_after(Script::default(), text, Some(0.05)) >= 600);
    assert!(answered_after(Script::expecting(Expect::YesNo), "yes please", Some(0.05)) >= 600);
}

#[test]
fn who_sounds_as_if_they_have_finished_waits_less() {
    let name = || Script::expecting(Expect::Name);
    assert!(answered_after(name(), "anna smith", None) >= 700);
    assert!(answered_after(name(), "anna smith", Some(0.5)) >= 700);
    assert!(answered_after(name(), "anna smith", Some(0.97)) <= 400);
}

#[test]
fn words_and_slot_go_before_the_ear() {
    let digits = || Script::expecting(Expect::Digits(7));
    assert!(answered_after(digits(), "five five five zero one three four", Some(0.0)) <= 250);
    assert!(answered_after(digits(), "five five five zero one", Some(1.0)) >= 900);
    assert!(answered_after(Script::default(), "i want to move it to", Some(1.0)) >= 900);
    assert!(answered_after(Script::expecting(Expect::Name), "s m i t", Some(1.0)) >= 900);
    assert!(answered_after(Script::expecting(Expect::Message), "tell him i called", Some(1.0)) >= 900);
}

#[test]
fn the_wait_stays_bounded_whatever_the_ear_says() {
    for nonsense in [f32::NAN, f32::INFINITY, -3.0, 7.0] {
        assert!(answered_after(Script::default(), "i want to move it", Some(nonsense)) <= 1_300);
    }
}

#[test]
fn only_the_last_end_counts() {
    let mut stage = Stage::greeted(Script::default());
    stage.finished = Some(0.02);
    stage.caller(0, "i want to move it");
    stage.run(1_200 + 400);
    stage.finished = Some(0.98);
    let end = stage.caller(0, "on tuesday");
    stage.run(3_000);
    let said = stage.at_after(end, |output| matches!(output, Output::Say { .. }));
    assert!(said.is_some_and(|at| at - end <= 350), "{said:?} after {end}");
    assert_eq!(stage.call.brain().logged("decide"), 1);
}
