#!/usr/bin/env python3
"""Half-way between two networks: between.py OLD NEW OUT, each .pt or the .bin of models/starter.

The mean of the weights before and after a training hears better than either: it forgets less of the one
and has most of what the other learned."""
import sys
from pathlib import Path

import torch

import ggml


def load(path):
    return ggml.read(path) if path.suffix == ".bin" else torch.load(path)


def main():
    old, new, out = map(Path, sys.argv[1:4])
    old, new = load(old), load(new)
    # The phoneme head is of the training alone: a .bin has none.
    torch.save({name: (tensor + old[name]) / 2 if name in old else tensor for name, tensor in new.items()}, out)


if __name__ == "__main__":
    main()
