//! From espeak's IPA to the numbers that a Piper voice was trained on.

use super::Config;

/// Numbers of one stretch of speech, and how many phonemes each of its words got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stretch {
    /// The `input` of the graph, with begin, pads and end.
    pub ids: Vec<i64>,
    /// Phonemes of each group between spaces.
    pub groups: Vec<usize>,
    /// Which of the numbers each group begins with.
    pub begins: Vec<usize>,
}

/// Turns the phonemes of a clause (with its mark at the end, see [`with_mark`]) into numbers:
/// begin, pad, then every phoneme followed by a pad, then end. Phonemes that the voice does
/// not know are left out, as in training.
pub fn stretch(phonemes: &str, config: &Config) -> Stretch {
    let characters: Vec<char> = decomposed(&without_language_marks(phonemes)).collect();
    let pad = config.ids("_").unwrap_or_default();
    let mut stretch = Stretch { ids: config.ids("^").unwrap_or_default().to_vec(), ..Stretch::default() };
    stretch.ids.extend(pad);
    let (mut at, mut between) = (0, true);
    while at < characters.len() {
        let (taken, ids) = longest_known(&characters, at, config).unwrap_or((1, &[]));
        let space = characters.get(at) == Some(&' ');
        if !space && !ids.is_empty() {
            if between {
                stretch.groups.push(0);
                stretch.begins.push(stretch.ids.len());
            }
            if let Some(last) = stretch.groups.last_mut() {
                *last += 1;
            }
            between = false;
        }
        between |= space;
        if !ids.is_empty() {
            stretch.ids.extend(ids);
            stretch.ids.extend(pad);
        }
        at += taken;
    }
    stretch.ids.extend(config.ids("$").unwrap_or_default());
    stretch
}

fn longest_known<'a>(characters: &[char], at: usize, config: &'a Config) -> Option<(usize, &'a [i64])> {
    let most = config.longest_phoneme().min(characters.len().saturating_sub(at));
    (1..=most).rev().find_map(|length| {
        let key: String = characters.get(at..at + length)?.iter().collect();
        // Pad, begin and end are the voice's own, never part of what is spoken.
        if matches!(key.as_str(), "_" | "^" | "$") {
            return None;
        }
        config.ids(&key).map(|ids| (length, ids))
    })
}

/// The phonemes of a clause and the mark it was written with; espeak leaves the mark out, the
/// voice takes its melody from it.
pub fn with_mark(clause: &str, phonemes: &str) -> String {
    let mark = clause.trim_end().chars().last().and_then(|last| match last {
        '.' | '…' | '。' => Some('.'),
        ',' | '、' => Some(','),
        '!' | '?' | ';' | ':' => Some(last),
        _ => None,
    });
    let mut all = phonemes.trim().replace('\n', " ");
    all.extend(mark);
    all
}

/// True where a clause ends a sentence.
pub fn ends_sentence(clause: &str) -> bool {
    clause.trim_end().ends_with(['.', '!', '?', '…', '。'])
}

/// espeak marks a word of another language as `(en)word(de)`; the voices know no such thing.
fn without_language_marks(phonemes: &str) -> String {
    let mut all = String::with_capacity(phonemes.len());
    let mut rest = phonemes;
    while let Some((before, mark)) = rest.split_once('(') {
        all.push_str(before);
        match mark.split_once(')') {
            Some((_, after)) => rest = after,
            None => return all,
        }
    }
    all + rest
}

/// Voices were trained on decomposed text (Unicode form D): of espeak's IPA only these are not.
fn decomposed(text: &str) -> impl Iterator<Item = char> + '_ {
    text.chars().flat_map(|c| {
        let (base, accent) = match c {
            'ç' => ('c', Some('\u{327}')),
            'ã' => ('a', Some('\u{303}')),
            'ẽ' => ('e', Some('\u{303}')),
            'ĩ' => ('i', Some('\u{303}')),
            'õ' => ('o', Some('\u{303}')),
            'ũ' => ('u', Some('\u{303}')),
            'ñ' => ('n', Some('\u{303}')),
            _ => (c, None),
        };
        std::iter::once(base).chain(accent)
    })
}
