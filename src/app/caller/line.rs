//! The call itself: sockets, the SIP endpoint, media, and the scripted caller on top.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use machine::{Now, Wake, World, drive};
use telephony::media::Input as MediaInput;
use telephony::sip::{self, CallKey, Codec, Command, EndCause, EndedBy, Endpoint, LocalMedia, Policy, Transport};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use super::Error;
use super::behaviour::{Caller, Input, Output, Settings};
use super::event::{By, Event, Ms, Summary, What};
use super::gaps::quantile;
use super::media::{Media, Noted};
use super::recording::Recording;
use super::script::{Script, Turn};
use super::target::Target;
use super::utterance::Utterance;
use crate::drivers::pacer::Pacer;
use crate::drivers::ports::{Ports, security};
use crate::drivers::route::own_address;
use crate::drivers::{Clock, sip as driver};

/// How often the pacer's reports are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often the receiver learns what was sent, for its reports.
const REPORT: Duration = Duration::from_secs(1);
/// How long our BYE may take to be answered, and how long the last message may take to leave.
const FAREWELL: Duration = Duration::from_secs(2);
const LAST_WORDS: Duration = Duration::from_millis(100);
/// Nobody lets a caller ring longer than this.
const RING_LIMIT: Duration = Duration::from_secs(60);
/// Audio ports of callers, well above a box's own.
const PORTS: (u16, u16) = (42_000, 59_998);

/// One call to make.
#[derive(Debug)]
pub struct Setup {
    /// The clock of all instants.
    pub clock: Clock,
    /// Sends the packets.
    pub pacer: Pacer,
    /// Ports for audio; `None` takes some upper ones.
    pub ports: Option<Arc<Ports>>,
    /// Whom to call.
    pub target: Target,
    /// Own address; `None` for the one the target is reached from, and any port.
    pub bind: Option<SocketAddr>,
    /// User part of the own address.
    pub from_user: String,
    /// Own name.
    pub from_display: Option<String>,
    /// What to do.
    pub script: Script,
    /// Made by [`Booth::prepare`](super::utterance::Booth::prepare): one place a turn.
    pub utterances: Vec<Option<Utterance>>,
    /// What to offer.
    pub audio: Audio,
    /// Decides what comes after the script, where the caller is to react to what it hears.
    pub live: Option<Live>,
    /// How to behave.
    pub settings: Settings,
    /// Keep both sides.
    pub record: bool,
}

/// The audio a caller offers.
#[derive(Debug, Clone)]
pub struct Audio {
    /// In order.
    pub codecs: Vec<Codec>,
    /// Offer SRTP, and nothing else.
    pub srtp: bool,
    /// The same with keys by a handshake (DTLS-SRTP).
    pub dtls: bool,
}

impl Default for Audio {
    fn default() -> Self {
        Audio { codecs: vec![Codec::Pcmu, Codec::Pcma], srtp: false, dtls: false }
    }
}

/// The wires to whoever decides what a caller does next.
#[derive(Debug)]
pub struct Live {
    /// Something is sent when a decision is wanted: the agent has gone silent.
    pub wanted: mpsc::Sender<()>,
    /// What was decided.
    pub decided: mpsc::Receiver<Next>,
}

/// What a live caller does next.
#[derive(Debug)]
pub enum Next {
    /// These turns, each with its utterance where it has one.
    Take(Vec<(Turn, Option<Utterance>)>),
    /// Hears on: the agent is not done.
    HearOn,
    /// All is said.
    Leave,
}

/// What came of a call.
#[derive(Debug, Clone)]
pub struct Taken {
    /// It was answered and the script ran to its end.
    pub complete: bool,
    /// It was answered.
    pub answered: bool,
    /// How it ended, with what to do where it failed.
    pub ending: String,
    /// Both sides, where wanted.
    pub recording: Option<Recording>,
    /// Gaps between received packets in order, in milliseconds.
    pub receive_gaps_ms: Vec<f64>,
}

