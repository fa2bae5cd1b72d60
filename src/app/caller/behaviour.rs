use std::collections::VecDeque;
use std::time::Duration;

use machine::{Machine, Now, Poll};

use super::agent_speech::{AgentSpeech, Sound};
use super::barge_in::BargeIn;
use super::event::{Answer, By, Event, Ms, What};
use super::script::{Act, Script, Start, Turn};

/// From one key to the next.
const KEY_EVERY: Duration = Duration::from_millis(200);
/// How long the agent may take to hang up by itself after its last answer.
const LINGER: Duration = Duration::from_secs(2);
/// A silent caller is spoken to again within this, or never.
const SILENT_TURN: Duration = Duration::from_secs(30);

/// How a caller behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Silence of the agent that counts as "finished speaking".
    pub patience: Duration,
    /// How long an answer is waited for before going on.
    pub answer_wait: Duration,
    /// The longest call.
    pub longest: Duration,
    /// Where the agent has the caller's phone call somebody else: the status that this call is
    /// told to have ended with, for none is placed. Without it the phone refuses.
    pub refer: Option<u16>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            patience: Duration::from_millis(900),
            answer_wait: Duration::from_secs(8),
            longest: Duration::from_secs(300),
            refer: None,
        }
    }
}

/// What the line tells a caller.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The other side rings.
    Ringing,
    /// The ACK was sent.
    Established,
    /// Something audible of the agent came.
    Audible,
    /// The first audible sample of what is being played was sent at this instant.
    Began(Now),
    /// The last one was sent at this instant.
    Ended(Now),
    /// To [`Output::Decide`]: these come next.
    Take(Vec<Turn>),
    /// To [`Output::Decide`]: the agent is not done yet.
    HearOn,
    /// To [`Output::Decide`]: all is said.
    Leave,
    /// The call is over, and not by our doing.
    HungUp {
        /// By whom.
        by: By,
        /// Why.
        cause: String,
    },
}

/// What a caller wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Play the utterance of this turn of the script.
    Play(usize),
    /// Press a key.
    Press(char),
    /// The turns are at their end, and a live caller must be told what comes next.
    Decide,
    /// Hang up. Nothing follows.
    HangUp,
    /// Tell.
    Event(Event),
}

/// A scripted caller: decides when to say the next line, and measures at the wire.
#[derive(Debug)]
pub struct Caller {
    settings: Settings,
    script: Script,
    /// What comes after the script is decided during the call.
    live: bool,
    /// The next turn of the script.
    next: usize,
    /// Turns taken.
    turns: u32,
    dialled: Now,
    established: Option<Now>,
    now: Now,
    agent: AgentSpeech,
    phase: Phase,
    /// When the agent began to speak since the caller's turn ended.
    answer_began: Option<Now>,
    /// The turn that is not answered yet, and when it ended.
    open: Option<(u32, Now)>,
    barge_in: Option<BargeIn>,
    complete: bool,
    outputs: VecDeque<Output>,
}

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Dialling,
    /// It is the agent's turn.
    Listening {
        since: Now,
        limit: Duration,
    },
    /// The agent has spoken; the script wants silence.
    Pausing {
        until: Now,
    },
    /// Our words are going out.
    Playing {
        began: Now,
    },
    /// Keys are pressed.
    Pressing {
        began: Now,
        next: Now,
        keys: VecDeque<char>,
    },
    /// What to do next is being decided.
    Deciding,
    /// All is said: the agent may hang up.
    Leaving {
        until: Now,
    },
    Over,
}

impl Caller {
    /// A caller that dials at this instant.
    pub fn new(now: Now, target: &str, script: Script, settings: Settings) -> Self {
        let mut caller = Caller {
            settings,
            script,
            live: false,
            next: 0,
            turns: 0,
            dialled: now,
            established: None,
            now,
            agent: AgentSpeech::new(settings.patience),
            phase: Phase::Dialling,
            answer_began: None,
            open: None,
            barge_in: None,
            complete: false,
            outputs: VecDeque::new(),
        };
        caller.tell(now, What::Dialled { target: target.to_owned() });
        caller
    }

