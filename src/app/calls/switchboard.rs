//! The switchboard: lets calls in, gives each its task, passes on what the line says.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dialogue::agent::Trust;
use dialogue::business::Business;
use dialogue::conversation;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use store::{Moment, Store};
use telephony::sip::{
    Background, CallKey, Codec, Command, EndCause, EndedBy, Event, Hop, LocalMedia, NegotiatedMedia, Party, Policy,
    Reason, Referral,
};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::admission::{Admission, Entrance, Rules};
use super::call;
use super::captions::Captions;
use super::handover::{ContextField, Outward};
use super::phrases::Phrases;
use super::strain::Strain;
use super::voice::VoiceChoice;
use crate::drivers::Clock;
use crate::drivers::pacer::Pacer;
use crate::drivers::ports::{Ports, security};
use crate::engines::Engines;
use crate::recordings::Recordings;
use crate::tools::Tools;
use crate::tools::dialling::Dialling;

/// When a caller may try again who was refused because something is not ready.
const RETRY_AFTER_S: u32 = 5;
/// The same when all lines are busy: a call takes about two minutes.
const BUSY_AFTER_S: u32 = 30;
/// How long calls may take to say goodbye when the box stops.
const FAREWELL: Duration = Duration::from_secs(3);

/// What all calls share.
pub struct House {
    /// The clock.
    pub clock: Clock,
    /// The workers.
    pub engines: Engines,
    /// The sending thread.
    pub pacer: Pacer,
    /// RTP ports.
    pub ports: Ports,
    /// The recogniser hears all of a wideband line.
    pub takes_wide: bool,
    /// Whether audio is encrypted.
    pub srtp: Policy,
    /// Our own calls get their keys by a handshake, where they are encrypted.
    pub dtls: bool,
    /// What is spoken, in the order offered.
    pub codecs: Vec<Codec>,
    /// The address callers are told to send to, where it is not the one bound.
    pub advertised: Option<std::net::IpAddr>,
    /// The business that answers.
    pub business: Arc<Business>,
    /// What the language model is trusted with.
    pub trust: Trust,
    /// Its voice.
    pub voice: VoiceChoice,
    /// Clauses ready to play.
    pub phrases: Arc<Phrases>,
    /// What the agent may do.
    pub tools: Arc<Tools>,
    /// The record.
    pub store: Store,
    /// Where the business is.
    pub zone: TimeZone,
    /// Timing of conversations.
    pub conversation: conversation::Config,
    /// Without any packet for this long a call is over.
    pub media_timeout: Duration,
    /// Port that SIP is on: calls to it would come back.
    pub sip_port: u16,
    /// The lines that calls may go out by, with the place each leads to.
    pub out: Vec<(String, Hop)>,
    /// The header field that tells a person's phone why somebody is put through.
    pub context: Option<ContextField>,
    /// Calls to be placed.
    pub outward: mpsc::Sender<Outward>,
    /// Who may be called.
    pub dialling: Dialling,
    /// Who is let in, and what becomes of the others.
    pub rules: Rules,
    /// How long callers wait, and what is left out because of it.
    pub strain: Strain,
    /// Where sentences are written down as they are spoken, for rehearsals.
    pub captions: Option<Captions>,
    /// Where the business has its calls recorded.
    pub recordings: Option<Recordings>,
}

impl House {
    /// Date and time at the business.
    pub fn local(&self) -> DateTime {
        jiff::Timestamp::now().to_zoned(self.zone.clone()).datetime()
    }

    /// Takes a call with audio at this address; none, and the reason is logged, where there is no
    /// randomness for its keys.
    pub fn answer(&self, call: CallKey, address: SocketAddr) -> Option<Command> {
        let security =
            security(self.srtp, self.dtls).inspect_err(|error| tracing::error!(%call, %error, "no keys for SRTP"));
        let media = LocalMedia { address, codecs: self.codecs.clone(), security: security.ok()? };
        Some(Command::Answer { call, media })
    }

    /// This moment, as the record wants it.
    pub fn moment(&self) -> Moment {
        Moment { unix_ms: Clock::unix_ms(), local: self.local() }
    }
}

