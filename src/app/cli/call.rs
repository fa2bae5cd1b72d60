//! `callbox call`: be a caller.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{CliError, block_on};
use crate::caller::script::{self, Act, Start, Turn};
use crate::caller::utterance::Booth;
use crate::caller::{Audio, Error, Event, Script, Settings, Setup, Target, call};
use crate::calls::VoiceChoice;
use crate::config::{Arguments, Codec};
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;
use crate::engines::{Client, model, models_folder, start_tts};
use crate::observe;
use engine::Tts;
use engine::manifest::Kind;

/// The caller's voice unless another is chosen: not the one the box answers with.
pub const VOICE: &str = "espeak-en-us+m3";

/// Be a caller: dial, speak a script, listen, measure at the wire. Without anything to say it
/// hears the greeting out and hangs up.
#[derive(Debug, clap::Args)]
#[command(after_long_help = script::HELP)]
pub struct Args {
    /// Whom to call: sip:box@127.0.0.1:5060, with ;transport=tcp for TCP.
    uri: String,
    /// What to say and do, one turn a line (see below).
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Say this, after the script; may be given several times.
    #[arg(long, value_name = "TEXT")]
    say: Vec<String>,
    /// Play this file, after all else.
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// The caller's voice: espeak-en-gb+f3, a Piper voice, or flite:slt.
    #[arg(long, default_value = VOICE)]
    voice: String,
    /// Its speed; 1.0 is its own.
    #[arg(long, default_value_t = 1.0)]
    speed: f32,
    /// Write both sides: caller left, agent right.
    #[arg(long, value_name = "WAV")]
    record: Option<PathBuf>,
    /// One object an event.
    #[arg(long)]
    json: bool,
    /// Codecs to offer, in this order.
    #[arg(long, value_enum, value_name = "CODEC", value_delimiter = ',', default_value = "pcmu,pcma")]
    codecs: Vec<Codec>,
    /// Offer encrypted audio (SRTP), and nothing else.
    #[arg(long)]
    srtp: bool,
    /// The same with keys by a handshake (DTLS-SRTP).
    #[arg(long)]
    dtls: bool,
    /// Own address, with or without a port.
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Own number, or number and name: 5550100/Jane.
    #[arg(long, value_name = "USER[/NAME]", default_value = "caller")]
    from: String,
    /// Silence of the agent that counts as finished, in milliseconds.
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u64).range(100..=30_000))]
    patience_ms: u64,
    /// How long an answer is waited for before going on, in seconds.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u64).range(1..=600))]
    answer_wait_s: u64,
    /// The longest call, in seconds.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=14_400))]
    max_s: u64,
    /// Let the agent have this caller's phone call somebody else (REFER), and say that this call
    /// ended with this status, like 200 or 486: none is placed. Without it the phone refuses.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=699))]
    refer: Option<u16>,
    #[command(flatten)]
    config: Arguments,
}

/// Runs the verb.
///
/// # Errors
/// Wrong arguments, no voice, a call that was refused or cut short.
pub fn run(args: Args) -> Result<(), CliError> {
    observe::log("off"); // what goes wrong is said once, as the outcome
    let target = Target::parse(&args.uri)?;
    let bind = args.bind.as_deref().map(address).transpose()?;
    let (script, folder) = script(&args)?;
    let (from_user, from_display) = match args.from.split_once('/') {
        Some((user, name)) => (user.to_owned(), Some(name.to_owned())),
        None => (args.from.clone(), None),
    };
    block_on(async {
        let voice = VoiceChoice { name: args.voice.clone(), speed: args.speed };
        let utterances = booth(&args.config, &script, &voice).await?.prepare(&script, &voice, &folder).await?;
        let clock = Clock::start();
        let setup = Setup {
            clock,
            pacer: Pacer::start(clock).map_err(CliError::failed)?,
            ports: None,
            target,
            bind,
            from_user,
            from_display,
            script,
            utterances,
            audio: Audio {
                codecs: args.codecs.iter().map(|codec| (*codec).into()).collect(),
                srtp: args.srtp,
                dtls: args.dtls,
            },
            live: None,
            settings: settings(&args),
            record: args.record.is_some(),
        };
        let taken = call(setup, |event| print(event, args.json)).await?;
        if let (Some(path), Some(recording)) = (&args.record, &taken.recording) {
            recording.write(path)?;
        }
        match (taken.complete, taken.answered) {
            (true, _) => Ok(()),
            (false, true) => Err(CliError::Failed(format!("the call ended before the script did: {}", taken.ending))),
            (false, false) => Err(CliError::Failed(format!("{} did not answer: {}", args.uri, taken.ending))),
        }
    })
}

