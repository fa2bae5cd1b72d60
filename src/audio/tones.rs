//! Sounds of the telephone, at 8 kHz.

use std::f32::consts::TAU;

const RATE_HZ: f32 = 8_000.0;

/// One or two sines, perhaps with a cadence, without end.
#[derive(Debug, Clone)]
pub struct Tone {
    /// Of each sine: its step in turns a sample, and where it is.
    sines: [(f32, f32); 2],
    amplitude: f32,
    /// Samples on and off; always on when the second is 0.
    cadence: (usize, usize),
    at: usize,
}

impl Tone {
    /// A sine whose peak is at this level in dBFS.
    pub fn sine(hz: f32, peak_db: f32) -> Self {
        Self::new([hz, 0.0], peak_db, (1, 0))
    }

    /// Ringback as in North America (ITU-T E.180): 440 and 480 Hz, 2 s on, 4 s off.
    pub fn ringback() -> Self {
        Self::new([440.0, 480.0], -19.0, (16_000, 32_000))
    }

    /// Busy as in North America: 480 and 620 Hz, half a second on, half a second off.
    pub fn busy() -> Self {
        Self::new([480.0, 620.0], -21.0, (4_000, 4_000))
    }

    /// Two sines for a keypad's digits and the like.
    pub fn pair(low_hz: f32, high_hz: f32, peak_db: f32) -> Self {
        Self::new([low_hz, high_hz], peak_db, (1, 0))
    }

    fn new(hz: [f32; 2], peak_db: f32, cadence: (usize, usize)) -> Self {
        let amplitude = 32_767.0 * 10_f32.powf(peak_db / 20.0);
        Self { sines: hz.map(|hz| (hz / RATE_HZ, 0.0)), amplitude, cadence, at: 0 }
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        samples.fill_with(|| self.sample());
    }

    fn sample(&mut self) -> i16 {
        let (on, off) = self.cadence;
        let sounds = off == 0 || self.at < on;
        self.at = (self.at + 1) % (on + off);
        let mut sum = 0.0;
        for (step, turn) in &mut self.sines {
            sum += (*turn * TAU).sin();
            *turn = (*turn + *step).fract();
        }
        if sounds { (sum * self.amplitude).clamp(-32_768.0, 32_767.0) as i16 } else { 0 }
    }
}

/// The soft hiss that tells a listener that the line is alive.
#[derive(Debug, Clone)]
pub struct ComfortNoise {
    random: fastrand::Rng,
    amplitude: f32,
    before: f32,
}

impl ComfortNoise {
    /// Noise at this level in dBFS (-60 is soft), always the same from the same seed.
    pub fn new(level_db: f32, seed: u64) -> Self {
        // Uniform noise has a third of its peak's power, and the filter below passes a third.
        let amplitude = 3.0 * 32_768.0 * 10_f32.powf(level_db / 20.0);
        Self { random: fastrand::Rng::with_seed(seed), amplitude, before: 0.0 }
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let white = (self.random.f32() * 2.0 - 1.0) * self.amplitude;
            self.before += (white - self.before) * 0.5;
            *sample = self.before.clamp(-32_768.0, 32_767.0) as i16;
        }
    }
}
