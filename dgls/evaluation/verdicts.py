"""What a verdict on one candidate costs, in files of 10,000 lines: Python, JavaScript and Rust.

Gaps are random spans and lines. They are judged where the code is whole, and at a cursor in code that lacks a bracket
or a quote near by; the candidates are the true text and what breaks it. What is found once for all candidates of a
request (the fragment, and what was wrong before) is measured apart. The times are those of the processor, which other
programs on the machine do not add to.
"""

import random
import re
import time
from collections.abc import Iterator
from itertools import accumulate, cycle
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.latency import milliseconds
from dgls.infill.request import Gap
from dgls.syntax import GrammarMissing, Language, fragment_around, language_of, verdict

LINES = 10_000
PYTHON = (
    "argparse",
    "tarfile",
    "typing",
    "zipfile",
    "ast",
    "difflib",
    "configparser",
    "statistics",
    "dataclasses",
)
SAMPLES = {"javascript": "sample.js", "rust": "sample.rs"}
"""Files beside this one, repeated; Python's are modules of the standard library."""
NEAR = 400
"""Characters before the cursor among which something is missing, where the code is broken."""

Place = Literal["whole", "broken"]


class VerdictTimes(NamedTuple):
    """Milliseconds in one language and one kind of place; ``first`` is the fragment and what was wrong before."""

    p50: float
    p99: float
    first_p50: float
    first_p99: float
    unchecked: int
    """Verdicts, of ``verdicts``, that were not given in time."""
    verdicts: int


Verdicts = dict[str, dict[Place, VerdictTimes]]
"""By the language's name."""


def measure_verdicts(gaps: int, seed: int) -> Verdicts:
    """Judge the candidates of ``gaps`` gaps per language and place; a language without its grammar is left out."""
    measured: Verdicts = {}
    for name in ("python", *SAMPLES):
        try:
            language = language_of(name, "")
        except GrammarMissing:
            continue
        if language is not None:
            lines = _lines(name)
            measured[language.name] = {
                place: _measure(lines, language, place, gaps, random.Random(seed))
                for place in get_args(Place)
            }
    return measured


def _measure(
    lines: list[str], language: Language, place: Place, gaps: int, chance: random.Random
) -> VerdictTimes:
    first: list[float] = []
    each: list[float] = []
    unchecked = 0
    for text, gap, true in _cases(lines, place, gaps, chance):
        started = time.thread_time()
        fragment = fragment_around(text, [gap], language)
        # The second one asks for all that is looked at only where something is wrong.
        for fill in (true, "(" + true):
            verdict(fragment, [fill])
        first.append(time.thread_time() - started)
        for fill in _candidates(true):
            started = time.thread_time()
            ruling = verdict(fragment, [fill])
            each.append(time.thread_time() - started)
            unchecked += not ruling.checked
    return VerdictTimes(
        _at(each, 0.5), _at(each, 0.99), _at(first, 0.5), _at(first, 0.99), unchecked, len(each)
    )


def _cases(
    lines: list[str], place: Place, count: int, chance: random.Random
) -> Iterator[tuple[str, Gap, str]]:
    """Texts with a gap, and what is true in it."""
    text = "".join(lines)
    starts = [0, *accumulate(map(len, lines))]
    for number in range(count):
        line = chance.randrange(20, len(lines) - 10)
        if number % 2:
            start, end = starts[line], starts[line + chance.randint(1, 5)]
        else:
            start = chance.randrange(starts[line], starts[line + 1])
            end = start + chance.randint(1, 120)
        true = text[start:end]
        if place == "whole":
            yield text, Gap(start, end), true
            continue
        low = max(0, start - NEAR)
        signs = [low + sign.start() for sign in re.finditer(r"[()\[\]{}\"':;]", text[low:start])]
        missing = chance.choice(signs) if signs else start
        broken = text[:missing] + text[missing + 1 : start] if signs else text[:start]
        yield broken + text[end:], Gap(len(broken), len(broken)), true


def _candidates(true: str) -> Iterator[str]:
    """The true text, and texts that break it."""
    yield true
    yield true[: len(true) // 2]
    yield true + "("
    yield true.replace(")", "", 1) if ")" in true else true + " x y"


def _lines(name: str) -> list[str]:
    """A file of ``LINES`` lines or a few more: it ends with a module."""
    if name == "python":
        pieces = [SourceFile(module).text for module in PYTHON]
    else:
        pieces = [Path(__file__).with_name(SAMPLES[name]).read_text(encoding="utf-8")]
    lines: list[str] = []
    for piece in cycle(pieces):
        lines += piece.splitlines(keepends=True)
        if len(lines) >= LINES:
            break
    return lines


def _at(seconds: list[float], share: float) -> float:
    """The quantile, in milliseconds."""
    return milliseconds(sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))])