/// Makes the call and lives until it is over.
///
/// # Errors
/// When it can't even be tried.
pub async fn call(setup: Setup, tell: impl FnMut(&Event)) -> Result<Taken, Error> {
    let destination = setup.target.resolve().await?;
    let mut line = Line::open(&setup, destination, tell).await?;
    let policy = if setup.audio.srtp || setup.audio.dtls { Policy::Required } else { Policy::Off };
    let security = security(policy, setup.audio.dtls).map_err(|why| Error::Socket { address: line.address, why })?;
    let dialled = setup.clock.now();
    line.order(Command::Dial {
        token: 1,
        target: setup.target.uri.clone(),
        destination: Some(destination),
        from_display: setup.from_display,
        from_user: setup.from_user,
        media: LocalMedia { address: line.address, codecs: setup.audio.codecs.clone(), security },
        transport: setup.target.transport,
        connection: None,
    });
    line.utterances = setup.utterances;
    line.live = setup.live;
    let mut caller = Caller::new(dialled, &setup.target.uri, setup.script, setup.settings);
    if line.live.is_some() {
        caller = caller.live();
    }
    drive(&mut caller, &mut line).await;
    sleep(LAST_WORDS).await; // the endpoint goes with the line, and its last message must leave first
    Ok(line.close(&caller, dialled))
}

/// The world around one caller.
struct Line<F> {
    clock: Clock,
    sip: driver::Line,
    call: Option<CallKey>,
    /// Where audio is received.
    address: SocketAddr,
    media: Media,
    utterances: Vec<Option<Utterance>>,
    live: Option<Live>,
    inputs: VecDeque<(Now, Input)>,
    look: Instant,
    reported: Instant,
    /// We hung up: when the answer to our BYE is no longer waited for.
    leave_at: Option<Instant>,
    /// Somebody presses Ctrl-C.
    interrupt: Option<Signal>,
    /// The other side has answered, and there are no keys yet.
    established: bool,
    over: bool,
    ending: String,
    /// As in the settings.
    refer: Option<u16>,
    dialled: Now,
    tell: F,
}

impl<F: FnMut(&Event)> Line<F> {
    async fn open(setup: &Setup, destination: SocketAddr, tell: F) -> Result<Self, Error> {
        let ip = match setup.bind {
            Some(bind) => bind.ip(),
            None => own_address(destination).ok_or_else(|| Error::Target {
                target: setup.target.uri.clone(),
                why: "this machine has no route to it".into(),
            })?,
        };
        let address = SocketAddr::new(ip, setup.bind.map_or(0, |bind| bind.port()));
        let fault = |why| Error::Socket { address, why };
        let sockets = driver::Sockets::bind(address, setup.target.transport == Transport::Tcp).await.map_err(fault)?;
        let bound = sockets.udp.local_addr().map_err(fault)?;
        let pair = setup.ports.as_ref().map_or_else(|| any_ports(ip).open(), |ports| ports.open()).map_err(fault)?;
        let address = pair.local;
        let mut config = sip::Config::new(bound).user_agent(concat!("Callbox-caller/", env!("CARGO_PKG_VERSION")));
        if setup.settings.refer.is_some() {
            config.referrers = vec![destination.ip().into()];
        }
        config.ring_limit = RING_LIMIT.min(setup.settings.longest);
        Ok(Line {
            clock: setup.clock,
            sip: driver::run(setup.clock, sockets, Endpoint::new(config, fastrand::u64(..))),
            call: None,
            address,
            media: Media::new(pair, &setup.pacer, setup.record).map_err(fault)?,
            utterances: Vec::new(),
            live: None,
            inputs: VecDeque::new(),
            look: Instant::now() + LOOK,
            reported: Instant::now(),
            leave_at: None,
            interrupt: signal(SignalKind::interrupt()).ok(),
            established: false,
            over: false,
            ending: String::new(),
            refer: setup.settings.refer,
            dialled: setup.clock.now(),
            tell,
        })
    }

    fn order(&self, command: Command) {
        let _ = self.sip.commands.try_send(command); // one call's commands always have room
    }

    /// Waits for one event; true when it was only time.
    async fn wait(&mut self, until: Now) -> bool {
        let wake = self.clock.instant(until.min(self.media.wake()));
        let leave_at = self.leave_at.unwrap_or_else(|| Instant::now() + FAREWELL);
        tokio::select! {
            biased;
            datagram = self.media.datagram() => self.receive(Some(datagram)),
            event = self.sip.events.recv() => match event {
                Some(event) => self.signalled(event),
                None => self.ended(EndCause::Unreachable, EndedBy::Network),
            },
            next = decided(&mut self.live) => self.decided(next),
            () = pressed(&mut self.interrupt) => self.interrupted(),
            () = sleep_until(self.look) => self.look_at_pacer(),
            () = sleep_until(leave_at), if self.leave_at.is_some() => self.over = true,
            () = sleep_until(wake.into()) => {
                if self.media.wake() <= self.clock.now() {
                    self.receive(None);
                }
                return true;
            }
        }
        false
    }

