//! How loud a voice is, and the gain that brings it to telephone level.

use crate::{Flow, Take};

/// Level of active speech on the line: -20 dBFS.
pub const TARGET_RMS: f32 = 3_276.8;
/// A frame counts as speech down to this far below the loudest (30 dB).
const ACTIVE: f32 = 0.0316;
/// Frames are this long.
const FRAME_MS: u32 = 20;

/// Level of the active speech in `samples`, as RMS; 0 when there is none.
pub fn active_rms(samples: &[i16], rate: u32) -> f32 {
    let length = (rate * FRAME_MS / 1_000).max(1) as usize;
    let powers: Vec<f64> = samples.chunks_exact(length).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let floor = loudest * f64::from(ACTIVE * ACTIVE);
    let (sum, count) = powers
        .iter()
        .filter(|power| **power > 0.0 && **power >= floor)
        .fold((0.0, 0_u32), |(sum, count), power| (sum + power, count + 1));
    if count == 0 { 0.0 } else { (sum / f64::from(count)).sqrt() as f32 }
}

fn power(frame: &[i16]) -> f64 {
    let sum: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    sum / frame.len().max(1) as f64
}

/// Listens to a voice once, so that its gain is known before anyone hears it: one gain a voice
/// keeps its loud and soft words as they are, and lets samples stream.
#[derive(Debug, Default)]
pub struct Meter {
    samples: Vec<i16>,
}

impl Meter {
    /// The factor that brings what was heard to [`TARGET_RMS`].
    pub fn gain(&self, rate: u32) -> f32 {
        let rms = active_rms(&self.samples, rate);
        if rms > 1.0 { (TARGET_RMS / rms).clamp(0.1, 10.0) } else { 1.0 }
    }
}

impl Take for Meter {
    fn word(&mut self, _: usize, _: u32) {}

    fn samples(&mut self, samples: &[i16]) -> Flow {
        self.samples.extend_from_slice(samples);
        Flow::Go
    }
}
