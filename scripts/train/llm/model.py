"""Llama's architecture, small, and the copy circuit that is wired by hand before training."""
import math

import torch
from torch import nn
from torch.nn import functional as F

CONTEXT, THETA, EPSILON, HEAD = 256, 10000.0, 1e-5, 64


def frequencies():
    return 1 / THETA ** (torch.arange(0, HEAD, 2).float() / HEAD)


def rotations():
    angles = torch.outer(torch.arange(CONTEXT).float(), frequencies())
    return angles.cos(), angles.sin()


def rotated(x, cos, sin):
    """Neighbouring pairs turn, as llama.cpp does for this architecture."""
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, x.shape[-1:], self.weight, EPSILON)


class Block(nn.Module):
    def __init__(self, width, inner):
        super().__init__()
        self.attn_norm, self.ffn_norm = Norm(width), Norm(width)

        def matrix(inputs, outputs):
            return nn.Linear(inputs, outputs, bias=False)
        self.attn_q, self.attn_k, self.attn_v = (matrix(width, width) for _ in range(3))
        self.attn_output = matrix(width, width)
        self.ffn_gate, self.ffn_up, self.ffn_down = matrix(width, inner), matrix(width, inner), matrix(inner, width)

    def forward(self, x, cos, sin):
        batch, length, width = x.shape

        def heads(t):
            return t.view(batch, length, -1, HEAD).transpose(1, 2)
        inner = self.attn_norm(x)
        query = rotated(heads(self.attn_q(inner)), cos, sin)
        key = rotated(heads(self.attn_k(inner)), cos, sin)
        mixed = F.scaled_dot_product_attention(query, key, heads(self.attn_v(inner)).to(query.dtype), is_causal=True)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, width))
        inner = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(inner)) * self.ffn_up(inner))


class Llama(nn.Module):
    """The names of its tensors are those of a GGUF file."""

    def __init__(self, vocabulary, width=192, layers=4, inner=512):
        super().__init__()
        self.token_embd = nn.Embedding(vocabulary, width)
        self.blk = nn.ModuleList(Block(width, inner) for _ in range(layers))
        self.output_norm = Norm(width)
        for name, tensor in self.named_parameters():
            if tensor.ndim == 2:
                nn.init.normal_(tensor, std=0.02 if "embd" in name else 1 / math.sqrt(tensor.shape[1]))
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                nn.init.zeros_(tensor)
        for name, table in zip(("cos", "sin"), rotations()):
            self.register_buffer(name, table, persistent=False)

    def hidden(self, tokens):
        x = self.token_embd(tokens)
        length = tokens.shape[1]
        for block in self.blk:
            x = block(x, self.cos[:length], self.sin[:length])
        return self.output_norm(x)

    def forward(self, tokens):
        return self.hidden(tokens) @ self.token_embd.weight.T


def directions(width, count):
    """Random orthogonal directions that leave out the first, which the embeddings share."""
    found = torch.linalg.qr(torch.randn(width, width))[0][:, :count]
    found[0] = 0
    return found


@torch.no_grad()
def wire_copying(model, attention=1.2, match=2.5, size=0.05):
    """So small a network learns too late by itself to copy words that it never saw: it is born knowing.

    The first head of the first layer looks at the token before and writes it beside the present
    one; two heads of the second layer look for the place whose written predecessor is the present
    token and bring along what stands there: "the word after the last occurrence of this word".
    """
    width = model.token_embd.weight.shape[1]
    embedding = model.token_embd.weight.normal_(0, size)
    embedding[:, 0] = size * math.sqrt(width) / 2
    before = model.blk[0]
    before.attn_q.weight[:HEAD] = 0
    before.attn_k.weight[:HEAD] = 0
    for pair, turn in enumerate(frequencies()[:10]):  # the fast ones tell neighbours apart
        before.attn_q.weight[2 * pair, 0] = attention
        before.attn_k.weight[2 * pair, 0] = attention * turn.cos()
        before.attn_k.weight[2 * pair + 1, 0] = attention * turn.sin()
    read, written = directions(width, HEAD), directions(width, HEAD)
    before.attn_v.weight[:HEAD] = read.T
    before.attn_output.weight[:, :HEAD] = written * 1.5 * size
    after, carried = model.blk[1], directions(width, 2 * HEAD)
    half = HEAD // 2
    for head in range(2):
        rows, slow = slice(head * HEAD, (head + 1) * HEAD), slice(head * HEAD + half, (head + 1) * HEAD)
        matched = slice(head * half, (head + 1) * half)
        for matrix, source in ((after.attn_q, read), (after.attn_k, written)):
            matrix.weight[rows] = 0
            matrix.weight[slow] = source[:, matched].T * match
        after.attn_v.weight[rows] = carried[:, rows].T
        after.attn_output.weight[:, rows] = carried[:, rows] * 15 * size
