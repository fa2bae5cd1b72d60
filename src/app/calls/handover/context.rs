use std::fmt::Write;

use crate::config::{Context, Dial};

/// Longest text of a field, in characters; User-to-User holds 128 octets (RFC 7433, 3).
const MOST_CHARS: usize = 120;

/// A header field that says why a caller is put through, on the INVITE that a person's phone gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContextField {
    hexadecimal: bool,
    redacted: bool,
}

impl ContextField {
    /// The field of these settings; none where nothing is to be told.
    pub fn new(dial: &Dial) -> Option<Self> {
        let redacted = match dial.context {
            Context::Off => return None,
            Context::Redacted => true,
            Context::Full => false,
        };
        Some(ContextField { hexadecimal: dial.context_header == "user-to-user", redacted })
    }

    /// The address with the field, which the INVITE to it will have (RFC 3261, 19.1.5).
    pub fn on(&self, uri: &str, summary: &str) -> String {
        // The last sentence of what is whispered says which key to press.
        let told = summary.trim_end_matches('.').rsplit_once(". ").map_or(summary, |(told, _)| told);
        let text = if self.redacted { redacted(told) } else { told.to_owned() };
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_CHARS).collect();
        let mut field = String::new();
        if self.hexadecimal {
            for octet in text.bytes().take(MOST_CHARS) {
                let _ = write!(field, "{octet:02x}");
            }
            return format!("{uri}?User-to-User={field}%3Bencoding%3Dhex");
        }
        for octet in text.bytes() {
            match octet {
                octet if octet.is_ascii_alphanumeric() => field.push(char::from(octet)),
                octet => {
                    let _ = write!(field, "%{octet:02X}");
                }
            }
        }
        format!("{uri}?X-Callbox-Context={field}")
    }
}

/// Without digits, numbers in words and addresses: what could be a number to call, a date of birth
/// or an account.
fn redacted(text: &str) -> String {
    const NUMBERS: [&str; 11] = ["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let hides = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        word.contains('@') || word.chars().any(|c| c.is_ascii_digit()) || NUMBERS.contains(&bare.as_str())
    };
    let mut words: Vec<&str> = text.split_whitespace().map(|word| if hides(word) { "..." } else { word }).collect();
    words.dedup_by(|next, word| word == next && *word == "...");
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_bounded_escaped_and_redacted_as_wished() {
        let plain = ContextField { hexadecimal: false, redacted: false };
        assert_eq!(plain.on("sip:a@b", "Ann: 5 cuts"), "sip:a@b?X-Callbox-Context=Ann%3A%205%20cuts");
        assert_eq!(plain.on("sip:a@b", "Ann. A cut. Press one."), "sip:a@b?X-Callbox-Context=Ann%2E%20A%20cut");
        let evil = plain.on("sip:a@b", "x\r\nVia: y&Replaces=z");
        assert_eq!(evil, "sip:a@b?X-Callbox-Context=x%20%20Via%3A%20y%26Replaces%3Dz");
        let long = ContextField { hexadecimal: true, redacted: false }.on("sip:a@b", &"ä".repeat(1_000));
        assert_eq!(long.len(), "sip:a@b?User-to-User=".len() + 2 * MOST_CHARS + "%3Bencoding%3Dhex".len());
        let told = redacted("Ann at five five, 555-0100 or ann@b.example about her haircut");
        assert_eq!(told, "Ann at ... or ... about her haircut");
    }
}
