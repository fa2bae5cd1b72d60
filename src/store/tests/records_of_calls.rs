//! The record of a call comes back as it went in, and never makes the call wait.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{HOLD_MS, NOW_MS, Scratch, book, haircut, half_hour, request};
use store::{
    CallEnd, CallStart, Ending, Held, Moment, Origin, Recorded, Recording, Settings, Signalling, Stages, Store,
    StoreError, Turn,
};

fn start(id: &str, unix_ms: i64) -> CallStart {
    CallStart {
        id: id.into(),
        business: "Salon".into(),
        caller_number: "5550100".into(),
        called_number: "100".into(),
        at: Moment { unix_ms, local: half_hour(0).start },
    }
}

fn turn(call: &str, nth: u32) -> Turn {
    Turn {
        call: call.into(),
        turn: nth,
        caller_text: "a haircut on monday".into(),
        confidence: 0.875,
        keyed: "12#".into(),
        decision: r#"{"do":"book"}"#.into(),
        tools: serde_json::json!([{"tool": "free_slots"}]),
        agent_text: "At nine?".into(),
        interrupted: true,
        stages: Stages {
            speech_end_ms: Some(1),
            transcript_ms: Some(2),
            stt_decode_ms: Some(3),
            turn_end_ms: Some(4),
            decision_ms: Some(5),
            llm_first_ms: Some(6),
            llm_total_ms: Some(7),
            tools_ms: Some(8),
            say_ms: Some(9),
            voice_ms: Some(10),
            audio_ms: None,
        },
    }
}

fn end(id: &str) -> CallEnd {
    CallEnd {
        id: id.into(),
        unix_ms: NOW_MS + 65_000,
        outcome: "completed".into(),
        packets_sent: 3,
        packets_received: 2,
        packets_lost: 1,
        send_gap_p99_ms: Some(20.4),
        send_gap_most_ms: Some(31.0),
        codec: Some("G722".into()),
        mos: Some(4.25),
    }
}

#[test]
fn what_there_is_of_a_recording_is_kept_and_that_it_was_erased() {
    let scratch = Scratch::new("records-recording");
    let store = scratch.store();
    assert!(store.call_started(start("a", NOW_MS)));
    assert_eq!(store.recording("a").unwrap(), None);
    let begun = Recorded { call: "a".into(), file: "a.wav".into(), ..Recorded::default() };
    assert!(store.call_recorded(begun.clone()));
    assert!(store.call_recorded(Recorded { length_ms: 9_000, missing_ms: 40, stopped: Some("disk"), ..begun }));
    store.flush().unwrap();
    let wanted = Recording {
        file: "a.wav".into(),
        length_ms: 9_000,
        missing_ms: 40,
        stopped: Some("disk".into()),
        erased_unix_ms: None,
    };
    assert_eq!(store.recording("a").unwrap(), Some(wanted.clone()));
    assert!(store.recording_erased("a".into(), NOW_MS));
    store.flush().unwrap();
    assert_eq!(store.recording("a").unwrap(), Some(Recording { erased_unix_ms: Some(NOW_MS), ..wanted }));
}

#[test]
fn who_sent_a_call_on_and_why_it_ended_is_kept() {
    let scratch = Scratch::new("records-signalling");
    let store = scratch.store();
    assert!(store.call_started(start("a", NOW_MS)));
    assert_eq!(store.signalling("a").unwrap(), None);
    let call = || "a".to_owned();
    assert!(store.call_came_from(Origin {
        call: call(),
        caller_name: "Ann".into(),
        asserted: true,
        diverted_from: Some("5550199".into()),
        diverted_why: Some("no-answer".into()),
    }));
    let text = Some("Normal".to_owned());
    assert!(store.call_closed(Ending { call: call(), by: "caller", sip: None, q850: Some(16), text }));
    store.flush().unwrap();
    let wanted = Signalling {
        caller_name: "Ann".into(),
        asserted: true,
        diverted_from: Some("5550199".into()),
        diverted_why: Some("no-answer".into()),
        ended_by: Some("caller".into()),
        end_sip: None,
        end_q850: Some(16),
        end_text: Some("Normal".into()),
    };
    assert_eq!(store.signalling("a").unwrap(), Some(wanted));
}

