//! While something is owed and nothing is heard, delay phrases come at growing gaps.

mod stage;

use dialogue::io::Output;
use dialogue::{Act, ToolCall, ToolResult};
use stage::{Delays, Script, Stage};

fn asking() -> Script {
    Script::answering("question", vec![Act::Tool(ToolCall::Knowledge { question: "q".into() })])
}

fn asked(delays: Delays) -> (Stage, u64) {
    let mut stage = Stage::with(asking(), Default::default(), delays);
    stage.connect();
    stage.until_quiet();
    stage.run(1_000);
    let end = stage.caller(0, "a question");
    (stage, end)
}

#[test]
fn a_fast_tool_needs_no_words() {
    let (mut stage, end) = asked(Delays::default());
    stage.run(4_000);
    assert_eq!(stage.said_after(end), ["That is done."]);
    assert!(stage.audio_after(end).is_some_and(|at| at - end <= 300));
}

#[test]
fn a_turn_that_took_long_to_end_is_not_answered_with_a_filler() {
    let mut stage = Stage::with(asking(), Default::default(), Delays { tool: Some(50), ..Delays::default() });
    stage.connect();
    stage.until_quiet();
    stage.run(1_000);
    // It trails off, so the wait for its end is longer than the one for the first filler.
    let end = stage.caller(0, "a question about the");
    stage.run(4_000);
    assert_eq!(stage.said_after(end), ["That is done."]);
    assert!(stage.audio_after(end).is_some_and(|at| at - end >= 900));
}

#[test]
fn a_slow_tool_is_covered_at_growing_gaps() {
    let (mut stage, end) = asked(Delays { tool: Some(9_000), ..Delays::default() });
    stage.run(12_000);
    assert_eq!(stage.said_after(end), ["One moment.", "Still looking.", "Sorry, nearly there.", "That is done."]);
    let heard: Vec<_> = stage.sounds.iter().filter(|sound| sound.from > end).collect();
    let gaps: Vec<_> = heard.windows(2).map(|pair| pair[1].from - pair[0].to).collect();
    assert!(heard[0].from - end <= 900, "{heard:?}");
    assert!(gaps[1] > gaps[0], "{gaps:?}");
}

#[test]
fn a_tool_that_never_answers_has_failed() {
    let (mut stage, end) = asked(Delays { tool: None, ..Delays::default() });
    stage.run(16_000);
    assert!(stage.call.brain().log.contains(&"tool failed".to_owned()));
    assert_eq!(stage.said_after(end).last(), Some(&"That is done."));
}

#[test]
fn a_model_that_never_answers_is_done_without() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.llm = None;
    let end = stage.caller(0, "what are your hours");
    stage.run(5_000);
    assert_eq!(stage.said_after(end), ["One moment.", "I understand you very well."]);
    assert!(stage.call.brain().log.contains(&"decide alone: what are your hours|".to_owned()));
    assert_eq!(stage.count(|output| matches!(output, Output::CancelThink { .. })), 1);
}

#[test]
fn a_transcript_that_never_comes_gives_way_to_the_hypothesis_or_a_question() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.stt = None;
    let end = stage.caller(0, "what are your hours");
    stage.run(9_000);
    assert_eq!(stage.said_after(end), ["One moment.", "Still looking.", "Sorry, nearly there.", "Pardon me?"]);
}

#[test]
fn a_late_transcript_is_waited_for_where_the_hypothesis_lacks_the_end() {
    let decided = |partials_until_the_end: bool, late_by: u64| {
        let mut stage = Stage::greeted(Script::default());
        (stage.delays.stt, stage.finals_late_by) = (Some(20), late_by);
        if !partials_until_the_end {
            stage.no_partials_from = stage.now + 900;
        }
        let end = stage.caller(0, "i would like to book a haircut on wednesday at three");
        stage.run(12_000);
        let decided = stage.call.brain().log.iter().find(|entry| entry.starts_with("decide")).cloned();
        let after = stage.at_after(end, |output| matches!(output, Output::Think { .. })).map(|at| at - end);
        (decided.unwrap_or_default(), after.unwrap_or_default())
    };
    let whole = "decide model: i would like to book a haircut on wednesday at three|";
    let (heard, after) = decided(false, 4_000);
    assert!(heard == whole && (4_000..4_500).contains(&after), "{heard} {after}");
    let (heard, after) = decided(true, 60_000);
    assert!(heard.starts_with("decide model: i would like to book a haircut on wednesday"), "{heard}");
    assert!(after < 2_500, "{after}");
    // In the end half of it is better than nothing.
    let (heard, after) = decided(false, 60_000);
    assert!(heard.starts_with("decide model: i would") && (5_000..5_500).contains(&after), "{heard} {after}");
}

#[test]
fn tools_carry_keys_that_never_repeat() {
    let tool = || Act::Tool(ToolCall::Knowledge { question: "q".into() });
    let mut script = Script::answering("question", vec![tool(), tool()]);
    script.after_tool = Vec::new();
    let mut stage = Stage::greeted(script);
    stage.caller(0, "a question");
    stage.run(5_000);
    stage.caller(0, "another question");
    stage.run(5_000);
    let keys = stage.outputs.iter().filter_map(|(_, output)| match output {
        Output::Tool { key, .. } => Some(key.clone()),
        _ => None,
    });
    assert_eq!(keys.collect::<Vec<_>>(), ["1-0", "1-1", "2-0", "2-1"]);
    let turn = stage.turns().into_iter().find(|turn| turn.turn == 1).map(|turn| turn.tools.len());
    assert_eq!(turn, Some(2));
}

#[test]
fn a_brain_that_goes_round_in_circles_is_stopped() {
    let tool = Act::Tool(ToolCall::Knowledge { question: "q".into() });
    let mut script = Script::answering("question", vec![tool.clone()]);
    script.after_tool = vec![tool];
    let mut stage = Stage::greeted(script);
    stage.tool = |_| ToolResult::Taken;
    stage.caller(0, "a question");
    stage.run(20_000);
    assert_eq!(stage.count(|output| matches!(output, Output::Tool { .. })), 16);
    assert!(stage.call.brain().logged("silence") > 0, "the call goes on");
}
