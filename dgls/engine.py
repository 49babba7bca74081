"""The one model thread: it loads the model, takes jobs, and stops working on what nobody wants any more.

Each client has a :class:`Seat`, and three kinds of jobs. An *automatic* one answers a keystroke: only the newest of a
seat is wanted, so it takes the place of any older one, waiting or running. A *command* was asked for by hand: commands
of a seat run in the order they came, before what is automatic, and no keystroke drops them. An *idle* one is work that
may pay later: it runs while nobody waits, and ends where anybody asks for anything.

Work is a generator that yields after each prefill chunk and each denoising step. Between yields the thread looks
whether the job is still wanted, and whose turn it is: of the seats with work, that which has had the least of the
thread's time. So each of n seats gets an n-th of the model, however long the jobs of the others are.

A job ends exactly once: with an :class:`Answer`, :class:`Cancelled` or :class:`Failed`. Callbacks run in the model
thread, or in the thread that submitted or cancelled the job.

Knows nothing of editors, and no torch: what is loaded is imported by the loader, in the model thread.
"""

import logging
import math
import sys
import threading
import time
import traceback
from collections.abc import Callable, Generator
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from dgls.infill.kept import Kept
from dgls.infill.request import Answer, FillError, FillRequest, Frame, Prefilled

log = logging.getLogger(__name__)

Kind = Literal["automatic", "command", "idle"]
Report = Callable[[float, str], None]
Steps = Generator[Frame | Prefilled, None, Answer]

NOTHING = Answer(fills=(), nfe=0, prefill_tokens=0, rejected=0)
FIRST_TO_RUN: dict[Kind, int] = {"command": 0, "automatic": 1, "idle": 2}
"""Of one seat's jobs."""
LONGEST_MESSAGE = 500
SWITCH_SECONDS = 0.0005
"""How long a thread waits, at most, for the interpreter while another computes in Python. A message passes through
three threads, each of which waits so long: with Python's own 5 ms that would take longer than to answer does."""
LEFT = "the server is shutting down"


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


Load = Callable[[Report], Filler]


class Loading(NamedTuple):
    """The model is being loaded: how far, from 0 to 1, and what is happening."""

    fraction: float
    step: str


class Ready(NamedTuple):
    """The model is loaded."""


class Unloaded(NamedTuple):
    """The model was unloaded since nobody used it; the next request has it loaded again."""


class Failed(NamedTuple):
    """Loading, or one job, failed; the message is for the user."""

    message: str


class Cancelled(NamedTuple):
    """The job was ended before it had an answer."""

    reason: str


State = Loading | Ready | Unloaded | Failed
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


class Seat:
    """One client of an engine: what it wants done, and what the model thread keeps for it.

    What begins with an underscore is the engine's.
    """

    def __init__(
        self, engine: "Engine", on_state: Callable[[State], None], patience: float, store_mb: int | None
    ) -> None:
        self._engine = engine
        self._on_state = on_state
        self._patience = patience
        self._store_mb = store_mb
        self._waiting: list[Job] = []
        self._running: Job | None = None
        self._left = False
        self._served = 0.0
        """Seconds of the model thread."""
        self._steps: Steps | None = None
        self._kept: Kept | None = None

    def submit(
        self,
        request: FillRequest,
        kind: Kind,
        on_done: Callable[[Outcome], None],
        on_frame: Callable[[Frame], None] | None = None,
    ) -> Job:
        """Ask for fills; never blocks. The request's deadline comes from its own settings.

        While the model is loading a command waits, and any other job is answered at once with no fill. So it is
        where the model was unloaded; all but idle work has it loaded again. And so it is where loading has failed, but
        a command fails there with the message of that failure.
        """
        if kind == "automatic":
            request = replace(request, deadline=time.monotonic() + request.settings.deadline_ms / 1000)
        job = Job(request, kind, on_done, on_frame)
        self._engine._submit(self, job)
        return job

    def leave(self) -> None:
        """Cancel the client's jobs and free what is kept for it, within one step; does not wait for that."""
        self._engine._leave(self)

    def _next(self) -> Job | None:
        """What is to be done for it: what has begun, even if it is to be ended, else what waits and is wanted."""
        if self._running is not None:
            return self._running
        self._waiting = [job for job in self._waiting if not job.done]
        return min(self._waiting, key=lambda job: FIRST_TO_RUN[job.kind], default=None)

    def _put(self, job: Job) -> list[Job]:
        """Put a job in line; returns those that nobody wants any more."""
        running = [] if self._running is None else [self._running]
        # A command makes a keystroke wait, and one that is being worked on is not worth that.
        unwanted = {"automatic": [*self._waiting, *running], "command": running, "idle": []}[job.kind]
        dropped = [older for older in unwanted if older.kind == "automatic"]
        dropped += [older for older in (*self._waiting, *running) if older.kind == "idle"]
        self._waiting.append(job)
        return dropped

    def _step(self, filler: Filler, job: Job) -> None:
        """Take one step of ``job``, which is running; at its end, or where nobody wants it any more, end it."""
        try:
            outcome: Outcome | None = Cancelled("cancelled") if job.done else self._advance(filler, job)
            if outcome is not None and self._steps is not None:
                self._steps.close()
        except FillError as error:
            outcome = Failed(str(error))
        except BaseException as error:  # even SystemExit: no failure of model or parser ends the server
            log_failure("a fill", error)
            outcome = Failed(f"the fill failed: {explain(error)}")
            self._kept = None  # it may have been left half-done
        if outcome is not None:
            self._steps = None
            self._engine._free(self)
            job.finish(outcome)

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
            if self._kept is None:
                self._kept = filler.new_kept(self._store_mb)
            self._steps = filler.fill(request, self._kept)
        try:
            step = next(self._steps)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        if isinstance(step, Frame):
            job.show(step)
        return None


