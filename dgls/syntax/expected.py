"""What may follow a place in code: what the parser's state after the leaf before it admits, as beginnings of words.

An ERROR node knows nothing of what was expected, but the leaf before it does: the state it leaves the parser in has
a list of the symbols that are valid next. Anonymous symbols spell themselves. How a named one (a number, a name, a
string) may begin is not to be had from a grammar, so it is observed: each is looked for in short probes made of every
printable character and of the names of the symbols, and one that none of them shows may begin with anything.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from tree_sitter import Node, Tree

from dgls.syntax.fragment import Fragment
from dgls.syntax.language import Language
from dgls.syntax.tree import Clock, parse, parseable
from dgls.syntax.walk import walk

PRINTABLE = "".join(map(chr, range(33, 127)))
PROBES = ("{}", "{}a", "{}1", "{}{}", '"{}a"', "'{}a'", "`{}a`", "x = {}a{}")
"""Short texts with a character in each of the places ``{}``."""
TEXTS = (
    *("...", "<!--a-->", "/*a*/", "//a", "a?.b", "x = 1.5"),
    *("fn f(x: &mut u8) {}", "int a;", "var a: Int", "bool a"),
)
"""Probes of what single characters do not show."""
WORD_BYTES = frozenset(
    [*b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *range(128, 256)]
)
ANY_BYTES = frozenset(range(256))
PROBE_MS = 500.0
NO_TEXT = frozenset(("end", "_newline", "_indent", "_dedent"))
"""The end of the file, and what grammars call symbols that take a line break, where line breaks mean something."""


class Expected(NamedTuple):
    """What may follow a place, white space apart: one of ``words``, or what begins with one of the bytes ``first``."""

    words: frozenset[bytes]
    first: frozenset[int]


def expected_after(fragment: Fragment, fills: Sequence[str], gap: int, offset: int) -> Expected | None:
    """What may follow character ``offset`` of the fill of gap number ``gap``; None where the parser cannot tell.

    It cannot inside a leaf, or behind a line break that means something: then a symbol without a text comes first.
    """
    if fragment.gave_up:
        return None
    source, spans = fragment.view.filled(fills)
    position = spans[gap][0] + len(parseable(fills[gap][:offset]).encode())
    tree = parse(source, fragment.language, Clock(fragment.budget_ms))
    end = len(source[:position].rstrip())
    leaf = None if tree is None or end == 0 else _leaf_at(tree, end - 1)
    if leaf is None or leaf.end_byte > position:
        return None
    glued = source[leaf.start_byte : end] if end == position else b""
    state = state_after(leaf, fragment.language)
    return _expected(fragment.language, state, glued, b"\n" in source[end:position])


def _leaf_at(tree: Tree, byte: int) -> Node | None:
    node = tree.root_node.descendant_for_byte_range(byte, byte)
    return node if node is not None and node.child_count == 0 else None


def state_after(leaf: Node, language: Language) -> int:
    """The parser's state after ``leaf``; 0 where it is not to be had.

    A leaf knows the state that it was read in. Where a rule had to end before the leaf could be taken, the state that
    took it is the one in which a node began that begins with the leaf.
    """
    node: Node | None = leaf
    grammar = language.grammar
    while node is not None and node.start_byte == leaf.start_byte:
        # A node that was made while recovering has no state: with its number, the binding reads outside of its tables.
        known = node.parse_state < grammar.parse_state_count and leaf.grammar_id < grammar.node_kind_count
        if known and (after := grammar.next_state(node.parse_state, leaf.grammar_id)):
            return after
        node = node.parent
    return 0


@lru_cache(maxsize=4096)
def _expected(language: Language, state: int, glued: bytes, new_line: bool) -> Expected | None:
    """What is valid in a parse state; ``glued`` is the leaf right before, which may go on."""
    grammar = language.grammar
    iterator = grammar.lookahead_iterator(state) if 0 < state < grammar.parse_state_count else None
    if iterator is None:
        return None
    words: set[bytes] = set()
    first: set[int] = set()
    first_rule = _first_rule(language)
    for symbol in iterator.symbols():
        if symbol >= first_rule:
            continue
        name = grammar.node_kind_for_id(symbol) or ""
        is_hidden = not grammar.node_kind_is_visible(symbol)
        if is_hidden and new_line:
            return None
        if is_hidden or grammar.node_kind_is_named(symbol):
            first |= frozenset() if name in NO_TEXT else _beginnings(language).get(name, ANY_BYTES)
        else:
            words.add(name.encode())
    if not words and not first:
        return None
    if glued and glued[-1] in WORD_BYTES:
        first |= WORD_BYTES
    if glued:
        first |= {
            word[len(glued)] for word in _all_words(language) if word.startswith(glued) and word != glued
        }
    return Expected(frozenset(words), frozenset(first))


@cache
def _first_rule(language: Language) -> int:
    """The number of the first symbol that is no token: tokens come first, then rules, and the start rule leads them."""
    tree = parse(b"", language, Clock(PROBE_MS))
    start = None if tree is None else language.grammar.id_for_node_kind(tree.root_node.type, True)
    return language.grammar.node_kind_count if start is None else start


@cache
def _all_words(language: Language) -> frozenset[bytes]:
    """All anonymous symbols of a grammar."""
    grammar = language.grammar
    return frozenset(
        (grammar.node_kind_for_id(symbol) or "").encode()
        for symbol in range(grammar.node_kind_count)
        if grammar.node_kind_is_visible(symbol) and not grammar.node_kind_is_named(symbol)
    )


@cache
def _beginnings(language: Language) -> dict[str, frozenset[int]]:
    """Per type of named leaf that a probe shows: the bytes that one began with, those of words all or none."""
    grammar = language.grammar
    names = {grammar.node_kind_for_id(symbol) or "" for symbol in range(_first_rule(language))}
    texts = [probe.replace("{}", character) for probe in PROBES for character in PRINTABLE]
    seen: dict[str, set[int]] = {}
    for text in (*TEXTS, *texts, *sorted(names), *sorted(name.capitalize() for name in names)):
        tree = parse(text.encode(), language, Clock(PROBE_MS))
        for node in () if tree is None else walk(tree.root_node):
            if node.child_count == 0 and node.is_named and node.end_byte > node.start_byte:
                seen.setdefault(node.type, set()).add(text.encode()[node.start_byte])
    return {
        name: frozenset(found | WORD_BYTES if found & WORD_BYTES else found) for name, found in seen.items()
    }
