use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::process::{Child, Command};

/// How one worker is started and how long it may take for what.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The worker's program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// A file of what outlasts the worker, where it keeps anything: it can open none itself.
    pub kept: Option<PathBuf>,
    /// Longest time from start to ready.
    pub start_limit: Duration,
    /// Longest time without an answer to a heartbeat.
    pub silence_limit: Duration,
    /// Longest time with work in flight and no answer to any of it: its engine hangs.
    pub work_limit: Duration,
}

impl Launch {
    /// A worker with the usual limits.
    pub fn new(program: PathBuf, args: Vec<String>) -> Self {
        Launch {
            program,
            args,
            kept: None,
            start_limit: Duration::from_secs(120),
            silence_limit: Duration::from_secs(4),
            work_limit: Duration::from_secs(60),
        }
    }

    /// Starts the process with one end of a fresh socket pair as its standard input, and the file of what
    /// outlasts it as its output. It gets nothing else of ours: no environment but the locale, no other
    /// descriptor.
    pub(super) fn spawn(&self) -> io::Result<(Child, UnixStream)> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .env("OMP_WAIT_POLICY", "passive")
            .env("GGML_NO_BACKTRACE", "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(self.kept.as_deref().and_then(kept).map_or_else(Stdio::null, Stdio::from))
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!(
                        "can't start the worker {}: {error}. Build it with `cargo build --release --workspace`, \
                         or set engines.workers to the folder it is in",
                        self.program.display()
                    ),
                )
            })?;
        Ok((child, UnixStream::from_std(ours)?))
    }
}

/// The file, for its owner alone. Without it a worker computes anew what it could have kept.
fn kept(path: &Path) -> Option<File> {
    let open = File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    open.inspect_err(|error| {
        tracing::warn!(path = %path.display(), %error, "nothing can be kept for the next start of the language model");
    })
    .ok()
}
