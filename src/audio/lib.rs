//! Pure sample work: resampling, voice activity, levels, spectra, tones, wav files.
//!
//! Audio is mono, signed 16 bit, in slices; every rate is in hertz and every level in dBFS
//! (0 is full scale). Whatever keeps state takes audio in pieces of any length as it streams.
//!
//! # Deliberately absent
//! Clocks, threads, devices, paths: wav files are read from and written to what the caller
//! opened. Native code: it lives in the workers only.

#![deny(clippy::unwrap_used, clippy::expect_used)]

mod error;
mod level;
pub mod mel;
mod resample;
pub mod tones;
mod vad;
pub mod wav;

pub use error::Error;
pub use level::{SILENCE_DB, level_db};
pub use resample::{Resampler, resample};
pub use vad::{Vad, VadFrame, VadSettings};

/// What this crate answers.
pub type Result<T> = std::result::Result<T, Error>;
