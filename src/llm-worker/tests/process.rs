//! The life of this worker's process, as every worker's.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

#[path = "../../engine/tests/life/mod.rs"]
mod life;

/// The worker held to it.
mod subject {
    pub use super::worker::{manifest, models, program};
    pub use engine::Llm as Engine;

    pub const KIND: &str = "llm";
    pub const ABOUT: &str = "llama.cpp";
    pub const MANIFEST: &str = "starter-llm.toml";
    pub const MODEL: &str = "starter-llm-q8_0.gguf";
    pub const OTHER_MANIFEST: &str = "starter-stt.toml";
}
