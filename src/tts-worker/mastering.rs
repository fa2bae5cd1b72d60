//! From a voice's raw samples to what the telephone gets: silence trimmed at both ends, level
//! set, peaks rounded, resampled, in pieces; with the ends of the words on the way.

use std::collections::VecDeque;

use audio::Resampler;

use crate::text::WordClock;
use crate::{Error, Flow, Take};

/// Below this (-45 dBFS, after the gain) there is no speech.
const SILENT: f32 = 184.0;
/// Kept before the first and after the last sound, so that soft onsets and ends stay whole.
const MARGIN_MS: u32 = 8;
/// The last milliseconds fade out.
const FADE_MS: u32 = 5;
/// Above this (-3 dBFS) peaks are rounded instead of clipped.
const KNEE: f32 = 23_197.0;
/// A piece is at least this long, but for the first and the last.
const PIECE_MS: u32 = 20;

/// From a voice's rate to the line's. The filter takes milliseconds to compute, so this is
/// made once a pair of rates.
#[derive(Debug, Clone)]
pub struct Rates {
    voice: u32,
    line: u32,
    resampler: Resampler,
}

impl Rates {
    /// Samples a second of the voice and of the line.
    pub fn new(voice: u32, line: u32) -> Result<Self, Error> {
        let refused = Error::Rate { rate: line };
        if !(8_000..=48_000).contains(&line) {
            return Err(refused);
        }
        let resampler = Resampler::new(voice, line).map_err(|_| refused)?;
        Ok(Rates { voice, line, resampler })
    }
}

/// One clause on its way out.
#[derive(Debug)]
pub struct Mastering {
    rate_in: u32,
    rate_out: u32,
    gain: f32,
    resampler: Resampler,
    /// Samples of the resampler's delay that are still to be dropped.
    late: usize,
    /// Samples since the last sound: passed on if sound follows, dropped at the end.
    held: Vec<f32>,
    begun: bool,
    /// Samples of the voice seen; position after the last sound; samples trimmed at the start.
    seen: u32,
    sounded: u32,
    trimmed: u32,
    words: WordClock,
    piece: Vec<i16>,
    sent: u32,
    ready: VecDeque<Vec<i16>>,
}

impl Mastering {
    /// For a voice whose speech `gain` brings to telephone level.
    pub fn new(rates: &Rates, gain: f32, words: usize) -> Self {
        let resampler = rates.resampler.clone();
        Mastering {
            rate_in: rates.voice,
            rate_out: rates.line,
            gain,
            late: resampler.delay(),
            resampler,
            held: Vec::new(),
            begun: false,
            seen: 0,
            sounded: 0,
            trimmed: 0,
            words: WordClock::new(words),
            piece: Vec::new(),
            sent: 0,
            ready: VecDeque::new(),
        }
    }

    /// Sound: drops the silence before the first of it. `at` is where it is in what is held.
    fn begin(&mut self, at: usize) {
        self.begun = true;
        let margin = (self.rate_in * MARGIN_MS / 1_000) as usize;
        let drop = at.saturating_sub(margin);
        self.trimmed = self.seen - count(self.held.len() - drop);
        self.held.drain(..drop);
    }

    /// Passes on the first so many of the samples that are held.
    fn pass(&mut self, held: usize) {
        let rounded: Vec<i16> = self.held.drain(..held).map(round_peak).collect();
        self.resampler.process(&rounded, &mut self.piece);
        self.drop_delay();
    }

    fn drop_delay(&mut self) {
        let dropped = self.late.min(self.piece.len());
        self.piece.drain(..dropped);
        self.late -= dropped;
    }

    fn flush(&mut self, at_least: u32) {
        let length = count(self.piece.len());
        if length > 0 && (self.sent == 0 || length >= at_least) {
            self.sent = self.sent.saturating_add(length);
            self.ready.push_back(std::mem::take(&mut self.piece));
        }
    }

    /// The next piece for the telephone, if one is ready.
    pub fn piece(&mut self) -> Option<Vec<i16>> {
        self.ready.pop_front()
    }

    /// Samples of all pieces so far, those that wait included.
    pub fn sent(&self) -> u32 {
        self.sent
    }

    /// The voice is done: makes the last piece ready and answers the end of every word.
    pub fn finish(&mut self) -> Vec<u32> {
        if self.begun {
            let margin = (self.rate_in * MARGIN_MS / 1_000) as usize;
            self.held.truncate(margin);
            let fade = ((self.rate_in * FADE_MS / 1_000) as usize).min(self.held.len());
            let from = self.held.len() - fade;
            for (i, sample) in self.held.iter_mut().skip(from).enumerate() {
                *sample *= 1.0 - (i + 1) as f32 / fade as f32;
            }
            self.pass(self.held.len());
            self.resampler.finish(&mut self.piece);
            self.drop_delay();
        }
        self.flush(0);
        std::mem::take(&mut self.words).finish(self.sent)
    }

    fn to_out(&self, samples: u32) -> u32 {
        let scaled = u64::from(samples) * u64::from(self.rate_out) / u64::from(self.rate_in.max(1));
        u32::try_from(scaled).unwrap_or(u32::MAX)
    }
}

impl Take for Mastering {
    fn word(&mut self, word: usize, sample: u32) {
        let sounded = self.sounded.min(sample).saturating_sub(self.trimmed);
        self.words.start(word, self.to_out(sounded));
    }

    fn samples(&mut self, samples: &[i16]) -> Flow {
        let before = self.held.len();
        self.held.extend(samples.iter().map(|sample| f32::from(*sample) * self.gain));
        self.seen = self.seen.saturating_add(count(samples.len()));
        let new = self.held.get(before..).unwrap_or_default();
        let loud = |sample: &f32| sample.abs() >= SILENT;
        if let (Some(first), Some(last)) = (new.iter().position(loud), new.iter().rposition(loud)) {
            self.sounded = self.seen - count(new.len() - last - 1);
            if !self.begun {
                self.begin(before + first);
            }
            let quiet = (self.seen - self.sounded) as usize;
            self.pass(self.held.len().saturating_sub(quiet));
        }
        self.flush(self.rate_out * PIECE_MS / 1_000);
        Flow::Go
    }
}

fn count(samples: usize) -> u32 {
    u32::try_from(samples).unwrap_or(u32::MAX)
}

/// Rounds what would clip: linear up to the knee, then ever flatter.
fn round_peak(value: f32) -> i16 {
    let size = value.abs();
    if size <= KNEE {
        return value as i16;
    }
    let room = 32_767.0 - KNEE;
    let rounded = KNEE + room * (1.0 - (-(size - KNEE) / room).exp());
    rounded.copysign(value) as i16
}
