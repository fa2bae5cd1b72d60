//! English. Text is read token by token; at each place the first rule that knows what stands
//! there says it and tells how many tokens it took. Order matters: the more particular first.

mod address;
mod date;
mod money;
mod number;
mod phone;
mod quantity;
mod short;
mod time;
mod token;

use token::Token;

/// What a rule says for the tokens it took.
struct Said {
    words: String,
    tokens: usize,
    stop: Stop,
}

/// What a full stop behind the tokens is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// The end of a sentence.
    Ends,
    /// Part of an abbreviation; the end of a sentence as well where a new one begins.
    Shortens,
    /// Part of an abbreviation that something must follow.
    Joins,
}

impl Said {
    fn one(words: impl Into<String>) -> Option<Said> {
        Said::some(1, words)
    }

    fn some(tokens: usize, words: impl Into<String>) -> Option<Said> {
        Some(Said { words: words.into(), tokens, stop: Stop::Ends })
    }

    fn stop(mut self, stop: Stop) -> Said {
        self.stop = stop;
        self
    }
}

/// A rule looks at the tokens from one place on, and at the word said before.
type Rule = fn(&[Token<'_>], &str) -> Option<Said>;

const RULES: [Rule; 15] = [
    address::email,
    address::web,
    phone::phone,
    date::numeric,
    date::month_first,
    date::day_first,
    time::range,
    time::time,
    time::half_of_words,
    money::range,
    money::money,
    quantity::range,
    quantity::quantity,
    short::abbreviation,
    number::plain,
];

/// Says plain text.
pub(super) fn say(text: &str) -> String {
    let tokens: Vec<Token<'_>> = text.split_whitespace().map(Token::parse).collect();
    let mut said = String::with_capacity(text.len() * 2);
    let mut before = String::new();
    let mut at = 0;
    while let Some(rest) = tokens.get(at..).filter(|rest| !rest.is_empty()) {
        let found = RULES.iter().find_map(|rule| rule(rest, &before));
        let found = found.or_else(|| Said::one(token::letters(rest)));
        let Some(found) = found else { break };
        let taken = found.tokens.clamp(1, rest.len());
        let next = rest.get(taken);
        let mut pause = rest.get(taken - 1).map_or("", |token| token.pause());
        let begins = next.is_none_or(|next| next.core.starts_with(char::is_uppercase));
        if pause == "." && (found.stop == Stop::Joins || found.stop == Stop::Shortens && !begins) {
            pause = "";
        }
        push(&mut said, &found.words, pause);
        before = rest.first().map(|token| token.core.to_lowercase()).unwrap_or_default();
        at += taken;
    }
    said
}

fn push(said: &mut String, words: &str, pause: &str) {
    let words = words.trim();
    if words.is_empty() {
        if !said.is_empty() && !said.ends_with(['.', ',', '!', '?', ';', ':']) {
            said.push_str(pause);
        }
        return;
    }
    if !said.is_empty() {
        said.push(' ');
    }
    said.push_str(words);
    said.push_str(pause);
}
