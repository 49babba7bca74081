"""HumanEval-Infilling: functions with a piece cut out, filled again, and judged by running their tests.

The program under test is prompt + completion + suffix + test + check(entry point), as in the benchmark's own
harness; it runs in a process of its own (``sandbox.py``). A task without an offered fill counts as failed in every
measure. Beside each share of fills that parse stands the share without any fill: only what lies above it is earned.
"""

import ast
import gzip
import random
import statistics
import time
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta
from rapidfuzz.distance import Levenshtein

from dgls.config import InfillSettings
from dgls.evaluation.record import Record
from dgls.evaluation.sandbox import Limits, Outcome, run_program
from dgls.evaluation.statistics import Interval, wilson_interval
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import Host

PATH = "solution.py"
"""What the model takes a task's file for; the benchmark names none."""
GZIP_MAGIC = b"\x1f\x8b"


class BenchmarkError(Exception):
    """A benchmark file that cannot be used."""


class Task(msgspec.Struct, frozen=True):
    """One task; ``canonical_solution`` is what stood between ``prompt`` and ``suffix``."""

    task_id: Annotated[str, Meta(min_length=1)]
    entry_point: Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z_0-9]*\Z")]
    prompt: str
    suffix: str
    canonical_solution: str
    test: str

    def completed(self, completion: str) -> str:
        """The file with ``completion`` in the gap."""
        return self.prompt + completion + self.suffix

    def program(self, completion: str) -> str:
        """What is run: it ends without an error where the completion is right."""
        return f"{self.completed(completion)}\n{self.test}\ncheck({self.entry_point})\n"


class Completion(msgspec.Struct, frozen=True):
    """A fill and what it cost; ``text`` is None where none was offered."""

    text: str | None
    nfe: int = 0
    tokens: int = 0
    milliseconds: float = 0.0


class TaskResult(msgspec.Struct, frozen=True):
    """What became of one task. ``similarity`` is 1 minus the edit distance over the longer text's length."""

    task_id: str
    completion: Completion
    outcome: Outcome | None
    exact: bool
    similarity: float
    parses: bool
    parses_empty: bool


class Summary(msgspec.Struct, frozen=True):
    """All results together; times and passes are None where no model ran."""

    tasks: int
    pass_at_1: Interval
    exact: Interval
    similarity: float
    parses: Interval
    parses_empty: Interval
    parses_above_empty: float
    offered: Interval
    nfe_per_fill: float | None
    tokens_per_nfe: float | None
    p50_ms: float | None
    p95_ms: float | None
    outcomes: dict[str, int]


Fill = Callable[[Task], Completion]


def read_tasks(path: Path) -> list[Task]:
    """The tasks of a ``.jsonl`` or ``.jsonl.gz`` file. Raises :class:`BenchmarkError`, naming the line."""
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path} is damaged or only part of a gzip file: {error}") from error
    tasks: dict[str, Task] = {}
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            task = msgspec.json.decode(line, type=Task)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BenchmarkError(
                f"{path}, line {number}: {error}; each line is a JSON object with the strings "
                f"{', '.join(Task.__struct_fields__)}"
            ) from error
        if task.task_id in tasks:
            raise BenchmarkError(f"{path}, line {number}: task {task.task_id!r} is there already")
        tasks[task.task_id] = task
    if not tasks:
        raise BenchmarkError(f"{path} holds no task")
    return list(tasks.values())


def choose_tasks(tasks: Sequence[Task], limit: int | None, seed: int) -> list[Task]:
    """All tasks in an order that ``seed`` draws, or the first ``limit`` of them.

    Neighbours in the file are pieces of one function: a few of all functions say more. A higher limit adds to what
    a lower one chose.
    """
    return random.Random(seed).sample(tasks, len(tasks))[:limit]


def fill_empty(task: Task) -> Completion:
    """The baseline: nothing is filled in."""
    return Completion("")


def filler(host: Host, settings: InfillSettings) -> Fill:
    """The best fill of the model, from a prefix cache that is empty for each task, without a deadline."""

    def fill(task: Task) -> Completion:
        cursor = len(task.prompt)
        request = FillRequest(task.completed(""), (Gap(cursor, cursor),), "python", PATH, settings)
        started = time.perf_counter()
        answer = answer_of(fill_gaps(host, host.new_store(), request))
        milliseconds = (time.perf_counter() - started) * 1000
        text = answer.fills[0].texts[0] if answer.fills else None
        tokens = len(host.tokenizer.encode(text)) if text else 0
        return Completion(text, answer.nfe, tokens, round(milliseconds, 3))

    return fill


def measure_tasks(
    tasks: Sequence[Task], fill: Fill, record: Record[TaskResult], limits: Limits
) -> Iterator[TaskResult]:
    """The result of each of ``tasks``, in order; those that ``record`` lacks are measured and added to it."""
    finished = {result.task_id: result for result in record.results}
    for task in tasks:
        result = finished.get(task.task_id)
        if result is None:
            result = judge(task, fill(task), limits)
            record.add(result)
        yield result


def judge(task: Task, completion: Completion, limits: Limits) -> TaskResult:
    """Run the tests of ``task`` over ``completion`` and compare it with what stood there."""
    text, parses_empty = completion.text, parses(task.completed(""))
    if text is None:
        return TaskResult(task.task_id, completion, None, False, 0.0, False, parses_empty)
    return TaskResult(
        task.task_id,
        completion,
        run_program(task.program(text), limits),
        text == task.canonical_solution,
        Levenshtein.normalized_similarity(text, task.canonical_solution),
        parses(task.completed(text)),
        parses_empty,
    )


def parses(text: str) -> bool:
    """Whether Python itself takes ``text`` for a module."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def summarise(results: Sequence[TaskResult]) -> Summary:
    """The measures over ``results``, one at least."""
    count = len(results)
    costs = [result.completion for result in results]
    times = sorted(cost.milliseconds for cost in costs)
    nfe = sum(cost.nfe for cost in costs)
    outcomes = [result.outcome or "not offered" for result in results]

    def share(successes: int) -> Interval:
        return wilson_interval(successes, count)

    parsing, parsing_empty = (
        share(sum(result.parses for result in results)),
        share(sum(result.parses_empty for result in results)),
    )
    return Summary(
        tasks=count,
        pass_at_1=share(outcomes.count("passed")),
        exact=share(sum(result.exact for result in results)),
        similarity=statistics.fmean(result.similarity for result in results),
        parses=parsing,
        parses_empty=parsing_empty,
        parses_above_empty=parsing.estimate - parsing_empty.estimate,
        offered=share(sum(cost.text is not None for cost in costs)),
        nfe_per_fill=nfe / count if nfe else None,
        tokens_per_nfe=sum(cost.tokens for cost in costs) / nfe if nfe else None,
        p50_ms=times[(count - 1) // 2] if nfe else None,
        p95_ms=times[-(-95 * count // 100) - 1] if nfe else None,
        outcomes={outcome: outcomes.count(outcome) for outcome in sorted(set(outcomes))},
    )
