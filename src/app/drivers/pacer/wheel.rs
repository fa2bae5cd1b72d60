//! Streams by the millisecond in which their next packet is due. So many streams wake the thread
//! at most a thousand times a second, and each time it looks at those that are due alone.

/// Milliseconds of a turn: more than the longest packet time.
const SLOTS: u64 = 64;
/// A new stream begins in the emptiest of the next few milliseconds, so that packets leave evenly.
const CHOICE: u64 = 5;
/// Later than this (the machine slept, or was stopped), a new rhythm begins instead of a burst.
const TOO_LATE_MS: u64 = 200;

/// Things that are served again and again, each after a time of its own.
pub(super) struct Wheel<T> {
    slots: Vec<Vec<T>>,
    /// The slot being served; kept so that none is allocated.
    served: Vec<T>,
    /// The millisecond that is served next.
    at_ms: u64,
    count: usize,
}

impl<T> Wheel<T> {
    /// An empty one that allocates nothing for so many.
    pub fn with_room_for(most: usize) -> Self {
        // Streams are spread over 20 ms at least; several times the even share is room enough.
        let room = most.div_ceil(8);
        Wheel {
            slots: (0..SLOTS).map(|_| Vec::with_capacity(room)).collect(),
            served: Vec::with_capacity(room),
            at_ms: 0,
            count: 0,
        }
    }

    /// Nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one, to be served within a few milliseconds.
    pub fn add(&mut self, now_ms: u64, item: T) {
        if self.count == 0 {
            self.at_ms = now_ms;
        }
        let soon = self.at_ms..self.at_ms + CHOICE;
        let emptiest = soon.min_by_key(|ms| self.slots[slot(*ms)].len()).unwrap_or(self.at_ms);
        self.slots[slot(emptiest)].push(item);
        self.count += 1;
    }

    /// Serves all that is due by now: `serve` gives back what is to be served again, and after how
    /// many milliseconds, up to 63.
    pub fn turn(&mut self, now_ms: u64, mut serve: impl FnMut(T) -> Option<(T, u64)>) {
        if now_ms.saturating_sub(self.at_ms) > TOO_LATE_MS {
            self.at_ms = now_ms;
        }
        while self.at_ms <= now_ms {
            std::mem::swap(&mut self.served, &mut self.slots[slot(self.at_ms)]);
            for item in self.served.drain(..) {
                match serve(item) {
                    Some((item, after)) => self.slots[slot(self.at_ms + after.clamp(1, SLOTS - 1))].push(item),
                    None => self.count -= 1,
                }
            }
            self.at_ms += 1;
        }
    }

    /// The millisecond in which something is due next; `None` of an empty one.
    pub fn next_ms(&self) -> Option<u64> {
        (self.at_ms..self.at_ms + SLOTS).find(|ms| !self.slots[slot(*ms)].is_empty())
    }
}

fn slot(ms: u64) -> usize {
    (ms % SLOTS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets time pass, waking as the wheel wants; when each was served.
    fn run(wheel: &mut Wheel<(usize, u64)>, from: u64, until: u64) -> Vec<Vec<u64>> {
        let mut served = vec![Vec::new(); wheel.count];
        let mut now = from;
        while now < until {
            wheel.turn(now, |(id, period)| {
                served[id].push(now);
                Some(((id, period), period))
            });
            now = wheel.next_ms().unwrap_or(until);
        }
        served
    }

    #[test]
    fn each_is_served_in_its_own_time_and_few_at_once() {
        let mut wheel = Wheel::with_room_for(100);
        for id in 0..100 {
            wheel.add(1_000 + id as u64 / 5, (id, 10 * (1 + id as u64 % 6)));
            wheel.turn(1_000 + id as u64 / 5, |item| Some((item, item.1)));
        }
        let served = run(&mut wheel, 1_020, 3_000);
        for (id, times) in served.iter().enumerate() {
            let period = 10 * (1 + id as u64 % 6);
            assert!(times.len() as u64 >= 1_900 / period, "{id}: {} times", times.len());
            assert!(times.windows(2).all(|pair| pair[1] - pair[0] == period), "{id}: {times:?}");
        }
        let mut at_once = std::collections::BTreeMap::new();
        served.iter().flatten().for_each(|ms| *at_once.entry(*ms).or_insert(0) += 1);
        assert!(at_once.values().all(|count| *count <= 25), "{at_once:?}");
    }

    #[test]
    fn what_was_missed_is_made_up_for_but_not_a_long_sleep() {
        let mut wheel = Wheel::with_room_for(10);
        wheel.add(0, (0, 20));
        assert_eq!(run(&mut wheel, 0, 20)[0].len(), 1);
        assert_eq!(run(&mut wheel, 100, 101)[0].len(), 5, "20 to 100 ms");
        let after = run(&mut wheel, 60_000, 60_200);
        assert!((8..=10).contains(&after[0].len()), "{after:?}");
        assert!(after[0].windows(2).all(|pair| pair[1] - pair[0] == 20));
    }

    #[test]
    fn what_is_over_is_gone() {
        let mut wheel = Wheel::with_room_for(10);
        wheel.add(0, (0, 20));
        wheel.turn(10, |_| None);
        assert!(wheel.is_empty() && wheel.next_ms().is_none());
    }
}
