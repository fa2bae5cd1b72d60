use std::time::{Duration, Instant};

/// How long an engine has had something to do, and how much it has done, since it was first asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Busy {
    /// Time with work in flight that must be done.
    pub must: Duration,
    /// Time with nothing in flight but work that may be shed.
    pub may: Duration,
    /// Pieces of work that had to be done and were.
    pub done: u64,
}

impl Busy {
    /// What came since an earlier reading.
    pub fn since(&self, earlier: &Busy) -> Busy {
        Busy {
            must: self.must.saturating_sub(earlier.must),
            may: self.may.saturating_sub(earlier.may),
            done: self.done.saturating_sub(earlier.done),
        }
    }
}

/// Counts what is in flight at one engine.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    busy: Busy,
    must: u32,
    may: u32,
    since: Option<Instant>,
}

impl Gauge {
    pub(super) fn begins(&mut self, now: Instant, may_be_shed: bool) {
        self.pass(now);
        *self.count(may_be_shed) += 1;
    }

    pub(super) fn ends(&mut self, now: Instant, may_be_shed: bool, is_done: bool) {
        self.pass(now);
        let count = self.count(may_be_shed);
        *count = count.saturating_sub(1);
        self.busy.done += u64::from(is_done && !may_be_shed);
    }

    pub(super) fn busy(&mut self, now: Instant) -> Busy {
        self.pass(now);
        self.busy
    }

    fn count(&mut self, may_be_shed: bool) -> &mut u32 {
        if may_be_shed { &mut self.may } else { &mut self.must }
    }

    fn pass(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since.replace(now).unwrap_or(now));
        if self.must > 0 {
            self.busy.must += passed;
        } else if self.may > 0 {
            self.busy.may += passed;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_side_by_side_is_counted_once_and_what_must_be_done_goes_before() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut gauge = Gauge::default();
        gauge.begins(at(0), true);
        gauge.begins(at(10), false);
        gauge.begins(at(20), false);
        gauge.ends(at(30), false, true);
        gauge.ends(at(50), false, false);
        gauge.ends(at(55), true, true);
        let ms = Duration::from_millis;
        assert_eq!(gauge.busy(at(99)), Busy { must: ms(40), may: ms(15), done: 1 });
        assert_eq!(gauge.busy(at(99)).since(&Busy { must: ms(30), may: ms(15), done: 1 }).must, ms(10));
    }
}
