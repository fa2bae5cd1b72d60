//! A language model on a server of the premises: an OpenAI-compatible vLLM, SGLang or llama.cpp
//! server, asked in place of the local model and backed by it. Off unless `engines.remote.url`
//! names one; what it is sent holds what callers say, so addresses of the internet are refused.
//!
//! Calls see one more [`Client`] and can't tell: every decision goes to the server, streams back
//! and is held to the turn's grammar; one that is late, cut off, refused or nonsense is made by
//! the local model instead. A server that fails again and again is left alone for a while.
//!
//! # Deliberately absent
//! Audio: there is no remote recogniser and no remote voice. Any word of a caller or of an answer
//! in the log. A way to reach the internet.

mod ask;
mod breaker;
mod grammar;
mod place;
mod stream;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dialogue::agent::chat_instructions;
use engine::{Down, Llm, LlmEvent, LlmWork, Prompt, Ticket};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::config::Remote;
use crate::engines::{Client, Reply, State};
use ask::{Answer, Server};
use breaker::{Breaker, FIRST_REST};
pub use place::chat_url;

/// Questions to the server at once; the local model takes what goes beyond.
const AT_ONCE: usize = 256;
/// Work and answers that may wait on their way.
const QUEUE: usize = 4096;

/// Puts a server before the local model.
///
/// # Errors
/// What is wrong with the configuration; whether the server is there shows with the first call.
pub fn before(local: Client<Llm>, wanted: &Remote) -> Result<Client<Llm>, String> {
    before_resting(local, wanted, FIRST_REST)
}

/// The same with another rest of a server that failed.
fn before_resting(local: Client<Llm>, wanted: &Remote, rest: Duration) -> Result<Client<Llm>, String> {
    let server = Arc::new(Server::new(wanted)?);
    let (to_front, work) = mpsc::channel(QUEUE);
    let (state, seen) = watch::channel(local.state().borrow().clone());
    let client = Client::new(to_front, seen);
    let (to_relay, from_local) = mpsc::channel(QUEUE);
    let breaker = Arc::new(Guarded { breaker: Mutex::new(Breaker::new(rest)), open: watch::channel(false).0 });
    let desk = Desk { server, local: local.clone(), front: client.clone(), breaker: Arc::clone(&breaker), to_relay };
    tokio::spawn(relay(client.clone(), from_local));
    tokio::spawn(tell_state(local, breaker, state));
    tokio::spawn(desk.serve(work));
    Ok(client)
}

/// Who takes the work of all calls in.
#[derive(Clone)]
struct Desk {
    server: Arc<Server>,
    local: Client<Llm>,
    front: Client<Llm>,
    breaker: Arc<Guarded>,
    to_relay: mpsc::Sender<(Ticket, Reply<LlmEvent>)>,
}

impl Desk {
    async fn serve(self, mut work: mpsc::Receiver<Down<LlmWork>>) {
        let mut asked: HashMap<Ticket, AbortHandle> = HashMap::new();
        let mut questions = JoinSet::new();
        loop {
            tokio::select! {
                Some(done) = questions.join_next() => {
                    let done: Result<Ticket, _> = done;
                    match done {
                        Ok(ticket) => drop(asked.remove(&ticket)),
                        Err(_) => asked.retain(|_, question| !question.is_finished()),
                    }
                }
                order = work.recv() => match order {
                    None => return,
                    Some(Down::Work(work @ LlmWork::Decide { ticket, .. })) => {
                        let may = asked.len() < AT_ONCE && self.breaker.lets_through();
                        if may {
                            let question = self.clone().ask(ticket, work);
                            asked.insert(ticket, questions.spawn(question));
                        } else {
                            self.ask_local(ticket, work);
                        }
                    }
                    // Servers keep prefixes by themselves. The local model reads what all calls share,
                    // to be ready; more only when it will be asked.
                    Some(Down::Work(LlmWork::Prefill { session, prompt })) => {
                        if prompt.own.is_empty() || self.breaker.is_open() {
                            self.local.tell(LlmWork::Prefill { session, prompt });
                        }
                    }
                    Some(Down::Cancel(ticket)) => match asked.remove(&ticket) {
                        Some(question) if !question.is_finished() => question.abort(),
                        _ => self.local.cancel(ticket),
                    },
                    Some(Down::Close(session)) => self.local.close(session),
                    Some(Down::Hello { .. } | Down::Ping(_)) => {}
                },
            }
        }
    }