class Engine:
    """Owns the model thread, in which ``load`` runs: at first, and where the model was unloaded and is wanted again.

    ``clock`` (seconds) measures what each seat has had.
    """

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._seconds = clock
        self._state: State = Loading(0.0, "starting")
        self._wake = threading.Condition()
        self._seats: list[Seat] = []
        self._served = 0.0
        """What the seat had been served whose turn came last: among those with work, none was served less."""
        self._thread: threading.Thread | None = None
        self._stopped = False

    @property
    def state(self) -> State:
        """Where the model stands."""
        return self._state

    def start(self) -> None:
        """Have the model loaded, if it is not: it may have been unloaded, or loading may have failed."""
        sys.setswitchinterval(SWITCH_SECONDS)
        with self._wake:
            if self._thread is None:
                # A daemon: the end of the program never waits for a decoder step.
                self._thread = threading.Thread(target=self._run, name="model", daemon=True)
                self._thread.start()
            elif isinstance(self._state, Unloaded | Failed):
                self._call()

    def join(
        self,
        on_state: Callable[[State], None] = lambda state: None,
        patience: float = math.inf,
        store_mb: int | None = None,
    ) -> Seat:
        """A seat for one more client; ``on_state`` is told each change of state from now on.

        After ``patience`` seconds without a request the client can do without the model, which is unloaded when all
        can. The prefix store that is kept for it takes ``store_mb`` megabytes at most.
        """
        seat = Seat(self, on_state, patience, store_mb)
        with self._wake:
            self._seats.append(seat)
            seat._left = self._stopped
        return seat

    def stop(self) -> None:
        """Cancel every job and let the thread end after its current step; does not wait for it."""
        with self._wake:
            self._stopped = True
            seats = list(self._seats)
            self._wake.notify()
        for seat in seats:
            seat.leave()

    def _submit(self, seat: Seat, job: Job) -> None:
        unwanted: list[Job] = []
        outcome: Outcome | None = None
        with self._wake:
            if seat._left:
                outcome = Cancelled(LEFT)
            elif isinstance(self._state, Failed):
                outcome = self._state if job.kind == "command" else NOTHING
            else:
                if isinstance(self._state, Unloaded) and job.kind != "idle":
                    self._call()
                if job.kind != "command" and not isinstance(self._state, Ready):
                    outcome = NOTHING
            if outcome is None:
                if job.kind != "idle":
                    unwanted += [
                        other._running
                        for other in self._seats
                        if other is not seat and other._running is not None and other._running.kind == "idle"
                    ]
                unwanted += seat._put(job)
                # Time in which it asked for nothing is no credit; a seat with work is never behind.
                seat._served = max(seat._served, self._served)
                self._wake.notify()
        for older in unwanted:
            older.cancel("superseded by a newer request")
        if outcome is not None:
            job.finish(outcome)

    def _leave(self, seat: Seat) -> None:
        with self._wake:
            seat._left = True
            jobs, seat._waiting = seat._waiting, []
            if seat._running is not None:
                jobs.append(seat._running)  # the model thread ends it, and then lets the seat go
            elif seat in self._seats:
                self._remove(seat)
            self._wake.notify()
        for job in jobs:
            job.cancel(LEFT)

    def _free(self, seat: Seat) -> None:
        """Say that nothing of ``seat`` is running any more."""
        with self._wake:
            seat._running = None
            if seat._left:
                self._remove(seat)

    def _remove(self, seat: Seat) -> None:
        self._seats.remove(seat)
        seat._kept = None

    def _call(self) -> None:
        """Have the model thread load the model again."""
        self._state = Loading(0.0, "starting")
        self._wake.notify()

    def _run(self) -> None:
        while self._called():
            filler = self._loaded()
            if filler is not None:
                while self._work(filler):
                    pass
                self._forget(filler)

    def _called(self) -> bool:
        """Wait until the model is to be loaded; False when the engine has been stopped."""
        with self._wake:
            self._wake.wait_for(lambda: self._stopped or isinstance(self._state, Loading))
            return not self._stopped

    def _work(self, filler: Filler) -> bool:
        """Take one step; False when the engine has been stopped, or nobody has asked for anything for long.

        A function of its own, so that no client stays alive while the thread waits for another.
        """
        turn = self._turn()
        if turn is None:
            return False
        seat, job = turn
        began = self._seconds()
        seat._step(filler, job)
        if job.kind != "idle":
            seat._served += self._seconds() - began
        return True

    def _forget(self, filler: Filler) -> None:
        """Free the model and all that was kept for clients; none of them has work."""
        with self._wake:
            seats = list(self._seats)
        for seat in seats:
            seat._kept = None
            seat._on_state(Unloaded())
        filler.unload()

    def _loaded(self) -> Filler | None:
        """The loaded model, or None: then every waiting command has failed, as every later one will."""
        try:
            filler = self._load(lambda fraction, step: self._enter(Loading(fraction, step)))
        except (
            BaseException
        ) as error:  # a library may even raise SystemExit; nothing may end this thread unsaid
            failed = Failed(f"the model could not be loaded: {explain(error)}")
            log_failure("loading the model", error)
            self._enter(failed)
            with self._wake:
                waiting = [job for seat in self._seats for job in seat._waiting]
                for seat in self._seats:
                    seat._waiting = []
            for job in waiting:
                job.finish(failed)
            return None
        self._enter(Ready())
        return filler

    def _enter(self, state: State) -> None:
        with self._wake:
            self._state = state
            seats = list(self._seats)
        for seat in seats:
            seat._on_state(state)

    def _turn(self) -> tuple[Seat, Job] | None:
        """Wait for a seat, and its job, to take a step for; None when the engine has been stopped and all is ended.

        None also when all clients can do without the model; then it is as good as unloaded.
        """
        with self._wake:
            since = time.monotonic()
            while True:
                ready = [(seat, job) for seat in self._seats if (job := seat._next()) is not None]
                if ready:
                    # What is to be ended first, idle work last.
                    seat, job = min(
                        ready, key=lambda pair: (not pair[1].done, pair[1].kind == "idle", pair[0]._served)
                    )
                    if seat._running is None:
                        seat._waiting.remove(job)
                        seat._running = job
                    if not job.done and job.kind != "idle":
                        self._served = seat._served
                    return seat, job
                if self._stopped:
                    return None
                patience = max((seat._patience for seat in self._seats), default=math.inf)
                if (left := since + patience - time.monotonic()) <= 0:
                    self._state = Unloaded()
                    return None
                self._wake.wait(None if left == math.inf else left)


def explain(error: BaseException) -> str:
    """What went wrong, on one line, for the user it happened to."""
    message = " ".join(str(error).split())[:LONGEST_MESSAGE]
    if type(error).__module__.startswith("dgls.") and message:  # our own errors are written for users
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def log_failure(what: str, error: BaseException) -> None:
    """Log a failure by its kind and place alone: its message may quote the document."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("%s failed: %s at %s", what, type(error).__name__, " < ".join(reversed(places)))
