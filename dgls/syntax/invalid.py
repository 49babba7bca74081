"""What parses but is not valid: the rules of ``invalid.scm``."""

from collections.abc import Callable
from typing import NamedTuple

import tree_sitter
from tree_sitter import Node

from dgls.syntax.predicates import QueryProblem
from dgls.syntax.query import CheckedQuery


class Match(NamedTuple):
    """Bytes that match a rule, and what the rule says about them."""

    start: int
    end: int
    message: str


class InvalidRules:
    """The rules of one ``invalid.scm``: each pattern captures ``@invalid`` and sets a ``message``."""

    def __init__(self, grammar: tree_sitter.Language, source: str):
        """Raises QueryProblem where a rule is wrong."""
        self._query = CheckedQuery(grammar, source)
        for pattern in self._query.patterns:
            if not pattern.message:
                raise QueryProblem(f'a pattern lacks a (#set! message "..."): {pattern.shown}')
            if "invalid" not in pattern.captures:
                raise QueryProblem(f"a pattern captures no @invalid, the node that is wrong: {pattern.shown}")

    def matches(self, root: Node, source: bytes, late: Callable[[], bool]) -> list[Match] | None:
        """All matches under ``root``, in no order; None if there is too much to look at or ``late()`` became true."""
        found = self._query.matches(root, source, late)
        if found is None:
            return None
        return [
            Match(
                *(match.narrowed or match.captures["invalid"][0].byte_range),
                self._query.patterns[match.pattern].message,
            )
            for match in found
        ]
