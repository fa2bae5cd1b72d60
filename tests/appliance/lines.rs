//! The lines of a program as it writes them, for those who wait for one.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// All lines so far.
#[derive(Clone, Default)]
pub struct Lines(Arc<(Mutex<Written>, Condvar)>);

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    closed: bool,
}

impl Lines {
    /// Reads to the end, on a thread of its own, so that the writer is never kept waiting.
    pub fn of(from: impl Read + Send + 'static) -> Self {
        let lines = Lines::default();
        let kept = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                kept.change(|written| written.lines.push(String::from_utf8_lossy(&line).into_owned()));
            }
            kept.change(|written| written.closed = true);
        });
        lines
    }

    fn change(&self, change: impl FnOnce(&mut Written)) {
        change(&mut self.0.0.lock().expect("no panic while locked"));
        self.0.1.notify_all();
    }

    /// What is wanted of the first line that has it; none when the writer ends without one, or is
    /// too slow.
    pub fn wait<T>(&self, limit: Duration, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let until = Instant::now() + limit;
        let mut seen = 0;
        let mut written = self.0.0.lock().expect("no panic while locked");
        loop {
            if let Some(found) = written.lines.iter().skip(seen).find_map(|line| found(line)) {
                return Some(found);
            }
            seen = written.lines.len();
            let left = until.saturating_duration_since(Instant::now());
            if written.closed || left.is_zero() {
                return None;
            }
            written = self.0.1.wait_timeout(written, left).expect("no panic while locked").0;
        }
    }

    /// Waits until the writer has ended.
    pub fn closed(&self, limit: Duration) -> bool {
        let _ = self.wait(limit, |_| None::<()>);
        self.0.0.lock().expect("no panic while locked").closed
    }

    /// The lines so far.
    pub fn all(&self) -> Vec<String> {
        self.0.0.lock().expect("no panic while locked").lines.clone()
    }
}
