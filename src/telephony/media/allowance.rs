use machine::Now;

use super::RATE_HZ;
use super::packet::Body;

/// Audio may run ahead of time by this much before it counts as a flood.
const BURST_TICKS: u64 = 2 * RATE_HZ as u64;

/// Audio can't come faster than time for long, whoever sends it.
#[derive(Debug)]
pub(super) struct Allowance {
    ticks: u64,
    at: Now,
}

impl Allowance {
    pub fn new(now: Now) -> Self {
        Self { ticks: BURST_TICKS, at: now }
    }

    pub fn refuses(&mut self, now: Now, body: &Body) -> bool {
        let Body::Audio(codec, octets) = body else {
            return false;
        };
        // A tenth more than time itself: the other side's clock is its own.
        let earned = now.since(self.at).as_micros() as u64 * u64::from(RATE_HZ) * 11 / 10_000_000;
        if earned > 0 {
            self.ticks = (self.ticks + earned).min(BURST_TICKS);
            self.at = now;
        }
        match self.ticks.checked_sub(codec.ticks(octets).unwrap_or_default().into()) {
            Some(left) => self.ticks = left,
            None => return true,
        }
        false
    }
}
