"""From candidates to what is offered: only what adds no fault and says something, put right, best first.

Where no candidate is good as it is, the longest good beginning of one is offered.
"""

from collections.abc import Sequence

from dgls.infill.beginning import beginnings
from dgls.infill.candidate import Judged
from dgls.infill.request import Fill, FillRequest
from dgls.infill.tidy import tidied
from dgls.syntax import Fragment


def offers(
    request: FillRequest,
    fragment: Fragment | None,
    judged: Sequence[Judged],
    nfe: int,
) -> list[Fill]:
    """The distinct good ones of ``judged``, best first, or else a good beginning of one."""
    present = request.originals
    fills: dict[tuple[str, ...], Fill] = {}
    for candidate, ruling, _ in sorted(_good(request, fragment, judged), key=rank):
        texts = candidate.texts
        if texts != present and texts not in fills and _is_text(texts):
            fills[texts] = Fill(
                texts, candidate.confidence, ruling.checked, candidate.repaired, nfe, candidate.shortened
            )
    return list(fills.values())


def rank(judged: Judged) -> tuple[bool, int, float]:
    """Checked before unchecked, then what leaves less that is wrong, then by likelihood."""
    candidate, ruling, _ = judged
    return not ruling.checked, ruling.remaining, -candidate.likelihood


def _good(request: FillRequest, fragment: Fragment | None, judged: Sequence[Judged]) -> list[Judged]:
    """Those of ``judged`` that are good, or else the longest good beginning of one, put right."""
    neat = tidied(request, fragment, judged)
    good = [one for one in neat if one.is_good]
    if good or not fragment or len(request.gaps) > 1 or request.keeps:
        return good
    for beginning in beginnings(request, fragment, neat):
        if found := tidied(request, fragment, [beginning]):
            return found
    return []


def _is_text(texts: Sequence[str]) -> bool:
    """Whether all ``texts`` are sound Unicode: bytes that are not UTF-8 stand in them as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)
