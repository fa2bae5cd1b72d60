//! What is listened to: speech, noise, and everything that is neither speech nor silence.

use std::f32::consts::TAU;
use std::ops::Range;
use std::process::Command;

use audio::tones::{ComfortNoise, Tone};
use audio::{level_db, resample, wav};

const VOICES: [&str; 6] = ["en-us", "en-gb+f3", "en-us+m2", "en-gb+f5", "de+f2", "fr"];
const SENTENCES: [&str; 5] = [
    "Hello, I would like to book an appointment for next Tuesday at half past three, please.",
    "Yes.",
    "My number is five five five, zero one four two.",
    "Sorry, what did you say? I'm in the car.",
    "No, Thursday.",
];
/// Silence around each utterance, in frames.
const AROUND: usize = 100;
/// Level of speech, in dBFS, as telephone networks have it.
const SPEECH_DB: f32 = -22.0;

/// An utterance at 8 kHz with silence around it.
pub struct Passage {
    samples: Vec<i16>,
    /// Frames from the first sound to the last.
    pub speech: Range<usize>,
    /// Frames within 25 dB of the level of the utterance.
    pub loud: Vec<bool>,
}

impl Passage {
    fn new(utterance: &[i16]) -> Self {
        let silence = vec![0; AROUND * 160];
        let samples = [silence.clone(), level(utterance, SPEECH_DB), silence].concat();
        let levels: Vec<f32> = samples.as_chunks::<160>().0.iter().map(|frame| level_db(frame)).collect();
        let loud: Vec<bool> = levels.iter().map(|it| *it > SPEECH_DB - 25.0).collect();
        let first = loud.iter().position(|it| *it).unwrap_or(0);
        let last = loud.iter().rposition(|it| *it).unwrap_or(0);
        Self { samples, speech: first..last + 1, loud }
    }

    pub fn speech_frames(&self) -> usize {
        self.speech.len()
    }

    pub fn with_noise(&self, noise: Noise, snr_db: f32, seed: u64) -> Vec<i16> {
        let noise = level(&noise.make(self.samples.len(), seed), SPEECH_DB - snr_db);
        self.samples.iter().zip(noise).map(|(a, b)| a.saturating_add(b)).collect()
    }
}

/// Every sentence by every voice.
pub fn passages() -> Result<Vec<Passage>, Box<dyn std::error::Error>> {
    let mut passages = Vec::new();
    for voice in VOICES {
        for sentence in SENTENCES {
            passages.push(Passage::new(&spoken(voice, sentence)?));
        }
    }
    Ok(passages)
}

fn spoken(voice: &str, sentence: &str) -> Result<Vec<i16>, Box<dyn std::error::Error>> {
    let output = Command::new("espeak-ng").args(["-v", voice, "--stdout", sentence]).output()?;
    let wav = wav::read(output.stdout.as_slice())?;
    let rate_hz = wav.rate_hz;
    Ok(telephone(&resample(&wav.mono(), rate_hz, 8_000)?))
}

#[derive(Clone, Copy)]
pub enum Noise {
    White,
    Car,
    Babble,
}

impl Noise {
    pub const ALL: [Noise; 3] = [Noise::White, Noise::Car, Noise::Babble];

    pub fn name(self) -> &'static str {
        match self {
            Noise::White => "white",
            Noise::Car => "car",
            Noise::Babble => "babble",
        }
    }

    fn make(self, length: usize, seed: u64) -> Vec<i16> {
        match self {
            Noise::White => white(length, seed),
            Noise::Car => car(length, seed),
            Noise::Babble => babble(length, seed),
        }
    }
}

/// A minute of each sound in which nobody speaks.
pub fn silences() -> Vec<(&'static str, Vec<i16>)> {
    let minute = 60 * 8_000;
    let tone = |mut tone: Tone| {
        let mut samples = vec![0; minute];
        tone.fill(&mut samples);
        samples
    };
    let mut comfort = vec![0; minute];
    ComfortNoise::new(-50.0, 1).fill(&mut comfort);
    vec![
        ("silence", vec![0; minute]),
        ("comfort noise", comfort),
        ("white -50", level(&white(minute, 1), -50.0)),
        ("white -30", level(&white(minute, 2), -30.0)),
        ("car -30", level(&car(minute, 3), -30.0)),
        ("hum", level(&telephone(&tone(Tone::sine(120.0, -10.0))), -35.0)),
        ("sine 440", tone(Tone::sine(440.0, -20.0))),
        ("sine 1000", tone(Tone::sine(1_000.0, -20.0))),
        ("ringback", tone(Tone::ringback())),
        ("busy", tone(Tone::busy())),
        ("keypad", keypad(minute)),
        ("music", level(&music(minute), -25.0)),
        ("knocks", level(&knocks(minute), -30.0)),
        ("babble -40", level(&babble(minute, 4), -40.0)),
    ]
}

