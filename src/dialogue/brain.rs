//! The seam between timing and content: what a conversation asks of whoever decides.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// What the caller said or keyed in one turn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    /// Recognised text, empty when only keys were pressed.
    pub text: String,
    /// Mean token probability of the recogniser, 0 to 1.
    pub confidence: f32,
    /// The same for each word of `text`; may be empty when unknown.
    pub words: Vec<f32>,
    /// Keypad digits of this turn, in order (`0-9*#A-D`).
    pub keyed: String,
}

/// What the brain needs before it can decide on something heard.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// Rules settle it: call [`Brain::decide`] without a decision.
    Nothing,
    /// Ask the model, then call [`Brain::decide`] with its output.
    Model {
        /// Prompt part shared by all calls of the business.
        shared: String,
        /// Prompt of this turn.
        own: String,
        /// GBNF, start symbol `root`.
        grammar: String,
        /// Upper bound of output tokens.
        max_tokens: u16,
    },
}

/// One thing to do. A list of them is carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Speak this.
    Say(Line),
    /// Run a tool; its result comes back through [`Brain::tool_result`].
    Tool(ToolCall),
    /// Hang up once everything said has been heard.
    HangUp(Outcome),
}

/// Something to say.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// As written; shaping makes it speakable.
    pub text: String,
    /// False for what must be heard to its end (the AI disclosure).
    pub interruptible: bool,
}

/// How a call ended, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The caller said goodbye or had nothing more.
    Completed,
    /// Nobody spoke any more.
    Silence,
    /// The maximum length was reached.
    TooLong,
    /// Something broke that could not be mended in the call.
    Failed,
    /// A person has taken the call over.
    Transferred,
}

/// What the agent can have done. Every call carries an idempotency key added by the
/// conversation (turn, index), so that a retry changes nothing twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tool", rename_all = "snake_case")]
pub enum ToolCall {
    /// Free times for a service, earliest first, at most `limit`.
    FreeSlots {
        /// By the business's name for it.
        service: String,
        /// First instant, local.
        from: DateTime,
        /// First instant no longer wanted.
        until: DateTime,
        /// Most that are wanted.
        limit: u8,
    },
    /// Keeps a time for this call while the caller decides; replaces this call's earlier hold.
    Hold {
        /// By the business's name for it.
        service: String,
        /// Local.
        start: DateTime,
    },
    /// Turns the hold into a booking.
    Book {
        /// From [`ToolResult::Held`].
        hold: i64,
        /// Whose booking.
        name: String,
        /// Digits, if given.
        phone: Option<String>,
        /// What the caller answered to the business's own questions; empty without any.
        #[serde(default)]
        notes: String,
    },
    /// Bookings from now on that match all the given facts.
    FindBookings {
        /// Whose.
        name: Option<String>,
        /// Digits.
        phone: Option<String>,
    },
    /// Moves a booking to the time held.
    Move {
        /// From [`ToolResult::Bookings`].
        booking: i64,
        /// From [`ToolResult::Held`].
        hold: i64,
    },
    /// Cancels a booking.
    Cancel {
        /// From [`ToolResult::Bookings`].
        booking: i64,
    },
    /// Gives the hold back.
    Release {
        /// From [`ToolResult::Held`].
        hold: i64,
    },
    /// Passages of the knowledge folder that answer a question, best first.
    Knowledge {
        /// As the caller put it.
        question: String,
    },
    /// A message for the owner.
    Message {
        /// Who leaves it.
        name: Option<String>,
        /// Where to call back, digits.
        phone: Option<String>,
        /// The message.
        text: String,
        /// True when it can't wait.
        urgent: bool,
    },
    /// Adds to a message of this call who left it and where to call back.
    CompleteMessage {
        /// From [`ToolResult::MessageKept`].
        message: i64,
        /// Who leaves it.
        name: Option<String>,
        /// Where to call back, digits.
        phone: Option<String>,
    },
    /// Calls those the business names for it, in turn, tells whoever answers the summary, and
    /// puts the caller through when they take it.
    Transfer {
        /// What the person hears first.
        summary: String,
    },
}

impl ToolCall {
    /// True for what changes nothing: it may be run twice, or in vain.
    pub fn is_read(&self) -> bool {
        matches!(self, ToolCall::FreeSlots { .. } | ToolCall::FindBookings { .. } | ToolCall::Knowledge { .. })
    }
}

