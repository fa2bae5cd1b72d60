"""The starter language model at the size of a larger one: it decides the very same, and costs what that one costs.

As in `widened.py`: every channel several times over, matrices that read the first copy, layers that add nothing.
"""
import struct
from pathlib import Path

import numpy as np

import blocks
import gguf

STARTER = Path(__file__).resolve().parents[3] / "models" / "starter" / "starter-llm-q8_0.gguf"
# copies of the starter's 192 channels, layers. Qwen3 0.6 B has 0.44 B weights in its layers, this one 0.45 B.
SIZES = {"0.6b": (6, 28)}
SCALED = {"llama.embedding_length", "llama.feed_forward_length", "llama.attention.head_count",
          "llama.attention.head_count_kv"}
# Bytes of a value, by its type (gguf.STRING and gguf.ARRAY have lengths of their own).
FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}


def skip(file, kind):
    if kind == gguf.STRING:
        file.seek(struct.unpack("<Q", file.read(8))[0], 1)
    elif kind == gguf.ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        for _ in range(count):
            skip(file, inner)
    else:
        file.seek(FIXED[kind], 1)


def string(file):
    return file.read(struct.unpack("<Q", file.read(8))[0]).decode()


def read(path):
    """Entries (key, bytes of all of it) and tensors (name, shape as GGUF has it, type, bytes)."""
    entries, places = [], []
    with open(path, "rb") as file:
        _, _, tensors, keys = struct.unpack("<4sIQQ", file.read(24))
        for _ in range(keys):
            began = file.tell()
            key = string(file)
            skip(file, *struct.unpack("<I", file.read(4)))
            length = file.tell() - began
            file.seek(began)
            entries.append((key, file.read(length)))
        for _ in range(tensors):
            name = string(file)
            shape = struct.unpack(f"<{(count := struct.unpack('<I', file.read(4))[0])}Q", file.read(8 * count))
            places.append((name, shape, *struct.unpack("<IQ", file.read(12))))
        start = -(-file.tell() // gguf.ALIGN) * gguf.ALIGN
        found = []
        for name, shape, kind, offset in places:
            file.seek(start + offset)
            found.append((name, shape, kind, file.read(blocks.length(kind, int(np.prod(shape))))))
    return entries, found


def wide(name, shape, data, copies):
    if len(shape) == 1:
        if name == "output_norm.weight":  # what makes the logits is there several times
            data = (np.frombuffer(data, "<f4") / copies).astype("<f4").tobytes()
        return (shape[0] * copies,), data * copies
    columns, rows = shape
    size = len(data) // rows
    split = [data[at:at + size] for at in range(0, len(data), size)]
    if name == "token_embd.weight":
        return (columns * copies, rows), b"".join(row * copies for row in split)
    empty = bytes(size * (copies - 1))
    return (columns * copies, rows * copies), b"".join(row + empty for row in split) * copies


def write(path, size):
    copies, layers = SIZES[size]
    entries, found = read(STARTER)
    made = {name: (*wide(name, shape, data, copies), kind) for name, shape, kind, data in found}
    of_layer = {name: kept for name, kept in made.items() if name.startswith("blk.0.")}
    for layer in range(layers):
        for name, (shape, data, kind) in of_layer.items():
            idle = struct.pack("<f", 1) * shape[0] if len(shape) == 1 else bytes(len(data))
            made.setdefault(name.replace("blk.0.", f"blk.{layer}."), (shape, idle, kind))
    head, offset = b"", 0
    for key, raw in entries:
        if key in SCALED or key == "llama.block_count":
            value = struct.unpack("<I", raw[-4:])[0]
            raw = raw[:-4] + struct.pack("<I", value * copies if key in SCALED else layers)
        head += raw
    for name, (shape, data, kind) in made.items():
        head += gguf.text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        offset += -(-len(data) // gguf.ALIGN) * gguf.ALIGN
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(made), len(entries)) + head
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % gguf.ALIGN))
        for _, data, _ in made.values():
            file.write(data + bytes(-len(data) % gguf.ALIGN))
