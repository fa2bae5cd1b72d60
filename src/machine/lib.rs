//! What every sans-IO machine of the house shares: the instant, the contract and the one
//! loop that drives a machine, on tokio and on a virtual clock alike.
//!
//! # Contract
//! ```text
//! machine.handle(now, input);          // or machine.wake(now) when time alone has passed
//! loop { match machine.poll() { Poll::Do(output) => .., Poll::WaitUntil(at) => break } }
//! ```
//! `handle` and `wake` change state, `poll` hands out what follows from it. After either of
//! them `poll` is called until it answers `WaitUntil`; that instant is when `wake` is wanted
//! next, [`Now::NEVER`] when only input can change anything. The same inputs at the same
//! instants give the same outputs, always: randomness is a seeded source given at construction.
//!
//! # Deliberately absent
//! A clock, a runtime, a socket, a thread.

mod drive;
mod now;

pub use drive::{Wake, World, drive, settle};
pub use now::Now;

/// What a machine answers when asked for its next output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll<O> {
    /// Carry this out, then poll again.
    Do(O),
    /// Nothing more to do; call `wake` at this instant unless an input comes first.
    WaitUntil(Now),
}

/// A state machine without IO: instants and inputs in, outputs out.
pub trait Machine {
    /// What the outside world tells it.
    type Input;
    /// What it wants done.
    type Output;

    /// Something happened.
    fn handle(&mut self, now: Now, input: Self::Input);
    /// Time passed; called at or after the instant last answered by `poll`.
    fn wake(&mut self, now: Now);
    /// The next output, or the instant to wait for.
    fn poll(&mut self) -> Poll<Self::Output>;
}
