//! The prompt, in exactly the form the starter model was taught.

use super::asked::Asked;

/// Most words of a caller's turn that a prompt carries: the starter model reads 256 tokens.
const MOST_WORDS: usize = 60;

/// How a model wants its prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PromptStyle {
    /// Four lines, as the starter model was taught.
    #[default]
    Starter,
}

/// What a prompt tells of the moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Have {
    pub(super) service: bool,
    pub(super) day: bool,
    pub(super) time: bool,
    pub(super) name: bool,
    pub(super) phone: bool,
}

/// The part shared by all calls of a business of this kind.
pub(super) fn shared(style: PromptStyle, kind: &str) -> String {
    match style {
        PromptStyle::Starter => format!("business: {kind}\n"),
    }
}

/// The part of this turn.
pub(super) fn own(style: PromptStyle, have: Have, asked: Asked, said: &[String]) -> String {
    let known =
        [(have.service, "service"), (have.day, "day"), (have.time, "time"), (have.name, "name"), (have.phone, "phone")];
    let known: Vec<&str> = known.iter().filter(|(known, _)| *known).map(|(_, word)| *word).collect();
    let known = if known.is_empty() { "-".to_owned() } else { known.join(" ") };
    let said: Vec<&str> = said.iter().take(MOST_WORDS).map(String::as_str).collect();
    match style {
        PromptStyle::Starter => {
            format!("have: {known}\nasked: {}\ncaller: {}\n", asked.in_prompt(), said.join(" "))
        }
    }
}
