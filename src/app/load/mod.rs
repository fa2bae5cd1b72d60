//! How many calls this box can serve well: admission by time, and what goes first when it is busy.
//!
//! [`Capacity`] predicts, from what a call costs each engine and the machine, how long callers
//! wait at any number of calls; `callbox size` fills it from probes. [`Load`] fills it from the
//! running box, decides whether one more call would be served in time, and what is shed
//! ([`Relief`]) while callers wait too long. Both are sans-IO. [`machine`] reads what they need.
//!
//! # Deliberately absent
//! A number of calls: `sip.max_calls` is a ceiling of memory and ports, not a promise.

mod capacity;
mod live;
pub mod machine;

pub use capacity::{Capacity, STAGES, Station};
pub use live::{Load, Noted, Relief, Second, Verdict};
