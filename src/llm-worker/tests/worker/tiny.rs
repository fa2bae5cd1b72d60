//! Models of kinds that no starter model is of, made on the spot: random weights, a vocabulary of
//! bytes, a few kilobytes. They answer nonsense, always the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use sha2::{Digest, Sha256};

const WIDTH: u64 = 64;
const WIDE: u64 = 96;
const LAYERS: u64 = 2;
const BYTES: u64 = 256;
const ALIGN: usize = 32;
const U32: u32 = 4;
const I32: u32 = 5;
const F32: u32 = 6;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// A model's manifest and file in a folder of their own, gone at the end.
pub struct Tiny(PathBuf);

impl Tiny {
    /// Recurrent all through: its state can't be cut.
    pub fn mamba() -> Self {
        Self::write("mamba", mamba_keys(), mamba_tensors())
    }

    /// Half convolutions with a state, half attention.
    pub fn lfm2() -> Self {
        Self::write("lfm2", lfm2_keys(), lfm2_tensors())
    }

    pub fn manifest(&self) -> String {
        self.0.join("tiny.toml").to_string_lossy().into_owned()
    }

    fn write(arch: &str, keys: Vec<Key>, tensors: Vec<(String, Vec<u64>)>) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let nth = MADE.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("callbox-tiny-{arch}-{}-{nth}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder in the temporary directory");
        let model = gguf(arch, keys, &tensors);
        fs::write(folder.join("tiny.gguf"), &model).expect("the model");
        let sha256: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
        let manifest = format!(
            "name = \"tiny-{arch}\"\nkind = \"llm\"\nlicence = \"CC0-1.0\"\nlanguages = [\"en\"]\nmemory_mb = 20\n\
             source = \"random\"\n[[files]]\npath = \"tiny.gguf\"\nsha256 = \"{sha256}\"\nbytes = {}\n\
             [trusted]\nwith = \"nothing\"\n[llm]\nprompt = \"chat-1\"\ncontext = 512\nafter = \"!\"\n",
            model.len()
        );
        fs::write(folder.join("tiny.toml"), manifest).expect("the manifest");
        Tiny(folder)
    }
}

impl Drop for Tiny {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(Path::new(&self.0));
    }
}

type Key = (String, u32, Vec<u8>);

fn number(key: &str, value: u32) -> Key {
    (key.to_owned(), U32, value.to_le_bytes().to_vec())
}

