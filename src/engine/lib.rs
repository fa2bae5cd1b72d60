//! The three engines as plain data: what the daemon asks of a worker, what a worker answers,
//! and the frames both travel in.
//!
//! A worker is a process whose file descriptor 0 is one end of a Unix stream socket. Each
//! frame is a little-endian `u32` length (at most [`MAX_FRAME`]) and that many bytes of
//! postcard. The first frame each way carries [`PROTOCOL`].
//!
//! # Deliberately absent
//! Native code, model files being parsed, any policy about calls.

pub mod protocol;

pub use protocol::*;
