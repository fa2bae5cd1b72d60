//! The conversation, sans-IO: when to listen, when a turn is over, what to do, what to say,
//! and what of it was really heard.
//!
//! Two halves meet at [`Brain`]:
//! - [`conversation`] is *when*: hearing, turn, floor, delay, silence, ledger, timings.
//! - [`agent`] is *what*: the business, decisions of the model, flows, wording.
//!
//! # Deliberately absent
//! Audio samples, telephony, model code, clocks (the civil time comes in with the inputs).

pub mod agent;
pub mod brain;
pub mod business;
pub mod conversation;
pub mod io;
pub mod parse;
pub mod shaping;

pub use brain::*;
