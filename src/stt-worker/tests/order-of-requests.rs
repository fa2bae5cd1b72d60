//! Who is recognised when: finals first, nothing that is not wanted. Needs espeak-ng.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod speech;
mod worker;

use std::collections::BTreeSet;

use engine::TranscriptKind::{Ahead, Final, Partial};
use engine::{Down, Session, SttWork, Ticket, Up};
use worker::{answer, ask, ask_within, feed, heard, memory_kb, reset, start, start_with};

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
    let answers: Vec<_> = (0..4).map(|_| answer(&mut rig)).collect();
    let with_words: Vec<u64> =
        answers.iter().filter(|answer| !answer.text.is_empty()).map(|answer| answer.ticket.0).collect();
    assert_eq!(with_words, [1, 4]);
    let tickets: BTreeSet<u64> = answers.iter().map(|answer| answer.ticket.0).collect();
    assert_eq!(tickets, BTreeSet::from([1, 2, 3, 4]), "every request is answered once");
}

#[test]
fn what_is_due_first_goes_first() {
    let mut rig = start();
    let long = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    for call in 1..=4 {
        feed(&mut rig, call, &long);
    }
    ask(&mut rig, 1, 1, Final); // keeps the recogniser busy
    for (call, due_ms) in [(2, 9_000), (3, 3_000), (4, 6_000)] {
        ask_within(&mut rig, call, call, Partial, due_ms);
    }
    let order: Vec<u64> = (0..4).map(|_| answer(&mut rig).ticket.0).collect();
    assert_eq!(order, [1, 3, 4, 2]);
}

#[test]
fn under_load_partials_vanish_and_finals_do_not() {
    let mut rig = start();
    let long = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    for call in 1..=6 {
        feed(&mut rig, call, &long);
    }
    ask_within(&mut rig, 6, 6, Partial, 1);
    for call in 1..=5 {
        ask_within(&mut rig, call, call, Final, 0);
    }
    let answers: Vec<_> = (0..6).map(|_| answer(&mut rig)).collect();
    let (partials, finals): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.ticket == Ticket(6));
    assert!(partials.iter().all(|partial| partial.text.is_empty()));
    assert!(finals.len() == 5 && finals.iter().all(|answer| !answer.text.is_empty()));
}

#[test]
fn a_final_of_what_is_being_recognised_takes_that_transcript() {
    let mut rig = start();
    let long: Vec<i16> = (0..4).flat_map(|_| speech::say("the furnace is stuck again", VOICE)).collect();
    feed(&mut rig, 1, &long);
    ask(&mut rig, 1, 1, Ahead);
    ask(&mut rig, 1, 2, Final);
    let (first, second) = (answer(&mut rig), answer(&mut rig));
    assert_eq!((first.ticket, second.ticket), (Ticket(1), Ticket(2)));
    assert!(!second.text.is_empty());
    // Made once, for both; or the first had not been begun, and the final took its place.
    let (same, replaced) = (first.decode_ms == second.decode_ms, first.text.is_empty());
    assert!((same && first.text == second.text) || replaced, "{first:?} {second:?}");
}

