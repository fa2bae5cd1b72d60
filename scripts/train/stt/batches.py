"""Shards as batches: utterances of like length together, cut and shaken a little each time."""
import json
import random
from pathlib import Path

import numpy as np
import torch

ROUND = 8000  # utterances between two looks for new shards
PADDING = -100  # cross_entropy ignores it
FRAME_STEP, TOKEN_STEP = 64, 8  # lengths are rounded up: every new shape costs the CPU a new kernel


class Corpus:
    """Every utterance of a folder of shards; `grow` takes up shards written since."""

    def __init__(self, folder, vocabulary):
        self.folder, self.vocabulary = Path(folder), vocabulary
        self.known, self.items, self.times = set(), [], []

    def grow(self):
        for path in sorted(self.folder.glob("*.json")):
            if path.stem in self.known:
                continue
            self.known.add(path.stem)
            mels = np.load(path.with_suffix(".npy"))
            at = 0
            for about in json.loads(path.read_text()):
                mel = mels[at: at + about["frames"]]
                at += about["frames"]
                self.items.append((mel, about["pad"], self.vocabulary.tokens(about["text"]),
                                   self.vocabulary.sounds_of(about["phonemes"])))
                self.times.append(0)
        return len(self.items)

    def batches(self, frames):
        """A round over those heard least, in batches of at most `frames` frames with their padding."""
        fresh = sorted(range(len(self.items)), key=lambda i: (self.times[i], random.random()))[:ROUND]
        order = sorted(fresh, key=lambda i: len(self.items[i][0]) + random.uniform(0, 40))
        batches, batch, longest = [], [], 0
        for index in order:
            self.times[index] += 1
            longest = max(longest, rounded(len(self.items[index][0]) + 2, FRAME_STEP))
            if batch and longest * (len(batch) + 1) > frames:
                batches.append(batch)
                batch, longest = [], rounded(len(self.items[index][0]) + 2, FRAME_STEP)
            batch.append(index)
        batches.append(batch)
        random.shuffle(batches)
        for batch in batches:
            yield [self.items[index] for index in batch]


def rounded(count, step):
    return -(-count // step) * step


def throat(mel):
    """Another speaker's: the spectrum stretched or squeezed (vocal tract length perturbation) and tilted."""
    bands = np.arange(80, dtype=np.float32)
    at = np.clip(bands * random.uniform(0.88, 1.12), 0, 78.99)
    low, share = at.astype(int), (at % 1).astype(np.float32)
    return mel[:, low] * (1 - share) + mel[:, low + 1] * share + random.uniform(-0.12, 0.12) * (bands / 40 - 1)


def shaken(mel, pad):
    """SpecAugment's masks, other throats, and a level that varies."""
    mel = mel.astype(np.float32)
    if random.random() < 0.6:
        mel = throat(mel)
    if random.random() < 0.5:
        band = random.randrange(72)
        mel[:, band: band + random.randint(1, 8)] = pad
    if random.random() < 0.4:
        at = random.randrange(len(mel))
        mel[at: at + random.randint(2, 10)] = pad
    return mel, random.uniform(-0.15, 0.15)


def heard(batch):
    """(batch, 80, frames): the mels with a little of the silence that whisper.cpp appends."""
    length = rounded(max(len(mel) for mel, *_ in batch) + 2, FRAME_STEP)
    mels = np.empty((len(batch), length, 80), np.float32)
    for row, (mel, pad, *_) in zip(mels, batch):
        shook, level = shaken(mel[:length], pad)
        row[: len(shook)] = shook
        row[len(shook):] = pad
        row += level
    return torch.from_numpy(mels).transpose(1, 2)


def said(batch, vocabulary, slips=0.1):
    """Decoder input, and target. Some inputs are wrong tokens: it must not trust its own past."""
    longest = rounded(max(len(tokens) for _, _, tokens, _ in batch), TOKEN_STEP)
    given = torch.full((len(batch), longest + 1), vocabulary.end)
    wanted = torch.full((len(batch), longest + 1), PADDING)
    for row, (_, _, tokens, _) in enumerate(batch):
        tokens = torch.tensor(tokens)
        given[row, 0], given[row, 1] = vocabulary.start, vocabulary.no_times
        given[row, 2: 1 + len(tokens)] = tokens[:-1]
        wanted[row, 1: 1 + len(tokens)] = tokens
    slipped = torch.rand(given.shape) < slips
    slipped[:, :2] = False
    return torch.where(slipped, torch.randint(0, vocabulary.silent, given.shape), given), wanted
