"""Duplicates: which files repeat one that was there before, or hold a text that the corpus must not hold.

Files are compared by shingles, hashes of three consecutive lines that say something. A benchmark's solution is often
copied without its docstring and imports, and may then have one shingle at most: so texts are compared bare of them too,
and of so short a one the whole is looked for.
"""

import hashlib
import re
from collections.abc import Iterable

SHINGLE = 3
QUOTED = re.compile(r"(\"\"\"|''').*?\1", re.DOTALL)


class Seen:
    """What was seen so far, and what is barred from the start."""

    def __init__(self, barred: Iterable[str]) -> None:
        self.files: set[bytes] = set()
        self.shingles: set[int] = set()
        self.barred: set[int] = set()
        """Shingles of what is barred: two of them tell."""
        self.barred_whole: set[int] = set()
        """Barred texts that have one shingle at most: all their lines, in a row, tell."""
        for text in barred:
            for lines in (_lines(text), _bare_lines(text)):
                self.barred |= _runs(lines, SHINGLE)
                if 2 <= len(lines) <= SHINGLE:
                    self.barred_whole |= _runs(lines, len(lines))

    def repeated(self, text: str) -> str | None:
        """Why a file is a repetition, or None; a file that is none is remembered."""
        digest = hashlib.sha256(text.encode()).digest()
        if digest in self.files:
            return "exact duplicate"
        self.files.add(digest)
        lines = _lines(text)
        if self._is_barred(lines) or self._is_barred(_bare_lines(text)):
            return "in a benchmark"
        shingles = _runs(lines, SHINGLE)
        if len(shingles & self.shingles) > 0.5 * len(shingles):
            return "near duplicate"
        self.shingles |= shingles
        return None

    def _is_barred(self, lines: list[str]) -> bool:
        shingles = _runs(lines, SHINGLE)
        return len(shingles & self.barred) >= 2 or not (shingles | _runs(lines, 2)).isdisjoint(
            self.barred_whole
        )


def _lines(text: str) -> list[str]:
    """The lines that say something, without their indentation."""
    return [line for line in map(str.strip, text.splitlines()) if len(line) > 8 and line[0] != "#"]


def _bare_lines(text: str) -> list[str]:
    """The same without imports, docstrings and whatever else stands in triple quotes."""
    return [line for line in _lines(QUOTED.sub("", text)) if not line.startswith(("import ", "from "))]


def _runs(lines: list[str], length: int) -> set[int]:
    """Hashes of all runs of ``length`` consecutive lines; stable between processes is not needed."""
    return set(map(hash, zip(*(lines[start:] for start in range(length)), strict=False)))
