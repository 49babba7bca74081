"""The measuring core: every case, filled by every variant, judged; on one or several worker processes.

A case is measured whole, all variants after one another, so that a run that was interrupted has compared what it has
on equal terms. Nothing that is random depends on which worker takes a case, or when.
"""

import contextlib
import multiprocessing
import os
import random
import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import cached_property

import msgspec

from dgls.config import ModelSettings
from dgls.evaluation.case import Case
from dgls.evaluation.filling import complete
from dgls.evaluation.judging import FillResult, Judge
from dgls.evaluation.likelihood import Nats, nats_of
from dgls.evaluation.provenance import usable_cores
from dgls.evaluation.record import Record
from dgls.evaluation.sandbox import Limits
from dgls.evaluation.variants import DEFAULT, Variant
from dgls.model.host import Host, load_host


class WorkerEnded(Exception):
    """A worker process ended before its work did."""


class CaseResult(msgspec.Struct, frozen=True):
    """What became of one case: the fill of each variant by its name, and how likely the answer was found.

    ``nats`` are the default's, ``other_nats`` those of the variants, by name, that read another context.
    """

    case: str
    parses_empty: bool
    fills: dict[str, FillResult]
    nats: Nats | None = None
    other_nats: dict[str, Nats] = {}


class Measurement(msgspec.Struct, frozen=True):
    """What is measured of each case; ``likelihood`` asks for the nats of its answer. Fit for other processes."""

    model: ModelSettings
    variants: tuple[Variant, ...]
    limits: Limits
    likelihood: bool
    seed: int


class Measurer:
    """Measures cases with one host, loaded when the first one comes."""

    def __init__(self, measurement: Measurement) -> None:
        self.measurement = measurement

    @cached_property
    def host(self) -> Host:
        """The model."""
        return load_host(self.measurement.model, lambda fraction, what: None)

    def measure(self, case: Case) -> CaseResult:
        """All that is asked of ``case``."""
        asked = self.measurement
        judge = Judge(case, asked.limits)
        default = next(variant for variant in asked.variants if variant.name == DEFAULT)
        completions = {DEFAULT: complete(self.host, default, case)}
        for variant in asked.variants:
            if variant is not default:
                completions[variant.name] = complete(self.host, variant, case, completions[DEFAULT])
        fills = {name: judge.judge(completion) for name, completion in completions.items()}
        nats: dict[str, Nats] = {}
        for variant in asked.variants if asked.likelihood else ():
            if variant is default or variant.reads_otherwise:
                generator = random.Random(f"{asked.seed} {case.name}")
                found = nats_of(self.host, case, variant.settings, generator, variant.related_tokens)
                if found is not None:
                    nats[variant.name] = found
        return CaseResult(case.name, judge.parses_empty, fills, nats.pop(DEFAULT, None), nats)


def usual_workers() -> int:
    """Two where this process may use two cores."""
    return min(2, usable_cores())


def measure_cases(
    measurement: Measurement, cases: Sequence[Case], record: Record[CaseResult], workers: int
) -> Iterator[CaseResult]:
    """The result of each of ``cases`` as it comes; those that ``record`` lacks are measured and added to it.

    Raises :class:`WorkerEnded`, and whatever a measurement raises.
    """
    wanted = {case.name for case in cases}
    finished = {result.case: result for result in record.results if result.case in wanted}
    yield from finished.values()
    waiting = [case for case in cases if case.name not in finished]
    for result in _measured(measurement, waiting, min(workers, len(waiting))):
        record.add(result)
        yield result


def _measured(measurement: Measurement, cases: Sequence[Case], workers: int) -> Iterator[CaseResult]:
    if workers <= 1:
        measurer = Measurer(measurement)
        yield from map(measurer.measure, cases)
        return
    executor = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_start_worker, initargs=(measurement,)
    )
    try:
        futures = [executor.submit(_measure_in_worker, case) for case in cases]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise WorkerEnded(
            "a worker process ended unexpectedly, perhaps for want of memory; try --workers 1"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


_measurers: list[Measurer] = []
"""In a worker process, its one measurer."""


def _start_worker(measurement: Measurement) -> None:
    """Prepare a worker process: it ends with its parent, and at the first interrupt, without a word."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _measurers.append(Measurer(measurement))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    with contextlib.suppress(Exception):
        if parent is not None:
            parent.join()
    os._exit(1)


def _measure_in_worker(case: Case) -> CaseResult:
    return _measurers[0].measure(case)
