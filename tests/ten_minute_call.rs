//! Ten minutes of one call on the virtual clock, from the caller's samples to the agent's words:
//! RTP over a network that loses, delays and reorders, the receiver, voice activity by level, the
//! conversation and the real agent of a ready business. Twice, and bit for bit the same.
#![allow(clippy::expect_used)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dialogue::agent::{Agent, Caller, Trust};
use dialogue::business::{Business, READY};
use dialogue::conversation::{Config, Conversation};
use dialogue::io::{Input, Output, SpeechId};
use dialogue::{Heard, ToolCall, ToolResult};
use jiff::civil::date;
use machine::{Machine, Now, settle};
use telephony::media::{self, Codec, Frame, LONGEST_PACKET, Peer, Receiver, Sender, Settings};
use testkit::{Conditions, Network};

const FRAME: Duration = Duration::from_millis(20);
const WORD_MS: u64 = 300;
const MINUTES: u64 = 10;

/// What the caller says, in turn; those that begin with `!` cut in on the agent.
const LINES: [&str; 12] = [
    "i would like to book a haircut",
    "on friday at three",
    "!no wait make it four o'clock",
    "my name is anna smith",
    "yes please",
    "what are your opening hours",
    "!how much is a haircut",
    "where are you",
    "can i leave a message please",
    "please tell maria that i called",
    "five five five one two three four five six seven",
    "!sorry i want to book a manicure on thursday",
];

/// Something that will be known at its instant.
#[derive(Debug, PartialEq)]
struct Later(u64, u64, Input);

