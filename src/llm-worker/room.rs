//! The context, as large as its calls need and the memory allows.

use std::num::NonZeroU32;

use engine::Error;
use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::{KvCacheType, LlamaContextParams};
use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;

use crate::decider::{Limits, Resources};
use crate::pace::CHUNK;
use crate::shared::SHARED;

/// Of the memory that is available the cache may take so many hundredths.
const CACHE_SHARE: u64 = 60;
/// Of a call's longest prompt the part that it does not share with others, and its answer, take
/// one in so many; but no less than [`OWN`] tokens.
const OWN_SHARE: u32 = 4;
const OWN: u32 = 256;
/// Where a token's keys and values take so many bytes, attention takes more of a step than the weights do
/// behind a prefix of a thousand tokens, and most of that are products with the keys: these are kept in
/// eight bits then, which is faster and smaller (scripts/train/shapes/README.md). Smaller models gain nothing.
const LARGE: u64 = 32 << 10;
/// Numbers that share a scale in eight bits, and the bytes of all of them.
const BLOCK: (u64, u64) = (32, 34);
/// Bytes of a number in half precision.
const HALF: u64 = 2;
/// Bytes of a number in a step.
const FLOAT: u64 = 4;
/// Numbers in flight at once in a step, as a multiple of a layer's width.
const LAYER_WIDTHS: u64 = 16;

/// Longest prompt with its answer, in tokens: as asked for, else as the manifest says, and never
/// longer than the model was trained for.
pub fn longest(model: &LlamaModel, manifest: u32, asked: u32) -> u32 {
    let trained = model.n_ctx_train();
    let wanted = [asked, manifest, trained].into_iter().find(|tokens| *tokens > 0).unwrap_or(trained);
    wanted.min(trained).max(64)
}

/// Tokens of one step at most.
pub fn batch(limits: Limits) -> usize {
    limits.slots as usize + CHUNK
}

/// Bytes that a model takes on a GPU before its cache: its weights, and a step's logits and layers.
pub fn before_cache(model: &LlamaModel, limits: Limits) -> u64 {
    let width = u64::try_from(model.n_vocab()).unwrap_or(0) + LAYER_WIDTHS * u64::try_from(model.n_embd()).unwrap_or(0);
    model.size() + batch(limits) as u64 * width * FLOAT
}

/// Bytes that it takes at least.
pub fn needed(model: &LlamaModel, manifest: u32, limits: Limits) -> u64 {
    let cells = limits.cells.max(least(longest(model, manifest, limits.context)));
    before_cache(model, limits) + u64::from(cells) * Cell::of(model, true).bytes() * 100 / CACHE_SHARE
}

/// Cells for the longest prompt of one call beside a head that all share.
fn least(longest: u32) -> u32 {
    longest.saturating_mul(2)
}

/// Makes the context: one pool of cells for all sequences. When all of it is used, calls that are
/// idle are forgotten, then the last to come wait.
pub fn context(
    backend: &'static LlamaBackend,
    model: &'static LlamaModel,
    Resources { limits, memory, gpu }: Resources,
    longest: u32,
) -> Result<LlamaContext<'static>, Error> {
    let sequences = limits.slots + SHARED;
    let cell = Cell::of(model, gpu);
    let cells = match limits.cells {
        0 => cells(longest, limits.slots, cell.bytes(), memory)?,
        asked => asked.max(least(longest)),
    };
    let batch = u32::try_from(batch(limits)).unwrap_or(u32::MAX);
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(cells))
        .with_n_batch(batch)
        .with_n_ubatch(batch)
        .with_n_seq_max(sequences)
        // One pool of cells: a head is shared by reference, and copying part of a sequence
        // would end the process otherwise.
        .with_kv_unified(true)
        .with_type_k(if cell.eight_bits { KvCacheType::Q8_0 } else { KvCacheType::F16 })
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
    let wanted = least(longest).saturating_add(own.saturating_mul(slots.saturating_sub(1)));
    let Some(available) = available else { return Ok(wanted) };
    let room = u32::try_from(available / 100 * CACHE_SHARE / cell.max(1)).unwrap_or(u32::MAX);
    let least = least(longest);
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

