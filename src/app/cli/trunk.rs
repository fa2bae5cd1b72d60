//! `callbox doctor --trunk NAME`: one line to the telephone network, step by step, in words. It
//! ends at the first step that fails, for what comes after can't be better.

use std::fs::File;
use std::io::BufWriter;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use telephony::sip::{AccountState, Command, EndCause, Endpoint, Event, Hop, LocalMedia, Notice, Search, Transport};
use tokio::net::{TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::run::with_tls;
use super::words::{status_of_call, status_of_options, status_of_register, tls_error};
use crate::config::{Config, SrtpKeys};
use crate::drivers::Clock;
use crate::drivers::names::{Names, addresses};
use crate::drivers::ports::{Ports, security};
use crate::drivers::sip::{Line, Sockets, run};
use crate::drivers::tap::Seen;
use crate::drivers::tls::{Tls, server_name};
use crate::observe::redact::Redactor;
use crate::observe::trace::Trace;

/// Messages on their way into the trace.
const MOST_SEEN: usize = 4_096;
/// How long a name server or a connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer may take; requests are given up after 64 round trips.
const ANSWER: Duration = Duration::from_secs(8);
const ROUND_TRIP: Duration = Duration::from_millis(100);
/// How soon a host says that nobody listens there.
const REFUSAL: Duration = Duration::from_millis(300);
/// How long a called number may take to answer.
const RINGING: Duration = Duration::from_secs(20);
/// How long the last messages may take.
const LEAVE: Duration = Duration::from_secs(2);

/// What a step found: a sentence either way.
type Finding = Result<String, String>;

/// What is asked of the doctor.
pub struct Wanted<'a> {
    /// Name of a `[[trunk]]` or an `[[account]]`.
    pub name: &'a str,
    /// A number to call.
    pub call: Option<&'a str>,
    /// Where the trace goes.
    pub trace: Option<&'a Path>,
}

/// Examines it; `tell` gets each step and what it found.
pub async fn examine(config: &Config, wanted: Wanted<'_>, mut tell: impl FnMut(&str, Finding)) {
    let lines = &config.lines;
    let trunk = lines.trunks.iter().find(|trunk| trunk.name == wanted.name);
    let account = lines.accounts.iter().find(|account| account.name == wanted.name);
    let hops: Vec<Hop> = match (trunk, account) {
        (Some(trunk), _) => trunk.targets.clone(),
        (_, Some(account)) => vec![account.hop.clone()],
        _ => {
            let known: Vec<&str> =
                lines.trunks.iter().map(|t| &*t.name).chain(lines.accounts.iter().map(|a| &*a.name)).collect();
            let known =
                if known.is_empty() { "there is none".to_owned() } else { format!("there are: {}", known.join(", ")) };
            return tell("trunk", Err(format!("no [[trunk]] or [[account]] is named \"{}\"; {known}", wanted.name)));
        }
    };
    if hops.is_empty() {
        let says = "it has no targets: it only takes calls, and there is nobody to ask. Its `from` says who may call";
        return tell("trunk", Ok(says.to_owned()));
    }
    let mut reached = 0;
    for hop in &hops {
        reached += usize::from(reach(config, hop, &mut tell).await);
    }
    if reached > 0 {
        speak(config, &wanted, &mut tell).await;
    }
}

/// Name, connection and certificate of one way; true where messages can be sent.
async fn reach(config: &Config, hop: &Hop, tell: &mut impl FnMut(&str, Finding)) -> bool {
    let found = Names::of_the_system().find(Search::new(hop, config.sip.look_up_records, 0)).await;
    let Some(to) = found.places.first().copied() else {
        tell(&format!("name {hop}"), Err(nowhere(hop).await));
        return false;
    };
    if hop.host.parse::<std::net::IpAddr>().is_err() {
        let all: Vec<String> = found.places.iter().map(ToString::to_string).collect();
        let says = match found.valid {
            None => format!("its address is {}", all.join(", ")),
            Some(_) => format!("its servers, by its SRV records, over {}: {}", found.transport.word(), all.join(", ")),
        };
        tell(&format!("name {hop}"), Ok(says));
    }
    let hop = &Hop { transport: found.transport, ..hop.clone() };
    let connected = match hop.transport {
        Transport::Udp => udp(to).await,
        Transport::Tcp => tcp(to).await.map(|_| format!("{to} takes connections")),
        Transport::Tls => tls(config, hop, to).await,
    };
    let fine = connected.is_ok();
    tell(&format!("connection {hop}"), connected);
    fine
}

