//! The three engines as plain data: what the daemon asks of a worker, what a worker answers,
//! the frames both travel in, and what a model file must be before anything parses it.
//!
//! A worker is a process whose file descriptor 0 is one end of a Unix stream socket. Each
//! frame is a little-endian `u32` length (at most [`MAX_FRAME`]) and that many bytes of
//! postcard. The first frame each way carries [`PROTOCOL`].
//!
//! - [`protocol`]: the messages; [`frame`]: their framing;
//! - [`manifest`]: what a model is; [`verify`](mod@verify): that its files are what the manifest says;
//! - `worker` (a feature): the life of a worker process, its sandbox, its model files;
//! - `rig` (a feature): a worker on a socket pair, for tests.
//!
//! # Deliberately absent
//! Native code, model files being parsed, any policy about calls.

mod error;
pub mod frame;
mod gpus;
pub mod manifest;
pub mod protocol;
#[cfg(feature = "rig")]
pub mod rig;
pub mod verify;
#[cfg(feature = "worker")]
pub mod worker;

pub use error::Error;
pub use frame::{FrameBuffer, read_frame, write_frame};
pub use gpus::Gpus;
pub use manifest::Manifest;
pub use protocol::*;
