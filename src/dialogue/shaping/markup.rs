//! Markdown, lists, links and pictographs become plain text.

/// Plain text on one line: a line or list item ends as a sentence.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        let line = unmarked_line(line);
        if line.is_empty() {
            continue;
        }
        let open = !plain.is_empty() && !plain.ends_with(['.', '!', '?', ':', ';', ',']);
        if open {
            plain.push('.');
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(&line);
    }
    plain
}

fn unmarked_line(line: &str) -> String {
    let mut rest = line.trim();
    if is_rule(rest) {
        return String::new();
    }
    loop {
        let shorter = without_bullet(rest).trim_start();
        if shorter.len() == rest.len() {
            break;
        }
        rest = shorter;
    }
    unmarked(&links(rest))
}

/// "---", "| --- | --- |", "```rust": drawn, not said.
fn is_rule(line: &str) -> bool {
    line.starts_with("```")
        || !line.is_empty() && line.chars().all(|c| matches!(c, '-' | '=' | '*' | '_' | '|' | ':' | ' ' | '~'))
}

fn without_bullet(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix(['#', '>', '•', '◦', '▪', '–', '—', '|']) {
        let numbered = line.starts_with('#') && rest.starts_with(|c: char| c.is_ascii_digit());
        return if numbered { line } else { rest };
    }
    for bullet in ["- [ ] ", "- [x] ", "- ", "* ", "+ "] {
        if let Some(rest) = line.strip_prefix(bullet) {
            return rest;
        }
    }
    line
}

/// "[text](address)" and "![text](address)" become their text.
fn links(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('[') {
        let (before, from) = rest.split_at(open);
        let link = from.find("](").and_then(|middle| {
            let text = from.get(1..middle)?;
            let end = from.get(middle..)?.find(')')?;
            (!text.contains('[')).then_some((text, middle + end + 1))
        });
        plain.push_str(before.strip_suffix('!').filter(|_| link.is_some()).unwrap_or(before));
        let skip = match link {
            Some((text, end)) => {
                plain.push_str(text);
                end
            }
            None => 1,
        };
        rest = from.get(skip..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// Without emphasis, code marks, tags and pictographs; typography made plain.
fn unmarked(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '*' | '`' | '~' | '^' | '{' | '}' | '[' | ']' | '\\' | '<' | '>' => plain.push(' '),
            '|' => plain.push_str(", "),
            '_' => plain.push(if within_word(&plain, chars.peek()) { '_' } else { ' ' }),
            '‘' | '’' | '´' | 'ʼ' => plain.push('\''),
            '“' | '”' | '«' | '»' | '„' | '"' => plain.push(' '),
            '\u{2010}' | '\u{2011}' => plain.push('-'),
            '\u{2012}' | '\u{2013}' | '\u{2212}' => plain.push('–'),
            '—' => plain.push_str(", "),
            '…' => plain.push_str("..."),
            '½' => plain.push_str(" 1/2"),
            '¼' => plain.push_str(" 1/4"),
            '¾' => plain.push_str(" 3/4"),
            c if c.is_whitespace() || c.is_control() => plain.push(' '),
            c if c.is_alphanumeric() || is_said(c) || is_mark(c) => plain.push(c),
            _ => plain.push(' '),
        }
    }
    tidy(&plain)
}

fn within_word(before: &str, after: Option<&char>) -> bool {
    before.ends_with(char::is_alphanumeric) && after.is_some_and(|c| c.is_alphanumeric())
}

/// Punctuation and symbols that have words, or shape the voice.
fn is_said(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | ';'
            | ':'
            | '!'
            | '?'
            | '\''
            | '-'
            | '–'
            | '('
            | ')'
            | '$'
            | '€'
            | '£'
            | '%'
            | '&'
            | '+'
            | '='
            | '/'
            | '@'
            | '#'
            | '°'
            | '_'
    )
}

/// Combining marks belong to the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// One space between words, none before punctuation.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let hangs = word.chars().all(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?'));
        if hangs && (tidy.is_empty() || tidy.ends_with(['.', ',', ';', ':', '!', '?'])) {
            continue;
        }
        if !hangs && !tidy.is_empty() {
            tidy.push(' ');
        }
        tidy.push_str(word);
    }
    tidy
}
