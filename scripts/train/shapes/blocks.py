"""ggml's quantised blocks, filled at random so that the weights they stand for have a mean near 0."""
import numpy as np

F32, F16, Q5_1, Q8_0, Q4_K, Q6_K = 0, 1, 7, 8, 12, 14  # ggml_type
# Weights in a block, and its bytes.
SIZE = {F32: (1, 4), F16: (1, 2), Q5_1: (32, 24), Q8_0: (32, 34), Q4_K: (256, 144), Q6_K: (256, 210)}
PIECE = 1 << 16  # blocks made at a time


def length(kind, weights):
    block, size = SIZE[kind]
    assert weights % block == 0, f"{weights} weights are no whole blocks of {block}"
    return weights // block * size


def half(value):
    return np.frombuffer(np.float16(value).tobytes(), np.uint8)


def piece(kind, blocks, spread, rng):
    """So many blocks of weights with about this standard deviation."""
    block, size = SIZE[kind]
    if kind in (F32, F16):
        values = rng.standard_normal(blocks, np.float32) * np.float32(spread)
        return values.astype("<f4" if kind == F32 else "<f2").tobytes()
    raw = np.frombuffer(bytearray(rng.bytes(blocks * size)), np.uint8).reshape(blocks, size)
    if kind == Q8_0:  # scale, 32 steps
        raw[:, :2] = half(spread / 74)
    elif kind == Q5_1:  # scale, least, then steps 0..31
        raw[:, :2], raw[:, 2:4] = half(spread / 9.2), half(-15.5 * spread / 9.2)
    elif kind == Q4_K:  # scale of scales, scale of leasts, 12 bytes of both, steps 0..15
        raw[:, :2], raw[:, 2:4] = half(spread / 210), half(7.5 * spread / 210)
    elif kind == Q6_K:  # steps -32..31, 16 scales, their scale
        raw[:, 208:210] = half(spread / 1_400)
    return raw.tobytes()


def write(file, kind, weights, spread, rng):
    blocks = weights // SIZE[kind][0]
    for first in range(0, blocks, PIECE):
        file.write(piece(kind, min(PIECE, blocks - first), spread, rng))
