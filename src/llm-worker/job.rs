use std::time::Instant;

use engine::worker::Post;
use engine::{Error, Llm, LlmEvent, Priority, Session, Ticket};
use llama_cpp_2::token::LlamaToken;

use crate::grammar::Guard;
use crate::pieces::Pieces;
use crate::wording::Tokens;

/// A prompt to be read, and perhaps an answer to be generated from it.
#[derive(Debug)]
pub struct Job {
    pub session: Session,
    pub prompt: Tokens,
    /// Prompt tokens that had to be computed.
    pub computed: u32,
    /// `None` when the prompt is only read ahead.
    pub answer: Option<Answer>,
}

/// What goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// A caller waits for the beginning.
    Clause,
    /// Its beginning is being spoken.
    Continuation,
    /// Nobody on the line waits for it.
    Later,
    /// Nobody has asked for an answer yet.
    Ahead,
}

/// Tokens after which the beginning of an answer is out: the command and a first clause.
const CLAUSE: u32 = 32;

impl Job {
    pub fn rank(&self) -> Rank {
        match &self.answer {
            None => Rank::Ahead,
            Some(Answer { priority: Priority::Later, .. }) => Rank::Later,
            Some(answer) if answer.tokens < CLAUSE => Rank::Clause,
            Some(_) => Rank::Continuation,
        }
    }
}

/// An answer being generated.
#[derive(Debug)]
pub struct Answer {
    pub ticket: Ticket,
    /// Picked, but not yet in the cache.
    pub next: Option<LlamaToken>,
    guard: Guard,
    max_tokens: u32,
    priority: Priority,
    /// When it was asked for; those of one rank go in this order.
    pub received: Instant,
    first: Option<Instant>,
    tokens: u32,
    pieces: Pieces,
    /// Sum and number of probabilities where there was a choice.
    chosen: (f32, u32),
}

/// How an answer stands after a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// More to come.
    GoesOn,
    /// It was complete, or it failed; the daemon knows.
    Over,
}

impl Answer {
    pub fn new(ticket: Ticket, guard: Guard, max_tokens: u32, priority: Priority, received: Instant) -> Self {
        Answer {
            ticket,
            next: None,
            guard,
            max_tokens,
            priority,
            received,
            first: None,
            tokens: 0,
            pieces: Pieces::default(),
            chosen: (0.0, 0),
        }
    }

    /// Goes on by one token picked from `logits`. `piece` gives a token's bytes, `None` for the
    /// end of the text; `computed` prompt tokens were not cached.
    pub fn advance(
        &mut self,
        logits: &[f32],
        piece: impl Fn(LlamaToken) -> Option<Vec<u8>>,
        computed: u32,
        post: &Post<Llm>,
    ) -> Result<Progress, Error> {
        let Some(choice) = self.guard.choose(logits) else {
            post.failed(self.ticket, "no token of the model goes on within the grammar")?;
            return Ok(Progress::Over);
        };
        self.first.get_or_insert_with(Instant::now);
        if let Some(probability) = choice.probability {
            self.chosen.0 += probability;
            self.chosen.1 += 1;
        }
        match piece(choice.token) {
            None => {
                post.event(self.done(computed))?;
                Ok(Progress::Over)
            }
            Some(_) if self.tokens >= self.max_tokens => {
                let why = format!("the answer was not complete after {} tokens", self.max_tokens);
                post.failed(self.ticket, why)?;
                Ok(Progress::Over)
            }
            Some(bytes) => {
                self.push(choice.token, &bytes, post)?;
                Ok(Progress::GoesOn)
            }
        }
    }

    fn push(&mut self, token: LlamaToken, bytes: &[u8], post: &Post<Llm>) -> Result<(), Error> {
        self.tokens += 1;
        self.guard.accept(token);
        self.next = Some(token);
        let text = self.pieces.push(bytes);
        if text.is_empty() {
            return Ok(());
        }
        post.event(LlmEvent::Piece { ticket: self.ticket, text })
    }

    fn done(&self, prompt_tokens: u32) -> LlmEvent {
        let total_ms = elapsed_ms(self.received, Instant::now());
        let (sum, count) = self.chosen;
        LlmEvent::Done {
            ticket: self.ticket,
            text: self.pieces.text().to_owned(),
            prompt_tokens,
            tokens: self.tokens,
            first_ms: self.first.map_or(total_ms, |first| elapsed_ms(self.received, first)),
            total_ms,
            confidence: if count == 0 { 1.0 } else { sum / count as f32 },
        }
    }
}

fn elapsed_ms(from: Instant, to: Instant) -> u32 {
    u32::try_from(to.saturating_duration_since(from).as_millis()).unwrap_or(u32::MAX)
}
