//! Speech over the agent: held at once, then stopped, or gone on with.

mod stage;

use dialogue::Expect;
use dialogue::io::Output;
use stage::{Script, Stage, act};

const STORY: &str = "Our first floor has many rooms with a view of the sea and a garden behind the house.";

/// A call in which the agent has just begun a story of 18 words; returns when it began.
fn storyteller(mut script: Script) -> (Stage, u64) {
    script.answers.push(("story", vec![act(STORY)]));
    let mut stage = Stage::greeted(script);
    stage.caller(0, "tell me the story");
    while stage.audio_after(stage.now).is_none() && !stage.sounds.iter().any(|sound| sound.text.starts_with("Our")) {
        stage.run(20);
    }
    let began = stage.now;
    (stage, began)
}

fn held(output: &Output) -> bool {
    matches!(output, Output::PauseSpeech)
}

fn resumed(output: &Output) -> bool {
    matches!(output, Output::ResumeSpeech)
}

fn stopped(output: &Output) -> bool {
    matches!(output, Output::StopSpeech)
}

#[test]
fn an_interruption_is_silence_within_100_ms_and_cuts_the_ledger() {
    let (mut stage, began) = storyteller(Script::default());
    // Speech from 1,000 ms into the story: by 1,080 ms five words of 200 ms are out, and the
    // fifth has reached the ear 40 ms later.
    stage.caller(1_000, "no wait please stop that now");
    stage.run(8_000);
    let hold = stage.at_after(began, held).unwrap_or_default();
    assert!(hold - (began + 1_000) <= 100, "held {} ms after the onset", hold - began - 1_000);
    let stop = stage.at_after(began, stopped).unwrap_or(u64::MAX);
    assert!(stop - hold <= 300, "verdict {} ms after the hold", stop - hold);
    assert_eq!(stage.count(resumed), 0);
    let log = &stage.call.brain().log;
    assert!(log.iter().any(|entry| entry == "cut: Our first floor has many"), "{log:?}");
    let turns = stage.turns();
    let told = turns.iter().find(|turn| turn.turn == 1).map(|turn| (turn.agent.as_str(), turn.interrupted));
    assert_eq!(told, Some(("Our first floor has many", true)));
    assert!(log.iter().any(|entry| entry == "decide model: no wait please stop that now|"), "{log:?}");
}

#[test]
fn mhm_lets_the_story_go_on() {
    for nod in ["mhm", "okay", "uh-huh", "yeah right"] {
        let (mut stage, began) = storyteller(Script::default());
        stage.caller(1_000, nod);
        stage.run(8_000);
        let (hold, resume) = (stage.at_after(began, held), stage.at_after(began, resumed));
        let wait = resume.zip(hold).map(|(resume, hold)| resume - hold);
        assert!(wait.is_some_and(|wait| wait <= 400), "{nod}: {wait:?}");
        assert_eq!(stage.count(stopped), 0, "{nod}");
        assert_eq!(stage.call.brain().logged("decide"), 1, "{nod} is no turn");
        assert!(stage.turns().iter().any(|turn| turn.agent == STORY && !turn.interrupted), "{nod}");
    }
}

#[test]
fn a_cough_lets_the_story_go_on_within_300_ms() {
    let (mut stage, began) = storyteller(Script::default());
    stage.noise(1_000, 160);
    stage.run(8_000);
    let (hold, resume) = (stage.at_after(began, held), stage.at_after(began, resumed));
    assert!(resume.zip(hold).is_some_and(|(resume, hold)| resume - hold <= 300), "{hold:?} {resume:?}");
    assert!(stage.turns().iter().any(|turn| turn.agent == STORY && !turn.interrupted));
    assert_eq!(stage.call.brain().logged("pardon"), 0);
}

#[test]
fn a_short_stop_stops_even_after_the_voice_went_on() {
    // "stop" takes 200 ms; its transcript comes at 420 ms, 120 ms after the verdict for noise.
    let (mut stage, began) = storyteller(Script::default());
    stage.caller(1_000, "stop");
    stage.run(3_000);
    let stop = stage.at_after(began, stopped);
    assert!(stop.is_some_and(|at| at - (began + 1_000) <= 500), "{stop:?}");
    assert!(stage.call.brain().log.iter().any(|entry| entry == "decide model: stop|"));
}

#[test]
fn echo_below_the_callers_level_never_holds_the_voice() {
    let (mut stage, began) = storyteller(Script::default());
    stage.caller_at(500, "our first floor has many", -45.0, 200);
    stage.run(8_000);
    assert_eq!(stage.at_after(began, held), None);
    assert!(stage.turns().iter().any(|turn| turn.agent == STORY));
}

#[test]
fn the_agents_own_words_come_back_are_an_echo() {
    let (mut stage, _) = storyteller(Script::default());
    stage.caller_at(500, "first floor has many", -28.0, 200);
    stage.run(8_000);
    assert_eq!(stage.count(stopped), 0);
    assert!(stage.turns().iter().any(|turn| turn.agent == STORY && !turn.interrupted));
}

#[test]
fn yes_at_the_end_of_a_question_is_its_answer() {
    let (mut stage, _) = storyteller(Script::expecting(Expect::YesNo));
    // 18 words: 3,600 ms; "yes" comes 400 ms before the end.
    stage.caller(3_200, "yes");
    stage.run(4_000);
    assert!(stage.call.brain().log.iter().any(|entry| entry == "decide model: yes|"));
}

#[test]
fn without_recognition_in_time_long_speech_is_an_interruption() {
    let (mut stage, began) = storyteller(Script::default());
    stage.delays.stt = Some(5_000);
    stage.caller(1_000, "no wait please stop that now");
    stage.run(3_000);
    let (hold, stop) = (stage.at_after(began, held), stage.at_after(began, stopped));
    assert_eq!(stop.zip(hold).map(|(stop, hold)| stop - hold), Some(600));
}
