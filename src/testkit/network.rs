use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use machine::Now;

/// What a network does to datagrams, as netem puts it. Shares are 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Conditions {
    /// Shortest time on the way.
    pub delay: Duration,
    /// Up to this much longer, evenly distributed; datagrams overtake each other by it.
    pub jitter: Duration,
    /// Share lost.
    pub loss: f64,
    /// How many are lost in a row once one is, at least 1.
    pub burst: u32,
    /// Share that comes twice.
    pub duplicate: f64,
    /// Share that skips the delay and so overtakes the others.
    pub reorder: f64,
}

impl Conditions {
    /// Everything arrives at once, in order.
    pub const PERFECT: Conditions =
        Conditions { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, burst: 1, duplicate: 0.0, reorder: 0.0 };
}

/// One direction of a network.
#[derive(Debug)]
pub struct Network<T> {
    conditions: Conditions,
    random: fastrand::Rng,
    /// Datagrams still to be lost of the burst that began.
    losing: u32,
    sent: u64,
    on_the_way: BinaryHeap<Reverse<OnTheWay<T>>>,
}

#[derive(Debug)]
struct OnTheWay<T> {
    arrives: Now,
    /// Among those that arrive together, the order they were sent in.
    number: u64,
    datagram: T,
}

impl<T: Clone> Network<T> {
    /// A network that does the same to the same datagrams whenever the seed is the same.
    pub fn new(conditions: Conditions, seed: u64) -> Self {
        Self { conditions, random: fastrand::Rng::with_seed(seed), losing: 0, sent: 0, on_the_way: BinaryHeap::new() }
    }

    /// The weather changes; what is on the way stays as it is.
    pub fn change(&mut self, conditions: Conditions) {
        self.conditions = conditions;
    }

    /// Puts a datagram on the way, or loses it.
    pub fn send(&mut self, now: Now, datagram: T) {
        if self.loses() {
            return;
        }
        if self.random.f64() < self.conditions.duplicate {
            self.put(now, datagram.clone());
        }
        self.put(now, datagram);
    }

    /// When the next datagram arrives; `NEVER` when none is on the way.
    pub fn next_arrival(&self) -> Now {
        self.on_the_way.peek().map_or(Now::NEVER, |Reverse(first)| first.arrives)
    }

    /// The next datagram that has arrived by now.
    pub fn receive(&mut self, now: Now) -> Option<T> {
        if self.next_arrival() > now {
            return None;
        }
        self.on_the_way.pop().map(|Reverse(first)| first.datagram)
    }

    fn loses(&mut self) -> bool {
        if self.losing > 0 {
            self.losing -= 1;
            return true;
        }
        // A burst of n begins with a n-th of the probability, so that the share stays what it is.
        let burst = self.conditions.burst.max(1);
        let loses = self.random.f64() * f64::from(burst) < self.conditions.loss;
        if loses {
            self.losing = burst - 1;
        }
        loses
    }

    fn put(&mut self, now: Now, datagram: T) {
        let jitter = self.conditions.jitter.mul_f64(self.random.f64());
        let hurries = self.random.f64() < self.conditions.reorder;
        let takes = if hurries { Duration::ZERO } else { self.conditions.delay + jitter };
        self.sent += 1;
        self.on_the_way.push(Reverse(OnTheWay { arrives: now + takes, number: self.sent, datagram }));
    }
}

impl<T> OnTheWay<T> {
    fn key(&self) -> (Now, u64) {
        (self.arrives, self.number)
    }
}

impl<T> PartialEq for OnTheWay<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for OnTheWay<T> {}

impl<T> PartialOrd for OnTheWay<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for OnTheWay<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
