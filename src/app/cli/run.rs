//! `callbox run`: the appliance.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dialogue::Brain;
use dialogue::agent::{Agent, Caller, PromptStyle, SpeechMode, Trust};
use dialogue::business::{Business, Phrase};
use dialogue::conversation;
use dialogue::shaping::{self, Language};
use engine::manifest;
use store::Store;
use telephony::sip::{self, Endpoint, Hop};
use tokio::signal::unix::{SignalKind, signal};

use super::CliError;
use crate::calls::admission::Admission;
use crate::calls::handover::{ContextField, Outward};
use crate::calls::phrases::{Phrases, prepare, prepare_at_leisure};
use crate::calls::probe::Probe;
use crate::calls::{Captions, House, Rules, Strain, Switchboard, VoiceChoice};
use crate::config::{Arguments, Band, Config, Dial, Lines, SrtpKeys, Transport, load_business};
use crate::drivers::placement::Placement;
use crate::drivers::ports::Ports;
use crate::drivers::tls::Tls;
use crate::drivers::{Clock, pacer::Pacer, sip as driver};
use crate::engines::{Engines, Models, keep_warm};
use crate::load::{Capacity, machine};
use crate::observe::{self, JsonLines};
use crate::recordings::{self, Recordings};
use crate::tools::Tools;
use crate::tools::dialling::Dialling;

/// Speech kept ready beside the fixed phrases, in minutes; a megabyte each.
const CACHE_MINUTES: usize = 30;

/// Pieces of work each engine is tried with before the first call.
const TRIES: usize = 2;

/// How long the lines may take to be given back when the box stops.
const GOOD_BYE: Duration = Duration::from_secs(3);

/// Answer calls until stopped.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    config: Arguments,
}

/// Runs the appliance until SIGINT or SIGTERM.
///
/// # Errors
/// Whatever keeps it from answering calls; nothing is left running then.
pub fn run(args: Args) -> Result<(), CliError> {
    let loaded = args.config.load().map_err(CliError::not_ready)?;
    observe::log(&loaded.config.log.level);
    let placement = Placement::reserve(); // before there is any other thread
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Failed(format!("no threads: {error}")))?;
    let result = runtime.block_on(appliance(loaded.config, placement));
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

async fn appliance(config: Config, placement: Placement) -> Result<(), CliError> {
    let stop = stop_signal()?;
    let clock = Clock::start();
    let notes = config.records.load.as_deref().map(|path| lines_to(path, "records.load")).transpose()?;
    let models = Models::find(&config.engines).map_err(CliError::NotReady)?;
    // Bind before the engines start: a taken port is told within milliseconds.
    let address = SocketAddr::new(config.sip.bind, config.sip.port);
    let tcp = config.sip.transports.contains(&Transport::Tcp);
    let sockets = driver::Sockets::bind(address, tcp).await.map_err(CliError::not_ready)?;
    let sockets = with_tls(sockets, &config)?;
    let bound = sockets.udp.local_addr().map_err(CliError::not_ready)?;
    let state = config.records.database.parent();
    let engines = Engines::start(&config.engines, &models, config.sip.max_calls, state).map_err(CliError::NotReady)?;
    let (outward, placed) = tokio::sync::mpsc::channel(64);
    let (house, prior) = open_house(&config, (clock, placement), engines, &models, (bound.port(), outward)).await?;
    let house = Arc::new(house);
    let reached = reached_at(&config, bound);
    let endpoint = Endpoint::new(config.endpoint(bound).map_err(CliError::failed)?, fastrand::u64(..));
    let line = driver::run(clock, sockets, endpoint);
    tokio::spawn(observe::lines(line.notices));
    let (signs, signed_off) = (line.commands.clone(), line.task);
    tokio::spawn(observe::watch_records(house.store.clone()));
    let admission = Admission::new(Arc::clone(&house), prior, notes);
    let switchboard = Switchboard::new(house, line.commands, placed, admission);
    announce(reached)?;
    let _ = signs.send(sip::Command::SignOn).await;
    drop(signs);
    // On the threads that the calls are on: this one would have to be woken for every event.
    let served = tokio::spawn(switchboard.run(line.events, stop));
    served.await.map_err(|error| CliError::Failed(format!("the switchboard broke: {error}")))?;
    let _ = tokio::time::timeout(GOOD_BYE, signed_off).await;
    tracing::info!("stopped");
    Ok(())
}

/// The same sockets with the certificates of the configuration.
///
/// # Errors
/// A certificate that can't be read, a port that is taken.
pub fn with_tls(sockets: driver::Sockets, config: &Config) -> Result<driver::Sockets, CliError> {
    let listens = config.sip.transports.contains(&Transport::Tls);
    let address = listens.then(|| SocketAddr::new(config.sip.bind, config.tls.port));
    let tls = Tls::new(&config.tls).map_err(CliError::not_ready)?;
    sockets.with_tls(tls, address).map_err(CliError::not_ready)
}

