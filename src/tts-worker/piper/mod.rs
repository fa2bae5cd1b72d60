//! Piper voices: espeak's phonemes, the voice's numbers, its graph on ONNX Runtime.

mod config;
mod graph;
mod phonemes;
mod voice;

pub use config::Config;
pub use graph::Graph;
pub use phonemes::{Stretch, ends_sentence, stretch, with_mark};
pub use voice::Piper;
