"""How busy a training run keeps its machine: model FLOP utilisation (PaLM, arXiv 2204.02311, appendix B).

Only what the model itself needs is counted: two operations per weight and token, twice that backwards, and attention.
The peak is not taken from a data sheet but measured, as the best of a few large matrix products in the precision of
the run.
"""

import time

import torch

from dgls.training.architecture import Architecture
from dgls.training.examples import Batch

PROBE = {"cpu": 1024, "cuda": 8192}
"""Sides of the matrices that the peak is measured with."""


class Meter:
    """Counts the floating-point operations of a run from its start."""

    def __init__(self, architecture: Architecture, device: torch.device, precision: torch.dtype) -> None:
        self.architecture = architecture
        self.peak = peak_flops(device, precision)
        self.done = 0.0
        self.started = time.monotonic()

    def add(self, batch: Batch, *, first_pass: bool) -> None:
        """Count a training step over ``batch``, with a ``first_pass`` of the decoder without gradient or not."""
        a = self.architecture
        attention = a.heads * a.head_width
        block = a.layers * a.width * (4 * attention + 3 * a.feed_forward)
        conditioning = 3 * a.width * a.feed_forward
        vocabulary = a.width * a.vocabulary
        rows, context = batch.context.shape
        canvases, canvas = batch.canvas.shape
        read = int(batch.context_mask.sum())
        seen = context + canvas
        encoder = 2 * read * (block + vocabulary) + 2 * a.layers * rows * context**2 * attention
        decoder = 2 * canvases * canvas * (block + conditioning)
        decoder += 4 * a.layers * canvases * canvas * seen * attention
        free = 2 * int(batch.free.sum()) * vocabulary
        self.done += 3 * (encoder + decoder + free)
        if first_pass:
            # All logits, and the embeddings that they weigh.
            self.done += decoder + 4 * canvases * canvas * vocabulary

    def utilisation(self, now: float) -> float:
        """The share of the peak that was used until ``now``, in monotonic seconds."""
        return round(self.done / max(now - self.started, 1e-9) / self.peak, 4)


def peak_flops(device: torch.device, precision: torch.dtype) -> float:
    """Floating-point operations per second of a large matrix product on ``device``."""
    side = PROBE.get(device.type, 1024)
    matrix = torch.ones((side, side), dtype=precision, device=device)
    best = float("inf")
    for _ in range(6):
        started = time.perf_counter()
        product = matrix @ matrix
        product[0, 0].item()  # waits for the device
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best
