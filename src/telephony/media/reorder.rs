use std::collections::VecDeque;
use std::time::Duration;

use machine::Now;

use super::packet::Packet;

/// So many packets wait for one that is missing
const MOST_WAITING: usize = 2;
/// and so long. Longer would make recognition wait for the worst packets.
const LONGEST_WAIT: Duration = Duration::from_millis(40);

/// A packet with its place and the instant it came.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub at: Now,
    pub place: u64,
    pub packet: Packet,
}

/// Puts packets in order: hands on at once what is in order, waits a little for what is not.
#[derive(Debug)]
pub(super) struct Reorder {
    next: u64,
    waiting: VecDeque<Arrival>,
}

impl Reorder {
    /// Expects this place first.
    pub fn new(next: u64) -> Self {
        Self { next, waiting: VecDeque::with_capacity(MOST_WAITING + 1) }
    }

    /// True when the packets around this place have gone on without it.
    pub fn is_past(&self, place: u64) -> bool {
        place < self.next
    }

    /// Takes a packet whose place is not past.
    pub fn insert(&mut self, arrival: Arrival) {
        let at = self.waiting.partition_point(|waiting| waiting.place < arrival.place);
        self.waiting.insert(at, arrival);
    }

    /// The next packet whose turn it is, or whose predecessors are given up.
    pub fn next(&mut self, now: Now) -> Option<Arrival> {
        let first = self.waiting.front()?;
        let in_order = first.place == self.next;
        if in_order || self.waiting.len() > MOST_WAITING || self.deadline() <= now {
            self.next = first.place + 1;
            return self.waiting.pop_front();
        }
        None
    }

    /// True while packets wait.
    pub fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// When waiting ends; `NEVER` when nothing waits.
    pub fn deadline(&self) -> Now {
        self.waiting.iter().map(|waiting| waiting.at + LONGEST_WAIT).min().unwrap_or(Now::NEVER)
    }
}
