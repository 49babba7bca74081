"""Where the nodes of a source file are: the spans from which training and evaluation choose gaps."""

from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, in_characters, parse, parseable
from dgls.syntax.walk import walk

BUDGET_MS = 10_000.0


def node_spans(
    text: str, language: Language, smallest: int, largest: int, budget_ms: float = BUDGET_MS
) -> list[tuple[int, int]]:
    """Spans (character offsets) of all named nodes of ``text`` that are ``smallest`` to ``largest`` bytes long, sorted.

    Nodes that span the same text are named once. Empty where the time was up, or where the text is nested deeper than
    the grammar can take.
    """
    source = parseable(text).encode()
    tree = parse(source, language, Clock(budget_ms))
    if tree is None:
        return []
    nodes = walk(tree.root_node, lambda node: node.end_byte - node.start_byte > smallest)
    spans = {node.byte_range for node in nodes if node.is_named}
    return in_characters((span for span in spans if smallest <= span[1] - span[0] <= largest), source)
