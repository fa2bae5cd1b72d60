use earshot::Detector;

use crate::{Resampler, level_db};

/// Samples of a frame: 20 ms at 8 kHz.
const FRAME: usize = 160;
/// Samples the detector takes at once: 16 ms at 16 kHz.
const HOP: usize = 256;

/// The detector hears the line 10 dB softer than it is. It knows loudness, and it never met
/// noise that ends at 4 kHz: at full level it takes steady hiss and car noise 10 dB under the
/// voice for speech, always; so softened, hardly ever, and finds speech as well.
const SOFTENED: f32 = 0.3;

/// How readily speech is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VadSettings {
    /// Probability from which a frame is speech.
    pub threshold: f32,
    /// Frames softer than this, in dBFS, are silence without being looked at.
    pub floor_db: f32,
}

impl Default for VadSettings {
    fn default() -> Self {
        Self { threshold: 0.5, floor_db: -60.0 }
    }
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VadFrame {
    /// Someone speaks.
    pub speech: bool,
    /// Level in dBFS.
    pub level_db: f32,
    /// How sure the detector is, 0 to 1.
    pub probability: f32,
}

/// Finds speech in one call's audio, frame by frame.
pub struct Vad {
    settings: VadSettings,
    detector: Box<Detector>,
    up: Resampler,
    /// Audio at 16 kHz that is not looked at yet.
    waiting: Vec<i16>,
    probability: f32,
}

impl Vad {
    /// A detector that has heard nothing yet.
    pub fn new(settings: VadSettings) -> Self {
        Self {
            settings,
            detector: Box::new(Detector::default()),
            up: Resampler::doubling(),
            waiting: Vec::with_capacity(4 * FRAME),
            probability: 0.0,
        }
    }

    /// Looks at the next 20 ms at 8 kHz.
    pub fn frame(&mut self, samples: &[i16; FRAME]) -> VadFrame {
        self.up.process(&samples.map(softened), &mut self.waiting);
        self.judge(level_db(samples))
    }

    /// Looks at the next 20 ms at 16 kHz.
    pub fn wide_frame(&mut self, samples: &[i16; 2 * FRAME]) -> VadFrame {
        self.waiting.extend(samples.iter().map(|sample| softened(*sample)));
        self.judge(level_db(samples))
    }

    fn judge(&mut self, level_db: f32) -> VadFrame {
        let (hops, rest) = self.waiting.as_chunks::<HOP>();
        for hop in hops {
            self.probability = self.detector.predict_i16(hop);
        }
        let used = self.waiting.len() - rest.len();
        self.waiting.drain(..used);
        let speech = level_db >= self.settings.floor_db && self.probability >= self.settings.threshold;
        VadFrame { speech, level_db, probability: self.probability }
    }
}

fn softened(sample: i16) -> i16 {
    (f32::from(sample) * SOFTENED) as i16
}
