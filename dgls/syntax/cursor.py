"""What the syntax tree says of a cursor: whether one line is written there, and what an editor closed behind it.

One line belongs inside an expression, a list of arguments, a string or a comment, and behind code that has begun. More
lines may stand where statements or members do: on a blank line, or behind what opens a block that is empty.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node, Tree

from dgls.syntax.fragment import Fragment
from dgls.syntax.tree import Clock, characters, parse
from dgls.syntax.walk import walk

OPENERS = {")": "(", "]": "[", "}": "{"}
PUNCTUATION = " \t;,"
"""What may follow on the line behind what an editor closed: it hinders no longer text before it."""


class Place(NamedTuple):
    """A cursor: whether a fill stays on its line, and how many characters behind it an editor closed by itself."""

    single_line: bool
    closed: int


def place_of(fragment: Fragment | None, head: str, tail: str) -> Place:
    """The place of a fragment's one empty gap; ``head`` and ``tail`` are what its line has before and behind it.

    Without a tree a fill stays on its line where that has begun, and nothing was closed.
    """
    begun, goes_on = not _is_blank(head), not _is_blank(tail)
    clock = Clock(0.0 if fragment is None else fragment.budget_ms)
    tree = None
    if fragment is not None and not fragment.gave_up:
        source, [(position, _)] = fragment.view.filled([""])
        tree = parse(source, fragment.language, clock)
    if fragment is None or tree is None:
        return Place(begun or goes_on, 0)
    cursor = _Cursor(tree, source, position, fragment)
    closed = cursor.closed() if goes_on else 0
    if tail[closed:].strip(PUNCTUATION):
        return Place(True, 0)
    return Place(not (cursor.opens_block() or (not begun and cursor.is_in_block())), closed)


class _Cursor:
    """Byte ``position`` of a parsed source."""

    def __init__(self, tree: Tree, source: bytes, position: int, fragment: Fragment):
        self._root, self._source, self._position = tree.root_node, source, position
        self._language = fragment.language
        strings = fragment.language.description.strings
        self._quotes = {quote.encode() for quote in (*strings.single_line, *strings.multi_line)}

    def closed(self) -> int:
        """How many characters right behind the cursor close what was opened before it on its line."""
        end = self._position
        while True:
            leaf = self._leaf(end)
            if leaf is None or leaf.start_byte != end or not self._closes(leaf):
                return characters(self._source, self._position, end)
            end = leaf.end_byte

    def opens_block(self) -> bool:
        """Whether the token right before the cursor opens a block that has nothing in it yet."""
        start = len(self._source[: self._position].rstrip(b" \t"))
        leaf = self._leaf(start - 1) if start else None
        if leaf is None or leaf.end_byte != start or leaf.is_named or leaf.parent is None:
            return False
        if leaf.type == "{":
            return self._holds_statements(leaf.parent) and leaf.parent.named_child_count == 0
        # A block without anything in it is no sibling to the binding, but a child.
        following = [child for child in leaf.parent.children if child.start_byte >= leaf.end_byte]
        return any(child.type in self._language.blocks and not child.children for child in following[:1])

    def is_in_block(self) -> bool:
        """Whether statements or members stand where the cursor is."""
        leaf = self._leaf(self._position)
        if leaf is not None and leaf.start_byte < self._position:
            return False  # in a string, a comment or a word
        opener = self._open_bracket()
        if opener is not None and opener.parent is not None:
            # Indentation tells that a bracket above was forgotten, where it carries meaning.
            forgotten = opener.parent.is_error and self._is_below_header(opener.start_point.row)
            if not forgotten and not (opener.type == "{" and self._holds_statements(opener.parent)):
                return False
        around = self._root.descendant_for_byte_range(max(0, self._position - 1), self._position + 1)
        first = around.child(0) if around is not None and around.parent is not None else None
        return first is None or not self._is_quote(first)

    def _holds_statements(self, node: Node) -> bool:
        """Whether what stands in a node with braces is no expression; in one that does not parse, by the language."""
        blocks = self._language.blocks
        return node.type in blocks or (node.is_error and bool(blocks))

    def _is_below_header(self, row: int) -> bool:
        """Whether the cursor's line is indented under a line, behind ``row``, that opens a block with a colon."""
        if not self._language.description.indentation:
            return False
        *above, last = self._source[: self._position].split(b"\n")
        depth = len(last)
        for line in reversed(above[row + 1 :]):
            indentation = len(line) - len(line.lstrip())
            if line.strip() and indentation < depth:
                return line.rstrip().endswith(b":")
        return False

    def _closes(self, leaf: Node) -> bool:
        """Whether ``leaf`` closes what its parent opened before the cursor, on the cursor's line."""
        text, parent = leaf.text or b"", leaf.parent
        opener = OPENERS.get(leaf.type)
        if parent is None or leaf.is_missing or (opener is None and text not in self._quotes):
            return False
        for sibling in parent.children:
            if sibling.end_byte > self._position:
                return False
            if sibling.start_point.row == leaf.start_point.row and (
                sibling.type == opener if opener else self._is_quote(sibling)
            ):
                return True
        return False

    def _is_quote(self, node: Node) -> bool:
        """Whether ``node`` begins a string, with any prefix."""
        text = (node.text or b"").lstrip(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return node.child_count == 0 and text in self._quotes

    def _open_bracket(self) -> Node | None:
        """The innermost bracket that is open at the cursor."""
        opened: list[Node] = []
        for node in self._before():
            if node.type in OPENERS.values():
                opened.append(node)
            elif node.type in OPENERS and opened:
                opened.pop()
        return opened[-1] if opened else None

    def _before(self) -> Iterator[Node]:
        """The tokens before the cursor, without those of nodes that are whole and end before it."""

        def enter(node: Node) -> bool:
            return node.start_byte < self._position and (node.has_error or node.end_byte >= self._position)

        for node in walk(self._root, enter):
            if node.child_count == 0 and node.end_byte <= self._position and not node.is_missing:
                yield node

    def _leaf(self, byte: int) -> Node | None:
        """The leaf that has ``byte``."""
        node = self._root.descendant_for_byte_range(byte, byte + 1)
        return node if node is not None and node.child_count == 0 else None


def _is_blank(text: str) -> bool:
    return not text.strip()
