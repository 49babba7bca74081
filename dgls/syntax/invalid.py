"""What parses but is not valid: the queries of ``invalid.scm``, with a few predicates of our own.

tree-sitter ignores predicates that it does not know, so that a rule would match everywhere; here they are refused
when the file is loaded. ``grammars/README.md`` documents the predicates for those who write rules.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import tree_sitter
from tree_sitter import Node

Argument = tuple[str, Literal["capture", "string"]]


class Place(NamedTuple):
    """What a predicate may look at beside its captures."""

    source: bytes
    root: Node


Predicate = Callable[[Place, Sequence[Node], Sequence[str]], bool]


class QueryProblem(ValueError):
    """A query is wrong; the message says where and what would be right."""


class Match(NamedTuple):
    """A node that matches a rule, and what the rule says about it."""

    node: Node
    message: str


class InvalidRules:
    """The rules of one ``invalid.scm``: each pattern captures ``@invalid`` and sets a ``message``."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a pattern, a predicate or one of its arguments is wrong."""
        _check_predicates(source, grammar)
        try:
            self._query = tree_sitter.Query(grammar, source)
        except tree_sitter.QueryError as error:
            raise QueryProblem(str(error)) from error
        self._messages: list[str] = []
        for index in range(self._query.pattern_count):
            start, end = self._query.start_byte_for_pattern(index), self._query.end_byte_for_pattern(index)
            pattern = source.encode()[start:end].decode()
            message = self._query.pattern_settings(index).get("message")
            if not message:
                raise QueryProblem(f'this pattern lacks a (#set! message "..."): {pattern.strip()}')
            if not re.search(r"@invalid\b", pattern):
                raise QueryProblem(f"this pattern captures no @invalid, the node that is wrong: {pattern.strip()}")
            self._messages.append(message)

    def matches(self, root: Node, source: bytes, late: Callable[[], bool]) -> list[Match] | None:
        """All matches under ``root``, in no order; None if ``late()`` became true before the end."""
        stopped = False
        place = Place(source, root)

        def stop() -> bool:
            nonlocal stopped
            stopped = stopped or late()
            return stopped

        def holds(
            name: str, arguments: list[Argument], pattern: int, captures: Mapping[str, list[Node]]
        ) -> bool:
            if stop():
                return False
            nodes: list[Node] = []
            strings: list[str] = []
            for value, kind in arguments:
                if kind == "string":
                    strings.append(value)
                elif captured := captures.get(value):
                    nodes.append(captured[0])
                else:
                    return False
            return PREDICATES[name].holds(place, nodes, strings)

        cursor = tree_sitter.QueryCursor(self._query, match_limit=10_000)
        found = cursor.matches(root, holds, lambda _: stop())
        if stopped:
            return None
        return [Match(node, self._messages[pattern]) for pattern, captures in found for node in captures["invalid"]]


def _empty(_place: Place, nodes: Sequence[Node], _strings: Sequence[str]) -> bool:
    """Nothing but comments and other extras inside."""
    return all(child.is_extra or not child.is_named for child in nodes[0].children)


def _lacks_child(_place: Place, nodes: Sequence[Node], types: Sequence[str]) -> bool:
    """No child of one of the types."""
    return all(child.type not in types for child in nodes[0].children)


def _not_inside(place: Place, nodes: Sequence[Node], selectors: Sequence[str]) -> bool:
    """Going outwards, a wall or the root comes before a node that is wanted."""
    chosen = [_selector(text) for text in selectors]
    below = nodes[0]
    for ancestor in reversed(_ancestors(place.root, below)):
        for selector in chosen:
            if selector.matches(ancestor, below):
                return selector.wall
        below = ancestor
    return True


