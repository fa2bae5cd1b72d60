use machine::{Machine, Now, Wake, World, drive};

use crate::block_on;

/// What a test is to a machine: a script of inputs, and reactions to outputs.
///
/// `next` says when something happens that is not the machine's own doing, and `take` brings
/// it about. Both see only instants that do not go back.
pub trait VirtualWorld<M: Machine> {
    /// When the next input comes, `NEVER` when none is planned.
    fn next(&self) -> Now;
    /// The input of that instant; `None` when it concerned the world alone.
    fn take(&mut self, now: Now) -> Option<M::Input>;
    /// The machine wants this done.
    fn perform(&mut self, now: Now, output: M::Output);
}

/// Happenings at one instant after which time must pass: more is a machine that wants to be
/// woken at once for ever.
const MOST_AT_ONCE: u32 = 100_000;

/// Drives a machine through its world until `until`, by the loop that the daemon uses.
///
/// # Panics
/// When time stands still.
pub fn run<M: Machine>(machine: &mut M, world: &mut impl VirtualWorld<M>, until: Now) {
    let mut clock = Clock { world, now: Now::ZERO, until, at_once: 0 };
    block_on(drive(machine, &mut clock));
}

/// Makes a virtual world a world: time jumps to whatever is next.
struct Clock<'a, W> {
    world: &'a mut W,
    now: Now,
    until: Now,
    at_once: u32,
}

impl<M: Machine, W: VirtualWorld<M>> World<M> for Clock<'_, W> {
    fn perform(&mut self, output: M::Output) {
        self.world.perform(self.now, output);
    }

    async fn next(&mut self, until: Now) -> Wake<M::Input> {
        loop {
            let input_at = self.world.next().max(self.now);
            let next = input_at.min(until.max(self.now));
            if next > self.until {
                return Wake::End;
            }
            self.at_once = if next > self.now { 0 } else { self.at_once + 1 };
            assert!(self.at_once < MOST_AT_ONCE, "time stands still at {next}");
            self.now = next;
            if input_at > next {
                return Wake::Time(next);
            }
            if let Some(input) = self.world.take(next) {
                return Wake::Input(next, input);
            }
        }
    }
}
