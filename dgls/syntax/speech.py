"""Whether a fill says anything: what it has beside comments without words, and whether it leaves a hole a hole.

What stands in a hole says that code is missing there. So a fill for one must have a word outside of comments, and leave
no hole in its place. Elsewhere a closing bracket, or a comment with words, is an answer too.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from dgls.syntax.fragment import Fragment
from dgls.syntax.language import Comments, Language
from dgls.syntax.tree import Clock, parse

WORD = re.compile(r"[^\W_]")


def is_silent(text: str, language: Language | None) -> bool:
    """Whether there is nothing in ``text`` but white space and comments without words."""
    if language is None:
        return not text.strip()
    comments = _comments(language.description.comments)
    return not comments.sub(_if_worded, text).strip()


def silent_gaps(fragment: Fragment | None, originals: Sequence[str], fills: Sequence[str]) -> frozenset[int]:
    """The gaps, by number, in which ``fills`` say nothing; white space, or less, may replace what said nothing before.

    ``originals`` stood in the gaps. Without a fragment there are no comments and no holes.
    """
    language = fragment.language if fragment else None
    holes = fragment.holes if fragment else frozenset()
    silent = {
        gap
        for gap, (original, fill) in enumerate(zip(originals, fills, strict=True))
        if is_silent(fill, language) and not (original and is_silent(original, language))
    }
    if fragment and holes:
        comments = _comments(fragment.language.description.comments)
        silent |= {gap for gap in holes if not WORD.search(comments.sub(" ", fills[gap]))}
        silent |= holes & _holed(fragment, fills)
    return frozenset(silent)


def _holed(fragment: Fragment, fills: Sequence[str]) -> set[int]:
    """The gaps, by number, whose fill has a hole in it."""
    source, spans = fragment.view.filled(fills)
    clock = Clock(fragment.budget_ms)
    tree = None if fragment.gave_up else parse(source, fragment.language, clock)
    if tree is None:
        return set()
    holes = fragment.language.holes.spans(tree.root_node, source, clock.late) or []
    return {
        gap
        for gap, (start, end) in enumerate(spans)
        if any(hole_start < end and start < hole_end for hole_start, hole_end in holes)
    }


def _if_worded(comment: re.Match[str]) -> str:
    return comment[0] if WORD.search(comment[comment.lastindex or 0]) else ""


@lru_cache(maxsize=64)
def _comments(written: Comments) -> re.Pattern[str]:
    """A comment, also one without an end; the group that matched is what stands in it."""
    block = (f"{re.escape(opens)}(.*?)(?:{re.escape(closes)}|\\Z)" for opens, closes in written.block)
    line = (f"{re.escape(opens)}([^\n]*)" for opens in written.line)
    return re.compile("|".join([*block, *line]) or r"(?!)", re.DOTALL)
