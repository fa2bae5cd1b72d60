//! Keypad digits are part of the turn, beside speech or alone.

mod stage;

use dialogue::Expect;
use dialogue::io::Output;
use stage::{Script, Stage, act};

fn decided(stage: &Stage) -> Vec<String> {
    stage.call.brain().log.iter().filter(|entry| entry.starts_with("decide")).cloned().collect()
}

#[test]
fn a_full_slot_ends_the_turn_at_once() {
    let mut stage = Stage::greeted(Script::expecting(Expect::Digits(4)));
    stage.keys(0, "1234");
    stage.run(900 + 60);
    assert_eq!(decided(&stage), ["decide model: |1234"]);
}

#[test]
fn hash_ends_the_turn_and_a_pause_does_too() {
    let mut stage = Stage::greeted(Script::default());
    stage.keys(0, "12#");
    stage.run(700);
    assert_eq!(decided(&stage), ["decide model: |12"]);

    let mut stage = Stage::greeted(Script::default());
    stage.keys(0, "12");
    stage.run(300 + 1_900);
    assert!(decided(&stage).is_empty());
    stage.run(200);
    assert_eq!(decided(&stage), ["decide model: |12"]);
}

#[test]
fn speech_and_keys_share_a_turn() {
    let mut stage = Stage::greeted(Script::expecting(Expect::Digits(6)));
    stage.caller(0, "it is");
    stage.keys(500, "123456");
    stage.run(4_000);
    assert_eq!(decided(&stage), ["decide model: it is|123456"]);
}

#[test]
fn a_key_stops_the_voice() {
    let mut stage =
        Stage::greeted(Script::answering("menu", vec![act("Press one for hours and two for all the rest.")]));
    stage.caller(0, "menu");
    stage.run(1_200);
    stage.keys(0, "2");
    stage.run(20);
    assert_eq!(stage.count(|output| matches!(output, Output::StopSpeech)), 1);
    stage.run(3_000);
    assert_eq!(decided(&stage).last().map(String::as_str), Some("decide model: |2"));
}

#[test]
fn other_signs_are_no_keys() {
    let mut stage = Stage::greeted(Script::default());
    stage.keys(0, "x☎ ");
    stage.run(5_000);
    assert!(decided(&stage).is_empty());
}
