use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::config::Arguments;
use crate::engines::models_folder;

/// In the box's folder.
const CAPTIONS: &str = "captions.jsonl";
/// How long a box may take to be ready, and to stop.
const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(15);
/// Its audio ports start somewhere here, below those of the callers.
const PORTS: std::ops::Range<u16> = 24_000..38_000;

/// A box started to be measured, on loopback, with records of its own.
#[derive(Debug)]
pub struct OwnBox {
    /// What it says callers reach it at.
    pub uri: String,
    /// Its record.
    pub records: PathBuf,
    /// The folder of its business.
    pub business: PathBuf,
    child: Child,
    folder: Folder,
}

impl OwnBox {
    /// Starts this very program as a box with room for so many calls: with the owner's
    /// configuration if one is named, else with a fresh one of this ready-made business, to whose
    /// `business.toml` this is added.
    ///
    /// # Errors
    /// What the box said instead of being ready.
    pub async fn start(config: &Arguments, business: &str, added: &str, calls: usize) -> Result<Self, String> {
        let ready = config.config.is_none().then_some((business, added));
        Self::launch(config, ready, calls, false).await
    }

    /// Starts one for a rehearsal: it writes captions, and it answers for this ready-made business
    /// or, without one, as it is configured.
    ///
    /// # Errors
    /// What the box said instead of being ready.
    pub async fn rehearsing(config: &Arguments, ready: Option<&str>) -> Result<Self, String> {
        let ready = ready.or(config.config.is_none().then_some("salon"));
        Self::launch(config, ready.map(|ready| (ready, "")), 2, true).await
    }

    async fn launch(
        config: &Arguments,
        ready_made: Option<(&str, &str)>,
        calls: usize,
        captions: bool,
    ) -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| format!("this program can't find itself: {error}"))?;
        let folder = Folder::make()?;
        let records = folder.0.join("bench.db");
        let mut settings = overrides(&records, calls);
        if captions {
            // Whether calls are answered in time is not what is rehearsed.
            settings.push("calls.answer_within_ms=0".into());
            settings.push(format!("records.captions={}", folder.0.join(CAPTIONS).display()));
        }
        let (file, business) = match (&config.config, ready_made) {
            (Some(file), None) => {
                let loaded = config.load().map_err(|error| error.to_string())?;
                (file.clone(), loaded.config.business.folder)
            }
            (_, ready_made) => {
                settings.extend(models(config)?);
                let (name, added) = ready_made.unwrap_or(("salon", ""));
                let file = init(&program, &folder.0, name).await?;
                let business = file.with_file_name("business");
                append(&business.join("business.toml"), added)?;
                (file, business)
            }
        };
        let mut child = Command::new(&program)
            .arg("run")
            .arg("--config")
            .arg(&file)
            .args(config.set.iter().flat_map(|setting| ["--set", setting]))
            .args(settings.iter().flat_map(|setting| ["--set", setting]))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("the box can't be started: {error}"))?;
        let uri = ready(&mut child).await?;
        Ok(OwnBox { uri, records, business, child, folder })
    }

    /// What it says as it says it.
    pub fn captions(&self) -> PathBuf {
        self.folder.0.join(CAPTIONS)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// Has it say goodbye; kills it if it does not come to an end.
    pub async fn stop(mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            let _ = kill_process(pid, Signal::TERM); // it may have gone by itself
        }
        if timeout(STOP, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

fn overrides(records: &Path, calls: usize) -> Vec<String> {
    let first = fastrand::u16(PORTS) & !1;
    let last = first.saturating_add(u16::try_from(4 * calls.max(10)).unwrap_or(u16::MAX));
    vec![
        "sip.bind=127.0.0.1".into(),
        "sip.port=0".into(),
        "sip.advertised=".into(),
        format!("sip.max_calls={}", calls.max(1)),
        format!("rtp.first_port={first}"),
        format!("rtp.last_port={last}"),
        format!("records.database={}", records.display()),
        "log.level=warn".into(),
    ]
}

/// A box in a temporary folder takes the models that this program finds from here.
fn models(config: &Arguments) -> Result<Option<String>, String> {
    let loaded = config.load_or_default().map_err(|error| error.to_string())?;
    let folder = models_folder(&loaded.config.engines);
    Ok(std::path::absolute(folder).ok().map(|folder| format!("engines.models={}", folder.display())))
}

async fn init(program: &Path, folder: &Path, business: &str) -> Result<PathBuf, String> {
    let home = folder.join("box");
    let made =
        Command::new(program).arg("init").arg(&home).args(["--business", business]).stdin(Stdio::null()).output();
    let made = made.await.map_err(|error| format!("`callbox init` can't be started: {error}"))?;
    if made.status.success() {
        Ok(home.join("callbox.toml"))
    } else {
        Err(format!("`callbox init` failed: {}", String::from_utf8_lossy(&made.stderr).trim()))
    }
}

fn append(file: &Path, text: &str) -> Result<(), String> {
    let written = OpenOptions::new().append(true).open(file).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| format!("{} can't be added to: {error}", file.display()))
}

/// Waits for the line `ready sip:..`.
async fn ready(child: &mut Child) -> Result<String, String> {
    let Some(stdout) = child.stdout.take() else { return Err("the box has no output".into()) };
    let mut lines = BufReader::new(stdout).lines();
    let found = timeout(START, async {
        while let Ok(Some(line)) = lines.next_line().await {
            if let Some(uri) = line.strip_prefix("ready ") {
                return Some(uri.trim().to_owned());
            }
        }
        None
    });
    match found.await {
        Ok(Some(uri)) => Ok(uri),
        Ok(None) => Err("the box ended instead of getting ready; it said why above".into()),
        Err(_) => Err(format!("the box was not ready after {} s", START.as_secs())),
    }
}

/// A folder that goes with all that is in it.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, String> {
        let name = format!("callbox-bench-{}-{:08x}", std::process::id(), fastrand::u32(..));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).map_err(|error| format!("can't make {}: {error}", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // what is left is in the system's temporary folder
    }
}
