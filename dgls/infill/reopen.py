"""Which tokens of a candidate are renoised under its faults, wider each round.

Faulty tokens and a few around them become free again; everything else of the candidate is pinned for the round, so
that repair is the same operation as filling, with another mask. Deleted positions of the gap move beside what is
freed: a repair may need more room than the text had.
"""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

from dgls.infill.candidate import Spelled
from dgls.syntax import Fault

SPARE = 4
"""Deleted positions, at most, that move beside the tokens of a round."""


class Reopened(NamedTuple):
    """A gap's positions for a round, as many as the gap has: ``tokens``, and which of them are ``free``.

    ``leaning`` [vocabulary] is added to the logits of the first free one.
    """

    tokens: list[int]
    free: list[bool]
    leaning: Tensor | None = None


def reopen(
    spelled: Spelled, faults: Sequence[Fault], sound: int, round_number: int, delete_id: int | None
) -> Reopened:
    """The tokens of a gap with those under its ``faults`` freed; ``round_number`` counts from 1.

    The first ``sound`` characters are right by themselves: a fault around them lies behind them. The first round frees
    a token more on both sides, the second up to the end of the line, a later one the whole gap.
    """
    spelling = [index for index, token in enumerate(spelled.tokens) if token != delete_id]
    suspects: set[int] = set()
    for fault in _innermost(faults):
        start = max(fault.start, sound) if sound < fault.end else fault.start
        end = fault.end if round_number == 1 else _line_end(spelled, fault.end)
        under = [place for place, index in enumerate(spelling) if index in spelled.under(start, end)]
        low = spelled.text.rfind("\n", 0, start) + 1
        for place in range(min(under) - round_number, max(under) + 2) if under else ():
            if 0 <= place < len(spelling) and (
                place in under or low <= spelled.ends[spelling[place]] <= _line_end(spelled, end)
            ):
                suspects.add(place)
    if not suspects or round_number > 2:
        suspects = set(range(len(spelling)))
    spare = len(spelled.tokens) - len(spelling)
    spare = min(SPARE, spare) if spelling else spare
    tokens: list[int] = []
    free: list[bool] = []
    for place, index in enumerate(spelling):
        tokens.append(spelled.tokens[index])
        free.append(place in suspects)
        if place == max(suspects) and delete_id is not None:
            tokens += [delete_id] * spare
            free += [True] * spare
    rest = len(spelled.tokens) - len(tokens)
    if delete_id is not None:
        tokens += [delete_id] * rest
        free += [not spelling] * rest
    return Reopened(tokens, free)


def reopen_all(spelled: Spelled) -> Reopened:
    """The positions of a gap, all of them freed."""
    return Reopened(spelled.tokens, [True] * len(spelled.tokens))


def reopen_behind(spelled: Spelled, delete_id: int) -> Reopened:
    """The positions of a gap with all that spells nothing freed, behind what spells something."""
    spelling = [token for token in spelled.tokens if token != delete_id]
    spare = len(spelled.tokens) - len(spelling)
    return Reopened(spelling + [delete_id] * spare, [False] * len(spelling) + [True] * spare)


def _innermost(faults: Sequence[Fault]) -> list[Fault]:
    """Of faults that lie in each other, the innermost: parsers put large errors around small ones."""
    return [
        fault
        for fault in faults
        if not any(
            fault.start <= other.start and other.end <= fault.end and other[1:3] != fault[1:3]
            for other in faults
        )
    ]


def _line_end(spelled: Spelled, offset: int) -> int:
    """The end of the line that character ``offset`` is in."""
    end = spelled.text.find("\n", offset)
    return len(spelled.text) if end < 0 else end
