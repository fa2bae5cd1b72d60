"""Qwen3's architecture in GGUF, as llama.cpp quantises it to Q4_K_M."""
import struct

import numpy as np

import blocks
import tokens

ALIGN = 32
U32, F32, BOOL, STRING, ARRAY, I32 = 4, 6, 7, 8, 9, 5
Q4_K_M = 15
NORMAL, CONTROL = 1, 3  # token types
PLAIN, IDS = 151_643, 151_936
CONTROLS = {151_643: "<|endoftext|>", 151_644: "<|im_start|>", 151_645: "<|im_end|>",
            151_667: "<think>", 151_668: "</think>"}
HEAD, KV_HEADS = 128, 8

# width, layers, heads, feed-forward width
SIZES = {"0.6b": (1024, 28, 16, 3072), "1.7b": (2048, 28, 16, 6144), "4b": (2560, 36, 32, 9728)}


def text(value):
    value = value.encode()
    return struct.pack("<Q", len(value)) + value


def entry(key, kind, value):
    packed = {U32: lambda: struct.pack("<I", value), F32: lambda: struct.pack("<f", value),
              BOOL: lambda: struct.pack("<?", value), STRING: lambda: text(value)}[kind]()
    return text(key) + struct.pack("<I", kind) + packed


def array(key, kind, values):
    packed = b"".join(map(text, values)) if kind == STRING else np.array(values, "<i4").tobytes()
    return text(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + packed


def better(layer, layers):
    """The layers whose sensitive halves Q4_K_M keeps in six bits."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def tensors(size):
    """Name, shape (rows last) and type of each; embeddings and output are one."""
    width, layers, heads, wide = SIZES[size]
    yield "token_embd.weight", (width, IDS), blocks.Q6_K
    yield "output_norm.weight", (width,), blocks.F32
    for layer in range(layers):
        fine = blocks.Q6_K if better(layer, layers) else blocks.Q4_K
        for name, shape, kind in [
            ("attn_norm", (width,), blocks.F32), ("ffn_norm", (width,), blocks.F32),
            ("attn_q_norm", (HEAD,), blocks.F32), ("attn_k_norm", (HEAD,), blocks.F32),
            ("attn_q", (width, heads * HEAD), blocks.Q4_K), ("attn_k", (width, KV_HEADS * HEAD), blocks.Q4_K),
            ("attn_v", (width, KV_HEADS * HEAD), fine), ("attn_output", (heads * HEAD, width), blocks.Q4_K),
            ("ffn_gate", (width, wide), blocks.Q4_K), ("ffn_up", (width, wide), blocks.Q4_K),
            ("ffn_down", (wide, width), fine),
        ]:
            yield f"blk.{layer}.{name}.weight", shape, kind


def metadata(size):
    width, layers, heads, wide = SIZES[size]
    pieces, merges = tokens.byte_pairs(PLAIN)
    pieces += [CONTROLS.get(number, f"<|spare_{number}|>") for number in range(PLAIN, IDS)]
    return [
        entry("general.architecture", STRING, "qwen3"), entry("general.name", STRING, f"shape {size}, random weights"),
        entry("general.file_type", U32, Q4_K_M), entry("general.quantization_version", U32, 2),
        entry("qwen3.context_length", U32, 40_960), entry("qwen3.embedding_length", U32, width),
        entry("qwen3.block_count", U32, layers), entry("qwen3.feed_forward_length", U32, wide),
        entry("qwen3.attention.head_count", U32, heads), entry("qwen3.attention.head_count_kv", U32, KV_HEADS),
        entry("qwen3.attention.key_length", U32, HEAD), entry("qwen3.attention.value_length", U32, HEAD),
        entry("qwen3.attention.layer_norm_rms_epsilon", F32, 1e-6), entry("qwen3.rope.freq_base", F32, 1e6),
        entry("tokenizer.ggml.model", STRING, "gpt2"), entry("tokenizer.ggml.pre", STRING, "qwen2"),
        array("tokenizer.ggml.tokens", STRING, pieces),
        array("tokenizer.ggml.token_type", I32, [NORMAL] * PLAIN + [CONTROL] * (IDS - PLAIN)),
        array("tokenizer.ggml.merges", STRING, merges),
        entry("tokenizer.ggml.eos_token_id", U32, 151_645), entry("tokenizer.ggml.bos_token_id", U32, 151_643),
        entry("tokenizer.ggml.padding_token_id", U32, 151_643), entry("tokenizer.ggml.add_bos_token", BOOL, False),
    ]


def write(path, size, rng):
    all_tensors, keys = list(tensors(size)), metadata(size)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(all_tensors), len(keys)) + b"".join(keys)
    offset = 0
    for name, shape, kind in all_tensors:
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += -(-blocks.length(kind, int(np.prod(shape))) // ALIGN) * ALIGN
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % ALIGN))
        for name, shape, kind in all_tensors:
            if len(shape) == 1:
                file.write(np.ones(shape, "<f4").tobytes())  # a norm
            else:
                blocks.write(file, kind, int(np.prod(shape)), 0.02, rng)
            file.write(bytes(-file.tell() % ALIGN))
