"""Real files for the tests of syntax: standard-library modules that no training corpus ever holds."""

import ast
import random
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from dgls.infill.request import Gap

MODULES = (
    "ast",
    "argparse",
    "textwrap",
    "json",
    "json.decoder",
    "json.encoder",
    "json.scanner",
    "csv",
    "difflib",
    "configparser",
    "heapq",
    "bisect",
    "statistics",
    "fractions",
    "shlex",
    "string",
    "calendar",
    "dataclasses",
    "tarfile",
    "zipfile",
    "tokenize",
    "typing",
    "asyncio.queues",
    "asyncio.locks",
    "collections",
    "logging",
    "logging.config",
    "logging.handlers",
    "unittest.mock",
    "http.server",
    "email.message",
)


class Cut(NamedTuple):
    """A gap in a file, and its true text."""

    module: str
    gap: Gap
    text: str


@cache
def source(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).read_text(encoding="utf-8")


def cuts(count: int, seed: int) -> list[Cut]:
    """Spans of valid files: a third are random spans, a third whole lines, a third nodes of the syntax tree."""
    chance = random.Random(seed)
    chosen = []
    for number in range(count):
        module = chance.choice(MODULES)
        text = source(module)
        kind = ("span", "lines", "node")[number % 3]
        if kind == "span":
            start = chance.randrange(len(text))
            gap = Gap(start, min(len(text), start + chance.randint(1, 120)))
        elif kind == "lines":
            starts = line_starts(text)
            first = chance.randrange(len(starts) - 1)
            gap = Gap(starts[first], starts[min(len(starts) - 1, first + chance.randint(1, 4))])
        else:
            gap = chance.choice(node_gaps(module))
        chosen.append(Cut(module, gap, text[gap.start : gap.end]))
    return chosen


@cache
def node_gaps(module: str) -> list[Gap]:
    """The spans of all expressions and statements of at most 400 characters."""
    text = source(module)
    starts = line_starts(text)
    lines = text.splitlines(keepends=True)
    gaps = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.expr | ast.stmt) and node.end_lineno and node.end_col_offset is not None:
            ends = []
            for line, column in ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)):
                ends.append(starts[line - 1] + len(lines[line - 1].encode()[:column].decode()))
            if ends[1] - ends[0] <= 400:
                gaps.append(Gap(*ends))
    return gaps


@cache
def line_starts(text: str) -> list[int]:
    """Where lines start, and the end of the text."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
