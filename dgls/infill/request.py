"""What infilling is asked and what it answers: plain values, no tensors, so that every room may use them.

One operation serves every job: a text, one or more gaps in it, and how much of what stands there is kept. What must
survive to the letter is no part of a gap. Offsets count characters (code points) of the text, never bytes or UTF-16
units.
"""

import time
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from dgls.config import InfillSettings

GRACE_SECONDS = 0.05
"""What choosing among unfinished answers may take when the time is up: looking for a beginning that is valid."""


Find = Literal["each", "holes", "faults", "completion"]


class FillError(Exception):
    """A request that cannot be filled; the message says why, and what could."""


class Gap(NamedTuple):
    """A span ``text[start:end]`` whose text is to be found; empty at a cursor."""

    start: int
    end: int


def unpinned(selection: Gap, pins: Sequence[Gap]) -> tuple[Gap, ...]:
    """The gaps that are left of ``selection`` where ``pins`` must survive to the letter.

    Raises :class:`FillError` for pins that are empty, out of order, overlapping or outside the selection, and where
    they leave nothing to fill. Pins side by side are one: nothing is put between them.
    """
    gaps: list[Gap] = []
    end = selection.start
    for number, pin in enumerate(pins, 1):
        if pin.end <= pin.start:
            raise FillError(f"pin {number} is empty or ends before it starts; a pin holds what must survive")
        if pin.start < selection.start or pin.end > selection.end:
            raise FillError(f"pin {number} is not inside its selection; move it, or select more")
        if pin.start < end:
            raise FillError(
                f"pin {number} begins before pin {number - 1} ends; sort pins, and join those that overlap"
            )
        if end < pin.start:
            gaps.append(Gap(end, pin.start))
        end = pin.end
    if end < selection.end or not pins:
        gaps.append(Gap(end, selection.end))
    if not gaps:
        raise FillError("the pins hold the whole selection: nothing is left to fill")
    return tuple(gaps)


def in_order(gaps: Sequence[Gap], what: str) -> tuple[Gap, ...]:
    """``gaps`` as they are; raises :class:`FillError` where they overlap, repeat, are not sorted or are reversed.

    ``what`` is what the message calls them.
    """
    for number, gap in enumerate(gaps, 1):
        if gap.end < gap.start:
            raise FillError(f"{what} {number} ends before it starts")
        before = gaps[number - 2] if number > 1 else None
        if before is not None and (gap.start < before.end or gap == before):
            raise FillError(
                f"{what} {number} begins before {what} {number - 1} ends; sort them, and join those that overlap"
            )
    return tuple(gaps)


def shifted(gaps: Sequence[Gap], by: int) -> tuple[Gap, ...]:
    """``gaps`` that many characters further on."""
    return tuple(Gap(gap.start + by, gap.end + by) for gap in gaps)


class Source(NamedTuple):
    """Another text that may help to fill a gap. ``edited`` are the lines (from 0) at which it was edited lately."""

    path: str
    text: str
    language: str
    edited: tuple[int, ...] = ()


class Elsewhere(NamedTuple):
    """Other texts, and the place that what helps of them is chosen for: a gap in a text, which may be an earlier one.

    While the user types, that place stays the same, and so does what is chosen. ``tokens`` is how much of the context
    it may take.
    """

    sources: tuple[Source, ...]
    text: str
    gap: Gap
    tokens: int


class Piece(NamedTuple):
    """A piece of another text, and the path of its file."""

    path: str
    text: str


class Related(NamedTuple):
    """What was chosen of other texts, best first, for at most so many ``tokens`` of the context."""

    pieces: tuple[Piece, ...] = ()
    tokens: int = 0


