use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{sleep, timeout};

use crate::bench::{self, Level, Measured, OwnBox, Plan, Played, Report, Watched, Way, measure};
use crate::caller::script::Act;
use crate::caller::utterance::Booth;
use crate::caller::{Settings, Target};
use crate::calls::VoiceChoice;
use crate::cli::CliError;
use crate::cli::call::{VOICE, booth};
use crate::config::Arguments;
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;

/// How long the box may take to write down how a call ended.
const RECORDED: Duration = Duration::from_millis(500);

/// A box, and callers who are ready to call it in any number.
pub(in crate::cli) struct Course {
    own: Option<OwnBox>,
    way: Way,
    plan: Plan,
    booth: Booth,
    /// Of the script, for wav files named in it.
    folder: PathBuf,
    records: Option<PathBuf>,
    interrupt: Signal,
    began: String,
    began_ms: i64,
    levels: Vec<Measured>,
}

/// Which box.
pub(in crate::cli) enum Whom<'a> {
    /// One that runs, and where its record is, if that can be read.
    Target(&'a str, Option<PathBuf>),
    /// One started for it, with room for so many calls and these settings; what is `added` goes into its
    /// `business.toml`.
    Own { business: &'a str, added: &'a str, calls: usize, settings: &'a [&'a str] },
}

impl Course {
    /// Starts a box where none is named, and the callers' voice.
    pub async fn open(config: &Arguments, whom: Whom<'_>, plan: Plan, folder: Option<&Path>) -> Result<Self, CliError> {
        let (own, target, records) = match whom {
            Whom::Target(uri, records) => (None, Target::parse(uri)?, records),
            Whom::Own { business, added, calls, settings } => {
                eprintln!("starting a box ...");
                let mut config = config.clone();
                config.set.extend(settings.iter().map(|&setting| setting.to_owned()));
                let own = OwnBox::start(&config, business, added, calls).await.map_err(CliError::NotReady)?;
                let (target, records) = (Target::parse(&own.uri)?, own.records.clone());
                (Some(own), target, Some(records))
            }
        };
        let clock = Clock::start();
        let way = Way {
            target,
            clock,
            pacer: Pacer::start(clock).map_err(CliError::failed)?,
            settings: Settings::default(),
            watched: own.as_ref().and_then(OwnBox::pid).map(Watched::new),
            one_more: false,
        };
        let voice = VoiceChoice { name: VOICE.to_owned(), speed: 1.0 };
        let sample = plan.calls(1).pop().map(|call| call.script).unwrap_or_default();
        Ok(Course {
            own,
            way,
            booth: booth(config, &sample, &voice).await?,
            plan,
            folder: folder.map(Path::to_owned).unwrap_or_default(),
            records,
            interrupt: signal(SignalKind::interrupt()).map_err(CliError::failed)?,
            began: jiff::Zoned::now().strftime("%Y-%m-%d %H:%M").to_string(),
            began_ms: Clock::unix_ms(),
            levels: Vec::new(),
        })
    }

    /// The box that was started for it.
    pub fn own(&self) -> Option<&OwnBox> {
        self.own.as_ref()
    }

    /// Memory of the box as it stands, in megabytes.
    pub fn memory_mb(&self) -> f64 {
        self.way.watched.map_or(0.0, Watched::memory_mb)
    }

    /// So many callers, ready to play their part any number of times.
    pub async fn callers(&mut self, count: u16) -> Result<Vec<Played>, CliError> {
        let plan = self.plan.calls(usize::from(count));
        Ok(Level::prepare(plan, &mut self.booth, &self.folder).await?.played())
    }

    /// How the box is called, by callers who behave like this.
    pub fn way(&self, settings: Settings) -> Way {
        Way { settings, ..self.way.clone() }
    }

    /// What was measured so far.
    pub fn levels(&self) -> &[Measured] {
        &self.levels
    }

    /// Makes so many calls at once; `one_more` comes while all are up.
    pub async fn level(&mut self, calls: u16, one_more: bool) -> Result<&Measured, CliError> {
        let level = Level::prepare(self.plan.calls(usize::from(calls)), &mut self.booth, &self.folder).await?;
        eprintln!("{calls} calls at once ...");
        let began_ms = Clock::unix_ms();
        let way = Way { one_more: one_more && self.own.is_some(), ..self.way.clone() };
        let mut measured = measure(level, &way).await;
        if let Some(path) = &self.records {
            sleep(RECORDED).await;
            measured.sending = bench::sending(path, began_ms).map_err(CliError::failed)?;
        }
        if timeout(Duration::ZERO, self.interrupt.recv()).await.is_ok() {
            return Err(CliError::Failed("stopped by hand".into()));
        }
        self.levels.push(measured);
        self.levels.last().ok_or_else(|| CliError::Failed("nothing was measured".into()))
    }

    /// Stops the box, if it was started for this; what was found.
    pub async fn close(self) -> Result<Report, CliError> {
        let stages = match &self.records {
            Some(path) => bench::staged_turns(path, self.began_ms).map_err(CliError::failed),
            None => Ok(Vec::new()),
        };
        if let Some(own) = self.own {
            own.stop().await;
        }
        let sample = self.plan.calls(1).pop().map(|call| call.script).unwrap_or_default();
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            target: self.way.target.uri.clone(),
            began: self.began,
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            seed: self.plan.seed,
            turns: sample.turns.iter().filter(|turn| turn.act != Act::HangUp).count(),
            levels: self.levels,
            stages: stages?,
        })
    }
}
