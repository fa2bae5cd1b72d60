//! However many callers want the same times at once, in threads or processes, no time gets more
//! bookings than it has places.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use common::{Scratch, book, half_hour};
use store::Store;

const TIMES: i64 = 12;
const PLACES: u32 = 2;
/// Set in a child: the database it books in.
const CHILD: &str = "STORE_TEST_RIVAL";

/// Tries for every time, starting somewhere else than its rivals.
fn rival(store: &Store, name: &str, offset: i64) -> usize {
    let times = (0..TIMES).map(|nth| (nth + offset) % TIMES);
    let booked = times.filter(|nth| {
        let call = format!("{name}-{nth}");
        book(store, &call, "1", half_hour(*nth), PLACES, name).is_some()
    });
    booked.count()
}

fn assert_all_full(store: &Store) {
    let mut per_time = BTreeMap::new();
    for booking in store.bookings(half_hour(0).start, 1_000).unwrap() {
        *per_time.entry(booking.span.start).or_insert(0) += 1;
    }
    let expected: BTreeMap<_, _> = (0..TIMES).map(|nth| (half_hour(nth).start, PLACES)).collect();
    assert_eq!(per_time, expected);
}

#[test]
fn threads() {
    let scratch = Scratch::new("rival-threads");
    let store = scratch.store();
    let booked: usize = std::thread::scope(|scope| {
        let store = &store;
        let rivals: Vec<_> = (0..6).map(|n| scope.spawn(move || rival(store, &format!("t{n}"), n * 2))).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).sum()
    });
    assert_eq!(booked, TIMES as usize * PLACES as usize, "each success was told once");
    assert_all_full(&store);
}

#[test]
fn processes() {
    let scratch = Scratch::new("rival-processes");
    let store = scratch.store();
    let children: Vec<_> = (0..4)
        .map(|n| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "child_rival", "--nocapture"])
                .env(CHILD, scratch.path())
                .env("STORE_TEST_NTH", n.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_all_full(&store);
}

/// Not a test by itself: the other process of `processes`.
#[test]
fn child_rival() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let nth: i64 = std::env::var("STORE_TEST_NTH").unwrap().parse().unwrap();
    let store = Store::open(path.as_ref()).unwrap();
    rival(&store, &format!("p{nth}"), nth * 3);
}

#[test]
fn two_daemons_may_make_the_same_database_at_once() {
    let scratch = Scratch::new("rival-opening");
    let path = scratch.path();
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..8).map(|_| scope.spawn(|| Store::open(&path).map(drop))).collect();
        for opened in opening {
            opened.join().unwrap().unwrap();
        }
    });
}
