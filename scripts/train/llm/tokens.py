"""Prompts and decisions as tokens: byte-level BPE of 3,072 pieces in bpe.json."""
from pathlib import Path

import torch
from tokenizers import Tokenizer

BPE = Path(__file__).parent / "bpe.json"
PADDING, START, END, ANSWER = range(4)
NOT_ASKED = -100  # cross_entropy ignores it
LENGTH_STEP = 16  # every new shape costs the CPU a new kernel


class Tokens:
    def __init__(self):
        self.bpe = Tokenizer.from_file(str(BPE))
        self.count = self.bpe.get_vocab_size()

    def of(self, prompt, decision):
        """What is given, and from where on it is to be said."""
        given = [START, *self.bpe.encode(prompt, add_special_tokens=False).ids, ANSWER]
        return given + self.bpe.encode(decision, add_special_tokens=False).ids + [END], len(given)


def batch(examples):
    """Inputs and targets of examples of like length."""
    longest = -(-(max(len(tokens) for tokens, _ in examples) - 1) // LENGTH_STEP) * LENGTH_STEP
    given = torch.full((len(examples), longest), PADDING)
    wanted = torch.full((len(examples), longest), NOT_ASKED)
    for row, (tokens, start) in enumerate(examples):
        tokens = torch.tensor(tokens)
        given[row, : len(tokens) - 1] = tokens[:-1]
        wanted[row, start - 1: len(tokens) - 1] = tokens[start:]
    return given, wanted
