"""What infilling is asked and what it answers: plain values, no tensors, so that every room may use them.

One operation serves every job: a text, one or more gaps in it, and for each gap what is known of its length.
Offsets count characters (code points) of the text, never bytes or UTF-16 units.
"""

from typing import Literal, NamedTuple

import msgspec

from dgls.config import InfillSettings


class Gap(NamedTuple):
    """A span ``text[start:end]`` whose text is to be found; empty at a cursor."""

    start: int
    end: int


class FillRequest(msgspec.Struct, frozen=True):
    """One job for the model.

    ``gaps`` are sorted and do not overlap. ``language`` is an LSP language id. ``path`` names the file to the model
    and may be empty. ``single_line`` keeps line breaks out of the fills. ``candidates`` overrides the settings.
    """

    text: str
    gaps: tuple[Gap, ...]
    language: str
    path: str = ""
    settings: InfillSettings = InfillSettings()
    single_line: bool = False
    candidates: int | None = None
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


class Run(NamedTuple):
    """A stretch of a draft with one confidence: the probability of its least certain token, or None if unsettled."""

    text: str
    confidence: float | None


class Frame(NamedTuple):
    """What a denoising step shows of the leading candidate.

    ``drafts`` holds, per gap, the runs of its draft text; runs without a confidence are still noise and carry no
    text that is worth showing.
    """

    step: int
    state: Literal["denoising", "repairing", "done"]
    drafts: tuple[tuple[Run, ...], ...]


class Prefilled(NamedTuple):
    """A prefill chunk is done: ``done`` of ``total`` context tokens stand in the prefix store."""

    done: int
    total: int


class Fill(NamedTuple):
    """An answer that is offered: one text per gap.

    ``validated`` is False where no grammar or no verdict in time was to be had, or where the user turned it off.
    ``confidence`` is the mean probability of its tokens; ``nfe`` counts decoder passes over the whole request.
    """

    texts: tuple[str, ...]
    confidence: float
    validated: bool
    repaired: bool
    nfe: int

    def apply(self, request: FillRequest) -> str:
        """The request's text with the gaps filled; every character outside the gaps is unchanged."""
        parts: list[str] = []
        end = 0
        for gap, text in zip(request.gaps, self.texts, strict=True):
            parts += (request.text[end : gap.start], text)
            end = gap.end
        return "".join([*parts, request.text[end:]])


class Answer(NamedTuple):
    """All fills of a request, best first, and what they cost. No fills say that nothing valid was found.

    ``prefill_tokens`` is the length of the context if any of it had to be read, 0 where the store had it all.
    """

    fills: tuple[Fill, ...]
    nfe: int
    prefill_tokens: int
    rejected: int
    """Candidates that were denoised but not offered."""
