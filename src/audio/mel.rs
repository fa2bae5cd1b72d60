//! Whisper's log-mel spectrogram of the last 8 s, as networks take it that tell whether a caller has
//! finished: Smart Turn's features (`WhisperFeatureExtractor(chunk_length=8)` with `do_normalize`).

/// Samples a second.
const RATE: usize = 16_000;
/// Samples of a window: 25 ms.
const WINDOW: usize = 400;
/// Samples from one window to the next: 10 ms.
const HOP: usize = 160;
const BINS: usize = WINDOW / 2 + 1;
/// Products of one bin, after symmetry has halved them twice (101), filled up to whole lanes.
const FOLDED: usize = 104;
const LANES: usize = 8;
/// Samples looked at.
const LONGEST: usize = FRAMES * HOP;

/// Bands from 0 to 8 kHz.
pub const BANDS: usize = 80;
/// Frames of 10 ms: 8 s.
pub const FRAMES: usize = 800;

/// The tables of the transform, made once.
pub struct LogMel {
    hann: Vec<f32>,
    /// `BINS` rows of `FOLDED`.
    cosines: Vec<f32>,
    sines: Vec<f32>,
    /// Of each band its first bin and its weights from there on.
    bands: Vec<(usize, Vec<f32>)>,
}

impl Default for LogMel {
    fn default() -> Self {
        let turn = |n: usize| 2.0 * std::f64::consts::PI * n as f64 / WINDOW as f64;
        let table = |of: fn(f64) -> f64| {
            let row = move |bin| {
                (0..FOLDED).map(move |n| if n <= WINDOW / 4 { of(turn(bin * n % WINDOW)) as f32 } else { 0.0 })
            };
            (0..BINS).flat_map(row).collect()
        };
        LogMel {
            hann: (0..WINDOW).map(|n| (0.5 - 0.5 * turn(n).cos()) as f32).collect(),
            cosines: table(f64::cos),
            sines: table(f64::sin),
            bands: bands(),
        }
    }
}

impl std::fmt::Debug for LogMel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogMel").finish_non_exhaustive()
    }
}

impl LogMel {
    /// The features of audio at 16 kHz, each sample from -1 to 1: `BANDS` rows of `FRAMES`. Only the
    /// last 8 s count; before what is shorter there is silence.
    pub fn features(&self, samples: &[f32]) -> Vec<f32> {
        let heard = samples.get(samples.len().saturating_sub(LONGEST)..).unwrap_or_default();
        let audio = Padded::new(heard);
        let mut features = vec![0.0; BANDS * FRAMES];
        let mut before = None;
        let mut loudest = f32::MIN;
        for frame in 0..FRAMES {
            let bands = match before.filter(|_| audio.is_padding(frame)) {
                Some(bands) => bands, // one stretch of silence is like the next
                None => self.bands(&audio.window(frame, &self.hann)),
            };
            before = Some(bands);
            for (band, value) in bands.into_iter().enumerate() {
                loudest = loudest.max(value);
                features[band * FRAMES + frame] = value;
            }
        }
        for value in &mut features {
            *value = (value.max(loudest - 8.0) + 4.0) / 4.0;
        }
        features
    }

    /// Logarithms of the power in each band.
    fn bands(&self, window: &[f32; WINDOW]) -> [f32; BANDS] {
        let power = self.power(window);
        let mut logs = [0.0; BANDS];
        for (log, (first, weights)) in logs.iter_mut().zip(&self.bands) {
            let sum: f32 = weights.iter().zip(&power[*first..]).map(|(weight, power)| weight * power).sum();
            *log = sum.max(1e-10).log10();
        }
        logs
    }

