"""Repair of the user's own code: around each fault the smallest edit after which less is wrong, one fault at a time.

What the parser misses or would take next is tried first, as candidates whose every token is pinned; of those that mend
alike the model's certainty chooses. Where no single token helps, the model denoises: first what stands under the
fault, then a share of its lines, then all of them, then the statement. Of what mends, the smallest edit is taken.
"""

from collections.abc import Generator, Iterator, Sequence
from difflib import SequenceMatcher
from math import inf
from typing import NamedTuple

import torch
from msgspec.structs import replace

from dgls.infill.canvas import plan_request
from dgls.infill.fill import fill_gaps
from dgls.infill.found import language_for
from dgls.infill.request import Answer, Fill, FillError, FillRequest, Frame, Gap, Prefilled, filled
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore
from dgls.syntax import Language, enclosing_statement
from dgls.syntax.sites import Edit, Trouble, Wrongness, mending_edits, troubles, wrongness

Steps = Generator[Frame | Prefilled, None, "Mended | None"]

SMALL = 2
"""Characters that may be taken out without asking the model for something better."""
MOST_SCORED = 16
"""Candidates that the model chooses from."""
ALIKE = 0.05
"""Nats per token by which candidates are alike to the model: then the last place on the line is taken, since what
stands on a line mostly belongs into what was opened on it."""
MOST_CHANGED = 40
"""Characters that the model may take out and put in; of longer spans, as many as half of theirs."""
STRENGTH = 0.4
"""Which share of a faulty line is drawn again, before all of it is."""


class Mended(NamedTuple):
    """An edit after which less is wrong, and how sure the model is of it."""

    edit: Edit
    confidence: float


def mend(host: Host, store: PrefixStore, request: FillRequest) -> Generator[Frame | Prefilled, None, Answer]:
    """Mend the faults that touch the spans of ``request``; the answer's ``left`` counts those that stay.

    Raises :class:`dgls.infill.request.FillError` where faults cannot be found: without a grammar, or in time.
    """
    work = _Work(host, store, request)
    spans = list(request.gaps)
    skipped = -1
    confidences: list[float] = []
    while not (request.late and (confidences or skipped >= 0)):
        todo = [trouble for trouble in work.troubles(spans) if trouble.start > skipped]
        if not todo:
            break
        mended = yield from work.mend(todo[0])
        if mended is None:
            skipped = todo[0].start
            continue
        confidences.append(mended.confidence)
        grown = len(mended.edit.text) - (mended.edit.end - mended.edit.start)
        spans = [_moved(span, mended.edit.start, grown) for span in spans]
        work.text = filled(work.text, [Gap(mended.edit.start, mended.edit.end)], [mended.edit.text])
    changes = list(differences(request.text, work.text))
    left = len(work.troubles(spans))
    gaps = tuple(gap for gap, _ in changes)
    if not changes:
        return Answer((), work.nfe, work.prefilled, work.rejected, (), left)
    confidence = sum(confidences) / len(confidences)
    fill = Fill(tuple(text for _, text in changes), confidence, True, True, work.nfe)
    return Answer((fill,), work.nfe, work.prefilled, work.rejected, gaps, left)


class _Region(NamedTuple):
    """What is denoised of a text, and how much of it."""

    gap: Gap
    strength: float | None = None
    single_line: bool = False


