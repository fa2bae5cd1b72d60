//! A stage for one conversation on the virtual clock: a caller who speaks at set instants,
//! engines with exact delays, a voice of 200 ms a word, and a log of all that came out.
#![allow(dead_code, unused_imports)] // every test uses a part of it

pub mod script;

use std::collections::{BTreeMap, VecDeque};

use dialogue::conversation::{Config, Conversation, Standing};
use dialogue::io::{EngineKind, Input, Output, SpeechId, TurnRecord, UtteranceId};
use dialogue::{Heard, Outcome, ToolCall, ToolResult};
use jiff::civil::{DateTime, datetime};
use machine::{Machine, Now, settle};
pub use script::{Script, act, line};

pub const WORD_MS: u32 = 200;
const FRAME_MS: u64 = 20;

/// Something the caller says.
#[derive(Clone)]
pub struct Spoken {
    from: u64,
    to: u64,
    words: Vec<(u64, String)>,
    level_db: f32,
}

/// Delays of the engines; `None` never answers.
#[derive(Clone)]
pub struct Delays {
    pub stt: Option<u64>,
    pub llm: Option<u64>,
    pub tool: Option<u64>,
    pub tts: Option<u64>,
}

impl Default for Delays {
    fn default() -> Self {
        Delays { stt: Some(100), llm: Some(20), tool: Some(5), tts: Some(15) }
    }
}

struct Playing {
    speech: SpeechId,
    clauses: Vec<(String, u32)>,
    ready_at: u64,
    clause: usize,
    ms: u32,
}

/// A stretch of the agent's voice.
#[derive(Debug, Clone, PartialEq)]
pub struct Sound {
    pub from: u64,
    pub to: u64,
    pub text: String,
}

pub struct Stage {
    pub call: Conversation<Script>,
    pub delays: Delays,
    pub tool: fn(&ToolCall) -> ToolResult,
    pub now: u64,
    pub outputs: Vec<(u64, Output)>,
    pub sounds: Vec<Sound>,
    pub hung_up: Option<(u64, Outcome)>,
    pub silent_frames: bool,
    /// What the ear says of every end.
    pub finished: Option<f32>,
    /// From here on the recogniser has no time for hypotheses in mid-speech.
    pub no_partials_from: u64,
    /// Finals take longer than hypotheses by so much.
    pub finals_late_by: u64,
    spoken: Vec<Spoken>,
    pending: BTreeMap<(u64, u64), Input>,
    sequence: u64,
    listening: BTreeMap<UtteranceId, u64>,
    voice: VecDeque<Playing>,
    paused: bool,
    wake: Now,
}

pub const CONNECTED: DateTime = datetime(2026, 11, 20, 10, 0, 0, 0);

impl Stage {
    pub fn new(script: Script) -> Self {
        Self::with(script, Config::default(), Delays::default())
    }

    pub fn with(script: Script, config: Config, delays: Delays) -> Self {
        Stage {
            call: Conversation::new(script, config, 7),
            delays,
            tool: |_| ToolResult::Done,
            now: 0,
            outputs: Vec::new(),
            sounds: Vec::new(),
            hung_up: None,
            silent_frames: true,
            finished: None,
            no_partials_from: u64::MAX,
            finals_late_by: 0,
            spoken: Vec::new(),
            pending: BTreeMap::new(),
            sequence: 0,
            listening: BTreeMap::new(),
            voice: VecDeque::new(),
            paused: false,
            wake: Now::NEVER,
        }
    }

    /// A call whose greeting was heard, one second after its end.
    pub fn greeted(script: Script) -> Self {
        let mut stage = Stage::new(script);
        stage.connect();
        stage.until_quiet();
        stage.run(1_000);
        stage
    }

    pub fn connect(&mut self) {
        self.input(Input::Connected { local: CONNECTED });
    }

    /// The caller says this from now + `after` on, a word each 200 ms; returns when they end.
    pub fn caller(&mut self, after: u64, text: &str) -> u64 {
        self.caller_at(after, text, -20.0, u64::from(WORD_MS))
    }

    pub fn caller_at(&mut self, after: u64, text: &str, level_db: f32, word_ms: u64) -> u64 {
        let from = (self.now + after).div_ceil(FRAME_MS) * FRAME_MS;
        let mut at = from;
        let words = text.split_whitespace().map(|word| {
            at += word_ms;
            (at, word.to_owned())
        });
        let words = words.collect();
        self.spoken.push(Spoken { from, to: at, words, level_db });
        at
    }

