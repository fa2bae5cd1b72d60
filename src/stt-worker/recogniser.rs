use std::collections::HashMap;
use std::time::Instant;

use engine::worker::{Post, Step, Urgency, Worker};
use engine::{Error, Manifest, Session, Stt, SttWork, Ticket, Transcript, TranscriptKind};

use crate::queue::{Queue, Request};
use crate::turn::TurnEar;
use crate::utterance::{RATE, Utterance};
use crate::whisper::{Stopped, Whisper};
use crate::words::{Spoken, Token, spoken};

/// Calls whose audio is kept at once.
const MAX_CALLS: usize = 1_024;
/// Loudest 20 ms below this (about -60 dBFS) is silence: nothing to recognise.
const SILENCE: f32 = 0.001;
/// Samples of 20 ms.
const FRAME: usize = 320;

/// All calls' audio, the queue, and the one recogniser they share.
#[derive(Debug)]
pub struct Recogniser {
    whisper: Whisper,
    ear: Option<TurnEar>,
    calls: HashMap<Session, Utterance>,
    queue: Queue,
    confidence_floor: f32,
    about: String,
}

impl Recogniser {
    pub fn new(whisper: Whisper, ear: Option<TurnEar>, manifest: &Manifest, sandbox: &str) -> Self {
        let turns = if ear.is_some() { ", ends of turns by ear" } else { "" };
        Recogniser {
            whisper,
            ear,
            calls: HashMap::new(),
            queue: Queue::default(),
            confidence_floor: manifest.stt.confidence_floor,
            about: format!("whisper.cpp {} with {}{turns}; {sandbox}", whisper_rs::WHISPER_CPP_VERSION, manifest.name),
        }
    }

    fn feed(&mut self, session: Session, samples: &[i16]) {
        if self.calls.len() < MAX_CALLS || self.calls.contains_key(&session) {
            self.calls.entry(session).or_default().feed(samples);
        }
    }

    fn ask(&mut self, mut request: Request, post: &Post<Stt>) -> Result<(), Error> {
        request.samples = self.calls.get(&request.session).map_or(0, Utterance::len);
        match self.queue.push(request) {
            Ok(()) => Ok(()),
            Err(refused) => post.failed(refused.ticket, "too many transcripts are waiting"),
        }
    }

    fn serve(&mut self, request: Request, post: &Post<Stt>) -> Result<(), Error> {
        let started = Instant::now();
        let nothing = Utterance::default();
        let current = || self.calls.get(&request.session).unwrap_or(&nothing);
        let utterance = request.kept.as_deref().unwrap_or_else(current);
        let samples = utterance.head(request.samples);
        if let Some(known) = utterance.known(request.samples) {
            let finished = known.finished.or_else(|| finished(&mut self.ear, &request, &known.text, samples));
            return post.event(Transcript { ticket: request.ticket, decode_ms: 0, finished, ..known.clone() });
        }
        let audio_ms = ms(samples.len());
        let recognised = recognise(&mut self.whisper, &request, samples, post);
        match recognised {
            Ok(tokens) => {
                let Spoken { text, confidence, words } = spoken(&tokens, self.confidence_floor);
                let finished = finished(&mut self.ear, &request, &text, samples);
                let decode_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
                let ticket = request.ticket;
                let transcript = Transcript { ticket, text, confidence, words, audio_ms, decode_ms, finished };
                let current = self.calls.get_mut(&request.session).filter(|_| request.kept.is_none());
                if let Some(utterance) = current {
                    utterance.remember(request.samples, &transcript);
                }
                post.event(transcript)
            }
            // Cancelled, or a final wants in. In the first case the order that says so is taken
            // before the next step and drops it again.
            Err(Stopped::Aborted) => {
                self.queue.put_back(request);
                Ok(())
            }
            Err(Stopped::Failed(why)) => post.failed(request.ticket, why),
        }
    }
}

fn recognise(
    whisper: &mut Whisper,
    request: &Request,
    samples: &[f32],
    post: &Post<Stt>,
) -> Result<Vec<Token>, Stopped> {
    if is_silent(samples) {
        return Ok(Vec::new());
    }
    let urgency = match request.kind {
        TranscriptKind::Final => Urgency::Stays,
        TranscriptKind::Partial => Urgency::GivesWay,
    };
    let abort = post.begin(request.ticket, urgency);
    let recognised = whisper.recognise(samples, request.language.as_deref(), abort);
    post.end();
    recognised
}

/// Where nothing was said nobody has finished; who still speaks has not.
fn finished(ear: &mut Option<TurnEar>, request: &Request, text: &str, samples: &[f32]) -> Option<f32> {
    let asked = request.kind == TranscriptKind::Final && !text.is_empty();
    ear.as_mut().filter(|_| asked)?.finished(samples)
}

fn ms(samples: usize) -> u32 {
    u32::try_from(samples * 1000 / RATE).unwrap_or(u32::MAX)
}

impl Worker for Recogniser {
    type Engine = Stt;

    fn about(&self) -> String {
        self.about.clone()
    }

    fn take(&mut self, work: SttWork, _received: Instant, post: &Post<Stt>) -> Result<(), Error> {
        match work {
            SttWork::Feed { session, samples } => self.feed(session, &samples),
            SttWork::Reset { session } => {
                if let Some(utterance) = self.calls.remove(&session) {
                    self.queue.keep(session, utterance);
                }
            }
            SttWork::Transcribe { session, ticket, kind, language } => {
                let request = Request { session, ticket, kind, language, samples: 0, kept: None };
                self.ask(request, post)?;
            }
        }
        Ok(())
    }

    fn cancel(&mut self, ticket: Ticket) {
        self.queue.cancel(ticket);
    }

    fn close(&mut self, session: Session) {
        self.queue.close(session);
        self.calls.remove(&session);
    }

    fn step(&mut self, post: &Post<Stt>) -> Result<Step, Error> {
        match self.queue.pop() {
            Some(request) => {
                self.serve(request, post)?;
                Ok(if self.queue.is_empty() { Step::Idle } else { Step::Again })
            }
            None => Ok(Step::Idle),
        }
    }

    fn urgent(work: &SttWork) -> bool {
        matches!(work, SttWork::Transcribe { kind: TranscriptKind::Final, .. })
    }
}

fn is_silent(samples: &[f32]) -> bool {
    let power = |frame: &[f32]| frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32;
    samples.chunks(FRAME).map(power).all(|power| power < SILENCE * SILENCE)
}
