//! The call scripts of benches/calls, by text: with a silent model the known wordings still end
//! as expected, and no wording ends in an effect that was not wanted.
#![allow(clippy::expect_used)] // a test may say what it stands on

mod front_desk;

use dialogue::Heard;
use front_desk::scripts::{Misheard, by_voice, done, misheard, play, play_misheard, scripts};

#[test]
fn there_are_thirty_of_each() {
    assert_eq!((scripts("known").len(), scripts("free").len()), (30, 30));
}

#[test]
fn known_wordings_end_as_expected() {
    let mut wrong = String::new();
    for script in scripts("known") {
        let (call, spoken) = play(&script);
        if let Err(why) = done(&script, &call) {
            wrong.push_str(&format!("{}: {why}\n{spoken}\n", script.file));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn free_wordings_never_end_in_a_wrong_effect() {
    let mut wrong = String::new();
    let mut right = 0;
    for script in scripts("free") {
        let (call, spoken) = play(&script);
        match done(&script, &call) {
            Ok(()) => right += 1,
            Err(why) if why.starts_with("no ") => {
                if std::env::var_os("SHOW_CALLS").is_some() {
                    println!("{}: {why}\n{spoken}", script.file);
                }
            }
            Err(why) => wrong.push_str(&format!("{}: {why}\n{spoken}\n", script.file)),
        }
    }
    println!("free wording, no model: {right} of 30 as expected");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Of these scripts as heard in real calls, so many must end as expected; none wrongly.
fn heard_calls(folder: &str, transcripts: &str, at_least: usize) {
    let heard = misheard(transcripts);
    let (mut wrong, mut right) = (String::new(), 0);
    for script in scripts(folder) {
        let turns = heard.get(&script.file).expect("a transcript of each script");
        let (call, spoken) = play_misheard(&script, turns);
        match done(&script, &call) {
            Ok(()) => right += 1,
            Err(why) => {
                if std::env::var_os("SHOW_CALLS").is_some() {
                    println!("{}: {why}\n{spoken}", script.file);
                }
                if !why.starts_with("no ") {
                    wrong.push_str(&format!("{}: {why}\n{spoken}\n", script.file));
                }
            }
        }
    }
    println!("{folder} wording as heard: {right} of 30 as expected");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(right >= at_least, "{folder}: {right} of 30 as expected, at least {at_least} were");
}

#[test]
fn known_wordings_survive_a_small_recogniser() {
    heard_calls("known", include_str!("front_desk/misheard/known.txt"), 27);
}

#[test]
fn free_wordings_through_a_small_recogniser_never_end_in_a_wrong_effect() {
    heard_calls("free", include_str!("front_desk/misheard/free.txt"), 14);
}

/// All scripts of a folder by each of six voices, as the starter recogniser heard them, with a
/// silent model and a caller who goes on with the script whatever is asked.
fn calls_by_six_voices(folder: &str, at_least_percent: usize) {
    let heard = by_voice(include_str!("front_desk/misheard/voices.txt"));
    let (mut calls, mut right, mut wrong) = (0, 0, String::new());
    for script in scripts(folder) {
        for voice in 0..6 {
            let line = |said: &String| heard.get(said.trim()).and_then(|voices| voices.get(voice)).cloned();
            let turn = |said: &String| Misheard { heard: line(said).unwrap_or_else(Heard::default), decision: None };
            let turns: Vec<Misheard> = script.turns.iter().map(turn).collect();
            let (call, spoken) = play_misheard(&script, &turns);
            calls += 1;
            match done(&script, &call) {
                Ok(()) => right += 1,
                Err(why) if why.starts_with("no ") => {}
                Err(why) => wrong.push_str(&format!("{}, voice {voice}: {why}\n{spoken}\n", script.file)),
            }
        }
    }
    println!("{folder} wording by six voices: {right} of {calls} as expected");
    assert!(wrong.is_empty(), "{wrong}");
    assert!(right * 100 >= calls * at_least_percent, "{folder}: {right} of {calls}");
}

#[test]
fn known_wordings_by_voices_never_heard_before() {
    calls_by_six_voices("known", 80);
}

#[test]
fn free_wordings_by_voices_never_heard_before() {
    calls_by_six_voices("free", 50);
}
