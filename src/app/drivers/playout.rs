//! The playout queue of one call and its cursor: pure, driven by the pacer.

use std::collections::VecDeque;

use dialogue::io::SpeechId;
use telephony::media::srtp::Outbound;

use crate::recordings::Tap;

/// Samples of one 20 ms frame at 8 kHz.
pub const FRAME: usize = 160;
const SAMPLES_PER_MS: u32 = 8;
/// Chunks and ends of speeches kept for one call: at 50 ms a chunk fifty seconds of speech, and a
/// cached clause is one chunk. All of them fit into the rings between call and pacer.
const MOST_ITEMS: usize = 1024;
/// Of them so many are for ends, which come after all chunks.
const ENDS: usize = 64;

/// What a call tells its playout.
#[derive(Debug)]
pub enum Play {
    /// More samples of a clause, 8 kHz.
    Samples {
        /// Whose.
        speech: SpeechId,
        /// Which clause of it.
        clause: u16,
        /// The samples.
        samples: Vec<i16>,
    },
    /// The last clause of this speech has been handed over.
    EndSpeech(SpeechId),
    /// Hold at this very sample.
    Pause,
    /// Go on.
    Resume,
    /// Drop everything.
    Stop,
}

/// What a playout tells its call.
#[derive(Debug)]
pub enum Progress {
    /// The cursor stands here after the frame just sent.
    Played {
        /// Whose.
        speech: SpeechId,
        /// Which clause.
        clause: u16,
        /// Milliseconds of the clause sent so far.
        ms: u32,
    },
    /// The last sample of this speech has been sent.
    Done(SpeechId),
    /// A chunk that is no longer needed: freed by the call, not in the 20 ms path.
    Spent(Vec<i16>),
    /// Keys that are no longer used, likewise.
    Retired(Box<Outbound>),
    /// The end of a recording that another has taken the place of, likewise.
    Untapped(Tap),
}

enum Item {
    Chunk { speech: SpeechId, clause: u16, samples: Vec<i16>, used: usize },
    End(SpeechId),
}

/// The queue.
#[derive(Default)]
pub struct Playout {
    queue: VecDeque<Item>,
    paused: bool,
    /// Clause under the cursor and samples of it sent so far.
    cursor: Option<(SpeechId, u16, u32)>,
}

impl Playout {
    /// An empty queue, which never needs more memory than it has now.
    pub fn new() -> Self {
        Playout { queue: VecDeque::with_capacity(MOST_ITEMS), ..Playout::default() }
    }

    /// Takes a command.
    pub fn play(&mut self, play: Play, progress: &mut impl FnMut(Progress)) {
        match play {
            Play::Samples { speech, clause, samples } if self.queue.len() < MOST_ITEMS - ENDS => {
                self.queue.push_back(Item::Chunk { speech, clause, samples, used: 0 });
            }
            Play::Samples { samples, .. } => progress(Progress::Spent(samples)),
            Play::EndSpeech(speech) if self.queue.len() < MOST_ITEMS => self.queue.push_back(Item::End(speech)),
            Play::EndSpeech(speech) => progress(Progress::Done(speech)),
            Play::Pause => self.paused = true,
            Play::Resume => self.paused = false,
            Play::Stop => {
                self.paused = false;
                self.cursor = None;
                while let Some(item) = self.queue.pop_front() {
                    if let Item::Chunk { samples, .. } = item {
                        progress(Progress::Spent(samples));
                    }
                }
            }
        }
    }

    /// Fills the next packet; what is not speech is silence. True when any of it is speech.
    pub fn fill(&mut self, frame: &mut [i16], progress: &mut impl FnMut(Progress)) -> bool {
        frame.fill(0);
        let mut filled = 0;
        while filled < frame.len() && !self.paused {
            match self.queue.front_mut() {
                None => break,
                Some(Item::End(speech)) => {
                    let speech = *speech;
                    self.queue.pop_front();
                    self.report(progress);
                    self.cursor = None;
                    progress(Progress::Done(speech));
                }
                Some(Item::Chunk { speech, clause, samples, used }) => {
                    let take = (samples.len() - *used).min(frame.len() - filled);
                    frame[filled..filled + take].copy_from_slice(&samples[*used..*used + take]);
                    *used += take;
                    filled += take;
                    let (speech, clause, spent) = (*speech, *clause, *used == samples.len());
                    self.advance(speech, clause, take as u32, progress);
                    if spent && let Some(Item::Chunk { samples, .. }) = self.queue.pop_front() {
                        progress(Progress::Spent(samples));
                    }
                }
            }
        }
        if filled > 0 {
            self.report(progress);
        }
        filled > 0
    }

    fn advance(&mut self, speech: SpeechId, clause: u16, by: u32, progress: &mut impl FnMut(Progress)) {
        match &mut self.cursor {
            Some((s, c, sent)) if (*s, *c) == (speech, clause) => *sent += by,
            _ => {
                self.report(progress);
                self.cursor = Some((speech, clause, by));
            }
        }
    }

    fn report(&self, progress: &mut impl FnMut(Progress)) {
        if let Some((speech, clause, sent)) = self.cursor {
            progress(Progress::Played { speech, clause, ms: sent / SAMPLES_PER_MS });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(playout: &mut Playout, count: usize) -> (Vec<[i16; FRAME]>, Vec<Progress>) {
        let mut log = Vec::new();
        let mut out = Vec::new();
        for _ in 0..count {
            let mut frame = [0; FRAME];
            playout.fill(&mut frame, &mut |event| log.push(event));
            out.push(frame);
        }
        (out, log)
    }

    #[test]
    fn clauses_join_without_a_gap_and_a_pause_loses_no_sample() {
        let mut playout = Playout::new();
        let nothing = &mut |_| {};
        playout.play(Play::Samples { speech: 1, clause: 0, samples: vec![1; 200] }, nothing);
        playout.play(Play::Samples { speech: 1, clause: 1, samples: vec![2; 100] }, nothing);
        playout.play(Play::EndSpeech(1), nothing);
        let (first, _) = frames(&mut playout, 1);
        assert_eq!(first[0], [1; FRAME]);
        playout.play(Play::Pause, nothing);
        assert_eq!(frames(&mut playout, 2).0, vec![[0; FRAME]; 2]);
        playout.play(Play::Resume, nothing);
        let (rest, log) = frames(&mut playout, 1);
        assert_eq!(&rest[0][..140], &[[1; 40].as_slice(), &[2; 100]].concat());
        assert_eq!(&rest[0][140..], &[0; 20]);
        assert!(log.iter().any(|event| matches!(event, Progress::Played { clause: 1, ms: 12, .. })));
        assert!(matches!(log.iter().rfind(|event| !matches!(event, Progress::Played { .. })), Some(Progress::Done(1))));
    }

    #[test]
    fn stop_drops_what_was_queued_and_ends_a_pause() {
        let mut playout = Playout::new();
        let nothing = &mut |_| {};
        playout.play(Play::Samples { speech: 1, clause: 0, samples: vec![1; 800] }, nothing);
        playout.play(Play::Pause, nothing);
        playout.play(Play::Stop, nothing);
        playout.play(Play::Samples { speech: 2, clause: 0, samples: vec![3; 160] }, nothing);
        assert_eq!(frames(&mut playout, 2).0, vec![[3; FRAME], [0; FRAME]]);
    }
}
