#!/usr/bin/env python3
"""Speaks turns to train on into shards: corpus.py FOLDER TURNS [--seed N].

Shard n depends on the seed and n alone: an interrupted run goes on where it stopped. A shard is
NNNN.npz: the newest seconds of the features, and which of the turns are over.
"""
import argparse
import random
from pathlib import Path

import numpy as np

import turns
from features import features
from network import SEEN
from voices import Callers

SHARD = 500


def shard(path, number, seed, callers):
    r = random.Random(f"turn/{seed}/{number}")
    names, shares = list(turns.KINDS), [share for _, share in turns.KINDS.values()]
    heard, over = [], []
    for kind in r.choices(names, shares, k=SHARD):
        samples, *_ = turns.turn(r, callers, kind)
        heard.append(features(samples)[:, -SEEN:].astype(np.float16))
        over.append(turns.KINDS[kind][0])
    part = path.with_name(path.stem + ".part.npz")
    np.savez(part, heard=np.stack(heard), over=np.array(over))
    part.rename(path)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("turns", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    callers = Callers()
    for number in range(-(-chosen.turns // SHARD)):
        path = chosen.folder / f"{number:04}.npz"
        if not path.exists():
            shard(path, number, chosen.seed, callers)
            print(f"shard {number}: {SHARD * (number + 1)} turns", flush=True)


if __name__ == "__main__":
    main()
