//! A hold keeps others out while the caller decides, for so long and no longer.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{HOLD_MS, NOW_MS, Scratch, book, haircut, half_hour, request, span};
use jiff::ToSpan;
use store::{Booked, Held, Request, Store, StoreError};

fn free(store: &Store, call: &str, unix_ms: i64) -> bool {
    let time = half_hour(0);
    !store.free("main", call, &[(time.start, time.end)], 1, unix_ms).unwrap().is_empty()
}

fn hold(store: &Store, call: &str, key: &str, nth: i64) -> Held {
    store.hold(request(call, key), &haircut(half_hour(nth), 1)).unwrap()
}

#[test]
fn others_are_kept_out_until_it_expires_and_the_holder_is_not() {
    let scratch = Scratch::new("hold-expires");
    let store = scratch.store();
    assert!(matches!(hold(&store, "anna", "1", 0), Held::Hold(_)));

    assert_eq!(hold(&store, "ben", "1", 0), Held::Taken);
    assert!(!free(&store, "ben", NOW_MS + HOLD_MS - 1));
    assert!(free(&store, "ben", NOW_MS + HOLD_MS));
    assert!(free(&store, "anna", NOW_MS));
}

#[test]
fn another_hold_of_the_same_call_replaces_the_first() {
    let scratch = Scratch::new("hold-replaces");
    let store = scratch.store();
    let Held::Hold(first) = hold(&store, "anna", "1", 0) else { panic!("it is free") };
    assert!(matches!(hold(&store, "anna", "2", 1), Held::Hold(_)));

    assert!(matches!(hold(&store, "ben", "1", 0), Held::Hold(_)), "the first is free again");
    assert_eq!(store.book(request("anna", "3"), first, "Anna", None, "").unwrap(), Booked::NoHold);
}

#[test]
fn a_hold_refused_leaves_the_one_before_it() {
    let scratch = Scratch::new("hold-refused");
    let store = scratch.store();
    let Held::Hold(mine) = hold(&store, "anna", "1", 0) else { panic!("it is free") };
    assert!(matches!(hold(&store, "ben", "1", 1), Held::Hold(_)));
    assert_eq!(hold(&store, "anna", "2", 1), Held::Taken);

    assert!(matches!(store.book(request("anna", "3"), mine, "Anna", None, "").unwrap(), Booked::Booking(_)));
}

#[test]
fn released_holds_and_those_of_ended_calls_are_free_again() {
    let scratch = Scratch::new("hold-released");
    let store = scratch.store();
    let Held::Hold(mine) = hold(&store, "anna", "1", 0) else { panic!("it is free") };
    assert!(!store.release(request("ben", "1"), mine).unwrap(), "not his");
    assert!(!free(&store, "ben", NOW_MS));
    assert!(store.release(request("anna", "2"), mine).unwrap());
    assert!(free(&store, "ben", NOW_MS));

    hold(&store, "anna", "3", 0);
    assert!(store.release_all("anna"));
    store.flush().unwrap();
    assert!(free(&store, "ben", NOW_MS));
}

#[test]
fn an_expired_hold_books_when_nobody_came_and_not_when_somebody_did() {
    let scratch = Scratch::new("hold-late");
    let store = scratch.store();
    let late = |call, key| Request { call, key, unix_ms: NOW_MS + 2 * HOLD_MS };
    let Held::Hold(first) = hold(&store, "anna", "1", 0) else { panic!("it is free") };
    let Held::Hold(second) = hold(&store, "ben", "1", 1) else { panic!("it is free") };
    let Held::Hold(third) = store.hold(late("cleo", "1"), &haircut(half_hour(1), 1)).unwrap() else {
        panic!("it is free again")
    };

    assert!(matches!(store.book(late("anna", "2"), first, "Anna", None, "").unwrap(), Booked::Booking(_)));
    assert_eq!(store.book(late("ben", "2"), second, "Ben", None, "").unwrap(), Booked::Taken);
    assert!(matches!(store.book(late("cleo", "2"), third, "Cleo", None, "").unwrap(), Booked::Booking(_)));
}

#[test]
fn places_are_counted_at_one_time_and_not_over_the_whole_span() {
    let scratch = Scratch::new("hold-places");
    let store = scratch.store();
    // One place of two is taken by two bookings that follow each other.
    assert!(book(&store, "anna", "1", half_hour(0), 2, "Anna").is_some());
    assert!(book(&store, "ben", "1", half_hour(1), 2, "Ben").is_some());
    let hour = span(half_hour(0).start, half_hour(1).end);
    assert!(book(&store, "cleo", "1", hour, 2, "Cleo").is_some());
    assert_eq!(book(&store, "dora", "1", half_hour(1), 2, "Dora"), None);
    // What only touches does not overlap.
    assert!(book(&store, "emil", "1", half_hour(2), 1, "Emil").is_some());
}

#[test]
fn free_times_come_in_the_order_asked_and_only_of_their_calendar() {
    let scratch = Scratch::new("hold-free");
    let store = scratch.store();
    book(&store, "anna", "1", half_hour(1), 1, "Anna").unwrap();
    let times: Vec<_> = (0..3).rev().map(|nth| (half_hour(nth).start, half_hour(nth).end)).collect();
    let free = store.free("main", "ben", &times, 1, NOW_MS).unwrap();
    assert_eq!(free, [half_hour(2).start, half_hour(0).start]);
    assert_eq!(store.free("other", "ben", &times, 1, NOW_MS).unwrap().len(), 3);
    assert!(store.free("main", "ben", &[], 1, NOW_MS).unwrap().is_empty());
}

#[test]
fn a_span_that_ends_before_it_starts_is_refused() {
    let scratch = Scratch::new("hold-backwards");
    let start = half_hour(0).start;
    let backwards = store::Span { end: start - 1.minute(), ..half_hour(0) };
    let refused = scratch.store().hold(request("anna", "1"), &haircut(backwards, 1));
    assert!(matches!(refused, Err(StoreError::BadSpan { .. })));
}
