"""Real files for the tests of syntax, and spans cut out of them.

Python's are standard-library modules that no training corpus ever holds; those of the other languages lie in
``tests/sources/<language>/``, beside a NOTICE that says where they are from, and ``invalid.txt``: snippets that are
wrong because of what stands in their ``├marks┤``, with a line ``%%`` between them.
"""

import random
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import tree_sitter

from dgls.infill.request import Gap
from dgls.syntax import Language

SOURCES = Path(__file__).parent / "sources"
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

    path: Path
    gap: Gap

    @property
    def text(self) -> str:
        return read(self.path)[self.gap.start : self.gap.end]


@cache
def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def module(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin)


def files(folder: str) -> list[Path]:
    """The source files for the language of a folder in ``grammars/``."""
    if folder == "python":
        return [module(name) for name in MODULES]
    return sorted(path for path in (SOURCES / folder).iterdir() if path.suffix not in ("", ".txt"))


def snippets(folder: str) -> list[str]:
    """Marked documents whose fills are wrong."""
    return read(SOURCES / folder / "invalid.txt").removesuffix("\n").split("\n%%\n")


def cuts(language: Language, paths: list[Path], count: int, seed: int) -> list[Cut]:
    """Spans of valid files: a third are random spans, a third whole lines, a third nodes of the syntax tree."""
    chance = random.Random(seed)
    chosen = []
    for number in range(count):
        path = chance.choice(paths)
        text = read(path)
        kind = ("span", "lines", "node")[number % 3]
        if kind == "span":
            start = chance.randrange(len(text))
            gap = Gap(start, min(len(text), start + chance.randint(1, 120)))
        elif kind == "lines":
            starts = line_starts(text)
            first = chance.randrange(len(starts) - 1)
            gap = Gap(starts[first], starts[min(len(starts) - 1, first + chance.randint(1, 4))])
        else:
            gap = chance.choice(node_gaps(language, path))
        chosen.append(Cut(path, gap))
    return chosen


@cache
def node_gaps(language: Language, path: Path) -> list[Gap]:
    """The spans of all named nodes of at most 400 bytes."""
    source = read(path).encode()
    pending = [tree_sitter.Parser(language.grammar).parse(source).root_node]
    gaps = []
    while pending:
        node = pending.pop()
        pending += node.children
        if node.is_named and 0 < node.end_byte - node.start_byte <= 400:
            start = len(source[: node.start_byte].decode())
            gaps.append(Gap(start, start + len(source[node.start_byte : node.end_byte].decode())))
    return gaps


@cache
def line_starts(text: str) -> list[int]:
    """Where lines start, and the end of the text."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts
