//! Who is recognised when: finals first, nothing that is not wanted. Needs espeak-ng.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod speech;
mod worker;

use std::time::Duration;

use engine::TranscriptKind::{Final, Partial};
use engine::{Down, Session, SttWork, Ticket, Up};
use worker::{answer, ask, feed, heard, reset, start};

const VOICE: &str = "en-us+f3";

#[test]
fn finals_go_before_partials_even_of_one_that_runs() {
    let mut rig = start();
    let long = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    for call in 1..=3 {
        feed(&mut rig, call, &long);
    }
    ask(&mut rig, 1, 1, Partial);
    ask(&mut rig, 2, 2, Partial);
    ask(&mut rig, 3, 3, Final);
    let order: Vec<u64> = (0..3).map(|_| answer(&mut rig).ticket.0).collect();
    assert_eq!(order, [3, 1, 2]);
}

#[test]
fn a_newer_request_replaces_a_waiting_partial() {
    let mut rig = start();
    let long = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    feed(&mut rig, 1, &long);
    feed(&mut rig, 2, &long);
    ask(&mut rig, 1, 1, Final); // keeps the recogniser busy
    ask(&mut rig, 2, 2, Partial);
    ask(&mut rig, 2, 3, Partial);
    ask(&mut rig, 2, 4, Final);
    let order: Vec<u64> = (0..2).map(|_| answer(&mut rig).ticket.0).collect();
    assert_eq!(order, [1, 4]);
    assert!(rig.receive_within(Duration::from_millis(300)).expect("the socket is open").is_none());
}

#[test]
fn a_cancelled_transcript_never_comes() {
    let mut rig = start();
    let long: Vec<i16> = (0..6).flat_map(|_| speech::say("the furnace is stuck again", VOICE)).collect();
    feed(&mut rig, 1, &long);
    ask(&mut rig, 1, 1, Final);
    rig.send(&Down::Cancel(Ticket(1))).expect("the worker listens");
    ask(&mut rig, 1, 2, Final);
    assert_eq!(answer(&mut rig).ticket, Ticket(2));
}

#[test]
fn a_ping_is_answered_while_it_recognises() {
    let mut rig = start();
    let long: Vec<i16> = (0..10).flat_map(|_| speech::say("the furnace is stuck again", VOICE)).collect();
    feed(&mut rig, 1, &long);
    ask(&mut rig, 1, 1, Final);
    rig.send(&Down::Ping(5)).expect("the worker listens");
    assert!(matches!(rig.receive(), Ok(Up::Pong(5))));
    assert_eq!(answer(&mut rig).ticket, Ticket(1));
}

#[test]
fn a_request_is_about_the_audio_fed_before_it() {
    let mut rig = start();
    let (first, second) = (speech::say("hello can you hear me", VOICE), speech::say("i need directions", VOICE));
    feed(&mut rig, 9, &first);
    ask(&mut rig, 9, 9, Final); // keeps the recogniser busy
    feed(&mut rig, 1, &first);
    ask(&mut rig, 1, 1, Final);
    reset(&mut rig, 1);
    feed(&mut rig, 1, &second);
    ask(&mut rig, 1, 2, Final);
    let texts: Vec<String> = (0..3).map(|_| answer(&mut rig).text).collect();
    assert_eq!(texts, ["hello can you hear me", "hello can you hear me", "i need directions"]);
}

#[test]
fn the_same_audio_is_recognised_once() {
    let mut rig = start();
    feed(&mut rig, 1, &speech::say("i need directions", VOICE));
    ask(&mut rig, 1, 1, Partial);
    let partial = answer(&mut rig);
    ask(&mut rig, 1, 2, Final);
    let last = answer(&mut rig);
    assert_eq!((last.ticket, &last.text, last.decode_ms), (Ticket(2), &partial.text, 0));
    // New audio is recognised anew.
    feed(&mut rig, 1, &speech::say("please", VOICE));
    ask(&mut rig, 1, 3, Final);
    assert!(answer(&mut rig).audio_ms > last.audio_ms);
}

#[test]
fn many_calls_hear_what_one_hears_alone() {
    let mut rig = start();
    let sentences: Vec<_> =
        include_str!("data/known-wording.txt").lines().take(6).map(|text| speech::say(text, VOICE)).collect();
    let alone: Vec<_> = sentences.iter().map(|samples| heard(&mut rig, 1, samples)).collect();
    let most = sentences.iter().map(|samples| samples.len() / 320 + 1).max().unwrap_or(0);
    // Frame by frame in turns, as calls come in.
    for frame in 0..most {
        for (call, samples) in (10..).zip(&sentences) {
            if let Some(part) = samples.chunks(320).nth(frame) {
                feed(&mut rig, call, part);
            }
        }
    }
    for call in (10..).take(sentences.len()) {
        ask(&mut rig, call, call, Final);
    }
    for alone in alone {
        let heard = answer(&mut rig);
        assert_eq!((heard.text, heard.confidence, heard.words), (alone.text, alone.confidence, alone.words));
    }
}

#[test]
fn an_utterance_is_bounded() {
    let mut rig = start();
    feed(&mut rig, 1, &vec![0; 70 * speech::RATE]);
    ask(&mut rig, 1, 1, Final);
    assert_eq!(answer(&mut rig).audio_ms, 30_000);
}

#[test]
fn a_language_it_does_not_know_fails() {
    let mut rig = start();
    feed(&mut rig, 1, &speech::say("hello", VOICE));
    for (ticket, language) in [(1, "de"), (2, "xx"), (3, "")] {
        let language = Some(language.to_owned());
        let work = SttWork::Transcribe { session: Session(1), ticket: Ticket(ticket), kind: Final, language };
        rig.work(work).expect("the worker takes work");
        assert!(matches!(rig.receive(), Ok(Up::Failed { ticket: Ticket(t), .. }) if t == ticket));
    }
    let language = Some("en".to_owned());
    rig.work(SttWork::Transcribe { session: Session(1), ticket: Ticket(4), kind: Final, language })
        .expect("the worker takes work");
    assert_eq!(answer(&mut rig).text, "hello");
}
