"""What encloses a span: the statement and the definition around it, as character offsets."""

from collections.abc import Callable, Set

from dgls.infill.request import Gap
from dgls.syntax.language import Language
from dgls.syntax.nested import Held, held_by
from dgls.syntax.tree import Clock, characters, parse, parseable

BUDGET_MS = 500.0


def enclosing_statement(text: str, span: Gap, language: Language, budget_ms: float = BUDGET_MS) -> Gap | None:
    """The innermost statement that holds ``span`` (which may touch its edges); None where there is none in time."""
    return _innermost(text, span, language, _statements, budget_ms)


def enclosing_definition(
    text: str, span: Gap, language: Language, budget_ms: float = BUDGET_MS
) -> Gap | None:
    """The innermost definition that holds ``span`` (which may touch its edges); None where there is none in time."""
    return _innermost(text, span, language, _definitions, budget_ms)


def _statements(language: Language) -> Set[str]:
    return language.statements


def _definitions(language: Language) -> Set[str]:
    return language.definitions


def _innermost(
    text: str, span: Gap, language: Language, types_of: Callable[[Language], Set[str]], budget_ms: float
) -> Gap | None:
    """The innermost node of some types around ``span``, found on the way down from the root."""
    if not 0 <= span.start <= span.end <= len(text):
        raise ValueError(f"span {span.start}-{span.end} is outside the text (0 to {len(text)} characters)")
    return _innermost_in(parseable(text), span, language, types_of, Clock(budget_ms))


def _innermost_in(
    text: str, span: Gap, language: Language, types_of: Callable[[Language], Set[str]], clock: Clock
) -> Gap | None:
    held = held_by(text, [span], language, clock)
    if isinstance(held, Held) and held.language is not None and not held.shell.prefixed:
        inner = _innermost_in(held.text, held.gaps[0], held.language, types_of, clock)
        if inner is not None:
            shift = span.start - held.gaps[0].start
            return Gap(inner.start + shift, inner.end + shift)
    types = types_of(language)
    source = text.encode()
    start = len(text[: span.start].encode())
    end = start + len(text[span.start : span.end].encode())
    tree = parse(source, language, clock)
    if tree is None:
        return None
    found: Gap | None = None
    node = tree.root_node
    while not clock.late():
        if node.type in types:
            low = characters(source, 0, node.start_byte)
            found = Gap(low, low + characters(source, node.start_byte, node.end_byte))
        around = [child for child in node.children if child.start_byte <= start and end <= child.end_byte]
        if not around:
            break
        # An empty span between two children belongs to the one that is a statement of its own, or else to the first.
        node = next((child for child in around if child.type in types), around[0])
    return found
