//! Sound to recognise: espeak-ng at test time, and sounds that hold no words.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::expect_used, reason = "a test ends at the first surprise")]

use std::process::Command;

/// What the worker wants, in hertz.
pub const RATE: usize = 16_000;

/// espeak-ng says it over a telephone: 8 kHz at 16 kHz.
pub fn say(text: &str, voice: &str) -> Vec<i16> {
    let spoken = Command::new("espeak-ng")
        .args(["-v", voice, "-s", "150", "--stdout", text])
        .output()
        .expect("espeak-ng is installed (scripts/setup does it)");
    // espeak-ng writes a header with unknown lengths to a pipe; the samples come after 44 bytes.
    let header = spoken.stdout.get(..44).expect("espeak-ng writes a wav file");
    let rate = u32::from_le_bytes(header[24..28].try_into().expect("four bytes"));
    let samples: Vec<f32> = spoken.stdout[44..]
        .chunks_exact(2)
        .map(|pair| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32_768.0)
        .collect();
    let telephone = resampled(&samples, rate as usize, 8_000);
    let mut wide = vec![0.0; RATE / 5];
    wide.extend(resampled(&telephone, 8_000, RATE));
    wide.extend(vec![0.0; RATE / 5]);
    wide.iter().map(|sample| (sample * 32_767.0) as i16).collect()
}

/// White noise of this loudness (standard deviation, of 1).
pub fn noise(seconds: f32, loudness: f32, seed: u64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(seed);
    let sample = |_| {
        // Twelve uniform values make a fair normal one.
        let normal: f32 = (0..12).map(|_| random.f32()).sum::<f32>() - 6.0;
        (normal * loudness * 32_767.0).clamp(-32_768.0, 32_767.0) as i16
    };
    (0..(seconds * RATE as f32) as usize).map(sample).collect()
}

/// A tone of a telephone line.
pub fn tone(seconds: f32, hertz: f32, loudness: f32) -> Vec<i16> {
    let step = std::f32::consts::TAU * hertz / RATE as f32;
    (0..(seconds * RATE as f32) as usize).map(|n| ((n as f32 * step).sin() * loudness * 32_767.0) as i16).collect()
}

/// Hum and bursts: a line with somebody's machine room behind it.
pub fn rumble(seconds: f32, seed: u64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut low, mut burst) = (0.0_f32, 0.0_f32);
    let sample = |_| {
        low = 0.98 * low + 0.02 * (random.f32() * 2.0 - 1.0);
        if random.f32() < 0.0002 {
            burst = 0.5;
        }
        burst *= 0.999;
        ((low + burst * (random.f32() - 0.5)) * 0.3 * 32_767.0) as i16
    };
    (0..(seconds * RATE as f32) as usize).map(sample).collect()
}

/// Errors of words per word of `right`: the edit distance.
pub fn word_errors(right: &str, heard: &str) -> (usize, usize) {
    let plain = |text: &str| -> Vec<String> {
        let kept: String = text.to_lowercase().chars().filter(|c| c.is_alphanumeric() || " '".contains(*c)).collect();
        kept.split_whitespace().map(str::to_owned).collect()
    };
    let (right, heard) = (plain(right), plain(heard));
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for (i, word) in right.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, other) in heard.iter().enumerate() {
            let substituted = diagonal + usize::from(word != other);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    (row[heard.len()], right.len())
}

/// Windowed sinc; slow and good enough.
fn resampled(samples: &[f32], from: usize, to: usize) -> Vec<f32> {
    let cutoff = (to.min(from) as f32 / from as f32) * 0.95;
    let half = (16.0 / cutoff) as isize;
    let at = |n: usize| {
        let centre = n as f32 * from as f32 / to as f32;
        let middle = centre as isize;
        (middle - half..=middle + half)
            .filter_map(|index| {
                let sample = samples.get(usize::try_from(index).ok()?)?;
                let x = centre - index as f32;
                let window = 0.5 + 0.5 * (std::f32::consts::PI * x / (half as f32 + 1.0)).cos();
                let angle = std::f32::consts::PI * x * cutoff;
                let sinc = if angle.abs() < 1e-6 { 1.0 } else { angle.sin() / angle };
                Some(sample * sinc * cutoff * window)
            })
            .sum()
    };
    (0..samples.len() * to / from).map(at).collect()
}
