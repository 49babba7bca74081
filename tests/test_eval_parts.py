"""What counts as an expression, arguments, a statement or a body, in languages that write them differently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.syntax import language_of
from dgls.syntax.parts import PARTS, is_sound, parts_of

PYTHON = """\
def scale(values, by):
    '''Docs ä.'''
    if by > 0:
        return [value * by for value in values]
    log("é", by + 1)
"""
JAVASCRIPT = """\
function scale(values, by) {
  if (by > 0) { return values.map(value => value * by); }
  log("é", by + 1);
}
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "python",
            PYTHON,
            {
                "expression": ["by > 0", "value * by", '"é"', "by + 1"],
                "arguments": ['"é", by + 1'],
                "statement": [
                    PYTHON[:-1],
                    "'''Docs ä.'''",
                    "if by > 0:\n        return [value * by for value in values]",
                    "return [value * by for value in values]",
                    'log("é", by + 1)',
                ],
                "body": [
                    PYTHON[PYTHON.index("'''") : -1],
                    "return [value * by for value in values]",
                ],
            },
        ),
        (
            "javascript",
            JAVASCRIPT,
            {
                "expression": [
                    "(by > 0)",
                    "values.map",
                    "value * by",
                    '"é"',
                    "by + 1",
                ],
                "arguments": ["value => value * by", '"é", by + 1'],
                "statement": [
                    JAVASCRIPT[:-1],
                    "if (by > 0) { return values.map(value => value * by); }",
                    "return values.map(value => value * by);",
                    'log("é", by + 1);',
                ],
                "body": [
                    JAVASCRIPT[JAVASCRIPT.index("if") : -3],
                    "return values.map(value => value * by);",
                ],
            },
        ),
    ],
)
def test_parts_are_what_their_names_say(name: str, text: str, expected: dict[str, list[str]]) -> None:
    language = language_of(name, "")
    assert language is not None
    found = parts_of(text, language, 3, 145)
    assert is_sound(text, language)
    for part in PARTS:
        assert [text[start:end] for start, end in found[part]] == expected[part], part


@given(st.text(), st.integers(1, 9), st.integers(0, 30))
def test_any_text_has_parts_within_bounds_or_none(text: str, shortest: int, more: int) -> None:
    language = language_of("python", "")
    assert language is not None
    for spans in parts_of(text, language, shortest, shortest + more).values():
        for start, end in spans:
            assert 0 <= start < end <= len(text)
            assert end - start <= shortest + more
    is_sound(text, language)
