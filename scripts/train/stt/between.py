#!/usr/bin/env python3
"""Between two networks: between.py OLD NEW OUT [SHARE], each .pt or the .bin of models/starter.

A mean of the weights before and after a training hears better than either: it forgets less of the one
and has most of what the other learned. SHARE is that of the new ones, 0.4 if none is given: of a quarter, 0.4,
0.5, 0.6 and 0.8 it had the fewest words wrong."""
import sys
from pathlib import Path

import torch

import ggml


def load(path):
    return ggml.read(path) if path.suffix == ".bin" else torch.load(path)


def main():
    old, new, out = map(Path, sys.argv[1:4])
    share = float(sys.argv[4]) if len(sys.argv) > 4 else 0.4
    old, new = load(old), load(new)
    # The phoneme head is of the training alone: a .bin has none.
    torch.save({name: tensor * share + old[name] * (1 - share) if name in old else tensor for name, tensor in new.items()}, out)


if __name__ == "__main__":
    main()