def _indent_differs(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The node starts a line, and that line's indentation is not the other's."""
    own = _indentation(place.source, nodes[0])
    other = strings[0].encode() if strings else _indentation(place.source, nodes[1])
    return own is not None and other is not None and not nodes[0].is_extra and own != other


def _not_deeper(place: Place, nodes: Sequence[Node], _strings: Sequence[str]) -> bool:
    """Both nodes start lines, and the first one's indentation does not continue the second one's."""
    own, outer = _indentation(place.source, nodes[0]), _indentation(place.source, nodes[1])
    return own is not None and outer is not None and not (own.startswith(outer) and len(own) > len(outer))


def _breaks_line(_place: Place, nodes: Sequence[Node], own_lines: Sequence[str]) -> bool:
    """A line break between two tokens of the node, outside brackets and not before a node of the types."""
    pending = [nodes[0]]
    while pending:
        node = pending.pop()
        if node.start_point.row == node.end_point.row:
            continue
        depth, row = 0, node.start_point.row
        for child in node.children:
            if child.type in CLOSING:
                depth -= 1
            elif depth <= 0 and not child.is_extra and child.type not in own_lines:
                if child.start_point.row > row:
                    return True
                pending.append(child)
            depth += child.type in OPENING
            row = child.end_point.row
    return False


class _Signature(NamedTuple):
    """A predicate: what it checks, and how many captures and strings it takes at least and at most."""

    holds: Predicate
    captures: tuple[int, int]
    strings: tuple[int, int]
    types: bool = False
    """Whether its strings are node types, perhaps dressed up as selectors."""


OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
MANY = 1_000
PREDICATES = {
    "empty?": _Signature(_empty, (1, 1), (0, 0)),
    "lacks-child?": _Signature(_lacks_child, (1, 1), (1, MANY), types=True),
    "not-inside?": _Signature(_not_inside, (1, 1), (1, MANY), types=True),
    "indent-differs?": _Signature(_indent_differs, (1, 2), (0, 1)),
    "not-deeper?": _Signature(_not_deeper, (2, 2), (0, 0)),
    "breaks-line?": _Signature(_breaks_line, (1, 1), (0, MANY), types=True),
}
"""Our own predicates, beside those that tree-sitter's Python binding evaluates itself."""
BUILT_IN = {f"{no}{any_}{name}?" for no in ("", "not-") for any_ in ("", "any-") for name in ("eq", "match")} | {
    "any-of?",
    "not-any-of?",
    "set!",
}


class _Selector(NamedTuple):
    """One argument of ``#not-inside?``: ``[!]type[(child)][:field]``."""

    wall: bool
    node_type: str
    child: str | None
    field: str | None

    def matches(self, node: Node, below: Node) -> bool:
        """Whether ``node`` is meant, reached from its child ``below``."""
        if node.type != self.node_type:
            return False
        if self.child is not None and all(child.type != self.child for child in node.children):
            return False
        return self.field is None or below in node.children_by_field_name(self.field)


_SELECTOR = re.compile(r"(!?)(\w+)(?:\((\w+)\))?(?::(\w+))?")


def _selector(text: str) -> _Selector:
    parts = _SELECTOR.fullmatch(text)
    if parts is None:
        raise QueryProblem(f'{text!r} is no node type of the form "type", "type(child)", "type:field" or "!type"')
    return _Selector(parts[1] == "!", parts[2], parts[3], parts[4])


def _ancestors(root: Node, node: Node) -> list[Node]:
    """The nodes around ``node``, outermost first; found from the root, as each ``node.parent`` would be."""
    chain: list[Node] = []
    around: Node | None = root
    while around is not None and around != node:
        chain.append(around)
        around = around.child_with_descendant(node)
    return chain


def _indentation(source: bytes, node: Node) -> bytes | None:
    """What stands before ``node`` on its line; None if that is more than white space."""
    start = node.start_byte
    line = source.rfind(b"\n", 0, start) + 1
    before = source[line:start].rpartition(b"\f")[2].removeprefix(b"\xef\xbb\xbf")
    return None if before.strip(b" \t") else before


_TOKEN = re.compile(r';[^\n]*|"(?:\\.|[^"\\])*"|\(\s*#(?P<predicate>[^\s()]+)|@[\w.-]+|[()]', re.DOTALL)


def _predicates(source: str) -> Iterator[tuple[str, list[Argument]]]:
    """The predicates of a query's source with their arguments."""
    tokens = _TOKEN.finditer(source)
    for token in tokens:
        name = token["predicate"]
        if name is None:
            continue
        arguments: list[Argument] = []
        for argument in tokens:
            text = argument[0]
            if text == ")":
                break
            if text.startswith('"'):
                arguments.append((text[1:-1], "string"))
            elif text.startswith("@"):
                arguments.append((text[1:], "capture"))
        yield name, arguments


def _check_predicates(source: str, grammar: tree_sitter.Language) -> None:
    for name, arguments in _predicates(source):
        if name in BUILT_IN:
            continue
        if name not in PREDICATES:
            raise QueryProblem(
                f"unknown predicate #{name}; there are {', '.join(f'#{known}' for known in PREDICATES)} "
                f"and tree-sitter's own {', '.join(f'#{known}' for known in sorted(BUILT_IN))}"
            )
        signature = PREDICATES[name]
        captures = sum(kind == "capture" for _, kind in arguments)
        strings = [value for value, kind in arguments if kind == "string"]
        for what, count, (least, most) in (
            ("captures", captures, signature.captures),
            ("strings", len(strings), signature.strings),
        ):
            if not least <= count <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                raise QueryProblem(f"#{name} takes {wanted} {what}, got {count}")
        for text in strings if signature.types else ():
            selector = _selector(text)
            for node_type in filter(None, (selector.node_type, selector.child)):
                if not any(grammar.id_for_node_kind(node_type, named) is not None for named in (True, False)):
                    raise QueryProblem(f"#{name} names {node_type!r}, which is no node type of the grammar")
            if selector.field is not None and grammar.field_id_for_name(selector.field) is None:
                raise QueryProblem(f"#{name} names the field {selector.field!r}, which the grammar lacks")