    /// The power spectrum. cos and sin are symmetric about a half and a quarter of the window: samples
    /// that share a factor are added up first, with the sign that even and odd bins give them.
    fn power(&self, window: &[f32; WINDOW]) -> [f32; BINS] {
        const HALF: usize = WINDOW / 2;
        let mut even = [[0.0; FOLDED]; 2];
        let mut odd = [[0.0; FOLDED]; 2];
        let sum = |n: usize| if n.is_multiple_of(HALF) { window[n] } else { window[n] + window[WINDOW - n] };
        let difference = |n: usize| if n.is_multiple_of(HALF) { 0.0 } else { window[n] - window[WINDOW - n] };
        for n in 0..HALF / 2 {
            (even[0][n], odd[0][n]) = (sum(n) + sum(HALF - n), sum(n) - sum(HALF - n));
            (even[1][n], odd[1][n]) = (difference(n) - difference(HALF - n), difference(n) + difference(HALF - n));
        }
        let middle = HALF / 2;
        (even[0][middle], odd[0][middle]) = (sum(middle), sum(middle));
        (even[1][middle], odd[1][middle]) = (difference(middle), difference(middle));
        let mut power = [0.0; BINS];
        for (bin, power) in power.iter_mut().enumerate() {
            let [cosine, sine] = if bin.is_multiple_of(2) { &even } else { &odd };
            let row = bin * FOLDED..(bin + 1) * FOLDED;
            let (real, imaginary) = (dot(&self.cosines[row.clone()], cosine), dot(&self.sines[row], sine));
            *power = real * real + imaginary * imaginary;
        }
        power
    }
}

/// 8 s of zero mean and unit variance, the silence before it included.
struct Padded {
    heard: Vec<f32>,
    silence: f32,
}

impl Padded {
    fn new(heard: &[f32]) -> Self {
        let count = LONGEST as f64;
        let mean = heard.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
        let power = heard.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / count;
        let scale = (power - mean * mean + 1e-7).max(1e-7).sqrt().recip();
        let normal = |x: f64| ((x - mean) * scale) as f32;
        Padded { heard: heard.iter().map(|x| normal(f64::from(*x))).collect(), silence: normal(0.0) }
    }

    fn padding(&self) -> usize {
        LONGEST - self.heard.len()
    }

    fn is_padding(&self, frame: usize) -> bool {
        frame * HOP + WINDOW / 2 <= self.padding()
    }

    /// The window around this frame's beginning; the audio is mirrored at both ends.
    fn window(&self, frame: usize, hann: &[f32]) -> [f32; WINDOW] {
        let mut window = [0.0; WINDOW];
        for (n, (sample, weight)) in window.iter_mut().zip(hann).enumerate() {
            let at = (frame * HOP + n).abs_diff(WINDOW / 2);
            let at = if at < LONGEST { at } else { 2 * (LONGEST - 1) - at };
            let heard = at.checked_sub(self.padding()).and_then(|at| self.heard.get(at));
            *sample = weight * heard.copied().unwrap_or(self.silence);
        }
        window
    }
}

fn dot(a: &[f32], b: &[f32; FOLDED]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

/// Slaney's bank of triangles, each of the same area: below 1 kHz evenly spaced, above by ratio.
fn bands() -> Vec<(usize, Vec<f32>)> {
    let highest = mel(RATE as f64 / 2.0);
    let edge = |n: usize| hertz(highest * n as f64 / (BANDS + 1) as f64);
    let bin_hertz = |bin: usize| (bin * RATE) as f64 / WINDOW as f64;
    let band = |n: usize| {
        let (low, peak, high) = (edge(n), edge(n + 1), edge(n + 2));
        let weight = |bin: usize| {
            let at = bin_hertz(bin);
            ((at - low) / (peak - low)).min((high - at) / (high - peak)).max(0.0) * 2.0 / (high - low)
        };
        let weights: Vec<f32> = (0..BINS).map(|bin| weight(bin) as f32).collect();
        let first = weights.iter().position(|weight| *weight > 0.0).unwrap_or_default();
        let last = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or_default();
        (first, weights[first..=last].to_vec())
    };
    (0..BANDS).map(band).collect()
}

fn mel(hertz: f64) -> f64 {
    if hertz < 1_000.0 { hertz * 3.0 / 200.0 } else { 15.0 + (hertz / 1_000.0).ln() * 27.0 / 6.4_f64.ln() }
}

fn hertz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1_000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp() }
}
