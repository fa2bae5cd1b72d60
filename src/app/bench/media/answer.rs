//! The box's side.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use telephony::media::{Codec, Statistics};
use telephony::sip::{CallKey, Command, Config, Endpoint, Event, LocalMedia, NegotiatedMedia};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use crate::drivers::gaps::Counts;
use crate::drivers::media::{Heard, MediaLine};
use crate::drivers::pacer::Pacer;
use crate::drivers::playout::{Play, Progress};
use crate::drivers::ports::Ports;
use crate::drivers::{Clock, sip as driver};

/// Ports of its audio, below those that the system gives to the telephones.
const PORTS: std::ops::RangeInclusive<u16> = 20_000..=31_999;
/// As a call of the product looks at its stream and its reports.
const LOOK: Duration = Duration::from_millis(20);
const REPORT: Duration = Duration::from_secs(1);
const MEDIA_TIMEOUT: Duration = Duration::from_secs(20);
/// The tone it plays: 500 Hz, in chunks of 50 ms as a voice brings them, half a second ahead.
const CHUNK: usize = 400;
const CHUNKS: usize = 10;
/// Peak of the tones, and what counts as one when it comes back.
const LOUD: f64 = 8_000.0;
const AUDIBLE: u16 = 2_000;

/// What the box counted since it started.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Counted {
    /// Calls that are up.
    pub calls: u64,
    /// Of them, those whose latest sound was the telephone's tone.
    pub hear_tone: u64,
    pub sent: u64,
    pub received: u64,
    /// Never came, or came too late to be heard.
    pub lost: u64,
    pub dropped: u64,
    /// Gaps between the packets of a call as they were sent.
    pub gaps: Counts,
}

enum Mail {
    Media(NegotiatedMedia),
    Count(oneshot::Sender<Counted>),
}

/// Answers calls until its standard input is closed; every line there is answered with what was
/// counted so far.
///
/// # Errors
/// No sockets, no thread.
pub async fn answer(calls: usize, codec: Codec) -> std::io::Result<()> {
    let clock = Clock::start();
    let sockets = driver::Sockets::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), false).await?;
    let bound = sockets.udp.local_addr()?;
    let endpoint = Endpoint::new(Config::new(bound).max_calls(calls), fastrand::u64(..));
    let line = driver::run(clock, sockets, endpoint);
    let pacer = Pacer::start(clock)?;
    let ports = Ports::new(bound.ip(), PORTS);
    let mut house = House { clock, pacer, ports, codec, commands: line.commands, calls: Vec::new() };
    let mut events = line.events;
    let mut orders = orders()?;
    say(&format!("ready sip:{bound}"))?;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => house.take(event).await?,
                None => return Ok(()),
            },
            order = orders.recv() => match order {
                Some(()) => {
                    let counted = house.count().await;
                    say(&serde_json::to_string(&counted).unwrap_or_default())?;
                }
                None => return Ok(()),
            },
        }
    }
}

/// The lines of standard input, by a thread that waits for them.
fn orders() -> std::io::Result<mpsc::Receiver<()>> {
    let (said, orders) = mpsc::channel(1);
    std::thread::Builder::new().name("orders".into()).spawn(move || {
        let lines = std::io::stdin().lines().map_while(Result::ok);
        for _ in lines {
            if said.blocking_send(()).is_err() {
                return;
            }
        }
    })?;
    Ok(orders)
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush())
}

struct House {
    clock: Clock,
    pacer: Pacer,
    ports: Ports,
    codec: Codec,
    commands: mpsc::Sender<Command>,
    calls: Vec<(CallKey, mpsc::Sender<Mail>)>,
}