/// Everything calls share, warmed.
async fn open_house(
    config: &Config,
    (clock, placement): (Clock, Placement),
    engines: Engines,
    models: &Models,
    (sip_port, outward): (u16, tokio::sync::mpsc::Sender<Outward>),
) -> Result<(House, Capacity), CliError> {
    let loaded = load_business(&config.business.folder).map_err(CliError::not_ready)?;
    let business = Arc::new(loaded.business.clone());
    let trust = trust(&models.llm)?;
    let store = Store::open(&config.records.database).map_err(CliError::not_ready)?;
    let lost = store.close_lost_calls(Clock::unix_ms()).map_err(CliError::not_ready)?;
    if lost > 0 {
        tracing::warn!(calls = lost, "calls of a former run were cut off; their records are closed as lost");
    }
    let recordings = recordings(config, &business, clock, &store)?;
    let tools = Tools::new(store.clone(), &loaded).map_err(CliError::not_ready)?;
    let max_call_ms = u64::from(config.calls.max_length_s) * 1000;
    let conversation = conversation::Config { max_call_ms, ..Default::default() };
    engines.ready().await.map_err(CliError::NotReady)?;
    let voice = voice(&business, models);
    let phrases = Arc::new(Phrases::with_room_for_minutes(CACHE_MINUTES));
    let anybody = Agent::new(Arc::clone(&business), trust, Caller::default(), 0);
    keep_warm(engines.llm.clone(), anybody.shared_prompt());
    let mut fixed = anybody.phrases();
    // The greeting and the lines for when the voice is gone are there before the first call; the
    // rest, which takes a slow voice a minute, while it is answered.
    let mut first: Vec<String> = fixed.drain(..fixed.len().min(1)).collect();
    first.extend(recordings.iter().map(|_| business.phrases.text(Phrase::Recorded).to_owned()));
    first.extend(conversation.lines.phrases());
    first.push(config.calls.busy_message.clone());
    prepare(&phrases, &engines.tts, &voice, &first, conversation.language).await.map_err(CliError::NotReady)?;
    let local = jiff::Timestamp::now().to_zoned(loaded.timezone.clone()).datetime();
    let probe = Probe::new(&engines, voice.clone(), &business, trust, local).await.map_err(CliError::NotReady)?;
    let prior = prior(&probe).await.map_err(CliError::NotReady)?;
    // After the trial, which it would disturb.
    tokio::spawn(prepare_at_leisure(
        Arc::clone(&phrases),
        engines.tts.clone(),
        voice.clone(),
        fixed,
        conversation.language,
    ));
    let rules = rules(config, conversation.language);
    let house = House {
        clock,
        engines,
        pacer: Pacer::start_on(clock, placement).map_err(CliError::failed)?,
        ports: Ports::new(config.sip.bind, config.rtp.first_port..=config.rtp.last_port),
        takes_wide: config.engines.stt.band == Band::Wide,
        srtp: config.rtp.srtp.into(),
        dtls: config.rtp.srtp_keys == SrtpKeys::Dtls,
        codecs: config.rtp.codecs.iter().map(|codec| (*codec).into()).collect(),
        advertised: config.sip.advertised,
        business,
        trust,
        voice,
        phrases,
        tools: Arc::new(tools),
        store,
        zone: loaded.timezone,
        conversation,
        media_timeout: Duration::from_secs(20),
        sip_port,
        outward,
        out: ways_out(&config.lines),
        context: ContextField::new(&config.dial),
        dialling: dialling(&config.dial, &config.lines, &loaded.business),
        captions: captions(config)?,
        recordings,
        rules,
        strain: Strain::default(),
    };
    Ok((house, prior))
}

/// Who is let in.
fn rules(config: &Config, language: Language) -> Rules {
    let wanted = &config.calls;
    Rules {
        answer_within: (wanted.answer_within_ms > 0).then(|| Duration::from_millis(wanted.answer_within_ms.into())),
        when_busy: wanted.when_busy,
        message: shaping::clauses(&shaping::speakable(&wanted.busy_message, language)),
        hold: Duration::from_secs(wanted.hold_s.into()),
    }
}

