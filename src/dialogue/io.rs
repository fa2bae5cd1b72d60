//! What goes into a conversation and what comes out of it.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::brain::{Heard, Outcome, ToolCall, ToolResult};

/// Names one utterance of the caller within a call, counted from 1.
pub type UtteranceId = u32;
/// Names one thing said by the agent within a call, counted from 1.
pub type SpeechId = u32;

/// What the world tells a conversation.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The call is established: greet. Civil time of the business at this instant.
    Connected {
        /// Local date and time; the conversation counts on from it.
        local: DateTime,
    },
    /// One frame of what the caller sends, every 20 ms of received audio.
    Frame {
        /// The voice activity detector's verdict.
        speech: bool,
        /// Level in dBFS (0 is full scale, silence about -90).
        level_db: f32,
    },
    /// A digit from the keypad.
    Digit(char),
    /// Speech recognition answered.
    Transcript {
        /// Which utterance.
        utterance: UtteranceId,
        /// Number of the request (see [`Output::Transcribe`]).
        request: u32,
        /// The text with its confidence; empty text when there were no words.
        heard: Heard,
        /// Time it took on the recogniser, for the record.
        decode_ms: u32,
        /// How sure the ear is, 0 to 1, that the caller has finished; `None` where none tells.
        finished: Option<f32>,
    },
    /// Speech recognition made no transcript: there was no time for it, or it failed. Whether there
    /// were words nobody knows.
    NoTranscript {
        /// Which utterance.
        utterance: UtteranceId,
        /// Number of the request.
        request: u32,
    },
    /// The model answered request `request`, or failed (`None`).
    Decision {
        /// Number of the request.
        request: u32,
        /// Its output.
        text: Option<String>,
        /// Time to the first token and to the last, for the record.
        first_ms: u32,
        /// Time to the last token.
        total_ms: u32,
    },
    /// A tool answered.
    ToolDone {
        /// Number of the request.
        request: u32,
        /// What came of it.
        result: ToolResult,
    },
    /// The voice has made a clause: when each word of it ends.
    Synthesised {
        /// Which speech.
        speech: SpeechId,
        /// Which clause of it, from 0.
        clause: u16,
        /// End of each word from the start of the clause, in milliseconds.
        word_ends_ms: Vec<u32>,
        /// Length of the clause in milliseconds.
        total_ms: u32,
    },
    /// The playout cursor: so much of this clause has been sent to the caller.
    Played {
        /// Which speech.
        speech: SpeechId,
        /// Which clause.
        clause: u16,
        /// Milliseconds of it that have left the box.
        ms: u32,
    },
    /// All of this speech has been sent.
    SpeechDone(SpeechId),
    /// This speech could not be made at all (voice down and nothing cached).
    SpeechFailed(SpeechId),
    /// The caller has put us on hold, or is back.
    Held(bool),
    /// An engine is gone or back.
    EngineUp {
        /// Which: hearing, thinking or speaking.
        engine: EngineKind,
        /// True when it can be used.
        up: bool,
    },
    /// What the box can afford beyond what must be done has changed.
    Afford(Afford),
    /// The caller hung up, or the line died.
    Gone,
}

/// What a conversation may have done ahead of need. All of it makes answers sooner or better; none
/// of it is needed for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Afford {
    /// Thinking before the turn is confirmed.
    pub speculation: bool,
    /// Hypotheses in mid-speech; those that judge an interruption are always asked for.
    pub partials: bool,
}

impl Default for Afford {
    fn default() -> Self {
        Afford { speculation: true, partials: true }
    }
}

/// The engines, seen from a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineKind {
    /// Speech recognition.
    Hearing,
    /// The language model.
    Thinking,
    /// The voice.
    Speaking,
}

/// What a conversation wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Speech has begun: collect audio for this utterance, from this long before now.
    Listen {
        /// Which utterance.
        utterance: UtteranceId,
        /// How much of what came before belongs to it, in milliseconds.
        preroll_ms: u32,
    },
    /// Have all that was collected recognised.
    Transcribe {
        /// Which utterance.
        utterance: UtteranceId,
        /// Comes back with the answer.
        request: u32,
        /// A final goes before all partials.
        is_final: bool,
    },
    /// The utterance is over: collect no more for it, forget its audio.
    EndListen {
        /// Which utterance.
        utterance: UtteranceId,
    },
    /// Have the model read what it will probably be asked, while the caller still speaks.
    ReadAhead {
        /// Prompt part shared by all calls.
        shared: String,
        /// The beginning of this turn's prompt: more words will follow.
        own: String,
    },
    /// Ask the model.
    Think {
        /// Comes back with the answer.
        request: u32,
        /// Prompt part shared by all calls.
        shared: String,
        /// This turn's prompt.
        own: String,
        /// GBNF.
        grammar: String,
        /// Upper bound of output tokens.
        max_tokens: u16,
    },
    /// The answer to this `Think` is no longer wanted.
    CancelThink {
        /// The request.
        request: u32,
    },
    /// Run a tool.
    Tool {
        /// Comes back with the answer.
        request: u32,
        /// Stable for a retry: unique in the call.
        key: String,
        /// What to run.
        call: ToolCall,
    },
    /// Make these clauses ready, but do not play them yet (thinking ahead).
    Prepare {
        /// Speakable clauses.
        clauses: Vec<String>,
    },
    /// Speak, after whatever is being spoken now. One clause an item, already speakable.
    Say {
        /// Names it.
        speech: SpeechId,
        /// Speakable clauses, in order.
        clauses: Vec<String>,
    },
    /// Hold the voice at this very sample; silence goes out meanwhile.
    PauseSpeech,
    /// Go on where it was held.
    ResumeSpeech,
    /// Drop everything still to be said; a hold ends with it.
    StopSpeech,
    /// End the call now.
    HangUp(Outcome),
    /// A turn is complete: for the record.
    Turn(Box<TurnRecord>),
}

/// One turn for the record. Instants are milliseconds since the call was established.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct TurnRecord {
    /// Counted from 0 (the greeting).
    pub turn: u32,
    /// What the caller said, as recognised; empty in the greeting.
    pub caller: String,
    /// Recogniser confidence.
    pub confidence: f32,
    /// Keypad digits.
    pub keyed: String,
    /// The model's decision as it came, empty when rules settled it.
    pub decision: String,
    /// Tools run, as JSON each with its result.
    pub tools: Vec<serde_json::Value>,
    /// What the agent said, cut at the last word heard.
    pub agent: String,
    /// True when the caller cut in.
    pub interrupted: bool,
    /// Stage timings.
    pub timings: Timings,
}

/// When each stage of a turn was reached, in milliseconds since the call was established;
/// `None` where a stage did not occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Timings {
    /// Last frame with speech of the caller.
    pub speech_end_ms: Option<u64>,
    /// The final transcript arrived.
    pub transcript_ms: Option<u64>,
    /// Time the recogniser spent on it.
    pub stt_decode_ms: Option<u32>,
    /// The turn was taken to be over.
    pub turn_end_ms: Option<u64>,
    /// The decision was complete.
    pub decision_ms: Option<u64>,
    /// Time from receipt to the model's first token.
    pub llm_first_ms: Option<u32>,
    /// Time from receipt to its last.
    pub llm_total_ms: Option<u32>,
    /// Tools had answered.
    pub tools_ms: Option<u64>,
    /// The answer was handed to the voice.
    pub say_ms: Option<u64>,
    /// The first clause was synthesised.
    pub voice_ms: Option<u64>,
    /// The first of its samples left the box.
    pub audio_ms: Option<u64>,
}
