//! Common names: how one is written that a recogniser only heard.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::fuzzy;

/// The part of a name that a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first word of a name.
    First,
    /// The last word of a name.
    Last,
}

struct Names {
    first: BTreeSet<&'static str>,
    last: BTreeSet<&'static str>,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut names = Names { first: BTreeSet::new(), last: BTreeSet::new() };
    let mut is_last = false;
    for line in include_str!("names.txt").lines().filter(|line| !line.starts_with('#')) {
        match line {
            "[first]" => is_last = false,
            "[last]" => is_last = true,
            line if is_last => names.last.extend(line.split_whitespace()),
            line => names.first.extend(line.split_whitespace()),
        }
    }
    names
});

/// Shorter words are mended only by spellings that are always said alike.
const VOWELS_BLUR_FROM: usize = 5;

/// True when the word is a common name in this part.
pub fn knows(word: &str, part: Part) -> bool {
    match part {
        Part::First => NAMES.first.contains(word),
        Part::Last => NAMES.last.contains(word),
    }
}

/// The common name that a spelling with badly heard letters (`doubted`, by place) stands for:
/// the word that was `heard` when the letters hardly differ from it, else the only common name
/// that has all the letters heard well.
pub fn meant_by(spelled: &str, doubted: &[usize], heard: &str, part: Part) -> Option<String> {
    if doubted.is_empty() {
        return None;
    }
    if knows(heard, part) && fuzzy::edits(spelled, heard) <= 1 {
        return Some(heard.to_owned());
    }
    if knows(spelled, part) {
        return Some(spelled.to_owned());
    }
    let letters: Vec<char> = spelled.chars().collect();
    if doubted.len() * 4 > letters.len() {
        return None;
    }
    let fits = |name: &&&'static str| {
        let well = |(i, letter): (usize, char)| doubted.contains(&i) || letters.get(i) == Some(&letter);
        name.chars().count() == letters.len() && name.chars().enumerate().all(well)
    };
    let names = if part == Part::First { &NAMES.first } else { &NAMES.last };
    let fitting: Vec<&'static str> = names.iter().filter(fits).copied().collect();
    if let [only] = fitting.as_slice() { Some((*only).to_owned()) } else { None }
}

/// The name with each word written as the one common name that is said just like it: "annah
/// smithe" is "anna smith". Read back, both sound the same, so that no caller could correct it.
pub fn written_as_usual(name: &str) -> String {
    let words: Vec<&str> = name.split(' ').collect();
    let last = words.len().saturating_sub(1);
    let usual = words.iter().enumerate().map(|(i, word)| match i {
        0 if last == 0 => usual(word, None),
        0 => usual(word, Some(Part::First)),
        i if i == last => usual(word, Some(Part::Last)),
        _ => (*word).to_owned(),
    });
    let mut usual: Vec<String> = usual.collect();
    // "Young youngg" was said once.
    usual.dedup();
    usual.join(" ")
}

fn usual(word: &str, part: Option<Part>) -> String {
    let known = |word: &str| knows(word, Part::First) || knows(word, Part::Last);
    // What the list could not spell ("o'connor") it can't mend.
    if known(word) || !word.chars().all(|c| c.is_ascii_lowercase()) {
        return word.to_owned();
    }
    let of_part: Vec<&'static str> = match part {
        Some(Part::First) => NAMES.first.iter().copied().collect(),
        Some(Part::Last) => NAMES.last.iter().copied().collect(),
        None => NAMES.first.union(&NAMES.last).copied().collect(),
    };
    let sound = said(word);
    let only = |candidates: Vec<&'static str>| if let [only] = candidates.as_slice() { Some(*only) } else { None };
    let alike: Vec<&'static str> = of_part.iter().copied().filter(|name| said(name) == sound).collect();
    if !alike.is_empty() {
        return only(alike).unwrap_or(word).to_owned();
    }
    let blurred = of_part.into_iter().filter(|name| blurs_into(word, name)).collect();
    only(blurred).unwrap_or(word).to_owned()
}

/// True when one vowel after the first is all that differs: "wilsen" is heard as "wilson".
fn blurs_into(word: &str, name: &str) -> bool {
    let end = |word: &str| word.chars().next_back();
    let skeleton = |word: &str| said(word).chars().filter(|c| !is_vowel(*c)).collect::<String>();
    let first_vowel = |word: &str| said(word).chars().find(|c| is_vowel(*c));
    word.chars().count().min(name.chars().count()) >= VOWELS_BLUR_FROM
        && end(word) == end(name)
        && fuzzy::edits(word, name) <= 1
        && first_vowel(word) == first_vowel(name)
        && skeleton(word) == skeleton(name)
        && said(word).chars().next() == said(name).chars().next()
}

fn is_vowel(letter: char) -> bool {
    matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u' | 'A' | 'I')
}

/// Groups of letters, and what is said; the first that fits counts.
const SAID: [(&str, &str); 14] = [
    ("tch", "C"),
    ("sch", "S"),
    ("ch", "C"),
    ("sh", "S"),
    ("th", "T"),
    ("ph", "f"),
    ("ck", "k"),
    ("qu", "kw"),
    ("ce", "se"),
    ("ci", "si"),
    ("ee", "I"),
    ("ea", "I"),
    ("ai", "A"),
    ("ay", "A"),
];

/// A spelling that is the same for what is said the same: no doubled letters, no silent ones.
/// Capitals stand for sounds of two letters.
fn said(word: &str) -> String {
    let word: String = word.chars().filter(char::is_ascii_lowercase).take(40).collect();
    let mut said = String::new();
    let mut rest = if word.starts_with("kn") || word.starts_with("wr") { word.get(1..) } else { Some(word.as_str()) }
        .unwrap_or_default();
    while let Some(letter) = rest.chars().next() {
        if let Some((group, sound)) = SAID.iter().find(|(group, _)| rest.starts_with(group)) {
            push(&mut said, sound);
            rest = rest.get(group.len()..).unwrap_or_default();
            continue;
        }
        let after = rest.get(letter.len_utf8()..).unwrap_or_default();
        // "Smithe", "browne": an e after two consonants is not said; after one it changes the vowel.
        let silent_e = letter == 'e' && after.is_empty() && ends_in_two_consonants(&word);
        let silent_h = letter == 'h' && !said.is_empty();
        match letter {
            _ if silent_e || silent_h => {}
            'c' | 'q' => push(&mut said, "k"),
            'x' => push(&mut said, "ks"),
            'y' if !said.is_empty() => push(&mut said, "i"),
            'z' if !said.is_empty() => push(&mut said, "s"),
            letter => push(&mut said, letter.encode_utf8(&mut [0; 4])),
        }
        rest = after;
    }
    // "Bailie", "bailey", "baily".
    for end in ["ie", "ei", "I"] {
        if let Some(stem) = said.strip_suffix(end).filter(|stem| stem.chars().any(is_vowel)) {
            return format!("{stem}i");
        }
    }
    said
}

fn push(said: &mut String, sound: &str) {
    if !said.ends_with(sound) {
        said.push_str(sound);
    }
}

fn ends_in_two_consonants(word: &str) -> bool {
    let mut back = word.chars().rev().skip(1);
    let consonant = |letter: Option<char>| letter.is_some_and(|c| !matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y'));
    consonant(back.next()) && consonant(back.next())
}
