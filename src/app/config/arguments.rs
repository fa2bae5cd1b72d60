use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::layers::{Loaded, Sources};
use super::rooms::Config;

/// Where a configuration is looked for when none is named.
const PLACES: [&str; 2] = ["callbox.toml", "/etc/callbox/callbox.toml"];

/// The arguments of every verb that needs the configuration.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Arguments {
    /// Configuration file; callbox.toml here or in /etc/callbox when not given.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Override one setting, like sip.port=15060; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

impl Arguments {
    /// Reads file, environment and overrides.
    ///
    /// # Errors
    /// No file, or everything that is wrong in it.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        let file = self.file().ok_or(ConfigError::Missing)?;
        self.read(Some(file))
    }

    /// The same, but where there is no file the defaults do: for what needs no business.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn load_or_default(&self) -> Result<Loaded, ConfigError> {
        self.read(self.file())
    }

    fn file(&self) -> Option<PathBuf> {
        let found = || PLACES.iter().map(PathBuf::from).find(|place| Path::exists(place));
        self.config.clone().or_else(found)
    }

    fn read(&self, file: Option<PathBuf>) -> Result<Loaded, ConfigError> {
        // A variable that is no text can't be ours.
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Config::load(&Sources { file, environment, set: self.set.clone() })
    }
}
