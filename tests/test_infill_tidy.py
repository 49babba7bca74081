"""What is put right in a good candidate: its indentation, what it repeats, and where it stops being certain."""

import pytest

from dgls.infill.candidate import Candidate, Spelled
from dgls.infill.indent import indented, unit_near
from dgls.infill.judge import judge
from dgls.infill.layout import Canvas
from dgls.infill.request import FillRequest, Gap
from dgls.infill.tidy import straightened, tidied
from dgls.syntax import fragment_around, language_of
from dgls.syntax.repetition import repeats_from


def request_at(marked: str, language: str = "python", confident: float = 0.0) -> FillRequest:
    before, _, after = marked.partition("│")
    return FillRequest(before + after, (Gap(len(before), len(before)),), language, confident=confident)


def candidate_of(*tokens: str, certainty: tuple[float, ...] = ()) -> Candidate:
    ends = [len("".join(tokens[: index + 1])) for index in range(len(tokens))]
    starts = [end - len(token) for end, token in zip(ends, tokens, strict=True)]
    spelled = Spelled(list(range(len(tokens))), "".join(tokens), starts, ends, certainty)
    return Candidate((spelled,), 0.5, -1.0, Canvas([], ()))


def tidy(
    marked: str,
    *tokens: str,
    language: str = "python",
    confident: float = 0.0,
    certainty: tuple[float, ...] = (),
) -> list[str]:
    """What is left of a candidate made of ``tokens``."""
    request = request_at(marked, language, confident)
    known = language_of(language, "")
    assert known is not None
    fragment = fragment_around(request.text, request.gaps, known)
    judged = [judge(request, fragment, candidate_of(*tokens, certainty=certainty))]
    judged += straightened(request, fragment, judged)
    return [one.candidate.drawn[0] for one in tidied(request, fragment, judged) if one.is_good]


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("class A:\n\tdef f(self):\n\t\tpass\n", "\t"),
        ("a {\n  b {\n    c\n  }\n}\n", "  "),
        ("def f():\n    if x:\n        y()\n", "    "),
        ("f(\n        a)\ndef f():\n    x\ndef g():\n    y\n", "    "),
        ("x = 1\ny = 2\n", ""),
    ],
)
def test_the_unit_is_what_lines_are_mostly_indented_by(text: str, unit: str) -> None:
    assert unit_near(text, len(text) // 2) == unit


@pytest.mark.parametrize(
    ("fill", "head", "unit", "expected"),
    [
        ("if x:\n            y()\n        z()", "\t\t", "\t", "if x:\n\t\t\ty()\n\t\tz()"),
        ("if x:\n\t\ty()", "\t", "\t", "if x:\n\t\ty()"),
        ("if (x) {\n\t\ty();\n\t}", "  ", "  ", "if (x) {\n    y();\n  }"),
        ("if (x) {\n      y();\n  }", "  ", "  ", "if (x) {\n    y();\n  }"),
        ("    x = 1", "    ", "    ", "x = 1"),  # the line is indented already
        (" + 1", "x = 1", "    ", " + 1"),
    ],
)
def test_lines_are_indented_as_the_file_is(fill: str, head: str, unit: str, expected: str) -> None:
    assert indented(fill, head, unit) == expected


def test_spaces_in_a_file_of_tabs_become_tabs_before_the_verdict() -> None:
    marked = "class A:\n\tdef f(self, x):\n\t\t│\n\n\tdef g(self):\n\t\treturn 2\n"
    assert tidy(marked, "if x:\n", "            return 1\n", "        return 2") == [
        "if x:\n\t\t\treturn 1\n\t\treturn 2"
    ]


@pytest.mark.parametrize(
    ("fill", "left"),
    [
        ("    y = 2\n      z = 3", "y = 2\n  z = 3"),  # all of it too far to the right
        ("    if y:\n      z = 3", "if y:\n    z = 3"),  # its beginning alone
        ("    if y:\n        z = 3\n      q = 4", "if y:\n    z = 3\n  q = 4"),
        ("    y = 2\n  z = 3", "y = 2\n  z = 3"),
    ],
)
def test_what_begins_too_far_to_the_right_is_moved(fill: str, left: str) -> None:
    assert tidy("if x:\n  y = 1\nelse:\n  │\n", fill) == [left]
    [kept] = tidy("if x:\n  │\n", "  y = 2")
    assert kept == "y = 2"


def test_blanks_at_the_end_of_a_line_are_left_out() -> None:
    assert tidy("def f(x):\n    │\n", "return x", "\n    \n") == ["return x"]


@pytest.mark.parametrize(
    ("marked", "fill", "left"),
    [
        ("def f(x):\n    │\n    return x\n", "y = 1\n    return x", ["y = 1"]),
        ("def f(x):\n    │\n    return x\n", "return x", []),
        ("def f(x):\n    │\n    return x\n", "if x > 1:\n        return x", ["if x > 1:\n        return x"]),
        (
            "x = foo(a, │, bar, baz)\n",
            "b, bar, baz",
            ["b, bar, baz"],
        ),  # without the bracket it is no repetition
        ("def f():\n    │\n\ndef g(a):\n    pass\n", "x = 1\n\ndef g(a):\n    return 2", ["x = 1"]),
    ],
)
def test_what_follows_is_not_said_again(marked: str, fill: str, left: list[str]) -> None:
    assert tidy(marked, fill) == left


def test_the_rest_of_the_line_is_not_said_again() -> None:
    python = language_of("python", "")
    assert python is not None
    text = "x = foo(, bar)\n"
    assert repeats_from(fragment_around(text, [Gap(8, 8)], python), "a, bar)") == 1
    assert repeats_from(fragment_around(text, [Gap(8, 8)], python), "a") is None


def test_a_fill_ends_where_it_stops_being_certain_if_that_is_whole() -> None:
    tokens = ("x = 1", "\n    ", "y = ", "qq")
    marked = "def f():\n    │\n"
    sure, unsure = (0.9, 0.9, 0.9, 0.9), (0.9, 0.9, 0.9, 0.1)
    assert tidy(marked, *tokens, confident=0.5, certainty=unsure) == ["x = 1"]
    assert tidy(marked, *tokens, confident=0.5, certainty=sure) == ["x = 1\n    y = qq"]
    assert tidy(marked, *tokens, certainty=unsure) == ["x = 1\n    y = qq"]
    # Nothing whole comes before the doubt.
    assert tidy("x = │\n", "(", "qq", ")", confident=0.5, certainty=(0.9, 0.1, 0.9)) == ["(qq)"]


def test_the_confidence_of_what_is_left_is_that_of_its_tokens() -> None:
    candidate = candidate_of("a", "b", "c", certainty=(0.8, 0.6, 0.1)).shortened_to("ab")
    assert candidate.confidence == pytest.approx(0.7)
