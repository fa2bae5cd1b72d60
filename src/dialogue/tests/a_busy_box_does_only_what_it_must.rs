//! Under load nothing is thought ahead and nothing recognised in mid-speech; the answer comes all
//! the same, and interruptions are still judged by their words.

mod stage;

use dialogue::io::{Afford, Input, Output};
use stage::{Script, Stage};

const NOTHING: Afford = Afford { speculation: false, partials: false };

fn partials(stage: &Stage, from: u64) -> usize {
    let partial = |output: &Output| matches!(output, Output::Transcribe { is_final: false, .. });
    stage.outputs.iter().filter(|(at, output)| *at > from && partial(output)).count()
}

fn thought_at(stage: &Stage, from: u64) -> Option<u64> {
    stage.at_after(from, |output| matches!(output, Output::Think { .. }))
}

const LONG: &str = "what are your opening hours on a saturday in the summer";

#[test]
fn what_is_ahead_of_need_is_left_out_and_the_answer_comes() {
    let turn = |afford: Option<Afford>| {
        let mut stage = Stage::greeted(Script::default());
        stage.delays.stt = Some(20);
        stage.later(0, Input::Afford(afford.unwrap_or_default()));
        let began = stage.now;
        let end = stage.caller(100, LONG);
        stage.run(end - began + 3_000);
        assert!(stage.audio_after(end).is_some_and(|at| at - end < 1_500), "{:?}", stage.sounds);
        (partials(&stage, began), thought_at(&stage, began).map(|at| at - end))
    };
    let (partials, ahead) = turn(None);
    assert!(partials >= 2 && ahead.is_some_and(|after| after <= 220), "{partials} {ahead:?}");
    let (partials, thought) = turn(Some(Afford { speculation: false, partials: true }));
    assert!(partials >= 2 && thought > ahead, "{partials} {thought:?}, ahead {ahead:?}");
    let (partials, thought) = turn(Some(NOTHING));
    assert!(partials == 0 && thought.is_some(), "{partials} {thought:?}");
}

#[test]
fn what_was_left_out_comes_back() {
    let mut stage = Stage::greeted(Script::default());
    stage.later(0, Input::Afford(NOTHING));
    stage.later(50, Input::Afford(Afford::default()));
    let began = stage.now;
    let end = stage.caller(100, LONG);
    stage.run(end - began);
    assert!(partials(&stage, began) >= 2);
}

/// That there was no time to recognise more is not that no more was said.
#[test]
fn words_that_nobody_had_time_for_are_still_to_come() {
    for known_words in [0, 800] {
        let mut stage = Stage::greeted(Script::default());
        stage.no_partials_from = stage.now + 100 + known_words;
        let long = "word ".repeat(25) + "tuesday";
        let began = stage.now;
        let end = stage.caller(100, &long);
        stage.run(end - began + 3_000);
        let decided: Vec<_> = stage.call.brain().log.iter().filter(|entry| entry.starts_with("decide")).collect();
        assert_eq!(decided, [&format!("decide model: {long}|")]);
        assert_eq!(stage.call.brain().logged("pardon"), 0);
    }
}

#[test]
fn an_interruption_is_still_judged_by_its_words() {
    let mut stage = Stage::new(Script::default());
    stage.later(0, Input::Afford(NOTHING));
    stage.connect();
    stage.input(Input::Afford(NOTHING));
    stage.run(200);
    let began = stage.now;
    stage.caller(0, "no stop i want to ask something else please");
    stage.run(1_000);
    assert!(partials(&stage, began) >= 1, "{:?}", stage.outputs);
}
