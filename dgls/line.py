"""What one client wants done, in which order, and how far the model has come with it.

Three kinds of jobs. An *automatic* one answers a keystroke: only the newest of a line is wanted, so it takes the place
of any older one, waiting or running. A *command* was asked for by hand: commands of a line run in the order they came,
before what is automatic, and no keystroke drops them. An *idle* one is work that may pay later: it ends where anybody
asks for anything.

Work is a generator that yields after each prefill chunk and each denoising step. Knows no thread and no lock: its
engine sees to both.
"""

import time
from collections.abc import Generator
from typing import Protocol

from msgspec.structs import replace

from dgls.failures import explain_fill, log_failure
from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillError, FillRequest, Frame, Prefilled
from dgls.job import NOTHING, Cancelled, Failed, Job, Kind, Outcome

Steps = Generator[Frame | Prefilled, None, Answer]

FIRST_TO_RUN: dict[Kind, int] = {"command": 0, "automatic": 1, "idle": 2}


class Filler(Protocol):
    """A loaded model. Used by the model thread alone."""

    def new_kept(self, store_mb: int | None) -> Kept:
        """What is kept for a client that has asked for nothing yet, in ``store_mb`` megabytes at most."""
        ...

    def fill(self, request: FillRequest, kept: Kept) -> Steps:
        """The steps of one request; closing the generator cancels it."""
        ...

    def unload(self) -> None:
        """Free what it holds; it fills nothing after that."""
        ...


class Line:
    """The jobs of one client, and what is kept for it: in ``store_mb`` megabytes at most."""

    def __init__(self, store_mb: int | None) -> None:
        self.waiting: list[Job] = []
        self.running: Job | None = None
        self.kept: Kept | None = None
        self.served = 0.0
        """Seconds of the model thread."""
        self._store_mb = store_mb
        self._steps: Steps | None = None

    def next_job(self) -> Job | None:
        """What is to be done for it: what has begun, even if it is to be ended, else what waits and is wanted."""
        if self.running is not None:
            return self.running
        self.waiting = [job for job in self.waiting if not job.done]
        return min(self.waiting, key=lambda job: FIRST_TO_RUN[job.kind], default=None)

    def put(self, job: Job) -> list[Job]:
        """Put a job in line; returns those that nobody wants any more."""
        running = [] if self.running is None else [self.running]
        # A command makes a keystroke wait, and one that is being worked on is not worth that.
        unwanted = {"automatic": [*self.waiting, *running], "command": running, "idle": []}[job.kind]
        dropped = [older for older in unwanted if older.kind == "automatic"]
        dropped += [older for older in (*self.waiting, *running) if older.kind == "idle"]
        self.waiting.append(job)
        return dropped

    def step(self, filler: Filler, job: Job) -> Outcome | None:
        """Take one step of ``job``, which is running; what came of it at its end, or where nobody wants it any more."""
        try:
            outcome: Outcome | None = Cancelled("cancelled") if job.done else self._advance(filler, job)
            if outcome is not None and self._steps is not None:
                self._steps.close()
        except FillError as error:
            outcome = Failed(str(error))
        except BaseException as error:  # even SystemExit: no failure of model or parser ends the server
            log_failure("a fill", error)
            outcome = Failed(f"the fill failed: {explain_fill(error)}")
            self.kept = None  # it may have been left half-done
        if outcome is not None:
            self._steps = None
        return outcome

    def _advance(self, filler: Filler, job: Job) -> Outcome | None:
        """Take one step; returns what came of the job, if that was its last."""
        if self._steps is None:
            request = job.request
            if request.late:
                return NOTHING
            if job.kind != "automatic":  # its time starts now: it may have waited for long
                settings = request.settings
                limit = settings.command_deadline_ms if job.kind == "command" else settings.deadline_ms
                request = replace(request, deadline=time.monotonic() + limit / 1000)
            if self.kept is None:
                self.kept = filler.new_kept(self._store_mb)
            self._steps = filler.fill(request, self.kept)
        try:
            step = next(self._steps)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        if isinstance(step, Frame):
            job.show(step)
        return None
