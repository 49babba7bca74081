"""Typing into a canvas: where new text departs from what was shown, the rest resumes from the last canvas.

The context stays exactly as the encoder has read it, so that nothing is prefilled (but for a chunk, where the next
request was filled ahead). What was typed since is pinned at the beginning of the canvas; its last token is healed,
since the cursor may stand inside a word. Behind it the drafts of the last answer are where denoising starts: what of
them still fits is accepted as it is, the rest is noised by the first step. Few steps suffice.

Pure functions from the last canvas and a request to a plan. A request that has other text around its gap, or has had
too much typed into it, starts anew.
"""

from collections.abc import Sequence
from itertools import takewhile
from re import compile as pattern
from typing import NamedTuple

from msgspec.structs import replace

from dgls.infill.candidate import Judged, Spelled
from dgls.infill.canvas import LEAST_HEAD, Plan, heal
from dgls.infill.kept import Kept
from dgls.infill.offer import rank
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host
from dgls.model.prefix_store import CHUNK
from dgls.text import inserted

KEPT = 2
"""Canvases that may be resumed: what is shown, and what was filled ahead as if that were accepted."""
STEPS = 3
"""Denoising steps at most, where a canvas is resumed."""
DRAFTS = 2
"""Candidates that start from a draft; the others start from noise, in case that no draft fits any more."""
WORD = pattern(r"\w+|\s+|[^\w\s]")


class LastCanvas(NamedTuple):
    """What was denoised for a client.

    ``base`` is the plan of the request that the context was read for. ``drafts`` are what was found, best first, when
    ``typed`` had been typed into its gap.
    """

    base: Plan
    typed: str
    drafts: tuple[Spelled, ...]


class Begun(NamedTuple):
    """How a request is filled: by its ``plan``, with the context of ``base`` and what was ``typed`` since."""

    plan: Plan
    base: Plan
    typed: str


def anew(plan: Plan) -> Begun:
    """A request that has nothing to resume."""
    return Begun(plan, plan, "")


def resume(host: Host, kept: Kept, request: FillRequest) -> Begun | None:
    """How ``request`` goes on from a last canvas; None where it is to be started anew.

    So it is where too much was typed, and with a checkpoint that cannot delete, whose lengths are probed.
    """
    if host.delete_id is None:
        return None
    for last in kept.canvases:
        typed = _typed_into(last.base.request, request)
        if typed and kept.store.missing(last.base.context) <= CHUNK:
            return _resumed(host, last, typed, request, host.delete_id)
    return None


def keep(kept: Kept, begun: Begun, judged: Sequence[Judged]) -> None:
    """Keep what may be resumed of a request that was filled; only one gap at a cursor may be."""
    base = begun.base
    if len(base.original) == 1 and not base.original[0] and not base.request.keeps:
        best = sorted(judged, key=lambda one: (not one.is_good, rank(one)))
        last = LastCanvas(base, begun.typed, tuple(one.candidate.gaps[0] for one in best))
        kept.canvases = [last, *kept.canvases][:KEPT]


def _resumed(host: Host, last: LastCanvas, typed: str, request: FillRequest, delete_id: int) -> Begun | None:
    plan = last.base
    lead = host.tokenizer.encode(typed)
    edge = heal(host, lead)
    if len(lead) > plan.length - plan.free[0] - min(LEAST_HEAD, len(plan.head)):
        return None
    along = last.drafts if typed.startswith(last.typed) else ()
    drafts = dict.fromkeys(tuple(rest_of(draft, typed[len(last.typed) :], delete_id)) for draft in along)
    steps = min(STEPS, host.rules.under(request.settings).max_steps)
    resumed = plan._replace(
        request=replace(request, settings=replace(request.settings, max_steps=steps)),
        edges=[edge],
        lead=tuple(lead),
        drafts=tuple(draft for draft in drafts if draft)[:DRAFTS],
    )
    return Begun(resumed, plan, typed)


def _typed_into(base: FillRequest, request: FillRequest) -> str | None:
    """What ``request`` has had typed into the gap of ``base``; None where anything else is different."""
    [(start, _)] = base.gaps
    typed = inserted(base.text, request.text, start)
    if typed is None or request.gaps != (Gap(start + len(typed), start + len(typed) + base.closed),):
        return None
    same = all(
        getattr(base, name) == getattr(request, name)
        for name in ("language", "path", "settings", "related", "closed")
    )
    return typed if same and request.find is None and not request.keeps else None


def rest_of(draft: Spelled, typed: str, delete_id: int) -> list[int]:
    """The tokens of ``draft`` that may stand behind ``typed``: what is behind it, or behind the word that departs."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(draft.text, typed, strict=False)))
    departed = WORD.match(draft.text, same) if same < len(typed) else None
    start = departed.end() if departed else same
    return [
        token
        for token, begin, end in zip(draft.tokens, draft.starts, draft.ends, strict=True)
        if token != delete_id and start <= begin < end
    ]