#[test]
fn comes_back_as_it_went_in() {
    let scratch = Scratch::new("records");
    let store = scratch.store();
    assert!(store.call_started(start("abc-1", NOW_MS)));
    assert!(store.turn(turn("abc-1", 0)) && store.turn(turn("abc-1", 1)));
    book(&store, "abc-1", "1", half_hour(0), 1, "Anna").unwrap();
    assert!(store.call_ended(end("abc-1")));
    assert!(store.call_started(start("abd-2", NOW_MS + 1)));
    store.flush().unwrap();

    let calls = store.calls(10).unwrap();
    assert_eq!(calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["abd-2", "abc-1"]);
    assert_eq!((calls[0].ended_unix_ms, calls[0].outcome.as_deref()), (None, None));
    let call = store.call("abc").unwrap().unwrap();
    assert_eq!(call, calls[1]);
    assert_eq!((call.turns, call.bookings, call.messages), (2, 1, 0));
    assert_eq!(call.outcome.as_deref(), Some("completed"));
    assert_eq!(call.started_local, "2026-11-23T09:00:00");
    assert_eq!((call.packets_sent, call.packets_received, call.packets_lost), (Some(3), Some(2), Some(1)));
    assert_eq!((call.send_gap_p99_ms, call.send_gap_most_ms), (Some(20.4), Some(31.0)));
    assert_eq!((call.codec.as_deref(), call.mos), (Some("G722"), Some(4.25)));
    assert_eq!(store.turns("abc-1").unwrap(), [turn("abc-1", 0), turn("abc-1", 1)]);
    assert_eq!(store.call("ab").unwrap(), None, "two calls begin so");
    assert_eq!(store.health().written, 5);
}

#[test]
fn calls_left_open_by_a_crash_are_closed_as_lost_and_their_holds_are_free() {
    let scratch = Scratch::new("records-lost");
    let store = scratch.store();
    store.call_started(start("abc-1", NOW_MS));
    assert!(matches!(store.hold(request("abc-1", "1"), &haircut(half_hour(0), 1)).unwrap(), Held::Hold(_)));
    drop(store);

    let store = scratch.store();
    assert_eq!(store.close_lost_calls(NOW_MS + HOLD_MS / 2).unwrap(), 1);
    assert_eq!(store.call("abc-1").unwrap().unwrap().outcome.as_deref(), Some("lost"));
    assert!(book(&store, "new", "1", half_hour(0), 1, "Ben").is_some());
}

#[test]
fn a_queue_that_is_full_drops_records_and_counts_them() {
    let scratch = Scratch::new("records-full");
    let settings = Settings { queue: 2, ..Settings::default() };
    let store = Store::open_with(&scratch.path(), settings).unwrap();
    // Another process has the database locked, so the writer can't get on.
    let rival = rusqlite::Connection::open(scratch.path()).unwrap();
    rival.execute_batch("begin immediate").unwrap();
    let sent: Vec<bool> = (0..10).map(|nth| store.call_started(start(&format!("c{nth}"), NOW_MS))).collect();
    let queued = sent.iter().filter(|sent| **sent).count();
    assert!((2..=3).contains(&queued), "two in the queue, one perhaps in hand");
    rival.execute_batch("commit").unwrap();
    store.flush().unwrap();

    let health = store.health();
    assert_eq!((health.dropped, health.written), (10 - queued as u64, queued as u64));
    assert_eq!(store.calls(20).unwrap().len(), queued);
}

#[test]
fn looking_into_records_that_are_not_there_makes_none() {
    let scratch = Scratch::new("records-missing");
    let missing = Store::open_existing(&scratch.path());
    assert!(matches!(missing, Err(StoreError::Missing { .. })));
    assert!(!scratch.path().exists());
}

#[test]
fn what_callers_say_does_not_show_in_debug_output() {
    let shown = format!("{:?} {:?}", turn("abc", 0), start("abc", 0));
    for private in ["haircut", "12#", "nine", "book", "5550100"] {
        assert!(!shown.contains(private), "{private} in {shown}");
    }
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("records-mode");
    let store = scratch.store();
    store.call_started(start("abc", NOW_MS));
    store.flush().unwrap();
    let mut files = 0;
    for file in std::fs::read_dir(&scratch.folder).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        files += 1;
    }
    assert_eq!(files, 3, "database, log and index");
}
