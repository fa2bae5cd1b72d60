use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::worker::{Kept, Post, Step, Worker};
use engine::{Error, Llm, LlmWork, Manifest, Prompt, Session, Ticket};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::{DecodeError, token::LlamaToken};

use crate::grammar::Grammars;
use crate::job::{Answer, Job, Progress, Rank};
use crate::pace::Pace;
use crate::room;
use crate::schedule::chunks;
use crate::sequences::{Sequences, sequence};
use crate::shared::SharedPrefixes;
use crate::wording::Wording;

/// Jobs that may wait for a slot.
const MAX_WAITING: usize = 512;
/// Answers that go on in one step. Of twice as many a processor makes hardly more tokens a second:
/// beyond these the others pause, and all but the last are done sooner than if all went on together.
const AT_ONCE: usize = 32;
/// Bytes of a prompt that are read ahead at most; a longer one is read when it must be.
const MAX_READ_AHEAD: usize = 64 << 10;
/// Of the longest prompt with its answer, the answer may claim one token in so many.
const ANSWER_SHARE: usize = 4;

/// How much the worker may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls whose prompts stay cached, and answers generated at once.
    pub slots: u32,
    /// Longest prompt with its answer, in tokens; 0 for the manifest's or the model's.
    pub context: u32,
    /// Tokens that all sequences hold together; 0 for what memory has room for.
    pub cells: u32,
    /// Threads of a step.
    pub threads: i32,
}

/// What the worker may use.
#[derive(Debug, Clone, Copy)]
pub struct Resources {
    pub limits: Limits,
    /// Bytes for the cache; `None` when nobody knows.
    pub memory: Option<u64>,
    /// It is computed on a GPU.
    pub gpu: bool,
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
    /// Where heads outlast the worker.
    kept: Option<Arc<Kept>>,
    /// In order of arrival.
    waiting: VecDeque<Job>,
    pace: Pace,
    /// The cache was full with so many jobs still at work: nobody else begins until one is done.
    full_with: Option<usize>,
    /// Longest prompt with its answer, in tokens.
    longest: usize,
    about: String,
}

/// A slot's part in a batch.
#[derive(Debug, Clone, Copy)]
struct Part {
    slot: usize,
    /// So many tokens of it.
    tokens: usize,
    /// They were picked, not read.
    picked: bool,
    /// Where its last token's logits are, if they were asked for.
    logits: Option<i32>,
}

impl Decider {
    /// Makes the context and warms it.
    pub fn new(
        backend: &'static LlamaBackend,
        model: &'static LlamaModel,
        manifest: &Manifest,
        resources: Resources,
        kept: Option<Kept>,
        place: &str,
    ) -> Result<Self, Error> {
        let limits = resources.limits;
        let longest = room::longest(model, manifest.llm.context, limits.context);
        let batch = room::batch(limits);
        let context = room::context(backend, model, resources, longest)?;
        let mut decider = Decider {
            model,
            about: format!(
                "llama.cpp with {}, {} sequences of {longest} tokens, {} in all{}, {place}",
                manifest.name,
                limits.slots,
                context.n_ctx(),
                if limits.threads > 1 { format!(", {} threads", limits.threads) } else { String::new() }
            ),
            context,
            batch: LlamaBatch::new(batch, 1),
            wording: Wording::new(model, &manifest.llm),
            grammars: Grammars::new(model),
            sequences: Sequences::new(limits.slots, can_be_cut(model)),
            shared: SharedPrefixes::new(limits.slots, can_be_cut(model)),
            kept: kept.map(Arc::new),
            waiting: VecDeque::new(),
            pace: Pace::new(limits.slots as usize),
            full_with: None,
            longest: longest as usize,
        };
        decider.warm()?;
        if let Some(all) = decider.kept.as_ref().and_then(|kept| kept.read())
            && decider.shared.take_back(&all, &mut decider.context)?
        {
            decider.about.push_str("; what all prompts begin with is there from before");
        }
        Ok(decider)
    }

    /// Keeps the heads for the next life of the worker. A thread of its own writes: no call waits for a disk.
    fn keep_heads(&self) {
        let Some(kept) = self.kept.clone() else { return };
        let all = self.shared.all(&self.context);
        std::thread::spawn(move || {
            if let Err(why) = kept.write(&all) {
                eprintln!(
                    "callbox-llm: what prompts begin with can't be kept ({why}): it is read again at the next start"
                );
            }
        });
    }

