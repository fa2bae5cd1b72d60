use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use machine::Now;
use telephony::media::{Frame, WideFrame};

use crate::drivers::playout::FRAME;

/// Frames of each side that wait for the disk: two and a half seconds.
const RING: usize = 128;

/// 20 ms of the caller.
pub struct HeardFrame {
    /// When it was complete.
    pub at: Now,
    /// 8 kHz.
    pub samples: Box<Frame>,
    /// The same at 16 kHz, where it came so.
    pub wide: Option<Box<WideFrame>>,
}

/// Up to 20 ms of the agent.
#[derive(Debug)]
pub struct SentFrame {
    /// When it was sent.
    pub at: Now,
    /// 8 kHz.
    pub samples: [i16; FRAME],
    /// So many of them.
    pub length: usize,
}

/// The call's end of its recording. Dropped, the recording ends.
pub struct Tape {
    frames: rtrb::Producer<HeardFrame>,
    lost: Arc<AtomicU32>,
    unwanted: Arc<AtomicBool>,
}

/// The pacer's end: allocates nothing, frees nothing, waits for nobody.
#[derive(Debug)]
pub struct Tap {
    frames: rtrb::Producer<SentFrame>,
    lost: Arc<AtomicU32>,
}

/// The other end of both.
pub(super) struct Ends {
    pub heard: rtrb::Consumer<HeardFrame>,
    pub sent: rtrb::Consumer<SentFrame>,
    /// Frames that found a ring full, of both sides.
    pub lost: Arc<AtomicU32>,
    /// It is to be erased.
    pub unwanted: Arc<AtomicBool>,
}

pub(super) fn rings() -> (Tape, Tap, Ends) {
    let (heard_in, heard) = rtrb::RingBuffer::new(RING);
    let (sent_in, sent) = rtrb::RingBuffer::new(RING);
    let lost = Arc::new(AtomicU32::new(0));
    let unwanted = Arc::new(AtomicBool::new(false));
    let tape = Tape { frames: heard_in, lost: Arc::clone(&lost), unwanted: Arc::clone(&unwanted) };
    let tap = Tap { frames: sent_in, lost: Arc::clone(&lost) };
    (tape, tap, Ends { heard, sent, lost, unwanted })
}

impl Tape {
    /// Ends the recording, and has all of it erased.
    pub fn erase(self) {
        self.unwanted.store(true, Ordering::Relaxed);
    }

    /// Keeps what the caller said.
    pub fn heard(&mut self, frame: HeardFrame) {
        if !self.frames.is_abandoned() && self.frames.push(frame).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Tap {
    /// Keeps what was sent to the caller.
    pub fn sent(&mut self, at: Now, samples: &[i16]) {
        if self.frames.is_abandoned() {
            return;
        }
        for (nth, chunk) in samples.chunks(FRAME).enumerate() {
            // A long packet is several frames; its last sample is as old as that of a short one.
            let left = samples.len().saturating_sub(nth * FRAME + chunk.len());
            let at = Now::from_micros(at.as_micros().saturating_sub(left as u64 * 125));
            let mut frame = SentFrame { at, samples: [0; FRAME], length: chunk.len() };
            frame.samples[..chunk.len()].copy_from_slice(chunk);
            if self.frames.push(frame).is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_does_not_follow_costs_frames_and_is_told() {
        let (mut tape, mut tap, mut ends) = rings();
        for _ in 0..RING + 10 {
            tape.heard(HeardFrame { at: Now::ZERO, samples: Box::new([1; FRAME]), wide: None });
            tap.sent(Now::ZERO, &[2; FRAME]);
        }
        assert_eq!(ends.lost.load(Ordering::Relaxed), 20);
        assert!(ends.heard.pop().is_ok() && ends.sent.pop().is_ok());
        tap.sent(Now::from_millis(60), &[3; 3 * FRAME]);
        assert_eq!(ends.lost.load(Ordering::Relaxed), 22, "one of three found room");
        let last = std::iter::from_fn(|| ends.sent.pop().ok()).last().map(|frame| (frame.at, frame.length));
        assert_eq!(last, Some((Now::from_millis(20), FRAME)), "it is the first of its packet");
        drop(ends);
        tape.heard(HeardFrame { at: Now::ZERO, samples: Box::new([1; FRAME]), wide: None });
        tap.sent(Now::ZERO, &[2; FRAME]);
    }
}
