//! The life of this worker's process, as every worker's.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod worker;

#[path = "../../engine/tests/life/mod.rs"]
mod life;

/// The worker held to it.
mod subject {
    pub use super::worker::{manifest, models, program};
    pub use engine::Stt as Engine;

    pub const KIND: &str = "stt";
    pub const ABOUT: &str = "whisper.cpp";
    pub const MANIFEST: &str = "starter-stt.toml";
    pub const MODEL: &str = "starter-stt.q8_0.bin";
    pub const OTHER_MANIFEST: &str = "starter-llm.toml";
}
