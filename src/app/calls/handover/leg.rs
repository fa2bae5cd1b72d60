use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use dialogue::NotReached;
use telephony::sip::{CallKey, Codec, Command, EndCause, Hop, LocalMedia, ReferTo};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Wanted;
use crate::caller::Target;
use crate::calls::switchboard::{House, Mail};
use crate::drivers::media::{MediaLine, lost};
use crate::drivers::ports::security;

/// How long the answer to a CANCEL or the ACK may take after the ring window.
const GRACE: Duration = Duration::from_millis(500);

/// An address that is nobody's (RFC 5737): the way there is the way to most of the world.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 5_060);

/// How long the caller's phone may take to take our place.
const TAKES_OVER: Duration = Duration::from_secs(20);

/// A call that a call wants placed; the switchboard places it.
#[derive(Debug)]
pub struct Outward {
    /// To be dialled; the token is given by the switchboard.
    pub dial: Command,
    /// Where its news go.
    pub post: mpsc::Sender<Mail>,
}

/// The line to a person. Dropped, it is hung up.
pub struct Leg {
    /// Its call, once it is dialled.
    pub key: Option<CallKey>,
    /// What the line says.
    pub mail: mpsc::Receiver<Mail>,
    /// Its sound.
    pub media: MediaLine,
    /// The caller's phone is to take our place, where both phones can.
    pub attended: bool,
    /// Where it is received.
    local: SocketAddr,
    sip: mpsc::Sender<Command>,
}

impl Leg {
    /// This leg is where another was: who sent us here is told so, and hung up on.
    pub fn takes_over(&mut self, mut before: Leg) {
        std::mem::swap(self, &mut before);
        before.let_go();
    }

    /// Who sent us on is told that it went well; dropped, their line is hung up.
    fn let_go(&self) {
        if let Some(call) = self.key {
            let _ = self.sip.try_send(Command::Referred { call, status: 200 });
        }
    }

    /// Another call has come in the place of this one: it is answered, on the same ports.
    pub fn replaced(&mut self, house: &House, by: CallKey) {
        if let Some(answer) = house.answer(by, self.local) {
            self.key = Some(by);
            let _ = self.sip.try_send(answer);
        }
    }

    /// Has the caller's phone take our place in this call (RFC 5589, 7); while it tries, and where
    /// it does not, we stay in the middle.
    pub fn give_place(&self, caller: CallKey) {
        if let Some(person) = self.key.filter(|_| self.attended) {
            let refer = Command::Refer { call: caller, to: ReferTo::Call(person), within: TAKES_OVER };
            let _ = self.sip.try_send(refer);
        }
    }
}

impl Drop for Leg {
    fn drop(&mut self) {
        if let Some(call) = self.key {
            let _ = self.sip.try_send(Command::HangUp { call });
        }
    }
}

/// Calls an address and waits for somebody to answer.
///
/// # Errors
/// Why nobody did.
pub(super) async fn call(house: &Arc<House>, wanted: &Wanted, uri: &str) -> Result<Leg, NotReached> {
    let (mut leg, dial) = prepare(house, wanted, uri).await.map_err(|error| {
        tracing::warn!(call = wanted.id, %error, "a target of the transfer can't be called");
        NotReached::Failed
    })?;
    let (post, mail) = mpsc::channel(64);
    leg.mail = mail;
    house.outward.send(Outward { dial, post }).await.map_err(|_| NotReached::Failed)?;
    let until = Instant::now() + Duration::from_secs(u64::from(house.business.transfer.ring_s));
    let mut is_up = false;
    loop {
        if is_up && leg.media.is_ready() {
            return Ok(leg);
        }
        let news = tokio::select! {
            news = leg.mail.recv() => news,
            heard = leg.media.shaken(house.clock) => match lost(&heard) {
                Some(why) => {
                    tracing::warn!(call = wanted.id, "{why}: the person who answered can't be spoken with");
                    return Err(NotReached::Failed);
                }
                None => continue,
            },
            () = sleep_until(until) => {
                return Err(if leg.key.is_some() { NotReached::NoAnswer } else { NotReached::Failed });
            }
        };
        match news {
            Some(Mail::Dialled(key)) => leg.key = Some(key),
            Some(Mail::Media(agreed)) => leg.media.agree(house.clock.now(), &agreed),
            Some(Mail::Established) => is_up = true,
            Some(Mail::Digit(_) | Mail::Reason(_) | Mail::Referral(_) | Mail::Refer(_)) => {}
            Some(Mail::Replaced { by }) => leg.replaced(house, by),
            Some(Mail::Ended(cause, _)) => {
                leg.key = None;
                return Err(reason(cause));
            }
            Some(Mail::Close) | None => return Err(NotReached::Failed),
        }
    }
}

