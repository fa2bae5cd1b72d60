//! Drivers: bytes and instants in, bytes and instants out. The only place with sockets, timers
//! and the clock; everything they drive is a machine of another room.

mod clock;
mod coder;
pub mod gaps;
pub mod identity;
pub mod media;
pub mod names;
pub mod pacer;
pub mod placement;
pub mod playout;
pub mod ports;
pub mod route;
pub mod sip;
pub mod tap;
mod tcp;
pub mod tls;

pub use clock::Clock;
