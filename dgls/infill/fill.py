"""The way of one request: gap -> context -> canvas -> denoise -> verdict -> repair -> ranked fills.

:func:`fill_gaps` is a generator: it yields after each prefill chunk and each denoising step, so that its driver can
show frames, and cancels by closing it. It looks at the deadline itself and then answers with the best it has.
"""

from collections.abc import Generator, Iterator, Sequence
from typing import Literal, NamedTuple

import torch
from msgspec.structs import replace
from torch import Tensor

from dgls.infill.alphabet import barred_ids
from dgls.infill.candidate import Spelled, spell
from dgls.infill.canvas import Plan, plan_request
from dgls.infill.denoise import Noise, Step, denoise
from dgls.infill.layout import Canvas
from dgls.infill.repair import reopen
from dgls.infill.request import Answer, Fill, FillRequest, Frame, Prefilled, Run
from dgls.infill.rewrite import least_certain, open_draft
from dgls.model.description import SamplerRules
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore
from dgls.syntax import (
    Fragment,
    GrammarMissing,
    Verdict,
    encoding_faults,
    fragment_around,
    language_of,
    statement_ends,
    verdict,
)

PROBED_LENGTHS = (8, 16, 32, 64, 128)
"""Free positions tried for a gap of unknown length where the checkpoint cannot delete (after CAL, 2602.00476)."""
LENGTH_BIAS = 0.15
"""Exponent by which a longer probe may be less confident: too little room is the usual failure."""


class Candidate(NamedTuple):
    """A denoised answer: per gap its tokens and text, and the mean probability of its tokens."""

    gaps: tuple[Spelled, ...]
    confidence: float
    repaired: bool = False

    @property
    def texts(self) -> tuple[str, ...]:
        """One text per gap."""
        return tuple(gap.text for gap in self.gaps)


def fill_gaps(
    host: Host, store: PrefixStore, request: FillRequest
) -> Generator[Frame | Prefilled, None, Answer]:
    """Fill the gaps of ``request`` with up to its number of candidates, best first.

    Raises :class:`dgls.infill.request.FillError` where the gaps do not fit into a canvas.
    """
    return (yield from fill_plan(host, store, plan_request(host, request)))


def fill_plan(host: Host, store: PrefixStore, plan: Plan) -> Generator[Frame | Prefilled, None, Answer]:
    """Fill a request as ``plan`` lays it out; measurements change the plan, to see what a part of it is worth."""
    request = plan.request
    total = len(plan.context)
    prefilled = 0
    for done in host.prefill(store, plan.context):
        prefilled = total
        yield Prefilled(done, total)
        if request.late:
            return Answer((), 0, done, 0)
    fragment = _fragment(request)
    work = _Work(host, store, plan)
    candidates = yield from work.draw()
    judged = [(candidate, _judge(fragment, candidate)) for candidate in candidates]
    if not any(_is_clean(ruling) for _, ruling in judged):
        # What was broken before is not the fill's to mend, but worth a try.
        rounds = 1 if any(ruling.ok for _, ruling in judged) else request.settings.repair_rounds
        rounds = min(rounds, request.settings.repair_rounds)
        if request.settings.repair == "renoise" and not request.keeps:  # repair may free what is to be kept
            repaired = yield from work.repair(fragment, judged, rounds)
        else:
            repaired = yield from work.resample(fragment, rounds * request.settings.repair_steps)
        judged = [*repaired, *judged]
    offered = _offer(request, fragment, judged, work.nfe)
    if offered:
        yield work.frame_of(offered[0])
    return Answer(tuple(offered), work.nfe, prefilled, len(judged) - len(offered))


