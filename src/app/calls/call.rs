//! One call: a task that joins what the line brings (telephony), when and what to answer
//! (dialogue) and who does the work (engines). All state of a call lives here and dies with it.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dialogue::agent::{Agent, Caller};
use dialogue::conversation::Conversation;
use dialogue::io::{Input, Output, SpeechId};
use dialogue::{Outcome, ToolCall};
use engine::Prompt;
use machine::{Now, Wake, World, drive};
use telephony::media;
use telephony::sip::{Background, CallKey, Command, EndCause, EndedBy, NegotiatedMedia, Party, Reason};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::admission::Entrance;
use super::ears::Ears;
use super::handover::{Attempt, By, Wanted, join};
use super::hands::Hands;
use super::health::Health;
use super::mind::Mind;
use super::record::Record;
use super::switchboard::{House, Mail};
use super::voice::Voice;
use super::waiting::Over;
use crate::drivers::media::{Heard, MediaLine, lost};
use crate::drivers::pacer::Order;
use crate::drivers::playout::{Play, Progress};
use crate::drivers::ports::Pair;
use crate::recordings::{HeardFrame, Tape};

/// How often the call looks at what the pacer has done.
const LOOK: Duration = Duration::from_millis(20);
/// How often the receiver learns what was sent, for its reports.
const REPORT: Duration = Duration::from_secs(1);
/// An answered call whose ACK never comes is ended by the endpoint; this is the last resort
/// against a task that waits for ever.
const STILLBORN: Duration = Duration::from_secs(120);

/// What the switchboard hands to a new call.
pub struct Line {
    /// The call.
    pub key: CallKey,
    /// Who calls.
    pub caller: Party,
    /// Who is called.
    pub called: Party,
    /// What the INVITE said beside.
    pub background: Background,
    /// Sockets.
    pub pair: Pair,
    /// Where audio is received, as callers are told.
    pub local: SocketAddr,
    /// True once a person talks to the caller: see [`Mail::Replaced`].
    pub joined: Arc<AtomicBool>,
    /// What the line says later.
    pub mail: mpsc::Receiver<Mail>,
    /// Commands to the line.
    pub sip: mpsc::Sender<Command>,
}

/// A call.
pub struct Call {
    pub(super) house: Arc<House>,
    key: CallKey,
    caller: Party,
    called: Party,
    background: Background,
    local: SocketAddr,
    joined: Arc<AtomicBool>,
    /// What the line says.
    pub(super) mail: mpsc::Receiver<Mail>,
    sip: mpsc::Sender<Command>,
    /// Its sound.
    pub(super) media: MediaLine,
    /// How the line was closed, and why in the peer's words.
    closed: Option<(EndCause, EndedBy)>,
    why: Option<Reason>,
}

impl Call {
    /// A call whose sockets are open and whose stream is silent.
    ///
    /// # Errors
    /// When the sockets can't be watched.
    pub fn new(house: Arc<House>, line: Line) -> io::Result<Self> {
        let media = MediaLine::new(line.pair, &house.pacer, house.media_timeout)?;
        let Line { key, caller, called, background, local, joined, mail, sip, .. } = line;
        Ok(Call { house, key, caller, called, background, local, joined, mail, sip, media, closed: None, why: None })
    }

    /// Lives until the call is over.
    pub async fn run(mut self, entrance: Entrance) {
        if !self.established().await {
            return;
        }
        match entrance {
            Entrance::Open => {}
            entrance => match self.wait(entrance).await {
                Over::Open => drop(self.media.stream.play(Play::Stop)),
                over => return self.leave(over),
            },
        }
        let id = format!("{:08x}{}", Self::seconds(), self.key);
        tracing::info!(call = id, "call answered");
        let mut record = Record::begin(
            self.house.store.clone(),
            id.clone(),
            &self.house.business.identity.name,
            &self.caller,
            &self.called,
            self.house.moment(),
        );
        record.came_from(&self.caller, &self.background);
        let caller = Caller { number: self.caller.user.clone(), name: self.caller.display.clone() };
        let agent = Agent::new(Arc::clone(&self.house.business), self.house.trust, caller, fastrand::u64(..));
        let filler = dialogue::Brain::delay(&agent, 1).text;
        let mut conversation = Conversation::new(agent, self.house.conversation.clone(), fastrand::u64(..));
        let engines = &self.house.engines;
        let mut room = Room {
            ears: Ears::new(engines.stt.clone(), None, self.house.takes_wide),
            mind: Mind::new(engines.llm.clone()),
            voice: Voice::new(
                engines.tts.clone(),
                self.house.voice.clone(),
                Arc::clone(&self.house.phrases),
                &dialogue::shaping::speakable(&filler, self.house.conversation.language),
            ),
            hands: Hands::new(Arc::clone(&self.house.tools), id),
            health: Health::of(&self.house.engines, &self.house.strain),
            notice: None,
            tape: None,
            unrecorded: false,
            inputs: VecDeque::from([Input::Connected { local: self.house.local() }]),
            look: Instant::now() + LOOK,
            record,
            attempt: Attempt::default(),
            outcome: None,
            gone: false,
            lost: false,
            reported: Instant::now(),
            call: self,
        };
        drive(&mut conversation, &mut room).await;
        room.hand_over().await;
        room.close();
    }

