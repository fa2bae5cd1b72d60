use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use machine::Now;

use super::Error;

const RATE_HZ: u32 = 8_000;
/// A packet carries the 20 ms before it was sent.
const PACKET: Duration = Duration::from_millis(20);
/// Longest recording: four hours.
const MOST_SAMPLES: usize = 4 * 3_600 * RATE_HZ as usize;

/// Both sides of a call on the caller's clock.
#[derive(Debug, Clone)]
pub struct Recording {
    origin: Now,
    caller: Vec<i16>,
    agent: Vec<i16>,
}

impl Recording {
    /// Begins at this instant.
    pub fn new(origin: Now) -> Self {
        Recording { origin, caller: Vec::new(), agent: Vec::new() }
    }

    /// The caller's samples whose first packet was sent at `at`.
    pub fn caller(&mut self, at: Now, samples: &[i16]) {
        let from = self.sample(at);
        let until = (from + samples.len()).min(MOST_SAMPLES);
        if self.caller.len() < until {
            self.caller.resize(until, 0);
        }
        for (there, here) in self.caller.iter_mut().skip(from).zip(samples) {
            *there = *here;
        }
    }

    /// The agent's next samples. Their place is that of the first to arrive, counted on from
    /// there: arrival jitters, the sound does not.
    pub fn agent(&mut self, at: Now, samples: &[i16]) {
        if self.agent.is_empty() {
            self.agent.resize(self.sample(at), 0);
        }
        if self.agent.len() < MOST_SAMPLES {
            self.agent.extend_from_slice(samples);
        }
    }

    /// Caller and agent, 8 kHz.
    pub fn channels(&self) -> (&[i16], &[i16]) {
        (&self.caller, &self.agent)
    }

    /// Writes a stereo file: caller left, agent right.
    ///
    /// # Errors
    /// The file can't be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let file = File::create(path).map_err(|why| Error::Unwritable { path: path.to_owned(), why })?;
        audio::wav::write_stereo(BufWriter::new(file), RATE_HZ, &self.caller, &self.agent)
            .map_err(|why| Error::Wav { path: path.to_owned(), why })
    }

    fn sample(&self, at: Now) -> usize {
        let since = at.since(self.origin + PACKET).as_micros() * u128::from(RATE_HZ) / 1_000_000;
        usize::try_from(since).unwrap_or(MOST_SAMPLES).min(MOST_SAMPLES)
    }
}
