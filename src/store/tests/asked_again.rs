//! The same request under the same key has its effect once and gets the same reply, also from
//! another run of the daemon.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{NOW_MS, Scratch, book, haircut, half_hour, request};
use store::{Booked, Held, NewMessage, Store, StoreError};

fn message() -> NewMessage {
    NewMessage {
        business: "Salon".into(),
        urgent: true,
        name: Some("Anna".into()),
        phone: None,
        text: "please call".into(),
        local: half_hour(0).start,
    }
}

fn everything(store: &Store) -> (Held, Booked, Booked, bool, i64) {
    let held = store.hold(request("anna", "1"), &haircut(half_hour(0), 1)).unwrap();
    let Held::Hold(hold) = held else { panic!("it is free") };
    let booked = store.book(request("anna", "2"), hold, "Anna", Some("555 0100"), "allergies: none").unwrap();
    let Booked::Booking(booking) = booked else { panic!("it is held") };
    let Held::Hold(other) = store.hold(request("anna", "3"), &haircut(half_hour(1), 1)).unwrap() else {
        panic!("it is free")
    };
    let moved = store.move_booking(request("anna", "4"), booking, other).unwrap();
    let cancelled = store.cancel(request("anna", "5"), booking).unwrap();
    let message = store.take_message(request("anna", "6"), message()).unwrap();
    (held, booked, moved, cancelled, message)
}

#[test]
fn in_another_run() {
    let scratch = Scratch::new("again");
    let first = everything(&scratch.store());
    let store = scratch.store();
    assert_eq!(everything(&store), first);
    assert_eq!(everything(&store), first);

    let bookings = store.bookings(half_hour(0).start, 10).unwrap();
    assert_eq!(bookings.len(), 1);
    assert_eq!(bookings[0].notes.as_str(), "allergies: none");
    assert_eq!(store.messages(10).unwrap().len(), 1);
}

#[test]
fn a_message_is_completed_by_its_own_call_only() {
    let scratch = Scratch::new("again-completed");
    let store = scratch.store();
    let id = store.take_message(request("anna", "1"), message()).unwrap();
    assert!(!store.complete_message(request("ben", "1"), id, None, Some("555 0199")).unwrap());
    for _ in 0..2 {
        assert!(store.complete_message(request("anna", "2"), id, None, Some("555 0100")).unwrap());
    }
    let kept = store.messages(10).unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].phone.as_deref(), Some("555 0100"));
    assert_eq!(kept[0].name.as_deref(), Some("Anna"), "what is not told stays");
}

#[test]
fn the_same_key_of_another_call_is_another_request() {
    let scratch = Scratch::new("again-calls");
    let store = scratch.store();
    assert!(book(&store, "anna", "1", half_hour(0), 1, "Anna").is_some());
    assert!(book(&store, "ben", "1", half_hour(1), 1, "Ben").is_some());
}

#[test]
fn a_key_used_for_something_else_is_refused() {
    let scratch = Scratch::new("again-reused");
    let store = scratch.store();
    store.take_message(request("anna", "1"), message()).unwrap();
    let refused = store.cancel(request("anna", "1"), 1);
    assert!(matches!(refused, Err(StoreError::KeyReused { .. })));
    assert_eq!(store.messages(10).unwrap()[0].taken_unix_ms, NOW_MS);
}
