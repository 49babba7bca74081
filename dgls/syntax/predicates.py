"""The predicates of queries: what a pattern may ask for beside the shape of its nodes.

tree-sitter never sees them; :mod:`dgls.syntax.query` reads and evaluates them. ``grammars/README.md`` documents them
for those who write queries.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import tree_sitter
from tree_sitter import Node

Span = tuple[int, int]


class Place(NamedTuple):
    """What a predicate may look at beside its captures."""

    source: bytes
    root: Node


Predicate = Callable[[Place, Sequence[Node], Sequence[str]], bool | Span]
"""Whether it holds; or, where it holds, the bytes that are meant within the captured node."""


class QueryProblem(ValueError):
    """A query is wrong; the message says where and what would be right."""


def _text(place: Place, node: Node) -> str:
    return place.source[node.start_byte : node.end_byte].decode("utf-8", "ignore")


def _equal(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The node's text is the other's."""
    return len({*(_text(place, node) for node in nodes), *strings}) == 1


def _not_equal(place: Place, nodes: Sequence[Node], strings: Sequence[str]) -> bool:
    """The node's text is not the other's."""
    return not _equal(place, nodes, strings)


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
        if place.source.find(b"\n", node.start_byte, node.end_byte) < 0:
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


def _repeats(place: Place, nodes: Sequence[Node], types: Sequence[str]) -> bool | Span:
    """Two children of the types begin with the same text; that of the later one is meant."""
    seen: set[str] = set()
    for child in nodes[0].named_children:
        if child.type in types and child.named_children:
            first = child.named_children[0]
            text = _text(place, first)
            if text in seen:
                return first.byte_range
            seen.add(text)
    return False


class Signature(NamedTuple):
    """A predicate: what it checks, and how many captures and strings it takes at least and at most."""

    holds: Predicate
    captures: tuple[int, int]
    strings: tuple[int, int]
    types: bool = False
    """Whether its strings are node types, perhaps dressed up as selectors."""


OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
MANY = 1_000
PREDICATES = {
    "eq?": Signature(_equal, (1, 2), (0, 1)),
    "not-eq?": Signature(_not_equal, (1, 2), (0, 1)),
    "match?": Signature(_match, (1, 1), (1, 1)),
    "any-of?": Signature(_any_of, (1, 1), (1, MANY)),
    "empty?": Signature(_empty, (1, 1), (0, 0)),
    "lacks-child?": Signature(_lacks_child, (1, 1), (1, MANY), types=True),
    "not-inside?": Signature(_not_inside, (1, 1), (1, MANY), types=True),
    "indent-differs?": Signature(_indent_differs, (1, 2), (0, 1)),
    "not-deeper?": Signature(_not_deeper, (2, 2), (0, 0)),
    "breaks-line?": Signature(_breaks_line, (1, 1), (0, MANY), types=True),
    "repeats?": Signature(_repeats, (1, 1), (1, MANY), types=True),
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


_SELECTOR = re.compile(r"(!?)(\w+)(?:\(([^()]+)\))?(?::(\w+))?")


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


def check_selector(name: str, text: str, grammar: tree_sitter.Language) -> None:
    """Raise QueryProblem where ``text``, an argument of the predicate ``name``, is no selector for ``grammar``."""
    if name != "not-inside?" and grammar.id_for_node_kind(text, False) is not None:
        return  # a token such as "="
    selector = _selector(text)
    for node_type in filter(None, (selector.node_type, selector.child)):
        if all(grammar.id_for_node_kind(node_type, named) is None for named in (True, False)):
            raise QueryProblem(f"#{name} names {node_type!r}, which is no node type of the grammar")
    if selector.field is not None and grammar.field_id_for_name(selector.field) is None:
        raise QueryProblem(f"#{name} names the field {selector.field!r}, which the grammar lacks")