impl Eq for Later {}
impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Later {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

/// The agent's voice: clauses in words of one length.
#[derive(Default)]
struct Voice {
    queue: Vec<(SpeechId, u16, u64, bool)>,
    played_ms: u64,
    held: bool,
}

impl Voice {
    fn say(&mut self, speech: SpeechId, clauses: &[String]) {
        for (index, clause) in clauses.iter().enumerate() {
            let length = WORD_MS * clause.split_whitespace().count() as u64;
            self.queue.push((speech, index as u16, length, index + 1 == clauses.len()));
        }
    }

    /// Plays 20 ms.
    fn tick(&mut self) -> Vec<Input> {
        let Some(&(speech, clause, length, is_last)) = self.queue.first() else { return Vec::new() };
        if self.held {
            return Vec::new();
        }
        self.played_ms += 20;
        let ms = self.played_ms.min(length) as u32;
        let mut told = vec![Input::Played { speech, clause, ms }];
        if self.played_ms >= length {
            self.played_ms = 0;
            self.queue.remove(0);
            told.extend(is_last.then_some(Input::SpeechDone(speech)));
        }
        told
    }
}

struct Stage {
    now: Now,
    conversation: Conversation<Agent>,
    receiver: Receiver,
    wake: Now,
    network: Network<Vec<u8>>,
    sender: Sender,
    voice: Voice,
    later: BinaryHeap<Reverse<Later>>,
    number: u64,
    /// Said so far, with the instants of the current line.
    line: usize,
    speaking: Option<(u64, u64)>,
    agent_began_ms: Option<u64>,
    quiet_since_ms: u64,
    log: Vec<(u64, String)>,
    over: bool,
}

impl Stage {
    fn new() -> Self {
        let ready = READY.iter().find(|ready| ready.name == "salon").expect("a ready salon");
        let (_, text) = ready.files.iter().find(|(path, _)| path.ends_with("business.toml")).expect("its file");
        let business = Business::parse(text, "business.toml").expect("a business that can be read");
        let agent = Agent::new(Arc::new(business), Trust::default(), Caller::default(), 7);
        let from: SocketAddr = "192.0.2.1:4000".parse().expect("an address");
        let conditions = Conditions {
            delay: Duration::from_millis(40),
            jitter: Duration::from_millis(15),
            loss: 0.03,
            burst: 2,
            duplicate: 0.01,
            reorder: 0.02,
        };
        Stage {
            now: Now::ZERO,
            conversation: Conversation::new(agent, Config { max_call_ms: 3_600_000, ..Config::default() }, 3),
            receiver: Receiver::new(Now::ZERO, Settings::new(1, "virtual", 5), Peer::usual(from)),
            wake: Now::ZERO,
            network: Network::new(conditions, 11),
            sender: Sender::new(2, 0, Codec::Pcmu, 65_000, 0),
            voice: Voice::default(),
            later: BinaryHeap::new(),
            number: 0,
            line: 0,
            speaking: None,
            agent_began_ms: None,
            quiet_since_ms: 0,
            log: Vec::new(),
            over: false,
        }
    }

    fn ms(&self) -> u64 {
        self.now.as_millis()
    }

    fn run(&mut self) {
        self.tell(Input::Connected { local: date(2026, 11, 18).at(10, 0, 0, 0) });
        while self.ms() < MINUTES * 60_000 && !self.over {
            self.caller();
            self.receive();
            while self.later.peek().is_some_and(|Reverse(later)| later.0 <= self.ms()) {
                let Some(Reverse(Later(_, _, input))) = self.later.pop() else { break };
                self.tell(input);
            }
            for input in self.voice.tick() {
                self.tell(input);
            }
            let agent = !self.voice.queue.is_empty() && !self.voice.held;
            self.agent_began_ms = if agent { self.agent_began_ms.or(Some(self.ms())) } else { None };
            if agent || self.speaking.is_some() {
                self.quiet_since_ms = self.ms();
            }
            self.conversation.wake(self.now);
            self.settle();
            self.now += FRAME;
        }
    }

    /// The caller's next 20 ms.
    fn caller(&mut self) {
        let now = self.ms();
        let text = LINES[self.line % LINES.len()];
        let cuts_in = text.starts_with('!') && self.agent_began_ms.is_some_and(|began| now >= began + 1_200);
        if self.speaking.is_none() && (cuts_in || now >= self.quiet_since_ms + 1_500) {
            let words = text.split_whitespace().count() as u64;
            self.speaking = Some((now, now + words * WORD_MS));
        }
        let mut frame: Frame = [0; 160];
        if let Some((_, until)) = self.speaking {
            for (index, sample) in frame.iter_mut().enumerate() {
                *sample = ((index as f32 * 0.35).sin() * 6_000.0) as i16;
            }
            if now + 20 >= until {
                self.speaking = None;
                self.line += 1;
            }
        }
        let mut packet = [0; LONGEST_PACKET];
        let length = self.sender.audio(&frame, false, &mut packet);
        self.network.send(self.now, packet[..length].to_vec());
    }

    fn receive(&mut self) {
        let from: SocketAddr = "192.0.2.1:4000".parse().expect("an address");
        while let Some(bytes) = self.network.receive(self.now) {
            self.receiver.handle(self.now, media::Input::Rtp { from, bytes });
            self.hear();
        }
        if self.wake <= self.now {
            self.receiver.wake(self.now);
            self.hear();
        }
    }

    fn hear(&mut self) {
        let mut heard = Vec::new();
        self.wake = settle(&mut self.receiver, |output| {
            if let media::Output::Audio { samples, .. } = output {
                heard.push(samples);
            }
        });
        for samples in heard {
            let level_db = audio::level_db(samples.as_slice());
            self.tell(Input::Frame { speech: level_db > -40.0, level_db });
        }
    }

    fn tell(&mut self, input: Input) {
        self.conversation.handle(self.now, input);
        self.settle();
    }

    fn settle(&mut self) {
        let mut outputs = Vec::new();
        settle(&mut self.conversation, |output| outputs.push(output));
        for output in outputs {
            self.log.push((self.ms(), format!("{output:?}")));
            self.perform(output);
        }
    }

    fn after(&mut self, ms: u64, input: Input) {
        self.number += 1;
        self.later.push(Reverse(Later(self.ms() + ms, self.number, input)));
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Transcribe { utterance, request, .. } => {
                // In mid-speech the line that is being said, else the one that was.
                let index = if self.speaking.is_some() { self.line } else { self.line.saturating_sub(1) };
                let text = LINES[index % LINES.len()].trim_start_matches('!').to_owned();
                let heard = Heard { text, confidence: 0.95, ..Heard::default() };
                self.after(80, Input::Transcript { utterance, request, heard, decode_ms: 60, finished: None });
            }
            Output::Think { request, .. } => {
                self.after(15, Input::Decision { request, text: None, first_ms: 5, total_ms: 12 });
            }
            Output::Tool { request, call, .. } => {
                let result = answer(&call);
                self.after(10, Input::ToolDone { request, result });
            }
            Output::Say { speech, clauses } => {
                for (clause, text) in clauses.iter().enumerate() {
                    let words = text.split_whitespace().count() as u32;
                    let word_ends_ms = (1..=words).map(|word| word * WORD_MS as u32).collect();
                    let clause = clause as u16;
                    let total_ms = words * WORD_MS as u32;
                    self.after(5, Input::Synthesised { speech, clause, word_ends_ms, total_ms });
                }
                self.voice.say(speech, &clauses);
            }
            Output::PauseSpeech => self.voice.held = true,
            Output::ResumeSpeech => self.voice.held = false,
            Output::StopSpeech => self.voice = Voice::default(),
            Output::HangUp(_) => self.over = true,
            Output::Listen { .. }
            | Output::EndListen { .. }
            | Output::CancelThink { .. }
            | Output::ReadAhead { .. }
            | Output::Prepare { .. }
            | Output::Turn(_) => {}
        }
    }

    fn count(&self, what: &str) -> usize {
        self.log.iter().filter(|(_, output)| output.starts_with(what)).count()
    }
}

