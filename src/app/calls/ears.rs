//! The hearing of one call: frames to the voice activity detector, utterances to the
//! recogniser, transcripts back.

use std::collections::{HashMap, VecDeque};

use audio::{Resampler, Vad, VadSettings};
use dialogue::Heard;
use dialogue::io::{Input, UtteranceId};
use engine::{Session, Stt, SttWork, Ticket, Transcript, TranscriptKind};
use telephony::media::{Frame, WideFrame};
use tokio::sync::mpsc;

use crate::drivers::playout::FRAME;
use crate::engines::{Client, Reply};

/// At the recogniser's 16 kHz.
const SAMPLES_PER_MS: usize = 16;
/// What is kept for a pre-roll: one second.
const MOST_PREROLL: usize = 1_000 * SAMPLES_PER_MS;
/// Longest utterance kept, in 16 kHz samples: what the recogniser can take.
const LONGEST: usize = 30 * 16_000;

/// What the recogniser gets of the silence after speech. So far in, it is asked ahead of need; when
/// the end of the utterance is asked for, it is of the same audio, and done or well under way.
const TAIL: usize = 80 * SAMPLES_PER_MS;
/// Speech is sent on in portions of this: the recogniser takes up what comes before a pause on its own.
const PORTION: usize = 200 * SAMPLES_PER_MS;
/// The end of an utterance follows so long after the guess at it: later it is of no use.
const GUESS_DUE_MS: u32 = 60;
/// A text in mid-speech that is later than this says nothing new.
const PARTIAL_DUE_MS: u32 = 500;

/// One call's ears.
pub struct Ears {
    client: Client<Stt>,
    session: Session,
    language: Option<String>,
    /// The recogniser was made for more than telephone lines.
    takes_wide: bool,
    vad: Vad,
    up: Resampler,
    /// The latest samples, at 16 kHz.
    recent: VecDeque<i16>,
    /// One frame at 16 kHz, kept so that none is allocated.
    wide: Vec<i16>,
    /// The utterance being collected; kept whole, so that a recogniser that was restarted
    /// can be given it again.
    open: Option<Utterance>,
    under_way: HashMap<Ticket, Asked>,
    to_me: mpsc::Sender<(Ticket, Reply<Transcript>)>,
    replies: mpsc::Receiver<(Ticket, Reply<Transcript>)>,
}

struct Utterance {
    id: UtteranceId,
    samples: Vec<i16>,
    /// Of `samples`, so many have been fed to the recogniser.
    fed: usize,
    /// The life of the recogniser that they were fed to.
    life: Option<u32>,
    /// Of `samples`, so many up to the last that were speech.
    spoken: usize,
    /// Asked ahead of need; nobody waits for its answer.
    guess: Option<Ticket>,
}

impl Utterance {
    /// Samples that are recognised: all but long silence at the end.
    fn end(&self) -> usize {
        self.samples.len().min(self.spoken + TAIL)
    }
}

/// A transcript asked for.
struct Asked {
    utterance: UtteranceId,
    request: u32,
    /// Of which life of the recogniser.
    life: Option<u32>,
}

impl Ears {
    /// Ears with a session of their own on the worker.
    pub fn new(client: Client<Stt>, language: Option<String>, takes_wide: bool) -> Self {
        let (to_me, replies) = mpsc::channel(64);
        Ears {
            session: client.session(),
            client,
            language,
            takes_wide,
            vad: Vad::new(VadSettings::default()),
            up: Resampler::doubling(),
            recent: VecDeque::with_capacity(MOST_PREROLL + 2 * FRAME),
            wide: Vec::with_capacity(2 * FRAME),
            open: None,
            under_way: HashMap::new(),
            to_me,
            replies,
        }
    }

    /// The worker's next answer.
    pub async fn reply(&mut self) -> (Ticket, Reply<Transcript>) {
        match self.replies.recv().await {
            Some(reply) => reply,
            None => std::future::pending().await, // `to_me` is ours: the channel never closes
        }
    }

    /// Hears one frame; a wideband line gives it at 16 kHz as well.
    pub fn frame(&mut self, frame: &Frame, wide: Option<&WideFrame>) -> Input {
        let heard = match wide {
            Some(wide) => self.vad.wide_frame(wide),
            None => self.vad.frame(frame),
        };
        self.wide.clear();
        match wide.filter(|_| self.takes_wide) {
            Some(wide) => self.wide.extend_from_slice(wide),
            None => self.up.process(frame, &mut self.wide),
        }
        if let Some(utterance) = &mut self.open
            && utterance.samples.len() < LONGEST
        {
            utterance.samples.extend_from_slice(&self.wide);
            self.guess(heard.speech);
        }
        self.recent.extend(&self.wide);
        let surplus = self.recent.len().saturating_sub(MOST_PREROLL);
        self.recent.drain(..surplus);
        Input::Frame { speech: heard.speech, level_db: heard.level_db }
    }

