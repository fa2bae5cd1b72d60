//! What is taken for speech and what is not. How well, benches/vad_meter tells.

use audio::tones::{ComfortNoise, Tone};
use audio::{Vad, VadSettings};

/// Frames taken for speech, of ten seconds of this.
fn speech(mut fill: impl FnMut(&mut [i16])) -> usize {
    let mut vad = Vad::new(VadSettings::default());
    let mut frame = [0; 160];
    let found = (0..500).filter(|_| {
        fill(&mut frame);
        vad.frame(&frame).speech
    });
    found.count()
}

#[test]
fn silence_hiss_and_steady_tones_are_not_speech() {
    assert_eq!(speech(|frame| frame.fill(0)), 0);
    let mut noise = ComfortNoise::new(-50.0, 1);
    assert_eq!(speech(|frame| noise.fill(frame)), 0);
    let mut loud = ComfortNoise::new(-30.0, 2);
    assert!(speech(|frame| loud.fill(frame)) < 10);
    let mut tone = Tone::sine(440.0, -20.0);
    assert!(speech(|frame| tone.fill(frame)) < 10);
}

/// Syllables like "mamama": a voice of 130 Hz through two formants, four a second.
fn syllables(at: usize) -> i16 {
    let time = at as f32 / 8_000.0;
    let pitch = 130.0 + 15.0 * (time * 5.0).sin();
    let opening = (time * 4.0 * std::f32::consts::PI).sin().powi(2);
    let first = 350.0 + 400.0 * opening;
    let voice: f32 = (1..24)
        .map(|harmonic| {
            let hz = pitch * harmonic as f32;
            let formants = [(first, 1.0), (1_200.0, 0.5), (2_500.0, 0.25)];
            let gain: f32 = formants.iter().map(|(center, gain)| gain / (1.0 + ((hz - center) / 90.0).powi(2))).sum();
            gain * (std::f32::consts::TAU * hz * time).sin()
        })
        .sum();
    (voice * (0.15 + opening) * 6_000.0) as i16
}

#[test]
fn syllables_are_speech() {
    let mut at = 0;
    let found = speech(|frame| {
        for sample in frame {
            *sample = syllables(at);
            at += 1;
        }
    });
    assert!(found > 250, "{found} of 500 frames");
}

#[test]
fn a_wideband_line_is_judged_as_it_is() {
    let mut vad = Vad::new(VadSettings::default());
    let at_16k = |at: usize| {
        let (this, next) = (f32::from(syllables(at / 2)), f32::from(syllables(at / 2 + 1)));
        if at.is_multiple_of(2) { this as i16 } else { (0.5 * (this + next)) as i16 }
    };
    let frames = (0..500).map(|frame| std::array::from_fn(|at| at_16k(frame * 320 + at)));
    let found = frames.filter(|frame| vad.wide_frame(frame).speech).count();
    assert!(found > 250, "{found} of 500 frames");
    let mut hiss = ComfortNoise::new(-30.0, 2);
    let mut frame = [0; 320];
    let found = (0..500).filter(|_| {
        hiss.fill(&mut frame);
        vad.wide_frame(&frame).speech
    });
    assert!(found.count() < 20);
}

#[test]
fn a_frame_tells_its_level() {
    let mut vad = Vad::new(VadSettings::default());
    let mut frame = [0; 160];
    assert!(vad.frame(&frame).level_db < -90.0);
    Tone::sine(400.0, -20.0).fill(&mut frame);
    let level_db = vad.frame(&frame).level_db;
    assert!((level_db + 23.0).abs() < 0.2, "{level_db}");
}

#[test]
fn what_is_softer_than_the_floor_is_never_speech() {
    let mut vad = Vad::new(VadSettings { threshold: 0.0, floor_db: -60.0 });
    assert!(!vad.frame(&[5; 160]).speech);
    assert!(vad.frame(&[500; 160]).speech);
}

#[test]
fn a_detector_may_move_between_threads() {
    fn is_send<T: Send>() {}
    is_send::<Vad>();
}