/// What one token takes of the cache.
#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Numbers of its keys, in all layers.
    keys: u64,
    values: u64,
    /// The keys are kept in eight bits.
    eight_bits: bool,
}

impl Cell {
    fn of(model: &LlamaModel, gpu: bool) -> Self {
        if model.is_recurrent() {
            return Cell { keys: 0, values: 0, eight_bits: false }; // its state does not grow
        }
        let number = |key: &str| {
            let arch = model.meta_val_str("general.architecture").ok()?;
            model.meta_val_str(&format!("{arch}.{key}")).ok()?.parse::<u64>().ok()
        };
        let usual = u64::try_from(model.n_embd()).unwrap_or(0) / u64::from(model.n_head().max(1));
        let key = number("attention.key_length").unwrap_or(usual);
        let value = number("attention.value_length").unwrap_or(usual);
        // A model of several kinds of layers may tell none for the first.
        let heads = if model.n_head_kv() > 0 { model.n_head_kv() } else { model.n_head() };
        let all = u64::from(model.n_layer()) * u64::from(heads);
        // A graphics processor has no kernel for keys and values of two kinds.
        let eight_bits = !gpu && worth_eight_bits(key, all * (key + value) * HALF);
        Cell { keys: all * key, values: all * value, eight_bits }
    }

    fn bytes(self) -> u64 {
        let keys = if self.eight_bits { self.keys / BLOCK.0 * BLOCK.1 } else { self.keys * HALF };
        keys + self.values * HALF
    }
}

/// Whether keys of this length, of a token that takes so many bytes in half precision, are kept in eight bits.
fn worth_eight_bits(key: u64, bytes: u64) -> bool {
    bytes >= LARGE && key > 0 && key.is_multiple_of(BLOCK.0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use llama_cpp_2::llama_backend::LlamaBackend;
    use llama_cpp_2::model::LlamaModel;
    use llama_cpp_2::model::params::LlamaModelParams;

    use super::{Cell, before_cache, cells, needed, worth_eight_bits};
    use crate::decider::Limits;

    /// What a GPU must have room for is told by the file alone, before any of it is loaded there.
    #[test]
    fn what_a_model_needs_is_known_before_it_is_loaded() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter/starter-llm-q8_0.gguf");
        let model = |params: &LlamaModelParams| {
            let mut backend = LlamaBackend::init().ok()?;
            backend.void_logs();
            LlamaModel::load_from_file(&backend, &file, params).ok()
        };
        let measured = LlamaModelParams::default().with_no_alloc(true).with_devices(&[]).ok();
        let Some(measured) = measured.and_then(|params| model(&params)) else { panic!("it can be measured") };
        let Some(loaded) = model(&LlamaModelParams::default()) else { panic!("it can be loaded") };
        let limits = |slots, cells| Limits { slots, context: 0, cells, threads: 1 };
        assert_eq!(measured.size(), loaded.size());
        let bytes = needed(&measured, 256, limits(16, 0));
        assert_eq!(bytes, needed(&loaded, 256, limits(16, 0)));
        assert!(bytes > before_cache(&loaded, limits(16, 0)) && bytes < 64 << 20, "{bytes}");
        assert!(needed(&measured, 256, limits(16, 1 << 20)) > bytes && needed(&measured, 256, limits(50, 0)) > bytes);
    }

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

    #[test]
    fn keys_of_large_models_take_half_of_what_they_would() {
        let cell = |eight_bits| Cell { keys: 28 * 8 * 128, values: 28 * 8 * 128, eight_bits }.bytes();
        assert_eq!((cell(false), cell(true)), (114_688, 57_344 + 30_464));
        assert!(worth_eight_bits(128, 114_688));
        assert!(!worth_eight_bits(128, 3_000), "a small one gains nothing");
        assert!(!worth_eight_bits(80, 114_688), "no whole blocks");
    }
}
