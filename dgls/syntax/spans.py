"""Where the nodes of a source file are: the spans from which training and evaluation choose gaps."""

from itertools import accumulate

import tree_sitter


def node_spans(
    text: str, grammar: tree_sitter.Language, smallest: int, largest: int
) -> list[tuple[int, int]]:
    """Spans (character offsets) of all named nodes of ``text`` that are ``smallest`` to ``largest`` bytes long.

    Nodes that span the same text are named once. The walk is iterative: nesting is no limit. ``text`` must encode to
    UTF-8.
    """
    source = text.encode()
    spans: set[tuple[int, int]] = set()
    cursor = tree_sitter.Parser(grammar).parse(source).walk()
    descending = True
    while True:
        if descending:
            node = cursor.node
            assert node is not None
            size = node.end_byte - node.start_byte
            if node.is_named and smallest <= size <= largest:
                spans.add((node.start_byte, node.end_byte))
            if size > smallest and cursor.goto_first_child():
                continue
        if cursor.goto_next_sibling():
            descending = True
        elif cursor.goto_parent():
            descending = False
        else:
            break
    if text.isascii():
        return sorted(spans)
    # Byte offsets of node boundaries are starts of characters: count the characters that start before them.
    before = [0, *accumulate(byte & 0xC0 != 0x80 for byte in source)]
    return sorted((before[start], before[end]) for start, end in spans)
