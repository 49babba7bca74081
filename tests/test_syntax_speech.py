"""What says nothing: blanks, comment markers and comments without words; in a hole also what leaves it one."""

import pytest

from dgls.syntax import fragment_around, silent_gaps
from tests.test_syntax_grammars import load
from tests.test_syntax_holes import unmarked


@pytest.mark.parametrize(
    ("folder", "marked", "fill", "silent"),
    [
        ("python", "x = 1\n├┤", " \n", True),
        ("python", "x = 1\n├┤", "#", True),
        ("python", "x = 1\n├┤", "# --- #\n", True),
        ("python", "x = 1\n├┤", "# the sum\n", False),
        ("python", "x = ├┤\n", '"#"', False),
        ("python", "x = f(1├┤\n", ")", False),
        ("rust", "fn f() { a();├┤ }\n", " /* */ //", True),
        ("rust", "fn f() { a();├┤ }\n", " /* */ ;", False),
        ("html", "<p>├┤</p>\n", "<!-- -->", True),
        ("html", "<script>\nlet a = 1;\n├┤</script>\n", "//\n", True),
        ("lua", "├┤\n", "--[[ ]] --", True),
        ("json", "[├┤]\n", "{}", False),
        ("python", "x = f(├  ┤a)\n", " ", False),
        ("python", "x = f(├ b, ┤a)\n", " ", True),
        ("python", "def f():\n    ├...┤\n", "pass", True),
        ("python", 'def f():\n    """Doc."""\n    ├pass┤\n', "# all of it", True),
        ("python", "def f():\n    ├...┤\n", "def g():\n        ...\n    return g", True),
        ("python", "def f():\n    ├...┤\n", "return", False),
        ("python", "def f():\n    ├return┤\n", "pass", False),
        ("javascript", "function f() {\n  // TODO: sum\n├┤}\n", "  ;\n", True),
        ("javascript", "function f() {\n  // TODO: sum\n├┤}\n", "  // later\n", True),
        ("javascript", "function f() {\n  // TODO: sum\n├┤}\n", "  return 1;\n", False),
        ("css", "a {\n  /* TODO: colours */\n├┤}\n", "  color: red;\n", False),
    ],
)
def test_what_says_nothing_is_told(folder: str, marked: str, fill: str, silent: bool) -> None:
    text, gaps = unmarked(marked)
    fragment = fragment_around(text, gaps, load(folder))
    originals = [text[gap.start : gap.end] for gap in gaps]
    assert silent_gaps(fragment, originals, [fill]) == (frozenset((0,)) if silent else frozenset())


def test_each_gap_is_told_apart() -> None:
    text, gaps = unmarked("def f():\n    ├...┤\n\ndef g():\n    ├...┤\n")
    fragment = fragment_around(text, gaps, load("python"))
    assert silent_gaps(fragment, ["...", "..."], ["return 1", "#"]) == {1}
    assert silent_gaps(None, ["", "..."], [" ", "#"]) == {0}
