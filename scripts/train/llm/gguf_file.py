#!/usr/bin/env python3
"""Trained weights as the GGUF file llama.cpp reads (Q8_0), and back: gguf_file.py WEIGHTS.pt OUT.gguf"""
import json
import sys

import gguf
import numpy as np
import torch

from model import CONTEXT, EPSILON, HEAD, THETA
from tokens import BPE, END, PADDING, START

Q8_0 = gguf.GGMLQuantizationType.Q8_0


def pieces():
    """Texts of all ids, which of them are special, and the merges."""
    about = json.loads(BPE.read_text())
    known = about["model"]["vocab"]
    special = {piece["id"] for piece in about["added_tokens"]}
    merges = [" ".join(pair) if isinstance(pair, list) else pair for pair in about["model"]["merges"]]
    return sorted(known, key=known.get), special, merges


def describe(file, weights):
    vocabulary, width = weights["token_embd.weight"].shape
    file.add_name("starter")
    file.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    file.add_vocab_size(vocabulary)
    file.add_context_length(CONTEXT)
    file.add_embedding_length(width)
    file.add_block_count(1 + max(int(name.split(".")[1]) for name in weights if name.startswith("blk.")))
    file.add_feed_forward_length(weights["blk.0.ffn_up.weight"].shape[0])
    file.add_head_count(width // HEAD)
    file.add_head_count_kv(width // HEAD)
    file.add_layer_norm_rms_eps(EPSILON)
    file.add_rope_dimension_count(HEAD)
    file.add_rope_freq_base(THETA)
    texts, special, merges = pieces()
    file.add_tokenizer_model("gpt2")
    file.add_tokenizer_pre("gpt-2")
    file.add_token_list(texts)
    kinds = (gguf.TokenType.NORMAL, gguf.TokenType.CONTROL)
    file.add_token_types([kinds[place in special] for place in range(len(texts))])
    file.add_token_merges(merges)
    file.add_bos_token_id(START)
    file.add_eos_token_id(END)
    file.add_pad_token_id(PADDING)
    file.add_add_bos_token(True)
    file.add_add_eos_token(False)


def write(weights, path):
    file = gguf.GGUFWriter(path, "llama")
    describe(file, weights)
    for name, values in weights.items():
        values = values.float().numpy()
        if values.ndim == 1:
            file.add_tensor(name, values.astype(np.float32))
        else:
            file.add_tensor(name, gguf.quantize(values, Q8_0), raw_dtype=Q8_0)
    file.write_header_to_file()
    file.write_kv_data_to_file()
    file.write_tensors_to_file()
    file.close()


def read(path):
    """The weights of a file written by `write`, to train further."""
    return {tensor.name: torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
            for tensor in gguf.GGUFReader(path).tensors}


if __name__ == "__main__":
    write(torch.load(sys.argv[1], map_location="cpu"), sys.argv[2])
