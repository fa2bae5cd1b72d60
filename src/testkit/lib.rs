//! For tests: a virtual clock that drives machines through the house's one loop, and a
//! network between them that loses, delays, reorders and repeats as its seed says.
//!
//! # Contract
//! Time is [`machine::Now`] and passes only between inputs; ten minutes take as long as their
//! inputs take to handle. The same seed gives the same run.
//!
//! # Deliberately absent
//! Sleeping, threads, sockets; anything that knows SIP, RTP or conversations.

mod block_on;
mod network;
mod world;

pub use block_on::block_on;
pub use network::{Conditions, Network};
pub use world::{VirtualWorld, run};
