//! Names letter by letter.

/// Longest spelled name.
const MOST_LETTERS: usize = 30;

/// Letters as they are said, and as recognisers write them.
const SAID: [(&str, char); 52] = [
    ("ay", 'a'),
    ("bee", 'b'),
    ("be", 'b'),
    ("see", 'c'),
    ("sea", 'c'),
    ("cee", 'c'),
    ("dee", 'd'),
    ("ee", 'e'),
    ("ef", 'f'),
    ("eff", 'f'),
    ("gee", 'g'),
    ("aitch", 'h'),
    ("haitch", 'h'),
    ("eye", 'i'),
    ("jay", 'j'),
    ("kay", 'k'),
    ("okay", 'k'),
    ("el", 'l'),
    ("ell", 'l'),
    ("em", 'm'),
    ("en", 'n'),
    ("oh", 'o'),
    ("owe", 'o'),
    ("pee", 'p'),
    ("pea", 'p'),
    ("queue", 'q'),
    ("cue", 'q'),
    ("are", 'r'),
    ("ar", 'r'),
    ("ess", 's'),
    ("tea", 't'),
    ("tee", 't'),
    ("you", 'u'),
    ("ewe", 'u'),
    ("vee", 'v'),
    ("ex", 'x'),
    ("why", 'y'),
    ("wye", 'y'),
    ("zee", 'z'),
    ("zed", 'z'),
    ("alpha", 'a'),
    ("bravo", 'b'),
    ("charlie", 'c'),
    ("delta", 'd'),
    ("echo", 'e'),
    ("foxtrot", 'f'),
    ("golf", 'g'),
    ("hotel", 'h'),
    ("india", 'i'),
    ("sierra", 's'),
    ("tango", 't'),
    ("zulu", 'z'),
];

/// Said between letters, meaning nothing.
const FILLERS: [&str; 12] =
    ["uh", "um", "er", "and", "then", "it's", "that's", "spelled", "capital", "letter", "so", "yes"];

/// The name spelled in `words`. With `asked` the names of letters count too ("ess", "bee as in
/// boy"), otherwise only a run of at least three single letters does.
pub fn spelled(words: &[String], asked: bool) -> Option<String> {
    let best = longest(words, asked);
    let enough = if asked { 2 } else { 3 };
    (best.len() >= enough).then(|| best.into_iter().map(|(letter, _)| letter).collect())
}

/// Which letters of the name spelled in `words` were heard badly, by place: those of words that
/// are not `sure`. None when that is not known.
pub fn doubted(words: &[String], asked: bool, sure: Option<&[bool]>) -> Vec<usize> {
    let Some(sure) = sure else { return Vec::new() };
    let letters = longest(words, asked);
    let badly = |word: usize| sure.get(word).is_some_and(|sure| !sure);
    letters.iter().enumerate().filter(|(_, (_, word))| badly(*word)).map(|(place, _)| place).collect()
}

/// The longest run of letters, each with the word it was heard in.
fn longest(words: &[String], asked: bool) -> Vec<(char, usize)> {
    let mut best = Vec::new();
    let mut letters = Vec::new();
    let mut i = 0;
    while let Some(word) = words.get(i) {
        let rest = words.get(i..).unwrap_or_default();
        match letter(rest, asked) {
            Some((said, taken)) => {
                letters.extend(said.chars().map(|letter| (letter, i)));
                i += taken;
            }
            None if FILLERS.contains(&word.as_str()) => i += 1,
            None => {
                keep(&mut best, &mut letters);
                i += 1;
            }
        }
    }
    keep(&mut best, &mut letters);
    best
}

fn keep(best: &mut Vec<(char, usize)>, letters: &mut Vec<(char, usize)>) {
    let mut run = std::mem::take(letters);
    run.truncate(MOST_LETTERS);
    if run.len() > best.len() {
        *best = run;
    }
}

/// The letters that the first of `words` stand for, and how many words that took.
fn letter(words: &[String], asked: bool) -> Option<(String, usize)> {
    let first = words.first()?.as_str();
    let second = words.get(1).map(String::as_str);
    if first == "double" {
        if matches!(second, Some("u" | "you")) {
            return Some(("w".to_owned(), 2));
        }
        let (said, taken) = single(words.get(1..)?, asked)?;
        return Some((said.to_string().repeat(2), taken + 1));
    }
    let (said, mut taken) = single(words, asked)?;
    // "b as in boy", "b for boy", "b like boy": the word after is only an example.
    let after = words.get(taken..).unwrap_or_default();
    let example = match (after.first().map(String::as_str), after.get(1).map(String::as_str)) {
        (Some("as"), Some("in" | "and")) => after.get(2).map(|word| (word, 3)),
        (Some("for" | "like"), Some(_)) => after.get(1).map(|word| (word, 2)),
        _ => None,
    };
    let Some((word, more)) = example else {
        return Some((said.to_string(), taken));
    };
    taken += more;
    // The example is heard more surely than the letter.
    let said = word.chars().next().filter(char::is_ascii_alphabetic).unwrap_or(said);
    Some((said.to_string(), taken))
}

fn single(words: &[String], asked: bool) -> Option<(char, usize)> {
    let first = words.first()?.as_str();
    let mut letters = first.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter.is_alphabetic() => return Some((letter, 1)),
        _ => {}
    }
    if !asked {
        return None;
    }
    SAID.iter().find(|(name, _)| *name == first).map(|(_, letter)| (*letter, 1))
}
