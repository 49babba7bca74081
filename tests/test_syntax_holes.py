"""Holes and ends: what each language calls a hole, and where a fill of several lines may end."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.infill.request import Gap
from dgls.syntax import find_holes, fragment_around, language_of, statement_ends
from dgls.syntax.tree import Clock, parse
from tests.syntax_sources import SOURCES, files, read
from tests.test_syntax_grammars import FOLDERS, PATIENCE_MS, load

python = language_of("python", "")
assert python is not None
HOLED = [folder for folder in FOLDERS if (SOURCES / folder / "holes.txt").is_file()]


def unmarked(marked: str) -> tuple[str, list[Gap]]:
    """A document, and the gaps that its `├marks┤` show."""
    text, gaps = "", []
    for number, piece in enumerate(re.split("[├┤]", marked)):
        if number % 2:
            gaps.append(Gap(len(text), len(text) + len(piece)))
        text += piece
    return text, gaps


@pytest.mark.parametrize("folder", HOLED)
def test_holes_are_found_and_nothing_else(folder: str) -> None:
    for marked in read(SOURCES / folder / "holes.txt").split("\n%%\n"):
        text, gaps = unmarked(marked)
        found = find_holes(text, load(folder), budget_ms=PATIENCE_MS)
        assert found is not None
        assert [(gap, text[gap.start : gap.end]) for gap in found] == [
            (gap, text[gap.start : gap.end]) for gap in gaps
        ]


@pytest.mark.parametrize("folder", [folder for folder in HOLED if folder != "python"])
def test_finished_files_have_few_holes(folder: str) -> None:
    found = [
        (path.name, read(path)[gap.start : gap.end])
        for path in files(folder)
        for gap in find_holes(read(path), load(folder), budget_ms=PATIENCE_MS) or ()
    ]
    assert len(found) <= len(files(folder)), found


@pytest.mark.parametrize("folder", FOLDERS)
def test_fills_may_end_at_many_places_of_a_file(folder: str) -> None:
    """At least at every tenth line, and at the end."""
    language = load(folder)
    for path in files(folder):
        fill = read(path).strip()
        fragment = fragment_around("", [Gap(0, 0)], language, budget_ms=PATIENCE_MS)
        ends = statement_ends(fragment, [fill], 0)
        assert ends == sorted(set(ends)) and len(ends) >= fill.count("\n") // 10, path.name
        assert fill[ends[-1] :].strip(" \n;") == "", path.name


def test_holes_are_looked_for_in_a_span() -> None:
    text, gaps = unmarked("def f():\n    ├...┤\n\ndef g():\n    ├pass┤\n")
    assert find_holes(text, python) == gaps
    assert find_holes(text, python, Gap(gaps[0].end, len(text))) == gaps[1:]
    assert find_holes(text, python, Gap(gaps[1].start + 1, gaps[1].start + 2)) == gaps[1:]
    assert find_holes(text, python, Gap(0, 3)) == []
    with pytest.raises(ValueError, match="outside the text"):
        find_holes(text, python, Gap(0, len(text) + 1))


def test_holes_of_a_function_are_found_in_a_large_file() -> None:
    text, gaps = unmarked("x = [1, 2]\n" * 15_000 + "def f():\n    ├...┤\n" + "x = [1, 2]\n" * 15_000)
    [gap] = gaps
    assert find_holes(text, python, Gap(gap.start - 13, gap.end + 1), budget_ms=PATIENCE_MS) == gaps
    assert find_holes(text, python, Gap(gap.start, gap.start), budget_ms=PATIENCE_MS) == gaps


def test_holes_are_found_in_languages_inside_the_text() -> None:
    marked = {
        "html": "<p>é😀</p>\n<script>\nfunction f() {├\n  ┤\n}\n</script>\n<script type=klingon>if (x) {}</script>\n",
        "markdown": "# é\n\n```python\ndef f():\n    ├...┤\n```\n\n"
        "> ```js\n> function f() {├┤}\n> if (x) {├┤\n> }\n> if (x) {\n>\n>   // todo\n> ├┤}\n> ```\n\n"
        "~~~html\n<script>if (x) {├┤}</script>\n~~~\n",
    }
    for name, document in marked.items():
        text, gaps = unmarked(document)
        known = language_of(name, "")
        assert known is not None
        assert find_holes(text, known, budget_ms=PATIENCE_MS) == gaps
        assert find_holes(text, known, gaps[-1], budget_ms=PATIENCE_MS) == gaps[-1:]


def test_a_hole_ends_before_the_line_of_its_closing_bracket() -> None:
    javascript = language_of("javascript", "")
    assert javascript is not None
    text = "function f() {\r\n    \r\n}\r\n"
    assert find_holes(text, javascript) == [Gap(text.index("{") + 1, text.index("\r\n}"))]


def test_no_query_is_asked_about_an_error_that_holds_thousands() -> None:
    javascript = language_of("javascript", "")
    assert javascript is not None
    for text, found in (("-" * 1_000, []), ("-" * 20_000, None)):
        tree = parse(text.encode(), javascript, Clock(PATIENCE_MS))
        assert tree is not None
        assert javascript.holes.spans(tree.root_node, text.encode(), lambda: False) == found


@pytest.mark.parametrize("text", ["{" * 100_000, "-" * 100_000, "function f() {" * 20_000, "x" * 5_000_000])
def test_in_pathological_texts_nobody_says_that_there_are_no_holes(text: str) -> None:
    javascript = language_of("javascript", "")
    assert javascript is not None
    assert find_holes(text, javascript, budget_ms=50) is None


pieces = st.sampled_from(
    [
        "function f() {",
        "}",
        "\n",
        "    ",
        "// TODO 😀\n",
        "...",
        "if (x) {",
        "throw new Error('TODO');",
        "\ud800",
        "é",
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(pieces, max_size=14).map("".join))
def test_holes_never_overlap_and_lie_in_the_text(text: str) -> None:
    javascript = language_of("javascript", "")
    assert javascript is not None
    position = 0
    for number, hole in enumerate(find_holes(text, javascript, budget_ms=PATIENCE_MS) or ()):
        assert position <= hole.start <= hole.end <= len(text)
        assert number == 0 or position < hole.end
        position = hole.end
