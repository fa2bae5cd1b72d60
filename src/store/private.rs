use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// What a caller said or who they are: text that prints redacted in logs and errors. It reads
/// and serialises like the string it is, for the people it is meant for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} characters>", self.0.chars().count())
    }
}

impl Deref for Private {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<String> for Private {
    fn from(text: String) -> Self {
        Private(text)
    }
}

impl From<&str> for Private {
    fn from(text: &str) -> Self {
        Private(text.to_owned())
    }
}