/// Why a name leads nowhere.
async fn nowhere(hop: &Hop) -> String {
    match timeout(PATIENCE, addresses(&hop.host)).await {
        Ok(Err(why)) => {
            format!("the name {} has no address ({why}): check how it is written, or the box's DNS", hop.host)
        }
        Err(_) => "the name server does not answer: check the box's DNS".to_owned(),
        Ok(Ok(_)) => format!(
            "the SRV records of {} name servers that have no address: tell whoever runs that domain, or write a server \
             with its port",
            hop.host
        ),
    }
}

/// Over UDP silence says nothing yet, but a host may say that nobody is there.
async fn udp(to: SocketAddr) -> Finding {
    let any = crate::drivers::route::any(to.ip());
    let probe = async {
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(to).await?;
        socket.send(b"\r\n\r\n").await?; // a keep-alive (RFC 5626, 3.5.1): nobody minds it
        let mut buffer = [0; 64];
        match timeout(REFUSAL, socket.recv(&mut buffer)).await {
            Ok(received) => received.map(drop),
            Err(_) => Ok(()),
        }
    };
    match probe.await {
        Ok(()) => Ok(format!("datagrams to {to} leave this box")),
        Err(error) => Err(refused(&error, to, "UDP")),
    }
}

async fn tcp(to: SocketAddr) -> Result<TcpStream, String> {
    match timeout(PATIENCE, TcpStream::connect(to)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(refused(&error, to, "TCP")),
        Err(_) => Err(format!(
            "{to} does not answer within {} s: a firewall between, or a wrong address or port",
            PATIENCE.as_secs()
        )),
    }
}

fn refused(error: &std::io::Error, to: SocketAddr, transport: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::ConnectionRefused => {
            format!(
                "{} is there, but nothing listens on its {transport} port {}: check port and transport",
                to.ip(),
                to.port()
            )
        }
        std::io::ErrorKind::HostUnreachable | std::io::ErrorKind::NetworkUnreachable => {
            format!("{} can't be reached from here ({error}): check the box's network and routes", to.ip())
        }
        _ => format!("{to}: {error}"),
    }
}

async fn tls(config: &Config, hop: &Hop, to: SocketAddr) -> Finding {
    let stream = tcp(to).await?;
    let tls = Tls::new(&config.tls).map_err(|error| error.to_string())?;
    let name = server_name(&hop.host).map_err(|error| error.to_string())?;
    match timeout(PATIENCE, tls.connector().connect(name, stream)).await {
        Ok(Ok(_)) => Ok(format!("{to} takes connections and shows a certificate for {} that is trusted", hop.host)),
        Ok(Err(error)) => Err(tls_error(&error, &hop.host, to.port())),
        Err(_) => {
            Err(format!("{to} takes the connection and then says nothing: it does not speak TLS on port {}", to.port()))
        }
    }
}

/// What goes over the wire, and a file of it where one is wanted.
struct Watch {
    seen: mpsc::Receiver<Seen>,
    all: Vec<Seen>,
}

