//! Tones have their cadence, noise its level.

use audio::level_db;
use audio::tones::{ComfortNoise, Tone};

/// Levels of the seconds of a tone, in halves.
fn halves(mut tone: Tone, count: usize) -> Vec<bool> {
    let mut half = [0; 4_000];
    let audible = (0..count).map(|_| {
        tone.fill(&mut half);
        level_db(&half) > -40.0
    });
    audible.collect()
}

#[test]
fn ringback_is_two_seconds_on_and_four_off() {
    let expected: Vec<bool> = (0..24).map(|half| half % 12 < 4).collect();
    assert_eq!(halves(Tone::ringback(), 24), expected);
}

#[test]
fn busy_is_half_a_second_on_and_half_off() {
    assert_eq!(halves(Tone::busy(), 4), [true, false, true, false]);
}

#[test]
fn a_sine_has_the_level_asked_for() {
    let mut samples = [0; 8_000];
    Tone::sine(1_000.0, -10.0).fill(&mut samples);
    assert!((level_db(&samples) + 13.0).abs() < 0.1);
    let crossings = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    assert!((998..=1_000).contains(&crossings), "{crossings}");
}

#[test]
fn comfort_noise_has_its_level_and_its_seed() {
    let noise = |level_db, seed| {
        let mut samples = vec![0; 8_000];
        ComfortNoise::new(level_db, seed).fill(&mut samples);
        samples
    };
    for wanted in [-60.0, -50.0, -30.0] {
        let level = level_db(&noise(wanted, 1));
        assert!((level - wanted).abs() < 1.5, "{level} for {wanted}");
    }
    assert_eq!(noise(-50.0, 1), noise(-50.0, 1));
    assert_ne!(noise(-50.0, 1), noise(-50.0, 2));
}

#[test]
fn silence_has_the_level_of_silence() {
    assert_eq!(level_db(&[]), audio::SILENCE_DB);
    assert_eq!(level_db(&[0; 160]), audio::SILENCE_DB);
    assert!((level_db(&[i16::MAX; 160])).abs() < 0.01);
}
