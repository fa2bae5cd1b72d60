use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::time::Instant;

use engine::worker::{Post, Step, Worker};
use engine::{Error, Llm, LlmWork, Manifest, Prompt, Session, Ticket};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::{DecodeError, token::LlamaToken};

use crate::grammar::Grammars;
use crate::job::{Answer, Job, Progress};
use crate::schedule::{Reading, chunks};
use crate::sequences::{Sequences, sequence};
use crate::shared::{SHARED, SharedPrefixes};
use crate::wording::Wording;

/// Prompt tokens computed in one step over all calls: bounds how long a generated token waits
/// for somebody's prompt.
const CHUNK: usize = 128;
/// Jobs that may wait for a slot.
const MAX_WAITING: usize = 512;
/// Bytes of text a token stands for at most, on average; longer prompts are refused unread.
const BYTES_PER_TOKEN: usize = 16;
/// Answers in the making at the same time. A processor is no faster for more of them: the
/// others wait, and all but the last are done sooner than if all went on together.
const AT_ONCE: usize = 16;
/// Tokens an answer must have room for.
const SHORTEST_ANSWER: usize = 8;

/// How much the worker may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls whose prompts stay cached, and answers generated at once.
    pub slots: u32,
    /// Longest prompt with its answer, in tokens; 0 for the manifest's or the model's.
    pub context: u32,
    /// Threads of a step.
    pub threads: i32,
}

/// The one decode loop over all calls.
#[derive(Debug)]
pub struct Decider {
    model: &'static LlamaModel,
    context: LlamaContext<'static>,
    batch: LlamaBatch<'static>,
    wording: Wording,
    grammars: Grammars,
    sequences: Sequences,
    shared: SharedPrefixes,
    /// In order of arrival.
    waiting: VecDeque<Job>,
    /// Longest prompt with its answer, in tokens.
    longest: usize,
    about: String,
}

/// A slot's part in a batch.
#[derive(Debug, Clone, Copy)]
struct Part {
    slot: usize,
    /// Where its last token's logits are, if they were asked for.
    logits: Option<i32>,
}

impl Decider {
    /// Makes the context and warms it.
    pub fn new(
        backend: &'static LlamaBackend,
        model: &'static LlamaModel,
        manifest: &Manifest,
        limits: Limits,
        sandbox: &str,
    ) -> Result<Self, Error> {
        let longest = longest(model, manifest.llm.context, limits.context);
        let batch = limits.slots as usize + CHUNK;
        let context = context(backend, model, limits, longest, batch)?;
        let mut decider = Decider {
            model,
            context,
            batch: LlamaBatch::new(batch, 1),
            wording: Wording::new(model, &manifest.llm),
            grammars: Grammars::new(model),
            sequences: Sequences::new(limits.slots),
            shared: SharedPrefixes::new(limits.slots),
            waiting: VecDeque::new(),
            longest,
            about: format!(
                "llama.cpp with {}, {} sequences of {longest} tokens; {sandbox}",
                manifest.name, limits.slots
            ),
        };
        decider.warm()?;
        Ok(decider)
    }

    /// The first decode allocates; better now than under somebody's first words.
    fn warm(&mut self) -> Result<(), Error> {
        let prompt = Prompt { shared: String::new(), own: "hello, what are your hours?".to_owned() };
        let tokens = self.wording.whole(&prompt);
        self.batch.clear();
        for (position, token) in (0..).zip(tokens.all.iter().take(CHUNK)) {
            self.batch.add(*token, position, &[0], true).map_err(broken)?;
        }
        self.context.decode(&mut self.batch).map_err(broken)?;
        self.context.clear_kv_cache();
        Ok(())
    }

    fn take_prefill(&mut self, session: Session, prompt: &Prompt) {
        if self.too_long(prompt) {
            return; // the decision that follows says so
        }
        if self.sequences.of(session).and_then(|slot| slot.job.as_ref()).is_some_and(|job| job.answer.is_some()) {
            return;
        }
        self.drop_reading(session);
        let prompt = self.wording.begun(prompt);
        if prompt.all.len() < self.longest {
            self.wait(Job { session, prompt, computed: 0, answer: None });
        }
    }

    /// Reading ahead is moot as soon as more of the prompt is known.
    fn drop_reading(&mut self, session: Session) {
        self.waiting.retain(|job| job.session != session || job.answer.is_some());
        if let Some(slot) = self.sequences.of(session)
            && slot.job.as_ref().is_some_and(|job| job.answer.is_none())
        {
            slot.job = None; // what is read stays cached
        }
    }

