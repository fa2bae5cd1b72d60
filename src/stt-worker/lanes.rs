//! The recogniser's threads. Each has a whisper state of its own and serves the request that is due
//! next; the engine's thread only takes orders in, so a cancel or a final never waits for a transcript.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use engine::worker::{self, Post};
use engine::{Error, Session, Stt, Ticket, Transcript, TranscriptKind};

use crate::queue::{Pushed, Queue, Request};
use crate::turn::TurnEar;
use crate::utterance::{FRAME, RATE, Utterance};
use crate::whisper::{Stopped, Whisper};
use crate::words::{Spoken, continued, joined, spoken};

/// Calls whose audio is kept at once.
const MAX_CALLS: usize = 1_024;
/// Loudest 20 ms below this (about -60 dBFS) is silence: nothing to recognise.
const SILENCE: f32 = 0.001;

/// What the engine's thread and the lanes share.
#[derive(Debug)]
pub struct Desk {
    state: Mutex<State>,
    bell: Condvar,
    /// Some milliseconds a final: one for all lanes is enough.
    ear: Mutex<Option<TurnEar>>,
    confidence_floor: f32,
    /// The model is to search for the exact words; else what is heard quickly is as good.
    searches: bool,
}

#[derive(Debug, Default)]
struct State {
    calls: HashMap<Session, Utterance>,
    utterances: u64,
    queue: Queue,
    /// What each lane is at.
    running: Vec<Option<Running>>,
}

/// A request being served.
#[derive(Debug)]
struct Running {
    request: Request,
    /// Others that want the very same transcript.
    also: Vec<Ticket>,
    abort: Arc<AtomicBool>,
    /// Nobody waits for it any more: it is not taken up again.
    over: bool,
}

impl Running {
    fn is_of(&self, other: &Request) -> bool {
        let (mine, goes_on) = (&self.request, !self.abort.load(Ordering::Relaxed) && self.request.ticket.is_some());
        goes_on
            && (mine.session, mine.utterance, mine.samples) == (other.session, other.utterance, other.samples)
            && mine.language == other.language
            && mine.is_exact() >= other.is_exact()
    }

    fn stop(&mut self, over: bool) {
        self.over |= over;
        self.abort.store(true, Ordering::Relaxed);
    }
}

impl Desk {
    /// Starts a lane for each of these.
    pub fn open(
        lanes: Vec<Whisper>,
        ear: Option<TurnEar>,
        confidence_floor: f32,
        post: &Post<Stt>,
    ) -> Result<Arc<Self>, Error> {
        let running = lanes.iter().map(|_| None).collect();
        let state = Mutex::new(State { running, ..State::default() });
        let searches = lanes.iter().any(Whisper::searches);
        let desk = Arc::new(Desk { state, bell: Condvar::new(), ear: Mutex::new(ear), confidence_floor, searches });
        for (lane, mut whisper) in lanes.into_iter().enumerate() {
            let (desk, post) = (Arc::clone(&desk), post.clone());
            let serve = move || {
                loop {
                    let outcome = desk.serve_next(lane, &mut whisper, &post);
                    if let Err(error) = outcome {
                        worker::report("callbox-stt", Err(error)); // the daemon has gone: so do we
                    }
                }
            };
            std::thread::Builder::new()
                .name(format!("lane {lane}"))
                .spawn(serve)
                .map_err(|why| Error::Engine(format!("a recogniser's thread can't be started: {why}")))?;
        }
        Ok(desk)
    }

    /// Appends audio to a call's utterance.
    pub fn feed(&self, session: Session, samples: &[i16]) {
        let mut state = self.lock();
        let State { calls, utterances, queue, running } = &mut *state;
        if calls.len() >= MAX_CALLS && !calls.contains_key(&session) {
            return;
        }
        let utterance = calls.entry(session).or_insert_with(|| Utterance::new(next(utterances), None));
        utterance.feed(samples);
        let at_it = |running: &Running| running.request.session == session && running.request.ticket.is_none();
        let has_piece = utterance.piece(utterance.len()).is_some();
        if has_piece && !queue.has_piece(session) && !running.iter().flatten().any(at_it) {
            let piece = Request {
                session,
                ticket: None,
                kind: TranscriptKind::Ahead,
                language: utterance.language.clone(),
                samples: utterance.len(),
                due: Instant::now(), // what is asked later has less to do
                utterance: utterance.number,
                kept: None,
            };
            let _ = queue.push(piece);
            self.bell.notify_one();
        }
    }

    /// The call's next utterance begins.
    pub fn reset(&self, session: Session) {
        let mut state = self.lock();
        let State { calls, utterances, queue, .. } = &mut *state;
        if let Some(utterance) = calls.get_mut(&session) {
            let fresh = Utterance::new(next(utterances), utterance.language.clone());
            queue.keep(session, std::mem::replace(utterance, fresh));
        }
    }