    /// Decides after the script what to do next, turn by turn.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// True when it was answered and the script ran to its end.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// True when it was answered.
    pub fn was_answered(&self) -> bool {
        self.established.is_some()
    }

    /// Turns taken so far.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    fn tell(&mut self, at: Now, what: What) {
        let at_ms = Ms::between(self.dialled, at);
        self.outputs.push_back(Output::Event(Event { at_ms, what }));
    }

    fn audible(&mut self) {
        let now = self.now;
        let before = self.agent.last();
        let sound = self.agent.audible(now);
        if let Sound::Start { first } = sound {
            if first {
                let ack_to_audio_ms = Ms::between(self.established.unwrap_or(now), now);
                self.tell(now, What::FirstAudio { ack_to_audio_ms });
            }
            self.tell(now, What::AgentSpeechStart);
        }
        let is_listening = matches!(self.phase, Phase::Listening { .. });
        if is_listening && sound != Sound::More && self.answer_began.is_none() {
            if let Some((at, what)) = self.barge_in.take().and_then(|it| it.settled(before)) {
                self.tell(at, what);
            }
            self.answered(now);
        }
    }

    fn answered(&mut self, at: Now) {
        self.answer_began = Some(at);
        if let Some((turn, ended)) = self.open.take() {
            let end_to_audio_ms = Some(Ms::between(ended, at));
            self.tell(at, What::Turn { turn, answer: Answer::Heard, end_to_audio_ms });
        }
    }

    fn began(&mut self, at: Now) {
        if self.phase == (Phase::Playing { began: Now::NEVER }) {
            self.phase = Phase::Playing { began: at };
            let said = self.playing().map(said).unwrap_or_default();
            self.tell(at, What::CallerSpeechStart { turn: self.turns, said });
            if let Some(barge_in) = &mut self.barge_in {
                barge_in.began(at);
            }
        }
    }

    fn ended(&mut self, at: Now) {
        let Phase::Playing { began } = self.phase else { return };
        self.tell(at, What::CallerSpeechEnd { turn: self.turns });
        self.turn_over(began, at);
    }

    /// What the caller had to say or press, it did between these instants: the agent's turn.
    fn turn_over(&mut self, began: Now, at: Now) {
        let barged_in = self.playing().is_some_and(|turn| matches!(turn.start, Start::BargeIn(_)));
        self.listen(at, self.settings.answer_wait);
        self.open = Some((self.turns, at));
        let onset = self.agent.onset();
        if let Some(onset) = onset.filter(|onset| *onset >= at) {
            self.answered(onset);
        } else if !barged_in && self.agent.covers(at) && onset.is_some_and(|onset| onset >= began) {
            self.open = None;
            self.answer_began = onset;
            let turn = self.turns;
            self.tell(at, What::Turn { turn, answer: Answer::CutIn, end_to_audio_ms: None });
        }
    }

    /// The turn that is being taken.
    fn playing(&self) -> Option<&Turn> {
        self.script.turns.get(self.next.checked_sub(1)?)
    }

    fn listen(&mut self, since: Now, limit: Duration) {
        self.answer_began = None;
        self.phase = Phase::Listening { since, limit };
    }

    /// Does what is due; true when something changed.
    fn step(&mut self) -> bool {
        let now = self.now;
        if let Some(ended) = self.agent.ended(now) {
            self.tell(ended, What::AgentSpeechEnd);
            return true;
        }
        if let Some((at, what)) = self.barge_in.as_ref().and_then(|it| it.verdict(now, self.agent.last())) {
            self.barge_in = None;
            self.tell(at, what);
            return true;
        }
        if now >= self.dialled + self.settings.longest && self.phase != Phase::Over {
            self.over(By::Caller, "the longest call is reached");
            return true;
        }
        match &self.phase {
            Phase::Listening { since, limit } => self.listening(*since + *limit),
            Phase::Pausing { until } if now >= *until && !self.agent.is_speaking() => self.take_turn(),
            Phase::Pressing { next, .. } if now >= *next => self.press(),
            Phase::Leaving { until } if now >= *until && !self.agent.is_speaking() => {
                self.complete = true;
                self.over(By::Caller, "the script is at its end");
                true
            }
            _ => false,
        }
    }

    /// Goes on when the agent has said enough, or will say nothing.
    fn listening(&mut self, limit: Now) -> bool {
        let enough = match self.script.turns.get(self.next).map(|turn| (turn.start, turn.wait)) {
            Some((Start::BargeIn(after), wait)) => {
                self.answer_began.is_some_and(|began| self.now >= began + after + wait)
            }
            _ => self.answer_began.is_some() && !self.agent.is_speaking(),
        };
        let given_up = self.now >= limit && self.answer_began.is_none() && !self.agent.is_speaking();
        if !enough && !given_up {
            return false;
        }
        if let Some((turn, _)) = self.open.take() {
            self.tell(self.now, What::Turn { turn, answer: Answer::None, end_to_audio_ms: None });
        }
        match self.script.turns.get(self.next) {
            Some(Turn { start: Start::AfterAnswer, wait, .. }) if !wait.is_zero() => {
                self.phase = Phase::Pausing { until: self.now + *wait };
                true
            }
            _ => self.take_turn(),
        }
    }

    fn take_turn(&mut self) -> bool {
        let Some(turn) = self.script.turns.get(self.next).cloned() else {
            if self.live {
                self.phase = Phase::Deciding;
                self.outputs.push_back(Output::Decide);
                return true;
            }
            self.phase = Phase::Leaving { until: self.now + LINGER };
            return true;
        };
        let index = self.next;
        self.next += 1;
        self.turns += u32::from(turn.act != Act::HangUp);
        match turn.act {
            Act::Say { .. } | Act::Wav(_) => {
                self.barge_in = matches!(turn.start, Start::BargeIn(_)).then(|| BargeIn::new(self.turns, self.now));
                self.phase = Phase::Playing { began: Now::NEVER };
                self.outputs.push_back(Output::Play(index));
            }
            Act::Digits(keys) => {
                let keys = keys.chars().collect();
                self.phase = Phase::Pressing { began: self.now, next: self.now, keys };
            }
            Act::Silence => {
                self.tell(self.now, What::CallerSilent { turn: self.turns });
                self.listen(self.now, SILENT_TURN);
            }
            Act::HangUp => {
                self.complete = self.next >= self.script.turns.len();
                self.over(By::Caller, "the script says so");
            }
        }
        true
    }

    /// What was decided comes next; an agent that speaks again meanwhile is heard out first.
    fn decided(&mut self, turns: Vec<Turn>) {
        if self.phase != Phase::Deciding {
            return;
        }
        self.script.turns.extend(turns);
        let wait = self.script.turns.get(self.next).map_or(Duration::ZERO, |turn| turn.wait);
        if self.agent.is_speaking() {
            self.listen(self.now, self.settings.answer_wait);
            self.answer_began = self.agent.onset();
        } else if !wait.is_zero() {
            self.phase = Phase::Pausing { until: self.now + wait };
        } else {
            self.take_turn();
        }
    }

    /// Nothing to say yet.
    fn hear_on(&mut self) {
        if self.phase == Phase::Deciding {
            self.listen(self.now, self.settings.answer_wait);
            // What has begun meanwhile is heard to its end.
            self.answer_began = self.agent.onset().filter(|_| self.agent.is_speaking());
        }
    }

    fn press(&mut self) -> bool {
        let Phase::Pressing { began, next, keys } = &mut self.phase else { return false };
        let Some(digit) = keys.pop_front() else { return false };
        *next = self.now + KEY_EVERY;
        let (began, was_last) = (*began, keys.is_empty());
        self.outputs.push_back(Output::Press(digit));
        self.tell(self.now, What::Digit { digit });
        if was_last {
            self.turn_over(began, self.now);
        }
        true
    }

    /// We hang up.
    fn over(&mut self, by: By, cause: &str) {
        self.tell(self.now, What::HungUp { by, cause: cause.to_owned() });
        self.outputs.push_back(Output::HangUp);
        self.phase = Phase::Over;
    }

    /// They hung up, or the line is dead.
    fn hung_up(&mut self, by: By, cause: String) {
        if self.phase == Phase::Over {
            return;
        }
        let rest = self.script.turns.get(self.next..).unwrap_or_default();
        let all_said = rest.iter().all(|turn| turn.act == Act::HangUp);
        let is_done = matches!(
            self.phase,
            Phase::Listening { .. } | Phase::Pausing { .. } | Phase::Deciding | Phase::Leaving { .. }
        );
        self.complete = all_said && is_done && by == By::Agent;
        if let Some((turn, _)) = self.open.take() {
            self.tell(self.now, What::Turn { turn, answer: Answer::None, end_to_audio_ms: None });
        }
        self.tell(self.now, What::HungUp { by, cause });
        self.phase = Phase::Over;
    }

    /// Instants at which something may be due; those that have passed had their effect.
    fn due(&self) -> Now {
        let phase = match &self.phase {
            Phase::Listening { since, limit } => *since + *limit,
            Phase::Pausing { until } | Phase::Leaving { until } => *until,
            Phase::Pressing { next, .. } => *next,
            Phase::Dialling | Phase::Playing { .. } | Phase::Deciding | Phase::Over => Now::NEVER,
        };
        let longest = if self.phase == Phase::Over { Now::NEVER } else { self.dialled + self.settings.longest };
        let silent = self.barge_in.as_ref().map_or(Now::NEVER, |it| it.due(self.agent.last()));
        [phase, self.cut_in_at(), longest, silent, self.agent.ends()]
            .into_iter()
            .filter(|at| *at > self.now)
            .min()
            .unwrap_or(Now::NEVER)
    }

    /// When the script wants to cut in on what the agent is saying.
    fn cut_in_at(&self) -> Now {
        if !matches!(self.phase, Phase::Listening { .. }) {
            return Now::NEVER;
        }
        match (self.script.turns.get(self.next), self.answer_began) {
            (Some(Turn { start: Start::BargeIn(after), wait, .. }), Some(began)) => began + *after + *wait,
            _ => Now::NEVER,
        }
    }

    fn advance(&mut self, now: Now) {
        self.now = self.now.max(now);
        while self.step() {}
    }
}