class FillRequest(msgspec.Struct, frozen=True):
    """One job for the model.

    ``gaps`` are sorted and do not overlap; with ``find`` they are the spans in which the gaps are yet to be found.
    ``language`` is an LSP language id. ``path`` names the file to the model and may be empty. ``single_line`` keeps
    line breaks out of the fills. ``candidates`` overrides the settings.
    """

    text: str
    gaps: tuple[Gap, ...]
    language: str
    path: str = ""
    settings: InfillSettings = InfillSettings()
    single_line: bool = False
    candidates: int | None = None
    find: Find | None = None
    """What in ``gaps`` is to be filled: all of it; each of them by itself, which need not fit one canvas; the holes in
    them; or as little as mends the faults that touch them. A completion is what is written at a cursor: the syntax tree
    says whether that is one line, and what an editor closed behind it."""
    confident: float = 0.0
    """Completions end before the first token that is less probable than this, where what is left is whole."""
    begins: str = ""
    """What a completion has to begin with: it is pinned in place of what stands in the gap."""
    strength: float | None = None
    """Which share of the gaps' own tokens is drawn again, the least certain first; None, as 1: all are drawn anew."""
    closed: int = 0
    """How many characters at the end of the last gap an editor closed by itself; some candidates keep them."""
    part: Gap | None = None
    """The stretch of the text, around all gaps, that must parse by itself, as a notebook's cell; None: all of it."""
    elsewhere: Elsewhere | None = None
    """Where ``related`` is still to be chosen from; None: nowhere."""
    related: Related = Related()
    """What the model reads of other texts before this one."""
    deadline: float | None = None
    """``time.monotonic()`` seconds at which the best answer so far is taken; None: no deadline."""

    def __post_init__(self) -> None:
        if not self.gaps:
            raise ValueError("a request needs at least one gap")
        previous = 0
        for gap in self.gaps:
            if not previous <= gap.start <= gap.end <= len(self.text):
                raise ValueError(
                    f"gap {gap.start}-{gap.end} is out of order or outside the text (0 to {len(self.text)} characters)"
                )
            previous = gap.end
        if not 0 <= self.closed <= self.gaps[-1].end - self.gaps[-1].start:
            raise ValueError(
                f"the last gap does not have the {self.closed} characters that are said to be closed"
            )
        if self.part is not None and not self.part.start <= self.gaps[0].start <= previous <= self.part.end:
            raise ValueError(f"the gaps are not inside the part {self.part.start}-{self.part.end}")
        if self.strength is not None and not 0 <= self.strength <= 1:
            raise ValueError(f"a strength is from 0 (keep everything) to 1 (start anew), got {self.strength}")

    @property
    def late(self) -> bool:
        """Whether its time is up."""
        return self.late_in(0.0)

    @property
    def overdue(self) -> bool:
        """Whether the time is up too in which the best of what there is at its deadline is chosen."""
        return self.late_in(-GRACE_SECONDS)

    def late_in(self, seconds: float) -> bool:
        """Whether its time is up so many seconds from now."""
        return self.deadline is not None and time.monotonic() + seconds >= self.deadline

    @property
    def originals(self) -> tuple[str, ...]:
        """What stands in its gaps."""
        return tuple(self.text[gap.start : gap.end] for gap in self.gaps)

    @property
    def at_cursor(self) -> bool:
        """Whether it is for one gap in which nothing stands but what an editor closed."""
        [*others, gap] = self.gaps
        return not others and gap.end - gap.start == self.closed

    @property
    def closed_text(self) -> str:
        """What an editor closed by itself."""
        end = self.gaps[-1].end
        return self.text[end - self.closed : end]

    @property
    def keeps(self) -> bool:
        """Whether a part of the gaps' own tokens is kept."""
        return self.strength is not None and self.strength < 1


class Run(NamedTuple):
    """A stretch of a draft with one confidence: the probability of its least certain token, or None if unsettled."""

    text: str
    confidence: float | None


class Frame(NamedTuple):
    """What a denoising step shows of the leading candidate.

    ``drafts`` holds, per gap, the runs of its draft text; runs without a confidence are still noise and carry no
    text that is worth showing. ``gaps`` are those that a job has found; None: they are the request's.
    """

    step: int
    state: Literal["denoising", "repairing", "done"]
    drafts: tuple[tuple[Run, ...], ...]
    gaps: tuple[Gap, ...] | None = None


class Prefilled(NamedTuple):
    """A prefill chunk is done: ``done`` of ``total`` context tokens stand in the prefix store."""

    done: int
    total: int


class Fill(NamedTuple):
    """An answer that is offered: one text per gap.

    ``validated`` is False where no grammar or no verdict in time was to be had, or where the user turned it off.
    ``confidence`` is the mean probability of its tokens; ``nfe`` counts decoder passes over the whole request.
    ``repaired`` says that it is not as first drawn, ``shortened`` that it is the beginning of an answer that was at
    fault further on.
    """

    texts: tuple[str, ...]
    confidence: float
    validated: bool
    repaired: bool
    nfe: int
    shortened: bool = False

    def apply(self, request: FillRequest) -> str:
        """The request's text with the gaps filled; every character outside the gaps is unchanged."""
        return filled(request.text, request.gaps, self.texts)


class Answer(NamedTuple):
    """All fills of a request, best first, and what they cost. No fills say that nothing valid was found.

    ``prefill_tokens`` is the length of the context if any of it had to be read, 0 where the store had it all.
    """

    fills: tuple[Fill, ...]
    nfe: int
    prefill_tokens: int
    rejected: int
    """Candidates that were denoised but not offered."""
    gaps: tuple[Gap, ...] | None = None
    """The gaps that the fills are for, where a job has found them; None: they are the request's."""
    left: int = 0
    """Of what a job has found, how many holes or faults stay as they are."""
    early: bool = False
    """Whether the time was up before the work was done: with more of it there might be a better answer."""


def filled(text: str, gaps: Sequence[Gap], fills: Sequence[str]) -> str:
    """``text`` with ``fills`` in its ``gaps``, which are sorted; every character outside of them is unchanged."""
    parts: list[str] = []
    end = 0
    for gap, fill in zip(gaps, fills, strict=True):
        parts += (text[end : gap.start], fill)
        end = gap.end
    return "".join([*parts, text[end:]])