    /// Takes a request in; answers what needs no recognition.
    pub fn ask(&self, mut request: Request, post: &Post<Stt>) -> Result<(), Error> {
        let mut state = self.lock();
        let State { calls, queue, running, .. } = &mut *state;
        if let Some(utterance) = calls.get_mut(&request.session) {
            (request.samples, request.utterance) = (utterance.len(), utterance.number);
            utterance.language.clone_from(&request.language);
        }
        if let Some(same) = running.iter_mut().flatten().find(|running| running.is_of(&request)) {
            same.also.extend(request.ticket);
            if request.kind == TranscriptKind::Final {
                same.request.kind = TranscriptKind::Final; // it gives way no more
            }
            return Ok(());
        }
        if request.kind == TranscriptKind::Final {
            make_way(running, &request);
        }
        let Pushed { replaced, refused } = queue.push(request);
        drop(state);
        self.bell.notify_one();
        if let Some(refused) = refused.and_then(|refused| refused.ticket) {
            post.failed(refused, "too many transcripts are waiting")?;
        }
        replaced.and_then(|replaced| replaced.ticket).map_or(Ok(()), |ticket| nothing(ticket, post))
    }

    /// The answer is no longer wanted.
    pub fn cancel(&self, ticket: Ticket) {
        let mut state = self.lock();
        state.queue.cancel(ticket);
        for running in state.running.iter_mut().flatten() {
            running.also.retain(|also| *also != ticket);
            if running.request.ticket == Some(ticket) {
                running.request.ticket = running.also.pop();
                if running.request.ticket.is_none() {
                    running.stop(true);
                }
            }
        }
    }

    /// The call is over.
    pub fn close(&self, session: Session) {
        let mut state = self.lock();
        state.queue.close(session);
        state.calls.remove(&session);
        for running in state.running.iter_mut().flatten().filter(|running| running.request.session == session) {
            running.request.ticket = None;
            running.also.clear();
            running.stop(true);
        }
    }