    /// The agent never spoke to this caller.
    fn leave(mut self, over: Over) {
        self.media.end(self.house.clock.now());
        tracing::info!(call = %self.key, "all lines were busy: the caller was told so");
        if over != Over::Gone {
            let _ = self.sip.try_send(Command::HangUp { call: self.key });
        }
    }

    /// Waits for the ACK, and for keys where they come by a handshake; false when the call ended before.
    async fn established(&mut self) -> bool {
        let clock = self.house.clock;
        let mut is_up = false;
        while !(is_up && self.media.is_ready()) {
            let mail = tokio::time::timeout(STILLBORN, self.mail.recv());
            tokio::select! {
                mail = mail => match mail {
                    Ok(Some(Mail::Media(agreed))) => self.media.agree(clock.now(), &agreed),
                    Ok(Some(Mail::Established)) => is_up = true,
                    Ok(Some(Mail::Ended(..) | Mail::Close) | None) | Err(_) => return false,
                    Ok(Some(_)) => {}
                },
                heard = self.media.shaken(clock) => if let Some(why) = lost(&heard) {
                    tracing::warn!(call = %self.key, "{why}: the call is ended before it began");
                    let _ = self.sip.try_send(Command::HangUp { call: self.key });
                    return false;
                },
            }
        }
        true
    }

    /// Somebody else is on the line now, by a call of their own: it is answered with the same audio.
    pub(super) fn replaced(&mut self, by: CallKey) {
        if let Some(answer) = self.house.answer(by, self.local) {
            tracing::info!(call = %self.key, %by, "another call takes the place of this one");
            let _ = self.sip.try_send(answer);
            self.key = by;
        }
    }

    /// A caller sends the agent nowhere: whoever it would speak to then has not been told what it is.
    pub(super) fn refuses_refer(&self) {
        let _ = self.sip.try_send(Command::Referred { call: self.key, status: 603 });
    }

    /// A call to somebody in the name of this caller, asked for on this line.
    pub(super) fn wanted(&self, line: CallKey) -> Wanted {
        Wanted {
            id: self.key.to_string(),
            caller: self.caller.clone(),
            called: self.called.user.clone(),
            line,
            summary: String::new(),
            placed: 0,
            sip: self.sip.clone(),
        }
    }

    /// The line is closed, or is about to be and this is why.
    pub(super) fn closing(&mut self, news: Option<Mail>) {
        match news {
            Some(Mail::Reason(reason)) => self.why = Some(reason),
            Some(Mail::Ended(cause, by)) => self.closed = Some((cause, by)),
            _ => {}
        }
    }

    fn seconds() -> i64 {
        crate::drivers::Clock::unix_ms() / 1000
    }
}

/// The world around one conversation.
struct Room {
    call: Call,
    ears: Ears,
    mind: Mind,
    voice: Voice,
    hands: Hands,
    health: Health,
    /// The speech that says that the call is recorded, until it was heard.
    notice: Option<SpeechId>,
    /// Its recording.
    tape: Option<Tape>,
    /// The caller does not want one.
    unrecorded: bool,
    /// Inputs that came of one event, to be handled before the next.
    inputs: VecDeque<Input>,
    look: Instant,
    record: Record,
    /// The attempt to reach a person.
    attempt: Attempt,
    outcome: Option<Outcome>,
    /// The caller hung up: the line is closed already.
    gone: bool,
    /// Nothing comes from the caller any more: the line is to be closed.
    lost: bool,
    reported: Instant,
}