    async fn ask(self, ticket: Ticket, work: LlmWork) -> Ticket {
        let LlmWork::Decide { prompt, grammar, max_tokens, .. } = &work else { return ticket };
        let mut trial = Trial { breaker: &self.breaker, told: false };
        let prompt = Prompt { shared: chat_instructions(&prompt.shared), own: prompt.own.clone() };
        match self.server.ask(&prompt, grammar, *max_tokens).await {
            Ok(answer) => {
                trial.told = true;
                self.breaker.succeeded();
                self.answer(ticket, answer);
            }
            Err(why) => {
                trial.told = true;
                let opened = self.breaker.failed();
                tracing::warn!(ticket = ticket.0, why, "the remote model failed: the local one decides");
                if opened {
                    tracing::error!(why, "the remote model is left alone for a while: the local one decides");
                }
                self.ask_local(ticket, work.clone());
            }
        }
        ticket
    }

    /// A whole answer that is held to its grammar: nothing of it is passed on before.
    fn answer(&self, ticket: Ticket, answer: Answer) {
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        self.front.deliver(ticket, Reply::Event(LlmEvent::Piece { ticket, text: answer.text.clone() }), false);
        let done = LlmEvent::Done {
            ticket,
            text: answer.text,
            prompt_tokens: 0,
            tokens: answer.tokens,
            first_ms: ms(answer.first),
            total_ms: ms(answer.total),
            confidence: 1.0,
        };
        self.front.deliver(ticket, Reply::Event(done), true);
    }

    fn ask_local(&self, ticket: Ticket, work: LlmWork) {
        if !self.local.submit(ticket, work, self.to_relay.clone()) {
            self.front.deliver(ticket, Reply::Failed, true);
        }
    }
}

/// Passes the local model's answers on.
async fn relay(front: Client<Llm>, mut from_local: mpsc::Receiver<(Ticket, Reply<LlmEvent>)>) {
    while let Some((ticket, reply)) = from_local.recv().await {
        let is_last = !matches!(reply, Reply::Event(LlmEvent::Piece { .. }));
        front.deliver(ticket, reply, is_last);
    }
}

/// Work is taken while either of the two is there. Until the local model was there once, its state
/// is told as it is: a box that can't fall back must not start.
async fn tell_state(local: Client<Llm>, breaker: Arc<Guarded>, state: watch::Sender<State>) {
    let (mut of_local, mut open) = (local.state(), breaker.open.subscribe());
    let mut last_ready = None;
    loop {
        let now = of_local.borrow_and_update().clone();
        if matches!(now, State::Ready { .. }) {
            last_ready = Some(now.clone());
        }
        let is_open = *open.borrow_and_update();
        let told = match (&now, &last_ready) {
            (State::Ready { .. }, _) | (_, None) => now,
            (_, Some(ready)) if !is_open => ready.clone(),
            _ => now,
        };
        state.send_if_modified(|before| std::mem::replace(before, told.clone()) != told);
        tokio::select! {
            changed = of_local.changed() => if changed.is_err() { return },
            changed = open.changed() => if changed.is_err() { return },
        }
    }
}

/// The breaker, and whether it is open for who watches.
struct Guarded {
    breaker: Mutex<Breaker>,
    open: watch::Sender<bool>,
}

impl Guarded {
    fn lets_through(&self) -> bool {
        self.lock().lets_through(Instant::now())
    }

    fn is_open(&self) -> bool {
        self.lock().is_open()
    }

    fn succeeded(&self) {
        self.lock().succeeded();
        self.open.send_if_modified(std::mem::take);
    }

    fn failed(&self) -> bool {
        let mut breaker = self.lock();
        let opened = breaker.failed(Instant::now());
        let is_open = breaker.is_open();
        self.open.send_if_modified(|open| std::mem::replace(open, is_open) != is_open);
        opened
    }

    fn lock(&self) -> MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way: one that is dropped says nothing about the server.
struct Trial<'a> {
    breaker: &'a Guarded,
    told: bool,
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.breaker.lock().abandoned();
        }
    }
}
