//! A database of its own for each test, and a calendar to fill.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::{DateTime, date};
use store::{Booked, Held, HoldRequest, Request, Span, Store};

/// The instant at which everything happens, unless a test says otherwise.
pub const NOW_MS: i64 = 1_795_000_000_000;
/// How long holds last in tests.
pub const HOLD_MS: i64 = 60_000;

/// A folder that is removed with the test.
pub struct Scratch {
    pub folder: PathBuf,
}

impl Scratch {
    pub fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        Scratch { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.join("callbox.db")
    }

    pub fn store(&self) -> Store {
        Store::open(&self.path()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The nth half hour of a long day that starts on Monday 23 November 2026 at 9.
pub fn half_hour(nth: i64) -> Span {
    let first = date(2026, 11, 23).at(9, 0, 0, 0);
    let start = first + (30 * nth).minutes();
    span(start, start + 30.minutes())
}

pub fn span(start: DateTime, end: DateTime) -> Span {
    let utc = |time: DateTime| time.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond();
    Span { start, end, start_unix_ms: utc(start), end_unix_ms: utc(end) }
}

pub fn request<'a>(call: &'a str, key: &'a str) -> Request<'a> {
    Request { call, key, unix_ms: NOW_MS }
}

pub fn haircut(span: Span, capacity: u32) -> HoldRequest<'static> {
    HoldRequest { calendar: "main", service: "haircut", span, capacity, for_ms: HOLD_MS }
}

/// Holds and books in one go; `None` when the time is taken.
pub fn book(store: &Store, call: &str, key: &str, span: Span, capacity: u32, name: &str) -> Option<i64> {
    let held = store.hold(request(call, &format!("{key}-hold")), &haircut(span, capacity)).unwrap();
    let Held::Hold(hold) = held else { return None };
    match store.book(request(call, &format!("{key}-book")), hold, name, None, "").unwrap() {
        Booked::Booking(id) => Some(id),
        other => panic!("a time just held can be booked, not {other:?}"),
    }
}