impl House {
    async fn take(&mut self, event: Event) -> std::io::Result<()> {
        match event {
            Event::Incoming { call, source, .. } => {
                let pair = self.ports.open_towards(source)?;
                let media = LocalMedia::plain(pair.local, vec![self.codec]);
                let line = MediaLine::new(pair, &self.pacer, MEDIA_TIMEOUT)?;
                let (post, mail) = mpsc::channel(16);
                self.calls.push((call, post));
                tokio::spawn(Exchange::new(self.clock, line).run(mail));
                let _ = self.commands.send(Command::Answer { call, media }).await;
            }
            Event::Media { call, media } => {
                if let Some((_, post)) = self.calls.iter().find(|(key, _)| *key == call) {
                    let _ = post.send(Mail::Media(media)).await; // one that is over takes none
                }
            }
            Event::Ended { call, .. } => self.calls.retain(|(key, _)| *key != call),
            _ => {}
        }
        Ok(())
    }

    async fn count(&self) -> Counted {
        let mut asked = Vec::with_capacity(self.calls.len());
        for (_, post) in &self.calls {
            let (reply, counted) = oneshot::channel();
            let _ = post.send(Mail::Count(reply)).await; // one that is over does not answer
            asked.push(counted);
        }
        let mut all = Counted::default();
        for counted in asked {
            let Ok(call) = counted.await else { continue };
            all.calls += 1;
            all.hear_tone += call.hear_tone;
            all.sent += call.sent;
            all.received += call.received;
            all.lost += call.lost;
            all.dropped += call.dropped;
            all.gaps.add(&call.gaps);
        }
        all
    }
}

fn tone() -> Vec<i16> {
    let turn = |at: usize| (at as f64 / 16.0 * std::f64::consts::TAU).sin();
    (0..CHUNK).map(|at| (LOUD * turn(at)) as i16).collect()
}

/// One call.
struct Exchange {
    clock: Clock,
    media: MediaLine,
    hears_tone: bool,
    look: Instant,
    reported: Instant,
}

impl Exchange {
    fn new(clock: Clock, media: MediaLine) -> Self {
        let now = Instant::now();
        Exchange { clock, media, hears_tone: false, look: now + LOOK, reported: now }
    }

    async fn run(mut self, mut mail: mpsc::Receiver<Mail>) {
        (0..CHUNKS).for_each(|_| self.play(tone()));
        loop {
            let wake = self.clock.instant(self.media.wake());
            tokio::select! {
                datagram = self.media.datagram() => {
                    let heard = self.media.receive(self.clock.now(), Some(datagram));
                    self.hear(heard);
                }
                mail = mail.recv() => match mail {
                    Some(Mail::Media(agreed)) => self.media.agree(self.clock.now(), &agreed),
                    Some(Mail::Count(reply)) => drop(reply.send(self.counted())),
                    None => return self.media.end(self.clock.now()),
                },
                () = sleep_until(self.look) => self.look(),
                () = sleep_until(wake.into()) => {
                    let heard = self.media.receive(self.clock.now(), None);
                    self.hear(heard);
                }
            }
        }
    }

    fn hear(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            if let Heard::Audio { samples, concealed, .. } = heard {
                self.hears_tone = !concealed && samples.iter().any(|sample| sample.unsigned_abs() > AUDIBLE);
            }
        }
    }

    fn look(&mut self) {
        self.look = (self.look + LOOK).max(Instant::now());
        while let Ok(progress) = self.media.stream.progress.pop() {
            if let Progress::Spent(samples) = progress {
                self.play(samples);
            }
        }
        if self.reported.elapsed() >= REPORT {
            self.reported = Instant::now();
            let heard = self.media.report_sent(self.clock.now());
            self.hear(heard);
        }
    }

    fn play(&mut self, samples: Vec<i16>) {
        self.media.stream.play(Play::Samples { speech: 0, clause: 0, samples });
    }

    fn counted(&self) -> Counted {
        let Statistics { received, lost, late, dropped, .. } = self.media.statistics();
        Counted {
            calls: 1,
            hear_tone: self.hears_tone.into(),
            sent: self.media.stream.sent.packets().into(),
            received,
            lost: lost + late,
            dropped,
            gaps: self.media.stream.gaps.counts(),
        }
    }
}
