use std::net::IpAddr;
use std::time::Duration;

use machine::Now;
use sipx_sip::Request;

pub(super) use sipx_sip::session::Session as SessionTimer;

use super::dialog::Dialog;
use super::flow::Flow;
use super::inbound::Way;
use super::refer::Sent;
use super::referred::Asked;
use super::reliable::{Early, Provisional};
use super::requests::{Abilities, Errand};
use super::transactions::TransactionId;
use super::{CallKey, EndCause};
use crate::sdp::{Description, LocalMedia, NegotiatedMedia};

/// One call: its dialog, its session, and how far it has come.
pub(super) struct Call {
    pub dialog: Dialog,
    pub session: Session,
    pub phase: Phase,
    /// Whose share of the limits it is counted in.
    pub source: IpAddr,
    /// What tells a merged copy of its INVITE (RFC 3261, 8.2.2.2).
    pub merge: Option<Merge>,
    /// A 2xx of ours that waits for its ACK.
    pub unacknowledged: Option<Unacknowledged>,
    /// Our ACK, for when the peer's 2xx comes again.
    pub acknowledgement: Option<Acknowledgement>,
    /// What the peer has said it can do.
    pub peer: Abilities,
    /// The session timer's interval and who refreshes, where one runs (RFC 4028).
    pub timer: Option<SessionTimer>,
    /// The re-INVITE or UPDATE of ours that is under way.
    pub errand: Option<Errand>,
    /// The application wants the peer held, or not any more, and the peer does not know yet.
    pub wants_held: Option<bool>,
    /// Its last provisional response that was sent reliably.
    pub provisional: Option<Provisional>,
    /// The application wants it taken as soon as that is acknowledged.
    pub wants_taken: Option<LocalMedia>,
    /// The call that this one replaces once it is taken (RFC 3891).
    pub replaces: Option<CallKey>,
    /// A REFER of ours.
    pub referral: Option<Sent>,
    /// A REFER of theirs.
    pub referred: Option<Asked>,
    /// Its Ended was said, with this cause; only the signalling is still closing.
    pub cause: Option<EndCause>,
    pub ended: bool,
}

impl Call {
    /// A call in its first phase.
    pub(super) fn new(dialog: Dialog, session: Session, phase: Phase, source: IpAddr, merge: Option<Merge>) -> Self {
        Call {
            dialog,
            session,
            phase,
            source,
            merge,
            unacknowledged: None,
            acknowledgement: None,
            peer: Abilities::default(),
            timer: None,
            errand: None,
            wants_held: None,
            provisional: None,
            wants_taken: None,
            replaces: None,
            referral: None,
            referred: None,
            cause: None,
            ended: false,
        }
    }
}

/// Our ACK of a 2xx to an INVITE of ours.
#[derive(Clone)]
pub(super) struct Acknowledgement {
    /// The CSeq number of that INVITE.
    pub sequence: u32,
    pub flow: Flow,
    pub bytes: Vec<u8>,
}

/// How far a call has come.
pub(super) enum Phase {
    /// Their INVITE waits for the application.
    Offered(Box<Offered>),
    /// Our INVITE waits for an answer.
    Dialling(Box<Dialling>),
    /// Answered by us, not acknowledged yet.
    Answered,
    /// Both ends know.
    Up,
    /// Our BYE, or what must come before it, is under way.
    Closing,
}

/// An INVITE of theirs.
pub(super) struct Offered {
    pub way: Way,
    pub request: Request,
    pub offer: Option<Description>,
}

/// An INVITE of ours.
pub(super) struct Dialling {
    pub transaction: TransactionId,
    pub flow: Flow,
    pub invite: Request,
    /// The session's length that it asks for (RFC 4028).
    pub session: Duration,
    /// How often it was sent in other words.
    pub tries: u8,
    /// A provisional response came: now a CANCEL may be sent (RFC 3261, 9.1).
    pub provisional: bool,
    pub ringing: bool,
    /// The forks that have sent reliable provisional responses.
    pub early: Vec<Early>,
    /// The application gave up.
    pub cancelled: bool,
}

/// A 2xx that is sent again until its ACK comes.
pub(super) struct Unacknowledged {
    pub sequence: u32,
    pub flow: Flow,
    pub bytes: Vec<u8>,
    pub interval: Duration,
    /// The 2xx held our offer: the ACK must hold the answer.
    pub awaits_answer: bool,
    pub until: Now,
}

/// What an INVITE has in common with its copies on other branches.
pub(super) type Merge = (Vec<u8>, Option<Vec<u8>>, u32);

/// The state of offer and answer (RFC 3264).
pub(super) struct Session {
    pub id: u64,
    pub version: u64,
    pub local: Option<LocalMedia>,
    /// What we described last, to tell a change.
    pub described: String,
    pub media: Option<NegotiatedMedia>,
    /// Offer and answer are through before the call is: an answer went reliably with a
    /// provisional response (RFC 3262, 5).
    pub settled: bool,
    /// We hold the peer: what we describe says that we receive nothing.
    pub holds: bool,
}

impl Session {
    pub(super) fn new(id: u64) -> Self {
        Session { id, version: 1, local: None, described: String::new(), media: None, settled: false, holds: false }
    }

    /// Describes with `write`, raising the version only if the description has changed since
    /// the last one (RFC 3264, 8).
    pub(super) fn describe<E>(
        &mut self,
        write: impl Fn(u64) -> Result<(String, Option<NegotiatedMedia>), E>,
    ) -> Result<(String, Option<NegotiatedMedia>), E> {
        let (same, media) = write(self.version)?;
        if self.described.is_empty() || same == self.described {
            self.described.clone_from(&same);
            return Ok((same, media));
        }
        self.version += 1;
        let (changed, media) = write(self.version)?;
        self.described.clone_from(&changed);
        Ok((changed, media))
    }
}
