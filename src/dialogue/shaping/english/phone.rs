//! Telephone numbers, digit by digit in their groups.

use super::Said;
use super::number::digits;
use super::token::Token;

/// Fewest and most digits of a number written in groups.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;
const MOST_TOKENS: usize = 6;

/// "(555) 010-0134", "+1 555 010 0134", "555-0134", "555.010.0134".
pub(super) fn phone(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let mut text = String::new();
    let mut best = None;
    for (index, token) in tokens.iter().take(MOST_TOKENS).enumerate() {
        let part = token.whole.trim_end_matches(['.', ',', ';', ':', '!', '?']);
        let digital = part.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '–' | '(' | ')' | '+' | '.' | '/'));
        let plus_later = index > 0 && part.contains('+');
        if !digital || plus_later || !part.contains(|c: char| c.is_ascii_digit()) {
            break;
        }
        text.push_str(part);
        text.push(' ');
        if let Some(groups) = groups(&text) {
            best = Said::some(index + 1, groups);
        }
        if token.ends_phrase() {
            break;
        }
    }
    best
}

fn groups(text: &str) -> Option<String> {
    let count = text.chars().filter(char::is_ascii_digit).count();
    let groups: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()).collect();
    let international = text.starts_with('+');
    let shape: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if !DIGITS.contains(&count) || text.contains('/') || !international && !is_number(text, &shape) {
        return None;
    }
    let groups = groups.iter().flat_map(|group| in_breaths(group));
    let said = groups.map(|group| digits(&group)).collect::<Vec<_>>().join(", ");
    Some(if international { format!("plus {said}") } else { said })
}

/// True for groups as telephone numbers have them; dates and ranges have others.
fn is_number(text: &str, shape: &[usize]) -> bool {
    match shape {
        [10 | 11] => true,
        [3, 4] => text.contains(['-', '.', ' ', '–']) && !text.trim().contains(' ') || text.starts_with('('),
        [3, 3, 4] | [1, 3, 3, 4] | [3, 4, 4] | [3, 7] => true,
        [0..=5, ..] if text.starts_with('0') && shape.len() > 1 => shape.iter().skip(1).all(|group| *group >= 3),
        _ => false,
    }
}

/// Long groups by threes, the last of four.
fn in_breaths(group: &str) -> Vec<String> {
    let chars: Vec<char> = group.chars().collect();
    if chars.len() <= 4 {
        return vec![group.to_owned()];
    }
    let (head, tail) = chars.split_at(chars.len() - 4);
    let first = head.len() % 3;
    let (odd, threes) = head.split_at(first);
    let mut breaths: Vec<String> = Vec::new();
    if !odd.is_empty() {
        breaths.push(odd.iter().collect());
    }
    breaths.extend(threes.chunks(3).map(|three| three.iter().collect::<String>()));
    breaths.push(tail.iter().collect());
    breaths
}
