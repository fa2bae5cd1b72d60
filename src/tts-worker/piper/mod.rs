//! Piper voices: espeak's phonemes, the voice's numbers, its graph on ONNX Runtime.

mod config;
mod cut;
mod graph;
mod model;
mod parts;
mod phonemes;
mod voice;

pub use config::Config;
pub use graph::{Graph, Sound};
pub use phonemes::{Stretch, ends_sentence, stretch, with_mark};
pub use voice::{Piper, Speech};
