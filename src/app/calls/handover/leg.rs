use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use dialogue::NotReached;
use telephony::sip::{CallKey, Codec, Command, EndCause, LocalMedia, Transport};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Wanted;
use crate::caller::Target;
use crate::calls::switchboard::{House, Mail};
use crate::drivers::media::MediaLine;
use crate::drivers::ports::security;

/// How long the answer to a CANCEL or the ACK may take after the ring window.
const GRACE: Duration = Duration::from_millis(500);

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
    sip: mpsc::Sender<Command>,
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
    loop {
        let news = tokio::select! {
            news = leg.mail.recv() => news,
            () = sleep_until(until) => {
                return Err(if leg.key.is_some() { NotReached::NoAnswer } else { NotReached::Failed });
            }
        };
        match news {
            Some(Mail::Dialled(key)) => leg.key = Some(key),
            Some(Mail::Media(agreed)) => leg.media.agree(house.clock.now(), &agreed),
            Some(Mail::Established) => return Ok(leg),
            Some(Mail::Digit(_)) => {}
            Some(Mail::Ended(cause)) => {
                leg.key = None;
                return Err(reason(cause));
            }
            Some(Mail::Close) | None => return Err(NotReached::Failed),
        }
    }
}

async fn prepare(house: &Arc<House>, wanted: &Wanted, uri: &str) -> io::Result<(Leg, Command)> {
    let target = Target::parse(uri).map_err(io::Error::other)?;
    let destination = tokio::time::timeout(GRACE * 4, target.resolve()).await?.map_err(io::Error::other)?;
    if is_own(house, destination) {
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
        target: target.uri.clone(),
        destination: Some(destination),
        from_display: wanted.caller.display.clone(),
        from_user: wanted.caller.user.clone().unwrap_or_else(|| "anonymous".to_owned()),
        media: LocalMedia { address, codecs: vec![Codec::Pcmu, Codec::Pcma], security: security(house.srtp)? },
        transport: target.transport,
        connection: None,
    };
    let (_, mail) = mpsc::channel(1);
    let leg = Leg { key: None, mail, media, sip: wanted.sip.clone() };
    if target.transport == Transport::Tcp {
        tracing::debug!(call = wanted.id, "the second leg goes over TCP");
    }
    Ok((leg, dial))
}

/// Whether an address is this box: a call to it would come back as a caller.
fn is_own(house: &House, to: SocketAddr) -> bool {
    let ours = |ip: IpAddr| ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok();
    to.port() == house.sip_port && (Some(to.ip()) == house.advertised || ours(to.ip()))
}

fn reason(cause: EndCause) -> NotReached {
    match cause {
        EndCause::Rejected { status: 486 | 600 } => NotReached::Busy,
        EndCause::Rejected { status: 403 | 603 | 607 } => NotReached::Declined,
        EndCause::Rejected { status: 408 | 480 | 487 } | EndCause::Timeout | EndCause::Cancelled => {
            NotReached::NoAnswer
        }
        _ => NotReached::Failed,
    }
}