impl World<Conversation<Agent>> for Room {
    fn perform(&mut self, output: Output) {
        match output {
            Output::Listen { utterance, preroll_ms } => self.ears.listen(utterance, preroll_ms),
            Output::Transcribe { utterance, request, is_final } => {
                self.inputs.extend(self.ears.transcribe(utterance, request, is_final));
            }
            Output::EndListen { utterance } => self.ears.end(utterance),
            Output::ReadAhead { shared, own } => self.mind.read_ahead(Prompt { shared, own }),
            Output::Think { request, shared, own, grammar, max_tokens } => {
                let prompt = Prompt { shared, own };
                self.inputs.extend(self.mind.think(request, prompt, grammar, max_tokens));
            }
            Output::CancelThink { request } => self.mind.cancel(request),
            Output::Tool { request, call: ToolCall::Transfer { summary }, .. } => self.call_somebody(request, summary),
            Output::Tool { request, key, call } => self.hands.run(request, key, self.call.house.local(), call),
            Output::Prepare { clauses } => self.voice.prepare(clauses),
            Output::Say { speech, clauses } => {
                if let Some(captions) = &self.call.house.captions {
                    captions.said(&self.record.id, self.call.caller.user.as_deref(), &clauses);
                }
                if let Some(recordings) = &self.call.house.recordings {
                    self.notice = self.notice.or(recordings.is_notice(&clauses).then_some(speech));
                    if recordings.is_refusal(&clauses) {
                        self.unrecorded = true;
                        self.tape.take().into_iter().for_each(Tape::erase);
                    }
                }
                self.voice.say(speech, clauses);
                self.pump();
            }
            Output::PauseSpeech => drop(self.call.media.stream.play(Play::Pause)),
            Output::ResumeSpeech => drop(self.call.media.stream.play(Play::Resume)),
            Output::StopSpeech => self.voice.stop(&mut self.call.media.stream),
            Output::HangUp(outcome) => self.outcome = Some(outcome),
            Output::Turn(turn) => {
                self.call.house.strain.answered(&turn.timings);
                self.record.turn(*turn);
            }
        }
    }

    async fn next(&mut self, until: Now) -> Wake<Input> {
        loop {
            if let Some(input) = self.inputs.pop_front() {
                return Wake::Input(self.now(), input);
            }
            if self.gone || self.lost || self.outcome.is_some() || self.attempt.leg.is_some() || self.attempt.sent_on {
                return Wake::End;
            }
            if self.wait(until).await {
                return Wake::Time(self.now());
            }
        }
    }
}

impl Room {
    fn now(&self) -> Now {
        self.call.house.clock.now()
    }

    /// Waits for one event and turns it into inputs; true when it was only time.
    async fn wait(&mut self, until: Now) -> bool {
        let clock = self.call.house.clock;
        let wake = clock.instant(until.min(self.call.media.wake()));
        tokio::select! {
            datagram = self.call.media.datagram() => self.receive(Some(datagram)),
            (ticket, reply) = self.ears.reply() => self.inputs.extend(self.ears.take(ticket, reply)),
            (ticket, reply) = self.mind.reply() => self.inputs.extend(self.mind.take(ticket, reply)),
            (ticket, reply) = self.voice.reply() => {
                self.voice.take(ticket, reply);
                self.pump();
            }
            result = self.hands.result() => self.inputs.push_back(result),
            results = self.attempt.done() => self.inputs.extend(results),
            changes = self.health.changed() => {
                self.inputs.extend(changes);
                self.pump();
            }
            mail = self.call.mail.recv() => match mail {
                Some(Mail::Media(agreed)) => self.agree(&agreed),
                Some(Mail::Digit(digit)) => {
                    let heard = self.call.media.keyed(self.now(), digit);
                    self.hear(heard);
                }
                Some(Mail::Referral(news)) => self.attempt.news(news),
                Some(Mail::Refer(_)) => self.call.refuses_refer(),
                // Another call is a conversation of its own.
                Some(Mail::Established | Mail::Dialled(_) | Mail::Replaced { .. }) => {}
                Some(Mail::Close) => self.outcome = Some(Outcome::Failed),
                news @ Some(Mail::Reason(_)) => self.call.closing(news),
                news => {
                    self.call.closing(news);
                    self.hung_up();
                }
            },
            () = sleep_until(self.look) => self.look_at_pacer(),
            () = sleep_until(wake.into()) => {
                if self.call.media.wake() <= clock.now() {
                    self.receive(None);
                }
                return true;
            }
        }
        false
    }

    fn agree(&mut self, agreed: &NegotiatedMedia) {
        self.call.media.agree(self.now(), agreed);
        // Who may not be sent anything does not listen (RFC 3264, 8.4).
        self.inputs.push_back(Input::Held(!agreed.send));
        self.receive(None);
    }

    fn hung_up(&mut self) {
        self.gone = true;
        if self.attempt.is_sending_on() {
            // Their phone has taken over and saw no need to tell (RFC 5589, 6.1).
            self.attempt.sent_on = true;
        }
        self.inputs.push_back(Input::Gone);
    }

