//! Whether a server that failed is asked again.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which it is left alone.
const PATIENCE: u32 = 3;
/// For so long at first; each failure after that doubles it.
pub(super) const FIRST_REST: Duration = Duration::from_secs(5);
const LONGEST_REST: Duration = Duration::from_secs(80);

/// A circuit breaker: closed while the server answers; open after failures, when nobody waits for
/// it any more; then one request tries, and its outcome decides for the others.
#[derive(Debug)]
pub(super) struct Breaker {
    first_rest: Duration,
    failures: u32,
    /// Nobody asks before.
    open_until: Option<Instant>,
    trying: bool,
}

impl Breaker {
    /// Closed; rests for so long when it first opens.
    pub(super) fn new(first_rest: Duration) -> Self {
        Breaker { first_rest, failures: 0, open_until: None, trying: false }
    }

    /// True when the server may be asked now; whoever hears that must tell how it went.
    pub(super) fn lets_through(&mut self, now: Instant) -> bool {
        match self.open_until {
            None => true,
            Some(until) if now < until || self.trying => false,
            Some(_) => {
                self.trying = true;
                true
            }
        }
    }

    /// It answered as it should.
    pub(super) fn succeeded(&mut self) {
        *self = Breaker::new(self.first_rest);
    }

    /// It did not. True when this opened the circuit.
    pub(super) fn failed(&mut self, now: Instant) -> bool {
        let tried = std::mem::take(&mut self.trying);
        if self.open_until.is_some() && !tried {
            return false; // it was asked before the circuit opened
        }
        self.failures = self.failures.saturating_add(1);
        if self.failures < PATIENCE {
            return false;
        }
        let doubled = self.first_rest.saturating_mul(1 << (self.failures - PATIENCE).min(8));
        self.open_until = Some(now + doubled.min(LONGEST_REST));
        true
    }

    /// Nobody wanted the answer any more: it says nothing about the server.
    pub(super) fn abandoned(&mut self) {
        self.trying = false;
    }

    /// True while the server is left alone.
    pub(super) fn is_open(&self) -> bool {
        self.open_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_one_request_tries_again() {
        let (mut breaker, now) = (Breaker::new(FIRST_REST), Instant::now());
        for _ in 1..PATIENCE {
            assert!(breaker.lets_through(now) && !breaker.failed(now));
        }
        assert!(breaker.lets_through(now) && breaker.failed(now));
        assert!(!breaker.lets_through(now + FIRST_REST / 2));
        let later = now + FIRST_REST;
        assert!(breaker.lets_through(later));
        assert!(!breaker.lets_through(later), "one tries, the others do not wait for it");
        assert!(breaker.failed(later));
        assert!(!breaker.lets_through(later + FIRST_REST), "it rests longer now");
        assert!(breaker.lets_through(later + 2 * FIRST_REST));
        breaker.succeeded();
        assert!(breaker.lets_through(later) && !breaker.is_open());
    }

    #[test]
    fn an_abandoned_try_leaves_the_next_one_free() {
        let (mut breaker, now) = (Breaker::new(FIRST_REST), Instant::now());
        let opened = (0..PATIENCE).filter(|_| breaker.failed(now)).count();
        assert_eq!(opened, 1);
        let later = now + FIRST_REST;
        assert!(breaker.lets_through(later));
        breaker.abandoned();
        assert!(breaker.lets_through(later));
    }
}
