"""Parsing with a time limit, and finding what is wrong in a tree without walking all of it.

tree-sitter counts UTF-8 bytes; the rest of dgls counts characters. Text that has no UTF-8 form or that grammars read
differently (lone surrogates, lone carriage returns) is replaced here, one character for one, before it is encoded.
"""

import ctypes
import re
import sys
import time
from collections.abc import Iterable
from itertools import accumulate, pairwise
from typing import Literal, NamedTuple

import tree_sitter
from tree_sitter import Node, Tree

from dgls.syntax.language import Language
from dgls.syntax.walk import faulty_nodes

CHUNK_BYTES = 1 << 14
STRETCH = 4
VISITS = 4_000
"""Nodes looked at, at most, in search of faults: an unclosed string can put an ERROR around thousands."""

_DROP = ctypes.pythonapi.Py_DecRef
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONE_CARRIAGE_RETURN = re.compile(r"\r(?!\n)")


class Clock:
    """A time limit for the thread that makes it, which starts then.

    It is one of processor time: a machine that is busy with other work changes no verdict, within ``STRETCH`` times
    the limit by the clock on the wall.
    """

    def __init__(self, budget_ms: float):
        self.budget_ms = budget_ms
        seconds = budget_ms / 1000
        self._soonest = time.perf_counter() + seconds
        self._latest = self._soonest + (STRETCH - 1) * seconds
        self._spent = time.thread_time() + seconds

    def late(self) -> bool:
        """Whether the time is up."""
        now = time.perf_counter()  # cheaper to ask than the other one, and never behind it
        return now > self._soonest and (now > self._latest or time.thread_time() > self._spent)


class Site(NamedTuple):
    """A place in a source that is wrong: bytes ``start`` to ``end``."""

    start: int
    end: int
    kind: Literal["error", "missing", "invalid"]
    message: str


def parseable(text: str) -> str:
    """``text`` with as many characters, but none that has no UTF-8 form, and with line feeds for lone CRs."""
    if "\r" in text:
        text = _LONE_CARRIAGE_RETURN.sub("\n", text)
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def characters(source: bytes, start: int, end: int) -> int:
    """How many characters bytes ``start`` to ``end`` hold."""
    return len(source[start:end].decode("utf-8", "ignore"))


def in_characters(spans: Iterable[tuple[int, int]], source: bytes) -> list[tuple[int, int]]:
    """``spans`` of the bytes of ``source``, which do not cut a character, as offsets of characters, sorted."""
    if source.isascii():
        return sorted(spans)
    before = [0, *accumulate(byte & 0xC0 != 0x80 for byte in source)]  # characters that start before a byte
    return sorted((before[start], before[end]) for start, end in spans)


def line_end(source: bytes, place: int) -> int:
    """Where the line of byte ``place`` ends, before its line break."""
    found = source.find(b"\n", place)
    return len(source) if found < 0 else found


def parse(source: bytes, language: Language, clock: Clock, edited: Tree | None = None) -> Tree | None:
    """The tree of ``source``; None if the time was up before the end, or the grammar cannot take what is so deep.

    ``edited`` is the tree of another source, told of the edits that made this one of it: what they leave alone is not
    parsed again. The callbacks also let other threads run: a plain ``parse(bytes)`` holds the interpreter lock to
    its end.

    The progress callback alone does not bound the time: it is asked once in many tokens, and some grammars look as
    far as the end of the source for what closes each. So no more is read once the time is up.
    """

    view = memoryview(source)
    pieces = [bytes(2)]  # the first is read by nobody, and so held as often as the others should be

    def read(offset: int, _point: object) -> bytes:
        if clock.late():
            return b""
        pieces.append(bytes(view[offset : offset + CHUNK_BYTES]))
        return pieces[-1]

    def stop(_offset: int, _has_error: bool) -> bool:
        return clock.late()

    if language.is_too_deep(source):
        return None
    parser = tree_sitter.Parser(language.grammar)
    try:
        if edited is not None:
            tree = parser.parse(read, edited, encoding="utf8", progress_callback=stop)
        else:
            tree = parser.parse(read, encoding="utf8", progress_callback=stop)
    except ValueError:  # how the binding says that it was stopped
        tree = None
    _let_go(pieces)
    return None if clock.late() else tree  # the end may not have been read


def _let_go(pieces: list[bytes]) -> None:
    """Take back the reference to each piece but the first that the parser's binding (0.26.1) never gives back.

    Without that, all that is ever parsed stays in memory. Where a piece is held no longer than the first one, nothing
    is done. Single bytes are the interpreter's own, and stay anyway.
    """
    usual, *held = map(sys.getrefcount, pieces)
    for piece, references in zip(pieces[1:], held, strict=True):
        if len(piece) > 1 and references > usual:
            _DROP(ctypes.py_object(piece))


def wrong_sites(tree: Tree, source: bytes, language: Language, clock: Clock) -> list[Site] | None:
    """All that is wrong in a tree: ERROR and MISSING nodes and matches of ``invalid.scm``, in no order.

    None if the time or the visits were up before the end.
    """
    sites: list[Site] = []
    for visits, node in enumerate(faulty_nodes(tree.root_node)):
        if visits >= VISITS or clock.late():
            return None
        if node.is_error:
            sites.append(Site(node.start_byte, node.end_byte, "error", "this does not parse"))
        elif node.is_missing:
            sites.append(Site(node.start_byte, node.end_byte, "missing", f"{node.type!r} is missing"))
        elif node.has_error and not any(child.has_error for child in node.children):
            start, end = _hidden(node)
            sites.append(Site(start, end, "missing", "something that ends or joins is missing"))
    matches = language.invalid.matches(tree.root_node, source, clock.late)
    if matches is None:
        return None
    sites += (Site(match.start, match.end, "invalid", match.message) for match in matches)
    return sites


def _hidden(node: Node) -> tuple[int, int]:
    """Where in ``node`` a hidden token was put in, such as the line break between two statements on one line.

    No walk and no query shows hidden tokens; what shows is a node with an error that none of its children has. The
    place is where one child begins on the row that another ended on, or else the whole node.
    """
    children = node.children
    for before, after in pairwise(children):
        if before.is_named and after.is_named and before.end_point.row == after.start_point.row:
            return before.start_byte, after.end_byte
    return node.start_byte, node.end_byte
