//! Text made speakable: what is written becomes what is said, clause by clause.

use serde::{Deserialize, Serialize};

/// A language that can be shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English as spoken in the United States: dates are month first, money is dollars.
    #[default]
    English,
}

/// As it will be said.
pub fn speakable(text: &str, _language: Language) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cut where a speaker would breathe.
pub fn clauses(text: &str) -> Vec<String> {
    if text.is_empty() {
        Vec::new()
    } else {
        vec![text.to_owned()]
    }
}
