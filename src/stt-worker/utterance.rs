use engine::Transcript;

use crate::words::Spoken;

/// Sample rate of all audio here, in hertz.
pub const RATE: usize = 16_000;
/// Whisper hears 30 s at a time, and a final of what was said in half a minute comes late. So what is
/// longer than this is cut: the first piece is recognised for good, and only its text kept.
pub const PIECE: usize = 12 * RATE;
/// A piece ends at the quietest place of its last so many samples: most people breathe.
const SEARCH: usize = 7 * RATE;
/// Sound that waits to be recognised. More comes only when recognition does not follow at all.
const LONGEST: usize = 60 * RATE;
/// Pieces of which the text is kept: a quarter of an hour.
const MOST_PIECES: usize = 128;
/// How quiet a place is, is measured over so many samples (200 ms).
const PAUSE: usize = RATE / 5;

/// A transcript that was made.
#[derive(Debug, Clone)]
struct Last {
    /// Of the first so many samples.
    samples: usize,
    is_exact: bool,
    transcript: Transcript,
}

/// What a caller has said since the last reset.
#[derive(Debug, Default, Clone)]
pub struct Utterance {
    /// Tells it from the call's others.
    pub number: u64,
    /// Texts of the pieces cut off, and how many samples these had.
    done: Vec<Spoken>,
    cut: usize,
    samples: Vec<f32>,
    /// The last transcript.
    last: Option<Last>,
}

impl Utterance {
    /// Nothing said yet.
    pub fn new(number: u64) -> Self {
        Utterance { number, ..Utterance::default() }
    }

    /// Appends audio.
    pub fn feed(&mut self, samples: &[i16]) {
        let room = LONGEST.saturating_sub(self.samples.len());
        self.samples.extend(samples.iter().take(room).map(|sample| f32::from(*sample) / 32_768.0));
    }

    /// So many samples there are, those cut off included.
    pub fn len(&self) -> usize {
        self.cut + self.samples.len()
    }

    /// True where it has grown so long that a piece should be cut off.
    pub fn is_long(&self) -> bool {
        self.samples.len() > PIECE + SEARCH
    }

    /// Texts of the pieces cut off.
    pub fn done(&self) -> &[Spoken] {
        &self.done
    }

    /// What is left of its first `samples`, each from -1 to 1, and the sample at which that begins.
    pub fn open(&self, samples: usize) -> (usize, &[f32]) {
        let length = samples.saturating_sub(self.cut).min(self.samples.len());
        (self.cut, self.samples.get(..length).unwrap_or_default())
    }

    /// Cuts off what was recognised, up to this sample.
    pub fn cut(&mut self, from: usize, to: usize, spoken: Spoken) {
        if from != self.cut || to <= from {
            return; // another lane has cut it meanwhile
        }
        if self.done.len() >= MOST_PIECES {
            self.done.remove(0);
        }
        self.samples.drain(..(to - from).min(self.samples.len()));
        self.cut = to;
        self.done.push(spoken);
    }

    /// Keeps the transcript of the first so many samples, unless a more exact one is known.
    pub fn remember(&mut self, samples: usize, is_exact: bool, transcript: &Transcript) {
        if !is_exact && self.known(samples, true).is_some() {
            return;
        }
        self.last = Some(Last { samples, is_exact, transcript: transcript.clone() });
    }

    /// The transcript of exactly this audio, if it was the last one made and is as exact as asked:
    /// the request that ends a turn often comes after one that guessed its end.
    pub fn known(&self, samples: usize, exact: bool) -> Option<&Transcript> {
        let last = self.last.as_ref().filter(|last| last.samples == samples && last.is_exact >= exact)?;
        Some(&last.transcript)
    }
}

/// Where to cut a piece off: late in it where it is quietest, and of that pause shortly before speech
/// goes on. Whisper takes silence after speech better than before it.
pub fn quietest(samples: &[f32]) -> usize {
    let end = samples.len().min(PIECE);
    let from = end.saturating_sub(SEARCH);
    let stretches = samples.get(from..end).unwrap_or_default().windows(PAUSE).step_by(PAUSE / 4);
    let powers: Vec<f32> = stretches.map(|stretch| stretch.iter().map(|sample| sample * sample).sum()).collect();
    let quietest = powers.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let Some((first, least)) = quietest else { return end };
    let alike = powers.iter().skip(first).take_while(|power| **power <= least * 4.0).count();
    from + (first + alike.saturating_sub(1)) * (PAUSE / 4) + PAUSE / 2
}

#[cfg(test)]
mod tests {
    use super::{PAUSE, PIECE, RATE, Utterance, quietest};
    use crate::words::Spoken;

    fn spoken(text: &str) -> Spoken {
        Spoken { text: text.to_owned(), ..Spoken::default() }
    }

    #[test]
    fn it_is_cut_where_it_is_quiet() {
        let mut samples = vec![0.3; 30 * RATE];
        samples[8 * RATE..8 * RATE + 2 * PAUSE].fill(0.0);
        let cut = quietest(&samples);
        assert!((8 * RATE..8 * RATE + 2 * PAUSE).contains(&cut), "{cut}");
        assert!(quietest(&vec![0.3; 30 * RATE]) <= PIECE);
        assert_eq!(quietest(&[0.1; 10]), 10);
    }

    #[test]
    fn a_piece_is_cut_off_once_and_its_text_stays() {
        let mut utterance = Utterance::default();
        utterance.feed(&vec![1; 40 * RATE]);
        assert!(utterance.is_long());
        utterance.cut(0, 20 * RATE, spoken("one"));
        utterance.cut(0, 22 * RATE, spoken("again"));
        assert_eq!((utterance.len(), utterance.done().len()), (40 * RATE, 1));
        let (from, rest) = utterance.open(30 * RATE);
        assert_eq!((from, rest.len()), (20 * RATE, 10 * RATE));
        assert!(utterance.open(RATE).1.is_empty());
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut utterance = Utterance::default();
        for _ in 0..300 {
            utterance.feed(&vec![1; RATE]);
        }
        assert_eq!(utterance.len(), super::LONGEST);
    }
}