fn level(samples: &[i16], db: f32) -> Vec<i16> {
    let gain = 10_f32.powf((db - active_db(samples)) / 20.0);
    samples.iter().map(|it| (f32::from(*it) * gain) as i16).collect()
}

/// Level of the frames that are within 30 dB of the loudest: pauses do not count.
fn active_db(samples: &[i16]) -> f32 {
    let frames = samples.as_chunks::<160>().0;
    let loudest = frames.iter().map(|it| level_db(it)).fold(-96.0, f32::max);
    let active: Vec<i16> = frames.iter().filter(|it| level_db(*it) > loudest - 30.0).flatten().copied().collect();
    level_db(&active)
}

/// The telephone band, 300 to 3400 Hz, by two one-pole high passes and the resampler's edge.
fn telephone(samples: &[i16]) -> Vec<i16> {
    let mut output: Vec<f32> = samples.iter().map(|it| f32::from(*it)).collect();
    for _ in 0..2 {
        let (mut low, step) = (0.0, 1.0 - (-TAU * 250.0 / 8_000.0).exp());
        for sample in &mut output {
            low += (*sample - low) * step;
            *sample -= low;
        }
    }
    output.iter().map(|it| it.clamp(-32_768.0, 32_767.0) as i16).collect()
}

fn white(length: usize, seed: u64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..length).map(|_| random.i16(-8_000..8_000)).collect()
}

/// Rumble that swells and fades.
fn car(length: usize, seed: u64) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut low, mut lower) = (0.0_f32, 0.0_f32);
    let rumble = (0..length).map(|at| {
        low += (f32::from(random.i16(-16_000..16_000)) - low) * 0.2;
        lower += (low - lower) * 0.2;
        lower * (1.0 + 0.5 * (at as f32 * TAU / 8_000.0 / 7.0).sin())
    });
    telephone(&rumble.map(|it| it as i16).collect::<Vec<_>>())
}

/// Eight talkers at once, each a chain of syllables: harmonics under a vowel's two formants.
fn babble(length: usize, seed: u64) -> Vec<i16> {
    let mut sum = vec![0.0_f32; length];
    for talker in 0..8 {
        let mut random = fastrand::Rng::with_seed(seed * 8 + talker);
        let mut at = 0;
        while at < length {
            let syllable = random.usize(800..2_400);
            let pitch = 90.0 + random.f32() * 130.0;
            let formants = [300.0 + random.f32() * 500.0, 900.0 + random.f32() * 1_500.0];
            for offset in 0..syllable.min(length - at) {
                let envelope = (offset as f32 / syllable as f32 * TAU / 2.0).sin();
                let time = offset as f32 / 8_000.0;
                let voice: f32 = (1..16)
                    .map(|harmonic| {
                        let hz = pitch * harmonic as f32;
                        let gain: f32 = formants.iter().map(|it| 1.0 / (1.0 + ((hz - it) / 120.0).powi(2))).sum();
                        gain * (TAU * hz * time).sin()
                    })
                    .sum();
                if let Some(sample) = sum.get_mut(at + offset) {
                    *sample += voice * envelope * 600.0;
                }
            }
            at += syllable + random.usize(0..2_400);
        }
    }
    sum.iter().map(|it| it.clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// Chords of plucked strings over a bass, as music on hold.
fn music(length: usize) -> Vec<i16> {
    let chords = [[220.0, 277.2, 329.6], [246.9, 293.7, 370.0], [196.0, 246.9, 293.7], [220.0, 261.6, 329.6]];
    let note = |at: usize| {
        let (beat, within) = (at / 4_000, at % 4_000);
        let time = within as f32 / 8_000.0;
        let chord = chords.get(beat / 4 % 4).copied().unwrap_or_default();
        let plucked: f32 = chord
            .iter()
            .flat_map(|hz| {
                (1..6).map(move |harmonic| (TAU * hz * 2.0 * harmonic as f32 * time).sin() / harmonic as f32)
            })
            .sum();
        (plucked * (-time * 5.0).exp() * 3_000.0) as i16
    };
    telephone(&(0..length).map(note).collect::<Vec<_>>())
}

/// A key every second, 100 ms each.
fn keypad(length: usize) -> Vec<i16> {
    let mut tone = Tone::pair(770.0, 1_336.0, -15.0);
    let mut samples = vec![0; length];
    tone.fill(&mut samples);
    samples.iter().enumerate().map(|(at, it)| if at % 8_000 < 800 { *it } else { 0 }).collect()
}

/// Something falls on the desk every second and a half.
fn knocks(length: usize) -> Vec<i16> {
    let mut random = fastrand::Rng::with_seed(9);
    let knock = |at: usize| {
        let time = (at % 12_000) as f32 / 8_000.0;
        let body = (TAU * 420.0 * time).sin() + f32::from(random.i16(-100..100)) / 100.0;
        (body * (-time * 60.0).exp() * 12_000.0) as i16
    };
    (0..length).map(knock).collect()
}
