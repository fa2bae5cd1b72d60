//! The messages between the daemon and its workers.

use serde::{Deserialize, Serialize};

/// Version of everything in this module; both sides refuse another.
pub const PROTOCOL: u16 = 4;
/// Longest frame either side accepts, in bytes.
pub const MAX_FRAME: usize = 4 * 1024 * 1024;

/// Names one piece of work in flight, so that it can be cancelled and its answers told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ticket(pub u64);

/// Names one call's state inside a worker (its audio so far, its cached prompt).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Session(pub u64);

/// Daemon to worker. `W` is the engine's own work.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Down<W> {
    /// First frame.
    Hello {
        /// [`PROTOCOL`] of the daemon.
        protocol: u16,
    },
    /// Heartbeat; answered by [`Up::Pong`] even while the engine works.
    Ping(u64),
    /// Something to do.
    Work(W),
    /// The answer to this ticket is no longer wanted. Answered by nothing.
    Cancel(Ticket),
    /// The call is over: free all that is kept for it.
    Close(Session),
}

/// Worker to daemon. `E` is the engine's own events.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Up<E> {
    /// First frame, sent once the model is loaded and warm and the sandbox is closed.
    Ready {
        /// [`PROTOCOL`] of the worker.
        protocol: u16,
        /// What is loaded, for people: name and version of engine and model.
        about: String,
        /// Time from start to ready, in milliseconds.
        warm_ms: u32,
    },
    /// Answer to [`Down::Ping`].
    Pong(u64),
    /// A result.
    Event(E),
    /// The work of this ticket failed; the worker goes on.
    Failed {
        /// The work.
        ticket: Ticket,
        /// One sentence for the log; never holds what a caller said.
        why: String,
    },
}

/// Work for speech recognition. Samples are mono, 16 kHz, signed 16 bit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum SttWork {
    /// Appends audio to the current utterance of this call (opening it if need be).
    Feed {
        /// The call.
        session: Session,
        /// Audio as it arrived.
        samples: Vec<i16>,
    },
    /// Recognise all that was fed since the last [`SttWork::Reset`].
    Transcribe {
        /// The call.
        session: Session,
        /// Names this request.
        ticket: Ticket,
        /// Finals go before partials. A newer request of the same call replaces an older partial
        /// that still waits, which is then answered with no words.
        kind: TranscriptKind,
        /// Its answer is wanted so many milliseconds from now. Of the same kind, what is due first
        /// goes first. A partial that can't be begun in time is answered with no words.
        due_ms: u32,
        /// Language to assume (BCP 47 primary tag), or none to detect it.
        language: Option<String>,
    },
    /// Forgets the utterance: the next `Feed` starts a new one.
    Reset {
        /// The call.
        session: Session,
    },
}

/// What a transcript is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TranscriptKind {
    /// The caller is still speaking: quick rather than exact.
    Partial,
    /// The turn hangs on it.
    Final,
    /// The caller may have finished: as exact as a final, which takes it over where no more is said,
    /// but giving way as a partial does.
    Ahead,
}

/// What speech recognition answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transcript {
    /// The request.
    pub ticket: Ticket,
    /// Lower-case or cased as the model writes; empty when nothing was said.
    pub text: String,
    /// Mean token probability, 0 to 1.
    pub confidence: f32,
    /// For every word of `text` (split at spaces) its mean token probability.
    pub words: Vec<f32>,
    /// Audio that was recognised, in milliseconds; 0 where the request was left out or given up,
    /// so that no words say nothing about the caller.
    pub audio_ms: u32,
    /// Time spent on it, in milliseconds.
    pub decode_ms: u32,
    /// How sure the end-of-turn network is, 0 to 1, that the caller has finished. `None` for
    /// partials, and where no such network is loaded.
    pub finished: Option<f32>,
}

/// Work for the language model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LlmWork {
    /// Reads a prompt ahead of need. Cheap to call again with a longer text: the worker keeps,
    /// for each call, the longest common prefix.
    Prefill {
        /// The call.
        session: Session,
        /// Prompt so far.
        prompt: Prompt,
    },
    /// Decides: generates until the grammar is complete.
    Decide {
        /// The call.
        session: Session,
        /// Names this request.
        ticket: Ticket,
        /// What to go on.
        prompt: Prompt,
        /// GBNF with the start symbol `root`: the output is one sentence of it.
        grammar: String,
        /// Upper bound of generated tokens.
        max_tokens: u16,
        /// How long it can wait.
        priority: Priority,
    },
}

