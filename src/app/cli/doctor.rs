//! `callbox doctor`: is this box fit to answer calls, and what to do where it is not.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use engine::manifest::{Kind, Manifest};
use serde_json::json;

use super::{CliError, block_on, lines, run, trunk};
use crate::calls::phrases::speak;
use crate::config::{Arguments, Config, Transport, load_business};
use crate::drivers::placement::prefer_this_thread;
use crate::drivers::ports::Ports;
use crate::drivers::sip::Sockets;
use crate::engines::{Engines, Models, model, models_folder, workers_folder};
use crate::observe;
use crate::remote::chat_url;

/// Is this box fit? Says what to do where it is not.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One object a check: check, ok, says.
    #[arg(long)]
    json: bool,
    /// Examine only this [[trunk]] or [[account]], step by step.
    #[arg(long, value_name = "NAME")]
    trunk: Option<String>,
    /// Call this number by it, and hang up when it is answered.
    #[arg(long, value_name = "NUMBER", requires = "trunk")]
    call: Option<String>,
    /// Write what was said on the wire, without names, numbers, passwords and keys (pcap).
    #[arg(long, value_name = "FILE", requires = "trunk")]
    pcap: Option<PathBuf>,
    #[command(flatten)]
    config: Arguments,
}

/// What a check found: a sentence either way.
type Finding = Result<String, String>;

/// Runs every check; later ones do not depend on earlier ones unless they must.
///
/// # Errors
/// Not ready, when any check fails.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("error");
    let mut report = Report { as_json: args.json, failed: 0 };
    let config = match args.config.load() {
        Ok(loaded) => {
            let from = loaded.file.as_deref().map_or("the defaults".to_owned(), |file| file.display().to_string());
            report.line("configuration", Ok(from));
            loaded.config
        }
        Err(error) => {
            report.line("configuration", Err(error.to_string()));
            return report.end();
        }
    };
    if let Some(name) = &args.trunk {
        let wanted = trunk::Wanted { name, call: args.call.as_deref(), trace: args.pcap.as_deref() };
        block_on(async {
            trunk::examine(&config, wanted, |step, finding| report.line(step, finding)).await;
            Ok(())
        })?;
        return report.end();
    }
    report.line("business", business(&config));
    report.line("database", database(&config.records.database));
    let folder = models_folder(&config.engines);
    for (kind, name) in [
        (Kind::Stt, &config.engines.stt.model),
        (Kind::Llm, &config.engines.llm.model),
        (Kind::Tts, &config.engines.tts.model),
    ] {
        let found = model(&folder, kind, name);
        report.line(&format!("{} model", kind.name()), found.as_ref().map(described).map_err(Clone::clone));
        if let Ok(manifest) = found {
            report.line(&format!("{} without network", kind.name()), no_egress(&config, &manifest));
        }
    }
    report.line("egress", egress(&config));
    block_on(async {
        report.line("SIP port", sip(&config).await);
        match lines::findings(&config).await {
            Ok(found) => found.into_iter().for_each(|(name, finding)| report.line(&name, finding)),
            Err(error) => report.line("telephone lines", Err(error.to_string())),
        }
        report.line("RTP ports", rtp(&config));
        report.line("real time", real_time());
        engines(&config, &mut report).await;
        Ok(())
    })?;
    report.end()
}

fn described(manifest: &Manifest) -> String {
    format!("{} ({}), its files are as its manifest says", manifest.name, manifest.path.display())
}

fn business(config: &Config) -> Finding {
    let loaded = load_business(&config.business.folder).map_err(|error| error.to_string())?;
    let business = loaded.business;
    Ok(format!(
        "{}: {} services, {} passages of knowledge",
        business.identity.name,
        business.services.len(),
        loaded.passages.len()
    ))
}

fn database(path: &Path) -> Finding {
    let store = store::Store::open(path).map_err(|error| error.to_string())?;
    store.calls(1).map_err(|error| error.to_string())?;
    Ok(format!("{} opens and reads", path.display()))
}

async fn sip(config: &Config) -> Finding {
    let address = SocketAddr::new(config.sip.bind, config.sip.port);
    let tcp = config.sip.transports.contains(&Transport::Tcp);
    let sockets =
        Sockets::bind(address, tcp).await.map_err(|error| format!("{error} (a running callbox has it, perhaps)"))?;
    run::with_tls(sockets, config).map_err(|error| error.to_string())?;
    Ok(format!("{address} is free"))
}