/// What the switchboard tells a call.
#[derive(Debug)]
pub enum Mail {
    /// Where and how to send, for the first time or anew.
    Media(NegotiatedMedia),
    /// The call that was to be placed has this key.
    Dialled(CallKey),
    /// The ACK is there: speak.
    Established,
    /// A key, by signalling.
    Digit(char),
    /// What has become of sending the peer to somebody else.
    Referral(Referral),
    /// The peer sends us to somebody else.
    Refer(String),
    /// Another call takes the place of this one (RFC 3891), in which two people talk or one is
    /// rung: it is to be answered with the same audio.
    Replaced {
        /// The other call.
        by: CallKey,
    },
    /// Why the peer closes the line, said before.
    Reason(Reason),
    /// The line is closed, and by whom.
    Ended(EndCause, EndedBy),
    /// The box stops: say goodbye at once.
    Close,
}

/// Where the news of a line go.
struct Post {
    to: mpsc::Sender<Mail>,
    /// No conversation of the agent is on it: who takes its place joins the one that there is.
    joined: Arc<AtomicBool>,
}

impl Post {
    fn goes_on(&self) -> bool {
        self.joined.load(Ordering::Relaxed)
    }
}

/// The switchboard.
pub struct Switchboard {
    house: Arc<House>,
    sip: mpsc::Sender<Command>,
    calls: HashMap<CallKey, Post>,
    /// Calls that calls want placed.
    outward: mpsc::Receiver<Outward>,
    /// Those handed to the line that have no key yet.
    dialling: HashMap<u64, mpsc::Sender<Mail>>,
    last_token: u64,
    tasks: JoinSet<CallKey>,
    admission: Admission,
}

impl Switchboard {
    /// A switchboard that gives its commands to this endpoint.
    /// `outward` is the other end of the house's.
    pub fn new(
        house: Arc<House>,
        sip: mpsc::Sender<Command>,
        outward: mpsc::Receiver<Outward>,
        admission: Admission,
    ) -> Self {
        let (calls, dialling) = (HashMap::new(), HashMap::new());
        Switchboard { house, sip, calls, outward, dialling, last_token: 0, tasks: JoinSet::new(), admission }
    }

