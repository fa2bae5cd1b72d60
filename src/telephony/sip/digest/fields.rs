/// More fields than this has no header that is meant well.
const MOST: usize = 32;

/// The `name=value` fields behind the scheme `Digest`, names in lower case, quoted values
/// unquoted. None for another scheme and for what is no list of fields.
pub(super) fn fields(value: &[u8]) -> Option<Vec<(String, String)>> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let (scheme, mut rest) = text.split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t', '\r', '\n']);
        if rest.is_empty() {
            return Some(found);
        }
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, after) = after.split_once(',').unwrap_or((after, ""));
                (value.trim().to_owned(), after)
            }
        };
        if found.len() == MOST {
            return None;
        }
        found.push((name.trim().to_ascii_lowercase(), value));
        rest = after;
    }
}

/// The first field of that name.
pub(super) fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
}

/// What stands before the closing quote, and what comes after it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => {
                value.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((value, text.get(at + 1..)?)),
            _ => value.push(c),
        }
    }
    None
}
