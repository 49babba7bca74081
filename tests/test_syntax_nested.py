"""Languages inside languages: the inner language judges what stands in it, and a fill may not end what it stands in."""

import re

import pytest

from dgls.infill.request import Gap
from dgls.syntax import (
    Verdict,
    enclosing_definition,
    enclosing_statement,
    fragment_around,
    language_of,
    statement_ends,
    verdict,
)
from dgls.syntax.fragment import Fragment

PATIENCE_MS = 60_000
"""So that a busy machine changes no verdict."""

PAGE = """<!doctype html>
<html>
  <head>
    <style>
      a { ├color: red;┤ }
    </style>
    <script>
      function f(a) {
        ├return a + 1;┤
      }
    </script>
    <script type="module">├import a from "b";┤</script>
    <script type="application/ld+json">{ "a": ├[1, 2]┤ }</script>
  </head>
  <body>
    <p>├<b>bold</b>┤</p>
  </body>
</html>
"""
NOTES = """# Notes

├Some *text*.┤

```python title="a"
def f(a):
    ├return a + 1┤
```

- an item

  ```js
  f(├a, b┤)
  g()
  ```

~~~rust
fn main() { ├let a = 1;┤ }
~~~

```klingon
├Qapla'┤
```
"""


def fragment_of(language: str, marked: str, number: int) -> tuple[Fragment, str]:
    """The fragment at the ``number``-th `├gap┤` of a marked document, and the text that stands there."""
    pieces = re.split("[├┤]", marked)
    start = len("".join(pieces[: 2 * number + 1]))
    original = pieces[2 * number + 1]
    known = language_of(language, "")
    assert known is not None
    gap = Gap(start, start + len(original))
    return fragment_around("".join(pieces), [gap], known, budget_ms=PATIENCE_MS), original


def at_cursor(language: str, marked: str, number: int) -> Fragment:
    """The fragment where a cursor stands instead of the gap's text."""
    pieces = re.split("[├┤]", marked)
    text = "".join([*pieces[: 2 * number + 1], *pieces[2 * number + 2 :]])
    known = language_of(language, "")
    assert known is not None
    start = len("".join(pieces[: 2 * number + 1]))
    return fragment_around(text, [Gap(start, start)], known, budget_ms=PATIENCE_MS)


@pytest.mark.parametrize(
    ("language", "marked", "number", "inner", "wrong"),
    [
        ("html", PAGE, 0, "CSS", "color: red; }"),
        ("html", PAGE, 1, "JavaScript", "return a +;"),
        ("html", PAGE, 2, "JavaScript", "import from from b"),
        ("html", PAGE, 3, "JSON", "[1, 2"),
        ("html", PAGE, 4, "HTML", "<b>bold</i>"),
        ("markdown", NOTES, 0, "Markdown", "<!-- never closed"),
        ("markdown", NOTES, 1, "Python", "return a +"),
        ("markdown", NOTES, 2, "JavaScript", "a b"),
        ("markdown", NOTES, 3, "Rust", "let a == 1;"),
    ],
)
def test_a_gap_is_judged_by_the_language_it_is_in(
    language: str, marked: str, number: int, inner: str, wrong: str
) -> None:
    fragment, original = fragment_of(language, marked, number)
    cursor = at_cursor(language, marked, number)
    assert fragment.language.name == cursor.language.name == inner
    assert verdict(fragment, [original]) == verdict(cursor, [original]) == Verdict(())
    for place in (fragment, cursor):
        ruling = verdict(place, [wrong])
        assert ruling.checked and not ruling.ok


@pytest.mark.parametrize(
    ("language", "marked", "number", "fill", "wrong"),
    [
        ("html", PAGE, 1, "return '</script>';", "</script>';"),
        ("html", PAGE, 0, "color: red } </style> b {", "</style> b {"),
        ("markdown", NOTES, 1, "return a\n```\nsaid\n```python\n    b", "```\nsaid\n```python\n    b"),
        ("markdown", NOTES, 4, "x\n```\ny", "```\ny"),
    ],
)
def test_a_fill_that_ends_what_it_stands_in_is_at_fault_from_there_on(
    language: str, marked: str, number: int, fill: str, wrong: str
) -> None:
    (fault,) = verdict(fragment_of(language, marked, number)[0], [fill]).faults
    assert fill[fault.start : fault.end] == wrong
    assert not verdict(at_cursor(language, marked, number), [fill]).ok