    /// The first decode allocates; better now than under somebody's first words. What steps take
    /// is learnt on the way.
    fn warm(&mut self) -> Result<(), Error> {
        let prompt = Prompt { shared: String::new(), own: "hello, what are your hours?".to_owned() };
        let tokens = self.wording.whole(&prompt, usize::from(u16::MAX)).map(|tokens| tokens.all).unwrap_or_default();
        for (answers, read) in [(0, 48), (0, 48), (1, 0), (1, 0), (1, 0)] {
            self.batch.clear();
            for (position, token) in (0..).zip(tokens.iter().cycle().take(answers + read)) {
                self.batch.add(*token, position, &[0], true).map_err(broken)?;
            }
            self.context.clear_kv_cache();
            let took = self.timed_decode().map_err(broken)?;
            self.pace.took(answers, read, took);
        }
        self.context.clear_kv_cache();
        Ok(())
    }

    fn timed_decode(&mut self) -> Result<Duration, DecodeError> {
        let began = Instant::now();
        self.context.decode(&mut self.batch)?;
        self.context.synchronize();
        Ok(began.elapsed())
    }

    fn take_prefill(&mut self, session: Session, prompt: &Prompt) {
        if self.sequences.of(session).and_then(|slot| slot.job.as_ref()).is_some_and(|job| job.answer.is_some()) {
            return;
        }
        self.drop_reading(session);
        let whole = prompt.shared.len() + prompt.own.len();
        if whole > MAX_READ_AHEAD {
            return;
        }
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
        let answers = (max_tokens as usize).min(self.longest / ANSWER_SHARE);
        let Some(prompt) = self.wording.whole(prompt, self.longest - answers) else {
            return Err(format!(
                "the part of the prompt that all calls share leaves no room in {} tokens: choose a model with a longer \
                 context",
                self.longest
            ));
        };
        let room = self.longest.saturating_sub(prompt.all.len());
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let answer = answer(&mut self.grammars, max_tokens.min(room))?;
        Ok(Job { session, prompt, computed: 0, answer: Some(answer) })
    }

    /// Gives waiting jobs their slots: decisions somebody waits for, then others, then mere
    /// reading, each in order of arrival.
    fn admit(&mut self) -> Result<(), Error> {
        let at_work = self.sequences.at_work();
        if self.full_with.is_some_and(|full| at_work >= full && at_work > 0) {
            return Ok(());
        }
        self.full_with = None;
        for rank in [Rank::Clause, Rank::Continuation, Rank::Later, Rank::Ahead] {
            let mut later = VecDeque::new();
            while let Some(job) = self.waiting.pop_front() {
                let slot = (job.rank() == rank).then(|| self.sequences.free_for(job.session)).flatten();
                match slot {
                    Some(slot) => self.sequences.start(slot, job, &mut self.shared, &mut self.context)?,
                    None => later.push_back(job),
                }
            }
            self.waiting = later;
        }
        Ok(())
    }

    /// Puts the next token of the answers and a chunk of the prompts into the batch.
    fn compose(&mut self) -> Result<Vec<Part>, Error> {
        self.batch.clear();
        let mut parts = Vec::new();
        for index in self.sequences.next_answers(AT_ONCE) {
            parts.extend(self.go_on(index)?);
        }
        let readings = self.sequences.readings(&mut self.context)?;
        for (slot, tokens) in chunks(readings, self.pace.budget(parts.len())) {
            parts.push(self.read(slot, tokens)?);
        }
        Ok(parts)
    }

    /// Puts the token picked for an answer into the batch.
    fn go_on(&mut self, index: usize) -> Result<Option<Part>, Error> {
        let Some(slot) = self.sequences.slots.get_mut(index) else { return Ok(None) };
        let Some(token) = slot.job.as_mut().and_then(|job| job.answer.as_mut()?.next.take()) else { return Ok(None) };
        let logits = self.batch.n_tokens();
        self.batch.add(token, sequence(slot.cached.len()), &[sequence(index)], true).map_err(broken)?;
        slot.cached.push(token);
        Ok(Some(Part { slot: index, tokens: 1, picked: true, logits: Some(logits) }))
    }

    fn read(&mut self, index: usize, tokens: usize) -> Result<Part, Error> {
        let mut part = Part { slot: index, tokens: 0, picked: false, logits: None };
        let cut = self.sequences.cut;
        let Some(slot) = self.sequences.slots.get_mut(index) else {
            return Ok(part);
        };
        let Some(job) = &mut slot.job else {
            return Ok(part);
        };
        let from = slot.cached.len();
        let tokens = if cut { tokens } else { up_to_head(from, tokens, job.prompt.shared) };
        for token in job.prompt.all.iter().skip(from).take(tokens) {
            let at = slot.cached.len();
            let last = at + 1 == job.prompt.all.len() && job.answer.is_some();
            if last {
                part.logits = Some(self.batch.n_tokens());
            }
            self.batch.add(*token, sequence(at), &[sequence(index)], last).map_err(broken)?;
            slot.cached.push(*token);
            part.tokens += 1;
            job.computed += 1;
        }
        Ok(part)
    }

