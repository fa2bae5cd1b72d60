use std::time::Instant;

use engine::{Error, Session};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::{LlamaStateSeqFlags, SeqState};
use llama_cpp_2::token::LlamaToken;

use crate::job::{Job, Rank};
use crate::schedule::Reading;
use crate::shared::SharedPrefixes;

/// One sequence of the context: what is cached for a call, and what is being done for it.
#[derive(Debug, Default)]
pub struct Slot {
    pub session: Option<Session>,
    /// The tokens whose state the cache holds, from position 0 on.
    pub cached: Vec<LlamaToken>,
    pub job: Option<Job>,
    /// A place to return to, where the state can't be cut.
    marked: Option<Mark>,
    /// When it was last given a job, for evicting the oldest.
    used: u64,
}

/// The state of a sequence after so many of its tokens.
#[derive(Debug)]
struct Mark {
    tokens: Vec<LlamaToken>,
    /// What can't be cut of it; the keys and values of the tokens stay in the cache.
    state: SeqState,
}

/// The sequences of all calls. A slot's index is its sequence number in the context.
#[derive(Debug)]
pub struct Sequences {
    pub slots: Vec<Slot>,
    /// A sequence can be cut back to any of its tokens.
    pub cut: bool,
    clock: u64,
}

impl Sequences {
    /// `cut` when a sequence can be cut back to any of its tokens.
    pub fn new(count: u32, cut: bool) -> Self {
        Sequences { slots: (0..count).map(|_| Slot::default()).collect(), cut, clock: 0 }
    }

    /// Ends a slot's job; of its sequence the prompt stays cached, where it can be cut.
    pub fn finish(&mut self, index: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        let cut = self.cut;
        let Some(slot) = self.slots.get_mut(index) else { return Ok(()) };
        match slot.job.take() {
            Some(job) if cut => slot.cut(index, job.prompt.all.len(), context),
            _ => Ok(()),
        }
    }

    /// The slot of this call.
    pub fn of(&mut self, session: Session) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.session == Some(session))
    }

    /// Slots that have something to do.
    pub fn at_work(&self) -> usize {
        self.slots.iter().filter(|slot| slot.job.is_some()).count()
    }

    /// The slots whose answers go on in the next step, at most so many: beginnings before the rest
    /// of an answer, and of those nobody waits for no more than one beside others.
    pub fn next_answers(&self, most: usize) -> Vec<usize> {
        let mut ready: Vec<(Rank, Instant, usize)> = Vec::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let Some(job) = &slot.job else { continue };
            let answer = job.answer.as_ref().filter(|answer| answer.next.is_some());
            ready.extend(answer.map(|answer| (job.rank(), answer.received, index)));
        }
        ready.sort_unstable();
        let awaited = ready.iter().filter(|(rank, ..)| *rank < Rank::Later).count();
        let most = if awaited > 0 { most.min(awaited + 1) } else { most };
        ready.into_iter().take(most).map(|(.., index)| index).collect()
    }

    /// The prompts that are not read to their end. Reading ahead that has come to its end is over.
    pub fn readings(&mut self, context: &mut LlamaContext<'_>) -> Result<Vec<Reading>, Error> {
        let mut readings = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let Some(job) = &slot.job else { continue };
            let (ahead, later) = (job.answer.is_none(), job.rank() == Rank::Later);
            // What can't be cut stops short of its last token, which a decision computes again.
            let unread = usize::from(ahead && !self.cut);
            let left = job.prompt.all.len().saturating_sub(unread).saturating_sub(slot.cached.len());
            if left > 0 {
                readings.push(Reading { later, ahead, left, slot: index, read: job.computed as usize });
            } else if ahead {
                slot.job = None; // what is read stays cached
                if !self.cut {
                    slot.mark(index, context)?;
                }
            }
        }
        Ok(readings)
    }

    /// A slot that can take a job of this call now: its own unless it works, else an empty one,
    /// else the one that has been idle longest.
    pub fn free_for(&self, session: Session) -> Option<usize> {
        if let Some(own) = self.slots.iter().position(|slot| slot.session == Some(session)) {
            return self.slots.get(own).filter(|slot| slot.job.is_none()).map(|_| own);
        }
        let idle = self.slots.iter().enumerate().filter(|(_, slot)| slot.job.is_none());
        idle.min_by_key(|(_, slot)| (slot.session.is_some(), slot.used)).map(|(index, _)| index)
    }

    /// Gives a job to a slot and brings its cache back to what the job's prompt begins with.
    pub fn start(
        &mut self,
        index: usize,
        job: Job,
        shared: &mut SharedPrefixes,
        context: &mut LlamaContext<'_>,
    ) -> Result<(), Error> {
        self.clock += 1;
        let cut = self.cut;
        let Some(slot) = self.slots.get_mut(index) else {
            return Ok(());
        };
        // The last token must be computed again to have something to answer from.
        let all = &job.prompt.all;
        let most = if job.answer.is_some() { all.len().saturating_sub(1) } else { all.len() };
        let keep = if cut { common_prefix(&slot.cached, all).min(most) } else { slot.place(all, most) };
        let head = all.get(..job.prompt.shared).unwrap_or_default();
        if keep < head.len() && shared.copy_to(sequence(index), head, context)? {
            slot.cached = head.to_vec();
        } else if cut {
            slot.cut(index, keep, context)?;
        } else {
            slot.return_to(index, keep, context)?;
        }
        slot.session = Some(job.session);
        slot.used = self.clock;
        slot.job = Some(job);
        Ok(())
    }

    /// Empties the slot that has done nothing for longest; false when all are empty or at work.
    pub fn evict_oldest(&mut self, context: &mut LlamaContext<'_>) -> Result<bool, Error> {
        let idle = |(_, slot): &(usize, &mut Slot)| slot.job.is_none() && !slot.cached.is_empty();
        let oldest = self.slots.iter_mut().enumerate().filter(idle).min_by_key(|(_, slot)| slot.used);
        let Some((index, slot)) = oldest else { return Ok(false) };
        slot.cut(index, 0, context)?;
        slot.session = None;
        Ok(true)
    }

    /// Undoes a slot's part of a step that was never computed.
    pub fn take_back(&mut self, index: usize, tokens: usize, picked: bool) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let taken = slot.cached.split_off(slot.cached.len().saturating_sub(tokens));
        let Some(job) = &mut slot.job else { return };
        if !picked {
            job.computed = job.computed.saturating_sub(u32::try_from(taken.len()).unwrap_or(u32::MAX));
        } else if let Some(answer) = &mut job.answer {
            answer.next = taken.first().copied();
        }
    }

    /// Takes the job that can best wait from its slot and frees what it held; `None` when it is
    /// the only one. It goes on later where it was: what it has said becomes part of its prompt.
    pub fn put_off_last(&mut self, context: &mut LlamaContext<'_>) -> Result<Option<Job>, Error> {
        let at_work = self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.job.as_ref()?, slot)));
        let mut order: Vec<(Rank, u64, usize)> =
            at_work.map(|(index, job, slot)| (job.rank(), slot.used, index)).collect();
        order.sort_unstable();
        let last = order.pop().filter(|_| !order.is_empty());
        let Some(slot) = last.and_then(|(.., index)| self.slots.get_mut(index)) else { return Ok(None) };
        let index = last.map_or(0, |(.., index)| index);
        let mut job = slot.job.take();
        if let Some(job) = &mut job
            && let Some(next) = job.answer.as_mut().and_then(|answer| answer.next.take())
        {
            job.prompt.all = slot.cached.clone();
            job.prompt.all.push(next);
        }
        slot.cut(index, 0, context)?;
        slot.session = None;
        Ok(job)
    }
}

