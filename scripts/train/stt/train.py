#!/usr/bin/env python3
"""Trains the recogniser for a given time: train.py SHARDS OUT --minutes M [--from WEIGHTS].

Losses: the words (cross-entropy at the decoder) and the sounds (CTC at the encoder). The learning
rate rises for one part in a hundred of the time and then falls linearly to nothing. OUT/last.pt is
written every five minutes and taken up again when the same command is run after an interruption;
OUT/mean.pt is the running mean of the weights, fit to export at any time.
"""
import argparse
import math
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

import batches
import ggml
from model import Whisper
from muon import Muon
from vocabulary import Vocabulary

SOUNDS_WEIGHT = 0.3
SAVE_S, REPORT_STEPS = 240, 50
MEAN_DECAY = 0.997
WARM_UP = 0.01
SETTLED = 0.02  # of the time: from then on the phoneme head teaches the encoder


def losses(model, batch, vocabulary, settled):
    """Of the words and of the sounds, each per token.

    Until the phoneme head has `settled`, which a ggml file lacks, the encoder does not listen to it."""
    mels = batches.heard(batch)
    given, wanted = batches.said(batch, vocabulary)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        encoded = model.encoder(mels)
        logits = model.decoder(given, encoded)
    # One more class stands for the file's unused ids, whose logits are 0 each.
    unused = torch.full((*logits.shape[:2], 1), math.log(vocabulary.unused))
    logits = torch.cat([logits.float()[:, :, : vocabulary.start], unused], 2)
    words = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=batches.PADDING)
    counts = torch.tensor([len(sounds) for *_, sounds in batch])
    sounds = F.ctc_loss(
        model.ctc(encoded.float() if settled else encoded.detach().float()).log_softmax(2).transpose(0, 1),
        torch.tensor([sound for *_, sounds in batch for sound in sounds]),
        torch.full((len(batch),), encoded.shape[1]), counts, reduction="sum", zero_infinity=True)
    return words, sounds / (counts.sum() + len(batch))


class Run:
    """The model, its optimisers, its mean, and how far they have come."""

    def __init__(self, vocabulary, rate):
        self.model = Whisper(vocabulary.size, len(vocabulary.sounds))
        matrices, others = [], []
        for name, tensor in self.model.named_parameters():
            (matrices if tensor.ndim == 2 and "blocks" in name else others).append(tensor)
        self.optimisers = [Muon(matrices, rate),
                           torch.optim.AdamW(others, rate, betas=(0.9, 0.98), weight_decay=0.01)]
        self.rate, self.steps, self.seen, self.spent = rate, 0, 0, 0.0

    def load(self, path):
        """From a checkpoint, or from a ggml file, which lacks the phoneme head."""
        weights = ggml.read(path) if path.suffix == ".bin" else torch.load(path)
        missing, unknown = self.model.load_state_dict(weights, strict=False)
        if unknown or not set(missing) <= {"ctc.weight", "ctc.bias"}:
            raise SystemExit(f"{path} is another network's: {missing + unknown}")
        self.mean = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def resume(self, path):
        kept = torch.load(path)
        self.model.load_state_dict(kept["model"])
        self.mean = kept["mean"]
        for optimiser, state in zip(self.optimisers, kept["optimisers"]):
            optimiser.load_state_dict(state)
        self.steps, self.seen, self.spent = kept["steps"], kept["seen"], kept["spent"]

    def save(self, folder):
        kept = {"model": self.model.state_dict(), "mean": self.mean, "steps": self.steps,
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
                "seen": self.seen, "spent": self.spent}
        for name, what in (("last", kept), ("mean", self.mean)):
            torch.save(what, folder / f"{name}.part")
            (folder / f"{name}.part").rename(folder / f"{name}.pt")

    def pace(self, done):
        share = min(done / WARM_UP + 0.05, 1.0, (1 - done) / (1 - WARM_UP))
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.rate * max(share, 0.0)

    def step(self, batch, vocabulary, settled):
        words, sounds = losses(self.model, batch, vocabulary, settled)
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        ((1 - SOUNDS_WEIGHT) * words + SOUNDS_WEIGHT * sounds).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        for name, tensor in self.model.state_dict().items():
            self.mean[name].lerp_(tensor, 1 - MEAN_DECAY)
        self.steps += 1
        self.seen += len(batch)
        return words.item(), sounds.item()


def train(run, corpus, vocabulary, chosen):
    saved = begun = time.monotonic()
    before, recent = run.spent, []
    while True:
        print(f"{corpus.grow()} utterances", flush=True)
        for batch in corpus.batches(chosen.frames):
            run.spent = before + time.monotonic() - begun
            done = run.spent / 60 / chosen.minutes
            if done >= 1:
                return
            run.pace(done)
            recent.append(run.step(batch, vocabulary, done > SETTLED))
            if run.steps % REPORT_STEPS == 0:
                words, sounds = np.mean(recent, 0)
                print(f"{run.spent / 60:.1f} min, step {run.steps}, seen {run.seen}: words {words:.3f}, "
                      f"sounds {sounds:.3f}", flush=True)
                recent = []
            if time.monotonic() - saved > SAVE_S:
                run.save(chosen.out)
                saved = time.monotonic()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("shards", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--minutes", type=float, required=True)
    arguments.add_argument("--from", dest="start", type=Path, help="to go on from: .pt, or .bin as in models/starter")
    arguments.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    arguments.add_argument("--frames", type=int, default=9000, help="10 ms frames in a batch")
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(chosen.seed)
    torch.set_num_threads(1)
    vocabulary = Vocabulary()
    run = Run(vocabulary, chosen.rate)
    if (chosen.out / "last.pt").exists():
        run.resume(chosen.out / "last.pt")
    elif chosen.start:
        run.load(chosen.start)
    else:
        run.mean = {name: tensor.clone() for name, tensor in run.model.state_dict().items()}
    train(run, batches.Corpus(chosen.shards, vocabulary), vocabulary, chosen)
    run.save(chosen.out)


if __name__ == "__main__":
    main()
