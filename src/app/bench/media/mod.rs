//! What many calls cost while they only exchange sound: tones in, tones out, nobody recognises,
//! thinks or speaks.
//!
//! The box is a process of its own that answers with the drivers of `callbox run`: its SIP endpoint,
//! its ports, its receiver, its sending thread ([`answer`]). The telephones are one thread that does
//! as little as it can ([`load`]): it is there to load the box, and shares the machine with it.
//! [`level`] sets up the calls, lets them talk, and reads from the system what the box took.
//!
//! # Deliberately absent
//! Voice activity and everything after it: what that costs depends on who speaks, not on how many
//! calls there are.

mod answer;
mod cost;
mod level;
mod load;
mod report;

pub use answer::answer;
pub use level::{Bars, Measured, Plan, measure};
pub use report::{Report, html, table};
