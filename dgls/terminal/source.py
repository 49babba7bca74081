"""A file as `dgls fill` takes it: bytes to text, places to offsets, and the filled text back to bytes.

Nothing of a file is lost on the way: a byte order mark is kept aside, bytes that are not UTF-8 travel as lone
surrogates, line ends are left as they are. Lines and columns count from 1; a column counts characters (code
points).
"""

import os
import re
import sys
import tempfile
from codecs import BOM_UTF8
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, Self

from dgls.config import ServerSettings
from dgls.infill.request import FillError, Gap, unpinned
from dgls.policy import refusal
from dgls.surroundings import look_around
from dgls.text import Document, Position

STDIN = "-"
SNIFFED_BYTES = 8192
PLACE = re.compile(r"(\d+):(\d+)")
SURROGATE = re.compile("[\ud800-\udfff]")


class InputError(Exception):
    """What was asked cannot be done; the message says in one line what is wrong and what would be right."""


class Place(NamedTuple):
    """A line and a column, both counted from 1; the column in characters."""

    line: int
    column: int

    @classmethod
    def parse(cls, spelling: str) -> Self:
        """The place spelt ``LINE:COL``; raises :class:`InputError`."""
        found = PLACE.fullmatch(spelling.strip())
        if found is None:
            raise InputError(f"{spelling!r} is no place: expected LINE:COL, both counted from 1, as in 12:5")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True)
