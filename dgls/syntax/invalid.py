"""What parses but is not valid: the queries of ``invalid.scm``, with a few predicates of our own.

tree-sitter sees the patterns alone; all predicates are read and evaluated here. It would ignore those that it does not
know, so that a rule matches everywhere; here they are refused when the file is loaded. And its Python binding
(0.26.1) crashes when a query with several predicates in a pattern is freed.
``grammars/README.md`` documents the predicates for those who write rules.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Literal, NamedTuple

import tree_sitter
from tree_sitter import Node

Argument = tuple[str, Literal["capture", "string"]]


class Place(NamedTuple):
    """What a predicate may look at beside its captures."""

    source: bytes
    root: Node


Span = tuple[int, int]
Predicate = Callable[[Place, Sequence[Node], Sequence[str]], bool | Span]
"""Whether it holds; or, where it holds, the bytes that are wrong within ``@invalid``."""


class QueryProblem(ValueError):
    """A query is wrong; the message says where and what would be right."""


class Match(NamedTuple):
    """Bytes that match a rule, and what the rule says about them."""

    start: int
    end: int
    message: str


class _Condition(NamedTuple):
    """One of our predicates in a pattern, with its arguments."""

    holds: Predicate
    captures: tuple[str, ...]
    strings: tuple[str, ...]


class _Rule(NamedTuple):
    """What a pattern says beside its nodes."""

    message: str
    conditions: tuple[_Condition, ...]


class _Found(NamedTuple):
    """A predicate in a query's source: its name, its arguments in order, and its bytes."""

    name: str
    arguments: list[Argument]
    start: int
    end: int


class InvalidRules:
    """The rules of one ``invalid.scm``: each pattern captures ``@invalid`` and sets a ``message``."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a pattern, a predicate or one of its arguments is wrong."""
        bare = source.encode()
        for found in _predicates(source):
            bare = bare[: found.start] + b" " * (found.end - found.start) + bare[found.end :]
        try:
            self._query = tree_sitter.Query(grammar, bare.decode())
        except tree_sitter.QueryError as error:
            raise QueryProblem(str(error)) from error
        self._rules: list[_Rule] = []
        for index in range(self._query.pattern_count):
            start, end = self._query.start_byte_for_pattern(index), self._query.end_byte_for_pattern(index)
            self._rules.append(_rule(source.encode()[start:end].decode(), grammar))

    def matches(self, root: Node, source: bytes, late: Callable[[], bool]) -> list[Match] | None:
        """All matches under ``root``, in no order; None if the tree is too large or ``late()`` became true.

        The query itself cannot be stopped: its progress callback crashes the interpreter in tree-sitter 0.26.1.
        """
        if root.descendant_count > LARGEST_TREE:
            return None
        place = Place(source, root)
        cursor = tree_sitter.QueryCursor(self._query)
        cursor.set_max_start_depth(DEEPEST_START)
        matches: list[Match] = []
        for pattern, captures in cursor.matches(root):
            rule = self._rules[pattern]
            if late():
                return None
            node = captures["invalid"][0]
            span: Span = node.byte_range
            for condition in rule.conditions:
                held = condition.holds(
                    place, [captures[name][0] for name in condition.captures], condition.strings
                )
                if not held:
                    break
                if isinstance(held, tuple):
                    span = held
            else:
                matches.append(Match(*span, rule.message))
        return matches


def _text(place: Place, node: Node) -> str:
    return place.source[node.start_byte : node.end_byte].decode("utf-8", "ignore")


