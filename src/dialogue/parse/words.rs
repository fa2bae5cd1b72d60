//! What was said, as plain lower-case words.

/// More words than this are not looked at: of who says more, the beginning and the end.
pub const MOST_WORDS: usize = 80;
/// So many of them are of the beginning: what a caller wants mostly comes at the end.
const FIRST_WORDS: usize = 20;

/// Lower-case words of a text: letters, digits, apostrophes inside words, and `:` inside
/// times. Everything else separates.
pub fn words(text: &str) -> Vec<String> {
    without_middle(all_words(text))
}

/// The same however many there are.
pub fn all_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let inside = !word.is_empty() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        match letter {
            '\u{2019}' | '\'' if inside => word.push('\''),
            ':' if inside && word.chars().all(|c| c.is_ascii_digit()) => word.push(':'),
            letter if letter.is_alphanumeric() => word.extend(letter.to_lowercase()),
            _ => close(&mut words, &mut word),
        }
    }
    close(&mut words, &mut word);
    words
}

/// Of more than [`MOST_WORDS`] the first and the last.
pub fn without_middle<T>(mut said: Vec<T>) -> Vec<T> {
    let over = said.len().saturating_sub(MOST_WORDS);
    if over > 0 {
        said.drain(FIRST_WORDS..FIRST_WORDS + over);
    }
    said
}

fn close(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        // A recogniser without bounds must not make us compare novels.
        word.truncate(word.char_indices().nth(32).map_or(word.len(), |(at, _)| at));
        words.push(std::mem::take(word));
    }
}

/// True when `words` has `group` as a run of neighbours.
pub fn has(words: &[String], group: &str) -> bool {
    at(words, group).is_some()
}

/// Where `group` begins as a run of neighbours in `words`.
pub fn at(words: &[String], group: &str) -> Option<usize> {
    let length = group.split(' ').count();
    words.windows(length).position(|run| run.iter().map(String::as_str).eq(group.split(' ')))
}

/// True when `words` has any of the groups.
pub fn has_any(words: &[String], groups: &[&str]) -> bool {
    groups.iter().any(|group| has(words, group))
}

/// The words without what a recogniser repeats when it is caught in a loop: a group of two or
/// more that comes again at once. Digits may well come twice.
pub fn without_loops(words: Vec<String>) -> Vec<String> {
    kept_of_loops(&words).into_iter().filter_map(|i| words.get(i).cloned()).collect()
}

/// The places of the words that [`without_loops`] keeps.
pub fn kept_of_loops(words: &[String]) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..words.len()).collect();
    let word = |i: &usize| words.get(*i).map(String::as_str).unwrap_or_default();
    for length in (2..=6).rev() {
        let mut i = 0;
        while i + 2 * length <= kept.len() {
            let group = kept.get(i..i + length).unwrap_or_default();
            let again = kept.get(i + length..i + 2 * length).unwrap_or_default();
            let plain = group.iter().any(|at| !counts(word(at)));
            if plain && group.iter().map(word).eq(again.iter().map(word)) {
                kept.drain(i + length..i + 2 * length);
            } else {
                i += 1;
            }
        }
    }
    kept
}

/// Digits, and letters of a spelling.
fn counts(word: &str) -> bool {
    word.chars().count() == 1
        || matches!(word, "oh" | "double" | "triple" | "hundred")
        || super::number::cardinal(&[word.to_owned()]).is_some()
}
