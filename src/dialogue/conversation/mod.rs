//! The *when* of a call: one machine that hears, waits, thinks ahead, speaks and yields.
//!
//! Pure parts, each with a timeline at its head: `hearing` (frames to utterances), `turn`
//! (how much silence ends a turn), `floor` (what speech over the agent means), `ledger`
//! (words really heard), `thought` (deciding ahead on a clone), `work` (acts and tools),
//! `record`. What joins them: `listening`, `ending`, `speaking`, `overlap`,
//! `waiting`.
//!
//! # Invariant: no dead air
//! At any instant of an established call the caller speaks, the agent speaks, or a timer is
//! armed that makes the agent speak or closes the call. `waiting` arms it after every input,
//! from the state alone; [`Conversation::standing`] tells which of the three holds.
//!
//! # Deliberately absent
//! What to say and do ([`Brain`]), audio, engines.

mod config;
mod ending;
mod floor;
mod hearing;
mod hold;
mod ledger;
mod listening;
mod overlap;
mod record;
mod speaking;
mod thought;
mod timers;
mod turn;
mod waiting;
mod work;

use std::collections::VecDeque;
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::DateTime;
use machine::{Machine, Now, Poll};

pub use config::{Config, DelayConfig, FloorConfig, HearingConfig, Lines, SilenceConfig, TurnConfig};

use crate::brain::{Act, Brain, Heard, Outcome};
use crate::io::{Afford, EngineKind, Input, Output};
use floor::Floor;
use hearing::Hearing;
use ledger::Ledger;
use listening::Asked;
use record::Record;
use speaking::Unsaid;
use thought::Thought;
use timers::{Timer, Timers};
use turn::Turn;
use waiting::TimeIsUp;
use work::Work;

/// Who holds the call's attention. One of these is true at every instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The call is not established yet.
    Waiting,
    /// The caller speaks.
    CallerSpeaks,
    /// The agent speaks, or has handed words to the voice.
    AgentSpeaks,
    /// Nobody speaks; at this instant at the latest the agent will, or the call is closed.
    Due(Now),
    /// The call is over.
    Ended,
}

/// One call's conversation.
#[derive(Debug)]
pub struct Conversation<B: Brain> {
    config: Config,
    rng: fastrand::Rng,
    out: VecDeque<Output>,
    timers: Timers,
    /// When the call was established, and the civil time then.
    connected: Option<(Now, DateTime)>,
    ended: bool,
    /// The caller has put us on hold.
    held: bool,

    brain: B,
    /// Counts every change of the brain: a thought about an older one is void.
    version: u64,
    /// The brain and the turn as they were before the answer at hand, for as long as nothing
    /// of that answer was heard and nothing was done: the caller may still go on.
    undo: Option<Box<Undo<B>>>,
    thought: Option<Box<Thought<B>>>,

    hearing: Hearing,
    turn: Turn,
    /// The turn was taken to be over, and is not answered yet.
    over: Option<Now>,
    turn_began: Option<Now>,
    requests: u32,
    asked_final: Option<Asked>,
    asked_partial: Option<Asked>,
    last_partial: Option<Asked>,
    /// The newest text of the utterance at hand, for judging and as a last resort.
    hypothesis: Option<Heard>,
    /// When it was asked for: what was said later is not in it.
    hypothesis_at: Now,
    /// Since when it reads so.
    hypothesis_since: Option<Now>,
    /// How long this caller pauses in mid-turn.
    habit_ms: f32,
    not_understood: u8,

    floor: Floor,
    ledger: Ledger,
    work: Work,
    unsaid: Vec<Unsaid>,
    failed_lines: u8,
    closing: Option<Outcome>,
    record: Record,

    engines: Engines,
    afford: Afford,
    /// Last sound or key of the caller.
    last_heard: Now,
    delays: u8,
    last_delay: Now,
    /// Since when words of ours are owed, if they are.
    owed_since: Option<Now>,
    /// Chance in the gap before the next delay phrase, about 1.
    delay_swing: f32,
    silences: u8,
    last_silence: Now,
    time_is_up: TimeIsUp,
}

/// Which engines can be used, and since when the caller knows that one can't.
#[derive(Debug)]
struct Engines {
    hearing: bool,
    thinking: bool,
    /// How often the caller was told that we can't hear.
    notices: u8,
    last_notice: Option<Now>,
    /// An utterance ended that nobody can recognise now.
    unheard: bool,
    /// The caller is to be told that we hear again.
    back: bool,
}

