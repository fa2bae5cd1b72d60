//! Nobody speaks: asked once, asked again, goodbye. And goodbye is heard before the line closes.

mod stage;

use dialogue::conversation::Config;
use dialogue::{Act, Outcome};
use stage::{Delays, Script, Stage, act};

#[test]
fn nobody_speaks() {
    let mut stage = Stage::new(Script::default());
    stage.connect();
    stage.until_end(60_000);
    let asked: Vec<_> =
        stage.sounds.iter().filter(|sound| sound.text.contains("still there")).map(|s| s.from).collect();
    assert_eq!(asked.len(), 2, "{:?}", stage.sounds);
    // The greeting of ten words ends at 2,000 ms.
    assert!((9_000..9_100).contains(&asked[0]), "{asked:?}");
    let goodbye = stage.sounds.last().map(|sound| (sound.text.as_str(), sound.to));
    let Some((at, outcome)) = stage.hung_up else { panic!("still there") };
    assert_eq!(outcome, Outcome::Silence);
    assert!(goodbye.is_some_and(|(text, to)| text == "Goodbye then." && (250..400).contains(&(at - to))));
}

#[test]
fn a_line_without_any_packets_is_closed_the_same_way() {
    let mut stage = Stage::new(Script::default());
    stage.silent_frames = false;
    stage.connect();
    stage.until_end(60_000);
    assert!(matches!(stage.hung_up, Some((_, Outcome::Silence))));
}

#[test]
fn an_answer_starts_the_count_anew() {
    let mut stage = Stage::greeted(Script::default());
    stage.run(8_000);
    stage.caller(0, "yes i am");
    stage.run(12_000);
    let asked = stage.call.brain().log.iter().filter(|entry| *entry == "silence 1").count();
    assert_eq!(asked, 2, "{:?}", stage.call.brain().log);
}

#[test]
fn a_cough_into_the_silence_needs_no_answer() {
    let mut stage = Stage::greeted(Script::default());
    stage.noise(0, 300);
    stage.run(4_000);
    assert_eq!(stage.call.brain().logged("pardon"), 0);
    assert_eq!(stage.call.brain().logged("decide"), 0);
}

#[test]
fn long_sound_without_words_is_asked_about() {
    let mut stage = Stage::greeted(Script::default());
    stage.noise(0, 1_500);
    stage.run(4_000);
    assert_eq!(stage.call.brain().logged("pardon 1"), 1);
}

#[test]
fn a_click_is_never_recognised() {
    let mut stage = Stage::greeted(Script::default());
    stage.noise(0, 60);
    stage.run(2_000);
    assert_eq!(stage.count(|output| matches!(output, dialogue::io::Output::Transcribe { .. })), 0);
}

fn leaving() -> Script {
    Script::answering("that is all", vec![act("Thank you for your call, goodbye."), Act::HangUp(Outcome::Completed)])
}

#[test]
fn goodbye_is_played_to_its_end() {
    let mut stage = Stage::greeted(leaving());
    stage.caller(0, "that is all");
    stage.until_end(10_000);
    let end = stage.sounds.last().map_or(0, |sound| sound.to);
    assert!(matches!(stage.hung_up, Some((at, Outcome::Completed)) if at > end && at - end < 400));
    let last = stage.turns().pop().map(|turn| turn.agent);
    assert_eq!(last.as_deref(), Some("Thank you for your call, goodbye."));
}

#[test]
fn bye_over_goodbye_ends_the_call_and_a_question_keeps_it() {
    let mut stage = Stage::greeted(leaving());
    stage.caller(0, "that is all");
    stage.caller(1_200, "thank you bye bye");
    stage.until_end(10_000);
    assert!(matches!(stage.hung_up, Some((_, Outcome::Completed))), "{:?}", stage.outputs.last());
    assert_eq!(stage.call.brain().logged("decide"), 1);

    let mut stage = Stage::greeted(leaving());
    stage.caller(0, "that is all");
    stage.caller(1_200, "oh wait one more question please");
    stage.run(6_000);
    assert_eq!(stage.hung_up, None);
    assert_eq!(stage.call.brain().logged("decide"), 2);
}

#[test]
fn the_longest_call_ends_with_words() {
    let config = Config { max_call_ms: 60_000, time_is_up_lead_ms: 20_000, ..Config::default() };
    let mut stage = Stage::with(Script::default(), config, Delays::default());
    stage.connect();
    for nth in 0..20 {
        stage.caller(3_000 + nth * 4_000, "and another thing");
    }
    stage.until_end(70_000);
    assert!(
        matches!(stage.hung_up, Some((at, Outcome::TooLong)) if (40_000..60_000).contains(&at)),
        "{:?}",
        stage.hung_up
    );
    assert_eq!(stage.said_after(30_000).last(), Some(&"Our time is up."));
}

#[test]
fn the_longest_call_ends_even_if_nobody_is_listening() {
    let config = Config { max_call_ms: 60_000, time_is_up_lead_ms: 20_000, ..Config::default() };
    let mut stage = Stage::with(Script::default(), config, Delays { tts: None, ..Delays::default() });
    stage.connect();
    stage.noise(1_000, 100_000);
    stage.until_end(70_000);
    assert!(matches!(stage.hung_up, Some((at, _)) if at <= 60_000), "{:?}", stage.hung_up);
}
