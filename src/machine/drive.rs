use std::future::Future;

use crate::{Machine, Now, Poll};

/// Why a machine is called again.
#[derive(Debug)]
pub enum Wake<I> {
    /// An input arrived at this instant.
    Input(Now, I),
    /// The instant waited for (or a later one) has come.
    Time(Now),
    /// There will be no more input: stop driving.
    End,
}

/// Everything around a machine: a tokio task with sockets and channels in the daemon, a
/// virtual clock with a script in a test.
pub trait World<M: Machine> {
    /// Carries out one output. The machine is at hand for outputs that are answered at once.
    fn perform(&mut self, output: M::Output);

    /// Waits for the next input, at most until `until`.
    fn next(&mut self, until: Now) -> impl Future<Output = Wake<M::Input>>;
}

/// Carries out all that the machine has to say; returns the instant it wants to be woken at.
pub fn settle<M: Machine>(machine: &mut M, mut perform: impl FnMut(M::Output)) -> Now {
    loop {
        match machine.poll() {
            Poll::Do(output) => perform(output),
            Poll::WaitUntil(at) => return at,
        }
    }
}

/// Drives a machine until its world ends. The one loop of the house: on tokio `next` awaits
/// sockets and a timer, on the virtual clock it is always ready.
pub async fn drive<M: Machine>(machine: &mut M, world: &mut impl World<M>) {
    loop {
        let until = settle(machine, |output| world.perform(output));
        match world.next(until).await {
            Wake::Input(now, input) => machine.handle(now, input),
            Wake::Time(now) => machine.wake(now),
            Wake::End => return,
        }
    }
}
