"""HumanEval-Infilling: functions with a piece cut out, and tests that the right piece passes.

The program under test is prompt + completion + suffix + test + check(entry point), as in the benchmark's own harness.
"""

import gzip
import hashlib
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dgls.evaluation.case import Case

PATH = "solution.py"
"""What the model takes a task's file for; the benchmark names none."""
GZIP_MAGIC = b"\x1f\x8b"

PUBLISHED = {
    "HumanEval-SingleLineInfilling": "6fffc71ec2f1674372fcc177511f92312f1a27a9eacd8e43255c9f5ee9eca8c8",
    "HumanEval-RandomSpanInfillingLight": "cbb2b36f90311a3a7d844b6361852bb33e3ab11ab3bca2b7e85bfb9bf78c5891",
}
"""SHA-256 of the uncompressed files of github.com/openai/human-eval-infilling, by what they are called."""


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

    def case(self) -> Case:
        """The task as a gap to fill."""
        return Case(
            name=self.task_id,
            language="python",
            path=PATH,
            kind=self.task_id.partition("/")[0],
            prefix=self.prompt,
            suffix=self.suffix,
            answer=self.canonical_solution,
            tests=f"\n{self.test}\ncheck({self.entry_point})\n",
        )


def read_tasks(path: Path, sha256: str | None = None) -> list[Case]:
    """The tasks of a ``.jsonl`` or ``.jsonl.gz`` file, whose own hash is ``sha256`` where that is given.

    Raises :class:`BenchmarkError`, naming the line; and for a file that goes by a published name without being that.
    """
    try:
        content = path.read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
    except OSError as error:
        raise BenchmarkError(f"{path} cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BenchmarkError(f"{path} is damaged or only part of a gzip file: {error}") from error
    if sha256 is not None and sha256.lower() != found:
        raise BenchmarkError(f"{path} has SHA-256 {found}, not {sha256.lower()}; get the file again")
    tasks: dict[str, Case] = {}
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
        tasks[task.task_id] = task.case()
    if not tasks:
        raise BenchmarkError(f"{path} holds no task")
    published = PUBLISHED.get(path.name.partition(".")[0])
    if published not in (None, hashlib.sha256(content).hexdigest()):
        raise BenchmarkError(
            f"{path} is called like the published file but is another one: uncompressed, the published one has "
            f"SHA-256 {published}; get it again, or rename this one if it is meant"
        )
    return list(tasks.values())


def choose_tasks(tasks: Sequence[Case], limit: int | None, seed: int) -> list[Case]:
    """All tasks in an order that ``seed`` draws, or the first ``limit`` of them.

    Neighbours in the file are pieces of one function: a few of all functions say more. A higher limit adds to what
    a lower one chose.
    """
    return random.Random(seed).sample(tasks, len(tasks))[:limit]
