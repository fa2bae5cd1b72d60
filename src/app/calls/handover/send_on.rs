use std::time::Duration;

use dialogue::NotReached;
use telephony::sip::{Command, ReferTo, Referral};
use tokio::sync::mpsc;

use super::{Wanted, leg};

/// How long news may take after the ring window: the caller's phone has to notice itself.
const GRACE: Duration = Duration::from_secs(10);

/// How sending a caller on failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The caller's phone does not do it: nothing has changed, and we can still call ourselves.
    Refused(u16),
    /// It did, and nobody took the call.
    NotReached(NotReached),
}

/// Has the caller's phone call somebody in our place (blind transfer). While it tries, the caller
/// stays connected to us, and is with us again when it fails.
pub(super) async fn send_on(
    wanted: &Wanted,
    news: &mut mpsc::Receiver<Referral>,
    uri: &str,
    ring: Duration,
) -> Result<(), NotSent> {
    while news.try_recv().is_ok() {} // of an attempt before
    let to = ReferTo::Address(uri.to_owned());
    let refer = Command::Refer { call: wanted.line, to, within: ring + GRACE };
    let failed = NotSent::NotReached(NotReached::Failed);
    wanted.sip.send(refer).await.map_err(|_| failed)?;
    loop {
        match news.recv().await {
            Some(Referral::Progress(_)) => {}
            Some(Referral::Done) => return Ok(()),
            Some(Referral::Refused(status)) => return Err(NotSent::Refused(status)),
            Some(Referral::Failed(status)) => return Err(NotSent::NotReached(leg::reason_of(status))),
            Some(Referral::Silent) => return Err(NotSent::NotReached(NotReached::NoAnswer)),
            None => return Err(failed),
        }
    }
}
