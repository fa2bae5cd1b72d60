//! What an ordinary piece of a call costs each engine, tried before anybody calls.

use std::sync::Arc;
use std::time::Instant;

use audio::Resampler;
use dialogue::agent::{Agent, Caller, Trust};
use dialogue::business::Business;
use dialogue::{Ask, Brain, Heard};
use engine::{LlmEvent, LlmWork, Priority, Prompt, SttWork, TranscriptKind};
use jiff::civil::DateTime;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::phrases::speak;
use super::voice::VoiceChoice;
use crate::engines::{Client, Engines, Reply};

/// What a caller says, and how it is answered. The language model is tried with the first of these
/// that is not settled by rules.
const QUESTIONS: [&str; 3] = [
    "what are your opening hours on saturday",
    "i would like to book something for next friday at three",
    "can you help me with something",
];
const ANSWERS: [&str; 4] = [
    "we are open from nine to five",
    "that is twenty five dollars",
    "you will find us on maple street",
    "is there anything else i can do",
];
/// The first piece of work of a kind warms the engine and does not count.
const WARMING: usize = 1;

/// What was tried.
#[derive(Debug, Clone)]
pub struct Probe {
    engines: Engines,
    voice: VoiceChoice,
    question: Arc<Vec<i16>>,
    /// Prompt, grammar, and most tokens of a decision; none where rules settle everything.
    decision: Option<(Prompt, String, u16)>,
}

/// How long work took when so much of it was asked for at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Each piece, from asking to the end of the answer, in milliseconds.
    pub took_ms: Vec<f64>,
    /// All of it, in milliseconds.
    pub whole_ms: f64,
}

impl Tried {
    /// Time of the engine that one piece took.
    pub fn service_ms(&self) -> f64 {
        self.whole_ms / (self.took_ms.len().max(1) as f64)
    }
}

impl Probe {
    /// Makes what is asked: a question in this business's voice, and its prompt.
    ///
    /// # Errors
    /// An engine that does not work.
    pub async fn new(
        engines: &Engines,
        voice: VoiceChoice,
        business: &Arc<Business>,
        trust: Trust,
        local: DateTime,
    ) -> Result<Self, String> {
        let clip = speak(&engines.tts, &voice, QUESTIONS[0]).await?;
        let mut question = Vec::with_capacity(2 * clip.samples.len());
        let mut up = Resampler::doubling();
        for frame in clip.samples.chunks(160) {
            up.process(frame, &mut question);
        }
        let mut agent = Agent::new(Arc::clone(business), trust, Caller::default(), 0);
        let _ = agent.greet(local);
        let decision = QUESTIONS.iter().find_map(|text| {
            let heard = Heard { text: (*text).to_owned(), confidence: 1.0, ..Heard::default() };
            match agent.ask(local, &heard) {
                Ask::Model { shared, own, grammar, max_tokens } => Some((Prompt { shared, own }, grammar, max_tokens)),
                Ask::Nothing => None,
            }
        });
        Ok(Probe { engines: engines.clone(), voice, question: Arc::new(question), decision })
    }

    /// The recogniser: so many calls at once, each with a question, so many times.
    pub async fn stt(&self, calls: usize, times: usize) -> Result<Tried, String> {
        at_once(calls, times, |_, _| transcribe(self.engines.stt.clone(), Arc::clone(&self.question))).await
    }

    /// The language model: so many calls at once, each with a decision, so many times.
    pub async fn llm(&self, calls: usize, times: usize) -> Result<Tried, String> {
        let Some(decision) = &self.decision else { return Ok(Tried { took_ms: vec![0.0], whole_ms: 0.0 }) };
        let sessions: Vec<_> = (0..calls).map(|_| self.engines.llm.session()).collect();
        let tried = at_once(calls, times, |call, _| {
            let client = self.engines.llm.clone();
            let session = sessions.get(call).copied().unwrap_or_else(|| client.session());
            decide(client, session, decision.clone())
        })
        .await;
        sessions.into_iter().for_each(|session| self.engines.llm.close(session));
        tried
    }

    /// The voice: so many calls at once, each with an answer, so many times.
    pub async fn tts(&self, calls: usize, times: usize) -> Result<Tried, String> {
        at_once(calls, times, |call, time| {
            let (client, voice) = (self.engines.tts.clone(), self.voice.clone());
            let text = ANSWERS[(call + time) % ANSWERS.len()];
            async move { speak(&client, &voice, text).await.map(drop) }
        })
        .await
    }
}

/// Has work done by so many at once, each one piece after the other.
async fn at_once<F, W>(calls: usize, times: usize, work: F) -> Result<Tried, String>
where
    F: Fn(usize, usize) -> W,
    W: Future<Output = Result<(), String>> + Send + 'static,
{
    for time in 0..WARMING {
        work(0, time).await?;
    }
    let began = Instant::now();
    let mut took_ms = Vec::with_capacity(calls * times);
    for time in 0..times {
        let mut under_way = JoinSet::new();
        for call in 0..calls {
            let piece = work(call, time);
            under_way.spawn(async move {
                let asked = Instant::now();
                piece.await.map(|()| asked.elapsed().as_secs_f64() * 1_000.0)
            });
        }
        while let Some(done) = under_way.join_next().await {
            took_ms.push(done.map_err(|error| error.to_string())??);
        }
    }
    Ok(Tried { took_ms, whole_ms: began.elapsed().as_secs_f64() * 1_000.0 })
}

async fn transcribe(client: Client<engine::Stt>, samples: Arc<Vec<i16>>) -> Result<(), String> {
    let (to_me, mut replies) = mpsc::channel(4);
    let (session, ticket) = (client.session(), client.ticket());
    client.tell(SttWork::Feed { session, samples: samples.to_vec() });
    let work = SttWork::Transcribe { session, ticket, kind: TranscriptKind::Final, language: None, due_ms: 0 };
    let taken = client.submit(ticket, work, to_me);
    let reply = if taken { replies.recv().await } else { None };
    client.close(session);
    match reply {
        Some((_, Reply::Event(_))) => Ok(()),
        _ => Err(client.not_ready().unwrap_or_else(|| "the recogniser did not answer".into())),
    }
}

async fn decide(
    client: Client<engine::Llm>,
    session: engine::Session,
    (prompt, grammar, max_tokens): (Prompt, String, u16),
) -> Result<(), String> {
    let (to_me, mut replies) = mpsc::channel(256);
    let ticket = client.ticket();
    let work = LlmWork::Decide { session, ticket, prompt, grammar, max_tokens, priority: Priority::Turn };
    let taken = client.submit(ticket, work, to_me);
    loop {
        let reply = if taken { replies.recv().await } else { None };
        match reply {
            Some((_, Reply::Event(LlmEvent::Piece { .. }))) => {}
            Some((_, Reply::Event(LlmEvent::Done { .. }))) => return Ok(()),
            _ => return Err(client.not_ready().unwrap_or_else(|| "the language model did not answer".into())),
        }
    }
}
