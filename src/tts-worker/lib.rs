//! The voice worker's parts: espeak-ng and Piper voices, brought to telephone level and rate.
//!
//! - [`espeak`]: espeak-ng behind safe calls (the C declarations are in [`espeak_ffi`]);
//! - [`piper`]: Piper voices on ONNX Runtime, with espeak-ng's phonemes;
//! - [`voices`]: all of them by name, and the fallback;
//! - [`mastering`]: trimming, level, rate and word ends; [`level`]: the measure for it;
//! - [`text`]: a request's text and its words; [`serve`]: the worker protocol.
//!
//! # Deliberately absent
//! A cache of phrases (the daemon has it), pauses between clauses (the daemon plays them), any
//! shaping of text (the dialogue does it).

mod error;
pub mod espeak;
pub mod espeak_ffi;
pub mod level;
pub mod mastering;
pub mod piper;
pub mod serve;
pub mod text;
pub mod voices;

pub use error::Error;

/// Whether a stream goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// More, please.
    Go,
    /// That was enough.
    Stop,
}

/// What takes a voice's samples.
pub trait Take {
    /// Word number `word` of the text begins at about this sample of the voice. Comes before
    /// the samples from there on.
    fn word(&mut self, word: usize, sample: u32);
    /// The voice's next samples, at its own rate.
    fn samples(&mut self, samples: &[i16]) -> Flow;
}
