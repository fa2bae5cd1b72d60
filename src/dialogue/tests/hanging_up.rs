//! A caller who hangs up loses no message.

mod stage;

use dialogue::io::{Input, Output};
use dialogue::{Act, ToolCall};
use stage::{Script, Stage};

fn keeping() -> Script {
    let text = "please call back".to_owned();
    let message = Act::Tool(ToolCall::Message { name: None, phone: None, text, urgent: false });
    Script { farewell: vec![stage::act("Goodbye."), message], ..Script::default() }
}

fn tools(stage: &Stage) -> usize {
    stage.count(|output| matches!(output, Output::Tool { .. }))
}

#[test]
fn what_the_brain_would_not_lose_is_done_and_nothing_is_said() {
    let mut stage = Stage::greeted(keeping());
    let said = stage.count(|output| matches!(output, Output::Say { .. }));
    stage.input(Input::Gone);
    stage.run(500);
    assert_eq!(tools(&stage), 1);
    assert_eq!(stage.count(|output| matches!(output, Output::Say { .. })), said);
    assert_eq!(stage.call.brain().logged("tool"), 0, "nobody waits for the result");
    // Once is enough.
    stage.input(Input::Gone);
    stage.run(500);
    assert_eq!(tools(&stage), 1);
}

#[test]
fn the_brain_is_told_what_was_being_said() {
    let mut stage = Stage::greeted(keeping());
    // The turn is not over yet: its words were recognised, and more may come.
    let end = stage.caller(0, "tell maria that i will be at");
    stage.run(end + 300 - stage.now);
    stage.input(Input::Gone);
    stage.run(100);
    assert_eq!(stage.call.brain().logged("decide"), 0, "the turn was not over");
    assert_eq!(
        stage.call.brain().logged("hung up in: tell maria that i will be at"),
        1,
        "{:?}",
        stage.call.brain().log
    );
}

#[test]
fn a_call_that_never_was_leaves_nothing() {
    let mut stage = Stage::new(keeping());
    stage.input(Input::Gone);
    stage.run(100);
    assert_eq!(tools(&stage), 0);
}