fn rtp(config: &Config) -> Finding {
    let ports = Ports::new(config.sip.bind, config.rtp.first_port..=config.rtp.last_port);
    ports.open().map_err(|error| error.to_string())?;
    Ok(format!("room for {} calls", ports.pairs()))
}

/// What the pacer may ask for, tried on a thread of its own.
fn real_time() -> Finding {
    let right = std::thread::spawn(prefer_this_thread).join().map_err(|_| "no thread could be tried".to_owned())?;
    Ok(right.sentence().to_owned())
}

/// Where the daemon itself sends what callers say; the workers can't send anything.
fn egress(config: &Config) -> Finding {
    let remote = &config.engines.remote;
    if remote.url.trim().is_empty() {
        return Ok("no words of callers leave this box: there is no remote model".to_owned());
    }
    let url = chat_url(&remote.url)?;
    Ok(format!("what callers say goes to {url} (engines.remote.url), for decisions; no audio does"))
}

/// Starts a worker that tries to break out of its own sandbox.
fn no_egress(config: &Config, manifest: &Manifest) -> Finding {
    let program = workers_folder(&config.engines).join(format!("callbox-{}", manifest.kind.name()));
    let output = Command::new(&program)
        .arg("--manifest")
        .arg(&manifest.path)
        .arg("--try-egress")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| {
            format!(
                "{} can't be started: {error}. Build it with scripts/setup && cargo build --release --workspace",
                program.display()
            )
        })?;
    let said = String::from_utf8_lossy(&output.stdout);
    let open: Vec<&str> = said.lines().filter(|line| line.contains("ALLOWED")).collect();
    let tried = said.lines().filter(|line| line.contains(": ")).count();
    match (output.status.success(), tried, open.is_empty()) {
        (true, 1.., true) => Ok(format!("it tried {tried} ways out and was refused each")),
        (_, 0, _) => {
            Err(format!("{} did not run: {}", program.display(), String::from_utf8_lossy(&output.stderr).trim()))
        }
        _ => Err(format!("it got out: {}. Run on a kernel with seccomp and landlock (5.13 or later)", open.join("; "))),
    }
}

/// Starts the engines and times one piece of work of the voice, the slowest to start speaking.
async fn engines(config: &Config, report: &mut Report) {
    let models = match Models::find(&config.engines) {
        Ok(models) => models,
        Err(_) => return, // said above
    };
    let started = Instant::now();
    let engines = match Engines::start(&config.engines, &models, 1, None) {
        Ok(engines) => engines,
        Err(why) => return report.line("engines", Err(why)),
    };
    let ready = engines.ready().await;
    report.line("engines", ready.map(|()| format!("all three ready after {} ms", started.elapsed().as_millis())));
    for (name, about) in engines.about().into_iter().filter(|(_, about)| !about.is_empty()) {
        report.line(&format!("{name} engine"), Ok(about));
    }
    let Ok(loaded) = load_business(&config.business.folder) else { return };
    let voice = run::voice(&loaded.business, &models);
    let asked = Instant::now();
    let spoken = speak(&engines.tts, &voice, "this is a test of the voice").await;
    report.line(
        "voice",
        spoken.map(|clip| format!("{} ms of speech in {} ms", clip.total_ms(), asked.elapsed().as_millis())),
    );
}

struct Report {
    as_json: bool,
    failed: u32,
}

impl Report {
    fn line(&mut self, check: &str, finding: Finding) {
        self.failed += u32::from(finding.is_err());
        let (ok, says) = match finding {
            Ok(says) => (true, says),
            Err(says) => (false, says),
        };
        if self.as_json {
            println!("{}", json!({ "check": check, "ok": ok, "says": says }));
        } else {
            println!(
                "{} {check:<20} {}",
                if ok { "ok  " } else { "BAD " },
                says.replace('\n', "\n                          ")
            );
        }
    }

    fn end(self) -> Result<(), CliError> {
        match self.failed {
            0 => Ok(()),
            1 => Err(CliError::NotReady("one check failed; see BAD above for what to do".into())),
            failed => Err(CliError::NotReady(format!("{failed} checks failed; see BAD above for what to do"))),
        }
    }
}
