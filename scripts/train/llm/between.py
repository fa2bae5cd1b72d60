#!/usr/bin/env python3
"""Half-way between two networks: between.py OLD NEW OUT, each .pt or .gguf.

The mean of the weights before and after a training decides better than either: new phrasings are
forgotten by neither, and most of what was learned stays."""
import sys
from pathlib import Path

import torch

import gguf_file


def load(path):
    return gguf_file.read(path) if path.suffix == ".gguf" else torch.load(path)


def main():
    old, new, out = map(Path, sys.argv[1:4])
    old, new = load(old), load(new)
    torch.save({name: (tensor + old[name]) / 2 for name, tensor in new.items()}, out)


if __name__ == "__main__":
    main()
