//! The first words go out with the connection, and the disclosure can't be talked away.

mod stage;

use dialogue::io::Output;
use stage::script::GREETING;
use stage::{Script, Stage};

#[test]
fn the_greeting_leaves_as_the_call_connects() {
    let mut stage = Stage::new(Script::default());
    stage.connect();
    assert!(matches!(stage.outputs.first(), Some((0, Output::Say { speech: 1, .. }))), "{:?}", stage.outputs);
    stage.run(100);
    assert_eq!(stage.audio_after(0), Some(20));
}

#[test]
fn speech_over_the_disclosure_neither_holds_nor_stops_it() {
    // The disclosure takes 6 words x 200 ms = 1,200 ms; the caller asks at 400 ms.
    let mut stage = Stage::new(Script::default());
    stage.connect();
    stage.caller(400, "i need an appointment");
    stage.run(5_000);
    let disclosed = stage.sounds.iter().filter(|sound| GREETING.contains(&sound.text)).map(|s| s.to).max();
    assert_eq!(disclosed, Some(1_200), "{:?}", stage.sounds);
    let held = stage.at(|output| matches!(output, Output::PauseSpeech | Output::StopSpeech));
    assert!(held.is_none_or(|at| at >= 1_200), "{held:?}");
}

#[test]
fn what_was_said_over_the_disclosure_is_answered_after_it() {
    let mut stage = Stage::new(Script::default());
    stage.connect();
    // Over the caller's turn (400..800 ms) the disclosure goes on to 1,200 ms; the offer of
    // help that would follow is no longer needed.
    stage.caller(400, "appointment please");
    stage.run(4_000);
    let said = stage.said_after(1_200);
    assert!(said.contains(&"I understand you very well."), "{said:?}");
    assert!(!said.contains(&"How can I help?") || said.len() == 2, "{said:?}");
    assert_eq!(stage.call.brain().logged("decide"), 1);
    assert!(stage.audio_after(1_221).is_some_and(|at| at < 1_400), "{:?}", stage.sounds);
}

#[test]
fn hello_over_the_greeting_is_no_turn() {
    let mut stage = Stage::new(Script::default());
    stage.connect();
    stage.caller(300, "hello");
    stage.run(4_000);
    assert_eq!(stage.call.brain().logged("decide"), 0);
    assert!(stage.said_after(0).contains(&"How can I help?"));
}
