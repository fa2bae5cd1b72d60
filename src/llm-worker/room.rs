//! The context, as large as its calls need and the memory allows.

use std::num::NonZeroU32;

use engine::Error;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;

use crate::decider::Limits;
use crate::shared::SHARED;

/// Of the memory that is available the cache may take so many hundredths.
const CACHE_SHARE: u64 = 60;
/// Of a call's longest prompt the part that it does not share with others, and its answer, take
/// one in so many; but no less than [`OWN`] tokens.
const OWN_SHARE: u32 = 4;
const OWN: u32 = 256;
/// Bytes of a number in the cache: half precision.
const NUMBER: u64 = 2;

/// Longest prompt with its answer, in tokens: as asked for, else as the manifest says, and never
/// longer than the model was trained for.
pub fn longest(model: &LlamaModel, manifest: u32, asked: u32) -> u32 {
    let trained = model.n_ctx_train();
    let wanted = [asked, manifest, trained].into_iter().find(|tokens| *tokens > 0).unwrap_or(trained);
    wanted.min(trained).max(64)
}

/// Makes the context: one pool of cells for all sequences. When all of it is used, calls that are
/// idle are forgotten, then the last to come wait. `memory` may be used for it, in bytes.
pub fn context(
    backend: &'static LlamaBackend,
    model: &'static LlamaModel,
    limits: Limits,
    longest: u32,
    batch: usize,
    memory: Option<u64>,
) -> Result<LlamaContext<'static>, Error> {
    let sequences = limits.slots + SHARED;
    let cells = match limits.cells {
        0 => cells(longest, limits.slots, cell_bytes(model), memory)?,
        asked => asked.max(longest.saturating_mul(2)),
    };
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

/// Cells for a head that all share and every call's own part, or as many as memory has room for.
fn cells(longest: u32, slots: u32, cell: u64, available: Option<u64>) -> Result<u32, Error> {
    let own = (longest / OWN_SHARE).max(OWN).min(longest);
    let wanted = longest.saturating_mul(2).saturating_add(own.saturating_mul(slots.saturating_sub(1)));
    let Some(available) = available else { return Ok(wanted) };
    let room = u32::try_from(available / 100 * CACHE_SHARE / cell.max(1)).unwrap_or(u32::MAX);
    // The longest prompt of one call beside a head that all share.
    let least = longest.saturating_mul(2);
    if room < least {
        let needed = (u64::from(least) * cell * 100 / CACHE_SHARE) >> 20;
        return Err(Error::Engine(format!(
            "the model's cache needs {needed} MB of free memory and there are {}: choose a smaller model, or lower \
             --context ({longest} tokens)",
            available >> 20
        )));
    }
    Ok(wanted.min(room))
}

/// Bytes of the keys and values of one token, in all layers.
fn cell_bytes(model: &LlamaModel) -> u64 {
    let number = |key: &str| {
        let arch = model.meta_val_str("general.architecture").ok()?;
        model.meta_val_str(&format!("{arch}.{key}")).ok()?.parse::<u64>().ok()
    };
    if model.is_recurrent() {
        return 0; // its state does not grow
    }
    let usual = u64::try_from(model.n_embd()).unwrap_or(0) / u64::from(model.n_head().max(1));
    let key = number("attention.key_length").unwrap_or(usual);
    let value = number("attention.value_length").unwrap_or(usual);
    // A model of several kinds of layers may tell none for the first.
    let heads = if model.n_head_kv() > 0 { model.n_head_kv() } else { model.n_head() };
    u64::from(model.n_layer()) * u64::from(heads) * (key + value) * NUMBER
}

#[cfg(test)]
mod tests {
    use super::cells;

    #[test]
    fn every_call_has_room_where_memory_has() {
        let all = 2 * 1024 + 49 * 256;
        assert_eq!(cells(1024, 50, 100_000, Some(16 << 30)).ok(), Some(all));
        assert_eq!(cells(1024, 50, 100_000, None).ok(), Some(all));
        assert_eq!(cells(256, 50, 100_000, None).ok(), Some(256 * 51));
    }

    #[test]
    fn with_less_memory_calls_share_what_there_is() {
        let few = cells(1024, 50, 100_000, Some(1 << 30)).unwrap_or_default();
        assert!((2048..2048 + 49 * 256).contains(&few), "{few}");
    }

    #[test]
    fn a_cache_that_fits_nowhere_is_refused_with_what_to_do() {
        let why = cells(32_768, 50, 500_000, Some(1 << 30)).err().map(|why| why.to_string()).unwrap_or_default();
        assert!(why.contains("smaller model") && why.contains("--context"), "{why}");
    }
}
