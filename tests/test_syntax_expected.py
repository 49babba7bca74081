"""What the parser expects at a place; ‸ marks it in a document."""

import random
import re

import pytest

from dgls.evaluation.cuts import MODULES, SourceFile
from dgls.infill.request import Gap
from dgls.syntax import Expected, expected_after, fragment_around, language_of


def expected_at(document: str, language: str = "python") -> Expected | None:
    place = document.index("‸")
    text = document.replace("‸", "")
    known = language_of(language, "")
    assert known is not None
    return expected_after(fragment_around(text, [Gap(place, place)], known), ("",), 0, 0)


def admits(expected: Expected, word: str) -> bool:
    return word.encode() in expected.words or word.encode()[0] in expected.first


@pytest.mark.parametrize(
    ("document", "language", "admitted", "refused"),
    [
        ("for x ‸ things:\n    pass\n", "python", ["in", ",", "."], [")", "]", "=", "x", '"', "if", "7"]),
        ("def ‸(a):\n    pass\n", "python", ["name", "_"], ["(", ")", "*", '"', "="]),
        (
            "def f(a):\n    return g(‸)\n",
            "python",
            ["a", "(", ")", '"', "not", "*", "7", "None"],
            ["]", "}", "="],
        ),
        ("import os ‸\n", "python", ["as", ",", "."], ["x", "(", ")", "=", "'"]),
        ("function ‸(a) {}", "javascript", ["name", "*"], [")", "=", '"', "]"]),
        ("fn ‸() {}", "rust", ["name"], [")", "=", '"', "]", "{"]),
    ],
)
def test_a_place_admits_what_may_stand_there_and_little_else(document, language, admitted, refused):
    expected = expected_at(document, language)
    assert expected is not None
    assert [word for word in admitted if not admits(expected, word)] == []
    assert [word for word in refused if admits(expected, word)] == []


@pytest.mark.parametrize(
    "document", ["x = 'in a ‸string'\n", "na‸me = 1\n", "x = 1\n‸y = 2\n", "‸x = 1\n", "‸"]
)
def test_nothing_is_said_where_the_parser_cannot_tell(document):
    """Inside a leaf, behind a line break that ends a statement, at the very beginning."""
    assert expected_at(document) is None


def test_a_word_right_before_may_go_on():
    expected = expected_at("def f‸(a):\n    pass\n")
    assert expected is not None
    assert admits(expected, "oo")
    assert not admits(expected, '"')


def test_text_that_is_no_utf_8_is_no_obstacle():
    text = "for x  things:\n    pass\n"
    known = language_of("python", "")
    assert known is not None
    fragment = fragment_around(text, [Gap(6, 6)], known)
    assert expected_after(fragment, ("\udcff in",), 0, 1) != expected_after(fragment, ("",), 0, 0)


def test_a_token_that_was_taken_out_of_real_code_is_admitted():
    chance = random.Random(1)
    known = language_of("python", "")
    assert known is not None
    told = missed = 0
    for number in range(300):
        text = SourceFile(MODULES[number % len(MODULES)]).text
        word = chance.choice(list(re.finditer(r"\w+|[^\w\s]", text)))
        fragment = fragment_around(
            text[: word.start()] + text[word.end() :], [Gap(word.start(), word.start())], known
        )
        expected = expected_after(fragment, ("",), 0, 0)
        if expected is not None:
            told += 1
            missed += not admits(expected, word.group()) and not any(
                other.startswith(word.group().encode()) for other in expected.words
            )
    assert told >= 50
    assert missed <= 0.05 * told
