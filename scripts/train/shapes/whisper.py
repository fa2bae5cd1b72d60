"""Whisper's architecture in whisper.cpp's ggml format."""
import struct
import sys
from pathlib import Path

import numpy as np

import blocks
import tokens

sys.path.append(str(Path(__file__).resolve().parent.parent / "stt"))
import mel  # noqa: E402

MAGIC, AUDIO, TEXT, IDS, PIECES = 0x67676D6C, 1500, 448, 51_864, 50_257
# GGML_FTYPE_MOSTLY_.. with quantisation version 2 in the thousands.
FTYPES = {blocks.Q5_1: 2009, blocks.Q8_0: 2007}
# width, layers of each half
SIZES = {"base.en": (512, 6), "small.en": (768, 12)}


def attention(part, width, kind):
    for name in ("query", "key", "value", "out"):
        yield f"{part}.{name}.weight", (width, width), kind
        if name != "key":
            yield f"{part}.{name}.bias", (width,), blocks.F32


def norm(part, width):
    return [(f"{part}.weight", (width,), None), (f"{part}.bias", (width,), blocks.F32)]


def block(part, width, kind, crossed):
    yield from norm(f"{part}.attn_ln", width)
    yield from attention(f"{part}.attn", width, kind)
    if crossed:
        yield from norm(f"{part}.cross_attn_ln", width)
        yield from attention(f"{part}.cross_attn", width, kind)
    yield from norm(f"{part}.mlp_ln", width)
    yield f"{part}.mlp.0.weight", (4 * width, width), kind
    yield f"{part}.mlp.0.bias", (4 * width,), blocks.F32
    yield f"{part}.mlp.2.weight", (width, 4 * width), kind
    yield f"{part}.mlp.2.bias", (width,), blocks.F32


def tensors(width, layers, kind):
    """Name, shape as PyTorch has it, and type; `None` for a norm's weights, which are ones."""
    yield "encoder.positional_embedding", (AUDIO, width), blocks.F32
    yield "encoder.conv1.weight", (width, mel.BANDS, 3), blocks.F16
    yield "encoder.conv1.bias", (width, 1), blocks.F32
    yield "encoder.conv2.weight", (width, width, 3), blocks.F16
    yield "encoder.conv2.bias", (width, 1), blocks.F32
    for layer in range(layers):
        yield from block(f"encoder.blocks.{layer}", width, kind, False)
    yield from norm("encoder.ln_post", width)
    yield "decoder.positional_embedding", (TEXT, width), blocks.F32
    yield "decoder.token_embedding.weight", (IDS, width), kind
    for layer in range(layers):
        yield from block(f"decoder.blocks.{layer}", width, kind, True)
    yield from norm("decoder.ln", width)


def write(path, size, kind, rng):
    width, layers = SIZES[size]
    heads = width // 64
    with open(path, "wb") as file:
        file.write(struct.pack("<12i", MAGIC, IDS, AUDIO, width, heads, layers, TEXT, width, heads, layers,
                               mel.BANDS, FTYPES[kind]))
        file.write(struct.pack("<2i", *mel.FILTERS.shape) + mel.FILTERS.astype("<f4").tobytes())
        file.write(struct.pack("<i", PIECES))
        for piece in [bytes([byte]) for byte in range(256)] + [f" {w}".encode() for w in fillers()]:
            file.write(struct.pack("<i", len(piece)) + piece)
        for name, shape, stored in tensors(width, layers, kind):
            file.write(struct.pack("<3i", len(shape), len(name), blocks.F32 if stored is None else stored))
            file.write(struct.pack(f"<{len(shape)}i", *shape[::-1]) + name.encode())
            if stored is None:
                file.write(np.ones(shape, "<f4").tobytes())
            else:
                blocks.write(file, stored, int(np.prod(shape)), 0.02, rng)


def fillers():
    words = tokens.words()
    return [*words, *(f"w{number}" for number in range(PIECES - 256 - len(words)))]
