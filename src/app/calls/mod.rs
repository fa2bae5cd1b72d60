//! Calls: who is let in, and one task for each call that owns its machines.
//!
//! # Deliberately absent
//! Protocol (telephony), timing and wording (dialogue), inference (the workers).

pub mod admission;
mod call;
mod captions;
mod ears;
pub mod handover;
mod hands;
mod health;
mod mind;
pub mod phrases;
pub mod probe;
mod record;
mod strain;
pub mod switchboard;
mod voice;
mod waiting;

pub use admission::Rules;
pub use captions::{Caption, Captions};
pub use strain::Strain;
pub use switchboard::{House, Switchboard};
pub use voice::VoiceChoice;
