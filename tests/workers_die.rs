//! `kill -9` of any engine in mid-call: the caller hears a phrase, the call goes on, what was
//! asked for happens, and another worker takes over.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod appliance;

use std::time::Duration;

use appliance::{Site, process};
use jiff::civil::Weekday;
use rustix::process::Signal;

/// What the caller may have to wait for words when an engine dies.
const ANSWER: Duration = Duration::from_secs(3);
const SCRIPT: &str = "I would like to book a haircut on tuesday at three o'clock\n\
                      my name is Anna Smith\nyes please\nno that's all thank you\n";

/// One call, a killed engine in each of its turns, each back as fast as it can be.
#[test]
fn one_after_the_other_in_one_call() {
    let Some(site) = Site::new("workers-die") else { return };
    let appliance = site.start(&[]);
    let caller = site.dial(&appliance.uri, SCRIPT, &[]);
    let mut dead = Vec::new();
    for (event, turn, engine) in [
        ("caller_speech_start", 1, "stt"),
        ("caller_speech_end", 1, "llm"),
        ("caller_speech_end", 2, "tts"),
        ("caller_speech_end", 3, "stt"),
    ] {
        caller.wait(event, Some(turn));
        let pid = appliance.worker(&format!("callbox-{engine}"));
        process::kill(pid);
        dead.push((engine, pid));
    }
    let call = caller.finish();
    call.assert_answered(4, ANSWER);
    assert_eq!(site.only_call()[0]["outcome"], "completed");
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 1, "{bookings:#?}");
    bookings[0].assert_is("haircut", Weekday::Tuesday, 15, 0);
    for (engine, pid) in dead {
        assert!(!process::runs(pid));
        appliance.replaced(engine, pid);
    }
}

/// A recogniser that dies as the caller ends and takes a second to come back, as a large model
/// does: what the caller said is not lost.
#[test]
fn what_was_said_is_heard_by_the_next_recogniser() {
    dies_at_the_end_of_the_first_turn("callbox-stt");
}

/// The same for the voice: a phrase fills the wait.
#[test]
fn what_is_to_be_said_is_said_by_the_next_voice() {
    dies_at_the_end_of_the_first_turn("callbox-tts");
}

/// One that is stopped says nothing of it: it is missed within a second, and the caller hears of it no
/// later than of one that is killed.
#[test]
fn a_frozen_engine_is_missed_and_replaced() {
    for (worker, engine) in [("callbox-stt", "stt"), ("callbox-llm", "llm"), ("callbox-tts", "tts")] {
        let Some(site) = Site::new(&format!("{worker}-frozen")) else { return };
        let appliance = site.start(&[]);
        let caller = site.dial(&appliance.uri, SCRIPT, &["--patience-ms", "1500"]);
        caller.wait("caller_speech_end", Some(1));
        let pid = appliance.worker(worker);
        process::signal(pid, Signal::STOP);
        let call = caller.finish();
        call.assert_answered(4, ANSWER);
        appliance.replaced(engine, pid);
        assert!(!process::runs(pid), "the stopped one is gone");
        assert_eq!(site.assert_sound(2).len(), 1, "{}", call.told());
    }
}

fn dies_at_the_end_of_the_first_turn(worker: &str) {
    let Some(site) = Site::new(&format!("{worker}-dies")) else { return };
    let workers = site.slow_to_return(worker, 1);
    let appliance = site.start(&[&format!("engines.workers={}", workers.display())]);
    // The caller waits until the agent has really said something, not just "one moment".
    let caller = site.dial(&appliance.uri, SCRIPT, &["--patience-ms", "1500"]);
    caller.wait("caller_speech_end", Some(1));
    process::kill(appliance.worker(worker));
    let call = caller.finish();
    call.assert_answered(4, ANSWER);
    let bookings = site.assert_sound(2);
    assert_eq!(bookings.len(), 1, "{bookings:#?}\n{}", call.told());
    bookings[0].assert_is("haircut", Weekday::Tuesday, 15, 0);
}
