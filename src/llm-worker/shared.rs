use engine::Error;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::session::LlamaStateSeqFlags;
use llama_cpp_2::token::LlamaToken;

use crate::sequences::{cut, sequence};

/// Prompt heads kept for all calls of a business; the oldest use makes room.
pub const SHARED: u32 = 4;
/// Shorter heads are computed again sooner than copied.
const WORTH_SHARING: usize = 8;
/// Shorter ones are read again sooner than kept for the next life of the worker.
const WORTH_KEEPING: usize = 64;
/// Longest head that is taken back, in tokens.
const LONGEST: usize = 1 << 17;

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
    /// it is known. True when there is more to keep for the next life than before.
    pub fn keep(
        &mut self,
        slot: usize,
        computed: usize,
        tokens: &[LlamaToken],
        context: &mut LlamaContext<'_>,
    ) -> Result<bool, Error> {
        let is_there = if self.cut { computed >= tokens.len() } else { computed == tokens.len() };
        if !is_there || tokens.len() < WORTH_SHARING || self.known(tokens).is_some() {
            return Ok(false);
        }
        let oldest = self.heads.iter().enumerate().min_by_key(|(_, head)| head.used);
        let Some(index) = oldest.map(|(index, _)| index) else {
            return Ok(false);
        };
        let to = sequence(self.first + index);
        cut(context, to, 0)?;
        copy(context, sequence(slot), to, self.cut.then_some(tokens.len()))?;
        if let Some(head) = self.heads.get_mut(index) {
            *head = Head { tokens: tokens.to_vec(), used: self.clock };
        }
        Ok(self.cut && tokens.len() >= WORTH_KEEPING)
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

    /// The heads and what was computed of them, for the next life of the worker.
    pub fn all(&self, context: &LlamaContext<'_>) -> Vec<u8> {
        let mut all = Vec::new();
        for (index, head) in self.heads.iter().enumerate().filter(|(_, head)| head.tokens.len() >= WORTH_KEEPING) {
            let state = state(context, sequence(self.first + index));
            all.extend((head.tokens.len() as u64).to_le_bytes());
            all.extend((state.len() as u64).to_le_bytes());
            all.extend(head.tokens.iter().flat_map(|token| token.0.to_le_bytes()));
            all.extend(state);
        }
        all
    }

    /// Takes back what [`SharedPrefixes::all`] gave in an earlier life. True when there was anything.
    pub fn take_back(&mut self, mut all: &[u8], context: &mut LlamaContext<'_>) -> Result<bool, Error> {
        for index in 0..self.heads.len() {
            let Some((tokens, state)) = next(&mut all).filter(|_| self.cut) else { return Ok(index > 0) };
            let to = sequence(self.first + index);
            if !set_state(context, to, state) {
                cut(context, to, 0)?;
                return Ok(index > 0);
            }
            if let Some(head) = self.heads.get_mut(index) {
                *head = Head { tokens, used: self.clock };
            }
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

/// The keys and values of a sequence, as llama.cpp writes them; empty where it can't.
fn state(context: &LlamaContext<'_>, sequence: i32) -> Vec<u8> {
    let whole = LlamaStateSeqFlags::empty();
    let mut state = vec![0; context.state_seq_get_size_ext(sequence, whole)];
    // SAFETY: llama.cpp has just told how many bytes it will write, and nothing was decoded since.
    let written = unsafe { context.state_seq_get_data_ext(state.as_mut_ptr(), sequence, whole) };
    state.truncate(written);
    state
}

/// Makes a sequence what [`state`] told; false where it does not fit this context.
fn set_state(context: &mut LlamaContext<'_>, sequence: i32, state: &[u8]) -> bool {
    // SAFETY: llama.cpp reads within these bytes. They are what it wrote itself: `Kept` gives them only
    // whole, and only to a worker of the same model and the same llama.cpp.
    unsafe { context.state_seq_set_data_ext(state, sequence, LlamaStateSeqFlags::empty()) }
}

/// The next head of what was kept: its tokens and its state.
fn next<'a>(all: &mut &'a [u8]) -> Option<(Vec<LlamaToken>, &'a [u8])> {
    let (tokens, state) = (number(all)?, number(all)?);
    let tokens = all.split_off(..tokens.checked_mul(4).filter(|_| tokens <= LONGEST)?)?;
    let state = all.split_off(..state)?;
    let (tokens, _) = tokens.as_chunks();
    Some((tokens.iter().map(|token| LlamaToken::new(i32::from_le_bytes(*token))).collect(), state))
}

fn number(all: &mut &[u8]) -> Option<usize> {
    let bytes = all.split_off(..8)?.try_into().ok()?;
    usize::try_from(u64::from_le_bytes(bytes)).ok()
}
