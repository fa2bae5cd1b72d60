//! What the calls tell the switchboard of how long callers wait, and are told of what the box can
//! afford.

use std::sync::{Mutex, PoisonError};

use dialogue::io::{Afford, Timings};
use tokio::sync::watch;

use crate::load::Relief;

/// Waits kept until the switchboard takes them, once a second.
const MOST_WAITS: usize = 1_024;

/// Shared by all calls.
#[derive(Debug)]
pub struct Strain {
    waits_ms: Mutex<Vec<f64>>,
    afford: watch::Sender<Afford>,
}

impl Default for Strain {
    fn default() -> Self {
        Strain { waits_ms: Mutex::default(), afford: watch::Sender::new(Afford::default()) }
    }
}

impl Strain {
    /// A turn was answered.
    pub fn answered(&self, timings: &Timings) {
        let Some((end, audio)) = timings.speech_end_ms.zip(timings.audio_ms) else { return };
        let mut waits = self.waits_ms.lock().unwrap_or_else(PoisonError::into_inner);
        if waits.len() < MOST_WAITS {
            waits.push(audio.saturating_sub(end) as f64);
        }
    }

    /// The waits since this was last asked.
    pub fn take(&self) -> Vec<f64> {
        std::mem::take(&mut self.waits_ms.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells all calls what is left out from now on; true when that has changed.
    pub fn relieve(&self, relief: Relief) -> bool {
        let afford = Afford { speculation: relief < Relief::Speculation, partials: relief < Relief::Partials };
        self.afford.send_if_modified(|told| std::mem::replace(told, afford) != afford)
    }

    /// What the box can afford; also tells of changes.
    pub fn afford(&self) -> watch::Receiver<Afford> {
        self.afford.subscribe()
    }
}