#[derive(Debug)]
struct Undo<B> {
    brain: B,
    turn: Turn,
}

impl<B: Brain> Conversation<B> {
    /// A conversation before its call is established. `seed` decides all chance in it.
    pub fn new(brain: B, config: Config, seed: u64) -> Self {
        Conversation {
            config,
            rng: fastrand::Rng::with_seed(seed),
            out: VecDeque::new(),
            timers: Timers::default(),
            connected: None,
            ended: false,
            held: false,
            brain,
            version: 0,
            undo: None,
            thought: None,
            hearing: Hearing::new(),
            turn: Turn::default(),
            over: None,
            turn_began: None,
            requests: 0,
            asked_final: None,
            asked_partial: None,
            last_partial: None,
            hypothesis: None,
            hypothesis_at: Now::ZERO,
            hypothesis_since: None,
            habit_ms: 0.0,
            not_understood: 0,
            floor: Floor::Clear,
            ledger: Ledger::default(),
            work: Work::default(),
            unsaid: Vec::new(),
            failed_lines: 0,
            closing: None,
            record: Record::default(),
            engines: Engines {
                hearing: true,
                thinking: true,
                notices: 0,
                last_notice: None,
                unheard: false,
                back: false,
            },
            afford: Afford::default(),
            last_heard: Now::ZERO,
            delays: 0,
            last_delay: Now::ZERO,
            owed_since: None,
            delay_swing: 1.0,
            silences: 0,
            last_silence: Now::ZERO,
            time_is_up: TimeIsUp::No,
        }
    }

    /// Who holds the call's attention now.
    pub fn standing(&self) -> Standing {
        if self.ended {
            return Standing::Ended;
        }
        if self.connected.is_none() {
            return Standing::Waiting;
        }
        if self.hearing.speaking() {
            return Standing::CallerSpeaks;
        }
        if self.ledger.speaking() && self.floor_is_free() {
            return Standing::AgentSpeaks;
        }
        let speak_up = [Timer::Delay, Timer::Silence, Timer::Linger, Timer::Retry, Timer::Verdict, Timer::CallCap];
        let due = speak_up.into_iter().filter_map(|timer| self.timers.at(timer)).min();
        Standing::Due(due.unwrap_or(Now::NEVER))
    }

    /// The brain as it is now, for the record and for tests.
    pub fn brain(&self) -> &B {
        &self.brain
    }

    fn emit(&mut self, output: Output) {
        self.out.push_back(output);
    }

