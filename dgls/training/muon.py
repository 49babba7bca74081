"""Muon in float32, for devices that have no bfloat16 of their own.

torch's Muon orthogonalises in bfloat16 always, which a CPU without it emulates at a thirtieth of its speed. The rule is
the same (Newton-Schulz with the quintic of https://kellerjordan.github.io/posts/muon/), and so is the state: a run may
go on with either.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch
from torch import Tensor


class Float32Muon(torch.optim.Muon):
    """:class:`torch.optim.Muon` whose update is computed in float32; its learning rates are adjusted as "original"."""

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]  # unannotated
        """Move every matrix that has a gradient; ``closure`` is called first, for the loss that is returned."""
        loss = None if closure is None else torch.enable_grad()(closure)()
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, matrix.grad, group)
        return loss

    def _move(self, matrix: Tensor, gradient: Tensor, group: dict[str, Any]) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        average, momentum, rate = state["momentum_buffer"], group["momentum"], group["lr"]
        average.lerp_(gradient, 1 - momentum)
        update = gradient.lerp(average, momentum) if group["nesterov"] else average
        rows, columns = matrix.shape
        matrix.mul_(1 - rate * group["weight_decay"])
        matrix.add_(_orthogonal(update, group), alpha=-rate * sqrt(max(1, rows / columns)))


def _orthogonal(update: Tensor, group: dict[str, Any]) -> Tensor:
    """About the nearest matrix to ``update`` [rows, columns] whose singular values are all 1."""
    a, b, c = group["ns_coefficients"]
    tall = update.size(0) > update.size(1)
    wide = update.float().T if tall else update.float()
    wide = wide / wide.norm().clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.T if tall else wide
