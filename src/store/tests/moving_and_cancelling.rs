//! A booking moves to the time held, or is cancelled; either way its old time is free.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{NOW_MS, Scratch, book, haircut, half_hour, request, span};
use store::{Booked, Held, Store};

fn is_free(store: &Store, nth: i64) -> bool {
    let time = half_hour(nth);
    !store.free("main", "somebody", &[(time.start, time.end)], 1, NOW_MS).unwrap().is_empty()
}

fn held(store: &Store, call: &str, key: &str, nth: i64) -> i64 {
    match store.hold(request(call, key), &haircut(half_hour(nth), 1)).unwrap() {
        Held::Hold(hold) => hold,
        Held::Taken => panic!("it is free"),
    }
}

#[test]
fn moving_frees_the_old_time_and_takes_the_new_one() {
    let scratch = Scratch::new("move");
    let store = scratch.store();
    let booking = book(&store, "anna", "1", half_hour(0), 1, "Anna").unwrap();
    let hold = held(&store, "later", "1", 4);
    assert_eq!(store.move_booking(request("later", "2"), booking, hold).unwrap(), Booked::Booking(booking));

    assert!(is_free(&store, 0) && !is_free(&store, 4));
    assert_eq!(store.booking(booking).unwrap().unwrap().span, half_hour(4));
}

#[test]
fn only_a_time_that_the_call_holds_can_be_moved_to() {
    let scratch = Scratch::new("move-foreign");
    let store = scratch.store();
    let booking = book(&store, "anna", "1", half_hour(0), 1, "Anna").unwrap();
    let foreign = held(&store, "ben", "1", 1);
    assert_eq!(store.move_booking(request("anna", "2"), booking, foreign).unwrap(), Booked::NoHold);
    assert_eq!(store.booking(booking).unwrap().unwrap().span, half_hour(0));
}

#[test]
fn a_booking_that_is_not_there_moves_nowhere_and_keeps_the_hold() {
    let scratch = Scratch::new("move-missing");
    let store = scratch.store();
    let hold = held(&store, "anna", "1", 0);
    assert_eq!(store.move_booking(request("anna", "2"), 99, hold).unwrap(), Booked::NoBooking);
    assert!(!is_free(&store, 0));
}

#[test]
fn cancelling_frees_the_time_once() {
    let scratch = Scratch::new("cancel");
    let store = scratch.store();
    let booking = book(&store, "anna", "1", half_hour(0), 1, "Anna").unwrap();
    assert!(store.cancel(request("anna", "2"), booking).unwrap());
    assert!(!store.cancel(request("anna", "3"), booking).unwrap(), "cancelled before");
    assert!(!store.cancel(request("anna", "4"), 99).unwrap());
    assert!(is_free(&store, 0));
    assert!(store.booking(booking).unwrap().unwrap().cancelled);
    let hold = held(&store, "anna", "5", 1);
    assert_eq!(store.move_booking(request("anna", "6"), booking, hold).unwrap(), Booked::NoBooking);
}

#[test]
fn what_others_booked_meanwhile_stands_in_the_way_of_a_late_move() {
    let scratch = Scratch::new("move-late");
    let store = scratch.store();
    let booking = book(&store, "anna", "1", half_hour(0), 1, "Anna").unwrap();
    let hold = held(&store, "anna", "2", 3);
    let late = |call, key| store::Request { call, key, unix_ms: NOW_MS + 2 * common::HOLD_MS };
    let rival = span(half_hour(3).start, half_hour(4).end);
    let Held::Hold(theirs) = store.hold(late("ben", "1"), &haircut(rival, 1)).unwrap() else {
        panic!("the hold has expired")
    };
    store.book(late("ben", "2"), theirs, "Ben", None, "").unwrap();
    assert_eq!(store.move_booking(late("anna", "3"), booking, hold).unwrap(), Booked::Taken);
    assert_eq!(store.booking(booking).unwrap().unwrap().span, half_hour(0));
}
