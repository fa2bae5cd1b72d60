//! Comparing words with recogniser errors in mind, against closed sets only.

/// Edits (insert, delete, replace, swap of neighbours) from one word to the other.
pub fn edits(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(64).collect();
    let other: Vec<char> = other.chars().take(64).collect();
    // Rows of the usual table: two back, one back.
    let (mut before, mut last): (Vec<usize>, Vec<usize>) = (Vec::new(), (0..=other.len()).collect());
    let cell = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
    let letter = |word: &[char], at: Option<usize>| at.and_then(|at| word.get(at).copied());
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let replaced = cell(&last, j) + usize::from(a != b);
            let mut best = replaced.min(cell(&last, j + 1) + 1).min(cell(&row, j) + 1);
            let swapped = letter(&other, j.checked_sub(1)) == Some(*a) && letter(&one, i.checked_sub(1)) == Some(*b);
            if swapped && let Some(at) = j.checked_sub(1) {
                best = best.min(cell(&before, at) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

/// How a word sounds, roughly: consonant classes, vowels only at the start.
pub fn sound(word: &str) -> String {
    let letters: Vec<char> = word.chars().filter(char::is_ascii_alphabetic).collect();
    let mut key = String::new();
    let mut skip = false;
    for (i, letter) in letters.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let next = letters.get(i + 1).copied().unwrap_or(' ');
        let class = match (letter, next) {
            ('p', 'h') => {
                skip = true;
                'f'
            }
            ('c' | 's', 'h') | ('t', 'h') => {
                skip = true;
                if *letter == 't' { 't' } else { 'x' }
            }
            ('c', 'e' | 'i' | 'y') => 's',
            ('k', 'n') if i == 0 => continue,
            ('w', 'r') if i == 0 => continue,
            ('b' | 'p', _) => 'p',
            ('c' | 'k' | 'q' | 'g', _) => 'k',
            ('d' | 't', _) => 't',
            ('f' | 'v', _) => 'f',
            ('j', _) => 'x',
            ('l', _) => 'l',
            ('m' | 'n', _) => 'm',
            ('r', _) => 'r',
            ('s' | 'z' | 'x', _) => 's',
            ('a' | 'e' | 'i' | 'o' | 'u' | 'y', _) if i == 0 => 'a',
            _ => continue,
        };
        if !key.ends_with(class) {
            key.push(class);
        }
    }
    key
}

/// Likeness of two words or groups of words by their letters, 0 to 1.
pub fn spelled_alike(one: &str, other: &str) -> f32 {
    let longest = one.chars().count().max(other.chars().count());
    if longest == 0 {
        return 0.0;
    }
    let kept = longest.saturating_sub(edits(one, other));
    kept as f32 / longest as f32
}

/// Likeness of two words or groups of words by letters or by sound, 0 to 1.
pub fn likeness(one: &str, other: &str) -> f32 {
    let spelled = spelled_alike(one, other);
    let (one, other) = (sound(one), sound(other));
    // Short sounds are shared by too many words.
    if one.len() >= 4 && one == other { spelled.max(0.8) } else { spelled }
}

/// The known word that an unknown one most probably stands for, when there is one.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let rated = known.iter().map(|k| (likeness(word, k), *k));
    rated.filter(|(rate, _)| *rate >= 0.6).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, k)| k)
}

/// A member of a closed set found in what was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// Index in the set.
    pub index: usize,
    /// First word of it.
    pub start: usize,
    /// First word after it.
    pub end: usize,
    /// How like the member it is, 0 to 1.
    pub likeness: f32,
}

/// All places where `set` occurs in `words`, at least `floor` alike, best first; no word is
/// used twice.
pub fn find<'s>(words: &[String], set: impl IntoIterator<Item = (usize, &'s str)>, floor: f32) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    for (index, member) in set {
        let length = member.split(' ').count();
        // One word more or less: "hair cut", "checkup".
        for taken in length.saturating_sub(1).max(1)..=length + 1 {
            for (start, run) in words.windows(taken).enumerate() {
                let likeness = alike(run, member, length);
                if likeness >= floor {
                    found.push(Found { index, start, end: start + taken, likeness });
                }
            }
        }
    }
    found.sort_by(|a, b| {
        let longer = (b.end - b.start).cmp(&(a.end - a.start));
        b.likeness.total_cmp(&a.likeness).then(longer).then(a.start.cmp(&b.start))
    });
    let mut kept: Vec<Found> = Vec::new();
    for candidate in found {
        if kept.iter().all(|k| candidate.end <= k.start || candidate.start >= k.end) {
            kept.push(candidate);
        }
    }
    kept
}

fn alike(run: &[String], member: &str, length: usize) -> f32 {
    if run.len() == length {
        // Word by word: one word must not make up for another.
        let worst =
            run.iter().zip(member.split(' ')).map(|(said, meant)| word_likeness(said, meant)).fold(1.0, f32::min);
        return worst;
    }
    let (said, meant) = (run.concat(), member.replace(' ', ""));
    if said == meant { 0.98 } else { 0.0 }
}

/// Short words must be right: half of three letters is another word, and so is "your" or "four" for "tour".
fn word_likeness(said: &str, meant: &str) -> f32 {
    if said == meant {
        return 1.0;
    }
    let plural = said.strip_suffix('s') == Some(meant) || meant.strip_suffix('s') == Some(said);
    if plural {
        return 0.97;
    }
    let length = meant.chars().count();
    if length < 4 || said.chars().count() < 3 || (length == 4 && said.chars().next() != meant.chars().next()) {
        return 0.0;
    }
    likeness(said, meant).min(0.95)
}
