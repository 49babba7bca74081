"""Where a text defines something, and what it calls it: functions, classes and the like, of any depth."""

from tree_sitter import Node

from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, parse, parseable
from dgls.syntax.walk import walk

BUDGET_MS = 200.0


def definitions_of(text: str, language: Language, budget_ms: float = BUDGET_MS) -> dict[int, str]:
    """The lines of ``text`` (from 0, each ends at a line feed) that a definition begins, and the names of these.

    What stands before a definition and belongs to it, as a decorator, begins it. A definition without a name has an
    empty one. Nothing where the time was up.
    """
    source = parseable(text).encode()
    tree = parse(source, language, Clock(budget_ms))
    if tree is None:
        return {}
    found: dict[int, str] = {}
    for node in walk(tree.root_node, _has_lines):
        if node.type not in language.definitions:
            continue
        around = node.parent
        if around is not None and around.type in language.definitions and around.end_byte == node.end_byte:
            line = around.start_point.row  # the rest of what is decorated
        elif _begins_line(node, source):
            line = node.start_point.row
        else:
            continue
        found[line] = found.get(line) or _name(node, source)
    return found


def _has_lines(node: Node) -> bool:
    return node.start_point.row < node.end_point.row


def _begins_line(node: Node, source: bytes) -> bool:
    return not source[node.start_byte - node.start_point.column : node.start_byte].strip()


def _name(node: Node, source: bytes) -> str:
    """What a definition calls itself: its field `name`, or the innermost `declarator` of its own."""
    named = node.child_by_field_name("name")
    inner = node.child_by_field_name("declarator")
    while named is None and inner is not None:
        following = inner.child_by_field_name("declarator")
        named, inner = (inner, None) if following is None else (None, following)
    return "" if named is None else source[named.start_byte : named.end_byte].decode("utf-8", "replace")
