"""The step loop: one pure function over tensors that denoises the free positions of a canvas and keeps the pinned.

Each step (the rules are those of the entropy-bounded sampler, arXiv 2505.24857, restated for pins):

1. decode the canvas, conditioned on the last step's logits; what must not be drawn is barred
2. accept, among the free positions only, the most certain ones whose joint entropy stays within the bound
3. renoise the others: with the mask token (absorbing and hybrid corruption, where what is accepted stays accepted and
   a quota makes the loop end), or with random tokens (uniform corruption, where everything may still be revised)

Most of a canvas is pinned, and rows are done sooner or later than others: logits are made for the free positions of
the rows that go on, and for no other.

Nothing here knows text, code or a model: decoding is a callable, and all jobs are masks.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from dgls.config import PinConditioning
from dgls.model.description import SamplerRules

Decode = Callable[[Tensor, Tensor | None, Tensor], Tensor]
"""``(canvas, self_conditioning [rows, canvas, vocabulary] or None, wanted) -> logits [wanted positions, vocabulary]``.

``canvas`` and ``wanted`` are [rows, canvas]; there are fewer rows where some are done.
"""

PINNED_LOGIT = 100.0
"""How far a pin's one-hot logits lie apart: its softmax is the pinned token and nothing else."""


class Noise(NamedTuple):
    """How free positions are noised, and what they may never hold.

    ``mask_id`` is None under uniform corruption. ``barred`` [vocabulary] marks ids that are never drawn.
    ``constraints`` bar further ids at single positions: position -> ids allowed there, [vocabulary]. ``leanings`` are
    added to the logits of single positions in single rows: (row, position) -> [vocabulary].
    """

    mask_id: int | None
    barred: Tensor
    constraints: Mapping[int, Tensor]
    leanings: Mapping[tuple[int, int], Tensor] = MappingProxyType({})

    def draw(self, tokens: Tensor, generator: torch.Generator) -> Tensor:
        """Noise in the shape of ``tokens`` [batch, canvas]."""
        if self.mask_id is not None:
            return torch.full_like(tokens, self.mask_id)
        ordinary = torch.nonzero(~self.barred).squeeze(-1)
        drawn = torch.randint(len(ordinary), tokens.shape, generator=generator, device=tokens.device)
        return ordinary[drawn]

    def bar(self, logits: Tensor, where: Tensor) -> Tensor:
        """``logits`` [positions, vocabulary] with what must not be drawn at minus infinity.

        They are those of the positions ``where`` [batch, canvas], row by row.
        """
        logits = logits.masked_fill(self.barred, -torch.inf)
        for number, (row, position) in enumerate(where.nonzero().tolist()):
            if (allowed := self.constraints.get(position)) is not None:
                logits[number] = logits[number].masked_fill(~allowed, -torch.inf)
            if (leaning := self.leanings.get((row, position))) is not None:
                logits[number] += leaning
        return logits


class Step(NamedTuple):
    """The canvas after a step, all [batch, canvas].

    ``answer`` is the best guess at every position, ``confidence`` its probability (1 at pins), ``settled`` what is
    pinned or accepted. ``number`` counts from 1.
    """

    number: int
    answer: Tensor
    confidence: Tensor
    settled: Tensor


class PinError(AssertionError):
    """A pinned position changed: a fault of this program, never of its input."""


