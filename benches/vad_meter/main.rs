//! How well speech is found on a telephone line, and what it costs.
//!
//! ```text
//! cargo run --release -p audio --example vad_meter [--features webrtc-vad]
//! ```
//! Speech is made by espeak-ng (installed by scripts/setup), cut to the telephone band and
//! mixed with noise; everything else is made here. With the feature, WebRTC's detector is
//! measured beside ours, alone and as a gate before it.

mod detectors;
mod sounds;

use std::time::Instant;

use audio::level_db;
use detectors::{Detector, detectors};
use sounds::{Noise, Passage};

const FRAME_MS: f64 = 20.0;
/// An onset found later than this is missed.
const LATEST_ONSET_MS: f64 = 300.0;
const SNRS_DB: [f32; 5] = [40.0, 20.0, 10.0, 5.0, 0.0];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let passages = sounds::passages()?;
    let spoken: f64 = passages.iter().map(|it| it.speech_frames() as f64 * FRAME_MS / 1_000.0).sum();
    println!("{} utterances, {spoken:.0} s of speech\n", passages.len());
    for detector in &mut detectors() {
        println!("## {}", detector.name());
        println!(
            "{:<12} {:>5} {:>8} {:>10} {:>10} {:>9} {:>12}",
            "noise", "SNR", "missed", "p50 ms", "p95 ms", "hit %", "tail p95 ms"
        );
        for noise in Noise::ALL {
            for snr_db in SNRS_DB {
                speech_row(detector.as_mut(), &passages, noise, snr_db);
            }
        }
        println!("\n{:<16} {:>14} {:>12}", "no speech", "alarms/min", "frames %");
        for (name, samples) in sounds::silences() {
            silence_row(detector.as_mut(), name, &samples);
        }
        println!("\n{:.2} us a frame\n", cost_us(detector.as_mut(), &passages));
    }
    Ok(())
}

/// Onsets missed, how late the others are, frames hit, and how long speech seems to last on.
fn speech_row(detector: &mut dyn Detector, passages: &[Passage], noise: Noise, snr_db: f32) {
    let (mut missed, mut onsets, mut tails) = (0, Vec::new(), Vec::new());
    let (mut hit, mut all) = (0, 0);
    for (seed, passage) in passages.iter().enumerate() {
        let samples = passage.with_noise(noise, snr_db, seed as u64);
        detector.reset();
        let found: Vec<bool> = frames(&samples).map(|frame| detector.speech(frame)).collect();
        let speech = passage.speech.clone();
        let first = found.iter().skip(speech.start).take(speech.len()).position(|it| *it);
        match first.map(|at| at as f64 * FRAME_MS + FRAME_MS) {
            Some(late_ms) if late_ms <= LATEST_ONSET_MS => onsets.push(late_ms),
            _ => missed += 1,
        }
        hit += found.iter().zip(&passage.loud).filter(|(found, loud)| **found && **loud).count();
        all += passage.loud.iter().filter(|it| **it).count();
        let tail = found.iter().skip(speech.end).rposition(|it| *it).map_or(0, |at| at + 1);
        tails.push(tail as f64 * FRAME_MS);
    }
    println!(
        "{:<12} {snr_db:>5} {missed:>5}/{} {:>10} {:>10} {:>9.1} {:>12}",
        noise.name(),
        passages.len(),
        quantile(&mut onsets, 0.5),
        quantile(&mut onsets, 0.95),
        100.0 * hit as f64 / all.max(1) as f64,
        quantile(&mut tails, 0.95),
    );
}

/// Times that speech seems to begin, and the share of frames that seem to be speech.
fn silence_row(detector: &mut dyn Detector, name: &str, samples: &[i16]) {
    detector.reset();
    let found: Vec<bool> = frames(samples).map(|frame| detector.speech(frame)).collect();
    let alarms = found.windows(2).filter(|pair| matches!(pair, [false, true])).count();
    let minutes = found.len() as f64 * FRAME_MS / 60_000.0;
    let share = 100.0 * found.iter().filter(|it| **it).count() as f64 / found.len().max(1) as f64;
    println!("{name:<16} {:>14.1} {share:>12.1}   ({:.0} dBFS)", alarms as f64 / minutes, level_db(samples));
}

fn cost_us(detector: &mut dyn Detector, passages: &[Passage]) -> f64 {
    let samples: Vec<i16> = passages.iter().flat_map(|it| it.with_noise(Noise::White, 20.0, 1)).collect();
    detector.reset();
    let start = Instant::now();
    let count = frames(&samples).map(|frame| detector.speech(frame)).count();
    start.elapsed().as_secs_f64() * 1e6 / count as f64
}

fn frames(samples: &[i16]) -> impl Iterator<Item = &[i16; 160]> {
    samples.as_chunks::<160>().0.iter()
}

fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (share * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(at).copied().unwrap_or(f64::NAN)
}
