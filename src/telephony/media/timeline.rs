use std::time::Duration;

use machine::Now;

use super::conceal::Concealer;
use super::g722::Analysis;
use super::{FRAME_MS, FRAME_SAMPLES, Frame, WideFrame};

/// Without a packet for this long, time goes on without it. Shorter, and every hiccup of the
/// network would be heard twice: once as silence, once when its packets come after all.
const PATIENCE: Duration = Duration::from_millis(200);
/// A gap longer than this is a timestamp that leapt, not audio that is missing.
const LONGEST_GAP: u32 = super::RATE_HZ;
/// A driver that slept for long gets a second of frames, not all.
const MOST_AT_ONCE: u32 = 50;
const FRAME: Duration = Duration::from_millis(FRAME_MS);

/// A frame of the timeline.
pub(super) struct Cut {
    pub samples: Box<Frame>,
    /// The same at 16 kHz, where it came so.
    pub wide: Option<Box<WideFrame>>,
    /// True when any of it is made up.
    pub concealed: bool,
}

/// Turns audio packets of any length, in order but with gaps, into an unbroken row of frames.
#[derive(Debug)]
pub(super) struct Timeline {
    concealer: Concealer,
    /// Samples per RTP tick: 1 at 8 kHz, 2 at 16 kHz.
    scale: usize,
    halving: Analysis,
    /// Audio that does not fill a frame yet.
    partial: Vec<i16>,
    partial_made_up: bool,
    /// RTP timestamp that the next audio should have.
    expected: Option<u32>,
    /// When audio last came.
    audio_at: Now,
    /// Frames made since then because time went on.
    filled: u32,
    /// The other side has said that it is silent.
    silent: bool,
    made_up_ticks: u64,
}

impl Timeline {
    pub fn new(now: Now) -> Self {
        Self {
            concealer: Concealer::default(),
            scale: 1,
            halving: Analysis::default(),
            partial: Vec::with_capacity(2 * FRAME_SAMPLES),
            partial_made_up: false,
            expected: None,
            audio_at: now,
            filled: 0,
            silent: false,
            made_up_ticks: 0,
        }
    }

    /// Audio that is next in order, so many samples a tick.
    pub fn audio(&mut self, at: Now, timestamp: u32, scale: usize, samples: &mut [i16], mut cut: impl FnMut(Cut)) {
        self.bridge(timestamp, &mut cut);
        self.rescale(scale.max(1));
        self.expected = Some(timestamp.wrapping_add((samples.len() / self.scale) as u32));
        self.audio_at = self.audio_at.max(at);
        self.filled = 0;
        self.silent = false;
        self.concealer.real(samples);
        self.append(samples, false, &mut cut);
    }

    /// Ticks missing before audio with this timestamp: what nobody has made up for yet.
    pub fn missing(&self, timestamp: u32) -> u32 {
        let Some(expected) = self.expected else { return 0 };
        let gap = timestamp.wrapping_sub(expected);
        // Else it leapt, or stands still: several packets with one timestamp.
        if gap > LONGEST_GAP { 0 } else { gap.saturating_sub(self.filled.saturating_mul(FRAME_SAMPLES as u32)) }
    }

    /// What a decoder gives for audio that is missing before that of this timestamp: `made_up`, or
    /// said again by a later packet.
    pub fn instead(&mut self, scale: usize, samples: &mut [i16], made_up: bool, mut cut: impl FnMut(Cut)) {
        self.rescale(scale.max(1));
        let ticks = samples.len() / self.scale;
        let filled = self.filled.saturating_mul(FRAME_SAMPLES as u32);
        self.expected = self.expected.map(|expected| expected.wrapping_add(filled + ticks as u32));
        self.filled = 0;
        self.concealer.real(samples);
        self.made_up_ticks += if made_up { ticks as u64 } else { 0 };
        self.append(samples, made_up, &mut cut);
    }

    /// The stream goes on elsewhere: its timestamps say nothing about a gap.
    pub fn restart(&mut self) {
        self.expected = None;
    }

    /// The other side says that it is silent from here on.
    pub fn silence(&mut self) {
        self.silent = true;
        self.concealer.silent();
    }

    /// Time passed.
    pub fn wake(&mut self, now: Now, mut cut: impl FnMut(Cut)) {
        if now < self.due() {
            return;
        }
        // The last of them may still be on its way.
        let due = (now.since(self.audio_at).as_millis() as u64 / FRAME_MS).saturating_sub(1);
        let due = u32::try_from(due).unwrap_or(u32::MAX);
        let missing = due.saturating_sub(self.filled).min(MOST_AT_ONCE);
        self.filled = due;
        self.make_up(missing as usize * FRAME_SAMPLES, &mut cut);
    }

    /// When the next frame is made whether audio comes or not.
    pub fn due(&self) -> Now {
        let patience = if self.silent { 2 * FRAME } else { PATIENCE };
        self.audio_at + patience.max(FRAME * self.filled.saturating_add(2))
    }

    /// Audio made up so far, in milliseconds.
    pub fn made_up_ms(&self) -> u64 {
        self.made_up_ticks * 1_000 / u64::from(super::RATE_HZ)
    }

    fn bridge(&mut self, timestamp: u32, cut: &mut impl FnMut(Cut)) {
        self.make_up(self.missing(timestamp) as usize, cut);
    }

    /// The other side changed to a codec of another rate.
    fn rescale(&mut self, scale: usize) {
        if scale == self.scale {
            return;
        }
        // Less than a frame: the nearest samples will do.
        let ticks = self.partial.len() / self.scale;
        let partial = (0..ticks * scale).map(|at| self.partial.get(at * self.scale / scale).copied());
        self.partial = partial.map(Option::unwrap_or_default).collect();
        self.scale = scale;
        self.concealer = Concealer::new(scale);
        self.halving = Analysis::default();
    }

    fn make_up(&mut self, ticks: usize, cut: &mut impl FnMut(Cut)) {
        if ticks == 0 {
            return;
        }
        let mut made_up = vec![0; ticks * self.scale];
        self.concealer.missing(&mut made_up);
        self.made_up_ticks += ticks as u64;
        self.append(&made_up, true, cut);
    }

    fn append(&mut self, mut samples: &[i16], made_up: bool, cut: &mut impl FnMut(Cut)) {
        while !samples.is_empty() {
            let frame = FRAME_SAMPLES * self.scale;
            let room = frame - self.partial.len().min(frame);
            let (head, rest) = samples.split_at(room.min(samples.len()));
            self.partial.extend_from_slice(head);
            self.partial_made_up |= made_up;
            samples = rest;
            if self.partial.len() == frame {
                let (samples, wide) = self.both_rates();
                cut(Cut { samples, wide, concealed: self.partial_made_up });
                self.partial.clear();
                self.partial_made_up = false;
            }
        }
    }

    fn both_rates(&mut self) -> (Box<Frame>, Option<Box<WideFrame>>) {
        let mut narrow = Box::new([0; FRAME_SAMPLES]);
        let wide = WideFrame::try_from(self.partial.as_slice()).ok();
        match &wide {
            Some(wide) => {
                let (pairs, _) = wide.as_chunks::<2>();
                for (sample, pair) in narrow.iter_mut().zip(pairs) {
                    *sample = self.halving.halve(*pair);
                }
            }
            None => narrow.iter_mut().zip(&self.partial).for_each(|(sample, real)| *sample = *real),
        }
        (narrow, wide.map(Box::new))
    }
}
