"""How likely a model finds what stood in a gap: denoising in any order with the suffix, and from left to right.

Both are nats per token of the answer, on the same tokens. Neither pays for the length: the canvas has as many free
positions as the answer has tokens, and from left to right nobody asks where the answer ends. The first is the bound of
masked diffusion (arXiv 2406.07524): the mean over hidden tokens, with any number of them hidden, equally often.
"""

import random
from collections.abc import Sequence

import msgspec
import torch
from msgspec.structs import replace

from dgls.config import InfillSettings
from dgls.evaluation.case import Case
from dgls.evaluation.filling import prefix_context
from dgls.infill.canvas import Plan, plan_request
from dgls.model.causal import CausalReader
from dgls.model.host import Host
from dgls.model.prefix_store import View

ORDERS = 4
"""Random choices of what is hidden, per answer."""


class Nats(msgspec.Struct, frozen=True):
    """Nats per token of one answer."""

    any_order: float
    left_to_right: float


def nats_of(
    host: Host, case: Case, settings: InfillSettings, generator: random.Random, related_tokens: int = 0
) -> Nats | None:
    """Both measures of the answer of ``case``; None if it does not fit into a canvas, or nothing can be masked."""
    answer = host.tokenizer.encode(case.answer)
    if host.mask_id is None or not answer:
        return None
    exact = replace(settings, free_tokens=len(answer))
    plan = plan_request(host, case.request(exact, related_tokens))
    if plan.free != [len(answer)]:
        return None
    any_order = _any_order(host, plan, answer, generator)
    context = prefix_context(host, case, settings, related_tokens)
    return Nats(any_order, _left_to_right(host, context, answer))


def decoder_nats(
    host: Host, view: View, canvas: Sequence[int], answer: Sequence[int], hidden: torch.Tensor
) -> torch.Tensor:
    """Mean nats of the ``hidden`` [rows, answer] tokens of ``answer``, in one pass: [rows].

    The answer stands at the beginning of ``canvas``, which holds noise there; what is not hidden is shown. ``view`` is
    for as many canvases as there are rows.
    """
    targets = torch.tensor(answer)
    canvases = torch.tensor([list(canvas)] * len(hidden))
    canvases[:, : len(answer)] = torch.where(hidden, canvases[:, : len(answer)], targets)
    logits = host.decode(view, canvases.to(host.device))[:, : len(answer)].cpu()
    return (_nats(logits, targets.expand(len(hidden), -1)) * hidden).sum(-1) / hidden.sum(-1)


def _any_order(host: Host, plan: Plan, answer: list[int], generator: random.Random) -> float:
    hidden = torch.ones((ORDERS, len(answer)), dtype=torch.bool)
    for row in hidden:
        row[generator.sample(range(len(answer)), generator.randrange(len(answer)))] = False
    store = host.new_store()
    for _ in host.prefill(store, plan.context):
        pass
    view = store.view(len(plan.context), ORDERS)
    return float(decoder_nats(host, view, plan.canvas(host, plan.free).tokens, answer, hidden).mean())


def _left_to_right(host: Host, context: list[int], answer: list[int]) -> float:
    logits = CausalReader(host).read([*context, *answer])[len(context) - 1 : -1]
    return float(_nats(logits.cpu(), torch.tensor(answer)).mean())


def _nats(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Nats of each of ``targets`` [...] under ``logits`` [..., vocabulary]."""
    return -logits.log_softmax(-1).gather(-1, targets[..., None])[..., 0]