    /// Hangs up; asked again, leaves at once.
    fn interrupted(&mut self) {
        self.over = self.leave_at.is_some() || self.call.is_none();
        self.hang_up();
        let cause = "stopped by hand".to_owned();
        self.ending.clone_from(&cause);
        self.inputs.push_back((self.clock.now(), Input::HungUp { by: By::Caller, cause }));
    }

    fn decided(&mut self, next: Next) {
        let input = match next {
            Next::Take(decided) => {
                let (turns, utterances): (Vec<_>, Vec<_>) = decided.into_iter().unzip();
                self.utterances.extend(utterances);
                Input::Take(turns)
            }
            Next::HearOn => Input::HearOn,
            Next::Leave => Input::Leave,
        };
        self.inputs.push_back((self.clock.now(), input));
    }

    fn signalled(&mut self, event: sip::Event) {
        let now = self.clock.now();
        match event {
            sip::Event::Dialled { call, .. } => self.call = Some(call),
            sip::Event::Ringing { .. } => self.inputs.push_back((now, Input::Ringing)),
            sip::Event::Media { media, .. } => self.media.agree(now, &media),
            sip::Event::Established { .. } => {
                self.established = true;
                self.begin(now);
            }
            sip::Event::Digit { .. } | sip::Event::Reason { .. } => {}
            sip::Event::Referral { .. } => {}
            sip::Event::Refer { call, to } => {
                let at_ms = Ms::between(self.dialled, now);
                (self.tell)(&Event { at_ms, what: What::SentOn { to } });
                for status in [180, self.refer.unwrap_or(603)] {
                    self.order(Command::Referred { call, status });
                }
            }
            sip::Event::Ended { cause, by, .. } => self.ended(cause, by),
            sip::Event::Incoming { call, .. } => self.order(Command::Reject { call, status: 486, retry_after_s: None }),
        }
    }

    fn ended(&mut self, cause: EndCause, by: EndedBy) {
        self.over = true;
        let cause = words(cause);
        if self.ending.is_empty() {
            self.ending.clone_from(&cause);
        }
        let by = match by {
            EndedBy::Local => By::Caller,
            EndedBy::Remote => By::Agent,
            EndedBy::Network => By::Network,
        };
        self.inputs.push_back((self.clock.now(), Input::HungUp { by, cause }));
    }

    fn receive(&mut self, input: Option<MediaInput>) {
        let now = self.clock.now();
        let noted = self.media.receive(now, input);
        self.note(now, noted);
        self.begin(now);
    }

    /// The call is up once it can be spoken in.
    fn begin(&mut self, now: Now) {
        if self.established && self.media.is_ready() {
            self.established = false;
            self.inputs.push_back((now, Input::Established));
        }
    }

    fn look_at_pacer(&mut self) {
        self.look = (self.look + LOOK).max(Instant::now());
        let noted = self.media.look();
        self.note(self.clock.now(), noted);
        if self.reported.elapsed() >= REPORT {
            self.reported = Instant::now();
            let now = self.clock.now();
            let noted = self.media.report_sent(now);
            self.note(now, noted);
        }
    }

    fn note(&mut self, now: Now, noted: Vec<Noted>) {
        for noted in noted {
            let input = match noted {
                Noted::Audible => Input::Audible,
                Noted::Began(at) => Input::Began(at),
                Noted::Ended(at) => Input::Ended(at),
                Noted::Dead(why) => {
                    self.hang_up();
                    let cause = why.to_string();
                    self.ending.clone_from(&cause);
                    Input::HungUp { by: By::Network, cause }
                }
            };
            self.inputs.push_back((now, input));
        }
    }

    fn hang_up(&mut self) {
        if let Some(call) = self.call {
            self.order(Command::HangUp { call });
        }
        self.leave_at = Some(Instant::now() + FAREWELL);
    }

