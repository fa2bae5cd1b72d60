//! Rates change, what is heard does not.
#![allow(clippy::expect_used)]

use audio::{Resampler, level_db, resample};
use proptest::prelude::*;

fn sine(hz: f64, rate_hz: u32, samples: usize) -> Vec<i16> {
    let step = hz / f64::from(rate_hz) * std::f64::consts::TAU;
    (0..samples).map(|at| (10_000.0 * (at as f64 * step).sin()) as i16).collect()
}

/// Level of what is left of `samples` when the best-fitting sine of `hz` is taken away.
fn residue_db(samples: &[i16], hz: f64, rate_hz: u32) -> f32 {
    let step = hz / f64::from(rate_hz) * std::f64::consts::TAU;
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let angle = at as f64 * step;
        sine += f64::from(*sample) * angle.sin();
        cosine += f64::from(*sample) * angle.cos();
    }
    let half = samples.len() as f64 / 2.0;
    let left: Vec<i16> = samples
        .iter()
        .enumerate()
        .map(|(at, sample)| {
            let angle = at as f64 * step;
            (f64::from(*sample) - sine / half * angle.sin() - cosine / half * angle.cos()).round() as i16
        })
        .collect();
    level_db(&left)
}

#[test]
fn speech_frequencies_pass_unchanged() {
    for (from_hz, to_hz) in
        [(8_000, 16_000), (16_000, 8_000), (22_050, 8_000), (22_050, 16_000), (48_000, 8_000), (44_100, 16_000)]
    {
        for hz in [200.0, 1_000.0, 3_000.0] {
            let input = sine(hz, from_hz, from_hz as usize);
            let output = resample(&input, from_hz, to_hz).expect("usual rates");
            // Whole periods in the middle, away from the ends.
            let middle = &output[to_hz as usize / 4..to_hz as usize * 3 / 4];
            let change = level_db(middle) - level_db(&input);
            assert!(change.abs() < 0.1, "{from_hz} to {to_hz}, {hz} Hz: {change} dB");
            let residue = residue_db(middle, hz, to_hz);
            assert!(residue < -75.0, "{from_hz} to {to_hz}, {hz} Hz: {residue} dBFS of something else");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_carry_is_gone_not_folded() {
    for (from_hz, to_hz, hz) in
        [(16_000, 8_000, 4_500.0), (16_000, 8_000, 7_000.0), (22_050, 8_000, 5_000.0), (48_000, 16_000, 12_000.0)]
    {
        let output = resample(&sine(hz, from_hz, from_hz as usize), from_hz, to_hz).expect("usual rates");
        let middle = &output[to_hz as usize / 4..to_hz as usize * 3 / 4];
        assert!(level_db(middle) < -70.0, "{hz} Hz from {from_hz} to {to_hz}: {} dBFS", level_db(middle));
    }
}

#[test]
fn doubling_adds_no_image_above_the_telephone_band() {
    let output = resample(&sine(3_400.0, 8_000, 8_000), 8_000, 16_000).expect("usual rates");
    let middle = &output[4_000..12_000];
    // The image of 3.4 kHz is at 4.6 kHz.
    assert!(residue_db(middle, 3_400.0, 16_000) < -70.0);
}

#[test]
fn a_constant_stays_what_it_is() {
    let output = resample(&[12_345; 4_000], 22_050, 8_000).expect("usual rates");
    assert!(output[100..output.len() - 100].iter().all(|it| (12_344..=12_346).contains(it)));
}

#[test]
fn frames_of_the_hot_path_come_out_twice_and_half_as_long() {
    let (mut up, mut down) = (Resampler::doubling(), Resampler::halving());
    for _ in 0..100 {
        let (mut doubled, mut back) = (Vec::new(), Vec::new());
        up.process(&[100; 160], &mut doubled);
        down.process(&doubled, &mut back);
        assert_eq!((doubled.len(), back.len()), (320, 160));
    }
}

#[test]
fn the_delay_is_as_told() {
    for (from_hz, to_hz) in [(8_000, 16_000), (16_000, 8_000), (22_050, 8_000)] {
        let mut resampler = Resampler::new(from_hz, to_hz).expect("usual rates");
        let mut input = vec![0; 4_000];
        input[1_000] = 30_000;
        let mut output = Vec::new();
        resampler.process(&input, &mut output);
        let peak = output.iter().enumerate().max_by_key(|(_, it)| **it).map(|(at, _)| at).expect("a peak");
        let expected = 1_000 * to_hz as usize / from_hz as usize + resampler.delay();
        assert!(peak.abs_diff(expected) <= 1, "{from_hz} to {to_hz}: {peak}, told {expected}");
    }
}

#[test]
fn odd_rates_are_refused_in_words() {
    for (from_hz, to_hz) in [(0, 8_000), (8_000, 0), (8_000, 400_000), (44_101, 8_000)] {
        let error = Resampler::new(from_hz, to_hz).expect_err("odd rates").to_string();
        assert!(error.contains(&from_hz.to_string()) && error.contains("usual rates"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn pieces_give_what_the_whole_gives(
        samples in proptest::collection::vec(any::<i16>(), 0..3_000),
        cuts in proptest::collection::vec(1_usize..400, 1..20),
        rates in prop_oneof![Just((8_000, 16_000)), Just((16_000, 8_000)), Just((22_050, 8_000)), Just((22_050, 16_000)), Just((8_000, 48_000))],
    ) {
        let (from_hz, to_hz) = rates;
        let mut whole = Vec::new();
        let mut resampler = Resampler::new(from_hz, to_hz).expect("usual rates");
        resampler.process(&samples, &mut whole);
        resampler.finish(&mut whole);
        // As new after it: the same one again, in pieces.
        let (mut pieces, mut rest, mut cut) = (Vec::new(), samples.as_slice(), cuts.iter().cycle());
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(rest.len().min(*cut.next().expect("a cycle")));
            resampler.process(piece, &mut pieces);
            rest = later;
        }
        resampler.finish(&mut pieces);
        prop_assert_eq!(&whole, &pieces);
        let expected = samples.len() * to_hz as usize / from_hz as usize;
        let kept = resample(&samples, from_hz, to_hz).expect("usual rates").len();
        prop_assert!(kept.abs_diff(expected) <= 2, "{} for {}", kept, expected);
    }
}
