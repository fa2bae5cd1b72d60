//! A daemon killed at any moment loses no booking it has acknowledged, and makes none twice when
//! it is asked again.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use common::{Scratch, book, half_hour};
use store::Store;

const ROUNDS: u64 = 20;
/// Set in a child: the database it books in.
const CHILD: &str = "STORE_TEST_BOOKING";
/// Set in a child: the first half hour it books.
const FROM: &str = "STORE_TEST_FROM";

#[test]
fn killed_while_booking() {
    let scratch = Scratch::new("crash");
    drop(scratch.store());
    let mut random = fastrand::Rng::with_seed(7);
    let mut acknowledged: BTreeMap<i64, i64> = BTreeMap::new();
    for _ in 0..ROUNDS {
        // The daemon comes back and is asked for the last, perhaps unacknowledged time again.
        let from = acknowledged.keys().next_back().map_or(0, |nth| nth + 1);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_books_until_killed", "--nocapture"])
            .env(CHILD, scratch.path())
            .env(FROM, from.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acks = lines.map_while(Result::ok).filter_map(|line| ack(&line));
        let mut left = random.u32(0..12);
        for (nth, id) in acks {
            acknowledged.insert(nth, id);
            if left == 0 {
                // While it is at the next one; what it still says on the pipe is heard as well.
                for _ in 0..random.u32(0..200_000) {
                    std::hint::spin_loop();
                }
                child.kill().unwrap();
            }
            left = left.saturating_sub(1);
        }
        child.wait().unwrap();
        assert_kept(&scratch.store(), &acknowledged);
    }
    assert!(acknowledged.len() >= usize::try_from(ROUNDS).unwrap());
}

fn assert_kept(store: &Store, acknowledged: &BTreeMap<i64, i64>) {
    let kept = store.bookings(half_hour(0).start, 100_000).unwrap();
    for (nth, id) in acknowledged {
        let booking = kept.iter().find(|booking| booking.id == *id).expect("an acknowledged booking is there");
        assert_eq!(booking.span, half_hour(*nth));
        assert_eq!(booking.name.as_str(), format!("Caller {nth}"));
    }
    for pair in kept.windows(2) {
        assert_ne!(pair[0].span.start, pair[1].span.start, "booked twice");
    }
}

fn ack(line: &str) -> Option<(i64, i64)> {
    let (nth, id) = line.strip_prefix("ack ")?.split_once(' ')?;
    Some((nth.parse().ok()?, id.parse().ok()?))
}

/// Not a test by itself: the process that is killed.
#[test]
fn child_books_until_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let from: i64 = std::env::var(FROM).unwrap().parse().unwrap();
    let store = Store::open(path.as_ref()).unwrap();
    for nth in from.. {
        let id = book(&store, &format!("call-{nth}"), "1", half_hour(nth), 1, &format!("Caller {nth}"));
        // A time booked before the kill but not acknowledged is the same booking when asked again.
        let id = id.expect("asked again with the same key, the answer is the same booking");
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nack {nth} {id}").unwrap();
        out.flush().unwrap();
    }
}
