use engine::Transcript;

use crate::words::Spoken;

/// Sample rate of all audio here, in hertz.
pub const RATE: usize = 16_000;
/// Samples of a frame (20 ms): what is quiet and where to cut is told by the frame.
pub const FRAME: usize = 320;
/// Frames a second.
const FRAMES: usize = RATE / FRAME;
/// A piece holds this much at least: a lone word is better recognised with what follows.
const SHORTEST: usize = FRAMES;
/// And this much at most: Whisper hears 30 s at a time, and a final of what was said in half a minute
/// comes late. Where so much was said without a pause, it is cut at the quietest place.
const PIECE: usize = 12 * FRAMES;
/// Of a piece that had no pause, so much of its end is searched for that place: most people breathe.
const SEARCH: usize = 7 * FRAMES;
/// A pause is quiet for so long; the stops within words are shorter.
const PAUSE: usize = FRAMES * 3 / 10;
/// And after it the caller has gone on for so long.
const GONE_ON: usize = FRAMES / 10;
/// Quiet is what lies below this share of the mean power before it (20 dB). On a noisy line nothing does:
/// there it is what lies little above the noise, the quietest so far, and well below that mean.
const QUIET: f32 = 0.01;
const ABOVE_NOISE: f32 = 3.0;
const BELOW_SPEECH: f32 = 0.1;
/// The last second of what was recognised is heard again together with what came after it: the words that both
/// heard join them. It begins at the quietest place in the stretch before that second.
const AGAIN: usize = FRAMES;
const LULL: usize = FRAMES * 3 / 10;
/// That is worth it where so much more need not be heard again.
const SAVED: usize = FRAMES;
/// Sound that waits to be recognised. More comes only when recognition does not follow at all.
const LONGEST: usize = 60 * RATE;
/// Sound kept before the end, recognised or not: whether a turn is over is told by the last 8 s.
const KEPT: usize = 8 * RATE;
/// Pieces of which the text is kept: a quarter of an hour.
const MOST_PIECES: usize = 512;

/// A transcript that was made.
#[derive(Debug, Clone)]
struct Last {
    /// Of the first so many samples.
    samples: usize,
    is_exact: bool,
    transcript: Transcript,
}

/// What a caller has said since the last reset. What comes before a pause is a piece: it is recognised
/// for good while the caller goes on, so that in the end only the rest is left to do.
#[derive(Debug, Default, Clone)]
pub struct Utterance {
    /// Tells it from the call's others.
    pub number: u64,
    /// The one last asked for.
    pub language: Option<String>,
    /// Texts of the pieces cut off, and the sample at which the rest begins.
    done: Vec<Spoken>,
    cut: usize,
    /// Audio from this sample on.
    first: usize,
    samples: Vec<f32>,
    /// Mean power of its frames.
    powers: Vec<f32>,
    /// The last transcript.
    last: Option<Last>,
    /// The last words of what comes after the pieces, and the last exact ones.
    so_far: Option<Rest>,
    exact: Option<Rest>,
}

/// Words from one sample to another.
#[derive(Debug, Clone)]
struct Rest {
    from: usize,
    to: usize,
    spoken: Spoken,
}

/// A piece to be cut off: from which sample to which, and from where on it is but a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub from: usize,
    pub pause: usize,
    pub to: usize,
}

impl Utterance {
    /// Nothing said yet.
    pub fn new(number: u64, language: Option<String>) -> Self {
        Utterance { number, language, ..Utterance::default() }
    }

    /// Appends audio.
    pub fn feed(&mut self, samples: &[i16]) {
        let room = LONGEST.saturating_sub(self.len() - self.cut);
        self.samples.extend(samples.iter().take(room).map(|sample| f32::from(*sample) / 32_768.0));
        let (frames, _) = self.samples.as_chunks::<FRAME>();
        let power = |frame: &[f32; FRAME]| frame.iter().map(|sample| sample * sample).sum::<f32>() / FRAME as f32;
        self.powers.extend(frames.iter().skip(self.powers.len()).map(power));
    }

    /// So many samples there are, those cut off included.
    pub fn len(&self) -> usize {
        self.first + self.samples.len()
    }

    /// Texts of the pieces cut off.
    pub fn done(&self) -> &[Spoken] {
        &self.done
    }

    /// What is left of its first `samples`, each from -1 to 1.
    pub fn open(&self, samples: usize) -> &[f32] {
        self.between(self.cut, samples)
    }

    /// The end of its first `samples`, 8 s at most.
    pub fn end(&self, samples: usize) -> &[f32] {
        self.between(samples.saturating_sub(KEPT), samples)
    }

    fn between(&self, from: usize, to: usize) -> &[f32] {
        let to = to.saturating_sub(self.first).min(self.samples.len());
        self.samples.get(from.saturating_sub(self.first)..to).unwrap_or_default()
    }