    /// Collects from here on, and from what came shortly before.
    pub fn listen(&mut self, id: UtteranceId, preroll_ms: u32) {
        let skip = self.recent.len().saturating_sub(preroll_ms as usize * SAMPLES_PER_MS);
        let samples = self.recent.iter().skip(skip).copied().collect();
        self.client.tell(SttWork::Reset { session: self.session });
        let samples: Vec<i16> = samples;
        let spoken = samples.len();
        self.open = Some(Utterance { id, samples, fed: 0, life: self.client.life(), spoken, guess: None });
    }

    /// Has what was collected recognised. When it can't be, that is the answer. A recogniser that
    /// is gone gives none: the conversation is told that it is, and asks again when it is back.
    pub fn transcribe(&mut self, id: UtteranceId, request: u32, is_final: bool) -> Option<Input> {
        let life = self.client.life();
        life?;
        let ticket = self.client.ticket();
        let (kind, due_ms) =
            if is_final { (TranscriptKind::Final, 0) } else { (TranscriptKind::Partial, PARTIAL_DUE_MS) };
        let work = self.asking(ticket, kind, due_ms);
        if self.feed(id) && self.client.submit(ticket, work, self.to_me.clone()) {
            self.under_way.insert(ticket, Asked { utterance: id, request, life });
            return None;
        }
        (self.client.life() == life).then_some(Input::NoTranscript { utterance: id, request })
    }

    fn asking(&self, ticket: Ticket, kind: TranscriptKind, due_ms: u32) -> SttWork {
        SttWork::Transcribe { session: self.session, ticket, kind, language: self.language.clone(), due_ms }
    }

    /// Has the utterance recognised where it may be over, before anybody asks.
    fn guess(&mut self, speech: bool) {
        let Some(utterance) = &mut self.open else { return };
        let (id, length) = (utterance.id, utterance.samples.len());
        if speech {
            utterance.spoken = length;
            if let Some(wrong) = utterance.guess.take() {
                self.client.cancel(wrong);
            }
            if length - utterance.fed >= PORTION && self.client.is_ready() {
                self.feed(id);
            }
            return;
        }
        let due = length >= utterance.spoken + TAIL;
        if !due || utterance.guess.is_some() || !self.client.is_ready() {
            return;
        }
        let ticket = self.client.ticket();
        utterance.guess = Some(ticket);
        let work = self.asking(ticket, TranscriptKind::Ahead, GUESS_DUE_MS);
        if self.feed(id) {
            self.client.submit(ticket, work, self.to_me.clone());
        }
    }

    /// Forgets the utterance.
    pub fn end(&mut self, id: UtteranceId) {
        if self.open.as_ref().is_some_and(|utterance| utterance.id == id) {
            self.open = None;
            self.client.tell(SttWork::Reset { session: self.session });
        }
    }

    /// Takes an answer of the worker.
    pub fn take(&mut self, ticket: Ticket, reply: Reply<Transcript>) -> Option<Input> {
        let Asked { utterance, request, life } = self.under_way.remove(&ticket)?;
        match reply {
            Reply::Event(Transcript { audio_ms: 0, .. }) => Some(Input::NoTranscript { utterance, request }),
            Reply::Event(Transcript { text, confidence, words, decode_ms, finished, .. }) => {
                let heard = Heard { text, confidence, words, keyed: String::new() };
                Some(Input::Transcript { utterance, request, heard, decode_ms, finished })
            }
            Reply::Failed => (self.client.life() == life).then_some(Input::NoTranscript { utterance, request }),
        }
    }

    fn feed(&mut self, id: UtteranceId) -> bool {
        let Some(utterance) = self.open.as_mut().filter(|utterance| utterance.id == id) else { return false };
        let life = self.client.life();
        if utterance.life != life {
            (utterance.life, utterance.fed) = (life, 0); // a new recogniser remembers nothing
        }
        let end = utterance.end();
        let fresh = utterance.samples.get(utterance.fed..end).unwrap_or_default().to_vec();
        let taken = fresh.is_empty() || self.client.tell(SttWork::Feed { session: self.session, samples: fresh });
        if taken {
            utterance.fed = end;
        }
        taken
    }
}

impl Drop for Ears {
    fn drop(&mut self) {
        self.client.close(self.session);
    }
}
