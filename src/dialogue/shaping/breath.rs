//! Where a speaker would breathe.

/// Longest clause, in characters.
const MOST_CHARS: usize = 120;
/// Longest first clause, where there is a place to cut: the voice starts when it is made.
const MOST_FIRST_CHARS: usize = 60;
/// A first clause shorter than this is no gain: its end would come before the next is made.
const LEAST_FIRST_CHARS: usize = 8;

/// Words before which a long clause may be cut.
const JOINTS: [&str; 14] =
    ["and", "or", "but", "so", "because", "which", "that", "if", "when", "where", "while", "with", "until", "then"];

/// Cuts speakable text into clauses: at sentence ends, the first sentence also at an early
/// comma, long ones at commas, joints or spaces. Nothing is lost but white space.
pub fn clauses(text: &str) -> Vec<String> {
    let mut clauses = Vec::new();
    for sentence in sentences(text) {
        let mut words: Vec<&str> = sentence.split_whitespace().collect();
        if clauses.is_empty()
            && length(&words) > MOST_FIRST_CHARS / 2
            && let Some(at) = comma(&words, LEAST_FIRST_CHARS, MOST_FIRST_CHARS, First)
        {
            clauses.push(words.drain(..at).collect::<Vec<_>>().join(" "));
        }
        while length(&words) > MOST_CHARS {
            let at = comma(&words, MOST_CHARS / 4, MOST_CHARS, Last)
                .or_else(|| joint(&words))
                .unwrap_or_else(|| fitting(&words));
            clauses.push(words.drain(..at).collect::<Vec<_>>().join(" "));
        }
        if !words.is_empty() {
            clauses.push(words.join(" "));
        }
    }
    clauses.into_iter().flat_map(bounded).filter(|clause| clause.chars().any(char::is_alphanumeric)).collect()
}

fn sentences(text: &str) -> Vec<String> {
    let mut sentences = vec![String::new()];
    for word in text.split_whitespace() {
        if let Some(sentence) = sentences.last_mut() {
            if !sentence.is_empty() {
                sentence.push(' ');
            }
            sentence.push_str(word);
        }
        if word.trim_end_matches([')', '\'']).ends_with(['.', '!', '?', ';', ':']) {
            sentences.push(String::new());
        }
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

enum Which {
    First,
    Last,
}
use Which::{First, Last};

/// After how many words to cut at a comma, such that the clause is so long.
fn comma(words: &[&str], least: usize, most: usize, which: Which) -> Option<usize> {
    let mut reach = 0;
    let mut ends = words.iter().enumerate().filter_map(|(index, word)| {
        reach += word.chars().count() + 1;
        let cut = word.ends_with(',') && index + 1 < words.len();
        (cut && (least..=most).contains(&(reach - 1))).then_some(index + 1)
    });
    match which {
        First => ends.next(),
        Last => ends.last(),
    }
}

fn joint(words: &[&str]) -> Option<usize> {
    let mut reach = 0;
    let mut best = None;
    for (index, word) in words.iter().enumerate() {
        if reach > MOST_CHARS {
            break;
        }
        if reach > MOST_CHARS / 4 && JOINTS.contains(word) {
            best = Some(index);
        }
        reach += word.chars().count() + 1;
    }
    best
}

/// As many words as fit, at least one.
fn fitting(words: &[&str]) -> usize {
    let mut reach = 0;
    let fit = words.iter().take_while(|word| {
        reach += word.chars().count() + 1;
        reach - 1 <= MOST_CHARS
    });
    fit.count().max(1)
}

fn length(words: &[&str]) -> usize {
    words.iter().map(|word| word.chars().count() + 1).sum::<usize>().saturating_sub(1)
}

/// A word longer than any clause is cut anywhere.
fn bounded(clause: String) -> Vec<String> {
    if clause.chars().count() <= MOST_CHARS {
        return vec![clause];
    }
    let chars: Vec<char> = clause.chars().collect();
    chars.chunks(MOST_CHARS).map(|chunk| chunk.iter().collect::<String>().trim().to_owned()).collect()
}