/// A calendar where every half hour is free.
fn answer(call: &ToolCall) -> ToolResult {
    match call {
        ToolCall::FreeSlots { from, until, limit, .. } => {
            let halves = (0..).map(|half| from.saturating_add(jiff::Span::new().minutes(30 * half)));
            let open = |at: &jiff::civil::DateTime| (9..17).contains(&at.hour());
            ToolResult::Slots {
                starts: halves.take_while(|at| at < until).filter(open).take(usize::from(*limit)).collect(),
            }
        }
        ToolCall::Hold { .. } => ToolResult::Held { hold: 1 },
        ToolCall::Book { .. } | ToolCall::Move { .. } => ToolResult::Booked { booking: 1 },
        ToolCall::FindBookings { .. } => ToolResult::Bookings { bookings: Vec::new() },
        ToolCall::Cancel { .. } | ToolCall::Release { .. } => ToolResult::Done,
        ToolCall::Knowledge { .. } => ToolResult::Passages { passages: Vec::new() },
        ToolCall::Message { .. } | ToolCall::CompleteMessage { .. } => ToolResult::MessageKept { id: 1 },
        ToolCall::Transfer { .. } => ToolResult::Failed { why: "nobody there".into() },
    }
}

#[test]
fn ten_minutes_with_loss_and_barge_ins_are_the_same_twice() {
    let (mut first, mut second) = (Stage::new(), Stage::new());
    first.run();
    second.run();
    assert!(first.log == second.log, "the same call went two ways");
    let statistics = first.receiver.statistics();
    assert!(!first.over, "the agent hung up after {} ms", first.ms());
    assert_eq!(first.ms(), MINUTES * 60_000);
    assert!(statistics.lost > 300, "{statistics:?}");
    assert!(first.count("StopSpeech") >= 5, "only {} barge-ins", first.count("StopSpeech"));
    assert!(first.count("Turn") >= 40, "only {} turns", first.count("Turn"));
    assert!(first.log.iter().any(|(_, output)| output.contains("Book {")), "nothing was booked");
}
