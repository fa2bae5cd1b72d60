#!/usr/bin/env python3
"""Trains the language model for a given time: train.py OUT --minutes M [--from WEIGHTS].

Callers are drawn as they are needed, never twice the same. The learning rate rises for a hundredth
of the time, stays, and falls linearly to nothing in the last 60 %. OUT/last.pt is written every
four minutes and taken up again after an interruption; OUT/mean.pt is the running mean of the
weights, fit to export at any time.
"""
import argparse
import random
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.append(str(Path(__file__).parent.parent / "stt"))

import callers  # noqa: E402
import gguf_file  # noqa: E402
from model import CONTEXT, Llama, wire_copying  # noqa: E402
from muon import Muon  # noqa: E402
from prompt import check  # noqa: E402
from tokens import ANSWER, END, START, Tokens, batch  # noqa: E402

SAVE_S, REPORT_STEPS = 240, 100
LONGEST_STEP_S = 20  # more than that was no step, but a stopped process: it is not counted
DRAWN = 40  # batches drawn at once and sorted by length
COPY_EVERY = 20  # one batch in so many is pure copying
MEAN_DECAY = 0.997


def drawn(r, tokens, size):
    """Batches of examples of like length, in any order."""
    examples = [tokens.of(*callers.turn(r)[:2]) for _ in range(size * DRAWN)]
    examples = [example for example in examples if len(example[0]) <= CONTEXT]
    examples.sort(key=lambda example: len(example[0]))
    batches = [examples[at: at + size] for at in range(0, len(examples), size)]
    r.shuffle(batches)
    return batches


def copying(r, count, size):
    """Rows of random pieces, and a run of them as the answer: keeps the copy circuit alive."""
    examples = []
    for _ in range(size):
        row = [r.randrange(260, count) for _ in range(r.randint(10, 26))]
        start = r.randrange(len(row) - 4) if r.random() < 0.5 else 0
        end = r.randint(start + 4, len(row)) if start else len(row)
        examples.append(([START, *row, ANSWER, *row[start:end], END], len(row) + 2))
    return examples


class Run:
    """The model, its optimisers, its mean, and how far they have come."""

    def __init__(self, tokens, rate):
        self.model = Llama(tokens.count)
        wire_copying(self.model)
        matrices, others = [], []
        for name, tensor in self.model.named_parameters():
            (matrices if tensor.ndim == 2 and "blk" in name else others).append(tensor)
        self.optimisers = [Muon(matrices, rate, decay=0.01),
                           torch.optim.AdamW(others, rate / 2, betas=(0.9, 0.95), weight_decay=0)]
        self.rates = (rate, rate / 2)
        self.mean = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}
        self.steps, self.spent = 0, 0.0

    def load(self, path):
        weights = gguf_file.read(path) if path.suffix == ".gguf" else torch.load(path)
        self.model.load_state_dict(weights)
        self.mean = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def resume(self, path):
        kept = torch.load(path)
        self.model.load_state_dict(kept["model"])
        self.mean, self.steps, self.spent = kept["mean"], kept["steps"], kept["spent"]
        for optimiser, state in zip(self.optimisers, kept["optimisers"]):
            optimiser.load_state_dict(state)

    def save(self, folder):
        kept = {"model": self.model.state_dict(), "mean": self.mean, "steps": self.steps, "spent": self.spent,
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers]}
        for name, what in (("last", kept), ("mean", self.mean)):
            torch.save(what, folder / f"{name}.part")
            (folder / f"{name}.part").rename(folder / f"{name}.pt")

    def pace(self, done):
        share = min(done / 0.01 + 0.05, 1.0, (1 - done) / 0.6)
        for optimiser, rate in zip(self.optimisers, self.rates):
            for group in optimiser.param_groups:
                group["lr"] = rate * max(share, 0.0)

    def step(self, examples):
        given, wanted = batch(examples)
        asked = wanted >= 0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            hidden = self.model.hidden(given)[asked]
        loss = F.cross_entropy(hidden.float() @ self.model.token_embd.weight.T, wanted[asked])
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in self.optimisers:
            optimiser.step()
        for name, tensor in self.model.state_dict().items():
            self.mean[name].lerp_(tensor, 1 - MEAN_DECAY)
        self.steps += 1
        return loss.item()


def train(run, tokens, chosen):
    saved = before = time.monotonic()
    recent = []
    r = random.Random(f"{chosen.seed}/{run.steps}")
    while True:
        for examples in drawn(r, tokens, chosen.batch):
            now = time.monotonic()
            run.spent += min(now - before, LONGEST_STEP_S)
            before = now
            done = run.spent / 60 / chosen.minutes
            if done >= 1:
                return
            run.pace(done)
            if run.steps % COPY_EVERY == COPY_EVERY - 1:
                run.step(copying(r, tokens.count, chosen.batch))
                continue
            recent.append(run.step(examples))
            if len(recent) == REPORT_STEPS:
                print(f"{run.spent / 60:.1f} min, step {run.steps}: loss {sum(recent) / len(recent):.4f}", flush=True)
                recent = []
            if time.monotonic() - saved > SAVE_S:
                run.save(chosen.out)
                saved = time.monotonic()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--minutes", type=float, required=True)
    arguments.add_argument("--from", dest="start", type=Path, help="to go on from: .pt, or .gguf as in models/starter")
    arguments.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    arguments.add_argument("--batch", type=int, default=64)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    check()
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    tokens = Tokens()
    run = Run(tokens, chosen.rate)
    if (chosen.out / "last.pt").exists():
        run.resume(chosen.out / "last.pt")
    elif chosen.start:
        run.load(chosen.start)
    train(run, tokens, chosen)
    run.save(chosen.out)


if __name__ == "__main__":
    main()
