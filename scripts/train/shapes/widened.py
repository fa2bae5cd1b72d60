"""The starter recogniser at the size of a larger Whisper: it hears the very same, and costs what that one costs.

Every channel is there several times over (norms see the same mean and spread), each matrix reads the first copy of
them and writes all, and the layers that are too many add nothing. So it answers as a trained model does, with words
that end, where random weights only write on.
"""
import struct
import sys
from pathlib import Path

import numpy as np

import blocks

sys.path.append(str(Path(__file__).resolve().parent.parent / "stt"))
import mel  # noqa: E402

STARTER = Path(__file__).resolve().parents[3] / "models" / "starter" / "starter-stt.q8_0.bin"
# copies of the starter's 192 channels, layers of each half. The real base.en is 512 wide, this one 576.
SIZES = {"base.en": (3, 6), "small.en": (4, 12)}
HEADER = "<12i"


def tensors(file):
    """Name, shape as PyTorch has it, type and bytes, as they stand in the starter's file."""
    while header := file.read(12):
        dimensions, length, stored = struct.unpack("<3i", header)
        shape = struct.unpack(f"<{dimensions}i", file.read(4 * dimensions))[::-1]
        name = file.read(length).decode()
        yield name, shape, stored, file.read(blocks.length(stored, int(np.prod(shape))))


def wide(name, shape, stored, data, copies):
    """The tensor for so many copies of each channel."""
    if "positional_embedding" in name or name == "decoder.token_embedding.weight":
        rows = [row * copies for row in split(data, shape[0])]
        return (shape[0], shape[1] * copies), b"".join(rows)
    if len(shape) == 1 or shape[-1] == 1:
        if name in ("decoder.ln.weight", "decoder.ln.bias"):
            # The embedding of tokens, which is also what logits are made with, is there several times.
            data = (np.frombuffer(data, "<f4") / copies).astype("<f4").tobytes()
        return (shape[0] * copies, *shape[1:]), data * copies
    if name == "encoder.conv1.weight":  # it reads the spectrum, of which there is one
        return (shape[0] * copies, *shape[1:]), data * copies
    rows = [row + bytes(len(row) * (copies - 1)) for row in split(data, shape[0])]
    return (shape[0] * copies, shape[1] * copies, *shape[2:]), b"".join(rows) * copies


def split(data, count):
    size = len(data) // count
    return [data[at:at + size] for at in range(0, len(data), size)]


def idle(name, data):
    """What a layer that adds nothing has: zeros, and ones where norms multiply."""
    return struct.pack("<f", 1) * (len(data) // 4) if name.endswith("ln.weight") else bytes(len(data))


def write(path, size):
    copies, layers = SIZES[size]
    with open(STARTER, "rb") as file:
        header = list(struct.unpack(HEADER, file.read(struct.calcsize(HEADER))))
        vocabulary = file.tell()
        file.seek(4 * 2 + mel.FILTERS.size * 4, 1)
        for _ in range(struct.unpack("<i", file.read(4))[0]):
            file.seek(struct.unpack("<i", file.read(4))[0], 1)
        end = file.tell()
        file.seek(vocabulary)
        between = file.read(end - vocabulary)
        taken = list(tensors(file))
    for width, heads, depth in ((3, 4, 5), (7, 8, 9)):
        header[width], header[heads], header[depth] = header[width] * copies, header[heads] * copies, layers
    with open(path, "wb") as file:
        file.write(struct.pack(HEADER, *header) + between)
        made = {}
        for name, shape, stored, data in taken:
            made[name] = (*wide(name, shape, stored, data, copies), stored)
        for name, (shape, data, stored) in made.items():
            tensor(file, name, shape, stored, data)
        for half in ("encoder", "decoder"):
            first = f"{half}.blocks.0."
            of_layer = {name: kept for name, kept in made.items() if name.startswith(first)}
            for layer in range(layers):
                for name, (shape, data, stored) in of_layer.items():
                    name = f"{half}.blocks.{layer}.{name.removeprefix(first)}"
                    if name not in made:
                        tensor(file, name, shape, stored, idle(name, data))


def tensor(file, name, shape, stored, data):
    file.write(struct.pack("<3i", len(shape), len(name), stored))
    file.write(struct.pack(f"<{len(shape)}i", *shape[::-1]) + name.encode() + data)
