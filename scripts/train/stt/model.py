"""Whisper's architecture, small, with its tensors' names, and a phoneme head for training."""
import math

import torch
from torch import nn
from torch.nn import functional as F

CONTEXT_AUDIO, CONTEXT_TEXT, HEAD = 1500, 448, 64


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x, source, causal=False):
        batch, length, width = x.shape

        def heads(t):
            return t.view(batch, -1, width // HEAD, HEAD).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(
            heads(self.query(x)), heads(self.key(source)), heads(self.value(source)), is_causal=causal)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Encoder block, or decoder block (`cross`): causal and looking at what was heard."""

    def __init__(self, width, cross):
        super().__init__()
        self.cross = cross
        self.attn, self.attn_ln = Attention(width), nn.LayerNorm(width)
        if cross:
            self.cross_attn, self.cross_attn_ln = Attention(width), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"),
                                 nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x, heard=None):
        inner = self.attn_ln(x)
        x = x + self.attn(inner, inner, causal=self.cross)
        if self.cross:
            x = x + self.cross_attn(self.cross_attn_ln(x), heard)
        return x + self.mlp(self.mlp_ln(x))


def sinusoids(length, channels):
    steps = torch.exp(-math.log(10000) / (channels // 2 - 1) * torch.arange(channels // 2))
    angles = torch.arange(length)[:, None] * steps[None]
    return torch.cat([angles.sin(), angles.cos()], 1)


class Encoder(nn.Module):
    def __init__(self, width, layers, bands=80):
        super().__init__()
        self.conv1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(CONTEXT_AUDIO, width))
        self.blocks = nn.ModuleList(Block(width, False) for _ in range(layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel):
        """(batch, 80, frames) -> (batch, frames / 2, width)"""
        x = F.gelu(self.conv1(mel), approximate="tanh")
        x = F.gelu(self.conv2(x), approximate="tanh").transpose(1, 2)
        x = x + self.positional_embedding[: x.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class Decoder(nn.Module):
    def __init__(self, width, layers, vocabulary):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.positional_embedding = nn.Parameter(torch.randn(CONTEXT_TEXT, width) * 0.01)
        self.blocks = nn.ModuleList(Block(width, True) for _ in range(layers))
        self.ln = nn.LayerNorm(width)
        nn.init.normal_(self.token_embedding.weight, std=0.04)

    def forward(self, tokens, heard):
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x, heard)
        return self.ln(x) @ self.token_embedding.weight.T


class Whisper(nn.Module):
    def __init__(self, vocabulary, sounds, width=192, encoder_layers=4, decoder_layers=2):
        super().__init__()
        self.encoder = Encoder(width, encoder_layers)
        self.decoder = Decoder(width, decoder_layers, vocabulary)
        self.ctc = nn.Linear(width, sounds)
