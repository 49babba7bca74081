"""Repair rounds: which tokens are renoised under the faults of a candidate, wider each round.

Faulty tokens and a few around them become free again; everything else of the candidate is pinned for the round, so
that repair is the same operation as filling, with another mask. Deleted positions of the gap move beside what is
freed: a repair may need more room than the text had.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dgls.infill.candidate import Spelled
from dgls.syntax import Fault

SPARE = 4
"""Deleted positions, at most, that move beside the tokens of a round."""


class Reopened(NamedTuple):
    """A gap's positions for a round, as many as the gap has: ``tokens``, and which of them are ``free``."""

    tokens: list[int]
    free: list[bool]


def reopen(spelled: Spelled, faults: Sequence[Fault], round_number: int, delete_id: int | None) -> Reopened:
    """The tokens of a gap with those under its ``faults`` freed; ``round_number`` counts from 1.

    Suspects are widened by one token per round on both sides, but not past the line of the fault while rounds are
    few; from the third round on the whole gap is drawn again.
    """
    spelling = [index for index, token in enumerate(spelled.tokens) if token != delete_id]
    rank = {index: place for place, index in enumerate(spelling)}
    suspects: set[int] = set()
    for fault in faults:
        under = [rank[index] for index in spelled.under(fault.start, fault.end) if index in rank]
        if under and round_number < 3:
            low, high = _line_of(spelled, fault)
            for place in range(min(under) - round_number, max(under) + round_number + 1):
                if 0 <= place < len(spelling) and (
                    place in under or low <= _end(spelled, spelling, place) <= high
                ):
                    suspects.add(place)
        else:
            suspects.update(range(len(spelling)))
    if not spelling:
        return Reopened(list(spelled.tokens), [True] * len(spelled.tokens))
    spare = min(SPARE, len(spelled.tokens) - len(spelling))
    widest = max(suspects, default=len(spelling) - 1)
    tokens: list[int] = []
    free: list[bool] = []
    for place, index in enumerate(spelling):
        tokens.append(spelled.tokens[index])
        free.append(place in suspects)
        if place == widest and delete_id is not None:
            tokens += [delete_id] * spare
            free += [True] * spare
    rest = len(spelled.tokens) - len(tokens)
    if delete_id is not None:
        tokens += [delete_id] * rest
        free += [False] * rest
    return Reopened(tokens, free)


def _line_of(spelled: Spelled, fault: Fault) -> tuple[int, int]:
    """The character offsets between which the lines of ``fault`` lie."""
    low = spelled.text.rfind("\n", 0, fault.start) + 1
    high = spelled.text.find("\n", fault.end)
    return low, len(spelled.text) if high < 0 else high


def _end(spelled: Spelled, spelling: Sequence[int], place: int) -> int:
    return spelled.ends[spelling[place]]
