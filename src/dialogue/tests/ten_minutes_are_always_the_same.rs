//! A ten-minute call with interruptions, coughs, keys and a slow tool: the same each time,
//! and over in no time.

mod stage;

use dialogue::conversation::Config;
use dialogue::io::{EngineKind, Output};
use dialogue::{Act, ToolCall};
use stage::{Delays, Script, Stage, act};

const STORY: &str = "We have many rooms with a view of the sea, a garden behind the house, and breakfast until eleven.";

fn call() -> (Vec<(u64, Output)>, usize) {
    let look_up = Act::Tool(ToolCall::Knowledge { question: "q".into() });
    let answers = vec![("story", vec![act(STORY)]), ("look", vec![act("Let me see."), look_up])];
    let script = Script { answers, ..Script::default() };
    let mut stage = Stage::with(script, Config::default(), Delays { tool: Some(2_500), ..Delays::default() });
    stage.connect();
    for minute in 0..10 {
        let at = minute * 60_000;
        stage.caller(at + 3_000, "tell me the story");
        stage.caller(at + 5_200, "no stop please i have a question");
        stage.caller(at + 12_000, "look it up for me");
        stage.caller(at + 21_000, "tell me the story again");
        stage.caller(at + 23_500, "mhm");
        stage.noise(at + 24_900, 140);
        stage.caller(at + 30_000, "i want to move it to");
        stage.caller(at + 31_600, "tuesday at three");
        stage.keys(at + 40_000, "12#");
        stage.engine(at + 45_000, EngineKind::Thinking, minute % 2 == 1);
        stage.caller(at + 50_000, "and what about friday");
    }
    stage.run(600_000);
    assert_eq!(stage.hung_up, None);
    let decided = stage.call.brain().logged("decide");
    (stage.outputs, decided)
}

#[test]
fn twice_the_same() {
    let (first, decided) = call();
    let (second, _) = call();
    assert!(first == second, "the same inputs gave different outputs");
    assert_eq!(decided, 10 * 7);
    let held = first.iter().filter(|(_, output)| matches!(output, Output::PauseSpeech)).count();
    assert!(held >= 30, "{held}");
}
