"""Walking a syntax tree: without recursion, so that no nesting is too deep, and only as far in as is wanted."""

from collections.abc import Callable, Iterator

from tree_sitter import Node


def walk(root: Node, enter: Callable[[Node], bool] = lambda node: True) -> Iterator[Node]:
    """``root`` and what is in it, each node before its children; those of nodes that ``enter`` refuses are left out."""
    cursor = root.walk()
    while True:
        node = cursor.node
        assert node is not None
        yield node
        if enter(node) and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return


def faulty_nodes(root: Node) -> Iterator[Node]:
    """What is faulty or holds something faulty, and the siblings of that; nothing where all is well."""
    if root.has_error:
        yield from walk(root, lambda node: node.has_error)
