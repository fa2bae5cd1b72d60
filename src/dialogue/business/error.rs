use std::fmt;

/// One thing wrong with a business file: where, what, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct BusinessError {
    /// File as it was named to the parser.
    pub file: String,
    /// Line counted from 1.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to write.
    pub write: String,
}

impl fmt::Display for BusinessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}. {}", self.file, self.line, self.what, self.write)
    }
}
