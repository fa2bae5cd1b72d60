//! Keys sent as tones in the audio: found at the levels, lengths and frequencies of ITU-T Q.24,
//! not found in speech, music or hum, and each press counted once.

use std::process::Command;
use std::time::Duration;

use telephony::media::{Input, Output};

use crate::support::{Ear, Voice, caller, ms};

const KEYS: &str = "123A456B789C*0#D";
const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// How a press sounds.
#[derive(Clone, Copy)]
struct Tone {
    /// Level of the lower frequency, and of the higher, in dBm0.
    low_dbm0: f64,
    high_dbm0: f64,
    /// Both frequencies are off by this share.
    off: f64,
    ms: usize,
    pause_ms: usize,
}

const USUAL: Tone = Tone { low_dbm0: -9.0, high_dbm0: -7.0, off: 0.0, ms: 80, pause_ms: 80 };

/// A sine of 0 dBm0 has this peak (G.711, mu-law: full scale is +3.17 dBm0).
fn peak(dbm0: f64) -> f64 {
    32_768.0 * 10_f64.powf((dbm0 - 3.17) / 20.0)
}

fn add_tone(samples: &mut [f64], hz: f64, dbm0: f64) {
    for (at, sample) in samples.iter_mut().enumerate() {
        *sample += peak(dbm0) * (at as f64 * hz / 8_000.0 * std::f64::consts::TAU).sin();
    }
}

fn press(key: char, tone: Tone) -> Vec<f64> {
    let at = KEYS.find(key).expect("a key");
    let mut samples = vec![0.0; tone.ms * 8];
    add_tone(&mut samples, ROWS[at / 4] * (1.0 + tone.off), tone.low_dbm0);
    add_tone(&mut samples, COLUMNS[at % 4] * (1.0 + tone.off), tone.high_dbm0);
    samples.extend(vec![0.0; tone.pause_ms * 8]);
    samples
}

fn number(keys: &str, tone: Tone) -> Vec<f64> {
    // Begins anywhere in a packet.
    let mut samples = vec![0.0; 1_000 + 37];
    keys.chars().for_each(|key| samples.extend(press(key, tone)));
    samples.extend(vec![0.0; 1_600]);
    samples
}

fn with_noise(mut samples: Vec<f64>, dbm0: f64) -> Vec<f64> {
    let mut random = fastrand::Rng::with_seed(7);
    // Uniform noise of the power of a sine with this peak.
    let most = peak(dbm0) * (1.5_f64).sqrt();
    samples.iter_mut().for_each(|sample| *sample += most * (2.0 * random.f64() - 1.0));
    samples
}

fn heard(samples: &[f64]) -> Ear {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    for (tick, chunk) in samples.chunks_exact(160).enumerate() {
        ear.until(ms(tick as u64 * 20));
        let frame = std::array::from_fn(|at| chunk[at].clamp(-32_768.0, 32_767.0) as i16);
        ear.hear(caller(), &voice.frame(&frame));
    }
    ear
}

fn found(keys: &str, tone: Tone) -> String {
    heard(&number(keys, tone)).digits()
}

#[test]
fn every_key_is_found_once() {
    assert_eq!(found(KEYS, USUAL), KEYS);
    assert_eq!(found("5550011", USUAL), "5550011");
    assert_eq!(found("7", Tone { ms: 4_000, ..USUAL }), "7", "held down");
}

#[test]
fn levels_lengths_and_frequencies_are_those_of_q_24() {
    for (what, tone) in [
        ("loud", Tone { low_dbm0: -1.0, high_dbm0: 0.0, ..USUAL }),
        ("faint", Tone { low_dbm0: -25.0, high_dbm0: -25.0, ..USUAL }),
        ("higher stronger by 4 dB", Tone { low_dbm0: -14.0, high_dbm0: -10.0, ..USUAL }),
        ("lower stronger by 8 dB", Tone { low_dbm0: -8.0, high_dbm0: -16.0, ..USUAL }),
        ("1.5 % high", Tone { off: 0.015, ..USUAL }),
        ("1.5 % low", Tone { off: -0.015, ..USUAL }),
        ("40 ms and 40 ms", Tone { ms: 40, pause_ms: 40, ..USUAL }),
    ] {
        assert_eq!(found(KEYS, tone), KEYS, "{what}");
    }
}

#[test]
fn what_q_24_says_is_no_key_is_none() {
    for (what, tone) in [
        ("too faint", Tone { low_dbm0: -30.0, high_dbm0: -30.0, ..USUAL }),
        ("too short", Tone { ms: 23, ..USUAL }),
        ("3.5 % high", Tone { off: 0.035, ..USUAL }),
        ("3.5 % low", Tone { off: -0.035, ..USUAL }),
        ("lower far too strong", Tone { low_dbm0: -6.0, high_dbm0: -18.0, ..USUAL }),
    ] {
        assert_eq!(found(KEYS, tone), "", "{what}");
    }
}

#[test]
fn an_interruption_of_10_ms_is_not_a_second_press() {
    let mut samples = number("5", Tone { ms: 200, ..USUAL });
    let begins = 1_037 + 800;
    samples[begins..begins + 80].fill(0.0);
    assert_eq!(heard(&samples).digits(), "5");
}

