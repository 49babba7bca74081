"""What a fill is worth: against the text that stood there, to the parser, and to the tests where there are any.

A gap for which nothing is offered has failed in every measure.
"""

import ast
import warnings
from functools import lru_cache

import msgspec
from rapidfuzz.distance import Levenshtein

from dgls.evaluation.case import Case
from dgls.evaluation.filling import Completion
from dgls.evaluation.sandbox import Limits, Outcome, run_program
from dgls.syntax import language_of
from dgls.syntax.parts import is_sound


class FillResult(msgspec.Struct, frozen=True):
    """What became of one gap. ``similarity`` is 1 minus the edit distance over the longer text's length.

    ``outcome`` is None where no test was run: there is none, or nothing was offered.
    """

    completion: Completion
    outcome: Outcome | None
    exact: bool
    similarity: float
    parses: bool


class Judge:
    """Judges the fills of one case; the same text is run and parsed once, whoever filled it in."""

    def __init__(self, case: Case, limits: Limits) -> None:
        tests = case.tests or ""
        self._case = case
        self._run = lru_cache(maxsize=None)(lambda text: run_program(case.filled(text) + tests, limits))
        self._parses = lru_cache(maxsize=None)(lambda text: parses(case.filled(text), case.language))

    @property
    def parses_empty(self) -> bool:
        """Whether the file parses with nothing filled in."""
        return self._parses("")

    def judge(self, completion: Completion) -> FillResult:
        """Run the tests over ``completion`` and compare it with what stood there."""
        text, answer = completion.text, self._case.answer
        if text is None:
            return FillResult(completion, None, False, 0.0, False)
        return FillResult(
            completion,
            self._run(text) if self._case.tests is not None else None,
            text == answer,
            Levenshtein.normalized_similarity(text, answer),
            self._parses(text),
        )


def parses(text: str, language: str) -> bool:
    """Whether all of ``text`` parses: Python by Python itself, other languages by the parser that dgls checks with."""
    if language != "python":
        grammar = language_of(language, "")
        return grammar is not None and is_sound(text, grammar)
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