/// A booth with the local voice, started if the script needs it.
///
/// # Errors
/// The voice can't be started.
pub async fn booth(config: &Arguments, script: &Script, voice: &VoiceChoice) -> Result<Booth, CliError> {
    if !Booth::needs_voice(script, &voice.name) {
        return Ok(Booth::new(None));
    }
    Ok(Booth::new(Some(voice_client(config, &voice.name).await?)))
}

/// The local voice, started.
///
/// # Errors
/// It can't be.
pub async fn voice_client(config: &Arguments, voice: &str) -> Result<Client<Tts>, CliError> {
    let engines = config.load_or_default().map_err(CliError::not_ready)?.config.engines;
    let folder = models_folder(&engines);
    // A Piper voice is loaded by its own manifest; espeak's voices come with any.
    let manifest = model(&folder, Kind::Tts, voice)
        .or_else(|_| model(&folder, Kind::Tts, &engines.tts.model))
        .map_err(CliError::NotReady)?;
    let client = start_tts(&engines, &manifest);
    client.ready().await.map_err(CliError::NotReady)?;
    Ok(client)
}

fn settings(args: &Args) -> Settings {
    Settings {
        patience: Duration::from_millis(args.patience_ms),
        answer_wait: Duration::from_secs(args.answer_wait_s),
        longest: Duration::from_secs(args.max_s),
        refer: args.refer,
    }
}

/// All that is to be said, and the folder that files in it are relative to.
fn script(args: &Args) -> Result<(Script, PathBuf), Error> {
    let (mut script, folder) = match &args.script {
        Some(path) => (read_script(path)?, path.parent().map(Path::to_owned).unwrap_or_default()),
        None => (Script::default(), PathBuf::new()),
    };
    script.turns.extend(Script::of_sentences(&args.say).turns);
    if let Some(path) = &args.wav {
        // Relative to where we are, not to the script.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let act = Act::Wav(path.to_string_lossy().into_owned());
        script.turns.push(Turn { wait: Duration::ZERO, start: Start::AfterAnswer, act });
    }
    Ok((script, folder))
}

/// Reads a script.
///
/// # Errors
/// The file or the line that can't be read.
pub fn read_script(path: &Path) -> Result<Script, Error> {
    let text = std::fs::read_to_string(path).map_err(|why| Error::Unreadable { path: path.to_owned(), why })?;
    Script::parse(&text).map_err(|why| Error::Script { path: path.to_owned(), why })
}

fn address(text: &str) -> Result<SocketAddr, CliError> {
    let whole = text.parse::<SocketAddr>();
    whole.or_else(|_| text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0))).map_err(|_| {
        CliError::Usage(format!("--bind {text}: write an address of this machine, like 192.168.1.20 or 127.0.0.1:5062"))
    })
}

fn print(event: &Event, as_json: bool) {
    let line = if as_json { serde_json::to_string(event).unwrap_or_default() } else { event.to_string() };
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush()); // a reader that has gone wants no more
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        match error {
            Error::Voice(_) => CliError::not_ready(error),
            Error::Script { .. } | Error::Target { .. } | Error::Unreadable { .. } => {
                CliError::Usage(error.to_string())
            }
            Error::Wav { .. } | Error::Unwritable { .. } | Error::Inaudible(_) | Error::Socket { .. } => {
                CliError::failed(error)
            }
        }
    }
}
