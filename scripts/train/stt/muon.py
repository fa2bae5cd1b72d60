"""Muon: momentum whose matrix is orthogonalised, for the blocks' matrices (Jordan 2024; Liu 2025)."""
import math

import torch

# Five steps of the Newton-Schulz iteration, each with its own quintic (You 2024).
QUINTICS = ((4.0848, -6.8946, 2.9270), (3.9505, -6.3029, 2.6377), (3.7418, -5.5913, 2.3037),
            (2.8769, -3.1427, 1.2046), (2.8366, -3.0525, 1.2012))


def orthogonal(matrices):
    """The nearest orthogonal matrices, roughly; wide ones, stacked."""
    x = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16()
    for a, b, c in QUINTICS:
        square = x @ x.transpose(1, 2)
        x = a * x + (b * square + c * (square @ square)) @ x
    return x.float()


class Muon(torch.optim.Optimizer):
    """The update's size is that of AdamW (0.2 x the root of the longer side), so one rate serves both."""

    def __init__(self, matrices, lr, momentum=0.95, decay=0.05):
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            by_shape = {}
            for matrix in group["params"]:
                if matrix.grad is None:
                    continue
                state = self.state[matrix]
                if not state:
                    state["mean"] = torch.zeros_like(matrix)
                state["mean"].lerp_(matrix.grad, 1 - group["momentum"])
                update = matrix.grad.lerp(state["mean"], group["momentum"])
                tall = update.shape[0] > update.shape[1]
                wide = update.T if tall else update
                by_shape.setdefault(wide.shape, []).append((matrix, wide, tall))
            for shape, members in by_shape.items():
                size = -group["lr"] * 0.2 * math.sqrt(max(shape))
                updates = orthogonal(torch.stack([wide for _, wide, _ in members]))
                for (matrix, _, tall), update in zip(members, updates):
                    matrix.mul_(1 - group["lr"] * group["decay"])
                    matrix.add_(update.T if tall else update, alpha=size)
