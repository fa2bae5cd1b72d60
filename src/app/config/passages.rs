//! Knowledge files in pieces that can be spoken.

use store::Passage;

/// Sentences of one passage.
const MOST_SENTENCES: usize = 3;
/// A passage is closed when it is this long, in characters: about fifteen seconds of speech.
const ENOUGH: usize = 220;
/// Words whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] =
    &["dr", "mr", "mrs", "ms", "st", "no", "e.g", "i.e", "approx", "vs", "etc", "inc", "ltd", "p.m", "a.m", "u.s"];

/// Splits a file of knowledge into passages of one to three sentences. A passage never crosses a
/// heading, an empty line or a list item; its source is `file: heading`.
pub fn passages(file: &str, markdown: &str) -> Vec<Passage> {
    let mut found = Vec::new();
    let mut heading = String::new();
    let mut block = String::new();
    let mut fenced = false;
    for line in markdown.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            fenced = !fenced;
        }
        if fenced || line.starts_with("```") || line.starts_with("<!--") {
            continue;
        }
        let title = line.starts_with('#').then(|| line.trim_start_matches('#').trim());
        let item = item(line);
        if line.is_empty() || title.is_some() || item.is_some() {
            close(file, &heading, &mut block, &mut found);
        }
        if let Some(title) = title {
            heading = plain(title);
        } else if !line.is_empty() {
            block.push_str(item.unwrap_or(line));
            block.push(' ');
        }
    }
    close(file, &heading, &mut block, &mut found);
    found
}

fn close(file: &str, heading: &str, block: &mut String, found: &mut Vec<Passage>) {
    let text = plain(&std::mem::take(block));
    let source = if heading.is_empty() { file.to_owned() } else { format!("{file}: {heading}") };
    let mut passage: Vec<&str> = Vec::new();
    for sentence in sentences(&text) {
        let long: usize = passage.iter().map(|part| part.len()).sum();
        if passage.len() >= MOST_SENTENCES || (!passage.is_empty() && long + sentence.len() > ENOUGH) {
            found.push(Passage { source: source.clone(), text: passage.join(" ") });
            passage.clear();
        }
        passage.push(sentence);
    }
    if !passage.is_empty() {
        found.push(Passage { source, text: passage.join(" ") });
    }
}

/// What stands after the mark of a list item.
fn item(line: &str) -> Option<&str> {
    let bullet = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).or_else(|| line.strip_prefix("+ "));
    let number = || {
        let (number, rest) = line.split_once(". ")?;
        (!number.is_empty() && number.chars().all(|c| c.is_ascii_digit())).then_some(rest)
    };
    bullet.or_else(number)
}

/// Without emphasis, code marks and link targets.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, link) = rest.split_at(open);
        plain.push_str(before);
        let target = link.find("](").and_then(|middle| Some((middle, link.get(middle..)?.find(')')?)));
        match target {
            Some((middle, length)) => {
                plain.push_str(link.get(1..middle).unwrap_or_default());
                rest = link.get(middle + length + 1..).unwrap_or_default();
            }
            None => {
                plain.push('[');
                rest = link.get(1..).unwrap_or_default();
            }
        }
    }
    plain.push_str(rest);
    plain.retain(|c| !matches!(c, '*' | '`' | '_'));
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let after = text.get(end..).unwrap_or_default();
        let ends = matches!(c, '.' | '!' | '?') && (after.is_empty() || after.starts_with(' '));
        if ends && !(c == '.' && abbreviated(text.get(from..at).unwrap_or_default(), after)) {
            found.push(text.get(from..end).unwrap_or_default().trim());
            from = end;
        }
    }
    found.push(text.get(from..).unwrap_or_default().trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

/// A full stop after an abbreviation, or before a small letter.
fn abbreviated(before: &str, after: &str) -> bool {
    let word = before.rsplit(' ').next().unwrap_or_default().trim_start_matches('(').to_lowercase();
    // "at 5 p.m. We close": a capital after a time of day begins a sentence.
    let time = matches!(word.as_str(), "p.m" | "a.m" | "etc" | "inc" | "ltd");
    let small = after.trim_start().chars().next().is_some_and(char::is_lowercase);
    small || (ABBREVIATIONS.contains(&word.as_str()) && !time)
}