/// The words of a turn, or the file.
fn said(turn: &Turn) -> String {
    match &turn.act {
        Act::Say { text, .. } => text.clone(),
        Act::Wav(path) => path.clone(),
        Act::Digits(_) | Act::Silence | Act::HangUp => String::new(),
    }
}

impl Machine for Caller {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, now: Now, input: Input) {
        self.now = self.now.max(now);
        if self.phase == Phase::Over {
            return;
        }
        match input {
            Input::Ringing => self.tell(self.now, What::Ringing),
            Input::Established if self.established.is_none() => {
                self.established = Some(self.now);
                self.tell(self.now, What::Answered);
                self.listen(self.now, self.settings.answer_wait);
                // Some agents speak before they are asked to (early media).
                self.answer_began = self.agent.onset().map(|_| self.now);
            }
            Input::Established => {}
            Input::Audible => self.audible(),
            Input::Began(at) => self.began(at),
            Input::Ended(at) => self.ended(at),
            Input::Take(turns) => self.decided(turns),
            Input::HearOn => self.hear_on(),
            Input::Leave => {
                self.script.turns.truncate(self.next);
                self.phase = Phase::Leaving { until: self.now + LINGER };
            }
            Input::HungUp { by, cause } => self.hung_up(by, cause),
        }
        self.advance(now);
    }

    fn wake(&mut self, now: Now) {
        self.advance(now);
    }

    fn poll(&mut self) -> Poll<Output> {
        match self.outputs.pop_front() {
            Some(output) => Poll::Do(output),
            None => Poll::WaitUntil(self.due()),
        }
    }
}
