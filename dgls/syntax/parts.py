"""Which parts of a source file are expressions, arguments, statements and bodies: what measurements cut out of it.

Nothing here knows a language by name. Statements and bodies are what ``language.toml`` calls statements and blocks;
expressions are what the grammar calls so, by its supertypes or by the names of its node types.
"""

from collections.abc import Set
from functools import cache
from typing import Literal, get_args

import tree_sitter
from tree_sitter import Node

from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, in_characters, parse, parseable, wrong_sites
from dgls.syntax.walk import walk

Part = Literal["expression", "arguments", "statement", "body"]
PARTS: tuple[Part, ...] = get_args(Part)

ARGUMENTS = frozenset({"argument_list", "arguments", "value_arguments", "call_arguments"})
"""What grammars call the arguments of a call."""
NAMES = frozenset({"constant", "name", "word"})
"""What some grammars call a name that others call an identifier."""
BUDGET_MS = 5_000.0


def is_sound(text: str, language: Language, budget_ms: float = BUDGET_MS) -> bool:
    """Whether all of ``text`` parses, and breaks no rule of ``invalid.scm``; False if the time was up before."""
    source = parseable(text).encode()
    clock = Clock(budget_ms)
    tree = parse(source, language, clock)
    return tree is not None and wrong_sites(tree, source, language, clock) == []


def parts_of(
    text: str, language: Language, shortest: int, longest: int, budget_ms: float = BUDGET_MS
) -> dict[Part, list[tuple[int, int]]]:
    """Per kind of part, the spans (character offsets) that are ``shortest`` to ``longest`` bytes long, sorted.

    Arguments and bodies are what stands between their brackets. An expression has parts of its own and is not all
    of a statement. Everything is empty where the time was up.
    """
    source = parseable(text).encode()
    tree = parse(source, language, Clock(budget_ms))
    expressions = _expressions(language.grammar)
    found: dict[Part, set[tuple[int, int]]] = {part: set() for part in PARTS}
    nodes = walk(tree.root_node, lambda node: node.end_byte - node.start_byte > shortest) if tree else ()
    for node in nodes:
        if part := _part(node, language, expressions):
            kind, start, end = part
            if shortest <= end - start <= longest:
                found[kind].add((start, end))
    return {part: in_characters(spans, source) for part, spans in found.items()}


def names_in(text: str, language: Language, budget_ms: float = BUDGET_MS) -> list[tuple[int, int]]:
    """Where names stand in the code of ``text`` (character offsets), sorted; none in comments and strings.

    What grammars call identifiers, or just names. Empty where the time was up.
    """
    source = parseable(text).encode()
    tree = parse(source, language, Clock(budget_ms))
    leaves = (node for node in walk(tree.root_node) if not node.child_count) if tree else ()
    named = {node.byte_range for node in leaves if node.type.endswith("identifier") or node.type in NAMES}
    return in_characters(named, source)


def _part(node: Node, language: Language, expressions: Set[str]) -> tuple[Part, int, int] | None:
    """What part ``node`` is, if any, and its bytes."""
    if not node.is_named:  # a keyword may be called as a node is
        return None
    if node.type in ARGUMENTS or node.type in language.blocks:
        inner = node.named_children
        kind: Part = "arguments" if node.type in ARGUMENTS else "body"
        return (kind, inner[0].start_byte, inner[-1].end_byte) if inner else None
    if node.type in language.statements:
        return "statement", node.start_byte, node.end_byte
    if node.type in expressions and node.named_child_count and not _fills_parent(node):
        return "expression", node.start_byte, node.end_byte
    return None


def _fills_parent(node: Node) -> bool:
    """Whether a node is all of the named content of the node around it, as a call that is a statement."""
    return node.parent is not None and node.parent.named_child_count == 1


@cache
def _expressions(grammar: tree_sitter.Language) -> frozenset[str]:
    """The node types that ``grammar`` calls expressions."""
    kinds = [kind for kind in grammar.supertypes if _says_expression(grammar.node_kind_for_id(kind))]
    names = [grammar.node_kind_for_id(kind) for kind in range(grammar.node_kind_count)]
    types = {name for name in names if _says_expression(name)}
    for kind in kinds:  # one supertype within another ends with "expression" as well
        types.update(grammar.node_kind_for_id(subtype) for subtype in grammar.subtypes(kind))
    return frozenset(name for name in types if name is not None)


def _says_expression(name: str | None) -> bool:
    return name is not None and name.endswith("expression")
