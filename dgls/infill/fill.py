"""The way of one request: gap -> context -> canvas -> denoise -> verdict -> repair -> ranked fills.

:func:`fill_gaps` is a generator: it yields after each prefill chunk and each denoising step, so that its driver can
show frames, and cancels by closing it. It looks at the deadline itself: it begins no step that would not end in time,
and then answers with the best valid fill that any step so far has had to say.
"""

from collections.abc import Generator
from functools import lru_cache

from dgls.infill.candidate import Judged
from dgls.infill.canvas import Plan, plan_request
from dgls.infill.drawing import Drawing
from dgls.infill.found import language_at_hand
from dgls.infill.judge import judge
from dgls.infill.kept import Kept
from dgls.infill.offer import offers
from dgls.infill.repair import repair
from dgls.infill.request import Answer, FillRequest, Frame, Gap, Prefilled, shifted
from dgls.infill.resume import anew, keep, resume
from dgls.infill.tidy import straightened
from dgls.model.host import Host
from dgls.model.prefix_store import PrefixStore
from dgls.syntax import Fragment, Language, fragment_around

Steps = Generator[Frame | Prefilled, None, Answer]


def fill_gaps(host: Host, store: PrefixStore, request: FillRequest) -> Steps:
    """Fill the gaps of ``request`` with up to its number of candidates, best first.

    Raises :class:`dgls.infill.request.FillError` where the gaps do not fit into a canvas.
    """
    return (yield from fill_plan(host, store, plan_request(host, request)))


def fill_plan(host: Host, store: PrefixStore, plan: Plan) -> Steps:
    """Fill a request as ``plan`` lays it out; measurements change the plan, to see what a part of it is worth."""
    return (yield from _filled(host, store, plan))[0]


def fill_on(host: Host, kept: Kept, request: FillRequest) -> Steps:
    """Fill a request for which the last canvas is resumed, if it can be; what it says is kept for the next one."""
    begun = resume(host, kept, request) or anew(plan_request(host, request))
    answer, judged = yield from _filled(host, kept.store, begun.plan)
    keep(kept, begun, judged)
    return answer


def _filled(
    host: Host, store: PrefixStore, plan: Plan
) -> Generator[Frame | Prefilled, None, tuple[Answer, list[Judged]]]:
    request = plan.request
    total = len(plan.context)
    prefilled = 0
    for done in host.prefill(store, plan.context):
        prefilled = total
        yield Prefilled(done, total)
        if request.late:
            return Answer((), 0, done, 0, early=True), []
    fragment = fragment_of(request) if request.settings.validate else None
    drawing = Drawing(host, store, plan)
    candidates = yield from drawing.draw()
    judged = [judge(request, fragment, candidate) for candidate in candidates]
    straight = straightened(request, fragment, judged)
    if not any(one.is_clean for one in straight):
        judged += yield from repair(drawing, fragment, judged)
    early = drawing.cut_short or (drawing.late and not any(one.is_clean for one in judged))
    if early and not any(one.is_good for one in judged):
        judged += _good_earlier(drawing, fragment)
    offered = offers(request, fragment, [*judged, *straight], drawing.nfe)
    if offered:
        yield drawing.frame_of(offered[0])
    answer = Answer(tuple(offered), drawing.nfe, prefilled, len(judged) - len(offered), early=early)
    return answer, judged


def _good_earlier(drawing: Drawing, fragment: Fragment | None) -> list[Judged]:
    """Of the steps that were taken when the time was up, what the last one said that had anything good to say."""
    for candidates in drawing.earlier():
        judged = [judge(drawing.request, fragment, candidate) for candidate in candidates]
        if any(one.is_good for one in judged):
            return judged
        if drawing.request.overdue:
            break
    return []


def answer_of(steps: Generator[Frame | Prefilled, None, Answer]) -> Answer:
    """Drive a fill to its end without looking at its frames."""
    while True:
        try:
            next(steps)
        except StopIteration as finished:
            answer: Answer = finished.value
            return answer


def fragment_of(request: FillRequest) -> Fragment | None:
    """The fragment around the gaps of ``request``; None where no grammar is at hand."""
    language = language_at_hand(request)
    if language is None:
        return None
    part = request.part or Gap(0, len(request.text))
    fragment = _fragment(request.text, part, request.gaps, language)
    if request.closed:
        *gaps, last = request.gaps
        unclosed = (*gaps, Gap(last.start, last.end - request.closed))
        fragment.unclosed = _fragment(request.text, part, unclosed, language)
    return fragment


@lru_cache(maxsize=2)
def _fragment(text: str, part: Gap, gaps: tuple[Gap, ...], language: Language) -> Fragment:
    """The last ones are kept: a completion looks at its place before it fills it."""
    return fragment_around(text[part.start : part.end], shifted(gaps, -part.start), language)
