use engine::{Error, Session};
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::token::LlamaToken;

use crate::job::Job;
use crate::shared::SharedPrefixes;

/// One sequence of the context: what is cached for a call, and what is being done for it.
#[derive(Debug, Default)]
pub struct Slot {
    pub session: Option<Session>,
    /// The tokens whose state the cache holds, from position 0 on.
    pub cached: Vec<LlamaToken>,
    pub job: Option<Job>,
    /// When it was last given a job, for evicting the oldest.
    used: u64,
}

/// The sequences of all calls. A slot's index is its sequence number in the context.
#[derive(Debug)]
pub struct Sequences {
    pub slots: Vec<Slot>,
    clock: u64,
}

impl Sequences {
    pub fn new(count: u32) -> Self {
        Sequences { slots: (0..count).map(|_| Slot::default()).collect(), clock: 0 }
    }

    /// The slot of this call.
    pub fn of(&mut self, session: Session) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.session == Some(session))
    }

    /// Answers in the making.
    pub fn answers(&self) -> usize {
        let answers = |slot: &&Slot| slot.job.as_ref().is_some_and(|job| job.answer.is_some());
        self.slots.iter().filter(answers).count()
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

    /// Gives a job to a slot and cuts the cache back to what the job's prompt begins with.
    pub fn start(
        &mut self,
        index: usize,
        job: Job,
        shared: &mut SharedPrefixes,
        context: &mut LlamaContext<'_>,
    ) -> Result<(), Error> {
        self.clock += 1;
        let Some(slot) = self.slots.get_mut(index) else {
            return Ok(());
        };
        let common = common_prefix(&slot.cached, &job.prompt.all);
        // The last token must be computed again to have something to answer from.
        let keep = if job.answer.is_some() { common.min(job.prompt.all.len().saturating_sub(1)) } else { common };
        let head = job.prompt.all.get(..job.prompt.shared).unwrap_or_default();
        if keep < head.len() && shared.copy_to(sequence(index), head, context)? {
            slot.cached = head.to_vec();
        } else {
            slot.cut(index, keep, context)?;
        }
        slot.session = Some(job.session);
        slot.used = self.clock;
        slot.job = Some(job);
        Ok(())
    }

    /// Empties the slots that do nothing, all of them: the cache is full.
    pub fn evict_idle(&mut self, context: &mut LlamaContext<'_>) -> Result<bool, Error> {
        let mut evicted = false;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.job.is_none() && !slot.cached.is_empty() {
                slot.cut(index, 0, context)?;
                slot.session = None;
                evicted = true;
            }
        }
        Ok(evicted)
    }
}

impl Slot {
    /// Forgets the tokens from `keep` on.
    pub fn cut(&mut self, index: usize, keep: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        if keep < self.cached.len() || keep == 0 {
            cut(context, sequence(index), keep)?;
            self.cached.truncate(keep);
        }
        Ok(())
    }

    /// Ends the job; of its sequence the prompt stays cached.
    pub fn finish(&mut self, index: usize, context: &mut LlamaContext<'_>) -> Result<(), Error> {
        match self.job.take() {
            Some(job) => self.cut(index, job.prompt.all.len(), context),
            None => Ok(()),
        }
    }
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