class Source:
    """The text of one file (or of standard input), and how it stood in bytes."""

    name: str
    raw: bytes

    @classmethod
    def read(cls, name: str) -> Self:
        """The file ``name``, or standard input where it is ``-``; raises :class:`InputError`."""
        try:
            raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        except IsADirectoryError:
            raise InputError(f"{name} is a directory: name a file") from None
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}") from None
        if b"\0" in raw[:SNIFFED_BYTES]:
            raise InputError(f"{name} is a binary file (or UTF-16): expected text in UTF-8")
        return cls(name, raw)

    @cached_property
    def text(self) -> str:
        """The text without its byte order mark; a byte that is not UTF-8 stands as a lone surrogate."""
        return self.raw.removeprefix(BOM_UTF8).decode("utf-8", errors="surrogateescape")

    @cached_property
    def readable(self) -> str:
        """The text with a replacement character for each lone surrogate: offsets are the same."""
        return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", self.text)

    @cached_property
    def document(self) -> Document:
        """The text by lines, as an editor counts them."""
        return Document.of(self.name, "", 0, self.text)

    def offset(self, place: Place) -> int:
        """The offset of ``place``, the end of the text included; raises :class:`InputError` outside of it."""
        lines = self.document.lines
        if not 1 <= place.line <= len(lines):
            raise InputError(f"{place} is outside of {self.name}: it has lines 1 to {len(lines)}")
        columns = len(lines[place.line - 1].rstrip("\r\n")) + 1
        if not 1 <= place.column <= columns:
            raise InputError(
                f"{place} is outside of {self.name}: line {place.line} has columns 1 to {columns}"
            )
        return self.document.offset(Position(place.line - 1, place.column - 1), "utf-32")

    def place(self, offset: int) -> Place:
        """The place of the character at ``offset``."""
        line, column = self.document.position(offset, "utf-32")
        return Place(line + 1, column + 1)

    def range(self, spelling: str) -> Gap:
        """The span spelt ``LINE:COL-LINE:COL``, its end excluded; raises :class:`InputError`."""
        first, dash, last = spelling.partition("-")
        if not dash:
            raise InputError(f"{spelling!r} is no range: expected LINE:COL-LINE:COL, as in 12:5-14:1")
        gap = Gap(self.offset(Place.parse(first)), self.offset(Place.parse(last)))
        if gap.end < gap.start:
            raise InputError(f"the range {spelling} ends before it starts")
        return gap

    def spans(self, at: Sequence[str], ranges: Sequence[str]) -> tuple[Gap, ...]:
        """Where to look for holes or faults: at places and in ranges, sorted; without any, in the whole text."""
        return self.gaps(at, ranges) if at or ranges else (Gap(0, len(self.text)),)

    def gaps(self, at: Sequence[str], ranges: Sequence[str], pins: Sequence[str] = ()) -> tuple[Gap, ...]:
        """Gaps at places ``LINE:COL`` and over ranges ``LINE:COL-LINE:COL``, sorted, with ``pins`` left out of them.

        Raises :class:`InputError`.
        """
        gaps = [Gap(offset, offset) for offset in (self.offset(Place.parse(spelling)) for spelling in at)]
        gaps += map(self.range, ranges)
        gaps.sort()
        for gap, following in pairwise(gaps):
            if following.start < gap.end or following == gap:
                raise InputError(f"two gaps overlap at {self.place(following.start)}")
        return self._unpinned(gaps, pins) if pins else tuple(gaps)

    def _unpinned(self, gaps: Sequence[Gap], spellings: Sequence[str]) -> tuple[Gap, ...]:
        """``gaps`` without the pins, each of which is inside one of them."""
        pins = {spelling: self.range(spelling) for spelling in spellings}
        for spelling, pin in pins.items():
            if not any(gap.start <= pin.start and pin.end <= gap.end for gap in gaps):
                raise InputError(f"the pin {spelling} is not inside a --range; move it, or select more")
        left: list[Gap] = []
        for gap in gaps:
            inside = sorted(pin for pin in pins.values() if gap.start <= pin.start and pin.end <= gap.end)
            try:
                left += unpinned(gap, inside)
            except FillError as error:
                raise InputError(str(error)) from error
        return tuple(left)

    def filled(self, gaps: Sequence[Gap], texts: Sequence[str]) -> bytes:
        """The bytes of the file with the gaps filled; every byte outside of them is as it was."""
        parts = [BOM_UTF8 if self.raw.startswith(BOM_UTF8) else b""]
        end = 0
        for gap, text in zip(gaps, texts, strict=True):
            parts += (_encoded(self.text[end : gap.start]), text.encode("utf-8"))
            end = gap.end
        return b"".join([*parts, _encoded(self.text[end:])])

    def write(self, filled: bytes) -> None:
        """Put ``filled`` in the file's place: written aside, then renamed; raises :class:`InputError`.

        Links are followed and the mode is kept. A file that another program changed meanwhile is left alone.
        """
        path = Path(self.name).resolve()
        try:
            if not os.access(path, os.W_OK):
                raise InputError(f"{self.name} may not be written; nothing was changed")
            if path.read_bytes() != self.raw:
                raise InputError(f"{self.name} was changed by another program meanwhile; nothing was written")
            aside, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(aside, "wb") as file:
                    file.write(filled)
                    file.flush()
                    os.fsync(aside)
                Path(name).chmod(path.stat().st_mode)
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise InputError(
                f"{self.name} cannot be written: {error.strerror}; nothing was changed"
            ) from None


def read_strength(spelling: str) -> float:
    """The strength of a rewrite; raises :class:`InputError` where it is none from 0 to 1."""
    try:
        strength = float(spelling)
    except ValueError:
        strength = -1.0
    if not 0 <= strength <= 1:
        raise InputError(
            f"{spelling!r} is no strength: expected a number from 0 (keep all) to 1 (start anew)"
        )
    return strength


def refuse_private(name: str, secrets: tuple[str, ...]) -> None:
    """Raise :class:`InputError` for a file that may hold secrets, as ``secrets`` may say too, or that is ignored."""
    if name == STDIN:
        return
    path = Path(name)
    around = look_around(path.parent.resolve() / path.name, None)
    reason = refusal(around, "", ServerSettings(secrets=secrets))
    if reason is not None:
        raise InputError(f"{reason}, so dgls leaves it alone; --anyway fills it all the same")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")