    /// The next piece of its first `samples`, if they hold one.
    pub fn piece(&self, samples: usize) -> Option<Piece> {
        let frame = |sample: usize| sample.saturating_sub(self.first) / FRAME;
        let powers = self.powers.get(frame(self.cut)..frame(samples).min(self.powers.len()))?;
        let (pause, to) = piece(powers)?;
        Some(Piece { from: self.cut, pause: self.cut + pause * FRAME, to: self.cut + to * FRAME })
    }

    /// What was heard of the piece when its pause could have been the end.
    pub fn heard(&self, piece: Piece) -> Option<&Spoken> {
        let of_piece = |rest: &&Rest| rest.from == piece.from && (piece.pause..=piece.to).contains(&rest.to);
        self.exact.as_ref().filter(of_piece).map(|rest| &rest.spoken)
    }

    /// These are the words after the pieces, up to this sample.
    pub fn hear(&mut self, to: usize, is_exact: bool, spoken: Spoken) {
        let rest = Rest { from: self.cut, to, spoken };
        if is_exact {
            self.exact = Some(rest.clone());
        }
        self.so_far = Some(rest);
    }

    /// What was heard of the first of these samples after the pieces, as exact as asked, and those to be heard with
    /// it: where that is less than all.
    pub fn so_far(&self, samples: usize, exact: bool) -> Option<(&Spoken, &[f32])> {
        let known = if exact { &self.exact } else { &self.so_far };
        let joins = |head: &&Rest| head.from == self.cut && head.to < samples && head.spoken.text.contains(' ');
        let head = known.as_ref().filter(joins)?;
        let frame = |sample: usize| sample.saturating_sub(self.first) / FRAME;
        let latest = frame(head.to).checked_sub(AGAIN).filter(|latest| *latest >= frame(self.cut) + LULL + SAVED)?;
        let lulls = self.powers.get(latest - LULL..latest)?.windows(2).map(|pair| pair.iter().sum::<f32>());
        let (lull, _) = lulls.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((&head.spoken, self.between(self.first + (latest - LULL + lull + 1) * FRAME, samples)))
    }

