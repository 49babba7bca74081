"""A request on its way: who asked for it, what became of it, and whom to tell.

A job ends exactly once: with an :class:`Answer`, :class:`Cancelled` or :class:`Failed`. Callbacks run in the model
thread, or in the thread that submitted or cancelled the job.
"""

import threading
from collections.abc import Callable
from typing import Literal, NamedTuple

from dgls.infill.request import Answer, FillRequest, Frame

Kind = Literal["automatic", "command", "idle"]

NOTHING = Answer(fills=(), nfe=0, prefill_tokens=0, rejected=0)


class Failed(NamedTuple):
    """Loading the model, or one job, failed; the message is for the user."""

    message: str


class Cancelled(NamedTuple):
    """The job was ended before it had an answer."""

    reason: str


Outcome = Answer | Cancelled | Failed


class Job:
    """A request on its way; :meth:`cancel` may be called from any thread and at any time."""

    def __init__(
        self,
        request: FillRequest,
        kind: Kind,
        on_done: Callable[[Outcome], None],
        on_frame: Callable[[Frame], None] | None = None,
    ) -> None:
        self.request = request
        self.kind = kind
        self._on_done = on_done
        self._on_frame = on_frame
        self._lock = threading.Lock()
        self._done = False

    @property
    def done(self) -> bool:
        """Whether the job has ended; what is still computed for it is of no use."""
        return self._done

    def cancel(self, reason: str = "cancelled") -> None:
        """End the job now, if it has not ended; the model thread stops within one step."""
        self.finish(Cancelled(reason))

    def finish(self, outcome: Outcome) -> None:
        """End the job with ``outcome``, if it has not ended."""
        with self._lock:
            if self._done:
                return
            self._done = True
        self._on_done(outcome)

    def show(self, frame: Frame) -> None:
        """Pass on what a step shows."""
        if self._on_frame is not None and not self._done:
            self._on_frame(frame)