    fn wait(&mut self, job: Job) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(job);
        }
    }

    fn too_long(&self, prompt: &Prompt) -> bool {
        prompt.shared.len() + prompt.own.len() > self.longest * BYTES_PER_TOKEN
    }

    /// A decision to wait for its slot, or why it can't be made.
    fn decision(
        &mut self,
        session: Session,
        prompt: &Prompt,
        answer: impl FnOnce(&mut Grammars, u32) -> Result<Answer, String>,
        max_tokens: u32,
    ) -> Result<Job, String> {
        if self.waiting.len() >= MAX_WAITING {
            return Err(format!("{MAX_WAITING} decisions wait already"));
        }
        if self.too_long(prompt) {
            return Err(format!("the prompt is too long for {} tokens", self.longest));
        }
        let prompt = self.wording.whole(prompt);
        let room = self.longest.saturating_sub(prompt.all.len());
        if room < SHORTEST_ANSWER {
            return Err(format!("the prompt has {} tokens, too many for {}", prompt.all.len(), self.longest));
        }
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let answer = answer(&mut self.grammars, max_tokens.min(room))?;
        Ok(Job { session, prompt, computed: 0, answer: Some(answer) })
    }

    /// Gives waiting jobs their slots, decisions before mere reading, each in order of arrival.
    fn admit(&mut self) -> Result<(), Error> {
        let mut room = AT_ONCE.saturating_sub(self.sequences.answers());
        for deciding in [true, false] {
            let mut later = VecDeque::new();
            while let Some(job) = self.waiting.pop_front() {
                let fits = job.answer.is_some() == deciding && (!deciding || room > 0);
                match fits.then(|| self.sequences.free_for(job.session)).flatten() {
                    Some(slot) => {
                        room = room.saturating_sub(usize::from(deciding));
                        self.sequences.start(slot, job, &mut self.shared, &mut self.context)?;
                    }
                    None => later.push_back(job),
                }
            }
            self.waiting = later;
        }
        Ok(())
    }

    /// Puts the next token of every answer and a chunk of the prompts into the batch.
    fn compose(&mut self) -> Result<Vec<Part>, Error> {
        self.batch.clear();
        let mut parts = Vec::new();
        let mut reading = Vec::new();
        for (index, slot) in self.sequences.slots.iter_mut().enumerate() {
            let Some(job) = &mut slot.job else { continue };
            let left = job.prompt.all.len().saturating_sub(slot.cached.len());
            match job.answer.as_mut().and_then(|answer| answer.next.take()) {
                Some(token) => {
                    let logits = self.batch.n_tokens();
                    let at = sequence(slot.cached.len());
                    self.batch.add(token, at, &[sequence(index)], true).map_err(broken)?;
                    slot.cached.push(token);
                    parts.push(Part { slot: index, logits: Some(logits) });
                }
                None if left > 0 => reading.push(Reading { ahead: job.answer.is_none(), left, slot: index }),
                None => slot.job = None, // read ahead to its end
            }
        }
        for (slot, tokens) in chunks(reading, CHUNK) {
            parts.push(self.read(slot, tokens)?);
        }
        Ok(parts)
    }

    fn read(&mut self, index: usize, tokens: usize) -> Result<Part, Error> {
        let mut part = Part { slot: index, logits: None };
        let Some(slot) = self.sequences.slots.get_mut(index) else {
            return Ok(part);
        };
        let Some(job) = &mut slot.job else {
            return Ok(part);
        };
        let from = slot.cached.len();
        for token in job.prompt.all.iter().skip(from).take(tokens) {
            let at = slot.cached.len();
            let last = at + 1 == job.prompt.all.len() && job.answer.is_some();
            if last {
                part.logits = Some(self.batch.n_tokens());
            }
            self.batch.add(*token, sequence(at), &[sequence(index)], last).map_err(broken)?;
            slot.cached.push(*token);
            job.computed += 1;
        }
        Ok(part)
    }

    /// Decodes the batch; makes room in the cache once if there is none.
    fn decode(&mut self) -> Result<(), DecodeError> {
        match self.context.decode(&mut self.batch) {
            Err(DecodeError::NoKvCacheSlot) => {
                let evicted = self.sequences.evict_idle(&mut self.context);
                if evicted.unwrap_or(false) {
                    self.context.decode(&mut self.batch)
                } else {
                    Err(DecodeError::NoKvCacheSlot)
                }
            }
            outcome => outcome,
        }
    }

    /// Picks the next token of every answer, and keeps the head of a prompt just read.
    fn harvest(&mut self, part: Part, post: &Post<Llm>) -> Result<(), Error> {
        let Some(slot) = self.sequences.slots.get_mut(part.slot) else {
            return Ok(());
        };
        let Some(job) = &mut slot.job else {
            return Ok(());
        };
        if let Some(head) = job.prompt.all.get(..job.prompt.shared).filter(|head| slot.cached.len() >= head.len()) {
            self.shared.keep(sequence(part.slot), head, &mut self.context)?;
        }
        let progress = match (&mut job.answer, part.logits) {
            (Some(answer), Some(at)) => {
                let logits = self.context.get_logits_ith(at);
                let piece = |token| piece(self.model, token);
                answer.advance(logits, piece, job.computed, post)?
            }
            (None, _) if slot.cached.len() >= job.prompt.all.len() => Progress::Over,
            _ => Progress::GoesOn,
        };
        if progress == Progress::Over {
            slot.finish(part.slot, &mut self.context)?;
        }
        Ok(())
    }

    /// A step that could not be decoded costs the jobs that were in it, not the worker.
    fn fail(&mut self, parts: &[Part], why: &DecodeError, post: &Post<Llm>) -> Result<(), Error> {
        for part in parts {
            let Some(slot) = self.sequences.slots.get_mut(part.slot) else {
                continue;
            };
            if let Some(answer) = slot.job.take().and_then(|job| job.answer) {
                post.failed(answer.ticket, format!("llama.cpp could not decode a step ({why})"))?;
            }
            slot.cut(part.slot, 0, &mut self.context)?;
        }
        Ok(())
    }
}

