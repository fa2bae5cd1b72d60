//! The features are those that scripts/train/turn/features.py computes, and so Smart Turn's.
#![allow(clippy::indexing_slicing)]

use audio::mel::{BANDS, FRAMES, LogMel};

/// Two tones and a ramp, the second tone rising.
fn signal(count: usize) -> Vec<f32> {
    let sample = |n: usize| {
        let t = n as f64;
        let turn = 2.0 * std::f64::consts::PI * t / 16_000.0;
        let ramp = ((n * 7919) % 1000) as f64 / 500.0 - 1.0;
        let value = 0.3 * (turn * 440.0).sin() + 0.1 * (turn * (1000.0 + 0.01 * t)).sin() + 0.05 * ramp;
        ((value * 32_767.0).round() / 32_768.0) as f32
    };
    (0..count).map(sample).collect()
}

fn at(features: &[f32], band: usize, frame: usize) -> f32 {
    features[band * FRAMES + frame]
}

#[test]
fn the_features_are_those_of_the_training() {
    let places =
        [(0, 0), (5, 799), (12, 798), (12, 790), (30, 799), (40, 650), (60, 795), (79, 799), (79, 700), (20, 780)];
    // scripts/train/turn/features.py, by numpy, of the same signal.
    let wanted = [
        (4_000, [0.029, 1.1286, 1.8801, 1.8822, 1.0363, 0.029, 0.682, 0.9619, 0.029, 0.6222], 0.05748),
        (30_000, [-0.1898, 0.878, 1.6613, 1.6634, 0.6248, 0.7219, 0.4633, 0.7429, 0.7497, 0.3229], 0.00952),
        (140_000, [1.221, 0.7328, 1.5038, 1.5059, 0.4283, 0.5646, 1.2536, 0.5855, 0.5922, 0.1625], 0.48576),
    ];
    let mel = LogMel::default();
    for (count, values, mean) in wanted {
        let features = mel.features(&signal(count));
        assert_eq!(features.len(), BANDS * FRAMES);
        for ((band, frame), value) in places.into_iter().zip(values) {
            let found = at(&features, band, frame);
            assert!((found - value).abs() < 2e-3, "{count} samples, band {band}, frame {frame}: {found} for {value}");
        }
        let found = features.iter().sum::<f32>() / features.len() as f32;
        assert!((found - mean).abs() < 1e-3, "{count} samples: mean {found} for {mean}");
    }
}

#[test]
fn silence_nothing_and_noise_are_survived() {
    let mel = LogMel::default();
    for samples in
        [vec![], vec![0.0; 3], vec![0.0; 200_000], vec![1.0; 500], vec![f32::NAN; 1_000], vec![f32::MAX; 1_000]]
    {
        assert_eq!(mel.features(&samples).len(), BANDS * FRAMES);
    }
}
