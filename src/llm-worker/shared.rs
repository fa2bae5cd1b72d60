use engine::Error;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::token::LlamaToken;

use crate::sequences::{cut, sequence};

/// Prompt heads kept for all calls of a business; the oldest use makes room.
pub const SHARED: u32 = 4;
/// Shorter heads are computed again sooner than copied.
const WORTH_SHARING: usize = 8;

/// Prompt heads that are computed once. Copies refer to the same cells of the cache.
#[derive(Debug)]
pub struct SharedPrefixes {
    /// Sequence number of the first.
    first: usize,
    heads: Vec<Head>,
    /// Sequences can be cut; else a head is copied as a whole sequence.
    cut: bool,
    clock: u64,
}

#[derive(Debug, Default)]
struct Head {
    tokens: Vec<LlamaToken>,
    used: u64,
}

impl SharedPrefixes {
    /// Their sequences come after those of the slots.
    pub fn new(slots: u32, cut: bool) -> Self {
        let heads = (0..SHARED).map(|_| Head::default()).collect();
        SharedPrefixes { first: slots as usize, heads, cut, clock: 0 }
    }

    /// Makes `to` hold exactly this head, if it is known.
    pub fn copy_to(&mut self, to: i32, tokens: &[LlamaToken], context: &mut LlamaContext<'_>) -> Result<bool, Error> {
        let Some(index) = self.known(tokens) else {
            return Ok(false);
        };
        cut(context, to, 0)?;
        copy(context, sequence(self.first + index), to, self.cut.then_some(tokens.len()))?;
        Ok(true)
    }

    /// Keeps the head that a slot has just computed as the beginning of `computed` tokens, unless
    /// it is known.
    pub fn keep(
        &mut self,
        slot: usize,
        computed: usize,
        tokens: &[LlamaToken],
        context: &mut LlamaContext<'_>,
    ) -> Result<(), Error> {
        let is_there = if self.cut { computed >= tokens.len() } else { computed == tokens.len() };
        if !is_there || tokens.len() < WORTH_SHARING || self.known(tokens).is_some() {
            return Ok(());
        }
        let oldest = self.heads.iter().enumerate().min_by_key(|(_, head)| head.used);
        let Some(index) = oldest.map(|(index, _)| index) else {
            return Ok(());
        };
        let to = sequence(self.first + index);
        cut(context, to, 0)?;
        copy(context, sequence(slot), to, self.cut.then_some(tokens.len()))?;
        if let Some(head) = self.heads.get_mut(index) {
            *head = Head { tokens: tokens.to_vec(), used: self.clock };
        }
        Ok(())
    }

    /// Forgets the head that nobody used for longest; false when there is only one.
    pub fn evict_oldest(&mut self, context: &mut LlamaContext<'_>) -> Result<bool, Error> {
        let mut kept: Vec<(u64, usize)> = self
            .heads
            .iter()
            .enumerate()
            .filter(|(_, head)| !head.tokens.is_empty())
            .map(|(i, head)| (head.used, i))
            .collect();
        kept.sort_unstable();
        let Some((_, index)) = kept.first().copied().filter(|_| kept.len() > 1) else { return Ok(false) };
        cut(context, sequence(self.first + index), 0)?;
        if let Some(head) = self.heads.get_mut(index) {
            head.tokens.clear();
        }
        Ok(true)
    }

    fn known(&mut self, tokens: &[LlamaToken]) -> Option<usize> {
        self.clock += 1;
        let index = self.heads.iter().position(|head| !tokens.is_empty() && head.tokens == tokens)?;
        if let Some(head) = self.heads.get_mut(index) {
            head.used = self.clock;
        }
        Some(index)
    }
}

/// Copies the first so many tokens of a sequence, or all of it.
fn copy(context: &mut LlamaContext<'_>, from: i32, to: i32, tokens: Option<usize>) -> Result<(), Error> {
    let until = tokens.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX));
    context
        .kv_cache_seq_cp(from, to, tokens.map(|_| 0), until)
        .map_err(|why| Error::Engine(format!("a shared prompt can't be copied ({why})")))
}
