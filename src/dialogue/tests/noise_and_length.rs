//! Long speech is recognised in parts; a line that never falls silent still gets answers.

mod stage;

use dialogue::io::Output;
use stage::{Script, Stage};

fn decided(stage: &Stage) -> Vec<String> {
    stage.call.brain().log.iter().filter(|entry| entry.starts_with("decide")).cloned().collect()
}

#[test]
fn thirty_seconds_without_a_breath_are_one_turn() {
    let words: Vec<String> = (0..150).map(|n| format!("w{n}x")).collect();
    let mut stage = Stage::greeted(Script::default());
    stage.caller(0, &words.join(" "));
    stage.run(34_000);
    assert_eq!(decided(&stage), [format!("decide model: {}|", words.join(" "))]);
    assert_eq!(stage.count(|output| matches!(output, Output::Listen { .. })), 2);
}

/// The agent speaks up now and then, misses little while it does, and answers the end as fast as any other.
#[test]
fn who_talks_for_five_minutes_is_answered() {
    let words: Vec<String> = (0..1_500).map(|n| format!("w{n}x")).collect();
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, &words.join(" "));
    stage.run(310_000);
    let decided = decided(&stage);
    let heard: Vec<&str> =
        decided.iter().flat_map(|turn| turn.split([' ', '|'])).filter(|w| w.starts_with('w')).collect();
    assert!(heard.len() + 30 > words.len() && heard.last() == Some(&"w1499x"), "{} words heard", heard.len());
    let longest = u64::from(dialogue::conversation::Config::default().turn.max_turn_ms) + 20_000;
    let mut before = 0;
    for sound in stage.sounds.iter().map(|sound| sound.from).filter(|from| *from < end).chain([end]) {
        assert!(sound - before < longest, "the agent was silent from {before} to {sound}");
        before = sound;
    }
    assert!(stage.audio_after(end).is_some_and(|at| at - end < 1_500), "{:?}", stage.sounds);
    assert_eq!(stage.hung_up, None);
}

#[test]
fn a_long_utterance_is_closed_at_its_pause() {
    // 35 words: 7 s, more than a segment's 6 s; then a pause, then more.
    let long = "word ".repeat(34) + "to";
    let mut stage = Stage::greeted(Script::default());
    stage.caller(0, &long);
    stage.caller(7_000 + 600, "tuesday");
    stage.run(12_000);
    assert_eq!(decided(&stage), [format!("decide model: {long} tuesday|")]);
    assert_eq!(stage.count(|output| matches!(output, Output::Listen { .. })), 2);
}

#[test]
fn words_in_front_of_endless_noise_are_answered() {
    let mut stage = Stage::greeted(Script::default());
    let end = stage.caller(0, "what are your hours");
    stage.noise(800, 60_000);
    stage.run(6_000);
    assert_eq!(decided(&stage), ["decide model: what are your hours|"]);
    assert!(stage.audio_after(end).is_some_and(|at| at - end < 3_500), "{:?}", stage.sounds);
}

#[test]
fn noise_alone_is_asked_about_and_the_call_ends_some_day() {
    let mut stage = Stage::greeted(Script::default());
    stage.noise(0, 2_000_000);
    stage.run(9_000);
    assert_eq!(stage.call.brain().logged("pardon"), 1);
    stage.run(1_000_000);
    assert!(stage.hung_up.is_some());
}

#[test]
fn who_speaks_again_over_noise_is_heard_again() {
    let mut stage = Stage::greeted(Script::default());
    stage.caller(0, "what are your hours");
    stage.noise(800, 9_200);
    stage.caller(10_000, "and on sunday");
    stage.noise(10_600, 9_000);
    stage.run(20_000);
    assert_eq!(decided(&stage), ["decide model: what are your hours|", "decide model: and on sunday|"]);
}
