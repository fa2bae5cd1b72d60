//! The voice behind the worker protocol.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use engine::worker::{Post, Step, Urgency, Worker};
use engine::{Session, Ticket, Tts, TtsEvent, TtsWork};

use crate::Flow;
use crate::voices::{Made, Speech, Voices};

/// Requests that may wait; the daemon asks for a few clauses ahead of each call.
const MAX_WAITING: usize = 1_024;
/// Nothing is put off for longer than this.
const MOST_DUE_MS: u32 = 30_000;

/// Speaks for all calls, a bit at a time, on one thread: espeak-ng's state is global. Whose samples
/// run out first is next: a clause that nobody has heard anything of yet before one that goes on,
/// and of those the one with the least sound ahead of its caller. So no call waits for another's
/// long sentence.
pub struct Speaker {
    voices: Voices,
    about: String,
    waiting: Vec<Request>,
}

struct Request {
    ticket: Ticket,
    voice: String,
    text: String,
    rate: u32,
    speed: f32,
    received: Instant,
    /// When its first sample is wanted.
    due: Instant,
    /// What has been made of it.
    speech: Option<Speech>,
    first: Option<Instant>,
}

impl Request {
    /// When its caller has heard all that was made.
    fn due(&self) -> Instant {
        match (self.first, &self.speech) {
            (Some(first), Some(speech)) => {
                first.max(self.due)
                    + Duration::from_millis(u64::from(speech.sent()) * 1_000 / u64::from(self.rate.max(1)))
            }
            _ => self.due,
        }
    }
}

impl Speaker {
    /// With these voices, warm; `sandbox` is how the process is closed, for people.
    pub fn new(voices: Voices, sandbox: &str) -> Self {
        let about = format!("{}, on the processor; {sandbox}", voices.about());
        Speaker { voices, about, waiting: Vec::new() }
    }

    /// Speaks a bit; gives the request back when there is more to say.
    fn speak(&mut self, mut request: Request, post: &Post<Tts>) -> Result<Option<Request>, engine::Error> {
        let ticket = request.ticket;
        let stop = post.begin(ticket, Urgency::Stays);
        let mut lost = None;
        let first = &mut request.first;
        let mut send = |samples: Vec<i16>| {
            if stop.load(Ordering::Relaxed) {
                return Flow::Stop;
            }
            first.get_or_insert_with(Instant::now);
            match post.event(TtsEvent::Audio { ticket, samples }) {
                Ok(()) => Flow::Go,
                Err(error) => {
                    lost = Some(error);
                    Flow::Stop
                }
            }
        };
        let speech = match request.speech.take() {
            Some(speech) => Ok(speech),
            None => self.voices.begin(&request.voice, &request.text, request.rate, request.speed),
        };
        let made = speech.and_then(|mut speech| {
            let made = self.voices.go_on(&mut speech, &mut send)?;
            request.speech = Some(speech);
            Ok(made)
        });
        post.end();
        if let Some(error) = lost {
            return Err(error);
        }
        match made {
            Err(error) => post.failed(ticket, error.to_string()),
            Ok(Made::Stopped) => Ok(()),
            Ok(Made::More) => return Ok(Some(request)),
            Ok(Made::Done(word_ends)) => {
                let total_ms = ms(request.received.elapsed());
                let first_ms =
                    request.first.map_or(total_ms, |first| ms(first.saturating_duration_since(request.received)));
                post.event(TtsEvent::Done { ticket, word_ends, first_ms, total_ms })
            }
        }?;
        Ok(None)
    }
}

impl Worker for Speaker {
    type Engine = Tts;

    fn about(&self) -> String {
        self.about.clone()
    }

    fn take(&mut self, work: TtsWork, received: Instant, post: &Post<Tts>) -> Result<(), engine::Error> {
        let TtsWork::Speak { ticket, voice, text, rate, speed, due_ms } = work;
        if self.waiting.len() >= MAX_WAITING {
            return post.failed(ticket, "too many clauses wait for the voice already");
        }
        let (speech, first) = (None, None);
        let due = received + Duration::from_millis(u64::from(due_ms.min(MOST_DUE_MS)));
        self.waiting.push(Request { ticket, voice, text, rate, speed, received, due, speech, first });
        Ok(())
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.waiting.retain(|request| request.ticket != ticket);
    }

    fn close(&mut self, _: Session) {}

    fn step(&mut self, post: &Post<Tts>) -> Result<Step, engine::Error> {
        // The first of those that are due alike: requests stand in the order they came in.
        let next = self.waiting.iter().enumerate().min_by_key(|(_, request)| request.due()).map(|(at, _)| at);
        if let Some(at) = next {
            let request = self.waiting.remove(at);
            if let Some(more) = self.speak(request, post)? {
                self.waiting.insert(at, more);
            }
        }
        Ok(if self.waiting.is_empty() { Step::Idle } else { Step::Again })
    }
}

fn ms(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}
