"""The end tags that elements lack, and where indentation says they belong.

A parser that closes elements by itself misses no token, so that no state of it tells what to put in.
"""

from collections.abc import Iterator

from tree_sitter import Node, Tree

from dgls.syntax.language import Language
from dgls.syntax.predicates import Span
from dgls.syntax.tree import line_end
from dgls.syntax.walk import walk

MOST_LINES = 40
"""Ends of lines that are tried for one tag, where indentation does not tell."""

Insertion = tuple[int, bytes]
"""A byte, and what is put in before it."""


def missing_end_tags(source: bytes, tree: Tree, language: Language, span: Span) -> Iterator[Insertion]:
    """End tags for the elements that open in bytes ``span`` and do not end; the likelier places first."""
    for tag in walk(tree.root_node, lambda node: node.start_byte <= span[1] and node.end_byte >= span[0]):
        is_tag = tag.type in language.brackets and source[tag.start_byte : tag.start_byte + 2] != b"</"
        if is_tag and span[0] <= tag.start_byte <= span[1] and _is_open(tag, language):
            name = tag.named_children[0]
            yield from _places(source, tag, b"</" + source[name.start_byte : name.end_byte] + b">")


def _is_open(tag: Node, language: Language) -> bool:
    """Whether ``tag`` opens an element that no other ends, or one that does not parse."""
    element = tag.parent
    if element is None or not tag.named_children:
        return False
    return element.is_error or not any(child.type in language.brackets for child in element.children[1:])


def _places(source: bytes, tag: Node, closer: bytes) -> Iterator[Insertion]:
    """Where ``closer`` may stand: at the end of the line of ``tag`` if more stands there, else on a line of its own.

    That line stands behind those which are indented further; where none is, behind any line, the last one first.
    """
    start = source.rfind(b"\n", 0, tag.start_byte) + 1
    end = line_end(source, tag.end_byte)
    if source[tag.end_byte : end].strip():
        yield len(source[:end].rstrip()), closer
        return
    line = source[start:end]
    indentation = line[: len(line) - len(line.lstrip(b" \t"))]
    deeper, ends = list[int](), list[int]()
    is_inside = True
    while end < len(source) and len(ends) < MOST_LINES:
        start, end = end + 1, line_end(source, end + 1)
        line = source[start:end]
        if line.strip():
            ends.append(start + len(line.rstrip()))
            is_inside = is_inside and len(line) - len(line.lstrip(b" \t")) > len(indentation)
            deeper += ends[-1:] if is_inside else []
    for place in (*deeper[-1:], *reversed(ends)):
        yield place, b"\n" + indentation + closer