    /// Decodes the batch; makes room in the cache, one by one, if there is none.
    fn decode(&mut self) -> Result<Duration, DecodeError> {
        loop {
            match self.timed_decode() {
                Err(DecodeError::NoKvCacheSlot) if self.forget_one().unwrap_or(false) => {}
                outcome => return outcome,
            }
        }
    }

    /// Forgets the call that has been idle longest, or a head that nobody used for longest.
    fn forget_one(&mut self) -> Result<bool, Error> {
        Ok(self.sequences.evict_oldest(&mut self.context)? || self.shared.evict_oldest(&mut self.context)?)
    }

    /// The cache is full of calls at work: takes the step back, and the last to come wait until
    /// others are done. False when there is no other.
    fn make_room(&mut self, parts: &[Part]) -> Result<bool, Error> {
        for part in parts {
            self.sequences.take_back(part.slot, part.tokens, part.picked);
        }
        let Some(job) = self.sequences.put_off_last(&mut self.context)? else { return Ok(false) };
        self.waiting.push_front(job);
        self.full_with = Some(self.sequences.at_work());
        Ok(true)
    }

    /// Picks the next token of every answer, and keeps the head of a prompt just read.
    fn harvest(&mut self, part: Part, post: &Post<Llm>) -> Result<(), Error> {
        let Some(slot) = self.sequences.slots.get_mut(part.slot) else {
            return Ok(());
        };
        let Some(job) = &mut slot.job else {
            return Ok(());
        };
        let mut more_to_keep = false;
        if let Some(head) = job.prompt.all.get(..job.prompt.shared) {
            more_to_keep = self.shared.keep(part.slot, slot.cached.len(), head, &mut self.context)?;
        }
        let progress = match (&mut job.answer, part.logits) {
            (Some(answer), Some(at)) => {
                let logits = self.context.get_logits_ith(at);
                let piece = |token| piece(self.model, token);
                answer.advance(logits, piece, job.computed, post)?
            }
            _ => Progress::GoesOn,
        };
        if progress == Progress::Over {
            self.sequences.finish(part.slot, &mut self.context)?;
        }
        if more_to_keep {
            self.keep_heads();
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
            LlmWork::Decide { session, ticket, prompt, grammar, max_tokens, priority } => {
                self.drop_reading(session);
                let answer = |grammars: &mut Grammars, max_tokens| {
                    let guard = grammars.guard(&grammar)?;
                    Ok(Answer::new(ticket, guard, max_tokens, priority, received))
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
        if let Some(index) = self.sequences.slots.iter().position(|slot| slot.job.as_ref().is_some_and(is_it)) {
            // Cutting a sequence this loop has filled itself can't fail.
            let _ = self.sequences.finish(index, &mut self.context);
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
            Ok(took) => {
                let answers = parts.iter().filter(|part| part.picked).count();
                let read = parts.iter().filter(|part| !part.picked).map(|part| part.tokens).sum();
                self.pace.took(answers, read, took);
                parts.iter().try_for_each(|part| self.harvest(*part, post))?;
            }
            Err(DecodeError::NoKvCacheSlot) if self.make_room(&parts)? => {}
            Err(why) => self.fail(&parts, &why, post)?,
        }
        Ok(Step::Again)
    }
}

/// True when a sequence can be cut back to any of its tokens. The state of a recurrent model can't:
/// it is kept at the places to return to.
fn can_be_cut(model: &LlamaModel) -> bool {
    !model.is_recurrent() && !model.is_hybrid()
}

/// Of so many tokens to be read from a place on, those up to the end of the head: where the state
/// can't be cut, a head can be kept only while nothing follows it.
fn up_to_head(from: usize, tokens: usize, head: usize) -> usize {
    if from < head { tokens.min(head - from) } else { tokens }
}

/// A token's bytes; `None` for one that ends the text.
fn piece(model: &LlamaModel, token: LlamaToken) -> Option<Vec<u8>> {
    let vocab = model.vocab();
    (!vocab.is_eog(token)).then(|| vocab.token_to_piece(token, false, None))
}

fn broken(why: impl std::fmt::Display) -> Error {
    Error::Engine(format!("llama.cpp: {why}"))
}
