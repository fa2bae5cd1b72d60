use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use machine::Now;

/// The daemon's clock: the one place where `Instant` becomes [`Now`].
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose origin is this moment.
    pub fn start() -> Self {
        Clock { origin: Instant::now() }
    }

    /// This moment.
    pub fn now(&self) -> Now {
        Now::from_micros(u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// The `Instant` of `at`; half a minute from now when it is later than that, so that
    /// `Now::NEVER` needs no special case: waking early is always allowed by the drivers.
    pub fn instant(&self, at: Now) -> Instant {
        let soon = self.now() + Duration::from_secs(30);
        self.origin + Duration::from_micros(at.min(soon).as_micros())
    }

    /// Wall clock in milliseconds since 1970 UTC.
    pub fn unix_ms() -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
