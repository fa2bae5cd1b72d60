#!/usr/bin/env python3
"""Trained weights as the ggml file whisper.cpp reads, and back: ggml.py WEIGHTS.pt OUT.bin

Q8_0, and the vocabulary of an English Whisper (51,864 ids) because whisper.cpp takes the number of
ids for the kind of model: ids that no piece uses have rows of zeros.
"""
import struct
import sys

import numpy as np
import torch

import mel
from model import CONTEXT_AUDIO, CONTEXT_TEXT, HEAD
from vocabulary import GGML_END, GGML_NO_TIMES, GGML_START, PIECES, Vocabulary

MAGIC, IDS = 0x67676D6C, 51864
F32, F16, Q8_0 = 0, 1, 8  # ggml_type
FTYPE_Q8_0 = 2007  # GGML_FTYPE_MOSTLY_Q8_0, and quantisation version 2 in the thousands
BLOCK = 32


def q8_0(values):
    blocks = values.reshape(-1, BLOCK)
    scales = np.abs(blocks).max(1) / 127
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=scales > 0)
    packed = np.empty(len(blocks), dtype=[("scale", "<f2"), ("steps", "i1", BLOCK)])
    packed["scale"], packed["steps"] = scales, np.round(blocks * inverse[:, None])
    return packed.tobytes()


ENCODERS = {F32: lambda values: values.astype("<f4").tobytes(),
            F16: lambda values: values.astype("<f2").tobytes(), Q8_0: q8_0}


def kind(name, values):
    """Biases, norms and positions stay exact, convolutions halve, matrices are quantised."""
    if "positional_embedding" in name or values.ndim < 2 or values.shape[-1] == 1:
        return F32
    return F16 if values.ndim == 3 else Q8_0


def tensor(file, name, values):
    if name.endswith(("conv1.bias", "conv2.bias")):
        values = values.reshape(-1, 1)
    stored = kind(name, values)
    file.write(struct.pack("<3i", values.ndim, len(name), stored))
    file.write(struct.pack(f"<{values.ndim}i", *values.shape[::-1]))
    file.write(name.encode() + ENCODERS[stored](values.astype(np.float32)))


def spread(embedding, vocabulary):
    """Our rows at the ids whisper.cpp knows them by."""
    rows = np.zeros((IDS, embedding.shape[1]), np.float32)
    rows[: vocabulary.end] = embedding[: vocabulary.end]
    for place, row in ((GGML_END, vocabulary.end), (GGML_START, vocabulary.start),
                       (GGML_NO_TIMES, vocabulary.no_times)):
        rows[place] = embedding[row]
    return rows


def layers(weights, part):
    return 1 + max(int(name.split(".")[2]) for name in weights if name.startswith(f"{part}.blocks"))


def write(weights, path):
    vocabulary = Vocabulary()
    width = weights["encoder.ln_post.weight"].shape[0]
    with open(path, "wb") as file:
        file.write(struct.pack(
            "<12i", MAGIC, IDS, CONTEXT_AUDIO, width, width // HEAD, layers(weights, "encoder"),
            CONTEXT_TEXT, width, width // HEAD, layers(weights, "decoder"), mel.BANDS, FTYPE_Q8_0))
        file.write(struct.pack("<2i", *mel.FILTERS.shape) + mel.FILTERS.astype("<f4").tobytes())
        file.write(struct.pack("<i", PIECES))
        for piece in vocabulary.pieces():
            file.write(struct.pack("<i", len(piece.encode())) + piece.encode())
        for name, values in weights.items():
            if name.startswith("ctc"):
                continue
            values = values.float().numpy()
            if name == "decoder.token_embedding.weight":
                values = spread(values, vocabulary)
            tensor(file, name, values)


def stored_values(file, stored, count):
    if stored == Q8_0:
        blocks = np.frombuffer(file.read(count // BLOCK * (2 + BLOCK)),
                               dtype=[("scale", "<f2"), ("steps", "i1", BLOCK)])
        return (blocks["steps"] * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)
    kept = {F32: "<f4", F16: "<f2"}[stored]
    return np.frombuffer(file.read(count * np.dtype(kept).itemsize), dtype=kept).astype(np.float32)


def gathered(rows, vocabulary):
    """The inverse of `spread`."""
    places = [*range(vocabulary.end), GGML_END, GGML_START, GGML_NO_TIMES]
    return rows[places]


def read(path):
    """The weights of a file written by `write`, to train further; the phoneme head is not in it."""
    vocabulary, weights = Vocabulary(), {}
    with open(path, "rb") as file:
        file.seek(12 * 4)
        bands, bins = struct.unpack("<2i", file.read(8))
        file.seek(4 * bands * bins, 1)
        for _ in range(struct.unpack("<i", file.read(4))[0]):
            file.seek(struct.unpack("<i", file.read(4))[0], 1)
        while header := file.read(12):
            dimensions, length, stored = struct.unpack("<3i", header)
            shape = struct.unpack(f"<{dimensions}i", file.read(4 * dimensions))[::-1]
            name = file.read(length).decode()
            values = stored_values(file, stored, int(np.prod(shape))).reshape(shape)
            if name == "decoder.token_embedding.weight":
                values = gathered(values, vocabulary)
            if shape[-1] == 1:
                values = values.reshape(-1)
            weights[name] = torch.from_numpy(values.copy())
    return weights


if __name__ == "__main__":
    write(torch.load(sys.argv[1], map_location="cpu"), sys.argv[2])
