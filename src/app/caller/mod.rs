//! A caller: dials over real SIP and RTP, speaks a script, listens, and measures at the wire.
//!
//! [`script`] is what to say; [`utterance`] has it spoken before the call; [`Caller`] is the
//! machine that decides when, and measures; [`line`](mod@line) is the call itself, on sockets.
//!
//! # What is measured
//! From the packet with the last audible sample of the caller, as it was sent, to the arrival of
//! the first packet with an audible sample of the agent: end of turn, recognition, decision, voice
//! and packets included. Audible is [`AUDIBLE_DB`] over 10 ms. What the caller says is cut to its
//! audible part, so that its end is known to the packet.
//!
//! # Deliberately absent
//! Understanding: a scripted caller hears only that the agent speaks, never what it says. A live
//! one ([`Live`]) is told what to do next by somebody who understands: `rehearse`.

mod agent_speech;
mod barge_in;
mod behaviour;
mod error;
mod event;
mod gaps;
pub mod line;
mod media;
mod recording;
pub mod script;
mod target;
pub mod utterance;

pub use behaviour::{Caller, Input, Output, Settings};
pub use error::Error;
pub use event::{Answer, By, Event, Ms, Summary, What};
pub use line::{Audio, Live, Next, Setup, Taken, call};
pub use recording::Recording;
pub use script::Script;
pub use target::Target;
pub use utterance::{AUDIBLE_DB, Utterance};