fn real(key: &str, value: f32) -> Key {
    (key.to_owned(), F32, value.to_le_bytes().to_vec())
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn list(key: &str, kind: u32, items: &[Vec<u8>]) -> Key {
    let head = [&kind.to_le_bytes()[..], &(items.len() as u64).to_le_bytes()].concat();
    (key.to_owned(), LIST, [head, items.concat()].concat())
}

fn basics(arch: &str) -> Vec<Key> {
    vec![
        number(&format!("{arch}.context_length"), 2048),
        number(&format!("{arch}.embedding_length"), WIDTH as u32),
        number(&format!("{arch}.block_count"), LAYERS as u32),
        number(&format!("{arch}.vocab_size"), BYTES as u32 + 1),
        real(&format!("{arch}.attention.layer_norm_rms_epsilon"), 1e-5),
    ]
}

fn mamba_keys() -> Vec<Key> {
    let ssm = [("conv_kernel", 4), ("inner_size", 2 * WIDTH as u32), ("state_size", 8), ("time_step_rank", 4)];
    let ssm = ssm.map(|(key, value)| number(&format!("mamba.ssm.{key}"), value));
    basics("mamba").into_iter().chain(ssm).collect()
}

fn lfm2_keys() -> Vec<Key> {
    let heads = [0u32, 2].map(|heads| heads.to_le_bytes().to_vec());
    let own = [
        number("lfm2.feed_forward_length", WIDE as u32),
        number("lfm2.attention.head_count", 4),
        list("lfm2.attention.head_count_kv", I32, &heads),
        number("lfm2.shortconv.l_cache", 3),
        real("lfm2.rope.freq_base", 1e6),
    ];
    basics("lfm2").into_iter().chain(own).collect()
}

fn named(layer: u64, tensors: &[(&str, &[u64])]) -> Vec<(String, Vec<u64>)> {
    tensors.iter().map(|(name, shape)| (format!("blk.{layer}.{name}"), shape.to_vec())).collect()
}

fn around(norm: &str, layers: Vec<(String, Vec<u64>)>) -> Vec<(String, Vec<u64>)> {
    let ends = [("token_embd.weight".to_owned(), vec![WIDTH, BYTES + 1]), (norm.to_owned(), vec![WIDTH])];
    ends.into_iter().chain(layers).collect()
}

fn mamba_tensors() -> Vec<(String, Vec<u64>)> {
    let inner = 2 * WIDTH;
    let layers = (0..LAYERS).flat_map(|layer| {
        named(
            layer,
            &[
                ("attn_norm.weight", &[WIDTH]),
                ("ssm_in.weight", &[WIDTH, 2 * inner]),
                ("ssm_conv1d.weight", &[4, inner]),
                ("ssm_conv1d.bias", &[inner]),
                ("ssm_x.weight", &[inner, 4 + 2 * 8]),
                ("ssm_dt.weight", &[4, inner]),
                ("ssm_dt.bias", &[inner]),
                ("ssm_a", &[8, inner]),
                ("ssm_d", &[inner]),
                ("ssm_out.weight", &[inner, WIDTH]),
            ],
        )
    });
    around("output_norm.weight", layers.collect())
}

fn lfm2_tensors() -> Vec<(String, Vec<u64>)> {
    let layers = (0..LAYERS).flat_map(|layer| {
        let mut tensors = named(
            layer,
            &[
                ("attn_norm.weight", &[WIDTH]),
                ("ffn_norm.weight", &[WIDTH]),
                ("ffn_gate.weight", &[WIDTH, WIDE]),
                ("ffn_up.weight", &[WIDTH, WIDE]),
                ("ffn_down.weight", &[WIDE, WIDTH]),
            ],
        );
        tensors.extend(if layer == 0 {
            named(
                layer,
                &[
                    ("shortconv.conv.weight", &[3, WIDTH]),
                    ("shortconv.in_proj.weight", &[WIDTH, 3 * WIDTH]),
                    ("shortconv.out_proj.weight", &[WIDTH, WIDTH]),
                ],
            )
        } else {
            named(
                layer,
                &[
                    ("attn_q_norm.weight", &[16]),
                    ("attn_k_norm.weight", &[16]),
                    ("attn_q.weight", &[WIDTH, WIDTH]),
                    ("attn_k.weight", &[WIDTH, 32]),
                    ("attn_v.weight", &[WIDTH, 32]),
                    ("attn_output.weight", &[WIDTH, WIDTH]),
                ],
            )
        });
        tensors
    });
    around("token_embd_norm.weight", layers.collect())
}

/// The vocabulary: every byte by its letter in byte-level BPE, and an end.
fn vocabulary() -> Vec<Key> {
    let plain = |byte: u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut next = 256;
    let mut letter = |byte: u32| {
        let code = if plain(byte) { byte } else { next };
        next += u32::from(!plain(byte));
        char::from_u32(code).expect("a letter").to_string()
    };
    let mut tokens: Vec<Vec<u8>> = (0..256).map(|byte| text(&letter(byte))).collect();
    tokens.push(text("<|end|>"));
    let kinds: Vec<Vec<u8>> = (0..=256u32).map(|token| (1 + 2 * (token / 256)).to_le_bytes().to_vec()).collect();
    vec![
        ("tokenizer.ggml.model".to_owned(), TEXT, text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), TEXT, text("gpt-2")),
        list("tokenizer.ggml.tokens", TEXT, &tokens),
        list("tokenizer.ggml.token_type", I32, &kinds),
        list("tokenizer.ggml.merges", TEXT, &[text("a b")]),
        number("tokenizer.ggml.eos_token_id", 256),
        number("tokenizer.ggml.bos_token_id", 256),
    ]
}

fn gguf(arch: &str, keys: Vec<Key>, tensors: &[(String, Vec<u64>)]) -> Vec<u8> {
    let arch_key = ("general.architecture".to_owned(), TEXT, text(arch));
    let keys: Vec<Key> = [arch_key].into_iter().chain(keys).chain(vocabulary()).collect();
    let mut file = [&b"GGUF"[..], &3u32.to_le_bytes()].concat();
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend((keys.len() as u64).to_le_bytes());
    for (key, kind, value) in keys {
        file.extend([text(&key), kind.to_le_bytes().to_vec(), value].concat());
    }
    let padded = |weights: u64| (weights as usize * 4).next_multiple_of(ALIGN);
    let mut offset = 0u64;
    for (name, shape) in tensors {
        file.extend(text(name));
        file.extend((shape.len() as u32).to_le_bytes());
        shape.iter().for_each(|length| file.extend(length.to_le_bytes()));
        file.extend(0u32.to_le_bytes()); // single precision
        file.extend(offset.to_le_bytes());
        offset += padded(shape.iter().product()) as u64;
    }
    file.resize(file.len().next_multiple_of(ALIGN), 0);
    let mut random = fastrand::Rng::with_seed(11);
    for (name, shape) in tensors {
        let weights: u64 = shape.iter().product();
        for _ in 0..weights {
            let weight = match name {
                name if name.ends_with("norm.weight") => 1.0,
                name if name.ends_with("ssm_a") => -0.5 - random.f32(),
                _ => random.f32() - 0.5,
            };
            file.extend(weight.to_le_bytes());
        }
        file.resize(file.len().next_multiple_of(ALIGN), 0);
    }
    file
}