#[test]
fn noise_does_not_hide_a_key() {
    // 15 dB between a tone and all of the noise.
    let tone = Tone { low_dbm0: -9.0, high_dbm0: -9.0, ..USUAL };
    assert_eq!(heard(&with_noise(number(KEYS, tone), -24.0)).digits(), KEYS);
}

#[test]
fn noise_hum_and_single_tones_are_no_keys() {
    let minute = vec![0.0; 60 * 8_000];
    assert_eq!(heard(&with_noise(minute.clone(), -10.0)).digits(), "");
    for hz in
        ROWS.into_iter().chain(COLUMNS).chain([50.0, 350.0, 425.0, 440.0, 480.0, 620.0, 1_000.0, 1_100.0, 2_100.0])
    {
        let mut samples = minute[..16_000].to_vec();
        add_tone(&mut samples, hz, -6.0);
        assert_eq!(heard(&samples).digits(), "", "{hz} Hz");
    }
    // Dial tone, ringing and busy of North America.
    for (low, high) in [(350.0, 440.0), (440.0, 480.0), (480.0, 620.0)] {
        let mut samples = minute[..16_000].to_vec();
        add_tone(&mut samples, low, -10.0);
        add_tone(&mut samples, high, -10.0);
        assert_eq!(heard(&samples).digits(), "", "{low} and {high} Hz");
    }
}

/// espeak-ng's speech at 8 kHz; `None` where it is not installed.
fn speech(voice: &str, pitch: u8, text: &str) -> Option<Vec<f64>> {
    let spoken = Command::new("espeak-ng").args(["--stdout", "-v", voice, "-p", &pitch.to_string(), text]).output();
    let wav = spoken.ok()?.stdout;
    let samples: Vec<f64> =
        wav.get(44..)?.as_chunks::<2>().0.iter().map(|pair| f64::from(i16::from_le_bytes(*pair))).collect();
    // From 22,050 to 8,000 Hz: what aliases makes it only harder.
    let step = 22_050.0 / 8_000.0;
    Some((0..(samples.len() as f64 / step) as usize).map(|at| samples[(at as f64 * step) as usize]).collect())
}

#[test]
fn speech_presses_no_keys() {
    let text = "Hello, my name is Nina Oliver, and I would like to move my appointment from Monday the nineteenth to \
        Wednesday at a quarter to nine. My number is oh seven nine, five five five, one two one two. You are so very \
        near the new yellow mill. How do you do? We are all away in Iowa. The quick brown fox jumps over the lazy dog. \
        Please send a plumber to nine hundred and forty one Sixteenth Avenue, the boiler is leaking everywhere.";
    let mut seconds = 0;
    for voice in ["en-us", "en-gb", "en-us+f2", "en-gb+f4", "en-us+m7", "de", "es", "fr+f3", "it", "en-us+whisper"] {
        for pitch in [20, 50, 80, 99] {
            let Some(samples) = speech(voice, pitch, text) else {
                println!("skipped: espeak-ng is not installed");
                return;
            };
            seconds += samples.len() / 8_000;
            assert_eq!(heard(&samples).digits(), "", "{voice} at pitch {pitch}");
        }
    }
    assert!(seconds > 600, "only {seconds} seconds were spoken");
}

#[test]
fn a_tone_is_not_given_on_as_a_voice() {
    let ear = heard(&number("5", Tone { ms: 1_000, ..USUAL }));
    let loud = ear.samples().iter().filter(|sample| sample.unsigned_abs() > 500).count();
    assert!(loud <= 50 * 8, "{} ms of the tone came through", loud / 8);
    let back = heard(&[number("5", USUAL), vec![8_000.0; 1_600]].concat());
    assert!(back.samples().iter().rev().take(800).all(|sample| *sample > 7_000), "sound comes back after it");
}

#[test]
fn a_press_told_in_two_ways_is_one() {
    let mut ear = Ear::new();
    let mut voice = Voice::new(1);
    let mut tick = 0;
    let mut play = |ear: &mut Ear, voice: &mut Voice, samples: &[f64]| {
        for chunk in samples.chunks_exact(160) {
            ear.until(ms(tick * 20));
            ear.hear(caller(), &voice.frame(&std::array::from_fn(|at| chunk[at] as i16)));
            tick += 1;
        }
    };
    // A gateway that lets the beginning of the tone through, and tells it then.
    play(&mut ear, &mut voice, &press('5', Tone { ms: 60, pause_ms: 0, ..USUAL }));
    for packet in voice.key('5', 100).concat() {
        ear.hear(caller(), &packet);
    }
    play(&mut ear, &mut voice, &vec![0.0; 8_000]);
    assert_eq!(ear.digits(), "5");
    // From then on, tones are its echoes.
    play(&mut ear, &mut voice, &number("9", USUAL));
    assert_eq!(ear.digits(), "5");
    for packet in voice.key('5', 100).concat() {
        ear.hear(caller(), &packet);
    }
    ear.tell(Input::Keyed('5'));
    assert_eq!(ear.digits(), "55", "by event and INFO together");
    ear.until(ear.now + Duration::from_secs(1));
    ear.tell(Input::Keyed('5'));
    assert_eq!(ear.digits(), "555");
    assert_eq!(ear.count(&Output::MediaLost), 0);
}