    fn serve_next(&self, lane: usize, whisper: &mut Whisper, post: &Post<Stt>) -> Result<(), Error> {
        let started;
        let (request, abort) = {
            let mut state = self.lock();
            loop {
                let late = state.queue.expired(Instant::now());
                if !late.is_empty() {
                    drop(state);
                    late.iter().filter_map(|late| late.ticket).try_for_each(|ticket| nothing(ticket, post))?;
                    state = self.lock();
                } else if let Some(request) = state.next() {
                    started = Instant::now();
                    let begun = state.begin(lane, request);
                    whisper.share(state.running.len(), state.running.iter().flatten().count());
                    break begun;
                } else {
                    state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        let known = request.kept.as_ref().and_then(|utterance| utterance.known(request.samples, request.is_exact()));
        let outcome = match known.filter(|_| request.ticket.is_some()) {
            Some(known) => Ok(Some(Transcript { decode_ms: 0, ..known.clone() })),
            None => self.recognise(whisper, request, &abort, started),
        };
        self.finish(lane, outcome, post)
    }

    /// Recognises what is left of an utterance, after its pieces, each of which is cut off.
    fn recognise(
        &self,
        whisper: &mut Whisper,
        mut request: Request,
        abort: &AtomicBool,
        started: Instant,
    ) -> Result<Option<Transcript>, Stopped> {
        let nothing = Utterance::default();
        let language = request.language.clone();
        let hear = |whisper: &mut Whisper, samples: &[f32], exact, floor| {
            let tokens = match is_silent(samples) {
                true => Vec::new(),
                false => whisper.recognise(samples, language.as_deref(), exact, abort)?,
            };
            Ok(spoken(&tokens, floor))
        };
        // What comes after the pieces: after what was heard of it before, or else all of it.
        let rest = |whisper: &mut Whisper, utterance: &Utterance, to, exact| {
            if let Some((head, tail)) = utterance.so_far(to, exact && self.searches) {
                let all = continued(head, &hear(whisper, tail, exact, 0.0)?);
                if let Some(all) = all.filter(|all| all.confidence >= self.confidence_floor) {
                    return Ok(all);
                }
            }
            hear(whisper, utterance.open(to), exact, self.confidence_floor)
        };
        loop {
            let utterance = request.kept.as_deref().unwrap_or(&nothing);
            if let Some(piece) = utterance.piece(request.samples) {
                let spoken = match utterance.heard(piece) {
                    Some(spoken) => spoken.clone(),
                    None => rest(whisper, utterance, piece.to, true)?,
                };
                if let Some(current) = self.lock().current(&request) {
                    current.cut(piece, spoken.clone());
                }
                if let Some(kept) = &mut request.kept {
                    Arc::make_mut(kept).cut(piece, spoken);
                }
                continue;
            }
            let Some(ticket) = request.ticket else { return Ok(None) };
            let rest = rest(whisper, utterance, request.samples, request.is_exact())?;
            if let Some(current) = self.lock().current(&request) {
                current.hear(request.samples, request.is_exact(), rest.clone());
            }
            let Spoken { text, confidence, words } = joined(utterance.done(), rest);
            let audio_ms = u32::try_from(request.samples * 1_000 / RATE).unwrap_or(u32::MAX);
            let decode_ms = u32::try_from(started.elapsed().as_millis()).unwrap_or(u32::MAX);
            return Ok(Some(Transcript { ticket, text, confidence, words, audio_ms, decode_ms, finished: None }));
        }
    }

    fn finish(&self, lane: usize, outcome: Result<Option<Transcript>, Stopped>, post: &Post<Stt>) -> Result<(), Error> {
        let mut state = self.lock();
        let Some(Running { request, also, over, .. }) = state.running.get_mut(lane).and_then(Option::take) else {
            return Ok(());
        };
        self.bell.notify_one(); // the call's next request may go on
        let tickets: Vec<Ticket> = request.ticket.into_iter().chain(also.iter().copied()).collect();
        match outcome {
            Ok(Some(mut transcript)) => {
                drop(state);
                transcript.finished = transcript.finished.or_else(|| self.finished(&request, &transcript.text));
                let mut state = self.lock();
                if let Some(utterance) = state.current(&request) {
                    utterance.remember(request.samples, self.is_exact(&request), &transcript);
                }
                drop(state);
                let each = tickets.into_iter().map(|ticket| Transcript { ticket, ..transcript.clone() });
                each.into_iter().try_for_each(|transcript| post.event(transcript))
            }
            Ok(None) => Ok(()),
            Err(Stopped::Aborted) if over => {
                drop(state);
                tickets.into_iter().try_for_each(|ticket| nothing(ticket, post))
            }
            Err(Stopped::Aborted) => {
                let superseded = state.queue.put_back(Request { kept: None, ..request });
                drop(state);
                let superseded = superseded.and_then(|request| request.ticket);
                also.into_iter().chain(superseded).try_for_each(|ticket| nothing(ticket, post))
            }
            Err(Stopped::Failed(why)) => {
                drop(state);
                tickets.into_iter().try_for_each(|ticket| post.failed(ticket, why.as_str()))
            }
        }
    }

    /// Whether the caller has finished, where that is known. Where nothing was said nobody has; who
    /// still speaks has not.
    fn finished(&self, request: &Request, text: &str) -> Option<f32> {
        let asked = request.kind == TranscriptKind::Final && !text.is_empty();
        let utterance = request.kept.as_ref().filter(|_| asked)?;
        let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        ear.as_mut()?.finished(utterance.end(request.samples))
    }

    /// True where its words are as good as a final's.
    fn is_exact(&self, request: &Request) -> bool {
        request.is_exact() || !self.searches
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What to serve next. A call's requests are served one after the other: the later has less to do
    /// once the earlier has cut a piece off.
    fn next(&mut self) -> Option<Request> {
        let State { queue, running, .. } = self;
        queue.pop(|session| running.iter().flatten().all(|running| running.request.session != session))
    }

    /// A lane takes a request up, with the audio as it is now.
    fn begin(&mut self, lane: usize, mut request: Request) -> (Request, Arc<AtomicBool>) {
        if request.kept.is_none() {
            request.kept = self.current(&request).map(|utterance| Arc::new(utterance.clone()));
        }
        let abort = Arc::new(AtomicBool::new(false));
        let running = Running { request: request.clone(), also: Vec::new(), abort: Arc::clone(&abort), over: false };
        if let Some(place) = self.running.get_mut(lane) {
            *place = Some(running);
        }
        (request, abort)
    }

    /// The utterance of a request, while it is the call's current one.
    fn current(&mut self, request: &Request) -> Option<&mut Utterance> {
        self.calls.get_mut(&request.session).filter(|utterance| utterance.number == request.utterance)
    }
}

/// A final came: its call's older partials are of no use any more; and where all lanes are busy, the
/// partial that is due last stops for it. A piece of its own call it waits for.
fn make_way(running: &mut [Option<Running>], request: &Request) {
    let idle = running.iter().any(Option::is_none);
    let mut partials: Vec<&mut Running> =
        running.iter_mut().flatten().filter(|running| running.request.gives_way()).collect();
    if let Some(own) = partials.iter_mut().find(|own| own.request.session == request.session) {
        if own.request.ticket.is_some() {
            own.stop(true);
        }
    } else if !idle && let Some(last) = partials.into_iter().max_by_key(|partial| partial.request.due) {
        last.stop(false);
    }
}

/// The number of the next utterance.
fn next(utterances: &mut u64) -> u64 {
    *utterances += 1;
    *utterances
}

/// A transcript that is not made.
fn nothing(ticket: Ticket, post: &Post<Stt>) -> Result<(), Error> {
    post.event(Transcript {
        ticket,
        text: String::new(),
        confidence: 0.0,
        words: vec![],
        audio_ms: 0,
        decode_ms: 0,
        finished: None,
    })
}

fn is_silent(samples: &[f32]) -> bool {
    let power = |frame: &[f32]| frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32;
    samples.chunks(FRAME).map(power).all(|power| power < SILENCE * SILENCE)
}
