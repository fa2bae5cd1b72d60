//! The engines as the daemon sees them: worker processes that are spawned, warmed, watched and
//! restarted, and clients through which calls give them work.
//!
//! # Deliberately absent
//! Model code. Whatever a worker does wrong costs one restart, never a call.

mod client;
mod gauge;
mod launch;
mod start;
mod warm;
mod watch;

pub use client::{Client, Reply, State};
pub use gauge::Busy;
pub use launch::Launch;
pub use start::{Models, model, models_folder, start_llm, start_stt, start_tts, thinking, turn, workers_folder};
pub use warm::keep_warm;

use engine::{Engine, Llm, Stt, Tts};

/// The three engines.
#[derive(Debug, Clone)]
pub struct Engines {
    /// Speech recognition.
    pub stt: Client<Stt>,
    /// The language model.
    pub llm: Client<Llm>,
    /// The voice.
    pub tts: Client<Tts>,
}

impl Engines {
    /// Why calls can't be answered now, if they can't.
    pub fn is_out(&self) -> Option<String> {
        [self.stt.is_out(), self.llm.is_out(), self.tts.is_out()].into_iter().flatten().next()
    }

    /// What each is and computes on, by its name in the configuration.
    pub fn about(&self) -> [(&'static str, String); 3] {
        [(Stt::NAME, self.stt.about()), (Llm::NAME, self.llm.about()), (Tts::NAME, self.tts.about())]
    }

    /// Waits until all three are ready, or until one has given up.
    ///
    /// # Errors
    /// The reason of the engine that can't start.
    pub async fn ready(&self) -> Result<(), String> {
        self.stt.ready().await?;
        self.llm.ready().await?;
        self.tts.ready().await
    }
}
