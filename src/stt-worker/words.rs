/// Words that two recognitions must have in common to be one text.
const LEAST_SHARED: usize = 2;

/// A recognised token: its bytes and its probability.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    pub bytes: Vec<u8>,
    pub probability: f32,
}

/// A text with its probabilities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spoken {
    pub text: String,
    /// Mean token probability.
    pub confidence: f32,
    /// The same for each word of the text, split at spaces.
    pub words: Vec<f32>,
}

/// Puts tokens together to words. Empty when there are no words, when all of it is a remark
/// about sounds ("[BLANK_AUDIO]", "(wind)"), or when the mean probability is below `floor`:
/// Whisper invents text where nobody spoke, but it is not sure of it.
pub fn spoken(tokens: &[Token], floor: f32) -> Spoken {
    let bytes: Vec<u8> = tokens.iter().flat_map(|token| token.bytes.iter().copied()).collect();
    let of_byte: Vec<f32> = tokens.iter().flat_map(|token| token.bytes.iter().map(|_| token.probability)).collect();
    let written = String::from_utf8_lossy(&bytes);
    let kept = without_remarks(&written);
    let confidence = mean(tokens.iter().map(|token| token.probability));
    if !has_words(&kept) || confidence < floor_for(&kept, floor) {
        return Spoken { confidence, ..Spoken::default() };
    }
    let text = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = probabilities(&bytes, &of_byte, &text);
    Spoken { text, confidence, words }
}

/// The pieces of an utterance and the rest of it as one text. Its confidence is that of its words.
pub fn joined(done: &[Spoken], rest: Spoken) -> Spoken {
    if done.iter().all(|piece| piece.text.is_empty()) {
        return rest;
    }
    let pieces: Vec<&Spoken> = done.iter().chain([&rest]).filter(|piece| !piece.text.is_empty()).collect();
    let text = pieces.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ");
    let words: Vec<f32> = pieces.iter().flat_map(|piece| &piece.words).copied().collect();
    Spoken { text, confidence: mean(words.iter().copied()), words }
}

/// What was heard first, and what was heard from somewhere within that audio to beyond its end, as one text: where
/// they share all the words that both heard, but for a word at either edge, which may have been cut. And where they
/// do so in one way only: "five five five" twice may be three fives or more.
pub fn continued(head: &Spoken, tail: &Spoken) -> Option<Spoken> {
    let [first, second]: [Vec<&str>; 2] = [head, tail].map(|spoken| spoken.text.split(' ').collect());
    // The word of the first that the second begins with, and the first word of it that is the same.
    let mut ways = (0..first.len()).filter_map(|at| {
        let both = first.get(at..).filter(|both| both.len() <= second.len() + 1)?;
        let same: Vec<bool> = both.iter().zip(&second).map(|(a, b)| plain(a).eq(plain(b))).collect();
        let shared = same.iter().filter(|same| **same).count();
        let within = same.get(1..both.len() - 1)?.iter().all(|same| *same);
        Some((at, same.iter().position(|same| *same)?)).filter(|_| within && shared >= LEAST_SHARED)
    });
    let (at, same) = ways.next().filter(|_| ways.next().is_none())?;
    let words = [head.words.get(..=at + same)?, tail.words.get(same + 1..)?].concat();
    let text = [first.get(..=at + same)?, second.get(same + 1..)?].concat().join(" ");
    Some(Spoken { text, confidence: mean(words.iter().copied()), words })
}

/// Letters and digits: case and punctuation come and go.
fn plain(word: &str) -> impl Iterator<Item = char> {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// A lone letter is what Whisper likes best to make of a click, and few letters again and again of
/// loud noise: they take more to be believed.
fn floor_for(text: &str, floor: f32) -> f32 {
    let lone = text.chars().filter(|c| c.is_alphanumeric()).count() == 1 && text.is_ascii();
    if lone || repeats_letters(text) { f32::midpoint(1.0, floor) } else { floor }
}

/// True for letters alone of which a third or more came before ("i i e i"; but "b o b", too).
fn repeats_letters(text: &str) -> bool {
    let mut letters: Vec<char> = Vec::new();
    for word in text.split_whitespace() {
        let mut chars = word.chars();
        match (chars.next(), chars.next()) {
            (Some(letter), None) if letter.is_alphabetic() => letters.push(letter.to_ascii_lowercase()),
            _ => return false,
        }
    }
    let count = letters.len();
    letters.sort_unstable();
    letters.dedup();
    count > 1 && letters.len() * 3 <= count * 2
}

/// Text without what stands in brackets, parentheses or between asterisks or notes.
fn without_remarks(text: &str) -> String {
    let mut kept = String::new();
    let mut closing = None;
    for c in text.chars() {
        match closing {
            Some(end) if c == end => closing = None,
            Some(_) => {}
            None => match c {
                '[' => closing = Some(']'),
                '(' => closing = Some(')'),
                '*' => closing = Some('*'),
                '\u{266a}' => closing = Some('\u{266a}'),
                c => kept.push(c),
            },
        }
    }
    kept
}

/// The mean over the tokens of each word; found again in the bytes from left to right, since
/// remarks may have been taken out between them.
fn probabilities(bytes: &[u8], of_byte: &[f32], text: &str) -> Vec<f32> {
    let mut from = 0;
    let word = |word: &str| {
        let rest = bytes.get(from..).unwrap_or_default();
        let at = rest.windows(word.len().max(1)).position(|window| window == word.as_bytes());
        let Some(start) = at.map(|at| from + at) else {
            return 0.0;
        };
        from = start + word.len();
        mean(of_byte.get(start..from).unwrap_or_default().iter().copied())
    };
    text.split(' ').map(word).collect()
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f32 }
}

