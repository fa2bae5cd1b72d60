use std::fmt;

/// Why a verb did not do what it was asked. The kind is the exit code.
#[derive(Debug)]
pub enum CliError {
    /// It was tried and did not work (exit code 1).
    Failed(String),
    /// It can't be asked like this (exit code 2).
    Usage(String),
    /// The box is not ready for it (exit code 3).
    NotReady(String),
}

impl CliError {
    /// 1 failed, 2 wrong usage, 3 not ready.
    pub fn exit_code(&self) -> u8 {
        match self {
            CliError::Failed(_) => 1,
            CliError::Usage(_) => 2,
            CliError::NotReady(_) => 3,
        }
    }

    /// Makes a failure of anything that explains itself.
    pub fn failed(error: impl fmt::Display) -> Self {
        CliError::Failed(error.to_string())
    }

    /// Says that the box is not ready, in the words of what is missing.
    pub fn not_ready(error: impl fmt::Display) -> Self {
        CliError::NotReady(error.to_string())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (CliError::Failed(why) | CliError::Usage(why) | CliError::NotReady(why)) = self;
        f.write_str(why)
    }
}

impl std::error::Error for CliError {}