def _equal(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The node's text is the other's."""
    return len({*(_text(place, node) for node in nodes), *strings}) == 1


def _match(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The regular expression is found in the node's text."""
    return re.search(strings[0], _text(place, nodes[0])) is not None


def _any_of(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The node's text is one of the strings."""
    return _text(place, nodes[0]) in strings


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


def _breaks_line(place: Place, nodes: Sequence[Node], own_lines: Sequence[str]) -> bool | Span:
    """A line break between two tokens of the node, outside brackets and not before a node of the types."""
    pending = [nodes[0]]
    while pending:
        node = pending.pop()
        if node.start_point.row == node.end_point.row:
            continue
        depth, end = 0, node.start_byte
        for child in node.children:
            if child.type in CLOSING:
                depth -= 1
            elif depth <= 0 and not child.is_extra and child.type not in own_lines:
                between = place.source[end : child.start_byte]
                if b"\n" in between and between.isspace():
                    return end, child.start_byte
                pending.append(child)
            depth += child.type in OPENING
            end = child.end_byte
    return False


class _Signature(NamedTuple):
    """A predicate: what it checks, and how many captures and strings it takes at least and at most."""

    holds: Predicate
    captures: tuple[int, int]
    strings: tuple[int, int]
    types: bool = False
    """Whether its strings are node types, perhaps dressed up as selectors."""


LARGEST_TREE = 60_000
"""Nodes; a query over more would keep other threads waiting for too long, and cannot be stopped."""
DEEPEST_START = 300
"""Levels; the time of a query grows with the square of them."""
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
MANY = 1_000
PREDICATES = {
    "eq?": _Signature(_equal, (1, 2), (0, 1)),
    "match?": _Signature(_match, (1, 1), (1, 1)),
    "any-of?": _Signature(_any_of, (1, 1), (1, MANY)),
    "empty?": _Signature(_empty, (1, 1), (0, 0)),
    "lacks-child?": _Signature(_lacks_child, (1, 1), (1, MANY), types=True),
    "not-inside?": _Signature(_not_inside, (1, 1), (1, MANY), types=True),
    "indent-differs?": _Signature(_indent_differs, (1, 2), (0, 1)),
    "not-deeper?": _Signature(_not_deeper, (2, 2), (0, 0)),
    "breaks-line?": _Signature(_breaks_line, (1, 1), (0, MANY), types=True),
}
"""What a rule may ask for beside the shape of its pattern."""


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


@cache
def _selector(text: str) -> _Selector:
    parts = _SELECTOR.fullmatch(text)
    if parts is None:
        raise QueryProblem(
            f'{text!r} is no node type of the form "type", "type(child)", "type:field" or "!type"'
        )
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


def _rule(pattern: str, grammar: tree_sitter.Language) -> _Rule:
    """What a pattern says beside its nodes; raises QueryProblem."""
    shown = " ".join(pattern.split())
    message = ""
    conditions: list[_Condition] = []
    for name, arguments, _, _ in _predicates(pattern):
        captures = tuple(value for value, kind in arguments if kind == "capture")
        strings = tuple(value for value, kind in arguments if kind == "string")
        if name == "set!":
            message = _message(pattern)
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
            if len(re.findall(rf"@{re.escape(capture)}(?![\w.-])", pattern)) < 2:
                raise QueryProblem(f"#{name} names @{capture}, which captures nothing in {shown}")
        for text in strings if signature.types else ():
            _check_selector(name, text, grammar)
        conditions.append(_Condition(signature.holds, captures, strings))
    if not message:
        raise QueryProblem(f'a pattern lacks a (#set! message "..."): {shown}')
    if not re.search(r"@invalid(?![\w.-])", pattern):
        raise QueryProblem(f"a pattern captures no @invalid, the node that is wrong: {shown}")
    return _Rule(message, tuple(conditions))


_MESSAGE = re.compile(r'\(\s*#set!\s+message\s+"((?:\\.|[^"\\])*)"\s*\)')


def _message(pattern: str) -> str:
    found = _MESSAGE.search(pattern)
    return _ESCAPE.sub(r"\1", found[1]) if found else ""


def _check_selector(name: str, text: str, grammar: tree_sitter.Language) -> None:
    selector = _selector(text)
    for node_type in filter(None, (selector.node_type, selector.child)):
        if all(grammar.id_for_node_kind(node_type, named) is None for named in (True, False)):
            raise QueryProblem(f"#{name} names {node_type!r}, which is no node type of the grammar")
    if selector.field is not None and grammar.field_id_for_name(selector.field) is None:
        raise QueryProblem(f"#{name} names the field {selector.field!r}, which the grammar lacks")
