//! A recording under way, as the thread that writes has it.

use std::fs::File;
use std::io::BufWriter;
use std::sync::atomic::Ordering;
use std::time::Duration;

use machine::Now;

use super::tape::{Ends, HeardFrame, SentFrame};
use super::track::Track;

/// A frame's time: it is complete at its end.
const FRAME_MS: u64 = 20;
/// So late a frame may come and still find its place: the receiver's patience, and a slow round.
const LATEST: Duration = Duration::from_millis(500);
/// How often the file says how long it is, so that it can be heard whatever happens next.
const SETTLE_MS: u64 = 1_000;

/// What became of it in a round.
pub(super) enum State {
    /// It goes on.
    Runs,
    /// The call has let go of it, and all of it is written.
    Over,
    /// The caller does not want it.
    Unwanted,
    /// Nothing more can be written.
    Broken(String),
}

/// A recording.
pub(super) struct Reel {
    call: String,
    origin: Now,
    wide: bool,
    ends: Ends,
    file: Option<hound::WavWriter<BufWriter<File>>>,
    caller: Track,
    agent: Track,
    written_ms: u64,
    settled_ms: u64,
}

impl Reel {
    pub fn new(call: String, origin: Now, wide: bool, ends: Ends) -> Self {
        let (caller, agent) = (Track::new(wide), Track::new(wide));
        Reel { call, origin, wide, ends, file: None, caller, agent, written_ms: 0, settled_ms: 0 }
    }

    pub fn call(&self) -> &str {
        &self.call
    }

    pub fn file_name(&self) -> String {
        format!("{}.wav", self.call)
    }

    /// What can be heard of it.
    pub fn length_ms(&self) -> u64 {
        self.settled_ms
    }

    /// What is missing of it, both sides added.
    pub fn missing_ms(&self) -> u64 {
        u64::from(self.ends.lost.load(Ordering::Relaxed)) * FRAME_MS
    }

    /// Writes into this file from now on.
    pub fn open(&mut self, file: File) -> Result<(), String> {
        let sample_rate = if self.wide { 16_000 } else { 8_000 };
        let spec =
            hound::WavSpec { channels: 2, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut file = hound::WavWriter::new(BufWriter::new(file), spec).map_err(|error| error.to_string())?;
        file.flush().map_err(|error| error.to_string())?;
        self.file = Some(file);
        Ok(())
    }

    /// Writes what has come.
    pub fn turn(&mut self, now: Now) -> State {
        if self.ends.unwanted.load(Ordering::Relaxed) {
            return State::Unwanted;
        }
        // Asked first: what the call pushed before it let go is then in the ring.
        let is_over = self.ends.heard.is_abandoned();
        while let Ok(frame) = self.ends.heard.pop() {
            self.heard(&frame);
        }
        while let Ok(frame) = self.ends.sent.pop() {
            self.sent(&frame);
        }
        let settled = now.since(self.origin).saturating_sub(LATEST).as_millis() as u64;
        let until = if is_over { self.caller.end_ms().max(self.agent.end_ms()) } else { settled };
        self.caller.fill(until);
        self.agent.fill(until);
        match self.write(is_over) {
            Ok(()) if is_over => State::Over,
            Ok(()) => State::Runs,
            Err(error) => State::Broken(error.to_string()),
        }
    }

    fn heard(&mut self, frame: &HeardFrame) {
        let ms = self.place(frame.at);
        match frame.wide.as_ref().filter(|_| self.wide) {
            Some(wide) => self.caller.place(ms, wide.as_slice()),
            None => self.caller.put(ms, frame.samples.as_slice()),
        }
    }

    fn sent(&mut self, frame: &SentFrame) {
        let ms = self.place(frame.at);
        self.agent.put(ms, frame.samples.get(..frame.length).unwrap_or_default());
    }

    fn place(&self, at: Now) -> u64 {
        (at.since(self.origin).as_millis() as u64).saturating_sub(FRAME_MS)
    }

    fn write(&mut self, is_last: bool) -> hound::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let count = self.caller.waiting().min(self.agent.waiting());
        for (left, right) in self.caller.take(count).zip(self.agent.take(count)) {
            file.write_sample(left)?;
            file.write_sample(right)?;
        }
        self.written_ms = u64::from(file.duration()) / if self.wide { 16 } else { 8 };
        if is_last || self.written_ms >= self.settled_ms + SETTLE_MS {
            file.flush()?;
            self.settled_ms = self.written_ms;
        }
        Ok(())
    }
}
