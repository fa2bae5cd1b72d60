//! What a box wrote down, as its owner sees it.

use std::time::{Duration, Instant};

use jiff::civil::{DateTime, Weekday};
use serde_json::Value;

use super::{SOON, Site};

/// A booking.
#[derive(Debug, Clone, PartialEq)]
pub struct Booking {
    pub id: i64,
    pub service: String,
    pub name: String,
    pub start: DateTime,
    pub status: String,
    pub call: String,
}

impl Site {
    /// What `callbox calls ..` prints, a value a line.
    pub fn calls(&self, verb: &[&str]) -> Vec<Value> {
        let words: Vec<&str> = ["calls"].iter().chain(verb).chain(&["--json"]).copied().collect();
        let output = self.configured(&words, &[]).output().expect("a process");
        assert!(output.status.success(), "calls {verb:?}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    /// All bookings.
    pub fn bookings(&self) -> Vec<Booking> {
        self.calls(&["bookings", "--limit", "10000"]).iter().map(booking).collect()
    }

    /// Everything about the only call there was, once it is closed: the call, its turns, what came of it.
    pub fn only_call(&self) -> Vec<Value> {
        let closed = self.closed_calls(1);
        self.calls(&["show", closed[0]["id"].as_str().expect("an id")])
    }

    /// Waits until so many calls are in the record and all of them closed: the record is written
    /// a moment after the caller has hung up.
    pub fn closed_calls(&self, count: usize) -> Vec<Value> {
        let until = Instant::now() + SOON;
        loop {
            let calls = self.calls(&["list", "--limit", "10000"]);
            if calls.len() == count && calls.iter().all(|call| !call["ended_unix_ms"].is_null()) {
                return calls;
            }
            assert!(Instant::now() < until, "{count} closed calls expected: {calls:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// No two bookings at one time beyond what the business takes, and the file is sound.
    pub fn assert_sound(&self, capacity: usize) -> Vec<Booking> {
        let bookings = self.bookings();
        let live: Vec<&Booking> = bookings.iter().filter(|booking| booking.status == "booked").collect();
        for one in &live {
            // Every service of these tests takes one step of the grid.
            let same = live.iter().filter(|other| other.start == one.start).count();
            assert!(same <= capacity, "{same} bookings at {}: {live:#?}", one.start);
        }
        let database = rusqlite::Connection::open(self.folder.join("callbox.db")).expect("a database");
        let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a verdict");
        assert_eq!(verdict, "ok");
        bookings
    }
}

impl Booking {
    /// That this is booked.
    pub fn assert_is(&self, service: &str, day: Weekday, hour: i8, minute: i8) {
        let start = self.start;
        let right = self.status == "booked" && self.service == service;
        let on_time = (start.weekday(), start.hour(), start.minute()) == (day, hour, minute);
        assert!(right && on_time, "{service} on {day:?} at {hour}:{minute:02} was asked for: {self:?}");
    }
}

fn booking(value: &Value) -> Booking {
    let text = |field: &str| value[field].as_str().unwrap_or_else(|| panic!("{field} of {value}")).to_owned();
    Booking {
        id: value["id"].as_i64().expect("an id"),
        service: text("service"),
        name: text("name"),
        start: text("start_local").parse().expect("a time"),
        status: text("status"),
        call: text("call"),
    }
}