class _Work:
    """The text as it is mended so far, and what that cost."""

    def __init__(self, host: Host, store: PrefixStore, request: FillRequest) -> None:
        self.host, self.store, self.request = host, store, request
        self.language: Language = language_for(request, "faults")
        self.text = request.text
        self.nfe = self.prefilled = self.rejected = 0

    def troubles(self, spans: Sequence[Gap]) -> list[Trouble]:
        """What is wrong and touches ``spans``."""
        found = troubles(self.text, self.language)
        if found is None:
            raise FillError(
                "the text is too large, or too broken, to find its faults in time; no part of it was changed"
            )
        return [
            trouble
            for trouble in found
            if any(trouble.start <= span.end and span.start <= trouble.end for span in spans)
        ]

    def mend(self, trouble: Trouble) -> Steps:
        """The smallest edit near ``trouble`` after which less is wrong, if any is found."""
        wrong = self._wrong(self.text)
        single = [
            edit for edit in mending_edits(self.text, self.language, trouble) if self._helps(edit, wrong)
        ]
        if not any(self._lessens(edit, wrong) for edit in single):
            double = mending_edits(self.text, self.language, trouble, two=True)
            single = [edit for edit in double if self._lessens(edit, wrong)] or single
        single.sort(key=_size)
        likely = [edit for edit in single if edit.text or edit.end - edit.start <= SMALL]
        if likely:
            put_in = [
                edit for edit in likely if edit.text
            ] or likely  # what is missing is more often forgotten
            least = _size(put_in[0])
            return (yield from self._likeliest([edit for edit in put_in if _size(edit) == least]))
        for region in self._regions(trouble):
            if self.request.late:
                break
            found = yield from self._denoised(region, wrong)
            if found is not None:
                return found
        return (yield from self._likeliest(single[:1])) if single else None

    def _lessens(self, edit: Edit, wrong: Wrongness) -> bool:
        """Whether fewer characters are wrong after ``edit``: it does more than put the fault off."""
        return self._wrong(self._with(edit)).extent < wrong.extent

    def _wrong(self, text: str) -> Wrongness:
        """How much is wrong in ``text``; more than anything can be where there was no time to find out."""
        found = troubles(text, self.language)
        return Wrongness(3 * len(text) + 3, -1) if found is None else wrongness(text, found)

    def _helps(self, edit: Edit, wrong: Wrongness) -> bool:
        """Whether less is wrong after ``edit`` than ``wrong``."""
        left = self._wrong(self._with(edit))
        grown = len(edit.text) - (edit.end - edit.start)
        return left._replace(stumble=left.stumble - grown).is_less(wrong, -grown)

    def _with(self, edit: Edit) -> str:
        return filled(self.text, [Gap(edit.start, edit.end)], [edit.text])

    def _regions(self, trouble: Trouble) -> "Iterator[_Region]":
        """What is denoised: ever more."""
        text = self.text
        start = text.rfind("\n", 0, trouble.start) + 1
        start += len(text[start:]) - len(text[start:].lstrip(" \t"))
        start = min(start, trouble.start)
        end = text.find("\n", trouble.start)
        line = Gap(start, max(start, len(text) if end < 0 else end))
        under = Gap(max(line.start, trouble.start), min(line.end, max(trouble.start, trouble.end)))
        if under != line and under.end - under.start < line.end - line.start:
            yield _Region(under, single_line=True)
        yield _Region(Gap(line.end, line.end), single_line=True)  # something may be missing at its end
        yield _Region(line, STRENGTH, single_line=True)
        yield _Region(line)
        statement = enclosing_statement(text, under, self.language)
        if statement is not None and statement not in (line, under):
            yield _Region(statement)

    def _denoised(self, region: "_Region", wrong: Wrongness) -> Steps:
        """The smallest of the model's candidates for ``region`` after which less is wrong than ``wrong``."""
        gap = region.gap
        settings = replace(self.request.settings, validate=False, repair_rounds=0)
        request = replace(
            self.request,
            text=self.text,
            gaps=(gap,),
            find=None,
            strength=region.strength,
            single_line=region.single_line,
            settings=settings,
        )
        try:
            steps = fill_gaps(self.host, self.store, request)
            while True:
                step = next(steps)
                yield self._seen(step, gap) if isinstance(step, Frame) else step
        except StopIteration as end:
            answer: Answer = end.value
        except FillError:  # what is to be kept does not fit: the next region keeps less
            return None
        self.nfe += answer.nfe
        self.prefilled = max(self.prefilled, answer.prefill_tokens)
        found: list[Mended] = []
        for fill in answer.fills:
            edit = trimmed(self.text, gap, fill.texts[0])
            # What parses because most of it is gone is not mended.
            most = max(MOST_CHANGED, (gap.end - gap.start) // 2)
            if self._changed(edit) <= most and self._helps(edit, wrong):
                found.append(Mended(edit, fill.confidence))
        self.rejected += answer.rejected + len(answer.fills) - len(found)
        return min(found, key=lambda mended: (self._changed(mended.edit), -mended.confidence), default=None)

    def _changed(self, edit: Edit) -> int:
        """How many characters ``edit`` takes out and puts in."""
        old = self.text[edit.start : edit.end]
        same = sum(block.size for block in SequenceMatcher(None, old, edit.text, False).get_matching_blocks())
        return len(old) + len(edit.text) - 2 * same

    def _seen(self, frame: Frame, gap: Gap) -> Frame:
        """What a step shows, where the gap stood before anything was mended."""
        grown = len(self.text) - len(self.request.text)
        start, end = (min(max(0, place - grown), len(self.request.text)) for place in gap)
        state = "repairing" if frame.state == "done" else frame.state
        return Frame(self.nfe + frame.step, state, frame.drafts, (Gap(start, end),))

    def _likeliest(self, edits: Sequence[Edit]) -> Steps:
        """The edit whose line the model is surest of: one decoder pass over all of them, every token pinned."""
        edits = edits[:MOST_SCORED]
        low = self.text.rfind("\n", 0, min(edit.start for edit in edits)) + 1
        high = self.text.find("\n", max(edit.end for edit in edits))
        line = Gap(low, len(self.text) if high < 0 else high)
        request = replace(self.request, text=self.text, gaps=(line,), find=None, strength=0.0)
        texts = [
            self.text[line.start : edit.start] + edit.text + self.text[edit.end : line.end] for edit in edits
        ]
        rows = [self.host.tokenizer.encode(text) for text in texts]
        try:
            plan = plan_request(self.host, request)
        except FillError:  # a line that is longer than any canvas: the first edit is as good as another
            return Mended(edits[0], 0.0)
        for done in self.host.prefill(self.store, plan.context):
            self.prefilled = len(plan.context)
            yield Prefilled(done, self.prefilled)
        longest = plan.length - min(len(plan.head), 1)
        rows = [row[:longest] for row in rows]
        tokens = torch.tensor([plan.canvas(self.host, [len(row)]).tokens for row in rows])
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = torch.tensor(row, dtype=torch.long)
        tokens = tokens.to(self.host.device)
        view = self.store.view(len(plan.context), len(rows))
        likely = self.host.decode(view, tokens).log_softmax(-1).gather(-1, tokens[..., None])[..., 0]
        self.nfe += 1
        scores = [float(likely[index, : len(row)].mean()) if row else -inf for index, row in enumerate(rows)]
        near = (index for index, score in enumerate(scores) if score >= max(scores) - ALIKE)
        best = max(near, key=lambda index: (edits[index].start, scores[index]))
        self.rejected += len(edits) - 1
        confidence = float(torch.tensor(scores[best]).exp())
        yield Frame(self.nfe, "repairing", ((),), (self._seen(Frame(0, "done", ()), line).gaps or (line,)))
        return Mended(edits[best], confidence)


def trimmed(text: str, gap: Gap, new: str) -> Edit:
    """The edit that puts ``new`` into ``gap``, without what stays the same at both of its ends."""
    start, end = gap
    while start < end and new and text[start] == new[0]:
        start, new = start + 1, new[1:]
    while start < end and new and text[end - 1] == new[-1]:
        end, new = end - 1, new[:-1]
    return Edit(start, end, new)


def differences(before: str, after: str) -> Iterator[tuple[Gap, str]]:
    """The spans of ``before`` that are other in ``after``, and what stands there then; line by line, then trimmed."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    starts = [0]
    for line in old:
        starts.append(starts[-1] + len(line))
    for kind, low, high, new_low, new_high in SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal":
            edit = trimmed(before, Gap(starts[low], starts[high]), "".join(new[new_low:new_high]))
            yield Gap(edit.start, edit.end), edit.text


def _size(edit: Edit) -> int:
    return edit.end - edit.start + len(edit.text)


def _moved(span: Gap, place: int, grown: int) -> Gap:
    """``span`` after an edit at ``place`` that made the text longer by ``grown``."""
    return Gap(
        span.start + (grown if place < span.start else 0), span.end + (grown if place <= span.end else 0)
    )