    /// Takes a datagram, or only the time.
    fn receive(&mut self, datagram: Option<media::Input>) {
        let heard = self.call.media.receive(self.now(), datagram);
        self.hear(heard);
    }

    fn hear(&mut self, heard: Vec<Heard>) {
        for heard in heard {
            match heard {
                Heard::Audio { samples, wide, .. } => {
                    self.inputs.push_back(self.ears.frame(&samples, wide.as_deref()));
                    if let Some(tape) = &mut self.tape {
                        tape.heard(HeardFrame { at: self.call.house.clock.now(), samples, wide });
                    }
                }
                Heard::Digit(digit) => self.inputs.push_back(Input::Digit(digit)),
                Heard::Lost(why) => {
                    tracing::info!(call = self.record.id, "{why}: the line is dead");
                    self.lost = true;
                    self.inputs.push_back(Input::Gone);
                }
            }
        }
    }

    /// Takes the pacer's reports and lets the voice go on.
    fn look_at_pacer(&mut self) {
        self.look = (self.look + LOOK).max(Instant::now());
        while let Ok(progress) = self.call.media.stream.progress.pop() {
            if matches!(progress, Progress::Played { .. }) {
                self.attempt.sounded();
            }
            match progress {
                Progress::Played { speech: 0, .. } | Progress::Done(0) => {}
                Progress::Spent(_) | Progress::Retired(_) | Progress::Untapped(_) => {}
                Progress::Played { speech, clause, ms } => {
                    self.inputs.push_back(Input::Played { speech, clause, ms });
                }
                Progress::Done(speech) => {
                    if self.notice.take_if(|notice| *notice == speech).is_some() {
                        self.begin_recording();
                    }
                    self.inputs.push_back(Input::SpeechDone(speech));
                }
            }
        }
        if self.reported.elapsed() >= REPORT {
            self.reported = Instant::now();
            let heard = self.call.media.report_sent(self.now());
            self.hear(heard);
        }
        self.attempt.ring(&mut self.call.media.stream);
        self.pump();
    }

    /// The caller has heard that the call is recorded: from here on it is.
    fn begin_recording(&mut self) {
        let wide = self.call.media.codec().is_some_and(|codec| codec.samples_per_tick() > 1);
        let recordings = self.call.house.recordings.as_ref();
        let begun = recordings
            .filter(|_| self.tape.is_none() && !self.unrecorded)
            .and_then(|all| all.begin(&self.record.id, wide));
        if let Some((tape, tap)) = begun {
            self.tape = Some(tape);
            self.call.media.stream.order(Order::Tap(tap));
        }
    }

    fn call_somebody(&mut self, request: u32, summary: String) {
        let wanted = Wanted { id: self.record.id.clone(), summary, ..self.call.wanted(self.call.key) };
        self.attempt.begin(&self.call.house, request, wanted);
    }

    /// Somebody took the call: the agent falls silent and the two talk.
    async fn hand_over(&mut self) {
        if self.attempt.sent_on {
            tracing::info!(call = self.record.id, "the caller's phone has called somebody");
            self.outcome = Some(Outcome::Transferred);
            return;
        }
        let Some(mut leg) = self.attempt.leg.take().filter(|_| !self.gone && !self.lost) else { return };
        self.outcome = Some(Outcome::Transferred);
        leg.give_place(self.call.key);
        self.voice.stop(&mut self.call.media.stream);
        self.tape = None; // the person was not told of a recording
        tracing::info!(call = self.record.id, "put through");
        let house = Arc::clone(&self.call.house);
        self.call.joined.store(true, Ordering::Relaxed);
        self.gone = join(&house, &mut self.call, &mut leg, self.attempt.placed()).await == By::Caller;
    }

    fn pump(&mut self) {
        let now = self.now();
        self.voice.pump(now, &mut self.call.media.stream, &mut self.inputs);
    }

    fn close(mut self) {
        let now = self.now();
        self.call.media.end(now);
        let call = self.call;
        if !self.gone {
            let _ = call.sip.try_send(Command::HangUp { call: call.key });
        }
        let outcome = match self.outcome {
            Some(Outcome::Completed) => "completed",
            Some(Outcome::Silence) => "silence",
            Some(Outcome::TooLong) => "too_long",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::Transferred) => "transferred",
            None if self.lost => "line_lost",
            None => "gone",
        };
        let (codec, mos) = (call.media.codec().map(media::Codec::name), call.media.mos());
        tracing::info!(call = self.record.id, outcome, codec, mos, "call over");
        call.house.tools.call_over(&self.record.id);
        self.record.closed(call.closed, call.why);
        self.record.end(outcome, &call.media);
    }
}
