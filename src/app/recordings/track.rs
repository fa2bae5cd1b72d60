//! One side of a recording: frames put where their time is.

use audio::Resampler;

/// Arrival jitters, sound does not: a frame follows the one before unless it is further off than this.
const SLACK_MS: u64 = 60;
/// So far ahead of its time what was said is left out, and not only silence.
const MOST_AHEAD_MS: u64 = 2_000;
/// What is no louder than this is silence: the noise of a telephone line.
const QUIET: u16 = 300;

/// Samples that wait to be written, and where they belong.
pub(super) struct Track {
    per_ms: u64,
    waiting: Vec<i16>,
    /// Place of the sample after the last, from the beginning of the recording.
    end: u64,
    /// Of a wideband file: what comes at 8 kHz.
    up: Option<Resampler>,
    doubled: Vec<i16>,
}

impl Track {
    pub fn new(wide: bool) -> Self {
        Track {
            per_ms: if wide { 16 } else { 8 },
            waiting: Vec::new(),
            end: 0,
            up: wide.then(Resampler::doubling),
            doubled: Vec::new(),
        }
    }

    /// Puts samples of 8 kHz whose first belongs at `ms`.
    pub fn put(&mut self, ms: u64, samples: &[i16]) {
        let Some(up) = &mut self.up else { return self.place(ms, samples) };
        let mut doubled = std::mem::take(&mut self.doubled);
        doubled.clear();
        up.process(samples, &mut doubled);
        self.place(ms, &doubled);
        self.doubled = doubled;
    }

    /// Puts samples of the file's own rate.
    pub fn place(&mut self, ms: u64, samples: &[i16]) {
        let due = ms * self.per_ms;
        if due > self.end + SLACK_MS * self.per_ms {
            self.fill(ms);
        }
        // After a burst, or where the other side's clock is fast: pauses get shorter.
        let ahead = self.end.saturating_sub(due) / self.per_ms;
        let is_quiet = samples.iter().all(|sample| sample.unsigned_abs() <= QUIET);
        if ahead > MOST_AHEAD_MS || (ahead > SLACK_MS && is_quiet) {
            return;
        }
        self.waiting.extend_from_slice(samples);
        self.end += samples.len() as u64;
    }

    /// There is silence up to here where nothing else is.
    pub fn fill(&mut self, ms: u64) {
        let missing = (ms * self.per_ms).saturating_sub(self.end);
        self.waiting.resize(self.waiting.len() + usize::try_from(missing).unwrap_or(0), 0);
        self.end += missing;
    }

    /// Samples that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Up to here, in milliseconds.
    pub fn end_ms(&self) -> u64 {
        self.end.div_ceil(self.per_ms)
    }

    /// The oldest so many of those that wait.
    pub fn take(&mut self, count: usize) -> impl Iterator<Item = i16> + '_ {
        self.waiting.drain(..count.min(self.waiting.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: usize = 160;

    /// All that was put, in frames, by the sample that each begins with.
    fn frames(track: &mut Track) -> Vec<i16> {
        let all: Vec<i16> = track.take(usize::MAX).collect();
        all.chunks(FRAME).map(|frame| frame[0]).collect()
    }

    #[test]
    fn jitter_moves_nothing_and_a_gap_is_silence() {
        let mut track = Track::new(false);
        for (nth, late) in [0, 40, 5, 55, 0, 30].into_iter().enumerate() {
            track.put(nth as u64 * 20 + late, &[1_000 + nth as i16; FRAME]);
        }
        assert_eq!(frames(&mut track), [1_000, 1_001, 1_002, 1_003, 1_004, 1_005]);
        track.put(300, &[2_000; FRAME]);
        assert_eq!(frames(&mut track), [0, 0, 0, 0, 0, 0, 0, 0, 0, 2_000]);
        assert_eq!(track.end_ms(), 320);
    }

    #[test]
    fn after_a_burst_nothing_said_is_lost_and_pauses_get_shorter() {
        let mut track = Track::new(false);
        track.fill(400); // nothing came, and silence was written
        for nth in 0..20 {
            track.put(nth * 20, &[1_000 + nth as i16; FRAME]); // then all at once
        }
        let said: Vec<i16> = frames(&mut track).into_iter().filter(|first| *first >= 1_000).collect();
        assert_eq!(said, (1_000..1_020).collect::<Vec<_>>());
        assert_eq!(track.end_ms(), 800);
        for nth in 20..60 {
            track.put(nth * 20, &[0; FRAME]);
        }
        assert!(track.end_ms() <= 1_200 + SLACK_MS, "back in time: {}", track.end_ms());
        track.put(1_200, &[3_000; FRAME]);
        assert_eq!(frames(&mut track).last(), Some(&3_000));
    }

    #[test]
    fn a_side_that_runs_away_is_held() {
        let mut track = Track::new(false);
        for _ in 0..1_000 {
            track.put(0, &[9_000; FRAME]);
        }
        assert!(track.end_ms() <= MOST_AHEAD_MS + 40, "{}", track.end_ms());
    }

    #[test]
    fn a_wideband_file_has_both_rates_at_one_pace() {
        let mut track = Track::new(true);
        track.put(0, &[500; FRAME]);
        track.place(20, &[500; 2 * FRAME]);
        assert_eq!((track.end_ms(), track.waiting()), (40, 4 * FRAME));
    }
}