/// How long a decision can wait for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priority {
    /// A caller waits for its first words.
    Turn,
    /// Nobody on the line waits for it: a summary, work that comes back later.
    Later,
}

/// A prompt in two parts, both plain text. The special tokens around them come from the model's
/// manifest; `<|` in either part is taken out, so that nobody can speak a special token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// Same for all calls of a business (rules, business, tools): prefilled once and shared. May be empty.
    pub shared: String,
    /// This turn's.
    pub own: String,
}

/// What the language model answers to a decision.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum LlmEvent {
    /// More of the output text.
    Piece {
        /// The request.
        ticket: Ticket,
        /// UTF-8, whole characters.
        text: String,
    },
    /// The output is complete.
    Done {
        /// The request.
        ticket: Ticket,
        /// All of it.
        text: String,
        /// Prompt tokens that had to be computed (the rest was cached).
        prompt_tokens: u32,
        /// Tokens generated.
        tokens: u32,
        /// Time to the first token, in milliseconds, from receipt.
        first_ms: u32,
        /// Time to the last, in milliseconds.
        total_ms: u32,
        /// Mean probability of the tokens chosen where the grammar left a choice, 0 to 1.
        confidence: f32,
    },
}

/// Work for the voice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum TtsWork {
    /// Speaks one clause or more; samples stream as they are made.
    Speak {
        /// Names this request.
        ticket: Ticket,
        /// Voice by its manifest's name, e.g. `espeak-en-us`.
        voice: String,
        /// Speakable text: words only, no markup.
        text: String,
        /// Sample rate wanted, in hertz (8000 or 16000).
        rate: u32,
        /// Speed, 1.0 is the voice's own.
        speed: f32,
        /// Its first sample is wanted so many milliseconds from now: 0 where somebody waits for it,
        /// later for what is said after something else, or perhaps not at all.
        due_ms: u32,
    },
}

/// What the voice answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum TtsEvent {
    /// More audio, mono, at the rate asked for.
    Audio {
        /// The request.
        ticket: Ticket,
        /// The samples.
        samples: Vec<i16>,
    },
    /// The clause is complete.
    Done {
        /// The request.
        ticket: Ticket,
        /// For every word of the text (split at white space) the sample at which it ends.
        word_ends: Vec<u32>,
        /// Time to the first samples, in milliseconds, from receipt.
        first_ms: u32,
        /// Time to the last.
        total_ms: u32,
    },
}

/// A connection's message types: one marker per engine.
pub trait Engine: 'static {
    /// Work, daemon to worker.
    type Work: Serialize + for<'de> Deserialize<'de> + Send + 'static;
    /// Events, worker to daemon.
    type Event: Serialize + for<'de> Deserialize<'de> + Send + 'static;
    /// `stt`, `llm` or `tts`.
    const NAME: &'static str;
    /// The ticket under which this work is answered; `None` for work that is answered by nothing.
    fn ticket(work: &Self::Work) -> Option<Ticket>;
    /// True for work that a busy box may leave undone.
    fn may_be_shed(_work: &Self::Work) -> bool {
        false
    }
}

/// Speech recognition.
#[derive(Debug)]
pub enum Stt {}
/// The language model.
#[derive(Debug)]
pub enum Llm {}
/// The voice.
#[derive(Debug)]
pub enum Tts {}

impl Engine for Stt {
    type Work = SttWork;
    type Event = Transcript;
    const NAME: &'static str = "stt";
    fn ticket(work: &SttWork) -> Option<Ticket> {
        match work {
            SttWork::Transcribe { ticket, .. } => Some(*ticket),
            SttWork::Feed { .. } | SttWork::Reset { .. } => None,
        }
    }
    fn may_be_shed(work: &SttWork) -> bool {
        matches!(work, SttWork::Transcribe { kind: TranscriptKind::Partial | TranscriptKind::Ahead, .. })
    }
}
impl Engine for Llm {
    type Work = LlmWork;
    type Event = LlmEvent;
    const NAME: &'static str = "llm";
    fn ticket(work: &LlmWork) -> Option<Ticket> {
        match work {
            LlmWork::Decide { ticket, .. } => Some(*ticket),
            LlmWork::Prefill { .. } => None,
        }
    }
}
impl Engine for Tts {
    type Work = TtsWork;
    type Event = TtsEvent;
    const NAME: &'static str = "tts";
    fn ticket(work: &TtsWork) -> Option<Ticket> {
        let TtsWork::Speak { ticket, .. } = work;
        Some(*ticket)
    }
}
