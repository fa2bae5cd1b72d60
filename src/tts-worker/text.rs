//! The text as the voices get it, and which of its words a character belongs to.

/// Longest text of one request, in characters: more than anyone says in a breath of minutes.
pub const MAX_CHARACTERS: usize = 4_000;

/// Words without control characters, joined by single spaces, with the way back to the words
/// as the daemon counts them (split at white space).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    text: String,
    /// First character of each non-empty word, and its number in the original text.
    starts: Vec<(usize, usize)>,
    words: usize,
}

impl Line {
    /// Takes a request's text; what is beyond [`MAX_CHARACTERS`] is not spoken. Control
    /// characters are dropped: espeak-ng reads some of them as commands.
    pub fn new(text: &str) -> Self {
        let mut line = Line::default();
        let mut characters = 0;
        for word in text.split_whitespace() {
            let number = line.words;
            line.words += 1;
            let clean: String = word.chars().filter(|c| !c.is_control()).collect();
            let length = clean.chars().count();
            if length == 0 || characters + length >= MAX_CHARACTERS {
                continue;
            }
            if !line.text.is_empty() {
                line.text.push(' ');
                characters += 1;
            }
            line.starts.push((characters, number));
            line.text.push_str(&clean);
            characters += length;
        }
        line
    }

    /// What is to be spoken.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Words of the original text, those that are not spoken included.
    pub fn words(&self) -> usize {
        self.words
    }

    /// Number, in the original text, of the word that this character of [`Self::text`] is in.
    pub fn word_at(&self, character: usize) -> Option<usize> {
        let after = self.starts.partition_point(|(start, _)| *start <= character);
        self.starts.get(after.checked_sub(1)?).map(|(_, number)| *number)
    }

    /// The words that begin at a character from `from` up to `to`.
    pub fn words_between(&self, from: usize, to: usize) -> Vec<Word> {
        let all = self.text.chars().count();
        let ends = self.starts.iter().skip(1).map(|(start, _)| start.saturating_sub(1)).chain([all]);
        let words = self.starts.iter().zip(ends);
        words
            .filter(|((start, _), _)| (from..to).contains(start))
            .map(|((start, number), end)| Word { number: *number, length: end.saturating_sub(*start) })
            .collect()
    }
}

/// A word of a [`Line`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Its number in the original text.
    pub number: usize,
    /// Its characters.
    pub length: usize,
}

/// Where each of `words` ends, given where some of them start and where sound stopped before
/// those starts. A word without a start of its own ends with the one before it.
#[derive(Debug, Clone, Default)]
pub struct WordClock {
    ends: Vec<u32>,
    current: Option<usize>,
}

impl WordClock {
    /// For a text of so many words.
    pub fn new(words: usize) -> Self {
        WordClock { ends: vec![0; words], current: None }
    }

    /// Word number `word` begins; the sound before it ended at `sounded`. A number at or below
    /// the current one (a word spoken as several) changes nothing.
    pub fn start(&mut self, word: usize, sounded: u32) {
        if let Some(current) = self.current {
            if word <= current {
                return;
            }
            self.end(current, sounded);
        }
        self.current = Some(word);
    }

    fn end(&mut self, word: usize, at: u32) {
        if let Some(end) = self.ends.get_mut(word) {
            *end = at;
        }
    }

    /// All ends, monotone, the last at `total`.
    pub fn finish(mut self, total: u32) -> Vec<u32> {
        if let Some(current) = self.current {
            self.end(current, total);
        }
        let mut least = 0;
        for end in &mut self.ends {
            least = least.max((*end).min(total));
            *end = least;
        }
        if let Some(last) = self.ends.last_mut() {
            *last = total;
        }
        self.ends
    }
}
