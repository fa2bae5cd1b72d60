//! A whole box for a test: the real programs, a business of its own, real SIP and RTP on loopback.
//!
//! Every wait ends with the event it is for, or with the test, and says what it waited for. A test
//! that needs a box begins with `let Some(site) = Site::new("name") else { return };`.
#![allow(dead_code, reason = "each test file needs a part of it")]

pub mod caller;
pub mod lines;
pub mod ports;
pub mod process;
pub mod records;
pub mod sip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use lines::Lines;

/// Longest time for the engines to load on a machine that does much else.
pub const START: Duration = Duration::from_secs(120);
/// Longest time for something that takes no work to speak of.
pub const SOON: Duration = Duration::from_secs(20);

const PROGRAMS: [&str; 4] = ["callbox", "callbox-stt", "callbox-llm", "callbox-tts"];

/// A folder with a business, and the programs that will run it.
pub struct Site {
    /// Where callbox.toml, the database and the logs are.
    pub folder: PathBuf,
    /// Where the programs are.
    pub programs: PathBuf,
}

impl Site {
    /// A fresh salon; `None`, with the reason on standard error, where the programs are not built
    /// and nobody said that they are.
    pub fn new(test: &str) -> Option<Self> {
        let programs = programs(test)?;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let site = Site { folder, programs };
        let made = site.callbox("init").arg(&site.folder).args(["--business", "salon"]).output().expect("callbox init");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        // Holidays would make a test depend on the day it is run on.
        site.edit("business/business.toml", |text| {
            let lines = text.lines().map(|line| if line.starts_with("closed = ") { "closed = []" } else { line });
            lines.collect::<Vec<_>>().join("\n") + "\n"
        });
        Some(site)
    }