/// What the box can do, as far as an idle one tells.
///
/// # Errors
/// An engine that does not work.
async fn prior(probe: &Probe) -> Result<Capacity, String> {
    let service_ms =
        [probe.stt(1, TRIES).await?, probe.llm(1, TRIES).await?, probe.tts(1, TRIES).await?].map(|it| it.service_ms());
    let prior = Capacity::presumed(machine::processors(), service_ms);
    tracing::info!(
        stt_ms = service_ms[0].round(),
        llm_ms = service_ms[1].round(),
        tts_ms = service_ms[2].round(),
        "engines tried: a piece of a call takes them so long"
    );
    Ok(prior)
}

/// Who may be called; a target of the business that may not is told about now, not when a caller waits.
fn dialling(dial: &Dial, lines: &Lines, business: &Business) -> Dialling {
    let mut dialling = Dialling::new(dial.allow.clone(), dial.gateway.clone(), dial.per_call, dial.per_hour);
    for account in &lines.accounts {
        dialling.is_us(&account.user, [&account.name, &account.domain, &account.hop.host]);
    }
    for target in &business.transfer.to {
        if let Err(refused) = dialling.address(&target.address) {
            tracing::warn!(target = target.address, %refused, "a target of [transfer] in business.toml will not be called");
        }
    }
    dialling
}

/// The names that calls may go out by, and where they lead: audio goes the same way.
fn ways_out(lines: &Lines) -> Vec<(String, Hop)> {
    let accounts = lines.accounts.iter().map(|account| (account.name.clone(), account.hop.clone()));
    let trunks = lines.trunks.iter().filter_map(|trunk| Some((trunk.name.clone(), trunk.targets.first()?.clone())));
    accounts.chain(trunks).collect()
}

/// A file that gets a line for what happens.
fn lines_to<T: serde::Serialize>(path: &Path, key: &'static str) -> Result<JsonLines<T>, CliError> {
    JsonLines::open(path, key).map_err(|error| {
        CliError::NotReady(format!("{key}: can't write {}: {error}; name another file", path.display()))
    })
}

/// The recorder, where the business has its calls recorded.
fn recordings(
    config: &Config,
    business: &Business,
    clock: Clock,
    store: &Store,
) -> Result<Option<Recordings>, CliError> {
    if !business.recording.on {
        return Ok(None);
    }
    let language = conversation::Config::default().language;
    let clauses = |phrase| shaping::clauses(&shaping::speakable(business.phrases.text(phrase), language));
    let days = u64::from(config.records.recordings_days);
    let rules = recordings::Rules {
        folder: config.records.recordings.clone(),
        keep: (days > 0).then(|| Duration::from_secs(days * 86_400)),
        notice: clauses(Phrase::Recorded),
        refusal: clauses(Phrase::NotRecorded),
    };
    tracing::info!("calls are recorded, and callers told so, in {}", rules.folder.display());
    Recordings::start(rules, clock, store.clone()).map(Some).map_err(CliError::NotReady)
}

/// What rehearsals read.
fn captions(config: &Config) -> Result<Option<Captions>, CliError> {
    let open = |path: &PathBuf| {
        Captions::open(path).map_err(|error| {
            CliError::NotReady(format!("records.captions: can't write {}: {error}; name another file", path.display()))
        })
    };
    config.records.captions.as_ref().map(open).transpose()
}

/// What the model is trusted with, by its manifest; the business may narrow it further.
///
/// # Errors
/// When the model was made for prompts this program can't write.
pub fn trust(model: &manifest::Manifest) -> Result<Trust, CliError> {
    let speech = match model.trusted.speech {
        manifest::Speech::Quoted => SpeechMode::Quoted,
        manifest::Speech::Free => SpeechMode::Free,
    };
    match model.llm.prompt.as_str() {
        "starter-1" => Ok(Trust { speech, prompt: PromptStyle::Starter }),
        "chat-1" => Ok(Trust { speech, prompt: PromptStyle::Chat }),
        other => Err(CliError::NotReady(format!(
            "{}: this release writes no prompts of the kind \"{other}\": choose another engines.llm.model",
            model.path.display()
        ))),
    }
}

/// The voice of this business.
pub fn voice(business: &Business, models: &Models) -> VoiceChoice {
    let name = business.speech.voice.clone().unwrap_or_else(|| models.tts.name.clone());
    VoiceChoice { name, speed: business.speech.speed }
}

/// The address peers reach SIP at.
fn reached_at(config: &Config, bound: SocketAddr) -> SocketAddr {
    let ip: IpAddr = config.sip.advertised.unwrap_or(bound.ip());
    SocketAddr::new(ip, bound.port())
}

/// The one line on standard output that scripts wait for.
fn announce(reached: SocketAddr) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready sip:{reached}").and_then(|()| out.flush()).map_err(CliError::failed)
}

fn stop_signal() -> Result<impl Future<Output = ()>, CliError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(CliError::failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(CliError::failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