impl Watch {
    /// The status of the last final answer to a method.
    fn answer_to(&mut self, method: &str) -> Option<(u16, String)> {
        while let Ok(seen) = self.seen.try_recv() {
            self.all.push(seen);
        }
        self.all.iter().rev().filter(|seen| !seen.sent).find_map(|seen| {
            let text = String::from_utf8_lossy(&seen.bytes);
            let first = text.lines().next()?.strip_prefix("SIP/2.0 ")?;
            let (code, phrase) = first.split_once(' ').unwrap_or((first, ""));
            let of = text.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.trim().eq_ignore_ascii_case("cseq").then(|| value.trim().ends_with(method))
            })?;
            let code: u16 = code.parse().ok()?;
            (of && code >= 200).then(|| (code, phrase.to_owned()))
        })
    }

    fn write(mut self, file: &Path) -> Finding {
        while let Ok(seen) = self.seen.try_recv() {
            self.all.push(seen);
        }
        let count = self.all.len();
        let written = || -> std::io::Result<()> {
            let mut redactor = Redactor::default();
            let mut trace = Trace::begin(BufWriter::new(File::create(file)?))?;
            for seen in &self.all {
                let (from, to) = if seen.sent { (seen.local, seen.peer) } else { (seen.peer, seen.local) };
                trace.datagram(seen.at, from, to, &redactor.message(&seen.bytes))?;
            }
            trace.end()
        };
        match written() {
            Ok(()) => Ok(format!("{count} messages in {}, without names, numbers, passwords and keys", file.display())),
            Err(error) => Err(format!("{} can't be written: {error}", file.display())),
        }
    }
}

/// Asks by SIP, and calls where that is wanted.
async fn speak(config: &Config, wanted: &Wanted<'_>, tell: &mut impl FnMut(&str, Finding)) {
    let (to, seen) = mpsc::channel(MOST_SEEN);
    let mut watch = Watch { seen, all: Vec::new() };
    let mut asking = config.clone();
    asking.sip.transports.clear(); // nobody is to call here
    asking.lines.trunks.retain(|trunk| trunk.name == wanted.name);
    asking.lines.accounts.retain(|account| account.name == wanted.name);
    let mut line = match open(&asking, to).await {
        Ok(line) => line,
        Err(why) => return tell("SIP", Err(why)),
    };
    let is_account = !asking.lines.accounts.is_empty();
    let _ = line.commands.send(Command::SignOn).await;
    let finding = ask(&mut line, &mut watch, is_account).await;
    let fine = finding.is_ok();
    tell(if is_account { "registrar" } else { "OPTIONS" }, finding);
    if let (true, Some(number)) = (fine, wanted.call) {
        let called = call(&asking, &mut line, &mut watch, wanted.name, number).await;
        tell(&format!("call to {number}"), called);
    }
    let Line { commands, events, task, .. } = line;
    drop((commands, events));
    let _ = timeout(LEAVE, task).await;
    if let Some(file) = wanted.trace {
        tell("trace", watch.write(file));
    }
}

async fn open(config: &Config, tap: mpsc::Sender<Seen>) -> Result<Line, String> {
    let sockets = Sockets::bind(SocketAddr::new(config.sip.bind, 0), false).await.map_err(|error| error.to_string())?;
    let bound = sockets.udp.local_addr().map_err(|error| error.to_string())?;
    let mut sockets = with_tls(sockets, config).map_err(|error| error.to_string())?;
    sockets.tap = Some(tap);
    let mut endpoint = config.endpoint(bound).map_err(|error| error.to_string())?;
    endpoint.t1 = ROUND_TRIP;
    for account in &mut endpoint.accounts {
        account.only_ask = true;
    }
    for trunk in &mut endpoint.trunks {
        trunk.ping = trunk.ping.or(Some(Duration::from_secs(30)));
    }
    Ok(run(Clock::start(), sockets, Endpoint::new(endpoint, fastrand::u64(..))))
}

/// Waits for what the registrar, or the first of the targets, says.
async fn ask(line: &mut Line, watch: &mut Watch, is_account: bool) -> Finding {
    let method = if is_account { "REGISTER" } else { "OPTIONS" };
    let until = Instant::now() + ANSWER;
    loop {
        let notice = match timeout_at(until, line.notices.recv()).await {
            Ok(Some(notice)) => notice,
            Ok(None) | Err(_) => break,
        };
        match notice {
            Notice::Account { state: AccountState::Registered { registrar, .. }, .. } => {
                return Ok(format!("{registrar} accepts its user and password"));
            }
            Notice::Account { state: AccountState::Failed { why, .. }, .. } => {
                return Err(match watch.answer_to(method) {
                    Some((status, phrase)) => status_of_register(status, &phrase),
                    None => why.says(),
                });
            }
            Notice::Trunk { .. } => match watch.answer_to(method) {
                Some((status, phrase)) => return status_of_options(status, &phrase),
                None => continue, // another target may still answer
            },
            _ => {}
        }
    }
    Err(format!(
        "no answer to {method} within {} s: the other side drops what it does not know. Check there that this box's \
         address may call, and the firewall between for answers",
        ANSWER.as_secs()
    ))
}