    /// Serves until `stop`, then lets running calls say goodbye.
    pub async fn run(mut self, mut events: mpsc::UnboundedReceiver<Event>, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        let mut second = interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stop => break,
                event = events.recv() => match event {
                    Some(event) => self.take(event).await,
                    None => return,
                },
                Some(done) = self.tasks.join_next() => self.finished(done).await,
                Some(outward) = self.outward.recv() => self.place(outward).await,
                _ = second.tick() => self.admission.second(self.tasks.len()),
            }
        }
        let _ = self.sip.send(Command::Refuse(true)).await;
        for mail in self.calls.values() {
            let _ = mail.to.try_send(Mail::Close);
        }
        let farewell = async {
            while !self.tasks.is_empty() {
                tokio::select! {
                    Some(event) = events.recv() => self.take(event).await,
                    Some(done) = self.tasks.join_next() => self.finished(done).await,
                    else => return,
                }
            }
        };
        let _ = timeout(FAREWELL, farewell).await;
    }

    async fn take(&mut self, event: Event) {
        match event {
            Event::Incoming { call, caller, called, source, background, .. } => match background.replaces {
                Some(old) if self.calls.get(&old).is_some_and(Post::goes_on) => self.replace(old, call).await,
                // In the place of one who speaks to the agent comes somebody who has not been
                // greeted: the old call ends as this one is answered.
                _ => self.let_in(call, (caller, called), *background, source).await,
            },
            Event::Media { call, media } => self.post(call, Mail::Media(media)),
            Event::Established { call } => self.post(call, Mail::Established),
            Event::Digit { call, digit } => self.post(call, Mail::Digit(digit)),
            Event::Ended { call, cause, by } => {
                self.post(call, Mail::Ended(cause, by));
                self.calls.remove(&call);
            }
            Event::Dialled { token, call } => self.dialled(token, call).await,
            Event::Reason { call, reason } => self.post(call, Mail::Reason(reason)),
            Event::Referral { call, news } => self.post(call, Mail::Referral(news)),
            Event::Refer { call, to } => self.post(call, Mail::Refer(to)),
            Event::Ringing { .. } => {}
        }
    }

    /// Places a call for a call.
    async fn place(&mut self, outward: Outward) {
        let Outward {
            dial: Command::Dial { target, destination, from_display, from_user, media, transport, connection, .. },
            post,
        } = outward
        else {
            return;
        };
        self.last_token += 1;
        let token = self.last_token;
        self.dialling.insert(token, post);
        let dial = Command::Dial { token, target, destination, from_display, from_user, media, transport, connection };
        let _ = self.sip.send(dial).await;
    }

    async fn dialled(&mut self, token: u64, call: CallKey) {
        let Some(post) = self.dialling.remove(&token) else { return };
        if post.try_send(Mail::Dialled(call)).is_err() {
            // Who wanted it is gone.
            let _ = self.sip.send(Command::HangUp { call }).await;
        }
        self.calls.insert(call, Post { to: post, joined: Arc::new(true.into()) });
    }

    /// The task of a call goes on with another line in its place (RFC 3891).
    async fn replace(&mut self, old: CallKey, by: CallKey) {
        let post = self.calls.remove(&old);
        match post.filter(|post| post.to.try_send(Mail::Replaced { by }).is_ok()) {
            Some(post) => drop(self.calls.insert(by, post)),
            None => self.refuse(by, RETRY_AFTER_S).await,
        }
    }

    /// Answers at once, or refuses with the reason in the log and a time to try again.
    async fn let_in(
        &mut self,
        call: CallKey,
        (caller, called): (Party, Party),
        background: Background,
        source: SocketAddr,
    ) {
        if let Some(why) = self.house.engines.is_out() {
            tracing::warn!(%call, why, "call refused");
            return self.refuse(call, RETRY_AFTER_S).await;
        }
        let entrance = self.admission.entrance(self.tasks.len());
        if matches!(entrance, Entrance::Refused) {
            return self.refuse(call, BUSY_AFTER_S).await;
        }
        let pair = match self.house.ports.open_towards(source) {
            Ok(opened) => opened,
            Err(error) => {
                tracing::error!(%call, %error, "call refused");
                return self.refuse(call, RETRY_AFTER_S).await;
            }
        };
        let mut address = pair.local;
        if let Some(advertised) = self.house.advertised {
            address.set_ip(advertised);
        }
        let Some(answer) = self.house.answer(call, address) else {
            return self.refuse(call, RETRY_AFTER_S).await;
        };
        let (post, mail) = mpsc::channel(64);
        let joined = Arc::<AtomicBool>::default();
        let line = call::Line {
            key: call,
            caller,
            called,
            background,
            pair,
            local: address,
            joined: Arc::clone(&joined),
            mail,
            sip: self.sip.clone(),
        };
        match call::Call::new(Arc::clone(&self.house), line) {
            Ok(task) => {
                self.calls.insert(call, Post { to: post, joined });
                self.tasks.spawn(async move {
                    task.run(entrance).await;
                    call
                });
                let _ = self.sip.send(answer).await;
            }
            Err(error) => {
                tracing::error!(%call, %error, "call refused: no sockets");
                self.refuse(call, RETRY_AFTER_S).await;
            }
        }
    }

    async fn refuse(&self, call: CallKey, retry_after_s: u32) {
        let refusal = Command::Reject { call, status: 503, retry_after_s: Some(retry_after_s) };
        let _ = self.sip.send(refusal).await;
    }

    fn post(&self, call: CallKey, mail: Mail) {
        if let Some(post) = self.calls.get(&call) {
            let _ = post.to.try_send(mail); // a call that takes no mail is ending
        }
    }

    /// A call task is over. If it panicked its line is still up: close it.
    async fn finished(&mut self, done: Result<CallKey, tokio::task::JoinError>) {
        match done {
            Ok(call) => drop(self.calls.remove(&call)),
            Err(error) => {
                tracing::error!(%error, "a call broke; the others go on");
                let broken: Vec<CallKey> =
                    self.calls.iter().filter(|(_, post)| post.to.is_closed()).map(|(call, _)| *call).collect();
                for call in broken {
                    self.calls.remove(&call);
                    let _ = self.sip.send(Command::HangUp { call }).await;
                }
            }
        }
    }
}