    /// Cuts off a piece that was recognised.
    pub fn cut(&mut self, Piece { from, to, .. }: Piece, spoken: Spoken) {
        if from != self.cut || to <= from {
            return; // another lane has cut it meanwhile
        }
        if self.done.len() >= MOST_PIECES {
            self.done.remove(0);
        }
        self.cut = to;
        self.done.push(spoken);
        let frames = (to.saturating_sub(KEPT).saturating_sub(self.first) / FRAME).min(self.powers.len());
        self.samples.drain(..frames * FRAME);
        self.powers.drain(..frames);
        self.first += frames * FRAME;
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

/// Where the pause of the next piece begins, and where the piece ends: shortly before speech goes on, since
/// Whisper takes silence after speech better than before it. More audio at the end changes nothing about
/// it, so that the same is heard whenever it is asked for.
fn piece(powers: &[f32]) -> Option<(usize, usize)> {
    let (mut sum, mut speech, mut quiet, mut smooth, mut noise) = (0.0, 0.0, 0, 0.0, f32::MAX);
    for (frame, power) in powers.iter().take(PIECE).enumerate() {
        if quiet == 0 {
            speech = sum / frame.max(1) as f32;
        }
        sum += power;
        smooth += (power - smooth) / (frame + 1).min(5) as f32;
        noise = smooth.min(noise);
        if *power < speech * QUIET || *power < (noise * ABOVE_NOISE).min(speech * BELOW_SPEECH) {
            quiet += 1;
            continue;
        }
        if quiet >= PAUSE && frame >= SHORTEST && powers.len() >= frame + GONE_ON {
            return Some((frame - quiet, frame - PAUSE / 2));
        }
        quiet = 0;
    }
    let forced = powers.get(..PIECE).filter(|_| powers.len() > PIECE).map(quietest)?;
    Some((forced, forced))
}

/// Late in these frames where they are quietest, and there towards the end.
fn quietest(powers: &[f32]) -> usize {
    let from = powers.len().saturating_sub(SEARCH);
    let stretches: Vec<f32> =
        powers.get(from..).unwrap_or_default().windows(PAUSE).map(|stretch| stretch.iter().sum()).collect();
    let quietest = stretches.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
    let Some((first, least)) = quietest else { return powers.len() };
    let alike = stretches.iter().skip(first).take_while(|power| **power <= least * 4.0).count();
    from + first + alike.saturating_sub(1) + PAUSE / 2
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::{FRAME, FRAMES, GONE_ON, PAUSE, PIECE, Piece, RATE, Utterance, piece};
    use crate::words::Spoken;

    fn spoken(text: &str) -> Spoken {
        Spoken { text: text.to_owned(), ..Spoken::default() }
    }

    /// Loud, with a pause of this length after so many frames.
    fn with_pause(at: usize, pause: usize) -> Vec<f32> {
        (0..20 * FRAMES).map(|frame| if (at..at + pause).contains(&frame) { 0.001 } else { 0.1 }).collect()
    }

    #[test]
    fn a_piece_ends_shortly_before_speech_goes_on() {
        let at = 3 * FRAMES;
        let powers = with_pause(at, 2 * PAUSE);
        let gone_on = at + 2 * PAUSE + GONE_ON;
        for length in gone_on..PIECE {
            assert_eq!(piece(&powers[..length]), Some((at, gone_on - GONE_ON - PAUSE / 2)), "{length}");
        }
        assert_eq!(piece(&powers[..gone_on - 1]), None, "it may be the end");
    }

    #[test]
    fn it_is_not_cut_within_words_nor_early() {
        assert_eq!(piece(&with_pause(3 * FRAMES, PAUSE - 1)[..PIECE]), None);
        assert_eq!(piece(&with_pause(FRAMES / 2, PAUSE)[..PIECE]), None);
        assert_eq!(piece(&vec![0.0; PIECE]), None, "silence has no pauses");
    }

    #[test]
    fn a_pause_is_heard_through_noise() {
        let at = 3 * FRAMES;
        let noisy: Vec<f32> = with_pause(at, PAUSE).iter().map(|power| power + 0.003).collect();
        let before = [&[0.003; FRAMES / 5][..], &noisy].concat();
        assert!(piece(&before).is_some_and(|(pause, _)| pause == at + FRAMES / 5));
    }

    #[test]
    fn without_a_pause_it_is_cut_late_where_it_is_quiet() {
        let at = 8 * FRAMES;
        let powers: Vec<f32> = with_pause(at, PAUSE).iter().map(|power| power.max(0.02)).collect();
        assert_eq!(piece(&powers[..PIECE]), None);
        let cut = piece(&powers[..=PIECE]);
        assert!(cut.is_some_and(|(_, cut)| (at..at + 2 * PAUSE).contains(&cut)), "{cut:?}");
        assert!(piece(&vec![0.1; 2 * PIECE]).is_some_and(|(_, cut)| cut <= PIECE));
    }

    #[test]
    fn a_piece_is_cut_off_once_and_its_text_stays() {
        let mut utterance = Utterance::default();
        utterance.feed(&vec![9_000; 40 * RATE]);
        let piece = utterance.piece(utterance.len()).unwrap();
        utterance.cut(piece, spoken("one"));
        utterance.cut(Piece { to: 22 * RATE, ..piece }, spoken("again"));
        let to = piece.to;
        assert_eq!((utterance.len(), utterance.done().len()), (40 * RATE, 1));
        assert_eq!(utterance.open(30 * RATE).len(), 30 * RATE - to);
        assert!(utterance.open(RATE).is_empty());
        assert_eq!(utterance.end(to + RATE).len(), 8 * RATE, "the turn's end is heard across pieces");
    }

    #[test]
    fn what_was_heard_at_a_pause_is_not_recognised_again() {
        let mut utterance = Utterance::default();
        for level in [9_000, 0, 9_000] {
            utterance.feed(&vec![level; 3 * RATE]);
        }
        let piece = utterance.piece(9 * RATE).unwrap();
        for (to, known) in [(RATE, false), (3 * RATE + RATE / 10, true), (8 * RATE, false)] {
            utterance.hear(to, true, spoken("one"));
            assert_eq!(utterance.heard(piece).is_some(), known, "{to}");
        }
    }

    #[test]
    fn the_last_second_of_what_was_heard_is_heard_again_from_a_lull_on() {
        let mut utterance = Utterance::default();
        utterance.feed(&vec![9_000; 2 * RATE - RATE / 5]);
        utterance.feed(&vec![900; 2 * FRAME]); // a lull, 1.2 s before what will be heard
        utterance.feed(&vec![9_000; 2 * RATE]);
        let lull = 2 * RATE - RATE / 5;
        let end = utterance.len();
        utterance.hear(3 * RATE, false, spoken("one two"));
        let from = |exact, to| utterance.so_far(to, exact).map(|(head, rest)| (head.text.clone(), to - rest.len()));
        assert_eq!(from(false, end), Some(("one two".to_owned(), lull + FRAME)));
        assert_eq!(from(false, 3 * RATE), None, "nothing new");
        assert_eq!(from(true, end), None, "not exact enough");
        utterance.hear(2 * RATE, true, spoken("one two"));
        assert!(utterance.so_far(end, true).is_none(), "hardly less to do");
        utterance.hear(3 * RATE, false, spoken("one"));
        assert!(utterance.so_far(end, false).is_none(), "a word joins nothing");
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