#[test]
fn several_lanes_hear_what_one_hears() {
    let sentences: Vec<_> =
        include_str!("data/known-wording.txt").lines().take(6).map(|text| speech::say(text, VOICE)).collect();
    let [alone, together] = ["1", "3"].map(|lanes| {
        let mut rig = start_with(lanes);
        for (call, samples) in (1..).zip(&sentences) {
            feed(&mut rig, call, samples);
            ask(&mut rig, call, call, Final);
        }
        let mut heard: Vec<_> = sentences.iter().map(|_| answer(&mut rig)).collect();
        heard.sort_by_key(|answer| answer.ticket);
        heard.into_iter().map(|answer| (answer.text, answer.confidence, answer.words)).collect::<Vec<_>>()
    });
    assert!(alone.iter().all(|(text, ..)| !text.is_empty()));
    assert_eq!(alone, together);
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
    ask(&mut rig, 1, 1, Ahead);
    let ahead = answer(&mut rig);
    for (ticket, kind) in [(2, Partial), (3, Final)] {
        ask(&mut rig, 1, ticket, kind);
        let same = answer(&mut rig);
        assert_eq!((same.ticket, &same.text, same.decode_ms), (Ticket(ticket), &ahead.text, 0));
    }
    // New audio is recognised anew.
    feed(&mut rig, 1, &speech::say("please", VOICE));
    ask(&mut rig, 1, 4, Partial);
    let quick = answer(&mut rig);
    assert!(quick.audio_ms > ahead.audio_ms);
    // What was recognised quickly is no final.
    ask(&mut rig, 1, 5, Final);
    assert!(answer(&mut rig).decode_ms > 0);
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
fn a_caller_who_talks_for_five_minutes_is_heard_to_the_end() {
    let mut rig = start();
    // Long enough that a piece holds one: the starter model was taught single sentences.
    let sentence = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    let pause = vec![0; speech::RATE];
    let times = 5 * 60 * speech::RATE / (sentence.len() + pause.len());
    let before = memory_kb(rig.pid());
    for n in 0..times {
        feed(&mut rig, 1, &sentence);
        feed(&mut rig, 1, &pause);
        if n % 5 == 0 {
            // Keeps step with the recogniser: real callers take their time.
            ask(&mut rig, 1, 1, Partial);
            answer(&mut rig);
        }
    }
    ask(&mut rig, 1, 2, Final);
    let heard = answer(&mut rig);
    assert!(heard.audio_ms > 4 * 60_000, "{} ms", heard.audio_ms);
    let count = heard.text.matches("appointment").count();
    assert!(count * 10 >= times * 9, "{count} of {times} sentences");
    assert_eq!(heard.words.len(), heard.text.split(' ').count());
    let grown = memory_kb(rig.pid()).saturating_sub(before);
    assert!(grown < 48 * 1024, "{grown} KB more");
}

#[test]
fn what_came_before_a_pause_is_heard_once_and_stays() {
    let mut rig = start();
    let (first, pause) = (speech::say("i would like to book an appointment please", VOICE), vec![0; speech::RATE / 5]);
    let second = speech::say("i need directions", VOICE);
    // The pause could have been the end, so it was asked about.
    feed(&mut rig, 1, &first);
    ask(&mut rig, 1, 1, Final);
    let before = answer(&mut rig);
    feed(&mut rig, 1, &[&pause[..], &second].concat());
    ask(&mut rig, 1, 2, Final);
    let whole = answer(&mut rig);
    assert_eq!(whole.text, format!("{} i need directions", before.text));
    assert_eq!(whole.words.get(..before.words.len()), Some(&before.words[..]), "not recognised again");
    // The same without a question in between.
    feed(&mut rig, 2, &[&first[..], &pause, &second].concat());
    ask(&mut rig, 2, 1, Final);
    assert_eq!(answer(&mut rig).text, whole.text);
}

#[test]
fn what_was_heard_of_a_breath_is_not_heard_again() {
    let mut rig = start();
    let whole = speech::say("i would like to book an appointment for tuesday at three o'clock", VOICE);
    let (before, after) = whole.split_at(5 * speech::RATE / 2);
    let alone = heard(&mut rig, 9, &whole);
    for (call, (first, second, is_joined)) in
        (1..).zip([(Ahead, Final, true), (Partial, Partial, true), (Ahead, Partial, true), (Partial, Final, false)])
    {
        feed(&mut rig, call, before);
        ask(&mut rig, call, 1, first);
        let begun = answer(&mut rig);
        feed(&mut rig, call, after);
        ask(&mut rig, call, 2, second);
        let all = answer(&mut rig);
        assert_eq!(all.text, alone.text);
        assert_eq!(all.words.len(), all.text.split(' ').count());
        // What was heard so surely by chance would be a wonder.
        assert_eq!(all.words.get(..3) == begun.words.get(..3), is_joined, "{begun:?} {all:?}");
    }
}

#[test]
fn sound_that_nobody_asks_about_is_bounded() {
    let mut rig = start();
    feed(&mut rig, 1, &speech::noise(30.0, 0.2, 7));
    ask(&mut rig, 1, 1, Final);
    answer(&mut rig);
    let before = memory_kb(rig.pid()); // whisper.cpp has its buffers
    for _ in 0..20 {
        feed(&mut rig, 1, &speech::noise(20.0, 0.2, 7));
    }
    ask(&mut rig, 1, 2, Final);
    answer(&mut rig);
    let grown = memory_kb(rig.pid()).saturating_sub(before);
    assert!(grown < 64 * 1024, "{grown} KB more");
}

#[test]
fn a_language_it_does_not_know_fails() {
    let mut rig = start();
    feed(&mut rig, 1, &speech::say("hello", VOICE));
    for (ticket, language) in [(1, "de"), (2, "xx"), (3, "")] {
        let language = Some(language.to_owned());
        let work =
            SttWork::Transcribe { session: Session(1), ticket: Ticket(ticket), kind: Final, language, due_ms: 0 };
        rig.work(work).expect("the worker takes work");
        assert!(matches!(rig.receive(), Ok(Up::Failed { ticket: Ticket(t), .. }) if t == ticket));
    }
    let language = Some("en".to_owned());
    rig.work(SttWork::Transcribe { session: Session(1), ticket: Ticket(4), kind: Final, language, due_ms: 0 })
        .expect("the worker takes work");
    assert_eq!(answer(&mut rig).text, "hello");
}
