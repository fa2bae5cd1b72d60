use crate::{Error, Result};

/// Zero crossings of the filter to each side, at the lower of the two rates: from 8 kHz on, a
/// transition of about 700 Hz and a delay of 3 ms.
const CROSSINGS: usize = 24;
/// Kaiser window for about 70 dB outside the passband: below the noise of G.711.
const KAISER_BETA: f64 = 7.0;
/// Half-amplitude point as a share of the lower rate's half: the telephone band ends at 3.4 kHz
/// of 4, and what folds over must be gone at 4.
const CUTOFF: f64 = 0.92;
/// Phases of the filter; more than any pair of usual rates needs.
const MOST_PHASES: u32 = 1_024;

/// Changes the rate of a stream by a fixed ratio: a windowed sinc in one phase for each place
/// that an output sample can have between two input samples. 2x up and down in the hot path
/// have one and two phases, 22.05 to 8 kHz has 160; there is nothing between them to choose.
#[derive(Debug, Clone)]
pub struct Resampler {
    /// `up` phases of `taps` coefficients each, oldest input first.
    phases: Vec<f32>,
    taps: usize,
    up: usize,
    down: usize,
    /// The last `taps - 1` samples and what is being processed.
    input: Vec<f32>,
    /// Place of the next output after the first whole window of `input`, in 1/`up` samples.
    place: usize,
}

impl Resampler {
    /// From one rate to another.
    ///
    /// # Errors
    /// [`Error::Rates`] when a rate is out of range or the ratio is not one of small numbers.
    pub fn new(from_hz: u32, to_hz: u32) -> Result<Self> {
        let usable = 1_000..=192_000;
        let divisor = greatest_common_divisor(from_hz, to_hz).max(1);
        let (up, down) = (to_hz / divisor, from_hz / divisor);
        if !usable.contains(&from_hz) || !usable.contains(&to_hz) || up > MOST_PHASES {
            return Err(Error::Rates { from_hz, to_hz });
        }
        Ok(Self::by(up as usize, down as usize))
    }

    /// From 8 to 16 kHz, or any rate to its double.
    pub fn doubling() -> Self {
        Self::by(2, 1)
    }

    /// From 16 to 8 kHz, or any rate to its half.
    pub fn halving() -> Self {
        Self::by(1, 2)
    }

    fn by(up: usize, down: usize) -> Self {
        let taps = (2 * CROSSINGS * down.max(up)).div_ceil(up);
        let mut input = Vec::with_capacity(taps + 2_048);
        input.resize(taps - 1, 0.0);
        Self { phases: filter(up, down, taps), taps, up, down, input, place: 0 }
    }

    /// Appends to `output` what these samples give: after any number of calls, the samples put
    /// in times the ratio, late by [`Resampler::delay`].
    pub fn process(&mut self, samples: &[i16], output: &mut Vec<i16>) {
        self.input.extend(samples.iter().map(|sample| f32::from(*sample)));
        output.reserve(samples.len() * self.up / self.down + 1);
        loop {
            let (start, phase) = (self.place / self.up, self.place % self.up);
            let Some(window) = self.input.get(start..start + self.taps) else {
                break;
            };
            let filter = self.phases.get(phase * self.taps..(phase + 1) * self.taps);
            output.push(round(dot(window, filter.unwrap_or_default())));
            self.place += self.down;
        }
        let used = (self.place / self.up).min(self.input.len());
        self.input.drain(..used);
        self.place -= used * self.up;
    }

    /// Appends what is still inside at the end of a stream; the resampler is as new after it.
    pub fn finish(&mut self, output: &mut Vec<i16>) {
        let silence = [0; 64];
        let mut left = self.taps.div_ceil(2);
        while left > 0 {
            let now = left.min(silence.len());
            self.process(silence.get(..now).unwrap_or_default(), output);
            left -= now;
        }
        self.input.clear();
        self.input.resize(self.taps - 1, 0.0);
        self.place = 0;
    }

    /// Delay in samples of the output.
    pub fn delay(&self) -> usize {
        (self.taps * self.up + self.down) / (2 * self.down)
    }
}

/// All of a recording at another rate, in place and with its length kept.
///
/// # Errors
/// As [`Resampler::new`].
pub fn resample(samples: &[i16], from_hz: u32, to_hz: u32) -> Result<Vec<i16>> {
    if from_hz == to_hz {
        return Ok(samples.to_vec());
    }
    let mut resampler = Resampler::new(from_hz, to_hz)?;
    let mut output = Vec::new();
    resampler.process(samples, &mut output);
    let delay = resampler.delay();
    resampler.finish(&mut output);
    output.drain(..delay.min(output.len()));
    Ok(output)
}

/// Eight sums side by side, so that the compiler may use whole vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a, b) in a_eights.iter().zip(b_eights) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

fn round(sample: f32) -> i16 {
    sample.round().clamp(-32_768.0, 32_767.0) as i16
}

/// The phases of a windowed sinc, each normalised to pass a constant unchanged.
fn filter(up: usize, down: usize, taps: usize) -> Vec<f32> {
    // In input samples: the width of the window to each side, and the cut-off in cycles.
    let half = taps as f64 / 2.0;
    let cutoff = CUTOFF * (up as f64 / down as f64).min(1.0);
    let peak = bessel_i0(KAISER_BETA);
    let mut phases = Vec::with_capacity(up * taps);
    let mut phase_taps = Vec::with_capacity(taps);
    for phase in 0..up {
        let ahead = phase as f64 / up as f64;
        phase_taps.clear();
        phase_taps.extend((0..taps).map(|at| {
            let distance = at as f64 + 1.0 - half - ahead;
            sinc(distance * cutoff) * kaiser(distance / half) / peak
        }));
        let sum: f64 = phase_taps.iter().sum();
        phases.extend(phase_taps.iter().map(|tap| (tap / sum) as f32));
    }
    phases
}

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x.abs() < 1e-9 { 1.0 } else { x.sin() / x }
}

/// Kaiser window at -1 to 1, not scaled to a peak of 1.
fn kaiser(x: f64) -> f64 {
    bessel_i0(KAISER_BETA * (1.0 - x * x).max(0.0).sqrt())
}

/// Modified Bessel function of order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = x * x / 4.0;
    let terms = (1..40).scan(1.0, |term, k| {
        *term *= quarter / f64::from(k * k);
        (*term > 1e-9).then_some(*term)
    });
    1.0 + terms.sum::<f64>()
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
