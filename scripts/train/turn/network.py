"""The network: six convolutions over the newest seconds, the last half second seen apart."""
import torch
from torch import nn
from torch.nn import functional as F

SEEN = 320  # frames of 10 ms that it looks at, of the 800 it is given
LAST = 5  # positions of 80 ms at the end that it sees one by one
WIDTHS = 48, 64, 96


class Convolution(nn.Module):
    """Convolution, normalised by batch, rectified; `added` to what it was given."""

    def __init__(self, given, width, size, stride=1, added=False):
        super().__init__()
        self.added = added
        self.inner = nn.Conv1d(given, width, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x):
        y = F.relu(self.norm(self.inner(x)))
        return x + y if self.added else y

    def folded(self):
        """Weight and bias with the normalisation in them."""
        scale = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.inner.weight * scale[:, None, None], self.norm.bias - self.norm.running_mean * scale


class Turn(nn.Module):
    def __init__(self):
        super().__init__()
        a, b, c = WIDTHS
        self.layers = nn.ModuleList([
            Convolution(80, a, 5, 2), Convolution(a, a, 3, added=True),
            Convolution(a, b, 3, 2), Convolution(b, b, 5, added=True),
            Convolution(b, c, 3, 2), Convolution(c, c, 5, added=True)])
        self.hidden = nn.Linear(c + LAST * c, 64)
        self.out = nn.Linear(64, 1)

    def forward(self, heard):
        """(batch, 80, SEEN) -> (batch) logits."""
        x = heard
        for layer in self.layers:
            x = layer(x)
        x = torch.cat([x.mean(2), x[:, :, -LAST:].flatten(1)], 1)
        x = F.dropout(F.relu(self.hidden(x)), 0.2, self.training)
        return self.out(x).squeeze(1)