def answer_of(steps: Generator[Frame | Prefilled, None, Answer]) -> Answer:
    """Drive a fill to its end without looking at its frames."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer


class _Work:
    """The tensors of one request, and the decoder passes spent on it."""

    def __init__(self, host: Host, store: PrefixStore, plan: Plan) -> None:
        request = plan.request
        self.host, self.store, self.plan, self.request = host, store, plan, request
        self.rules = host.rules.under(request.settings)
        self.generator = torch.Generator(host.device).manual_seed(request.settings.seed)
        self.batch = request.candidates or request.settings.candidates
        self.nfe = 0
        self.canvas = plan.canvas(host, plan.free)
        self.mask = [any(position in span for span in self.canvas.free) for position in range(plan.length)]
        """Which positions the first draw frees: all of the gaps, unless a part of what stands there is kept."""

    def draw(self) -> Generator[Frame, None, list[Candidate]]:
        """Denoise all candidates as one batch, from nothing or from what is kept of the gaps' own tokens."""
        if self.request.keeps:
            self._open_drafts()
        elif self.host.delete_id is None and len(self.request.gaps) == 1 and not self.plan.original[0]:
            self.canvas = self._probe()
            [span] = self.canvas.free
            self.mask = [position in span for position in range(self.plan.length)]
        return (yield from self._draw(self.rules, "denoising"))

    def resample(
        self, fragment: Fragment | None, passes: int
    ) -> Generator[Frame, None, list[tuple[Candidate, Verdict]]]:
        """Draw all candidates anew, as often as ``passes`` decoder passes allow, until one is clean.

        This is what repair is measured against. Answers what is without fault, which may be nothing.
        """
        good: list[tuple[Candidate, Verdict]] = []
        end = self.nfe + passes
        while self.nfe < end and not self.request.late:
            rules = replace(self.rules, max_steps=min(self.rules.max_steps, end - self.nfe))
            fresh = yield from self._draw(rules, "repairing")
            judged = [(candidate, _judge(fragment, candidate)) for candidate in fresh]
            good += ((candidate._replace(repaired=True), ruling) for candidate, ruling in judged if ruling.ok)
            if not fresh or any(_is_clean(ruling) for _, ruling in judged):
                break
        return good

    def _draw(
        self, rules: SamplerRules, state: Literal["denoising", "repairing"]
    ) -> Generator[Frame, None, list[Candidate]]:
        tokens = torch.tensor([self.canvas.tokens] * self.batch, device=self.host.device)
        free = torch.tensor([self.mask] * self.batch, device=self.host.device)
        last = yield from self._denoise(tokens, free, rules, state)
        return self._candidates(last) if last else []

    def repair(
        self, fragment: Fragment | None, judged: Sequence[tuple[Candidate, Verdict]], rounds: int
    ) -> Generator[Frame, None, list[tuple[Candidate, Verdict]]]:
        """Rounds of renoising under the faults of ``judged``, all candidates at once, until one is clean.

        Answers those of the last round that are without fault, which may be none.
        """
        settings = self.request.settings
        rules = replace(self.rules, max_steps=settings.repair_steps)
        current = list(judged)
        for round_number in range(1, rounds + 1):
            if not current or self.request.late:
                break
            rows, masks = [], []
            for candidate, ruling in current:
                row, mask = list(self.canvas.tokens), [False] * len(self.canvas.tokens)
                for index, span in enumerate(self.canvas.free):
                    wrong = (*ruling.faults, *ruling.excused)
                    faults = [fault for fault in wrong if fault.gap == index]
                    opened = reopen(candidate.gaps[index], faults, round_number, self.host.delete_id)
                    row[span.start : span.stop] = opened.tokens
                    if faults:
                        mask[span.start : span.stop] = opened.free
                rows.append(row)
                masks.append(mask)
            tokens = torch.tensor(rows, device=self.host.device)
            free = torch.tensor(masks, device=self.host.device)
            last = yield from self._denoise(tokens, free, rules, "repairing")
            if last is None:
                break
            fresh = [candidate._replace(repaired=True) for candidate in self._candidates(last)]
            current = [(candidate, _judge(fragment, candidate)) for candidate in fresh]
            if any(_is_clean(ruling) for _, ruling in current):
                break
        return [pair for pair in current if pair[0].repaired and pair[1].ok]

    def frame_of(self, fill: Fill) -> Frame:
        """The last frame: the fill as it is offered."""
        drafts = tuple((Run(text, fill.confidence),) if text else () for text in fill.texts)
        return Frame(self.nfe, "done", drafts)

    def _denoise(
        self,
        tokens: Tensor,
        free: Tensor,
        rules: SamplerRules,
        state: Literal["denoising", "repairing"],
    ) -> Generator[Frame, None, Step | None]:
        """Run the step loop; answers the last step, or None where nothing was free."""
        first = state == "denoising"
        # What a repair draws must not break again what may be the fault: bytes that make no character.
        barred = self._barred(whole_characters=not first)
        view = self.store.view(len(self.plan.context), len(tokens))
        noise = Noise(self.host.mask_id, barred, self._constraints())
        steps = denoise(
            lambda canvas, conditioning: self.host.decode(view, canvas, conditioning),
            tokens,
            free,
            noise,
            rules,
            self.generator,
            greedy_lead=first,
        )
        last: Step | None = None
        for last in steps:
            self.nfe += 1
            yield Frame(self.nfe, state, self._drafts(last))
            if self.request.late:
                break
        return last

    def _barred(self, *, whole_characters: bool) -> Tensor:
        single_line = self.request.single_line
        return barred_ids(
            self.host.tokenizer, self.host.device, single_line=single_line, whole_characters=whole_characters
        )

    def _constraints(self) -> dict[int, Tensor]:
        """What the first free position of a gap with a healed left edge may hold."""
        return {
            span.start: edge.allowed
            for span, edge in zip(self.canvas.free, self.plan.edges, strict=True)
            if edge is not None and len(span)
        }

    def _open_drafts(self) -> None:
        """Put the gaps' own tokens into the canvas and free those that one pass over them finds least certain."""
        tokens, mask = list(self.canvas.tokens), [False] * len(self.canvas.tokens)
        spare, strength = self.host.delete_id, self.request.strength or 0.0
        drafts = list(zip(self.canvas.free, self.plan.original, strict=True))
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
        self.canvas = self.canvas._replace(tokens=tokens)
        self.mask = mask

    def _probe(self) -> Canvas:
        """The canvas whose number of free positions one step finds likeliest, for its length."""
        most = self.plan.length - min(len(self.plan.head), self.plan.length // 4)
        lengths = [length for length in PROBED_LENGTHS if length <= most] or [most]
        canvases = [self.plan.canvas(self.host, [length]) for length in lengths]
        tokens = torch.tensor([canvas.tokens for canvas in canvases], device=self.host.device)
        free = torch.arange(tokens.shape[1], device=self.host.device) < torch.tensor(
            lengths, device=self.host.device
        ).unsqueeze(-1)
        view = self.store.view(len(self.plan.context), len(tokens))
        noise = Noise(self.host.mask_id, self._barred(whole_characters=False), {})
        noised = torch.where(free, noise.draw(tokens, self.generator), tokens)
        likeliest = noise.bar(self.host.decode(view, noised, None)).softmax(-1).amax(-1)
        self.nfe += 1
        mean = (likeliest * free).sum(-1) / free.sum(-1)
        scores = mean * torch.tensor(lengths, device=self.host.device) ** LENGTH_BIAS
        return canvases[int(scores.argmax())]

    def _candidates(self, step: Step) -> list[Candidate]:
        """The rows of ``step`` as candidates, in order."""
        candidates = []
        delete = -1 if self.host.delete_id is None else self.host.delete_id
        for answer, confidence in zip(step.answer.tolist(), step.confidence.tolist(), strict=True):
            spelled: list[Spelled] = []
            kept: list[float] = []
            for span, edge in zip(self.canvas.free, self.plan.edges, strict=True):
                tokens = answer[span.start : span.stop]
                spelled.append(spell(self.host.tokenizer, tokens, edge.cut if edge else b""))
                kept += [
                    value
                    for token, value in zip(tokens, confidence[span.start : span.stop], strict=True)
                    if token != delete
                ]
            mean = sum(kept) / len(kept) if kept else min(confidence)
            candidates.append(Candidate(tuple(spelled), mean))
        return candidates

    def _drafts(self, step: Step) -> tuple[tuple[Run, ...], ...]:
        """The leading row of ``step`` as runs of text with one confidence each, per gap."""
        answer, confidence, settled = (
            row[0].tolist() for row in (step.answer, step.confidence, step.settled)
        )
        drafts = []
        for span, edge in zip(self.canvas.free, self.plan.edges, strict=True):
            spelled = spell(self.host.tokenizer, answer[span.start : span.stop], edge.cut if edge else b"")
            runs: list[Run] = []
            begin = 0
            for position, end in zip(span, spelled.ends, strict=True):
                if end > begin:
                    text = spelled.text[begin:end].encode(errors="replace").decode()
                    runs.append(Run(text, round(confidence[position], 3) if settled[position] else None))
                    begin = end
            drafts.append(tuple(runs))
        return tuple(drafts)


def _fragment(request: FillRequest) -> Fragment | None:
    """The fragment that verdicts are given on; None where the user wants none, or no grammar is at hand."""
    if not request.settings.validate:
        return None
    try:
        language = language_of(request.language, request.path)
    except GrammarMissing:
        return None
    return fragment_around(request.text, request.gaps, language) if language else None


def _judge(fragment: Fragment | None, candidate: Candidate) -> Verdict:
    """The verdict on a candidate; without a fragment, only bytes that are no text are a fault."""
    if fragment:
        return verdict(fragment, candidate.texts)
    return Verdict(tuple(encoding_faults(candidate.texts)), checked=False)


def _is_clean(ruling: Verdict) -> bool:
    """Whether nothing at the fills is wrong, not even what was so before."""
    return ruling.ok and not ruling.excused


def _offer(
    request: FillRequest,
    fragment: Fragment | None,
    judged: Sequence[tuple[Candidate, Verdict]],
    nfe: int,
) -> list[Fill]:
    """What is offered of the judged candidates: the distinct faultless ones, best first, else a valid beginning."""
    good = [(candidate, ruling) for candidate, ruling in judged if ruling.ok]
    if not good and fragment and len(request.gaps) == 1 and not request.keeps:
        good = [
            (shorter, Verdict(()))
            for candidate, _ in judged
            for shorter in _valid_beginning(fragment, candidate)
        ][:1]
    present = tuple(request.text[gap.start : gap.end] for gap in request.gaps)
    fills: dict[tuple[str, ...], Fill] = {}
    for candidate, ruling in sorted(good, key=_rank):
        texts = candidate.texts
        says_something = any(text.strip() for text in texts)
        if says_something and texts != present and texts not in fills and _is_text(texts):
            fills[texts] = Fill(texts, candidate.confidence, ruling.checked, candidate.repaired, nfe)
    return list(fills.values())


def _rank(judged: tuple[Candidate, Verdict]) -> tuple[bool, int, float]:
    """Checked before unchecked, then what leaves less that is wrong, then by confidence."""
    candidate, ruling = judged
    return not ruling.checked, ruling.remaining, -candidate.confidence


def _valid_beginning(fragment: Fragment, candidate: Candidate) -> Iterator[Candidate]:
    """The longest faultless beginning of a fill that ends with a statement, if any."""
    text = candidate.texts[0]
    for end in sorted(statement_ends(fragment, candidate.texts, 0), reverse=True):
        if 0 < end < len(text) and text[:end].strip() and verdict(fragment, (text[:end],)).ok:
            yield candidate._replace(gaps=(candidate.gaps[0]._replace(text=text[:end]),))
            return


def _is_text(texts: Sequence[str]) -> bool:
    """Whether all ``texts`` are sound Unicode: bytes that are not UTF-8 stand in them as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)