    /// Sound without words.
    pub fn noise(&mut self, after: u64, length: u64) {
        let from = (self.now + after).div_ceil(FRAME_MS) * FRAME_MS;
        self.spoken.push(Spoken { from, to: from + length, words: Vec::new(), level_db: -20.0 });
    }

    pub fn later(&mut self, after: u64, input: Input) {
        self.sequence += 1;
        self.pending.insert((self.now + after, self.sequence), input);
    }

    pub fn keys(&mut self, after: u64, keys: &str) {
        for (index, key) in keys.chars().enumerate() {
            self.later(after + index as u64 * 300, Input::Digit(key));
        }
    }

    pub fn engine(&mut self, after: u64, engine: EngineKind, up: bool) {
        self.later(after, Input::EngineUp { engine, up });
    }

    pub fn run(&mut self, ms: u64) {
        let end = self.now + ms;
        while self.now < end && self.hung_up.is_none() {
            let tick = (self.now / FRAME_MS + 1) * FRAME_MS;
            let pending = self.pending.keys().next().map_or(u64::MAX, |(at, _)| *at);
            let wake = self.wake.as_micros().div_ceil(1_000);
            let next = tick.min(pending).min(wake).min(end).max(self.now);
            self.now = next;
            if wake <= next {
                self.call.wake(self.instant());
                self.drain();
            }
            while let Some((key, _)) = self.pending.first_key_value().filter(|((at, _), _)| *at <= next) {
                let key = *key;
                if let Some(input) = self.pending.remove(&key) {
                    self.input(input);
                }
            }
            if next == tick {
                self.tick();
            }
        }
    }

    /// Until the agent has nothing more to say (at most a minute).
    pub fn until_quiet(&mut self) {
        let end = self.now + 60_000;
        self.run(40);
        while self.now < end && self.hung_up.is_none() && self.call.standing() == Standing::AgentSpeaks {
            self.run(20);
        }
    }

    pub fn until_end(&mut self, most_ms: u64) {
        self.run(most_ms);
    }

    fn instant(&self) -> Now {
        Now::from_millis(self.now)
    }

    pub fn input(&mut self, input: Input) {
        if self.hung_up.is_none() {
            self.call.handle(self.instant(), input);
            self.drain();
        }
    }

    fn tick(&mut self) {
        self.play();
        if self.silent_frames || self.speaking_at(self.now).is_some() {
            let spoken = self.speaking_at(self.now);
            let level_db = spoken.map_or(-70.0, |spoken| spoken.level_db);
            self.input(Input::Frame { speech: spoken.is_some(), level_db });
        }
    }

    fn speaking_at(&self, now: u64) -> Option<&Spoken> {
        self.spoken.iter().find(|spoken| spoken.from < now && now <= spoken.to)
    }

    fn drain(&mut self) {
        let mut outputs = Vec::new();
        self.wake = settle(&mut self.call, |output| outputs.push(output));
        for output in outputs {
            self.outputs.push((self.now, output.clone()));
            self.perform(output);
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Listen { utterance, preroll_ms } => {
                self.listening.insert(utterance, self.now.saturating_sub(u64::from(preroll_ms)));
            }
            Output::Transcribe { utterance, request, is_final: false } if self.now >= self.no_partials_from => {
                self.later(100, Input::NoTranscript { utterance, request });
            }
            Output::Transcribe { utterance, request, is_final } => {
                let Some(from) = self.listening.get(&utterance).copied() else { panic!("nothing collected") };
                let heard = self.recognise(from);
                if let Some(delay) = self.delays.stt {
                    let delay = delay + if is_final { self.finals_late_by } else { 0 };
                    let (decode_ms, finished) = (delay as u32, self.finished);
                    self.later(delay, Input::Transcript { utterance, request, heard, decode_ms, finished });
                }
            }
            Output::EndListen { utterance } => {
                assert!(self.listening.remove(&utterance).is_some(), "ended twice");
            }
            Output::Think { request, own, .. } => {
                if let Some(delay) = self.delays.llm {
                    let (text, ms) = (Some(own), delay as u32);
                    self.later(delay, Input::Decision { request, text, first_ms: ms, total_ms: ms });
                }
            }
            Output::Tool { request, call, .. } => {
                let result = (self.tool)(&call);
                if let Some(delay) = self.delays.tool {
                    self.later(delay, Input::ToolDone { request, result });
                }
            }
            Output::Say { speech, clauses } => self.voice_gets(speech, clauses),
            Output::PauseSpeech => self.paused = true,
            Output::ResumeSpeech => self.paused = false,
            Output::StopSpeech => {
                self.voice.clear();
                self.paused = false;
            }
            Output::HangUp(outcome) => self.hung_up = Some((self.now, outcome)),
            Output::ReadAhead { .. } | Output::CancelThink { .. } | Output::Prepare { .. } | Output::Turn(_) => {}
        }
    }

