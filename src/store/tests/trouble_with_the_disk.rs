//! A disk that is full, a file that is none of ours: the error says which and what to do, what
//! was kept stays kept, and it goes on once there is room.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{Scratch, book, half_hour, request};
use store::{NewMessage, Settings, Store, StoreError};

fn long_message() -> NewMessage {
    NewMessage {
        business: "Salon".into(),
        urgent: false,
        name: None,
        phone: None,
        text: "x".repeat(4_000).into(),
        local: half_hour(0).start,
    }
}

#[test]
fn full() {
    let scratch = Scratch::new("disk-full");
    let tight = Settings { max_pages: Some(60), ..Settings::default() };
    let store = Store::open_with(&scratch.path(), tight).unwrap();
    let booked = book(&store, "anna", "1", half_hour(0), 1, "Anna").unwrap();
    let mut kept = 0;
    let refused = loop {
        match store.take_message(request("ben", &kept.to_string()), long_message()) {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1_000, "the disk never fills up");
    };
    assert!(matches!(refused, StoreError::Full { .. }), "{refused:?}");
    assert!(refused.to_string().contains("callbox.db"));
    assert!(store.hold(request("cleo", "1"), &common::haircut(half_hour(0), 1)).is_ok(), "a small answer still fits");
    assert_eq!(store.messages(10_000).unwrap().len(), kept);
    assert_eq!(store.booking(booked).unwrap().unwrap().name.as_str(), "Anna");
    drop(store);

    let store = scratch.store();
    let again = store.take_message(request("ben", &kept.to_string()), long_message());
    assert!(again.is_ok(), "with room again the same request is done");
}

#[test]
fn records_that_find_no_room_are_counted_and_told() {
    let scratch = Scratch::new("disk-full-records");
    let tight = Settings { max_pages: Some(40), ..Settings::default() };
    let store = Store::open_with(&scratch.path(), tight).unwrap();
    for nth in 0..60 {
        store.call_started(store::CallStart {
            id: format!("call-{nth}"),
            business: "x".repeat(4_000),
            caller_number: "".into(),
            called_number: String::new(),
            at: store::Moment { unix_ms: nth, local: half_hour(0).start },
        });
    }
    let _ = store.flush();
    let health = store.health();
    assert!(health.failed > 0 && health.dropped == 0, "{health:?}");
    assert!(health.trouble.unwrap().contains("full"));
}

#[test]
fn not_a_database() {
    let scratch = Scratch::new("disk-foreign");
    std::fs::write(scratch.path(), "Dear diary, this is not a database at all.".repeat(200)).unwrap();
    let refused = Store::open(&scratch.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    assert!(std::fs::read_to_string(scratch.path()).unwrap().starts_with("Dear diary"), "left as it was");
}

#[test]
fn of_a_newer_release() {
    let scratch = Scratch::new("disk-newer");
    drop(scratch.store());
    let newer = rusqlite::Connection::open(scratch.path()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let refused = Store::open(&scratch.path()).unwrap_err();
    assert!(matches!(refused, StoreError::TooNew { found: 99, .. }), "{refused:?}");
}

#[test]
fn in_a_folder_that_is_not_there() {
    let scratch = Scratch::new("disk-folder");
    let deep = scratch.folder.join("no/such/folder/callbox.db");
    assert!(matches!(Store::open(&deep), Err(StoreError::Unopenable { .. })));
    let near = scratch.folder.join("data/callbox.db");
    assert!(Store::open(&near).is_ok(), "one level is made");
}
