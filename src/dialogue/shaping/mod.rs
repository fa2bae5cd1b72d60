//! Text made speakable: what is written becomes what is said, clause by clause.
//!
//! [`speakable`] takes any text, a model's or an owner's, and gives words and punctuation a
//! voice can read; [`clauses`] cuts them where a speaker would breathe, the first one short so
//! that the voice can start early. A language is a module of its own (see `english`);
//! `markup` and clauses are shared.
//!
//! # Deliberately absent
//! Wording, phonemes, pauses in milliseconds.

mod breath;
mod english;
mod markup;

pub use breath::clauses;

use serde::{Deserialize, Serialize};

/// Longest text that is shaped, in characters; the rest is not said.
const MOST_CHARS: usize = 4_000;
/// Longest result, in characters.
const MOST_SPOKEN_CHARS: usize = 16_000;

/// A language that can be shaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English as spoken in the United States: dates are month first, money is dollars.
    #[default]
    English,
}

/// As it will be said: words and punctuation, no digits, no symbols, no markup. Speaking what
/// is speakable already changes nothing. Never longer than 16,000 characters.
pub fn speakable(text: &str, language: Language) -> String {
    let plain = markup::plain(&text.chars().take(MOST_CHARS).collect::<String>());
    let said = match language {
        Language::English => english::say(&plain),
    };
    said.chars().take(MOST_SPOKEN_CHARS).collect()
}
