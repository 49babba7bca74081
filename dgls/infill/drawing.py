"""Denoising for one request: its canvas as a batch of candidates, drawn from nothing, drawn anew, or renoised in part.

Counts the decoder passes, and shows each step as a frame. Knows no verdicts: what is freed is told from outside.
"""

import itertools
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import torch
from msgspec.structs import replace
from torch import Tensor

from dgls.infill.alphabet import barred_ids, barring
from dgls.infill.candidate import Candidate, Spelled, likelihood_of, spell
from dgls.infill.canvas import Plan
from dgls.infill.denoise import Noise, Step, denoise
from dgls.infill.layout import Canvas
from dgls.infill.reopen import Reopened
from dgls.infill.request import Fill, Frame, Run
from dgls.infill.rewrite import least_certain, open_draft
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore

PROBED_LENGTHS = (8, 16, 32, 64, 128)
"""Free positions tried for a gap of unknown length where the checkpoint cannot delete (after CAL, 2602.00476)."""
LENGTH_BIAS = 0.15
"""Exponent by which a longer probe may be less confident: too little room is the usual failure."""

OPEN_ROW = 1
"""Of the rows with the lengths of a request, the one that may draw anew what an editor closed by itself."""

State = Literal["denoising", "repairing"]
Drawn = Generator[Frame, None, list[Candidate]]


class _Loop(NamedTuple):
    """The steps that one run of the step loop has taken on its ``canvases``."""

    canvases: Sequence[Canvas]
    steps: list[Step]
    repaired: bool


