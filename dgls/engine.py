"""The one model thread: it loads the model, takes jobs, and stops working on what nobody wants any more.

Each client has a :class:`Seat`, and a line of jobs behind it (:mod:`dgls.line`). Between the steps of a job the thread
looks whether it is still wanted, and whose turn it is: of the seats with work, that which has had the least of the
thread's time. So each of n seats gets an n-th of the model, however long the jobs of the others are. Idle work runs
while nobody waits.

Knows nothing of editors, and no torch: what is loaded is imported by the loader, in the model thread.
"""

import math
import sys
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from dgls.failures import explain, log_failure
from dgls.infill.request import FillRequest, Frame
from dgls.job import NOTHING, Cancelled, Failed, Job, Kind, Outcome
from dgls.line import Filler, Line

Report = Callable[[float, str], None]
Load = Callable[[Report], Filler]

SWITCH_SECONDS = 0.0005
"""How long a thread waits, at most, for the interpreter while another computes in Python. A message passes through
three threads, each of which waits so long: with Python's own 5 ms that would take longer than to answer does."""
LEFT = "the server is shutting down"


class Loading(NamedTuple):
    """The model is being loaded: how far, from 0 to 1, and what is happening."""

    fraction: float
    step: str


class Ready(NamedTuple):
    """The model is loaded."""


class Unloaded(NamedTuple):
    """The model was unloaded since nobody used it; the next request has it loaded again."""


State = Loading | Ready | Unloaded | Failed


class Seat:
    """One client of an engine: what it asks for, and what it is told.

    What begins with an underscore is the engine's.
    """

    def __init__(
        self, engine: "Engine", line: Line, on_state: Callable[[State], None], patience: float
    ) -> None:
        self._engine = engine
        self._line = line
        self._on_state = on_state
        self._patience = patience
        self._left = False

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
        seat = Seat(self, Line(store_mb), on_state, patience)
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
                        other._line.running
                        for other in self._seats
                        if other is not seat
                        and other._line.running is not None
                        and other._line.running.kind == "idle"
                    ]
                unwanted += seat._line.put(job)
                # Time in which it asked for nothing is no credit; a seat with work is never behind.
                seat._line.served = max(seat._line.served, self._served)
                self._wake.notify()
        for older in unwanted:
            older.cancel("superseded by a newer request")
        if outcome is not None:
            job.finish(outcome)

    def _leave(self, seat: Seat) -> None:
        with self._wake:
            seat._left = True
            jobs, seat._line.waiting = seat._line.waiting, []
            if seat._line.running is not None:
                jobs.append(seat._line.running)  # the model thread ends it, and then lets the seat go
            elif seat in self._seats:
                self._remove(seat)
            self._wake.notify()
        for job in jobs:
            job.cancel(LEFT)

    def _free(self, seat: Seat) -> None:
        """Say that nothing of ``seat`` is running any more."""
        with self._wake:
            seat._line.running = None
            if seat._left:
                self._remove(seat)

    def _remove(self, seat: Seat) -> None:
        self._seats.remove(seat)
        seat._line.kept = None

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
        outcome = seat._line.step(filler, job)
        if outcome is not None:
            self._free(seat)
            job.finish(outcome)
        if job.kind != "idle":
            seat._line.served += self._seconds() - began
        return True

    def _forget(self, filler: Filler) -> None:
        """Free the model and all that was kept for clients; none of them has work."""
        with self._wake:
            seats = list(self._seats)
        for seat in seats:
            seat._line.kept = None
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
                waiting = [job for seat in self._seats for job in seat._line.waiting]
                for seat in self._seats:
                    seat._line.waiting = []
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
                ready = [(seat, job) for seat in self._seats if (job := seat._line.next_job()) is not None]
                if ready:
                    # What is to be ended first, idle work last.
                    seat, job = min(
                        ready,
                        key=lambda pair: (not pair[1].done, pair[1].kind == "idle", pair[0]._line.served),
                    )
                    if seat._line.running is None:
                        seat._line.waiting.remove(job)
                        seat._line.running = job
                    if not job.done and job.kind != "idle":
                        self._served = seat._line.served
                    return seat, job
                if self._stopped:
                    return None
                patience = max((seat._patience for seat in self._seats), default=math.inf)
                if (left := since + patience - time.monotonic()) <= 0:
                    self._state = Unloaded()
                    return None
                self._wake.wait(None if left == math.inf else left)
