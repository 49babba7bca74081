"""Real code and spans to cut out of it: files of the standard library that no checkpoint was trained on.

What a span is comes from Python's own ``ast``, not from the parser that dgls validates with.
"""

import ast
import importlib.util
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal, get_args

Kind = Literal["rest of a line", "inside words", "expression", "line", "statements"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# All of them stand in the list that training excludes for good.
MODULES = (
    *("ast", "argparse", "textwrap", "json.decoder", "csv", "difflib", "configparser", "heapq", "statistics"),
    *("fractions", "shlex", "string", "calendar", "dataclasses", "asyncio.queues"),
)

SHORTEST, LONGEST = 4, 160
"""Characters of a span."""


class ModuleMissing(Exception):
    """A module of the standard library has no source file; the message says what to do."""


@dataclass(frozen=True)
class SourceFile:
    """A module of the standard library, by its dotted name."""

    module: str

    @property
    def path(self) -> Path:
        """Where its source is; raises :class:`ModuleMissing`."""
        found = importlib.util.find_spec(self.module)
        if found is None or found.origin is None or not Path(found.origin).is_file():
            raise ModuleMissing(
                f"this Python has no source file of its module {self.module}: install one that has"
            )
        return Path(found.origin)

    @property
    def text(self) -> str:
        """The source, with line feeds."""
        return self.path.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Cut:
    """A span ``text[start:end]`` to be cut out of a file, and how it was chosen."""

    file: SourceFile
    kind: Kind
    start: int
    end: int


def choose_cuts(count: int, seed: int) -> list[Cut]:
    """``count`` spans, the kinds in turn, each from the next file; the same for the same seed and Python."""
    chance = random.Random(seed)
    files = [SourceFile(module) for module in MODULES]
    chance.shuffle(files)
    cuts: list[Cut] = []
    for number in range(count):
        file, kind = files[number % len(files)], KINDS[(number + number // len(files)) % len(KINDS)]
        start, end = chance.choice(spans_of(file.text, kind))
        cuts.append(Cut(file, kind, start, end))
    return cuts


def spans_of(text: str, kind: Kind) -> list[tuple[int, int]]:
    """All spans of one kind in a Python file, as character offsets, short and long ones left out."""
    code = _Code(text)
    match kind:
        case "rest of a line":  # the cursor stands behind at least two characters of code
            spans = [(cursor, end) for start, end in code.lines() for cursor in range(start + 2, end)]
        case "inside words":
            spans = [span for start, end in code.lines() for span in _between_words(text, start, end)]
        case "expression":
            spans = [code.span(node) for node in code.expressions()]
            spans = [(start, end) for start, end in spans if "\n" not in text[start:end]]
        case "line":
            spans = list(code.lines())
        case "statements":
            spans = list(code.runs_of_statements())
    return [(start, end) for start, end in spans if SHORTEST <= end - start <= LONGEST]


def _between_words(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Per pair of neighbouring long words of a line: from inside the first to inside the second."""
    words = [start + word.start() for word in re.finditer(r"[A-Za-z_]\w{3,}", text[start:end])]
    for first, second in pairwise(words):
        yield first + 2, second + 2


class _Code:
    """A Python file as its syntax tree, with the character offsets of the nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.nodes = list(ast.walk(ast.parse(text)))
        self._lines = text.split("\n")
        self._starts = list(accumulate((len(line) + 1 for line in self._lines), initial=0))

    def span(self, node: ast.stmt | ast.expr) -> tuple[int, int]:
        """Start and end of a node."""
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def expressions(self) -> Iterator[ast.expr]:
        """What could stand in parentheses; parts of f-strings are left out: before 3.12 their places are wrong."""
        strings = [node for node in self.nodes if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for string in strings for part in ast.walk(string)}
        for node in self.nodes:
            if (
                isinstance(node, ast.expr)
                and not isinstance(node, ast.Slice | ast.Starred)
                and id(node) not in parts
            ):
                yield node

    def lines(self) -> Iterator[tuple[int, int]]:
        """The lines that are one simple statement and nothing else, without their indentation."""
        for node in self.nodes:
            if isinstance(node, ast.stmt) and not hasattr(node, "body") and not _is_docstring(node):
                start, end = self.span(node)
                if self._lines[node.lineno - 1].strip() == self.text[start:end]:
                    yield start, end

    def runs_of_statements(self) -> Iterator[tuple[int, int]]:
        """Two or three statements that follow each other in the body of a function, a loop or a condition."""
        for node in self.nodes:
            body = getattr(node, "body", None)
            if isinstance(body, list) and not isinstance(node, ast.Module | ast.ClassDef):
                spans = [self.span(statement) for statement in body if not _is_docstring(statement)]
                for size in (2, 3):
                    for first, last in zip(spans, spans[size - 1 :], strict=False):
                        yield first[0], last[1]

    def _offset(self, line: int, column: int) -> int:
        """The character offset of a place as ``ast`` has it: the line from 1, the column in UTF-8 bytes."""
        before = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(before)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
