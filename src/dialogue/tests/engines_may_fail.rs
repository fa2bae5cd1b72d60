//! An engine that dies in mid-call costs a phrase, never the call.

mod stage;

use dialogue::Outcome;
use dialogue::conversation::Config;
use dialogue::io::{EngineKind, Input, Output};
use stage::{Delays, Script, Stage};

const DOWN: &str = "I can't hear you just now.";

fn heard(stage: &Stage, text: &str) -> bool {
    stage.sounds.iter().any(|sound| sound.text == text)
}

#[test]
fn recognition_that_comes_back_in_time_is_asked_again() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.stt = None;
    let end = stage.caller(0, "what are your hours");
    stage.engine(850, EngineKind::Hearing, false);
    stage.run(1_800);
    stage.delays.stt = Some(100);
    stage.engine(0, EngineKind::Hearing, true);
    stage.run(3_000);
    assert_eq!(stage.said_after(end), ["One moment.", "I understand you very well."]);
}

/// The wait for a transcript ends while the agent says "one moment": giving up then would lose the
/// caller's words without a word about it.
#[test]
fn words_are_kept_while_a_phrase_fills_the_wait() {
    let mut config = Config::default();
    config.delay.transcript_ms = 800;
    let mut stage = Stage::with(Script::default(), config, Delays { stt: None, ..Delays::default() });
    stage.connect();
    stage.until_quiet();
    let end = stage.caller(0, "what are your hours");
    stage.engine(850, EngineKind::Hearing, false);
    stage.run(1_000 + 1_000);
    stage.delays.stt = Some(100);
    stage.engine(0, EngineKind::Hearing, true);
    stage.run(3_000);
    assert_eq!(stage.said_after(end), ["One moment.", "I understand you very well."]);
}

#[test]
fn recognition_that_stays_away_is_said_so_and_keys_still_work() {
    let mut stage = Stage::greeted(Script::default());
    stage.engine(0, EngineKind::Hearing, false);
    let end = stage.caller(100, "what are your hours");
    stage.run(4_000);
    assert!(heard(&stage, DOWN), "{:?}", stage.sounds);
    assert!(stage.audio_after(end).is_some_and(|at| at - end <= 1_000));
    stage.run(6_000);
    stage.keys(0, "12#");
    stage.run(2_000);
    assert!(stage.call.brain().log.contains(&"decide model: |12".to_owned()));
    assert_eq!(stage.hung_up, None);
}

#[test]
fn recognition_that_comes_back_is_said_so() {
    let mut stage = Stage::greeted(Script::default());
    stage.engine(0, EngineKind::Hearing, false);
    stage.caller(100, "what are your hours");
    stage.run(9_000);
    stage.engine(0, EngineKind::Hearing, true);
    stage.run(4_000);
    assert!(heard(&stage, "I can hear you again."), "{:?}", stage.sounds);
    stage.caller(0, "what are your hours");
    stage.run(3_000);
    assert_eq!(stage.call.brain().logged("decide"), 1);
}

#[test]
fn recognition_that_never_comes_back_ends_the_call_with_words() {
    let mut stage = Stage::greeted(Script::default());
    stage.engine(0, EngineKind::Hearing, false);
    stage.run(120_000);
    assert!(matches!(stage.hung_up, Some((_, Outcome::Failed))), "{:?}", stage.sounds);
    assert_eq!(stage.sounds.last().map(|sound| sound.text.as_str()), Some("Goodbye."));
}

#[test]
fn a_model_that_dies_is_done_without() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.llm = None;
    let end = stage.caller(0, "what are your hours");
    stage.engine(800 + 230, EngineKind::Thinking, false);
    stage.run(3_000);
    assert_eq!(stage.said_after(end), ["I understand you very well."]);
    assert!(stage.audio_after(end).is_some_and(|at| at - end < 400));
    // And while it is down, it is not asked.
    let asked = stage.count(|output| matches!(output, Output::Think { .. }));
    stage.caller(0, "and your prices");
    stage.run(3_000);
    assert_eq!(stage.count(|output| matches!(output, Output::Think { .. })), asked);
    assert_eq!(stage.call.brain().logged("decide alone"), 2);
}

#[test]
fn a_line_that_fails_is_tried_again() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.tts = None;
    let end = stage.caller(0, "what are your hours");
    stage.run(800 + 400);
    let Some((_, Output::Say { speech, .. })) =
        stage.outputs.iter().rev().find(|(_, o)| matches!(o, Output::Say { .. }))
    else {
        panic!("nothing said")
    };
    let failed = *speech;
    stage.delays.tts = Some(15);
    stage.input(Input::SpeechFailed(failed));
    stage.run(4_000);
    assert!(stage.said_after(end).contains(&"I understand you very well."), "{:?}", stage.sounds);
    let turn = stage.turns().into_iter().find(|turn| turn.turn == 1).map(|turn| turn.agent);
    assert!(turn.is_some_and(|agent| agent.contains("I understand you very well.")));
}

#[test]
fn a_voice_that_stalls_is_stopped_and_tried_again() {
    let mut stage = Stage::greeted(Script::default());
    stage.delays.tts = None;
    let end = stage.caller(0, "what are your hours");
    stage.run(800 + 400);
    stage.delays.tts = Some(15);
    stage.run(6_000);
    assert_eq!(stage.count(|output| matches!(output, Output::StopSpeech)), 1);
    assert!(stage.said_after(end).contains(&"I understand you very well."), "{:?}", stage.sounds);
}

#[test]
fn a_voice_that_is_gone_for_good_ends_the_call() {
    let mut stage = Stage::with(Script::default(), Config::default(), Delays { tts: None, ..Delays::default() });
    stage.connect();
    stage.run(180_000);
    assert!(stage.hung_up.is_some_and(|(at, _)| at < 120_000), "{:?}", stage.hung_up);
    assert!(stage.call.brain().log.iter().any(|entry| entry == "cut: "), "the brain knows that nothing was heard");
}
