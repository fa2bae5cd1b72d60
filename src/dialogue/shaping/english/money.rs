//! Money: "$45.50", "€20", "$40-$60", "$1.5 million".

use super::Said;
use super::number::{cardinal, decimal, parse};
use super::token::Token;

struct Currency {
    sign: char,
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
}

const CURRENCIES: [Currency; 3] = [
    Currency { sign: '$', one: "dollar", many: "dollars", cent: "cent", cents: "cents" },
    Currency { sign: '€', one: "euro", many: "euros", cent: "cent", cents: "cents" },
    Currency { sign: '£', one: "pound", many: "pounds", cent: "penny", cents: "pence" },
];

fn signed(text: &str) -> Option<(&'static Currency, &str)> {
    let currency =
        CURRENCIES.iter().find(|currency| text.starts_with(currency.sign) || text.ends_with(currency.sign))?;
    Some((currency, text.trim_matches(currency.sign)))
}

fn amount(currency: &Currency, text: &str) -> Option<String> {
    let (whole, cents) = match text.split_once('.') {
        Some((whole, cents)) if cents.len() == 2 => (parse(whole)?, parse(cents)?),
        Some(_) => return Some(format!("{} {}", decimal(text)?, currency.many)),
        None => (parse(text)?, 0),
    };
    let unit = |n, one, many| format!("{} {}", cardinal(n), if n == 1 { one } else { many });
    let wholes = unit(whole, currency.one, currency.many);
    let cents_said = unit(cents, currency.cent, currency.cents);
    Some(match (whole, cents) {
        (_, 0) => wholes,
        (0, _) => cents_said,
        _ => format!("{wholes} and {cents_said}"),
    })
}

/// One amount.
pub(super) fn money(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let first = tokens.first()?;
    let (text, per) = match first.core.split_once('/') {
        Some((text, per)) => (text, Some(per)),
        None => (first.core, None),
    };
    let (sign, text) = match text.strip_prefix(['-', '–']) {
        Some(text) => ("minus ", text),
        None => ("", text),
    };
    let (currency, text) = signed(text)?;
    let scale = tokens.get(1).filter(|_| !first.ends_phrase()).map(|token| token.core.to_ascii_lowercase());
    if let Some(scale) = scale.filter(|scale| matches!(&**scale, "million" | "billion" | "thousand")) {
        return Said::some(2, format!("{sign}{} {scale} {}", decimal(text)?, currency.many));
    }
    let said = match text.strip_suffix(['k', 'K']) {
        Some(text) => format!("{sign}{} thousand {}", decimal(text)?, currency.many),
        None => format!("{sign}{}", amount(currency, text)?),
    };
    Said::one(match per {
        Some(per) if !per.is_empty() => format!("{said} per {}", super::quantity::per(per)?),
        Some(_) => return None,
        None => said,
    })
}

/// "$40-$60", "$40-60".
pub(super) fn range(tokens: &[Token<'_>], _before: &str) -> Option<Said> {
    let (from, to) = tokens.first()?.core.split_once(['-', '–'])?;
    let (currency, from) = signed(from)?;
    let to = amount(currency, signed(to).map_or(to, |(_, to)| to))?;
    let from = amount(currency, from)?;
    let (tail_one, tail_many) = (format!(" {}", currency.one), format!(" {}", currency.many));
    let from = from.strip_suffix(&tail_many).or_else(|| from.strip_suffix(&tail_one)).unwrap_or(&from);
    Said::one(format!("{from} to {to}"))
}
