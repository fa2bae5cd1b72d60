//! The voice of one call: clauses in, samples to the pacer in order, word timings back.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use dialogue::io::{Input, SpeechId};
use engine::{Ticket, Tts, TtsEvent, TtsWork};
use machine::Now;
use tokio::sync::mpsc;

use super::phrases::{Clip, Phrases};
use crate::drivers::pacer::Stream;
use crate::drivers::playout::Play;
use crate::engines::{Client, Reply};

/// A voice that has not come back after this long can't say what it was asked to.
const PATIENCE: Duration = Duration::from_secs(6);
/// From the end of one phrase that fills the wait for a voice to the next.
const FILLER_GAP: Duration = Duration::from_millis(1_500);
/// Clauses being made at once for one call; further ones wait their turn.
const MOST_FLIGHTS: usize = 8;
/// A letter takes about so long to say: what is queued behind others is wanted that much later.
const LETTER_MS: u32 = 60;
/// What may be wanted soon goes after what is.
const PERHAPS_MS: u32 = 250;
/// The id of fillers played by the voice itself, outside the conversation's ledger.
const FILLER: SpeechId = 0;

/// Which voice to ask for.
#[derive(Debug, Clone)]
pub struct VoiceChoice {
    /// Its name, as the voice worker knows it.
    pub name: String,
    /// Speed, 1.0 is its own.
    pub speed: f32,
}

/// One call's voice.
pub struct Voice {
    client: Client<Tts>,
    choice: VoiceChoice,
    phrases: Arc<Phrases>,
    filler: Option<Arc<Clip>>,
    queue: VecDeque<Clause>,
    flights: HashMap<Ticket, Flight>,
    to_me: mpsc::Sender<(Ticket, Reply<TtsEvent>)>,
    replies: mpsc::Receiver<(Ticket, Reply<TtsEvent>)>,
    /// Since when the head of the queue could not be made, and when that is to be filled again.
    stuck: Option<(Now, Now)>,
}

/// A clause waiting for its turn, or being played as it is made.
struct Clause {
    speech: SpeechId,
    clause: u16,
    is_last: bool,
    text: String,
    flight: Option<Ticket>,
    /// Samples already handed to the pacer.
    sent: usize,
}

/// A clause being made.
struct Flight {
    text: String,
    samples: Vec<i16>,
}

impl Voice {
    /// A silent voice.
    pub fn new(client: Client<Tts>, choice: VoiceChoice, phrases: Arc<Phrases>, filler: &str) -> Self {
        let (to_me, replies) = mpsc::channel(1024);
        Voice {
            client,
            choice,
            filler: phrases.find(filler),
            phrases,
            queue: VecDeque::new(),
            flights: HashMap::new(),
            to_me,
            replies,
            stuck: None,
        }
    }

    /// The worker's next answer.
    pub async fn reply(&mut self) -> (Ticket, Reply<TtsEvent>) {
        match self.replies.recv().await {
            Some(reply) => reply,
            None => std::future::pending().await, // `to_me` is ours: the channel never closes
        }
    }

    /// Has clauses made that may be wanted soon.
    pub fn prepare(&mut self, clauses: Vec<String>) {
        for text in clauses {
            if self.phrases.find(&text).is_none() {
                self.fly(text, PERHAPS_MS);
            }
        }
    }

    /// Queues a speech.
    pub fn say(&mut self, speech: SpeechId, clauses: Vec<String>) {
        let last = clauses.len().saturating_sub(1);
        for (index, text) in clauses.into_iter().enumerate() {
            let clause = u16::try_from(index).unwrap_or(u16::MAX);
            self.queue.push_back(Clause { speech, clause, is_last: index == last, text, flight: None, sent: 0 });
        }
    }

    /// Drops everything still to be said.
    pub fn stop(&mut self, stream: &mut Stream) {
        stream.play(Play::Stop);
        self.stuck = None;
        for clause in self.queue.drain(..) {
            if let Some(ticket) = clause.flight
                && self.flights.remove(&ticket).is_some()
            {
                self.client.cancel(ticket);
            }
        }
    }

