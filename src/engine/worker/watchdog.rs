use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// No step of an engine takes so long, not even a large model's transcript on a busy machine.
const LONGEST_STEP: Duration = Duration::from_secs(60);

/// Knows how long the engine's thread has been in one step. The daemon's pings are answered by
/// another thread, so that they are answered while the engine works; a step that never ends, in
/// native code that can't be broken off, must not hide behind that.
#[derive(Debug)]
pub(super) struct Watchdog {
    start: Instant,
    /// Milliseconds after `start` at which the step began, plus one; 0 between steps.
    began: AtomicU64,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Watchdog { start: Instant::now(), began: AtomicU64::new(0) }
    }

    /// A step begins.
    pub(super) fn begin(&self, now: Instant) {
        let since = u64::try_from(now.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX - 1);
        self.began.store(since + 1, Ordering::Relaxed);
    }

    /// The step is over.
    pub(super) fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
    }

    /// How long the step has taken that should have been over long ago.
    pub(super) fn hangs(&self, now: Instant) -> Option<Duration> {
        let began = self.began.load(Ordering::Relaxed).checked_sub(1)?;
        let taken = now.saturating_duration_since(self.start + Duration::from_millis(began));
        (taken > LONGEST_STEP).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_step_that_never_ends_is_a_hang() {
        let (dog, now) = (Watchdog::new(), Instant::now());
        assert_eq!(dog.hangs(now + 9 * LONGEST_STEP), None, "an idle engine does not hang");
        dog.begin(now);
        assert_eq!(dog.hangs(now + LONGEST_STEP / 2), None);
        dog.end();
        dog.begin(now + LONGEST_STEP);
        assert_eq!(dog.hangs(now + 3 * LONGEST_STEP / 2), None, "each step has its own time");
        assert!(dog.hangs(now + 3 * LONGEST_STEP).is_some());
    }
}
