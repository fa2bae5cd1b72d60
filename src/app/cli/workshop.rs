//! The engines on their own, with something to try them on.

use std::sync::Arc;

use dialogue::business::{Business, READY};

use super::{CliError, run};
use crate::calls::probe::Probe;
use crate::config::{self, Arguments, load_business};
use crate::engines::{Engines, Models};

/// Engines that are ready, and what they are tried with.
pub(super) struct Workshop {
    /// What each engine is and computes on.
    pub about: [(&'static str, String); 3],
    /// Asks them, and keeps them running.
    pub probe: Probe,
}

/// The business that is asked about: the owner's where a configuration is named, else a ready-made one.
fn business(arguments: &Arguments, ready: &str) -> Result<Business, CliError> {
    if arguments.config.is_some() {
        let loaded = arguments.load().map_err(CliError::not_ready)?;
        return Ok(load_business(&loaded.config.business.folder).map_err(CliError::not_ready)?.business);
    }
    let found = READY.iter().find(|it| it.name == ready);
    let files = found.map(|ready| ready.files).unwrap_or_default();
    let text = files.iter().find(|(path, _)| *path == "business.toml").map(|(_, text)| *text);
    let text = text.ok_or_else(|| CliError::Usage(format!("there is no ready business \"{ready}\"")))?;
    Business::parse(text, "business.toml").map_err(|errors| CliError::Failed(format!("{errors:?}")))
}

impl Workshop {
    /// Starts these engines for so many calls at once.
    pub async fn open(
        arguments: &Arguments,
        wanted: &config::Engines,
        ready: &str,
        calls: u16,
    ) -> Result<Self, CliError> {
        let business = Arc::new(business(arguments, ready)?);
        let models = Models::find(wanted).map_err(CliError::NotReady)?;
        let trust = run::trust(&models.llm)?;
        let engines = Engines::start(wanted, &models, calls, None).map_err(CliError::NotReady)?;
        engines.ready().await.map_err(CliError::NotReady)?;
        let voice = run::voice(&business, &models);
        let local = jiff::Zoned::now().datetime();
        let probe = Probe::new(&engines, voice, &business, trust, local).await.map_err(CliError::NotReady)?;
        Ok(Workshop { about: engines.about(), probe })
    }
}