#[cfg(test)]
mod tests {
    use super::{Spoken, Token, continued, spoken};

    fn tokens(parts: &[(&str, f32)]) -> Vec<Token> {
        parts
            .iter()
            .map(|(text, probability)| Token { bytes: text.as_bytes().to_vec(), probability: *probability })
            .collect()
    }

    #[test]
    fn each_word_has_the_mean_of_its_tokens() {
        let spoken = spoken(&tokens(&[(" hel", 1.0), ("lo", 0.5), (" bob", 0.25)]), 0.1);
        assert_eq!(spoken.text, "hello bob");
        assert_eq!(spoken.words.len(), 2);
        assert!((spoken.words[0] - 0.8).abs() < 1e-6); // three bytes at 1, two at a half
        assert!((spoken.words[1] - 0.25).abs() < 1e-6);
    }

    #[test]
    fn remarks_about_sounds_are_not_words() {
        assert_eq!(spoken(&tokens(&[(" [BLANK", 1.0), ("_AUDIO]", 1.0)]), 0.1).text, "");
        assert_eq!(spoken(&tokens(&[(" (wind)", 1.0), (" yes", 1.0)]), 0.1).text, "yes");
        assert_eq!(spoken(&tokens(&[(" ...", 1.0)]), 0.1).text, "");
    }

    #[test]
    fn text_nobody_is_sure_of_is_dropped() {
        assert_eq!(spoken(&tokens(&[(" thanks", 0.3)]), 0.5).text, "");
        assert_eq!(spoken(&[], 0.5).text, "");
        assert_eq!(spoken(&tokens(&[(" r", 0.7)]), 0.5).text, "");
        assert_eq!(spoken(&tokens(&[(" r", 0.8)]), 0.5).text, "r");
    }

    #[test]
    fn the_same_few_letters_take_more_to_be_believed() {
        for (text, sure, heard) in
            [(" i i e i", 0.7, false), (" b o b", 0.7, false), (" b o b", 0.8, true), (" m i l l e r", 0.7, true)]
        {
            assert_eq!(!spoken(&tokens(&[(text, sure)]), 0.5).text.is_empty(), heard, "{text} {sure}");
        }
    }

    #[test]
    fn a_character_split_over_tokens_comes_back_whole() {
        let split = [
            Token { bytes: b" caf\xc3".to_vec(), probability: 1.0 },
            Token { bytes: b"\xa9".to_vec(), probability: 1.0 },
        ];
        assert_eq!(spoken(&split, 0.5).text, "caf\u{e9}");
    }

    /// Sure by half of what was heard first, wholly of the rest.
    fn both(first: &str, second: &str) -> Option<(String, usize)> {
        let [head, tail] = [(first, 0.5), (second, 1.0)].map(|(text, sure)| Spoken {
            text: text.to_owned(),
            confidence: sure,
            words: text.split_whitespace().map(|_| sure).collect(),
        });
        let all = continued(&head, &tail)?;
        assert_eq!(all.words.len(), all.text.split(' ').count());
        Some((all.text, all.words.iter().filter(|sure| **sure < 1.0).count()))
    }

    #[test]
    fn what_both_heard_joins_them() {
        for (first, second, whole, of_first) in [
            ("i would like to book", "to book an appointment", "i would like to book an appointment", 4),
            ("I would like to book.", "To book an appointment.", "I would like to book an appointment.", 4),
            ("i would like to", "i would like to book", "i would like to book", 1),
            ("i would like to book an a point", "k an a pointment", "i would like to book an a pointment", 6),
            ("i would like to book an appoint", "ook an appointment", "", 0),
            ("i would like to book an appoint", "took an appointment", "", 0),
            ("i would like to book an appoint", "like too book an appointment", "", 0),
            ("like to book an appoint", "uh to book an appointment", "like to book an appointment", 2),
            ("like to book an appoint", "to book an", "like to book an", 2),
            ("like to book an appointment", "to book", "", 0),
            ("book", "book", "", 0),
            ("book it", "it", "", 0),
            ("", "", "", 0),
            ("book", "", "", 0),
        ] {
            let wanted = Some((whole.to_owned(), of_first)).filter(|(text, _)| !text.is_empty());
            assert_eq!(both(first, second), wanted, "{first} + {second}");
        }
    }

    #[test]
    fn what_fits_in_two_ways_is_not_joined() {
        assert_eq!(both("it is five five five", "five five five one"), None);
        assert_eq!(both("it is one two one two", "one two one two three"), None);
        assert!(both("it is one two one three", "two one three four").is_some());
    }
}
