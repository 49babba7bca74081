"""Query files with predicates of our own: patterns over the nodes of a tree, read and checked when they are loaded.

tree-sitter sees the patterns alone; all predicates are read and evaluated here. It would ignore those that it does not
know, so that a pattern matches everywhere; here they are refused. And its Python binding (0.26.1) crashes when a query
with several predicates in a pattern is freed.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import tree_sitter
from tree_sitter import Node

from dgls.syntax.predicates import PREDICATES, Place, Predicate, QueryProblem, Span, check_selector
from dgls.syntax.walk import faulty_nodes

SLICE = 8_192
"""Bytes that are looked at in one go: as long as that takes, other threads wait, and nothing can be stopped."""
MOST_IN_ERROR = 3_000
"""Children of one ERROR, which the grammar does not group as it does others: a query's time grows with the square."""
BETWEEN_LOOKS = 32
"""Matches whose conditions are tried between two looks at the clock."""
DEEPEST_START = 300
"""Levels; the time of a query grows with the square of them."""

Argument = tuple[str, Literal["capture", "string"]]


class Match(NamedTuple):
    """One match: the number of its pattern, its captures, and the bytes that a predicate narrowed it to, if one did."""

    pattern: int
    captures: Mapping[str, list[Node]]
    narrowed: Span | None


class Pattern(NamedTuple):
    """What a pattern says beside its nodes: the source of it all, and the value of its ``#set! message``."""

    shown: str
    message: str
    captures: frozenset[str]


class CheckedQuery:
    """The patterns of one query file."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a pattern, a predicate or one of its arguments is wrong."""
        bare = source.encode()
        for found in _predicates(source):
            bare = bare[: found.start] + b" " * (found.end - found.start) + bare[found.end :]
        try:
            self._query = tree_sitter.Query(grammar, bare.decode())
        except tree_sitter.QueryError as error:
            raise QueryProblem(str(error)) from error
        self.patterns: list[Pattern] = []
        self._conditions: list[tuple[_Condition, ...]] = []
        for index in range(self._query.pattern_count):
            start, end = self._query.start_byte_for_pattern(index), self._query.end_byte_for_pattern(index)
            pattern, conditions = _read(source.encode()[start:end].decode(), grammar)
            self.patterns.append(pattern)
            self._conditions.append(conditions)

    def matches(
        self, root: Node, source: bytes, late: Callable[[], bool], within: Span | None = None
    ) -> list[Match] | None:
        """All matches under ``root``, in no order; None if there is too much to look at or ``late()`` became true.

        With ``within``, only those that touch these bytes are looked at.
        """
        if _has_wide_error(root, late):
            return None
        place = Place(source, root)
        matches: list[Match] = []
        for found in self._slices(root, (0, root.end_byte + 1) if within is None else within):
            for number, (pattern, captures) in enumerate(found):
                if number % BETWEEN_LOOKS == 0 and late():
                    return None
                narrowed: Span | None = None
                for condition in self._conditions[pattern]:
                    nodes = [captures[name][0] for name in condition.captures]
                    held = condition.holds(place, nodes, condition.strings)
                    if not held:
                        break
                    if isinstance(held, tuple):
                        narrowed = held
                else:
                    matches.append(Match(pattern, captures, narrowed))
            if late():
                return None
        return matches

    def _slices(self, root: Node, within: Span) -> Iterator[list[tuple[int, dict[str, list[Node]]]]]:
        """The patterns that match in a span, with their captures, each once, slice by slice.

        A query holds the interpreter to its end; a progress callback would let go of it, but crashes in tree-sitter
        0.26.1.
        """
        first, last = within
        seen = set[tuple[int, ...]]()
        for start in range(first, max(last, first + 1), SLICE):
            cursor = tree_sitter.QueryCursor(self._query)
            cursor.set_max_start_depth(DEEPEST_START)
            cursor.set_byte_range(start, min(start + SLICE, last))
            found = cursor.matches(root)
            if last - first > SLICE:  # what reaches into two slices is found in both
                ids = [
                    (pattern, *(n.id for nodes in captures.values() for n in nodes))
                    for pattern, captures in found
                ]
                found = [match for match, own in zip(found, ids, strict=True) if own not in seen]
                seen.update(ids)
            yield found


def _has_wide_error(root: Node, late: Callable[[], bool]) -> bool:
    """Whether a query would take too long over what does not parse, or the time was up before that was told."""
    if root.descendant_count <= MOST_IN_ERROR:
        return False
    return any(late() or (node.is_error and node.child_count > MOST_IN_ERROR) for node in faulty_nodes(root))


class _Condition(NamedTuple):
    """One of our predicates in a pattern, with its arguments."""

    holds: Predicate
    captures: tuple[str, ...]
    strings: tuple[str, ...]


class _Found(NamedTuple):
    """A predicate in a query's source: its name, its arguments in order, and its bytes."""

    name: str
    arguments: list[Argument]
    start: int
    end: int


_TOKEN = re.compile(r';[^\n]*|"(?:\\.|[^"\\])*"|\(\s*#(?P<predicate>[^\s()]+)|@[\w.-]+|[()]', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}


def _predicates(source: str) -> Iterator[_Found]:
    """The predicates of a query's source."""
    tokens = _TOKEN.finditer(source)
    for token in tokens:
        name = token["predicate"]
        if name is None:
            continue
        arguments: list[Argument] = []
        end = token.end()
        for argument in tokens:
            text, end = argument[0], argument.end()
            if text == ")":
                break
            if text.startswith('"'):
                plain = _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text[1:-1])
                arguments.append((plain, "string"))
            elif text.startswith("@"):
                arguments.append((text[1:], "capture"))
        start = len(source[: token.start()].encode())
        yield _Found(name, arguments, start, start + len(source[token.start() : end].encode()))


def _read(source: str, grammar: tree_sitter.Language) -> tuple[Pattern, tuple[_Condition, ...]]:
    """What the pattern ``source`` says beside its nodes; raises QueryProblem."""
    shown = " ".join(source.split())
    message = ""
    conditions: list[_Condition] = []
    for name, arguments, _, _ in _predicates(source):
        captures = tuple(value for value, kind in arguments if kind == "capture")
        strings = tuple(value for value, kind in arguments if kind == "string")
        if name == "set!":
            message = _message(source)
            continue
        if name not in PREDICATES:
            known = ", ".join(f"#{predicate}" for predicate in PREDICATES)
            raise QueryProblem(f"unknown predicate #{name} in {shown}; there are {known} and #set! message")
        signature = PREDICATES[name]
        for what, given, (least, most) in (
            ("captures", captures, signature.captures),
            ("strings", strings, signature.strings),
        ):
            if not least <= len(given) <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                raise QueryProblem(f"#{name} takes {wanted} {what}, got {len(given)} in {shown}")
        for capture in captures:
            if len(re.findall(rf"@{re.escape(capture)}(?![\w.-])", source)) < 2:
                raise QueryProblem(f"#{name} names @{capture}, which captures nothing in {shown}")
        for text in strings if signature.types else ():
            check_selector(name, text, grammar)
        conditions.append(_Condition(signature.holds, captures, strings))
    names = frozenset(token[0][1:] for token in _TOKEN.finditer(source) if token[0].startswith("@"))
    return Pattern(shown, message, names), tuple(conditions)


_MESSAGE = re.compile(r'\(\s*#set!\s+message\s+"((?:\\.|[^"\\])*)"\s*\)')


def _message(source: str) -> str:
    found = _MESSAGE.search(source)
    return _ESCAPE.sub(r"\1", found[1]) if found else ""
