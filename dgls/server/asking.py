"""What a client asks of the engine: gaps of a snapshot, how the engine is asked, and what is shown meanwhile."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dgls.config import InfillSettings
from dgls.infill.request import Answer, Elsewhere, FillRequest, Find, Frame, Gap, shifted
from dgls.job import Job, Kind, Outcome
from dgls.server.messages import FRAME_METHOD, Draft, DraftRun, FrameParams
from dgls.server.protocol import MessageId
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.server.session import Session


class Wanted(NamedTuple):
    """What is asked of a snapshot, as in :class:`dgls.infill.request.FillRequest`."""

    gaps: tuple[Gap, ...]
    single_line: bool = False
    find: Find | None = None
    begins: str = ""
    confident: float = 0.0
    strength: float | None = None
    candidates: int | None = None
    redrawn: int = 0
    """How often the same was drawn before: each time with another seed."""


class Ask:
    """A request that the engine works on: what of which snapshot, and what will come of it."""

    def __init__(self, snapshot: Document, wanted: Wanted, msg_id: MessageId, kind: Kind) -> None:
        self.snapshot = snapshot
        self.wanted = wanted
        self.id = msg_id
        self.kind = kind
        self.shift = 0
        """How far into the text that the engine reads the snapshot begins: other cells may stand before it."""
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.job: Job | None = None
        self.waits: asyncio.TimerHandle | None = None
        """What gives it to the engine, while it waits for a pause in the typing."""
        self.watchers: list[Callable[[Frame], None]] = []
        """Who is shown each frame, beside a client that wants frames."""
        self.previews = True
        """Whether a client that wants frames gets them."""
        self.bound_to_text = False
        """Whether what comes of it is for the text of the snapshot alone."""

    def end(self, outcome: Outcome) -> None:
        """Say what came of it, if nothing was said before, and end the work for it."""
        if not self.outcome.done():
            if isinstance(outcome, Answer):
                outcome = outcome._replace(gaps=self.in_snapshot(outcome.gaps))
            self.outcome.set_result(outcome)
        if self.waits is not None:
            self.waits.cancel()
        if self.job is not None:
            self.job.cancel()

    def in_snapshot(self, found: tuple[Gap, ...] | None) -> tuple[Gap, ...] | None:
        """Where what the engine has found stands in the snapshot."""
        return None if found is None else shifted(found, -self.shift)


def engine_request(session: "Session", snapshot: Document, wanted: Wanted) -> tuple[FillRequest, int]:
    """What the engine is asked, but for settings, and how far into its text ``snapshot`` begins."""
    # A fault is found in, and mended with, a cell alone; any other gap is filled with what stands around it.
    read = session.notebooks.alone if wanted.find == "faults" else session.notebooks.among_others
    view = read(snapshot, () if wanted.find in ("holes", "faults") else wanted.gaps)
    request = FillRequest(
        text=view.text,
        gaps=shifted(wanted.gaps, view.shift),
        part=view.part,
        language=view.language_id,
        path=session.path(snapshot.uri),
        settings=InfillSettings(),
        single_line=wanted.single_line,
        candidates=wanted.candidates,
        find=wanted.find,
        begins=wanted.begins,
        confident=wanted.confident,
        strength=wanted.strength,
        elsewhere=_elsewhere(session, snapshot, view.text, shifted(wanted.gaps, view.shift)[0]),
    )
    return request, view.shift


def show_frame(session: "Session", ask: Ask, frame: Frame) -> None:
    """Send a frame, unless its request has ended or its document has changed."""
    if ask.outcome.done():
        return
    for watch in ask.watchers:
        watch(frame)
    if (
        not (session.wants_frames and ask.previews)
        or session.documents.find(ask.snapshot.uri) is not ask.snapshot
    ):
        return
    found = ask.in_snapshot(frame.gaps)
    gaps = ask.wanted.gaps if found is None else found
    drafts = tuple(
        Draft(session.range(ask.snapshot, gap), tuple(DraftRun(*run) for run in runs))
        for gap, runs in zip(gaps, frame.drafts, strict=True)
    )
    params = FrameParams(ask.snapshot.uri, ask.snapshot.version, ask.id, frame.state, frame.step, drafts)
    session.protocol.notify(FRAME_METHOD, msgspec.to_builtins(params))


def _elsewhere(session: "Session", snapshot: Document, text: str, gap: Gap) -> Elsewhere | None:
    """What else may be read for ``gap`` in ``text``; None where the settings want none, or nothing is open."""
    tokens = session.settings_for(snapshot).context.related_tokens
    if not tokens:
        return None
    for document in session.documents:
        session.look(document)  # not awaited: what has changed on the disk counts from the next request on
    notebook = session.notebooks.notebook_of(snapshot.uri)
    readable = [
        (session.path(document.uri), document)
        for document in session.documents
        # The other cells of a notebook stand in the text already.
        if document is snapshot
        or (
            (notebook is None or session.notebooks.notebook_of(document.uri) != notebook)
            and session.refusal(document) is None
        )
    ]
    return session.other_texts.at(snapshot, text, gap, readable, tokens)