def test_without_a_grammar_for_the_inner_language_nothing_is_validated_or_refused() -> None:
    fragment, _ = fragment_of("markdown", NOTES, 4)
    assert verdict(fragment, ["((("]) == Verdict((), checked=False)


def test_a_fence_that_nothing_ends_yet_is_not_validated() -> None:
    known = language_of("markdown", "")
    assert known is not None
    text = "# Notes\n\n```python\nx = 1\n"
    fragment = fragment_around(text, [Gap(len(text), len(text))], known, budget_ms=PATIENCE_MS)
    for fill in ("y = 2", "y = 2\n```\n"):
        assert verdict(fragment, [fill]) == Verdict((), checked=False)


def test_lines_that_begin_with_what_is_not_code_are_not_validated() -> None:
    fragment, _ = fragment_of("markdown", NOTES, 2)
    assert verdict(fragment, ["a,\n  b"]) == Verdict((), checked=False)


def test_gaps_in_several_languages_are_not_validated() -> None:
    known = language_of("html", "")
    assert known is not None
    text = "<p>A</p><script>B</script><script>C</script>"
    places = [Gap(text.index(letter), text.index(letter) + 1) for letter in "ABC"]
    for gaps in (places, places[:2], places[1:]):
        fragment = fragment_around(text, gaps, known, budget_ms=PATIENCE_MS)
        assert verdict(fragment, ["x"] * len(gaps)) == Verdict((), checked=False)


def test_several_gaps_in_one_script_are_judged_together() -> None:
    known = language_of("html", "")
    assert known is not None
    text = "<p>é😀</p><script>f(é, []); g([])</script>"
    gaps = [Gap(start, start) for start in (text.index("[]") + 1, text.rindex("[]") + 1)]
    fragment = fragment_around(text, gaps, known, budget_ms=PATIENCE_MS)
    assert verdict(fragment, ["1, '😀'", "2"]) == Verdict(())
    assert {fault.gap for fault in verdict(fragment, ["1", "2 3"]).faults} == {1}


def test_languages_nest_in_nested_languages() -> None:
    marked = "```html\n<script>\nf(├a┤);\n</script>\n```\n\nAnd more.\n"
    fragment, _ = fragment_of("markdown", marked, 0)
    assert fragment.language.name == "JavaScript"
    assert verdict(fragment, ["a, b"]) == Verdict(())
    for fill in ("a b", "a);</script><script>f(b", "a);\n```\n\n```html\n<script>f(b"):
        assert not verdict(fragment, [fill]).ok


def test_a_script_without_text_is_judged_by_its_language() -> None:
    fragment = at_cursor("html", "<body>\n<script>├f()┤</script>\n</body>\n", 0)
    assert fragment.language.name == "JavaScript"
    assert verdict(fragment, ["f();"]).ok
    assert not verdict(fragment, ["f(;"]).ok


def test_statements_of_an_inner_language_end_where_that_says() -> None:
    fragment = at_cursor("html", PAGE, 1)
    fill = "g(); return a +* 1;"
    assert fill.index(" return") in statement_ends(fragment, [fill], 0)


def test_the_last_line_of_a_fence_can_be_filled_with_its_line_break() -> None:
    text = "```js\nf()\ng()\n```\n\nText.\n"
    javascript = [
        Gap(text.index("g()"), text.index("```\n\n")),
        Gap(text.index("f()"), text.index("```\n\n")),
    ]
    markdown = language_of("markdown", "")
    assert markdown is not None
    for gap in javascript:
        fragment = fragment_around(text, [gap], markdown, budget_ms=PATIENCE_MS)
        assert verdict(fragment, ["h()\n"]).ok
        assert not verdict(fragment, ["h(\n"]).ok
        assert not verdict(fragment, ["h()\n```\n"]).ok


def test_what_encloses_a_span_is_of_the_language_it_is_in() -> None:
    known = language_of("html", "")
    assert known is not None
    text = "<p>é😀</p>\n<script>\nfunction f(a) {\n  return a + 1;\n}\n</script>\n"
    start = text.index("a + 1")
    statement = enclosing_statement(text, Gap(start, start + 1), known)
    definition = enclosing_definition(text, Gap(start, start + 1), known)
    assert statement is not None and text[slice(*statement)] == "return a + 1;"
    assert definition is not None and text[slice(*definition)] == "function f(a) {\n  return a + 1;\n}"
    paragraph = enclosing_statement(text, Gap(3, 4), known)
    assert paragraph is not None and text[slice(*paragraph)] == "<p>é😀</p>"
