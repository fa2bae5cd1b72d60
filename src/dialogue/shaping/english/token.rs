/// A word as written, with the punctuation around it apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// All of it.
    pub(super) whole: &'a str,
    /// Without punctuation at either end.
    pub(super) core: &'a str,
    /// What hangs on its end.
    pub(super) trail: &'a str,
}

impl<'a> Token<'a> {
    pub(super) fn parse(whole: &'a str) -> Self {
        let from_core = whole.trim_start_matches(['(', ')', '\'', ',', ';', ':', '!', '?', '_']);
        let from_core = match from_core.strip_prefix('.') {
            // ".5" is a number, "...and" is not.
            Some(rest) if !rest.starts_with(|c: char| c.is_ascii_digit()) => from_core.trim_start_matches('.'),
            _ => from_core,
        };
        let core = from_core.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '\'', '-', '–', '_']);
        let trail = from_core.get(core.len()..).unwrap_or_default();
        Token { whole, core, trail }
    }

    /// The pause that follows it.
    pub(super) fn pause(&self) -> &'static str {
        let mark = |c| self.trail.contains(c);
        match () {
            () if mark('?') => "?",
            () if mark('!') => "!",
            () if mark(';') || mark(':') => ";",
            () if mark(',') || mark('–') => ",",
            () if mark('.') => ".",
            () => "",
        }
    }

    /// True when a full stop hangs on it ("Dr.", but also the end of a sentence).
    pub(super) fn stopped(&self) -> bool {
        self.trail.starts_with('.')
    }

    /// True when nothing follows in the same breath.
    pub(super) fn ends_phrase(&self) -> bool {
        !self.pause().is_empty()
    }
}

/// Last resort: the letters of a token, what can't be said left out.
pub(super) fn letters(tokens: &[Token<'_>]) -> String {
    let Some(token) = tokens.first() else { return String::new() };
    let mut said = String::new();
    let mut digits = String::new();
    let flush = |digits: &mut String, said: &mut String| {
        if !digits.is_empty() {
            pad(said);
            said.push_str(&super::number::code_digits(digits));
            digits.clear();
            said.push(' ');
        }
    };
    for c in token.core.chars() {
        if let Some(value) = c.to_digit(10) {
            digits.extend(char::from_digit(value, 10));
            continue;
        }
        flush(&mut digits, &mut said);
        match c {
            '\'' => said.push(c),
            '-' if said.ends_with(char::is_alphabetic) => said.push('-'),
            '&' => word(&mut said, "and"),
            '+' => word(&mut said, "plus"),
            '=' => word(&mut said, "equals"),
            '%' => word(&mut said, "percent"),
            '@' => word(&mut said, "at"),
            '°' => word(&mut said, "degrees"),
            '/' | '_' | '.' | ',' | '–' | '-' | ';' | ':' | '(' | ')' | '!' | '?' => pad(&mut said),
            c if c.is_alphabetic() || matches!(c, '\u{300}'..='\u{36f}') => said.push(c),
            // Digits of other scripts and symbols without a word.
            _ => pad(&mut said),
        }
    }
    flush(&mut digits, &mut said);
    let words = said.split_whitespace().map(|word| word.trim_matches(['-', '\'']));
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn pad(said: &mut String) {
    if !said.is_empty() && !said.ends_with(' ') {
        said.push(' ');
    }
}

fn word(said: &mut String, word: &str) {
    pad(said);
    said.push_str(word);
    said.push(' ');
}