    fn recognise(&self, from: u64) -> Heard {
        let words = self.spoken.iter().flat_map(|spoken| &spoken.words);
        let heard = words.filter(|(end, _)| from < *end && *end <= self.now).map(|(_, word)| word.as_str());
        let text = heard.collect::<Vec<_>>().join(" ");
        Heard { confidence: if text.is_empty() { 0.0 } else { 0.9 }, text, ..Heard::default() }
    }

    fn voice_gets(&mut self, speech: SpeechId, clauses: Vec<String>) {
        let Some(delay) = self.delays.tts else { return };
        let timed: Vec<(String, u32)> = clauses
            .into_iter()
            .map(|clause| {
                let words = clause.split_whitespace().count() as u32;
                (clause, words * WORD_MS)
            })
            .collect();
        for (index, (_, total_ms)) in timed.iter().enumerate() {
            let word_ends_ms = (1..=total_ms / WORD_MS).map(|word| word * WORD_MS).collect();
            let made = Input::Synthesised { speech, clause: index as u16, word_ends_ms, total_ms: *total_ms };
            self.later(delay, made);
        }
        self.voice.push_back(Playing { speech, clauses: timed, ready_at: self.now + delay, clause: 0, ms: 0 });
    }

    fn play(&mut self) {
        if self.paused {
            return;
        }
        let now = self.now;
        let Some(playing) = self.voice.front_mut().filter(|playing| playing.ready_at <= now) else { return };
        let Some((text, total_ms)) = playing.clauses.get(playing.clause).cloned() else { return };
        playing.ms += FRAME_MS as u32;
        let (speech, clause, ms) = (playing.speech, playing.clause as u16, playing.ms);
        match self.sounds.last_mut() {
            Some(sound) if sound.text == text && sound.to + 400 > now => sound.to = now,
            _ => self.sounds.push(Sound { from: now, to: now, text }),
        }
        let ended = ms >= total_ms;
        if ended {
            playing.clause += 1;
            playing.ms = 0;
        }
        let done = playing.clause >= playing.clauses.len();
        if done {
            self.voice.pop_front();
        }
        self.input(Input::Played { speech, clause, ms });
        if done {
            self.input(Input::SpeechDone(speech));
        }
    }

    // What came of it.

    /// When the agent was first heard after this instant.
    pub fn audio_after(&self, at: u64) -> Option<u64> {
        self.sounds.iter().find(|sound| sound.to > at).map(|sound| sound.from.max(at))
    }

    /// All clauses begun since this instant.
    pub fn said_after(&self, at: u64) -> Vec<&str> {
        self.sounds.iter().filter(|sound| sound.from >= at).map(|sound| sound.text.as_str()).collect()
    }

    pub fn turns(&self) -> Vec<TurnRecord> {
        let turns = self.outputs.iter().filter_map(|(_, output)| match output {
            Output::Turn(turn) => Some((**turn).clone()),
            _ => None,
        });
        turns.collect()
    }

    pub fn count(&self, wanted: fn(&Output) -> bool) -> usize {
        self.outputs.iter().filter(|(_, output)| wanted(output)).count()
    }

    pub fn at(&self, wanted: fn(&Output) -> bool) -> Option<u64> {
        self.outputs.iter().find(|(_, output)| wanted(output)).map(|(at, _)| *at)
    }

    pub fn at_after(&self, from: u64, wanted: fn(&Output) -> bool) -> Option<u64> {
        self.outputs.iter().find(|(at, output)| *at >= from && wanted(output)).map(|(at, _)| *at)
    }
}
