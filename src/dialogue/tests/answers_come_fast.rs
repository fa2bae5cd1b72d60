//! From the caller's last sound to the agent's first: what is complete is answered at once.

mod stage;

use dialogue::Expect;
use dialogue::io::Output;
use stage::{Script, Stage};

#[test]
fn a_complete_turn_is_answered_within_400_ms() {
    // Silence 120: final asked; 220: text; 240: decided; 240 is past the wait of 220: said;
    // 255: first samples made, heard with the next 20 ms frame.
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, "i would like an appointment");
    stage.run(3_000);
    let heard = stage.audio_after(end);
    assert!(heard.is_some_and(|at| at - end <= 300), "{heard:?} after {end}");
}

#[test]
fn speculation_has_the_first_clause_made_before_the_turn_is_over() {
    // A yes or no is over after 180 ms at the earliest, its text is there at 220.
    let mut stage = Stage::greeted(Script { uses_model: false, ..Script::expecting(Expect::Name) });
    let end = stage.caller(0, "maria jones");
    stage.run(3_000);
    let prepared = stage.at_after(end, |output| matches!(output, Output::Prepare { .. }));
    let said = stage.at_after(end, |output| matches!(output, Output::Say { .. }));
    assert_eq!(prepared, Some(end + 220));
    assert_eq!(said, Some(end + 350));
}

#[test]
fn every_stage_is_timed() {
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, "what are your hours");
    stage.run(4_000);
    let turns = stage.turns();
    let turn = turns.iter().find(|turn| turn.turn == 1).unwrap_or_else(|| panic!("{turns:?}"));
    let timings = turn.timings;
    assert_eq!(turn.caller, "what are your hours");
    assert_eq!(turn.decision, "decided what are your hours");
    assert_eq!(turn.agent, "I understand you very well.");
    assert_eq!(timings.speech_end_ms, Some(end));
    assert_eq!(timings.transcript_ms, Some(end + 220));
    assert_eq!(timings.stt_decode_ms, Some(100));
    assert_eq!(timings.turn_end_ms, Some(end + 220));
    assert_eq!(timings.decision_ms, Some(end + 240));
    assert_eq!(timings.llm_total_ms, Some(20));
    assert_eq!(timings.say_ms, Some(end + 240));
    assert_eq!(timings.voice_ms, Some(end + 255));
    assert_eq!(timings.audio_ms, Some(end + 260));
}

#[test]
fn one_click_in_the_silence_does_not_delay_the_answer() {
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, "what are your hours");
    let click = end - stage.now + 160;
    stage.noise(click, 20);
    stage.run(3_000);
    assert!(stage.audio_after(end).is_some_and(|at| at - end <= 300));
}