    /// Takes an answer of the worker.
    pub fn take(&mut self, ticket: Ticket, reply: Reply<TtsEvent>) {
        match reply {
            Reply::Event(TtsEvent::Audio { samples, .. }) => {
                if let Some(flight) = self.flights.get_mut(&ticket) {
                    flight.samples.extend_from_slice(&samples);
                }
            }
            Reply::Event(TtsEvent::Done { word_ends, .. }) => {
                if let Some(Flight { text, samples }) = self.flights.remove(&ticket) {
                    let word_ends_ms = word_ends.into_iter().map(|sample| sample / 8).collect();
                    self.phrases.keep(&text, Arc::new(Clip { samples, word_ends_ms }));
                }
            }
            Reply::Failed => drop(self.flights.remove(&ticket)),
        }
    }

    /// Hands to the pacer whatever can be played now. Called after every change.
    pub fn pump(&mut self, now: Now, stream: &mut Stream, inputs: &mut VecDeque<Input>) {
        self.take_off();
        while let Some(head) = self.queue.front_mut() {
            let (speech, clause) = (head.speech, head.clause);
            if let Some(clip) = self.phrases.find(&head.text) {
                let rest = clip.samples.get(head.sent..).unwrap_or_default().to_vec();
                stream.play(Play::Samples { speech, clause, samples: rest });
                if head.is_last {
                    stream.play(Play::EndSpeech(speech));
                }
                let word_ends_ms = clip.word_ends_ms.clone();
                inputs.push_back(Input::Synthesised { speech, clause, word_ends_ms, total_ms: clip.total_ms() });
                self.stuck = None;
                self.queue.pop_front();
                continue;
            }
            let flight = head.flight.and_then(|ticket| self.flights.get(&ticket));
            if let Some(flight) = flight {
                if let Some(fresh) = flight.samples.get(head.sent..).filter(|fresh| !fresh.is_empty()) {
                    head.sent = flight.samples.len();
                    stream.play(Play::Samples { speech, clause, samples: fresh.to_vec() });
                }
                return;
            }
            self.bridge(now, stream, inputs);
            return;
        }
    }

    /// The voice is down while something is to be said: a cached phrase first, then patience,
    /// then the conversation is told.
    fn bridge(&mut self, now: Now, stream: &mut Stream, inputs: &mut VecDeque<Input>) {
        match self.stuck {
            None => self.stuck = Some((now, self.fill(now, stream))),
            Some((since, _)) if now.since(since) > PATIENCE => {
                self.stuck = None;
                if let Some(speech) = self.queue.front().map(|head| head.speech) {
                    self.queue.retain(|clause| clause.speech != speech);
                    inputs.push_back(Input::SpeechFailed(speech));
                }
            }
            Some((since, again)) if now >= again => self.stuck = Some((since, self.fill(now, stream))),
            Some(_) => {}
        }
    }

    /// Says that it takes a moment; when to say so again.
    fn fill(&self, now: Now, stream: &mut Stream) -> Now {
        let Some(filler) = &self.filler else { return Now::NEVER };
        stream.play(Play::Samples { speech: FILLER, clause: 0, samples: filler.samples.clone() });
        now + Duration::from_millis(filler.total_ms().into()) + FILLER_GAP
    }

    /// Starts making what is queued and not being made yet, as far as there are places.
    fn take_off(&mut self) {
        for index in 0..self.queue.len() {
            let Some(clause) = self.queue.get(index) else { return };
            let flying = clause.flight.is_some_and(|ticket| self.flights.contains_key(&ticket));
            if flying || self.phrases.find(&clause.text).is_some() {
                continue;
            }
            let text = clause.text.clone();
            let before: usize = self.queue.iter().take(index).map(|clause| clause.text.len()).sum();
            let flight = self.fly(text, u32::try_from(before).unwrap_or(u32::MAX).saturating_mul(LETTER_MS));
            if let Some(clause) = self.queue.get_mut(index) {
                clause.flight = flight;
            }
        }
    }

    /// The flight that makes this text: one under way, or a new one.
    fn fly(&mut self, text: String, due_ms: u32) -> Option<Ticket> {
        if let Some((ticket, _)) = self.flights.iter().find(|(_, flight)| flight.text == text) {
            return Some(*ticket);
        }
        if self.flights.len() >= MOST_FLIGHTS {
            return None;
        }
        let ticket = self.client.ticket();
        let VoiceChoice { name, speed } = self.choice.clone();
        let work = TtsWork::Speak { ticket, voice: name, text: text.clone(), rate: 8_000, speed, due_ms };
        self.client.submit(ticket, work, self.to_me.clone()).then(|| {
            self.flights.insert(ticket, Flight { text, samples: Vec::new() });
            ticket
        })
    }
}