class Drawing:
    """The tensors of one request, and ``nfe``: the decoder passes spent on it."""

    def __init__(self, host: Host, store: PrefixStore, plan: Plan) -> None:
        request = plan.request
        self.host, self.store, self.plan, self.request = host, store, plan, request
        self.rules = host.rules.under(request.settings)
        self.generator = torch.Generator(host.device).manual_seed(request.settings.seed)
        self.batch = request.candidates or request.settings.candidates
        self.nfe = 0
        self.cut_short = False
        """Whether denoising ended because the time was up."""
        self._step_seconds = 0.0
        self._loop = _Loop((), [], repaired=False)
        lengths = 1 if host.delete_id is None or request.keeps else request.settings.lengths
        self.greedy = min(lengths, self.batch) if request.settings.seed == 0 else 0
        """Rows whose first draw takes the likeliest tokens: one for each length."""
        self.canvases = [
            plan.canvas(
                host, plan.room(row % lengths), closed=request.closed > 0 and row % lengths != OPEN_ROW
            )
            for row in range(self.batch)
        ]
        begun = [[False] * plan.length for _ in self.canvases]
        for row, draft in enumerate(plan.drafts[: self.batch]):
            self.canvases[row], begun[row] = plan.canvas_with(host, draft)
        self.begun = torch.tensor(begun, device=host.device)
        """Which free positions hold a token to start from, instead of noise, in the first draw."""
        self.mask = [_inside(canvas) for canvas in self.canvases]
        """Which positions the first draw frees: all of the gaps, unless a part of what stands there is kept."""
        self.speaking = (
            None if host.delete_id is None else barring(host.tokenizer, host.device, host.delete_id)
        )
        """Keeps the first token of a gap that is drawn whole from being deleted: an empty fill would say nothing."""

    def draw(self) -> Drawn:
        """Denoise all candidates as one batch, from nothing or from what is kept of the gaps' own tokens."""
        if self.request.keeps:
            self._open_drafts()
        elif self.host.delete_id is None and len(self.request.gaps) == 1 and not self.plan.original[0]:
            self.canvases = [self._probe()] * self.batch
            self.mask = [_inside(canvas) for canvas in self.canvases]
        return (yield from self._draw(self.rules.max_steps, "denoising"))

    def redraw(self, steps: int) -> Drawn:
        """Denoise all candidates again in at most ``steps``, with other random numbers."""
        return (yield from self._draw(steps, "repairing"))

    def renoise(self, rows: Sequence[tuple[Canvas, Sequence[Reopened]]], steps: int) -> Drawn:
        """Denoise what is free in ``rows``, canvases with one entry per gap, in at most ``steps``.

        All else is pinned. Answers nothing where nothing is free.
        """
        canvases = [canvas for canvas, _ in rows]
        tokens = [list(canvas.tokens) for canvas in canvases]
        free = [[False] * len(canvas.tokens) for canvas in canvases]
        leanings: dict[tuple[int, int], Tensor] = {}
        for number, (canvas, row) in enumerate(rows):
            for span, gap in zip(canvas.free, row, strict=True):
                tokens[number][span.start : span.stop] = gap.tokens
                free[number][span.start : span.stop] = gap.free
                if gap.leaning is not None and True in gap.free:
                    leanings[number, span.start + gap.free.index(True)] = gap.leaning
        return (yield from self._denoise(canvases, tokens, free, steps, "repairing", leanings))

    @property
    def late(self) -> bool:
        """Whether the time will be up before another step is done."""
        return self.request.late_in(self._step_seconds)

    def earlier(self) -> Iterator[list[Candidate]]:
        """The candidates as they were before the last step of what was denoised last, and before that, and so on."""
        return itertools.islice(self._found(), 1, None)

    def _found(self) -> Iterator[list[Candidate]]:
        canvases, steps, repaired = self._loop
        return (self._candidates(canvases, step, repaired=repaired) for step in reversed(steps))

    def _draw(self, steps: int, state: State) -> Drawn:
        leanings = {
            (row, span.start): self.speaking
            for row, canvas in enumerate(self.canvases)
            for span, own in zip(canvas.free, self.plan.original, strict=True)
            if self.speaking is not None and len(span) and not (own and self.request.keeps)
        }
        tokens = [canvas.tokens for canvas in self.canvases]
        return (yield from self._denoise(self.canvases, tokens, self.mask, steps, state, leanings))

    def frame_of(self, fill: Fill) -> Frame:
        """The last frame: the fill as it is offered."""
        drafts = tuple((Run(text, fill.confidence),) if text else () for text in fill.texts)
        return Frame(self.nfe, "done", drafts)

    def _denoise(
        self,
        canvases: Sequence[Canvas],
        tokens: Sequence[Sequence[int]],
        free: Sequence[Sequence[bool]],
        steps: int,
        state: State,
        leanings: Mapping[tuple[int, int], Tensor],
    ) -> Drawn:
        """Run the step loop; answers no candidates where nothing was free."""
        first = state == "denoising"
        # What a repair draws must not break again what may be the fault: bytes that make no character.
        barred = self._barred(whole_characters=not first)

        def decode(canvas: Tensor, conditioning: Tensor | None, wanted: Tensor) -> Tensor:
            view = self.store.view(len(self.plan.context), len(canvas))
            return self.host.decode(view, canvas, conditioning, wanted)

        frames = denoise(
            decode,
            torch.tensor(tokens, device=self.host.device),
            torch.tensor(free, device=self.host.device),
            Noise(self.host.mask_id, barred, self._constraints(canvases[0]), leanings),
            replace(self.rules, max_steps=steps),
            self.generator,
            greedy=self.greedy if first else 0,
            begun=self.begun if first else None,
        )
        self._loop = _Loop(canvases, [], repaired=not first)
        began = time.monotonic()
        for step in frames:
            self._step_seconds = time.monotonic() - began
            self.nfe += 1
            self._loop.steps.append(step)
            yield Frame(self.nfe, state, self._drafts(canvases[0], step))
            if self.late:
                self.cut_short = True
                break
            began = time.monotonic()
        return next(self._found(), [])

    def _barred(self, *, whole_characters: bool) -> Tensor:
        single_line = self.request.single_line
        return barred_ids(
            self.host.tokenizer, self.host.device, single_line=single_line, whole_characters=whole_characters
        )

    def _constraints(self, canvas: Canvas) -> dict[int, Tensor]:
        """What the first free position of a gap with a healed left edge may hold; such canvases are all alike."""
        return {
            span.start: edge.allowed
            for span, edge in zip(canvas.free, self.plan.edges, strict=True)
            if edge is not None and len(span)
        }

    def _open_drafts(self) -> None:
        """Put the gaps' own tokens into the canvas and free those that one pass over them finds least certain."""
        [canvas, *_] = self.canvases
        tokens, mask = list(canvas.tokens), [False] * len(canvas.tokens)
        spare, strength = self.host.delete_id, self.request.strength or 0.0
        drafts = list(zip(canvas.free, self.plan.original, strict=True))
        for span, own in drafts:
            closed = open_draft(own, [False] * len(own), len(span), spare)
            tokens[span.start : span.stop] = closed.tokens
        view = self.store.view(len(self.plan.context), 1)
        in_place = torch.tensor([tokens], device=self.host.device)
        probabilities = self.host.decode(view, in_place).softmax(-1)
        certainty = probabilities.gather(-1, in_place[..., None])[0, :, 0].tolist()
        self.nfe += 1
        chosen = least_certain([certainty[span.start :][: len(own)] for span, own in drafts], strength)
        for (span, own), free in zip(drafts, chosen, strict=True):
            draft = open_draft(own, free, len(span), spare)
            tokens[span.start : span.stop] = draft.tokens
            mask[span.start : span.stop] = draft.free
        self.canvases = [canvas._replace(tokens=tokens)] * self.batch
        self.mask = [mask] * self.batch

    def _probe(self) -> Canvas:
        """The canvas whose number of free positions one step finds likeliest, for its length."""
        most = self.plan.length - min(len(self.plan.head), self.plan.length // 4)
        lengths = [length for length in PROBED_LENGTHS if length <= most] or [most]
        closed = self.request.closed > 0
        canvases = [self.plan.canvas(self.host, [length], closed=closed) for length in lengths]
        tokens = torch.tensor([canvas.tokens for canvas in canvases], device=self.host.device)
        free = torch.arange(tokens.shape[1], device=self.host.device) < torch.tensor(
            lengths, device=self.host.device
        ).unsqueeze(-1)
        view = self.store.view(len(self.plan.context), len(tokens))
        noise = Noise(self.host.mask_id, self._barred(whole_characters=False), {})
        noised = torch.where(free, noise.draw(tokens, self.generator), tokens)
        logits = noise.bar(self.host.decode(view, noised, None, free), free)
        likeliest = torch.zeros(free.shape, device=self.host.device).masked_scatter(
            free, logits.softmax(-1).amax(-1)
        )
        self.nfe += 1
        mean = likeliest.sum(-1) / free.sum(-1)
        scores = mean * torch.tensor(lengths, device=self.host.device) ** LENGTH_BIAS
        return canvases[int(scores.argmax())]

    def _candidates(self, canvases: Sequence[Canvas], step: Step, *, repaired: bool) -> list[Candidate]:
        """The rows of ``step`` as candidates, in order."""
        candidates = []
        delete = -1 if self.host.delete_id is None else self.host.delete_id
        for canvas, answer, confidence in zip(
            canvases, step.answer.tolist(), step.confidence.tolist(), strict=True
        ):
            spelled: list[Spelled] = []
            certain: list[float] = []
            kept: list[float] = []
            for span, edge in zip(canvas.free, self.plan.edges, strict=True):
                tokens, values = answer[span.start : span.stop], confidence[span.start : span.stop]
                words = spell(self.host.tokenizer, tokens, edge.cut if edge else b"")
                spelled.append(words._replace(certainty=tuple(values)))
                certain += values
                kept += [value for token, value in zip(tokens, values, strict=True) if token != delete]
            mean = sum(kept) / len(kept) if kept else min(confidence)
            likelihood = likelihood_of(certain, len(kept))
            candidates.append(Candidate(tuple(spelled), mean, likelihood, canvas, repaired))
        return candidates

    def _drafts(self, canvas: Canvas, step: Step) -> tuple[tuple[Run, ...], ...]:
        """The leading row of ``step`` as runs of text with one confidence each, per gap."""
        answer, confidence, settled = (
            row[0].tolist() for row in (step.answer, step.confidence, step.settled)
        )
        drafts: list[tuple[Run, ...]] = []
        for span, edge in zip(canvas.free, self.plan.edges, strict=True):
            spelled = spell(self.host.tokenizer, answer[span.start : span.stop], edge.cut if edge else b"")
            runs: list[Run] = []
            begin = 0
            for position, end in zip(span, spelled.ends, strict=True):
                if end > begin:
                    text = spelled.text[begin:end].encode(errors="replace").decode()
                    runs.append(Run(text, round(confidence[position], 3) if settled[position] else None))
                    begin = end
            drafts.append(tuple(runs))
        if canvas.closed:
            drafts[-1] += (Run(canvas.closed, 1.0),)
        return tuple(drafts)


def _inside(canvas: Canvas) -> list[bool]:
    """Which positions of ``canvas`` are in its gaps."""
    return [any(position in span for span in canvas.free) for position in range(len(canvas.tokens))]
