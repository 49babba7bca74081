"""The one model thread: it loads the model, takes jobs, and stops working on what nobody wants any more.

Two kinds of jobs. An *automatic* one answers a keystroke: only the newest is wanted, so it takes the place of
any older one, waiting or running. A *command* was asked for by hand: commands run in the order they came,
before what is automatic, and no keystroke drops them.

Work is a generator that yields after each prefill chunk and each denoising step; between yields the thread
looks whether the job is still wanted. A job ends exactly once: with an :class:`Answer`, :class:`Cancelled` or
:class:`Failed`. Callbacks run in the model thread, or in the thread that submitted or cancelled the job.

Knows nothing of editors, and no torch: what is loaded is imported by the loader, in the model thread.
"""

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator
from typing import Literal, NamedTuple, Protocol

from msgspec.structs import replace

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.request import Answer, FillRequest, Frame, Gap, Prefilled

log = logging.getLogger(__name__)

Kind = Literal["automatic", "command"]
Report = Callable[[float, str], None]
Steps = Generator[Frame | Prefilled, None, Answer]

FIRST_FILL = FillRequest(
    text="def first():\n    return \n",
    gaps=(Gap(24, 24),),
    language="python",
    path="first.py",
    settings=InfillSettings(max_steps=1, repair_rounds=0),
)
NOTHING = Answer(fills=(), nfe=0, prefill_tokens=0, rejected=0)
LONGEST_MESSAGE = 500


class Filler(Protocol):
    """A loaded model, and what it keeps between requests. Used by the model thread alone."""

    def fill(self, request: FillRequest) -> Steps:
        """The steps of one request; closing the generator cancels it."""
        ...

    def forget(self) -> None:
        """Drop what is kept between requests: a request failed, and may have left it half-done."""
        ...


Load = Callable[[Report], Filler]


class Loading(NamedTuple):
    """The model is being loaded: how far, from 0 to 1, and what is happening."""

    fraction: float
    step: str


class Ready(NamedTuple):
    """The model is loaded."""


class Failed(NamedTuple):
    """Loading, or one job, failed; the message is for the user."""

    message: str


class Cancelled(NamedTuple):
    """The job was ended before it had an answer."""

    reason: str


State = Loading | Ready | Failed
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


class Engine:
    """Owns the model thread.

    ``load`` runs in that thread, once; ``on_state`` is told each change of state.
    """

    def __init__(self, load: Load, on_state: Callable[[State], None] = lambda state: None) -> None:
        self._load = load
        self._on_state = on_state
        self._state: State = Loading(0.0, "starting")
        self._wake = threading.Condition()
        self._commands: deque[Job] = deque()
        self._automatic: Job | None = None
        self._running: Job | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._broken = False

    @property
    def state(self) -> State:
        """Where the model stands."""
        return self._state

    def start(self) -> None:
        """Start the model thread and load the model; a second call does nothing."""
        if self._thread is None:
            # A daemon: the end of the program never waits for a decoder step.
            self._thread = threading.Thread(target=self._run, name="model", daemon=True)
            self._thread.start()

    def submit(
        self,
        request: FillRequest,
        kind: Kind,
        on_done: Callable[[Outcome], None],
        on_frame: Callable[[Frame], None] | None = None,
    ) -> Job:
        """Ask for fills; never blocks. The request's deadline is set here, from its own settings.

        While the model is loading a command waits, and an automatic job is answered at once with no fill. So
        it is where loading has failed, and a command fails there with the message of that failure.
        """
        if kind == "automatic":
            request = replace(request, deadline=time.monotonic() + request.settings.deadline_ms / 1000)
        job = Job(request, kind, on_done, on_frame)
        unwanted: list[Job | None] = []
        outcome: Outcome | None = None
        with self._wake:
            if self._stopped:
                outcome = Cancelled("the server is shutting down")
            elif kind == "automatic" and not isinstance(self._state, Ready):
                outcome = NOTHING
            elif isinstance(self._state, Failed):
                outcome = self._state
            else:
                if self._running is not None and self._running.kind == "automatic":
                    unwanted.append(self._running)
                if kind == "automatic":
                    unwanted.append(self._automatic)
                    self._automatic = job
                else:
                    self._commands.append(job)
                self._wake.notify()
        for older in unwanted:
            if older is not None:
                older.cancel("superseded by a newer request")
        if outcome is not None:
            job.finish(outcome)
        return job

    def stop(self) -> None:
        """Cancel every job and let the thread end after its current step; does not wait for it."""
        with self._wake:
            self._stopped = True
            jobs = [*self._commands, self._automatic, self._running]
            self._commands.clear()
            self._automatic = None
            self._wake.notify()
        for job in jobs:
            if job is not None:
                job.cancel("the server is shutting down")

    def _run(self) -> None:
        filler = self._loaded()
        while filler is not None and (job := self._next()) is not None:
            self._work(filler, job)

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
                waiting = list(self._commands)
                self._commands.clear()
            for job in waiting:
                job.finish(failed)
            return None
        self._enter(Ready())
        return filler

    def _enter(self, state: State) -> None:
        with self._wake:
            self._state = state
        self._on_state(state)

    def _next(self) -> Job | None:
        """Wait for the next job that is still wanted; None when the engine has been stopped."""
        with self._wake:
            self._running = None
            while not self._stopped:
                if self._commands:
                    job = self._commands.popleft()
                elif self._automatic is not None:
                    job, self._automatic = self._automatic, None
                else:
                    self._wake.wait()
                    continue
                if not job.done:
                    self._running = job
                    return job
            return None

    def _work(self, filler: Filler, job: Job) -> None:
        request = job.request
        if job.kind == "command":  # its time starts now: it may have waited for the model to load
            request = replace(
                request, deadline=time.monotonic() + request.settings.command_deadline_ms / 1000
            )
        elif request.deadline is not None and request.deadline <= time.monotonic():
            job.finish(NOTHING)
            return
        try:
            if self._broken:
                filler.forget()
                self._broken = False
            job.finish(self._drive(filler.fill(request), job))
        except BaseException as error:  # as above: no failure of model or parser ends the server
            log_failure("a fill", error)
            job.finish(Failed(f"the fill failed: {explain(error)}"))
            self._broken = True

    def _drive(self, steps: Steps, job: Job) -> Outcome:
        try:
            while not job.done:
                step = next(steps)
                if isinstance(step, Frame):
                    job.show(step)
        except StopIteration as end:
            answer: Answer = end.value
            return answer
        finally:
            steps.close()
        return Cancelled("cancelled")


def load_filler(settings: ModelSettings) -> Load:
    """The loader of the real thing: a checkpoint, and a prefix store of its own."""

    def load(report: Report) -> Filler:
        report(0.0, "importing torch")
        from dgls.infill.jobs import work_on
        from dgls.model.host import load_host

        host = load_host(settings, report)

        class HostFiller:
            def __init__(self) -> None:
                self.store = host.new_store()

            def fill(self, request: FillRequest) -> Steps:
                steps: Steps = work_on(host, self.store, request)
                return steps

            def forget(self) -> None:
                self.store = host.new_store()

        filler = HostFiller()
        report(1.0, "trying a first fill")  # what is made once is made now, and stalls no keystroke
        for _ in filler.fill(FIRST_FILL):
            pass
        return filler

    return load


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
