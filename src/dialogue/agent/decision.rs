use serde::Deserialize;
use std::collections::BTreeMap;

use super::command::Command;
use crate::parse::words::{at, words};

/// Longest model output that is looked at, in bytes.
const LONGEST: usize = 2_000;

/// What the model made of a turn, after everything it may not say is taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) command: Command,
    args: BTreeMap<String, String>,
    /// Its own words, in free mode.
    pub(super) say: Option<String>,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "do")]
    command: String,
    #[serde(default)]
    args: BTreeMap<String, String>,
    #[serde(default)]
    say: Option<String>,
}

impl Decision {
    /// Reads the model's output. Arguments that are not a span of what was said are dropped;
    /// what is not a decision at all gives nothing.
    pub(super) fn read(output: &str, said: &[String]) -> Option<Self> {
        if output.len() > LONGEST {
            return None;
        }
        let raw: Raw = serde_json::from_str(output.trim()).ok()?;
        let command = Command::named(&raw.command)?;
        let spans = raw.args.into_iter().filter_map(|(key, value)| {
            let value = words(&value).join(" ");
            let known = super::grammar::ARGS.contains(&key.as_str());
            (known && !value.is_empty() && at(said, &value).is_some()).then_some((key, value))
        });
        Some(Decision { command, args: spans.collect(), say: raw.say })
    }

    /// An argument, as a span of what was said.
    pub(super) fn arg(&self, key: &str) -> Option<&str> {
        self.args.get(key).map(String::as_str)
    }
}