def denoise(
    decode: Decode,
    tokens: Tensor,
    free: Tensor,
    noise: Noise,
    rules: SamplerRules,
    generator: torch.Generator,
    *,
    greedy: int,
    begun: Tensor | None = None,
) -> Iterator[Step]:
    """Denoise the ``free`` [batch, canvas] positions of ``tokens`` [batch, canvas], at most ``rules.max_steps`` steps.

    The loop ends earlier where every row is settled, or stable and confident. With a mask token the first ``greedy``
    rows accept the likeliest tokens instead of drawn ones. Free positions that are ``begun`` [batch, canvas] hold their
    token instead of noise in the first step. Stops at no deadline: its caller does, between steps, and
    takes the last step's answer.
    """
    pinned = ~free
    noised = free if begun is None else free & ~begun
    canvas = torch.where(noised, noise.draw(tokens, generator), tokens)
    settled = pinned.clone()
    answer = torch.where(free, -1, tokens)
    confidence = pinned.float()
    finished = pinned.all(-1)
    still = torch.zeros(len(tokens), dtype=torch.long, device=tokens.device)
    conditioning: Tensor | None = None
    for index in range(rules.max_steps):
        if finished.all():
            break
        canvas = torch.where(free, canvas, tokens)
        rows, live = ~finished, free & ~finished[:, None]
        seen = None if conditioning is None else conditioning[rows]
        scaled = noise.bar(decode(canvas[rows], seen, live[rows]), live) / _temperature(index, rules)
        probabilities = scaled.softmax(-1)
        entropy = _placed(torch.special.entr(probabilities).sum(-1), live)
        likeliest, guess = (_placed(values, live) for values in probabilities.max(-1))
        uniform = torch.rand(tokens.shape, generator=generator, device=tokens.device)
        drawn = _placed(draw(probabilities, uniform[live]), live)
        unsettled = live
        if noise.mask_id is not None:
            drawn[:greedy] = guess[:greedy]
            unsettled = live & ~settled
            quota = -(unsettled.sum(-1) // -(rules.max_steps - index))
            accepted = _within_budget(entropy, unsettled, rules.entropy_bound, quota)
            canvas = torch.where(unsettled, torch.where(accepted, drawn, noise.mask_id), canvas)
            answer = torch.where(accepted, drawn, torch.where(unsettled, guess, answer))
            chosen = _placed(probabilities.gather(-1, answer[live][:, None])[:, 0], live)
            confidence = torch.where(unsettled, chosen, confidence)
            settled = settled | accepted
            finished = settled.all(-1)
        else:
            accepted = _within_budget(entropy, unsettled, rules.entropy_bound, None)
            renoised = torch.where(accepted, drawn, noise.draw(tokens, generator))
            canvas = torch.where(unsettled, renoised, canvas)
            same = ((guess == answer) | ~unsettled).all(-1)
            still = torch.where(same, still + 1, 0)
            answer = torch.where(unsettled, guess, answer)
            confidence = torch.where(unsettled, likeliest, confidence)
            settled = torch.where(finished[:, None], settled, pinned | accepted)
            certain = entropy.sum(-1) < rules.confidence * free.sum(-1)
            finished = finished | ((still >= rules.stability) & certain)
        yield Step(index + 1, answer, confidence, settled)
        if conditioning is None:
            conditioning = pin_logits(
                scaled.new_zeros(*tokens.shape, scaled.shape[-1]), tokens, pinned, rules.pin_conditioning
            )
        conditioning[live] = scaled
    if not torch.equal(torch.where(pinned, answer, 0), torch.where(pinned, tokens, 0)):
        raise PinError("a pinned token changed while denoising; please report this")


def pin_logits(logits: Tensor, tokens: Tensor, pinned: Tensor, shown: PinConditioning) -> Tensor:
    """``logits`` [batch, canvas, vocabulary] with those at ``pinned`` [batch, canvas] one-hot on ``tokens``, or flat.

    What self-conditioning sees at a pin is never what the model would have put there. The library can zero its signal
    for whole canvases only; flat logits, whose signal is the mean embedding, are as near as single positions get.
    """
    if shown == "flat":
        return logits.masked_fill(pinned[..., None], 0.0)
    at_token = torch.where(pinned, 0.0, logits.gather(-1, tokens[..., None])[..., 0])
    return logits.masked_fill(pinned[..., None], -PINNED_LOGIT).scatter(
        -1, tokens[..., None], at_token[..., None]
    )


def _temperature(index: int, rules: SamplerRules) -> float:
    """Linear from the first step of ``max_steps`` to the last; 0 means greedy, which a hundredth is as good as."""
    share = index / max(1, rules.max_steps - 1)
    return max(0.01, rules.temperature_start + (rules.temperature_end - rules.temperature_start) * share)


def draw(probabilities: Tensor, uniform: Tensor) -> Tensor:
    """One id per position, by the inverse of the cumulated ``probabilities`` [..., vocabulary].

    ``uniform`` [...] are random numbers from 0 to 1. ``torch.multinomial`` takes 15 to 40 times as long.
    """
    cumulated = probabilities.cumsum(-1)
    thresholds = uniform[..., None] * cumulated[..., -1:]
    drawn = torch.searchsorted(cumulated, thresholds, right=True)[..., 0]
    # Rounding can push a threshold to the very end, where the last ids may be barred.
    return torch.where(drawn < cumulated.shape[-1], drawn, probabilities.argmax(-1))


def _placed(values: Tensor, where: Tensor) -> Tensor:
    """``values`` [positions] at the positions ``where`` [batch, canvas], and zeros elsewhere."""
    return values.new_zeros(where.shape).masked_scatter(where, values)


def _within_budget(entropy: Tensor, candidates: Tensor, bound: float, quota: Tensor | None) -> Tensor:
    """Which of ``candidates`` [batch, canvas] to accept: the k most certain with ``sum(H) - max(H) <= bound``.

    ``quota`` [batch] is how many are accepted at least.
    """
    order = entropy.masked_fill(~candidates, torch.inf).argsort(dim=-1, stable=True)
    ordered = entropy.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    accepted = before <= bound
    if quota is not None:
        accepted |= torch.arange(entropy.shape[-1], device=entropy.device) < quota[:, None]
    return torch.zeros_like(candidates).scatter(-1, order, accepted) & candidates
