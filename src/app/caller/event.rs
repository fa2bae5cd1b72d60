//! What is told of a call as it happens.

use std::fmt;

use machine::Now;
use serde::{Deserialize, Serialize, Serializer};

/// A moment of a call. It is told when it is known, which for the end of speech is a little
/// later than when it was: `at_ms` is when it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Since dialling, in milliseconds.
    pub at_ms: Ms,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// Milliseconds with a tenth, as they are told.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Deserialize)]
pub struct Ms(pub f64);

impl Ms {
    /// From one instant to a later one; zero when it is earlier.
    pub fn between(from: Now, to: Now) -> Self {
        Ms(to.since(from).as_micros() as f64 / 1_000.0)
    }
}

impl Serialize for Ms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64((self.0 * 10.0).round() / 10.0)
    }
}

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} ms", self.0)
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum What {
    /// The INVITE was sent.
    Dialled {
        /// To whom.
        target: String,
    },
    /// The other side rings.
    Ringing,
    /// The ACK was sent.
    Answered,
    /// The first audible sample came.
    FirstAudio {
        /// Since the ACK.
        ack_to_audio_ms: Ms,
    },
    /// The agent began to speak.
    AgentSpeechStart,
    /// The agent has gone silent.
    AgentSpeechEnd,
    /// The first audible sample of a turn was sent.
    CallerSpeechStart {
        /// Counted from 1.
        turn: u32,
        /// The words, or the file.
        said: String,
    },
    /// The last audible sample of it was sent.
    CallerSpeechEnd {
        /// Which turn.
        turn: u32,
    },
    /// The caller keeps silent on purpose.
    CallerSilent {
        /// Which turn.
        turn: u32,
    },
    /// The answer to a turn began, or will not come.
    Turn {
        /// Which turn.
        turn: u32,
        /// What came.
        answer: Answer,
        /// From the last audible sample sent to the first audible one received after it.
        end_to_audio_ms: Option<Ms>,
    },
    /// What became of a barge-in.
    BargeIn {
        /// Which turn.
        turn: u32,
        /// From the first audible sample sent to the last audible one received before the agent
        /// was silent for half a second; none when it was not speaking.
        to_silence_ms: Option<Ms>,
    },
    /// The agent has the caller's phone call somebody else.
    SentOn {
        /// Whom.
        to: String,
    },
    /// A key was pressed.
    Digit {
        /// Which.
        digit: char,
    },
    /// The call is over.
    HungUp {
        /// By whom.
        by: By,
        /// Why.
        cause: String,
    },
    /// How the line fared; the last event.
    Summary(Summary),
}

/// How a turn was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The agent spoke after it.
    Heard,
    /// The agent was speaking when the turn ended: nothing to measure.
    CutIn,
    /// The agent said nothing in time.
    None,
}

/// Who ended the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// We.
    Caller,
    /// They.
    Agent,
    /// Time or the network.
    Network,
}

/// How the line fared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Summary {
    /// True when the script ran to its end.
    pub complete: bool,
    /// Turns taken.
    pub turns: u32,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
    /// Gaps between packets received: half are shorter than this.
    pub receive_gap_p50_ms: Ms,
    /// All but one in a hundred are shorter.
    pub receive_gap_p99_ms: Ms,
    /// The longest.
    pub receive_gap_max_ms: Ms,
    /// Interarrival jitter (RFC 3550, A.8).
    pub jitter_ms: Ms,
    /// Codec of both ways.
    pub codec: Option<String>,
    /// Mean opinion score of what was received, estimated by the E-model (G.107).
    pub mos: Option<f64>,
}

impl fmt::Display for Event {
    /// A line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:8.3} s  ", self.at_ms.0 / 1_000.0)?;
        match &self.what {
            What::Dialled { target } => write!(f, "dialled {target}"),
            What::Ringing => f.write_str("it rings"),
            What::Answered => f.write_str("answered"),
            What::FirstAudio { ack_to_audio_ms } => write!(f, "first audio {ack_to_audio_ms} after the ACK"),
            What::AgentSpeechStart => f.write_str("agent speaks"),
            What::AgentSpeechEnd => f.write_str("agent is silent"),
            What::CallerSpeechStart { turn, said } => write!(f, "caller, turn {turn}: {said}"),
            What::CallerSpeechEnd { .. } => f.write_str("caller is silent"),
            What::CallerSilent { turn } => write!(f, "caller says nothing, turn {turn}"),
            What::Turn { answer: Answer::None, .. } => f.write_str("no answer"),
            What::Turn { answer: Answer::CutIn, .. } => f.write_str("the agent spoke before the caller was done"),
            What::Turn { end_to_audio_ms: Some(ms), .. } => write!(f, "answer after {ms}"),
            What::Turn { .. } => f.write_str("answered"),
            What::BargeIn { to_silence_ms: Some(ms), .. } => write!(f, "barge-in: silent after {ms}"),
            What::BargeIn { .. } => f.write_str("barge-in: the agent was not speaking"),
            What::SentOn { to } => write!(f, "sent on to {to}"),
            What::Digit { digit } => write!(f, "key {digit}"),
            What::HungUp { by, cause } => write!(
                f,
                "over, by {}: {cause}",
                match by {
                    By::Caller => "the caller",
                    By::Agent => "the agent",
                    By::Network => "the network",
                }
            ),
            What::Summary(summary) => write!(
                f,
                "{} turns; packets: {} sent, {} received, {} lost; gap between packets p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
                summary.turns,
                summary.packets_sent,
                summary.packets_received,
                summary.packets_lost,
                summary.receive_gap_p50_ms.0,
                summary.receive_gap_p99_ms.0,
                summary.receive_gap_max_ms.0,
            ),
        }
    }
}
