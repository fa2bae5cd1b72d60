//! Wav files, from and to whatever the caller opened.

use std::io::{Read, Seek, Write};

use crate::{Error, Result};

/// Longest file that is read.
const LIMIT_MINUTES: u32 = 120;

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Sampling rate, in hertz.
    pub rate_hz: u32,
    /// One or two channels of equal length.
    pub channels: Vec<Vec<i16>>,
}

impl Wav {
    /// One channel: the mean of all.
    pub fn mono(self) -> Vec<i16> {
        match <[Vec<i16>; 2]>::try_from(self.channels) {
            Ok([left, right]) => {
                left.iter().zip(&right).map(|(a, b)| ((i32::from(*a) + i32::from(*b)) / 2) as i16).collect()
            }
            Err(channels) => channels.into_iter().next().unwrap_or_default(),
        }
    }
}

/// Reads 16-bit PCM with one or two channels at 8 to 48 kHz.
///
/// # Errors
/// What the file is, when it is something else; the reader's own errors.
pub fn read(reader: impl Read) -> Result<Wav> {
    let reader = hound::WavReader::new(reader)?;
    let spec = reader.spec();
    let usable = spec.sample_format == hound::SampleFormat::Int
        && spec.bits_per_sample == 16
        && (1..=2).contains(&spec.channels)
        && (8_000..=48_000).contains(&spec.sample_rate);
    if !usable {
        let encoding = match spec.sample_format {
            hound::SampleFormat::Int => "integer",
            hound::SampleFormat::Float => "float",
        };
        let (channels, bits, rate_hz) = (spec.channels, spec.bits_per_sample, spec.sample_rate);
        return Err(Error::WavKind { channels, bits, encoding, rate_hz });
    }
    let longest = LIMIT_MINUTES * 60 * spec.sample_rate;
    // Programs that stream a wav file write its header before they know its length, and claim
    // the longest possible: it then ends where it ends.
    let streamed = reader.duration() > longest;
    let mut channels = vec![Vec::new(); usize::from(spec.channels)];
    let mut next = 0;
    for sample in reader.into_samples::<i16>() {
        let sample = match sample {
            Ok(sample) => sample,
            Err(_) if streamed => break,
            Err(error) => return Err(error.into()),
        };
        if let Some(channel) = channels.get_mut(next) {
            if channel.len() >= longest as usize {
                let limit_minutes = LIMIT_MINUTES;
                return Err(Error::WavLength { limit_minutes });
            }
            channel.push(sample);
        }
        next = (next + 1) % channels.len();
    }
    let shortest = channels.iter().map(Vec::len).min().unwrap_or(0);
    channels.iter_mut().for_each(|channel| channel.truncate(shortest));
    Ok(Wav { rate_hz: spec.sample_rate, channels })
}

/// Writes one channel.
///
/// # Errors
/// The writer's own.
pub fn write_mono(writer: impl Write + Seek, rate_hz: u32, samples: &[i16]) -> Result<()> {
    let mut wav = hound::WavWriter::new(writer, spec(1, rate_hz))?;
    for sample in samples {
        wav.write_sample(*sample)?;
    }
    Ok(wav.finalize()?)
}

/// Writes two channels; the shorter one ends in silence.
///
/// # Errors
/// The writer's own.
pub fn write_stereo(writer: impl Write + Seek, rate_hz: u32, left: &[i16], right: &[i16]) -> Result<()> {
    let mut wav = hound::WavWriter::new(writer, spec(2, rate_hz))?;
    for at in 0..left.len().max(right.len()) {
        wav.write_sample(left.get(at).copied().unwrap_or_default())?;
        wav.write_sample(right.get(at).copied().unwrap_or_default())?;
    }
    Ok(wav.finalize()?)
}

fn spec(channels: u16, rate_hz: u32) -> hound::WavSpec {
    hound::WavSpec { channels, sample_rate: rate_hz, bits_per_sample: 16, sample_format: hound::SampleFormat::Int }
}
