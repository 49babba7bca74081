"""Open documents as immutable snapshots, their positions in three encodings, and edits to them.

A line ends at a line feed, a carriage return or both, and at nothing else, as the Language Server Protocol
has it: a form feed or U+2028 is an ordinary character. Offsets count characters (code points) of the text; a
position counts units of the negotiated encoding within a line. Lone surrogates are ordinary characters too.

A document keeps its lines, not one string, so that an edit touches only the lines it names.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from itertools import accumulate
from typing import Literal, NamedTuple

Encoding = Literal["utf-8", "utf-16", "utf-32"]

LINE_END = re.compile(r"\r\n?|\n")
NEARBY = 4_096
"""Characters behind the last edit in which a position is told line by line."""


class OutsideDocument(ValueError):
    """A position that names a line the document does not have."""


class Position(NamedTuple):
    """A place in a document: line and unit within the line, both counted from 0."""

    line: int
    character: int


class Edit(NamedTuple):
    """New text for the span from ``start`` to ``end``, or for the whole document where both are None."""

    text: str
    start: Position | None = None
    end: Position | None = None


@dataclass(frozen=True, eq=False)
class Document:
    """One version of one open document. Snapshots of an unchanged document are the same object."""

    uri: str
    language_id: str
    version: int
    lines: list[str]
    """Lines with their ends, never changed in place; the last one has no end and may be empty."""
    length: int
    """Characters."""
    near: tuple[int, int] = (0, 0)
    """A line and the offset at which it starts: where the last edit was, and what is asked for next lies near it."""

    @classmethod
    def of(cls, uri: str, language_id: str, version: int, text: str) -> "Document":
        """The document with this text."""
        return cls(uri, language_id, version, split_lines(text), len(text))

    @cached_property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.lines)

    @cached_property
    def starts(self) -> list[int]:
        """The offset at which each line starts, and the length of the text as the last element."""
        return list(accumulate(map(len, self.lines), initial=0))

    @cached_property
    def line_end(self) -> str:
        """How this document ends its lines: as its first line does, else ``\\n``."""
        found = LINE_END.search(self.lines[0])
        return found.group() if found else "\n"

    @cached_property
    def fingerprint(self) -> int:
        """A hash of the text, the same in this process for the same text; a line that stays is not read again."""
        return hash(tuple(self.lines))

    def offset(self, position: Position, encoding: Encoding) -> int:
        """The character offset of ``position``.

        Past the end of a line is that line's end, and inside a character is its start. Raises
        :class:`OutsideDocument` past the last line.
        """
        if position.line >= len(self.lines):
            raise OutsideDocument(
                f"line {position.line} is outside the document, whose last line is {len(self.lines) - 1} "
                "(counted from 0)"
            )
        column = _column(self.lines[position.line], position.character, encoding)
        return self.line_start(position.line) + column

    def line_start(self, line: int) -> int:
        """The offset at which ``line`` starts; near the last edit, much less work than all ``starts``."""
        return _start(self.lines, self.near, line)

    def position(self, offset: int, encoding: Encoding) -> Position:
        """The position of the character offset ``offset``, which lies within the text."""
        if not 0 <= offset <= self.length:
            raise OutsideDocument(f"offset {offset} is outside the document of {self.length} characters")
        line, start = self.near
        if 0 <= offset - start < NEARBY:
            while line < len(self.lines) - 1 and offset >= start + len(self.lines[line]):
                start += len(self.lines[line])
                line += 1
        else:
            line = min(bisect_right(self.starts, offset), len(self.lines)) - 1
            start = self.starts[line]
        return Position(line, units(self.lines[line][: offset - start], encoding))

    def between(self, start: Position, end: Position, encoding: Encoding) -> str:
        """The text from ``start`` to ``end``, which may lie past the end; only the lines it names are looked at."""
        (first, head), (last, tail) = (_place(self.lines, place, encoding) for place in (start, end))
        if first == last:
            return self.lines[first][head:tail]
        return "".join([self.lines[first][head:], *self.lines[first + 1 : last], self.lines[last][:tail]])

    def edited(self, version: int, edits: Iterable[Edit], encoding: Encoding) -> "Document":
        """The next version: ``edits`` applied one after the other, each to the result of the one before.

        A span that ends past the last line ends with the text, and one whose ends are swapped is put right:
        clients rely on the protocol's reference implementation, which does the same.
        """
        lines, length, near = list(self.lines), self.length, self.near
        for edit in edits:
            if edit.start is None or edit.end is None:
                lines, length, near = split_lines(edit.text), len(edit.text), (0, 0)
            else:
                # The line above starts where it did, even where the edit makes one line end of two.
                above = max(0, min(edit.start.line, edit.end.line, len(lines) - 1) - 1)
                near = above, _start(lines, near, above)
                length += _replace(lines, edit.start, edit.end, edit.text, encoding)
        return Document(self.uri, self.language_id, version, lines, length, near)

    def __repr__(self) -> str:  # a document is never printed with its text
        return f"Document({self.uri!r}, version {self.version}, {len(self.lines)} lines)"


def split_lines(text: str) -> list[str]:
    """The lines of ``text`` with their ends; the last one has none and may be empty."""
    lines = list(StringIO(text, newline=""))  # the fastest way that knows these line ends and no others
    if not lines or lines[-1].endswith(("\r", "\n")):
        lines.append("")
    return lines


def units(text: str, encoding: Encoding) -> int:
    """How many units ``text`` takes in ``encoding``; a lone surrogate takes as many as it would alone."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    if encoding == "utf-16":
        return len(text.encode("utf-16-le", "surrogatepass")) // 2
    return len(text.encode("utf-8", "surrogatepass"))


