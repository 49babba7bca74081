"""Indentation as the file has it: tabs or spaces, and how many. Knows text alone.

A model that has seen more spaces than tabs writes spaces into a file of tabs. Where that is all that differs, it is put
right here.
"""

from collections import Counter
from functools import lru_cache
from itertools import pairwise

NEAR = 20_000
"""Characters on both sides of a place that are looked at for how they are indented."""
WIDEST = 8
USUAL = 4


@lru_cache(maxsize=2)
def unit_near(text: str, place: int) -> str:
    """What one level of indentation is near ``place``: a tab, or spaces; empty where nothing is indented.

    The last ones are kept: every candidate for a gap is indented alike.
    """
    lines = [line for line in text[max(0, place - NEAR) : place + NEAR].split("\n") if line.strip()]
    depths = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines]
    steps = Counter(
        below.removeprefix(above)
        for above, below in pairwise(depths)
        if len(below) > len(above) and below.startswith(above)
    )
    likely = [(count, step) for step, count in steps.items() if step == "\t" or set(step) == {" "}]
    likely = [(count, step) for count, step in likely if 1 < len(step) <= WIDEST or step == "\t"]
    return max(likely, key=lambda pair: pair[0])[1] if likely else ""


def outdented(fill: str, head: str) -> str:
    """``fill`` moved to the left as far as it begins too far to the right, behind a ``head`` of blanks."""
    first, *rest = fill.split("\n")
    extra = first[: len(first) - len(first.lstrip(" \t"))]
    if head.strip() or not head or not all(line.startswith(head + extra) for line in rest if line.strip()):
        return fill
    return "\n".join([first[len(extra) :], *(line.replace(head + extra, head, 1) for line in rest)])


def indented(fill: str, head: str, unit: str) -> str:
    """``fill`` with lines indented by ``unit``, where it stands behind ``head`` on its line; else as it is."""
    first, *rest = fill.split("\n")
    if head and not head.strip():
        first = first.lstrip(" \t")  # the line is indented already
    if not unit or not rest:
        return "\n".join([first, *rest])
    base = head[: len(head) - len(head.lstrip(" \t"))]
    depths = [line[: len(line) - len(line.lstrip(" \t"))] if line.strip() else "" for line in rest]
    if unit == "\t":
        width = USUAL if all(depth.count(" ") % USUAL == 0 for depth in depths) else 2
        fresh = [
            "\t" * (depth.count("\t") + depth.count(" ") // width) if depth.count(" ") % width == 0 else depth
            for depth in depths
        ]
    else:
        fresh = [depth.replace("\t", unit) for depth in depths]
        deeper = {len(depth) - len(base) for depth in fresh if len(depth) > len(base)}
        if (
            deeper
            and all(step % (2 * len(unit)) == 0 for step in deeper)
            and len(unit) * 2 == min(deeper) == USUAL
        ):
            fresh = [
                base + " " * ((len(depth) - len(base)) // 2) if len(depth) > len(base) else depth
                for depth in fresh
            ]
    lines = (new + line[len(old) :] for new, old, line in zip(fresh, depths, rest, strict=True))
    return "\n".join([first, *lines])
