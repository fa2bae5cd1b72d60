//! The voice behind the worker protocol.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::Instant;

use engine::worker::{Post, Step, Urgency, Worker};
use engine::{Session, Ticket, Tts, TtsEvent, TtsWork};

use crate::Flow;
use crate::voices::Voices;

/// Requests that may wait; the daemon asks for a few clauses ahead of each call.
const MAX_WAITING: usize = 1_024;

/// Speaks requests in the order they came, one at a time: espeak-ng's state is global.
pub struct Speaker {
    voices: Voices,
    about: String,
    waiting: VecDeque<Request>,
}

struct Request {
    ticket: Ticket,
    voice: String,
    text: String,
    rate: u32,
    speed: f32,
    received: Instant,
}

impl Speaker {
    /// With these voices, warm; `sandbox` is how the process is closed, for people.
    pub fn new(voices: Voices, sandbox: &str) -> Self {
        let about = format!("{}; {sandbox}", voices.about());
        Speaker { voices, about, waiting: VecDeque::new() }
    }

    fn speak(&mut self, request: &Request, post: &Post<Tts>) -> Result<(), engine::Error> {
        let ticket = request.ticket;
        let stop = post.begin(ticket, Urgency::Stays);
        let mut first_ms = None;
        let mut lost = None;
        let mut send = |samples: Vec<i16>| {
            if stop.load(Ordering::Relaxed) {
                return Flow::Stop;
            }
            first_ms.get_or_insert_with(|| elapsed_ms(request.received));
            match post.event(TtsEvent::Audio { ticket, samples }) {
                Ok(()) => Flow::Go,
                Err(error) => {
                    lost = Some(error);
                    Flow::Stop
                }
            }
        };
        let Request { voice, text, rate, speed, .. } = request;
        let spoken = self.voices.speak(voice, text, *rate, *speed, &mut send);
        post.end();
        if let Some(error) = lost {
            return Err(error);
        }
        match spoken {
            Err(error) => post.failed(ticket, error.to_string()),
            Ok(spoken) if !spoken.complete => Ok(()),
            Ok(spoken) => {
                let total_ms = elapsed_ms(request.received);
                let first_ms = first_ms.unwrap_or(total_ms);
                post.event(TtsEvent::Done { ticket, word_ends: spoken.word_ends, first_ms, total_ms })
            }
        }
    }
}

impl Worker for Speaker {
    type Engine = Tts;

    fn about(&self) -> String {
        self.about.clone()
    }

    fn take(&mut self, work: TtsWork, received: Instant, post: &Post<Tts>) -> Result<(), engine::Error> {
        let TtsWork::Speak { ticket, voice, text, rate, speed } = work;
        if self.waiting.len() >= MAX_WAITING {
            return post.failed(ticket, "too many clauses wait for the voice already");
        }
        self.waiting.push_back(Request { ticket, voice, text, rate, speed, received });
        Ok(())
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.waiting.retain(|request| request.ticket != ticket);
    }

    fn close(&mut self, _: Session) {}

    fn step(&mut self, post: &Post<Tts>) -> Result<Step, engine::Error> {
        if let Some(request) = self.waiting.pop_front() {
            self.speak(&request, post)?;
        }
        Ok(if self.waiting.is_empty() { Step::Idle } else { Step::Again })
    }
}

fn elapsed_ms(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_millis()).unwrap_or(u32::MAX)
}