/// Calls a number and hangs up as soon as it is answered.
async fn call(config: &Config, line: &mut Line, watch: &mut Watch, name: &str, number: &str) -> Finding {
    let ports = Ports::new(config.sip.bind, config.rtp.first_port..=config.rtp.last_port);
    let towards = watch.all.first().map(|seen| seen.peer).unwrap_or_else(|| ([127, 0, 0, 1], 5_060).into());
    let pair = ports.open_towards(towards).map_err(|error| error.to_string())?;
    let mut address = pair.local;
    if let Some(advertised) = config.sip.advertised {
        address.set_ip(advertised);
    }
    let security =
        security(config.rtp.srtp.into(), config.rtp.srtp_keys == SrtpKeys::Dtls).map_err(|error| error.to_string())?;
    let codecs: Vec<_> = config.rtp.codecs.iter().map(|codec| (*codec).into()).collect();
    let offered =
        config.rtp.codecs.iter().map(|codec| format!("{codec:?}").to_ascii_lowercase()).collect::<Vec<_>>().join(", ");
    let user = config.lines.accounts.first().map(|account| account.user.clone());
    let user = user.or_else(|| config.lines.trunks.first()?.credentials.as_ref().map(|own| own.user.clone()));
    let dial = Command::Dial {
        token: 1,
        target: format!("sip:{number}@{name}"),
        destination: None,
        from_display: None,
        from_user: user.unwrap_or_else(|| "callbox".to_owned()),
        media: LocalMedia { address, codecs, security },
        transport: Transport::Udp,
        connection: None,
    };
    let _ = line.commands.send(dial).await;
    let until = Instant::now() + RINGING;
    let (mut key, mut agreed, mut rang) = (None, None, false);
    loop {
        let event = match timeout_at(until, line.events.recv()).await {
            Ok(Some(event)) => event,
            Ok(None) | Err(_) => break,
        };
        match event {
            Event::Dialled { call, .. } => key = Some(call),
            Event::Ringing { .. } => rang = true,
            Event::Media { media, .. } => agreed = Some(media),
            Event::Established { call } => {
                let _ = line.commands.send(Command::HangUp { call }).await;
                let sound = agreed.map(|media| {
                    let how = if media.srtp.is_some() || media.dtls.is_some() { "encrypted " } else { "" };
                    format!("{how}{} to {}", media.codec.name(), media.remote)
                });
                return Ok(format!("answered; audio would be {}", sound.unwrap_or_else(|| "none".to_owned())));
            }
            Event::Ended { cause, .. } => {
                return Err(match (watch.answer_to("INVITE"), cause) {
                    (Some((status, phrase)), _) if status >= 300 => status_of_call(status, &phrase, &offered),
                    (_, EndCause::NoMedia) => format!("it answered with audio that this box did not offer ({offered})"),
                    (_, cause) => format!("it could not be placed: {cause:?}"),
                });
            }
            _ => {}
        }
    }
    if let Some(call) = key {
        let _ = line.commands.send(Command::HangUp { call }).await;
    }
    match rang {
        true => Ok(format!(
            "it rings; nobody answered within {} s, which was long enough to see that calls go out",
            RINGING.as_secs()
        )),
        false => Err(format!(
            "no answer to the INVITE within {} s, though OPTIONS was answered: the other side drops calls from this box, or \
             the message was too large for UDP on the way (try ;transport=tcp)",
            RINGING.as_secs()
        )),
    }
}
