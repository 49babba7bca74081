"""Whether brackets and indentation agree: where a bracket is missing, the layout tells where it was meant to stand."""

from tree_sitter import Node, Tree

from dgls.syntax.walk import walk

BRACKETS = {"(": ")", "[": "]", "{": "}"}


def untidiness(tree: Tree, source: bytes, low: int) -> int:
    """How many pairs of brackets that end behind byte ``low`` the indentation of their lines speaks against.

    A pair is tidy if the lines in it are indented more than the line it begins in, those behind it are not, and a
    bracket that ends it at the beginning of a line stands where that line begins.
    """
    depths = [_depth(line) for line in source.split(b"\n")]
    count = 0
    for node in walk(tree.root_node, lambda node: node.end_byte > low):
        closer = BRACKETS.get(node.type) and _closer_of(node)
        if closer and closer.end_byte > low:
            first, last = node.start_point.row, closer.start_point.row
            begins = depths[first] or 0
            starts_line = last > first and depths[last] == closer.start_point.column
            lines = depths[first + 1 : last + (not starts_line)]
            inside = [depth for depth in lines if depth is not None]
            behind = next((depth for depth in depths[last + 1 :] if depth is not None), 0)
            count += (
                any(depth <= begins for depth in inside)
                or behind > begins
                or (starts_line and closer.start_point.column != begins)
            )
    return count


def _closer_of(opener: Node) -> Node | None:
    """The bracket that ends what ``opener`` begins, in the same node."""
    wanted = BRACKETS[opener.type]
    node = opener.next_sibling
    while node is not None and (node.type != wanted or node.is_missing):
        node = node.next_sibling
    return node


def _depth(line: bytes) -> int | None:
    """How far a line is indented; None if it is blank."""
    text = line.lstrip(b" \t")
    return len(line) - len(text) if text.strip() else None
