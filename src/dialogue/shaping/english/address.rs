//! E-mail and web addresses.

use super::Said;
use super::number::code_digits;
use super::token::Token;

/// "jane.doe@example.com": "jane dot doe at example dot com".
pub(super) fn email(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let text = tokens.first()?.core;
    let (local, domain) = text.split_once('@')?;
    if local.is_empty() || !domain.contains('.') || domain.contains('@') {
        return None;
    }
    Said::one(format!("{} at {}", spelled(local), spelled(domain)))
}

/// "https://www.example.com/book?x=1": only the host is said.
pub(super) fn web(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let text = tokens.first()?.core;
    let lower = text.to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
    let is_address = rest.is_some() || lower.starts_with("www.") || is_domain(&lower);
    if !is_address {
        return None;
    }
    let rest = rest.unwrap_or(&lower);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    Said::one(spelled(host.strip_prefix("www.").unwrap_or(host)))
}

/// "example.com", "example.org/book", not "e.g" or "3.5".
fn is_domain(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    let Some((name, top)) = host.rsplit_once('.') else { return false };
    let known =
        matches!(top, "com" | "org" | "net" | "edu" | "gov" | "io" | "co" | "us" | "uk" | "de" | "info" | "biz");
    known && !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'))
}

fn spelled(text: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    let mut run = String::new();
    let mut digital = false;
    let mut flush = |run: &mut String, digital: bool| {
        if !run.is_empty() {
            let word = std::mem::take(run);
            said.push(if digital { code_digits(&word) } else { word });
        }
    };
    for c in text.chars() {
        let mark = match c {
            '.' => Some("dot"),
            '-' | '–' => Some("dash"),
            '_' => Some("underscore"),
            '+' => Some("plus"),
            _ => None,
        };
        if let Some(mark) = mark {
            flush(&mut run, digital);
            run.push_str(mark);
            flush(&mut run, false);
        } else if c.is_alphabetic() || c.is_ascii_digit() {
            if c.is_ascii_digit() != digital {
                flush(&mut run, digital);
                digital = c.is_ascii_digit();
            }
            run.push(c);
        } else {
            flush(&mut run, digital);
        }
    }
    flush(&mut run, digital);
    said.join(" ")
}