    fn close(mut self, caller: &Caller, dialled: Now) -> Taken {
        let now = self.clock.now();
        self.media.end(now);
        let gaps = self.media.gaps.sorted_ms();
        let statistics = self.media.statistics();
        let summary = Summary {
            complete: caller.is_complete(),
            turns: caller.turns(),
            packets_sent: self.media.packets_sent(),
            packets_received: statistics.received,
            packets_lost: statistics.lost,
            receive_gap_p50_ms: quantile(&gaps, 0.5),
            receive_gap_p99_ms: quantile(&gaps, 0.99),
            receive_gap_max_ms: quantile(&gaps, 1.0),
            jitter_ms: Ms(f64::from(statistics.jitter_us) / 1_000.0),
            codec: self.media.codec().map(str::to_owned),
            mos: self.media.mos().map(|mos| (mos * 100.0).round() / 100.0),
        };
        (self.tell)(&Event { at_ms: Ms::between(dialled, now), what: What::Summary(summary) });
        Taken {
            complete: caller.is_complete(),
            answered: caller.was_answered(),
            ending: self.ending,
            recording: self.media.recording,
            receive_gaps_ms: gaps,
        }
    }
}

impl<F: FnMut(&Event)> World<Caller> for Line<F> {
    fn perform(&mut self, output: Output) {
        match output {
            Output::Play(turn) => {
                if let Some(utterance) = self.utterances.get_mut(turn).and_then(Option::take) {
                    self.media.play(utterance);
                }
            }
            Output::Decide => {
                if let Some(live) = &self.live {
                    let _ = live.wanted.try_send(()); // one is asked for at a time: there is room
                }
            }
            Output::Press(digit) => self.media.press(digit),
            Output::HangUp => self.hang_up(),
            Output::Event(event) => {
                if let (What::HungUp { cause, .. }, true) = (&event.what, self.ending.is_empty()) {
                    self.ending.clone_from(cause);
                }
                (self.tell)(&event);
            }
        }
    }

    async fn next(&mut self, until: Now) -> Wake<Input> {
        loop {
            if let Some((at, input)) = self.inputs.pop_front() {
                return Wake::Input(at, input);
            }
            if self.over {
                return Wake::End;
            }
            if self.wait(until).await {
                return Wake::Time(self.clock.now());
            }
        }
    }
}

/// Waits for a decision; nobody left to make one is a caller with nothing to say.
async fn decided(live: &mut Option<Live>) -> Next {
    match live {
        Some(wires) => match wires.decided.recv().await {
            Some(next) => next,
            None => {
                *live = None;
                Next::Leave
            }
        },
        None => std::future::pending().await,
    }
}

/// Waits for Ctrl-C.
async fn pressed(interrupt: &mut Option<Signal>) {
    match interrupt {
        Some(interrupt) => drop(interrupt.recv().await),
        None => std::future::pending().await,
    }
}

/// Ports from a random place on, so that programs side by side do not fight for the same ones.
fn any_ports(ip: IpAddr) -> Ports {
    let first = fastrand::u16(PORTS.0..PORTS.1 - 4_000) & !1;
    Ports::new(ip, first..=first + 3_999)
}

/// Why a call ended, and what to do about it.
fn words(cause: EndCause) -> String {
    let advice = match cause {
        EndCause::HungUp => return "hung up".into(),
        EndCause::Cancelled => return "given up before it was answered".into(),
        EndCause::Rejected { status } => {
            let advice = match status {
                401 | 407 => "it wants a password, which this release can't give; allow calls from this address",
                403 => "it does not take calls from here; look at its rules",
                404 => "nobody there has this number; check the part before the @",
                486 | 600 => "busy; try again, or raise its limit of calls",
                488 | 415 => "no codec in common; it must speak PCMU or PCMA",
                480 | 503 => "not ready or full; on a Callbox `callbox doctor` says why",
                _ => "look into the log of the other side",
            };
            return format!("refused with status {status}: {advice}");
        }
        EndCause::NotAcknowledged => "the answer was never acknowledged",
        EndCause::Timeout => "nobody answered in time; check the address and port, and that the box runs",
        EndCause::Unreachable => "the message could not be delivered; check the address, and that the box runs",
        EndCause::NoMedia => "no audio could be agreed on; both sides need PCMU or PCMA and the same kind of address",
        EndCause::Expired => "the other side no longer showed that it was there",
    };
    advice.to_owned()
}
