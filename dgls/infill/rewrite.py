"""Rewriting at a strength: which of a gap's own tokens are drawn again, and where there is room for more of them.

The least certain share is freed, the rest is pinned, so that rewriting is the same operation as filling, with another
mask. How certain the model is of a token, one decoder pass over the text in place tells. Nothing here knows text.
"""

from collections.abc import Sequence
from typing import NamedTuple

SPARE_SHARE, SPARE_LEAST = 0.5, 2
"""Room for more tokens than are drawn again: so many times their number, and so many at least."""


class Draft(NamedTuple):
    """The positions of one gap: their ``tokens``, and which of them are ``free``."""

    tokens: list[int]
    free: list[bool]


def spare_positions(tokens: int, strength: float) -> int:
    """How many positions a gap of so many ``tokens`` gets besides theirs."""
    return max(SPARE_LEAST, round(SPARE_SHARE * strength * tokens))


def least_certain(certainties: Sequence[Sequence[float]], strength: float) -> list[list[bool]]:
    """Which tokens are drawn again: of all in all gaps the share ``strength``, the least certain first.

    ``certainties`` has one probability per token, per gap. At least one token is chosen at any strength above 0.
    """
    places = [(gap, index) for gap, values in enumerate(certainties) for index in range(len(values))]
    count = min(len(places), max(1, round(strength * len(places)))) if strength > 0 else 0
    chosen = set(sorted(places, key=lambda place: certainties[place[0]][place[1]])[:count])
    return [
        [(gap, index) in chosen for index in range(len(values))] for gap, values in enumerate(certainties)
    ]


def open_draft(tokens: Sequence[int], free: Sequence[bool], length: int, spare_id: int | None) -> Draft:
    """The ``length`` positions of a gap: its own ``tokens``, and spare ones shared out behind the runs of free ones.

    What is spare without a free token beside it stays closed, at the end. ``spare_id`` spells nothing; None: there is
    no such token, and the gap keeps its length.
    """
    spare = 0 if spare_id is None else length - len(tokens)
    run_ends = [
        index
        for index, is_free in enumerate(free)
        if is_free and not (index + 1 < len(free) and free[index + 1])
    ]
    draft = Draft([], [])
    for index, (token, is_free) in enumerate(zip(tokens, free, strict=True)):
        draft.tokens.append(token)
        draft.free.append(is_free)
        if index in run_ends and spare_id is not None:
            place = run_ends.index(index)
            count = spare // len(run_ends) + (place < spare % len(run_ends))
            draft.tokens.extend([spare_id] * count)
            draft.free.extend([True] * count)
    rest = length - len(draft.tokens)
    if spare_id is not None:
        draft.tokens.extend([spare_id] * rest)
        draft.free.extend([False] * rest)
    return draft
