use std::fmt;
use std::path::PathBuf;

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `callbox.toml:12`, the name of an environment variable, or the argument.
    pub place: String,
    /// What is wrong there.
    pub what: String,
    /// What to write.
    pub write: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.place, self.what, self.write)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error(
        "cannot read the configuration {path}: {why}; name another with --config FILE, or make one with `callbox init DIR`"
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// There is none where one is looked for.
    #[error(
        "no callbox.toml here or in /etc/callbox: make one with `callbox init DIR`, or name one with --config FILE"
    )]
    Missing,
    /// It says something it can't.
    #[error("{}", lines(.0))]
    Faults(Vec<Fault>),
}

fn lines(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")
}
