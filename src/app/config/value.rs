use std::net::IpAddr;

use engine::Gpus;
use telephony::sip::Network;
use toml::Value;

/// What a key may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Whole number, both ends included.
    Number(i64, i64),
    /// IP address.
    Address,
    /// IP address, or empty for none.
    OptionalAddress,
    /// Not empty.
    Text,
    /// Not empty.
    Path,
    /// Empty for none.
    OptionalPath,
    /// May be empty.
    OptionalText,
    /// Which graphics processors.
    Gpus,
    /// One of these words.
    One(&'static [&'static str]),
    /// `true` or `false`.
    Switch,
    /// A list of addresses and ranges; may be empty.
    Networks,
    /// A list of texts; may be empty.
    Texts,
    /// A list of at least one of these words.
    Some(&'static [&'static str]),
}

impl Kind {
    /// What to write, when the value is not of this kind.
    pub(super) fn check(self, value: &Value) -> Result<(), String> {
        let text = value.as_str();
        let fits = match self {
            Kind::Number(least, most) => value.as_integer().is_some_and(|number| (least..=most).contains(&number)),
            Kind::Address => text.is_some_and(is_address),
            Kind::OptionalAddress => text.is_some_and(|text| text.is_empty() || is_address(text)),
            Kind::Text | Kind::Path => text.is_some_and(|text| !text.trim().is_empty()),
            Kind::OptionalPath | Kind::OptionalText => text.is_some(),
            Kind::Gpus => text.is_some_and(|text| text.parse::<Gpus>().is_ok()),
            Kind::One(words) => text.is_some_and(|text| words.contains(&text)),
            Kind::Switch => value.as_bool().is_some(),
            Kind::Networks => value.as_array().is_some_and(|list| {
                list.iter().all(|item| item.as_str().is_some_and(|text| text.parse::<Network>().is_ok()))
            }),
            Kind::Texts => value.as_array().is_some_and(|list| list.iter().all(|item| item.is_str())),
            Kind::Some(words) => value.as_array().is_some_and(|list| {
                let known = |item: &Value| item.as_str().is_some_and(|text| words.contains(&text));
                !list.is_empty() && list.iter().all(known)
            }),
        };
        if fits { Ok(()) } else { Err(self.advice()) }
    }

    fn advice(self) -> String {
        match self {
            Kind::Number(least, most) => format!("Write a whole number from {least} to {most}."),
            Kind::Address => "Write an IP address in quotes, like \"192.168.1.20\".".into(),
            Kind::OptionalAddress => "Write an IP address in quotes, like \"192.168.1.20\", or \"\" for none.".into(),
            Kind::Text => "Write a name in quotes.".into(),
            Kind::OptionalText => "Write a text in quotes, or \"\" for none.".into(),
            Kind::Gpus => "Write \"auto\", \"off\", or the numbers of GPUs in quotes, like \"0\" or \"0,1\".".into(),
            Kind::Path | Kind::OptionalPath => "Write a path in quotes.".into(),
            Kind::Switch => "Write true or false.".into(),
            Kind::Networks => "Write a list of addresses or ranges, like [\"192.168.1.20\", \"10.0.0.0/8\"].".into(),
            Kind::One(words) => format!("Write one of: \"{}\".", words.join("\", \"")),
            Kind::Texts => "Write a list of texts, like [\"one\", \"two\"], or [] for none.".into(),
            Kind::Some(words) => format!("Write a list of: \"{}\".", words.join("\", \"")),
        }
    }

    /// The value that stands in an environment variable or after `--set key=`.
    pub(super) fn read(self, text: &str) -> Value {
        match self {
            Kind::Number(..) => text.trim().parse().map_or_else(|_| Value::String(text.into()), Value::Integer),
            Kind::Switch => text.trim().parse().map_or_else(|_| Value::String(text.into()), Value::Boolean),
            Kind::Some(_) | Kind::Networks | Kind::Texts => {
                let items = text.trim().trim_start_matches('[').trim_end_matches(']').split(',');
                let items = items.map(|item| item.trim().trim_matches('"')).filter(|item| !item.is_empty());
                Value::Array(items.map(|item| Value::String(item.into())).collect())
            }
            _ => Value::String(text.into()),
        }
    }

    /// True for what may be left empty and then is not there at all.
    pub(super) fn is_optional(self) -> bool {
        matches!(self, Kind::OptionalAddress | Kind::OptionalPath)
    }

    pub(super) fn is_path(self) -> bool {
        matches!(self, Kind::Path | Kind::OptionalPath)
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}
