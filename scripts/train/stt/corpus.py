#!/usr/bin/env python3
"""Speaks training sentences into shards: corpus.py FOLDER SENTENCES [--seed N].

Shard n depends on the seed and n alone, so an interrupted run goes on where it stopped and several
runs may share the shards (--stride, --offset). A shard is NNNN.npy (log-mels, one after another) and
NNNN.json (per sentence: frames, pad, text, phonemes, voice), the latter written last.
"""
import argparse
import json
import random
import time
from pathlib import Path

import numpy as np

import line
import nothing
import phonemes
import wording
from mel import log_mel
from voices import Callers

SHARD = 1000
LONGEST_S = 6.5
QUIET_SHARE, ODD_SHARE = 0.025, 0.045  # nothing at all; what is no English speech
BEHIND = 5  # voices kept to talk in the background of later ones


def held_texts(folder):
    """The questions of the examinations are never spoken for training, but for the short answers."""
    index = folder / "exam.json"
    items = json.loads(index.read_text()) if index.exists() else []
    return {item["text"] for item in items if item["set"] not in ("short answers", "services")}


def odd(r, callers):
    """Machines, music, another language: to be answered with nothing."""
    spoken = nothing.foreign(r, callers.espeak) if r.random() < 0.4 else None
    if spoken:
        return line.call(r, *spoken)
    samples = r.choice((nothing.keys, nothing.signal, nothing.modem, nothing.music, nothing.music))(r)
    return line.amid(r, samples) if r.random() < 0.5 else line.call(r, samples, nothing.RATE)


def utterance(r, callers, held, behind):
    kind = r.random()
    if kind < QUIET_SHARE:
        return line.quiet(r), "", "", "-"
    if kind < QUIET_SHARE + ODD_SHARE:
        return odd(r, callers), "", "", "-"
    while True:
        text = wording.sentence(r)
        if not text or text.lower() in held or len(text) > 110:
            continue
        samples, rate, voice = callers.say(r, text)
        if len(samples) / rate < LONGEST_S:
            heard = line.call(r, samples, rate, others=behind)
            behind[:] = [*behind[-BEHIND:], line.narrow(samples, rate)]
            return heard, text.lower(), phonemes.of(text), voice


def shard(folder, number, seed, callers, held):
    r = random.Random(f"{seed}/{number}")
    mels, about, behind = [], [], []
    for _ in range(SHARD):
        samples, text, sounds, voice = utterance(r, callers, held, behind)
        mel, pad = log_mel(samples)
        mels.append(mel)
        about.append({"frames": len(mel), "pad": float(pad), "text": text, "phonemes": sounds,
                      "voice": voice})
    np.save(folder / f"{number:04}.npy", np.concatenate(mels))
    (folder / f"{number:04}.json.part").write_text(json.dumps(about))
    (folder / f"{number:04}.json.part").rename(folder / f"{number:04}.json")
    return sum(item["frames"] for item in about) / 100 / 3600


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("sentences", type=int)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--stride", type=int, default=1)
    arguments.add_argument("--offset", type=int, default=0)
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    callers, held = Callers(), held_texts(chosen.folder.parent)
    start = time.monotonic()
    for number in range(chosen.offset, -(-chosen.sentences // SHARD), chosen.stride):
        if (chosen.folder / f"{number:04}.json").exists():
            continue
        hours = shard(chosen.folder, number, chosen.seed, callers, held)
        print(f"shard {number}: {hours:.2f} h of speech, {time.monotonic() - start:.0f} s so far", flush=True)


if __name__ == "__main__":
    main()