    /// Changes a file of the site.
    pub fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let path = self.folder.join(file);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        fs::write(&path, change(text)).expect("a writable site");
    }

    /// `callbox VERB`, with nothing of the caller's environment that could configure it.
    pub fn callbox(&self, verb: &str) -> Command {
        let mut command = Command::new(self.programs.join("callbox"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLBOX_")) {
            command.env_remove(name);
        }
        command.arg(verb).stdin(Stdio::null());
        command
    }

    /// `callbox VERB ..` with this site's configuration, on loopback, any free SIP port, with the
    /// models of this clone, and however busy this machine is it lets calls in; `settings` go over it.
    pub fn configured(&self, verb: &[&str], settings: &[&str]) -> Command {
        let (first, more) = verb.split_first().expect("a verb");
        let mut command = self.callbox(first);
        command.args(more).arg("--config").arg(self.folder.join("callbox.toml"));
        let models = concat!("engines.models=", env!("CARGO_MANIFEST_DIR"), "/models");
        let own = ["sip.bind=127.0.0.1", "sip.port=0", "calls.answer_within_ms=0", models];
        for setting in own.iter().chain(settings) {
            command.args(["--set", setting]);
        }
        command
    }

    /// Starts the box and waits until it answers calls.
    pub fn start(&self, settings: &[&str]) -> Appliance {
        Appliance::start(self.configured(&["run"], settings))
    }

    /// Starts a box that must not get ready; its exit code and what it said.
    pub fn refusal(&self, settings: &[&str]) -> (Option<i32>, String) {
        let mut child = Reaped(
            self.configured(&["run"], settings)
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("a process"),
        );
        let out = Lines::of(child.0.stdout.take().expect("a pipe"));
        let log = Lines::of(child.0.stderr.take().expect("a pipe"));
        let status = child.end(START);
        log.closed(SOON);
        assert!(out.all().is_empty(), "it got ready: {:?}", out.all());
        (status.code(), log.all().join("\n"))
    }

    /// A script for a caller, as a file.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a writable site");
        path
    }

    /// A worker's program that comes back only so long after it was killed: what a large model
    /// takes to load. The others are as they are.
    pub fn slow_to_return(&self, worker: &str, seconds: u32) -> PathBuf {
        let folder = self.folder.join("workers");
        fs::create_dir_all(&folder).expect("a writable site");
        for program in PROGRAMS.into_iter().skip(1) {
            let real = self.programs.join(program);
            if program != worker {
                std::os::unix::fs::symlink(real, folder.join(program)).expect("a link");
                continue;
            }
            let (been, real) = (folder.join("been-here"), real.display().to_string());
            let text = format!(
                "#!/bin/sh\n[ -e '{0}' ] && /bin/sleep {seconds}\n: >'{0}'\nexec '{real}' \"$@\"\n",
                been.display()
            );
            fs::write(folder.join(program), text).expect("a writable site");
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(folder.join(program), mode).expect("a script that runs");
        }
        folder
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Where the programs are: where `scripts/test` says, or where a release build puts them.
fn programs(test: &str) -> Option<PathBuf> {
    let told = std::env::var_os("CALLBOX_BIN_DIR").map(PathBuf::from);
    let folder = told.clone().unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release"));
    let missing: Vec<&str> = PROGRAMS.into_iter().filter(|program| !folder.join(program).is_file()).collect();
    if missing.is_empty() {
        return Some(folder);
    }
    let why = format!("{} is not in {}", missing.join(", "), folder.display());
    assert!(told.is_none(), "CALLBOX_BIN_DIR is set and {why}: build it with `cargo build --release --workspace`");
    eprintln!("{test}: SKIPPED, for {why}. To run it: `cargo build --release --workspace`, or scripts/test for all");
    None
}

/// True where this program is installed. Where scripts/test runs, it must be.
pub fn installed(program: &str, package: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    let must = std::env::var_os("CALLBOX_BIN_DIR").is_some();
    assert!(found || !must, "{program} is not installed: scripts/setup does it (package {package})");
    if !found {
        eprintln!("SKIPPED, for {program} is not installed. To run it: scripts/setup (package {package})");
    }
    found
}

/// A process that does not outlive its test.
pub struct Reaped(pub Child);

impl Reaped {
    /// Waits for its end, at most so long.
    pub fn end(&mut self, limit: Duration) -> ExitStatus {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.0.try_wait().expect("a child") {
                return status;
            }
            assert!(Instant::now() < until, "process {} still runs after {limit:?}", self.0.id());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running box.
pub struct Appliance {
    process: Reaped,
    /// Where it answers: `sip:127.0.0.1:49152`.
    pub uri: String,
    /// What it logs.
    pub log: Lines,
}

impl Appliance {
    /// Starts it with this command and waits until it answers calls.
    pub fn start(mut command: Command) -> Self {
        let mut process = Reaped(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process"));
        let out = Lines::of(process.0.stdout.take().expect("a pipe"));
        let log = Lines::of(process.0.stderr.take().expect("a pipe"));
        match out.wait(START, |line| line.strip_prefix("ready ").map(str::to_owned)) {
            Some(uri) => Appliance { process, uri, log },
            None => panic!("the box did not get ready:\n{}", log.all().join("\n")),
        }
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// The port it answers at.
    pub fn port(&self) -> u16 {
        self.uri.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// The process id of a worker that runs now.
    pub fn worker(&self, program: &str) -> u32 {
        let found =
            process::children(self.pid()).into_iter().find(|pid| process::name(*pid).as_deref() == Some(program));
        found.unwrap_or_else(|| panic!("no {program} runs:\n{}", self.log.all().join("\n")))
    }

    /// Waits until another worker than the one with this process id is ready; its process id.
    pub fn replaced(&self, engine: &str, former: u32) -> u32 {
        self.log_line(&format!("a new {engine} worker"), |line| {
            let ready = line.contains("worker is ready") && line.contains(&format!("engine=\"{engine}\""));
            let pid: u32 = line.rsplit("pid=").next().filter(|_| ready)?.trim().parse().ok()?;
            (pid != former && process::runs(pid)).then_some(pid)
        })
    }

    /// Waits for a line of the log.
    pub fn log_line<T>(&self, what: &str, found: impl Fn(&str) -> Option<T>) -> T {
        let line = self.log.wait(SOON, found);
        line.unwrap_or_else(|| panic!("{what} is not in the log:\n{}", self.log.all().join("\n")))
    }

    /// `kill -9`, and nothing left of it.
    pub fn kill(mut self) {
        self.process.0.kill().expect("a process");
        self.process.end(SOON);
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> ExitStatus {
        process::signal(self.pid(), rustix::process::Signal::TERM);
        self.process.end(SOON)
    }
}
