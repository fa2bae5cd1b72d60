use std::collections::VecDeque;

use super::conceal::Concealer;
use super::{FRAME_SAMPLES, Frame};

/// Frames gathered before the first is played: 40 ms.
const START: usize = 2;
/// More than this is never kept: 300 ms.
const MOST: usize = 15;
/// The delay is looked at over so many frames: 2 s.
const WINDOW: u32 = 100;
/// Mean magnitude under which a frame can be left out unnoticed (about -50 dBFS).
const QUIET: u32 = 100;

/// A frame of playout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Played {
    /// 8 kHz, mono.
    pub samples: Frame,
    /// True when any of it is made up.
    pub concealed: bool,
}

/// Evens out the arrival of a [`Receiver`](super::Receiver)'s frames for someone who takes one
/// every 20 ms. The delay finds itself: a frame that is missing when it is wanted is made up,
/// which makes the delay 20 ms longer; when for two seconds there was always one to spare, one
/// is left out, at a quiet moment if one comes, which makes it shorter.
#[derive(Debug, Default)]
pub struct JitterBuffer {
    waiting: VecDeque<Played>,
    concealer: Concealer,
    playing: bool,
    pulls: u32,
    fewest_waiting: usize,
    /// Frames to leave out.
    to_spare: usize,
}

impl JitterBuffer {
    /// Empty; plays silence until 40 ms have come.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next frame, as [`Output::Audio`](super::Output::Audio) brings it.
    pub fn push(&mut self, samples: &Frame, concealed: bool) {
        self.waiting.push_back(Played { samples: *samples, concealed });
        if self.waiting.len() > MOST {
            self.leave_out();
        }
    }

    /// The frame to play now; called every 20 ms.
    pub fn pull(&mut self) -> Played {
        self.playing |= self.waiting.len() >= START;
        if !self.playing {
            return Played { samples: [0; FRAME_SAMPLES], concealed: false };
        }
        self.adapt();
        let Some(mut played) = self.waiting.pop_front() else {
            let mut samples = [0; FRAME_SAMPLES];
            self.concealer.missing(&mut samples);
            return Played { samples, concealed: true };
        };
        self.concealer.real(&mut played.samples);
        played
    }

    /// Delay at this moment, in milliseconds.
    pub fn delay_ms(&self) -> u64 {
        self.waiting.len() as u64 * super::FRAME_MS
    }

    fn adapt(&mut self) {
        self.fewest_waiting = self.fewest_waiting.min(self.waiting.len());
        self.pulls += 1;
        if self.pulls >= WINDOW {
            // One is played now; what was always left beside it is delay for nothing.
            let spare = self.fewest_waiting.saturating_sub(START);
            if std::mem::replace(&mut self.to_spare, spare) > 0 && spare > 0 {
                self.leave_out(); // two windows without a quiet moment
            }
            self.pulls = 0;
            self.fewest_waiting = MOST;
        }
        if self.to_spare > 0 && self.waiting.front().is_some_and(is_quiet) {
            self.leave_out();
        }
    }

    /// Leaves the next frame out: it becomes what the one after it is joined to.
    fn leave_out(&mut self) {
        if let Some(left_out) = self.waiting.pop_front() {
            self.concealer.continue_from(&left_out.samples);
            self.to_spare = self.to_spare.saturating_sub(1);
        }
    }
}

fn is_quiet(frame: &Played) -> bool {
    let sum: u32 = frame.samples.iter().map(|sample| u32::from(sample.unsigned_abs())).sum();
    sum / FRAME_SAMPLES as u32 <= QUIET
}
