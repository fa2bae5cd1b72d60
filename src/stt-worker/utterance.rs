use engine::Transcript;

/// Sample rate of all audio here, in hertz.
pub const RATE: usize = 16_000;
/// Whisper hears 30 s at a time; what comes after is not kept.
const LONGEST: usize = 30 * RATE;

/// What a caller has said since the last reset.
#[derive(Debug, Default)]
pub struct Utterance {
    samples: Vec<f32>,
    /// The last transcript, with the number of samples it is of.
    last: Option<(usize, Transcript)>,
}

impl Utterance {
    /// Appends audio, up to 30 s in all.
    pub fn feed(&mut self, samples: &[i16]) {
        let room = LONGEST.saturating_sub(self.samples.len());
        self.samples.extend(samples.iter().take(room).map(|sample| f32::from(*sample) / 32_768.0));
    }

    /// So many samples are kept.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The first of its samples, each from -1 to 1.
    pub fn head(&self, samples: usize) -> &[f32] {
        self.samples.get(..samples).unwrap_or(&self.samples)
    }

    /// Keeps the transcript of the first so many samples.
    pub fn remember(&mut self, samples: usize, transcript: &Transcript) {
        self.last = Some((samples, transcript.clone()));
    }

    /// The transcript of exactly this audio, if it was the last one made: the request that ends
    /// a turn often comes after one that guessed its end.
    pub fn known(&self, samples: usize) -> Option<&Transcript> {
        let (of, transcript) = self.last.as_ref()?;
        (*of == samples).then_some(transcript)
    }
}
