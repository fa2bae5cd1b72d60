#!/usr/bin/env python3
"""Trains the end-of-turn network: train.py SHARDS OUT [--epochs N] [--seed N].

OUT/last.pt is written after every epoch (a minute or two) and taken up again; OUT/best.pt are the
weights with the least loss on the last shard, which is never trained on.
"""
import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from network import Turn

BATCH = 64
RATE = 2e-3
SMOOTHED = 0.03  # labels are that unsure: a probability is to be believed


def load(paths):
    heard, over = [], []
    for path in paths:
        with np.load(path) as shard:
            heard.append(shard["heard"])
            over.append(shard["over"])
    return torch.from_numpy(np.concatenate(heard)), torch.from_numpy(np.concatenate(over)).float()


def shaken(heard):
    """A level that varies, a band masked, all a little later."""
    heard = heard.float() + (torch.rand(len(heard), 1, 1) - 0.5) * 0.3
    band = torch.randint(0, 74, (1,)).item()
    heard[: len(heard) // 2, band: band + 6] = -0.5
    # What falls out at the end comes in at the beginning, three seconds ago.
    return torch.roll(heard, torch.randint(0, 4, (1,)).item(), 2)


def judged(model, heard, over):
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part.float()) for part in heard.split(250)])
    model.train()
    right = ((logits > 0) == (over > 0.5)).float().mean().item()
    return F.binary_cross_entropy_with_logits(logits, over).item(), right


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("shards", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--epochs", type=int, default=24)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(chosen.seed)
    torch.set_num_threads(1)
    *paths, apart = sorted(chosen.shards.glob("????.npz"))
    heard, over = load(paths)
    apart = load([apart])
    model = Turn()
    optimiser = torch.optim.AdamW(model.parameters(), RATE, weight_decay=0.02)
    steps = chosen.epochs * (len(heard) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps + 1, pct_start=0.1)
    first, best = 0, float("inf")
    if (chosen.out / "last.pt").exists():
        kept = torch.load(chosen.out / "last.pt")
        model.load_state_dict(kept["model"])
        optimiser.load_state_dict(kept["optimiser"])
        schedule.load_state_dict(kept["schedule"])
        first, best = kept["epoch"], kept["best"]
    for epoch in range(first, chosen.epochs):
        begun, losses = time.monotonic(), []
        order = torch.randperm(len(heard))
        for batch in order[: len(order) // BATCH * BATCH].split(BATCH):
            wanted = over[batch] * (1 - 2 * SMOOTHED) + SMOOTHED
            loss = F.binary_cross_entropy_with_logits(model(shaken(heard[batch])), wanted)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        loss, right = judged(model, *apart)
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}, apart {loss:.3f}, right {100 * right:.1f} %, "
              f"{time.monotonic() - begun:.0f} s", flush=True)
        if loss < best:
            best = loss
            torch.save(model.state_dict(), chosen.out / "best.pt")
        torch.save({"model": model.state_dict(), "optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(),
                    "epoch": epoch + 1, "best": best}, chosen.out / "last.part")
        (chosen.out / "last.part").rename(chosen.out / "last.pt")


if __name__ == "__main__":
    main()
