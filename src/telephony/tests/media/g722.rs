//! G.722 against another implementation, and against the ear.

use telephony::media::g722::{Decoder, Encoder};
use telephony::media::{Codec, Decoder as AnyDecoder};

/// Triangles, whose sum has tones all over both bands, and noise, louder and softer by turns:
/// integers only, so that another program makes the very same.
fn sound() -> Vec<i16> {
    let triangle = |at: i32, period: i32| {
        let place = at % period;
        (if place < period / 2 { place } else { period - place }) * 4 * 8_000 / period - 8_000
    };
    let mut random = 12_345_u32;
    let samples = (0..16_000).map(|at| {
        random = random.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        let noise = ((random >> 16) & 0x7fff) as i32 - 16_384;
        let level = (at / 800) % 8;
        let sum = triangle(at, 123) + triangle(at, 17).div_euclid(3) + noise.div_euclid(4 + at % 3);
        (sum * level).div_euclid(8).clamp(-32_768, 32_767) as i16
    });
    samples.collect()
}

/// FNV-1a.
fn checksum(bytes: impl Iterator<Item = u8>) -> u32 {
    bytes.fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn coded(samples: &[i16]) -> Vec<u8> {
    let mut encoder = Encoder::default();
    samples.as_chunks().0.iter().map(|pair| encoder.wide(*pair)).collect()
}

fn decoded(octets: &[u8]) -> Vec<i16> {
    let mut samples = Vec::new();
    AnyDecoder::new(Codec::G722).samples(octets, &mut samples);
    samples
}

/// What ffmpeg 5.1 makes of the same samples, octet for octet and back.
#[test]
fn it_is_the_same_as_another_implementation() {
    let octets = coded(&sound());
    assert_eq!(checksum(octets.iter().copied()), OCTETS);
    let samples = decoded(&octets);
    assert_eq!(checksum(samples.iter().flat_map(|sample| sample.to_le_bytes())), SAMPLES);
}

const OCTETS: u32 = 0x649a_fa46;
const SAMPLES: u32 = 0x0fc6_38de;

fn tone(hz: f64, rate: f64, count: usize) -> Vec<i16> {
    (0..count).map(|at| ((at as f64 * hz * std::f64::consts::TAU / rate).sin() * 8_000.0) as i16).collect()
}

/// Level at a frequency against everything else, in decibels.
fn purity_db(samples: &[i16], hz: f64, rate: f64) -> f64 {
    let step = hz * std::f64::consts::TAU / rate;
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let sample = f64::from(*sample);
        re += sample * (at as f64 * step).cos();
        im += sample * (at as f64 * step).sin();
        all += sample * sample;
    }
    let tone = 2.0 * (re * re + im * im) / samples.len() as f64;
    10.0 * (tone / (all - tone).max(1.0)).log10()
}

#[test]
fn both_bands_come_through() {
    for (hz, least_db) in [(300.0, 30.0), (1_000.0, 30.0), (3_000.0, 25.0), (5_000.0, 15.0), (6_500.0, 12.0)] {
        let heard = decoded(&coded(&tone(hz, 16_000.0, 16_000)));
        let purity = purity_db(&heard[1_600..], hz, 16_000.0);
        assert!(purity > least_db, "{hz} Hz: {purity:.1} dB");
    }
}

#[test]
fn narrowband_audio_is_sent_as_the_lower_band_alone() {
    let mut encoder = Encoder::default();
    let octets: Vec<u8> = tone(1_000.0, 8_000.0, 8_000).into_iter().map(|sample| encoder.narrow(sample)).collect();
    let heard = decoded(&octets);
    assert_eq!(heard.len(), 16_000);
    assert!(purity_db(&heard[1_600..], 1_000.0, 16_000.0) > 25.0);
    let loudest = heard[1_600..].iter().copied().max().expect("samples");
    assert!((7_500..8_700).contains(&loudest), "as loud as it was: {loudest}");
}

#[test]
fn no_octets_are_too_wild() {
    let mut decoder = Decoder::default();
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..200_000 {
        decoder.wide(random.u8(..));
    }
    for octet in [0, 0xff, 0x3f, 0xc0, 0x80] {
        for _ in 0..10_000 {
            decoder.wide(octet);
        }
    }
}