    /// Milliseconds since the call was established.
    fn at_ms(&self, now: Now) -> u64 {
        let since = self.connected.map_or(Duration::ZERO, |(at, _)| now.since(at));
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// Civil time of the business.
    fn local(&self, now: Now) -> DateTime {
        let Some((at, local)) = self.connected else {
            return DateTime::MIN;
        };
        let passed = SignedDuration::try_from(now.since(at)).unwrap_or(SignedDuration::ZERO);
        local.saturating_add(passed)
    }

    fn next_request(&mut self) -> u32 {
        self.requests = self.requests.wrapping_add(1);
        self.requests
    }

    /// The brain, about to change: thoughts about it as it was are void.
    fn brain_mut(&mut self) -> &mut B {
        self.version += 1;
        &mut self.brain
    }

    fn connect(&mut self, now: Now, local: DateTime) {
        if self.connected.is_some() {
            return;
        }
        self.connected = Some((now, local));
        let cap = now + Duration::from_millis(self.config.max_call_ms);
        let lead = self.config.time_is_up_lead_ms.min(self.config.max_call_ms / 2);
        self.timers.set(Timer::CallCap, cap);
        self.timers.set(Timer::TimeIsUp, now + Duration::from_millis(self.config.max_call_ms - lead));
        self.last_silence = now;
        self.greet(local);
    }

    fn input(&mut self, now: Now, input: Input) {
        match input {
            Input::Connected { local } => self.connect(now, local),
            Input::Gone => {
                self.take_leave(now);
                self.end(None);
            }
            _ if self.connected.is_none() => {}
            Input::Held(held) => self.on_held(now, held),
            // Music, most likely.
            Input::Frame { .. } if self.held => {}
            Input::Frame { speech, level_db } => self.on_frame(now, speech, level_db),
            Input::Digit(key) => self.on_key(now, key),
            Input::Transcript { utterance, request, heard, decode_ms, finished } => {
                self.on_transcript(now, (utterance, request), heard, decode_ms, finished);
            }
            Input::NoTranscript { utterance, request } => self.on_no_transcript(now, (utterance, request)),
            Input::Decision { request, text, first_ms, total_ms } => {
                self.on_decision(now, request, text.as_deref(), first_ms, total_ms);
            }
            Input::ToolDone { request, result } => self.on_tool_done(now, request, result),
            Input::Synthesised { speech, clause, word_ends_ms, total_ms } => {
                self.ledger.synthesised(now, speech, clause, word_ends_ms, total_ms);
                let at_ms = self.at_ms(now);
                self.record.voiced(at_ms, speech);
            }
            Input::Played { speech, clause, ms } => self.on_played(now, speech, clause, ms),
            Input::SpeechDone(speech) => self.on_speech_done(now, speech),
            Input::SpeechFailed(speech) => self.on_speech_failed(now, speech),
            Input::EngineUp { engine, up } => self.on_engine(now, engine, up),
            Input::Afford(afford) => self.afford = afford,
        }
    }

    fn on_engine(&mut self, now: Now, engine: EngineKind, up: bool) {
        match engine {
            EngineKind::Hearing => self.on_hearing_engine(now, up),
            EngineKind::Thinking => self.on_thinking_engine(now, up),
            EngineKind::Speaking if up => self.retry_lines(now),
            EngineKind::Speaking => {}
        }
    }

    fn on_timer(&mut self, now: Now, timer: Timer) {
        match timer {
            Timer::Probable => self.on_probable(now),
            Timer::Over => self.on_over(now),
            Timer::Verdict => self.on_verdict(now),
            Timer::TranscriptDue => self.on_transcript_late(now),
            Timer::DecisionDue => self.on_decision_late(now),
            Timer::ToolDue => self.on_tool_late(now),
            Timer::Delay => self.on_delay(now),
            Timer::Silence => self.on_silence(now),
            Timer::VoiceStall => self.on_voice_stall(now),
            Timer::Retry => self.retry_lines(now),
            Timer::Linger => self.on_linger(),
            Timer::TurnCap => self.on_turn_cap(now),
            Timer::TimeIsUp => self.on_time_is_up(now),
            Timer::CallCap => self.end(Some(Outcome::TooLong)),
        }
    }

    fn run_timers(&mut self, now: Now) {
        while !self.ended
            && let Some(timer) = self.timers.take_due(now)
        {
            self.on_timer(now, timer);
            self.settle(now);
        }
    }

    /// The call is over: `outcome` says how where we close it ourselves.
    /// The caller is gone: what the brain would not have lost is still done. Nothing waits for
    /// the results.
    fn take_leave(&mut self, now: Now) {
        if self.ended || self.connected.is_none() {
            return;
        }
        let (local, unfinished) = (self.local(now), self.turn.heard());
        for act in self.brain_mut().hung_up(local, &unfinished) {
            if let Act::Tool(call) = act {
                let (request, key) = (self.next_request(), self.record.next_key());
                self.emit(Output::Tool { request, key, call });
            }
        }
    }

    fn end(&mut self, outcome: Option<Outcome>) {
        if self.ended {
            return;
        }
        self.cancel_thought();
        if let Some(utterance) = self.hearing.close() {
            self.emit(Output::EndListen { utterance: utterance.id });
        }
        let cut = self.ledger.cut(self.config.floor.wire_lag_ms);
        if cut.answer_cut {
            self.record.interrupted();
        }
        self.close_record();
        self.record_unanswered();
        if let Some(outcome) = outcome {
            self.emit(Output::HangUp(outcome));
        }
        self.timers.clear_all();
        self.ended = true;
    }
}

impl<B: Brain> Machine for Conversation<B> {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        self.run_timers(now);
        if self.ended {
            return;
        }
        self.input(now, input);
        self.settle(now);
        self.run_timers(now);
    }

    fn wake(&mut self, now: Now) {
        self.run_timers(now);
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.out.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(self.timers.next()),
        }
    }
}