impl Worker for Decider {
    type Engine = Llm;

    fn about(&self) -> String {
        self.about.clone()
    }

    fn take(&mut self, work: LlmWork, received: Instant, post: &Post<Llm>) -> Result<(), Error> {
        match work {
            LlmWork::Prefill { session, prompt } => self.take_prefill(session, &prompt),
            LlmWork::Decide { session, ticket, prompt, grammar, max_tokens } => {
                self.drop_reading(session);
                let answer = |grammars: &mut Grammars, max_tokens| {
                    let guard = grammars.guard(&grammar)?;
                    Ok(Answer::new(ticket, guard, max_tokens, received))
                };
                match self.decision(session, &prompt, answer, u32::from(max_tokens)) {
                    Ok(job) => self.waiting.push_back(job),
                    Err(why) => post.failed(ticket, why)?,
                }
            }
        }
        Ok(())
    }

    fn cancel(&mut self, ticket: Ticket) {
        let is_it = |job: &Job| job.answer.as_ref().is_some_and(|answer| answer.ticket == ticket);
        self.waiting.retain(|job| !is_it(job));
        for (index, slot) in self.sequences.slots.iter_mut().enumerate() {
            if slot.job.as_ref().is_some_and(is_it) {
                // Cutting a sequence this loop has filled itself can't fail.
                let _ = slot.finish(index, &mut self.context);
            }
        }
    }

    fn close(&mut self, session: Session) {
        self.waiting.retain(|job| job.session != session);
        for (index, slot) in self.sequences.slots.iter_mut().enumerate() {
            if slot.session == Some(session) {
                slot.job = None;
                slot.session = None;
                let _ = slot.cut(index, 0, &mut self.context);
            }
        }
    }

    fn step(&mut self, post: &Post<Llm>) -> Result<Step, Error> {
        self.admit()?;
        let parts = self.compose()?;
        if parts.is_empty() {
            return Ok(if self.waiting.is_empty() { Step::Idle } else { Step::Again });
        }
        match self.decode() {
            Ok(()) => parts.iter().try_for_each(|part| self.harvest(*part, post))?,
            Err(why) => self.fail(&parts, &why, post)?,
        }
        Ok(Step::Again)
    }
}

/// A token's bytes; `None` for one that ends the text.
fn piece(model: &LlamaModel, token: LlamaToken) -> Option<Vec<u8>> {
    let vocab = model.vocab();
    (!vocab.is_eog(token)).then(|| vocab.token_to_piece(token, false, None))
}

fn longest(model: &LlamaModel, manifest: u32, asked: u32) -> usize {
    let trained = model.n_ctx_train();
    let wanted = [asked, manifest, trained].into_iter().find(|tokens| *tokens > 0).unwrap_or(trained);
    wanted.min(trained).max(64) as usize
}

fn context(
    backend: &'static LlamaBackend,
    model: &'static LlamaModel,
    limits: Limits,
    longest: usize,
    batch: usize,
) -> Result<LlamaContext<'static>, Error> {
    let sequences = limits.slots + SHARED;
    let cells = u32::try_from(longest).unwrap_or(u32::MAX).saturating_mul(limits.slots + 1);
    let batch = u32::try_from(batch).unwrap_or(u32::MAX);
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(cells))
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        .with_n_seq_max(sequences)
        // One pool of cells: a head is shared by reference, and copying part of a sequence
        // would end the process otherwise.
        .with_kv_unified(true)
        // Cutting back to a common prompt needs what a sliding window would throw away.
        .with_swa_full(true)
        .with_n_threads(limits.threads)
        .with_n_threads_batch(limits.threads);
    model.new_context(backend, params).map_err(|why| {
        Error::Engine(format!("llama.cpp can't make a context of {cells} tokens ({why}): lower --slots or --context"))
    })
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Engine(format!("llama.cpp: {why}"))
}
