//! Which processors the pacer and everything else run on, and with what right.
//!
//! On four processors or more the pacer has one for itself: the process moves off it before it
//! starts a thread or a worker, and what it starts inherits that. Where the system permits, the
//! pacer is scheduled before anything that is not real time (SCHED_FIFO).

use rustix::thread::{CpuSet, gettid, sched_getaffinity, sched_setaffinity};
use thread_priority::unix::{RealtimeThreadSchedulePolicy, ThreadSchedulePolicy};
use thread_priority::{ThreadPriority, set_thread_priority_and_policy, thread_native_id};

/// With fewer processors, one without inference would cost more answers than it saves packets.
const ENOUGH: usize = 4;
/// Of 1 to 99: before every ordinary thread, after what the kernel itself needs.
const REAL_TIME: u8 = 20;
/// Where real time is not permitted, of -20 to 19.
const NICENESS: i32 = -15;

/// Where the pacer runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Placement {
    /// The processor that is the pacer's alone.
    own: Option<usize>,
}

/// How much the pacer is preferred to other threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// It runs whenever it is due.
    RealTime,
    /// It gets most of a busy processor.
    Preferred,
    /// It is a thread like any other.
    None,
}

impl Placement {
    /// Keeps a processor for the pacer where there are enough, and moves the calling thread, and
    /// so all that it will start, off it. Called before any other thread is started.
    pub fn reserve() -> Self {
        let Ok(allowed) = sched_getaffinity(None) else { return Placement::default() };
        let Some(own) = own_processor(&processors(&allowed)) else { return Placement::default() };
        let mut others = allowed;
        others.unset(own);
        match sched_setaffinity(None, &others) {
            Ok(()) => Placement { own: Some(own) },
            Err(_) => Placement::default(), // not permitted: everything shares everything
        }
    }

    /// Makes the calling thread the pacer's.
    pub(super) fn take(self) -> Right {
        if let Some(own) = self.own {
            let mut alone = CpuSet::new();
            alone.set(own);
            if sched_setaffinity(Some(gettid()), &alone).is_err() {
                tracing::warn!(
                    processor = own,
                    "the pacer's own processor can't be taken; it shares those of the calls"
                );
            }
        }
        prefer_this_thread()
    }

    /// The processor that is the pacer's alone.
    pub fn own(self) -> Option<usize> {
        self.own
    }
}

/// Asks the system to run the calling thread before all others.
pub fn prefer_this_thread() -> Right {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    let priority = ThreadPriority::try_from(REAL_TIME).unwrap_or(ThreadPriority::Max);
    if set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok() {
        return Right::RealTime;
    }
    if favour_this_thread() { Right::Preferred } else { Right::None }
}

/// Asks the system to give the calling thread most of a busy processor; false where that is not permitted.
pub(super) fn favour_this_thread() -> bool {
    rustix::process::setpriority_process(Some(gettid()), NICENESS).is_ok()
}

impl Right {
    /// For the owner: what it is, and what to do for more.
    pub fn sentence(self) -> &'static str {
        match self {
            Right::RealTime => "the thread that sends audio is scheduled before all others (SCHED_FIFO)",
            Right::Preferred => {
                "the thread that sends audio is preferred by niceness only: packets may leave late on a busy machine. \
                 Allow real time with LimitRTPRIO=20 in the systemd unit, or `ulimit -r 20`"
            }
            Right::None => {
                "the thread that sends audio has no right to be preferred: packets may leave late on a busy machine. \
                 Allow real time with LimitRTPRIO=20 in the systemd unit, or `ulimit -r 20`"
            }
        }
    }
}

/// The last of enough processors: interrupts are served by the first ones.
fn own_processor(allowed: &[usize]) -> Option<usize> {
    if allowed.len() >= ENOUGH { allowed.last().copied() } else { None }
}

fn processors(set: &CpuSet) -> Vec<usize> {
    (0..CpuSet::MAX_CPU).filter(|processor| set.is_set(*processor)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_of_enough_processors_one_is_kept() {
        assert_eq!(own_processor(&[0, 1, 2]), None);
        assert_eq!(own_processor(&[0, 1, 5, 7]), Some(7));
    }
}