def typed_since(before: Document, now: Document, offset: int) -> str | None:
    """What was typed at ``offset`` between two versions, or None if anything else changed."""
    return "" if now is before else inserted(before.text, now.text, offset)


def inserted(before: str, now: str, offset: int) -> str | None:
    """What was put in at ``offset`` of ``before`` to make ``now``, or None if anything else was done."""
    count = len(now) - len(before)
    put = now[offset : offset + count] if count >= 0 else ""
    return put if now == before[:offset] + put + before[offset:] else None


def _start(lines: list[str], near: tuple[int, int], line: int) -> int:
    """The offset at which ``line`` starts, told from that of a line ``near`` it."""
    known, start = near
    if line < known:
        return start - sum(map(len, lines[line:known]))
    return start + sum(map(len, lines[known:line]))


def _column(line: str, character: int, encoding: Encoding) -> int:
    """The character offset in ``line`` of its unit ``character``, at most that of its end."""
    content = line.rstrip("\r\n")
    if encoding == "utf-32" or content.isascii():
        return min(character, len(content))
    # Units grow with every character, so the longest prefix that is not too long is found by halving.
    return bisect_right(range(len(content) + 1), character, key=lambda n: units(content[:n], encoding)) - 1


def _replace(lines: list[str], start: Position, end: Position, text: str, encoding: Encoding) -> int:
    """Put ``text`` in place of the span, in ``lines`` itself; answers by how many characters they grow."""
    (first, head), (last, tail) = sorted((_place(lines, start, encoding), _place(lines, end, encoding)))
    merged = lines[first][:head] + text + lines[last][tail:]
    if first > 0 and merged.startswith("\n") and lines[first - 1].endswith("\r"):
        first -= 1  # the two now make one line end
        merged = lines[first] + merged
    fresh = split_lines(merged)
    if last < len(lines) - 1:
        fresh.pop()  # `merged` ends with the end of line `last`, and what follows is there already
    longer = sum(map(len, fresh)) - sum(map(len, lines[first : last + 1]))
    lines[first : last + 1] = fresh
    return longer


def _place(lines: list[str], position: Position, encoding: Encoding) -> tuple[int, int]:
    """The line and the character offset in it of ``position``; past the last line is the end of the text."""
    if position.line >= len(lines):
        return len(lines) - 1, len(lines[-1])
    return position.line, _column(lines[position.line], position.character, encoding)
