//! Calls: who is let in, and one task for each call that owns its machines.
//!
//! # Deliberately absent
//! Protocol (telephony), timing and wording (dialogue), inference (the workers).

mod call;
mod captions;
mod ears;
pub mod handover;
mod hands;
mod health;
mod mind;
pub mod phrases;
mod record;
pub mod switchboard;
mod voice;

pub use captions::{Caption, Captions};
pub use switchboard::{House, Switchboard};
pub use voice::VoiceChoice;
