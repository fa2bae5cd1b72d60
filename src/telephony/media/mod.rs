//! Media of one call, sans-IO: G.711 at 8 kHz, G.722 and Opus at 16 kHz, in frames of 20 ms.
//!
//! - [`Receiver`] takes RTP and RTCP datagrams as they come and gives back audio in order,
//!   keypad digits (told by events, as tones or by signalling: each press once), the address to
//!   send to, RTCP to transmit, and word when the line dies.
//!   It gives **fifty frames a second whatever happens**: what is missing is concealed, what
//!   is silent is silence, so that its consumer can tell time by the frames.
//! - [`JitterBuffer`] stands behind a receiver where someone listens or records at a fixed
//!   cadence: it only evens out time, order and loss are settled before it.
//! - [`Sender`] makes RTP packets for the pacer without allocating.
//!
//! # Trust
//! Whatever is malformed, too large, of an unknown payload type or from a stranger is counted
//! and dropped; there is no error to handle. Who is a stranger: the first to send from the
//! address that signalling names is the voice, or from another port of the hosts it names the first
//! to send two packets in sequence; from then on everyone else is, until the voice has been silent
//! for a while.
//!
//! # Deliberately absent
//! Sockets, clocks, any opinion on what was said.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

mod allowance;
mod codec;
mod conceal;
pub mod dtls;
pub mod g711;
pub mod g722;
mod io;
mod jitter_buffer;
mod keypad;
mod latch;
pub(crate) mod named;
pub mod opus;
mod packet;
mod presses;
mod quality;
mod receiver;
mod reorder;
mod reports;
mod sender;
pub mod srtp;
mod statistics;
mod stream;
mod timeline;
mod tones;

pub use codec::{Codec, Decoder, Encoder};
pub use io::{Input, Output, Peer, Settings};
pub use jitter_buffer::{JitterBuffer, Played};
pub use receiver::Receiver;
pub use sender::{LONGEST_PACKET, Sender};
pub use statistics::{Sent, Statistics};

/// Samples in a frame: 20 ms at 8 kHz.
pub const FRAME_SAMPLES: usize = 160;
/// Sampling rate, in hertz; also the RTP clock of every codec here, of G.722 too, but of Opus.
pub const RATE_HZ: u32 = 8_000;
/// Length of a frame, in milliseconds.
pub const FRAME_MS: u64 = 20;

/// 20 ms of mono audio at 8 kHz.
pub type Frame = [i16; FRAME_SAMPLES];
/// 20 ms of mono audio at 16 kHz.
pub type WideFrame = [i16; 2 * FRAME_SAMPLES];