async fn prepare(house: &Arc<House>, wanted: &Wanted, uri: &str) -> io::Result<(Leg, Command)> {
    let (plain, fields) = uri.split_once('?').map_or((uri, String::new()), |(uri, rest)| (uri, format!("?{rest}")));
    let line = line_of(house, plain);
    let target = match line {
        Some(hop) => Target::parse(&format!("sip:{}:{}", bracketed(&hop.host), hop.port())),
        None => Target::parse(plain),
    };
    let target = target.map_err(io::Error::other)?;
    let destination = match tokio::time::timeout(GRACE * 4, target.resolve()).await {
        Ok(Ok(destination)) => destination,
        // A line knows its way, by records perhaps that its bare name does not have: its audio goes where
        // most does.
        _ if line.is_some() => ELSEWHERE,
        Ok(Err(error)) => return Err(io::Error::other(error)),
        Err(late) => return Err(late.into()),
    };
    if line.is_none() && is_own(house, destination) {
        return Err(io::Error::other("it is this box itself"));
    }
    let pair = house.ports.open_towards(destination)?;
    let mut address = pair.local;
    if let Some(advertised) = house.advertised {
        address.set_ip(advertised);
    }
    let media = MediaLine::new(pair, &house.pacer, house.media_timeout)?;
    let dial = Command::Dial {
        token: 0,
        target: if line.is_some() { format!("{plain}{fields}") } else { format!("{}{fields}", target.uri) },
        // A line knows its own way, and which of its targets answers.
        destination: line.is_none().then_some(destination),
        // By a line our own number is shown: the name is then all that says who calls.
        from_display: wanted.caller.display.clone().or_else(|| wanted.caller.user.clone().filter(|_| line.is_some())),
        from_user: wanted.caller.user.clone().unwrap_or_else(|| "anonymous".to_owned()),
        media: LocalMedia {
            address,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            security: security(house.srtp, house.dtls)?,
        },
        transport: target.transport,
        connection: None,
    };
    let (_, mail) = mpsc::channel(1);
    let leg = Leg { key: None, mail, media, attended: false, local: address, sip: wanted.sip.clone() };
    Ok((leg, dial))
}

/// The line that an address names.
fn line_of<'a>(house: &'a House, uri: &str) -> Option<&'a Hop> {
    let host = uri.strip_prefix("sip:")?.split(';').next()?.rsplit('@').next()?;
    house.out.iter().find(|(name, _)| name.eq_ignore_ascii_case(host)).map(|(_, hop)| hop)
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Whether an address is this box: a call to it would come back as a caller.
fn is_own(house: &House, to: SocketAddr) -> bool {
    let ours = |ip: IpAddr| ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok();
    to.port() == house.sip_port && (Some(to.ip()) == house.advertised || ours(to.ip()))
}

fn reason(cause: EndCause) -> NotReached {
    match cause {
        EndCause::Rejected { status } => reason_of(status),
        EndCause::Timeout | EndCause::Cancelled => NotReached::NoAnswer,
        _ => NotReached::Failed,
    }
}

/// What a final status says of a person.
pub(super) fn reason_of(status: u16) -> NotReached {
    match status {
        486 | 600 => NotReached::Busy,
        403 | 603 | 607 => NotReached::Declined,
        408 | 480 | 487 => NotReached::NoAnswer,
        _ => NotReached::Failed,
    }
}