impl Slot {
    /// Forgets the tokens from `keep` on.
    pub fn cut(&mut self, index: usize, keep: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        if keep == 0 {
            self.marked = None; // its keys and values go too
        }
        if keep < self.cached.len() || keep == 0 {
            cut(context, sequence(index), keep)?;
            self.cached.truncate(keep);
        }
        Ok(())
    }

    /// How many of these tokens a state is there for, without being cut.
    fn place(&self, tokens: &[LlamaToken], most: usize) -> usize {
        let marked = self.marked.iter().map(|mark| &mark.tokens);
        let whole = |place: &&Vec<LlamaToken>| place.len() <= most && tokens.starts_with(place);
        marked.chain([&self.cached]).filter(whole).map(Vec::len).max().unwrap_or(0)
    }

    /// Keeps the state as it is now.
    fn mark(&mut self, index: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        let state = context.state_seq_get(sequence(index), LlamaStateSeqFlags::PARTIAL_ONLY).map_err(unkept)?;
        self.marked = Some(Mark { tokens: self.cached.clone(), state });
        Ok(())
    }

    /// Brings a sequence to a place that [`Slot::place`] told.
    fn return_to(&mut self, index: usize, keep: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        if keep == self.cached.len() {
            return Ok(());
        }
        let Some(mark) = self.marked.as_ref().filter(|mark| keep > 0 && mark.tokens.len() == keep) else {
            self.marked = None;
            return self.cut(index, 0, context);
        };
        context.state_seq_set(&mark.state, sequence(index)).map_err(unkept)?;
        cut(context, sequence(index), keep)?;
        self.cached.clone_from(&mark.tokens);
        Ok(())
    }
}

fn unkept(why: impl std::fmt::Display) -> Error {
    Error::Engine(format!("the state of a sequence can't be kept or brought back ({why})"))
}

/// Forgets a sequence's state from position `keep` on.
pub fn cut(context: &mut LlamaContext<'_>, sequence: i32, keep: usize) -> Result<(), Error> {
    let from = u32::try_from(keep).unwrap_or(u32::MAX);
    context
        .kv_cache_seq_rm(sequence, Some(from), None)
        .map_err(|why| Error::Engine(format!("the model's cache can't be cut back to a common prompt ({why})")))
}

/// The context's number for a slot or shared prefix.
pub fn sequence(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(i32::MAX)
}

fn common_prefix(a: &[LlamaToken], b: &[LlamaToken]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