/// What came of a [`ToolCall`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum ToolResult {
    /// Free times.
    Slots {
        /// Local, earliest first.
        starts: Vec<DateTime>,
    },
    /// The time is held under this id.
    Held {
        /// The hold's id.
        hold: i64,
    },
    /// Somebody else has it, or it is outside the hours.
    Taken,
    /// Booked or moved.
    Booked {
        /// The booking's id.
        booking: i64,
    },
    /// Found these.
    Bookings {
        /// Earliest first.
        bookings: Vec<Booking>,
    },
    /// Cancelled, released.
    Done,
    /// Best first; empty when nothing fits.
    Passages {
        /// The passages.
        passages: Vec<Passage>,
    },
    /// The message is kept.
    MessageKept {
        /// The message's id.
        id: i64,
    },
    /// A person has the call.
    Transferred,
    /// Nobody took it.
    NotReached {
        /// Why the last one did not.
        why: NotReached,
    },
    /// It did not work.
    Failed {
        /// For the log; never holds what a caller said.
        why: String,
    },
}

/// Why a person did not take a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotReached {
    /// On another call.
    Busy,
    /// Did not pick up in time.
    NoAnswer,
    /// Would not take it.
    Declined,
    /// Something picked up that pressed no key: voicemail, most likely.
    Voicemail,
    /// The call could not be made, or is not allowed.
    Failed,
}

/// A booking as the agent sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Booking {
    /// Its id.
    pub id: i64,
    /// Whose.
    pub name: String,
    /// What for.
    pub service: String,
    /// Local time of the business.
    pub start: DateTime,
}

/// A passage of the business's knowledge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passage {
    /// One to three sentences, speakable after shaping.
    pub text: String,
    /// File and heading it came from.
    pub source: String,
    /// Share of the question that it covers; zero is no match.
    pub score: f64,
    /// The words of the question that it covers.
    #[serde(default)]
    pub words: Vec<String>,
}

/// What the caller is expected to say next: how patient the end of turn is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Anything.
    Open,
    /// Yes or no: short.
    YesNo,
    /// One of a few offered.
    Choice,
    /// A name, perhaps spelled: patience.
    Name,
    /// A day or time.
    When,
    /// So many digits: complete when they are there, patience until then.
    Digits(u8),
    /// A message: long, with pauses.
    Message,
}

/// Decides what to do about what was heard. Cheap to clone: a conversation thinks ahead on a
/// clone and keeps it only when the turn is confirmed.
pub trait Brain: Clone {
    /// The first words; the first line discloses that an AI speaks.
    fn greet(&mut self, now: DateTime) -> Vec<Act>;
    /// What must be known before `decide`. Changes nothing.
    fn ask(&self, now: DateTime, heard: &Heard) -> Ask;
    /// Decides. `decision` is the model's output; `None` when none was asked for or none came.
    fn decide(&mut self, now: DateTime, heard: &Heard, decision: Option<&str>) -> Vec<Act>;
    /// A tool has answered.
    fn tool_result(&mut self, now: DateTime, call: &ToolCall, result: ToolResult) -> Vec<Act>;
    /// What is expected next.
    fn expects(&self) -> Expect;
    /// True when `text` could be all of an answer to what was asked ("to tuesday at" is not).
    fn complete(&self, text: &str) -> bool;
    /// True when `text` takes leave: nothing follows it, whatever was asked.
    fn closes(&self, _text: &str) -> bool {
        false
    }
    /// Nobody has spoken for a while, for the nth time since the last turn (1, 2, ..).
    fn silence(&mut self, nth: u8) -> Vec<Act>;
    /// Speech was there but no words could be made out, for the nth time in a row.
    fn not_understood(&mut self, nth: u8) -> Vec<Act>;
    /// Words to fill the wait for a tool or an engine, nth in a row.
    fn delay(&self, nth: u8) -> Line;
    /// The caller had put us on hold and is back, and nothing was being said.
    fn resumed(&mut self) -> Vec<Act> {
        Vec::new()
    }
    /// The longest call is nearly reached.
    fn time_is_up(&mut self) -> Vec<Act>;
    /// The caller hung up, in the middle of `unfinished` (empty when they were not speaking):
    /// what must still be done. Only tools are carried out; nobody hears words any more.
    fn hung_up(&mut self, now: DateTime, unfinished: &Heard) -> Vec<Act> {
        let _ = (now, unfinished);
        Vec::new()
    }
    /// Of the last thing said, only this was heard before the caller cut in.
    fn cut_off(&mut self, heard_text: &str);
    /// All fixed phrases, so that the voice has them ready before anybody calls.
    fn phrases(&self) -> Vec<String>;
}
