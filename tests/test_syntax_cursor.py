"""What the tree says of a cursor: `│` in one string per case, in several languages."""

import pytest

from dgls.infill.request import Gap
from dgls.syntax import fragment_around, language_of
from dgls.syntax.cursor import Place, place_of


def place(marked: str, language_id: str) -> Place:
    before, _, after = marked.partition("│")
    language = language_of(language_id, "")
    fragment = (
        fragment_around(before + after, [Gap(len(before), len(before))], language) if language else None
    )
    return place_of(fragment, before[before.rfind("\n") + 1 :], after.partition("\n")[0])


MANY = {
    "python": [
        "def f():\n    │\n",
        "def f():│\n",
        "def f(): │",
        "if x:│\n",
        "x = 1\n│\ny = 2\n",
        "class A:\n    def f(self):\n        x = foo(1)\n        │\n\n    def g(self):\n        pass\n",
        "if x:\n    a()\n    │\nelse:\n    b()\n",
        "def f(x):\n    y = (x\n\ndef g():\n    │\n    return 1\n",
        "for x in y:\n    pass\nelse:│\n",
        "│",
    ],
    "javascript": [
        "function f() {│}\n",
        "function f() {│\n}\n",
        "function f() {\n  │\n}\n",
        "class A {\n  │\n}\n",
        "items.map((x) => {\n  │\n});\n",
        "items.map((x) => {│});\n",
        "function f() {\n  const x = g(1);\n  │\n",
        "switch (x) {\n  case 1:\n    │\n}\n",
    ],
    "rust": ["fn f() {│}", "fn f() {\n    │\n", "impl A {\n    │\n}\n", "match x {\n    │\n}\n"],
    "go": ["package a\n\nfunc f() {\n\t│\n}\n", "package a\n\nfunc f() {│}\n"],
    "ruby": ["def f\n  │\nend\n", "class A\n  def f\n    x = 1\n    │\n  end\nend\n"],
    "css": ["a {\n  │\n}\n", "a {│}\n"],
    "c": ["int main(void) {\n  │\n}\n", "#include <a.h>\n│\nint x;\n"],
    "yaml": ["a:\n  b: 1\n  │\n"],
}
ONE = {
    "python": [
        "x = │\n",
        "print(│)\n",
        "print(│\n",
        "foo(\n    a,\n    │\n)\n",
        "x = [\n    │\n]\n",
        "foo(\n    a,\n    │\n",
        'def f():\n    """Say.\n\n    │\n    """\n',
        "x: │\n",
        "d = {x:│}\n",
        "lambda x:│\n",
        "# a comment │\n",
        "def f():│\n    return 1\n",
        "return │ + 1\n",
        "    │return 1\n",
        "for │ in range(3):\n    pass\n",
    ],
    "javascript": [
        "const x = │;\n",
        "const x = {\n  a: 1,\n  │\n};\n",
        "const s = `\n  │\n`;\n",
        "foo(│);\n",
        "/* one\n   │\n*/\n",
        "if (│) {\n}\n",
        "foo(a,\n    │\n);\n",
    ],
    "rust": ["let x = │;\n", "let v = vec![\n    │\n];\n", "fn f(│) {}\n"],
    "json": ['{\n  "a": │\n}\n', "{\n  │\n}\n"],
    "css": ["a { color: │ }\n"],
}


@pytest.mark.parametrize(
    ("language", "marked"), [(name, text) for name, texts in MANY.items() for text in texts]
)
def test_where_statements_stand_a_fill_may_have_lines(language: str, marked: str) -> None:
    assert not place(marked, language).single_line


@pytest.mark.parametrize(
    ("language", "marked"), [(name, text) for name, texts in ONE.items() for text in texts]
)
def test_inside_an_expression_a_fill_stays_on_its_line(language: str, marked: str) -> None:
    assert place(marked, language).single_line


@pytest.mark.parametrize(
    ("language", "marked", "closed"),
    [
        ("python", "print(│)\n", ")"),
        ("python", "print(len(x[│]))\n", "]))"),
        ("python", 'x = "│"\n', '"'),
        ("python", "x = f'│'\n", "'"),
        ("python", "def f(│)\n", ")"),
        ("python", "x = {'a': [│]}\n", "]}"),
        ("python", "x = 1 │\n", ""),
        ("python", "print(│) + 1\n", ""),  # more follows: it was not closed by itself
        ("python", "print(\n    a│)\n", ""),  # opened on another line
        ("python", "print│()\n", ""),
        ("python", "x = ')│'\n", "'"),
        ("javascript", "foo(bar(│));\n", "))"),
        ("javascript", "function f() {│}\n", "}"),
        ("javascript", "const x = '│';\n", "'"),
        ("javascript", "const x = `│`;\n", "`"),
        ("javascript", "try { } catch (e│) { }\n", ""),
        ("javascript", "items.map((x) => {│});\n", "})"),
        ("rust", "fn f(│) {}\n", ""),
        ("go", "package a\n\nfunc f() {\n\tfoo(│)\n}\n", ")"),
        ("klingon", "foo(│)", ""),
    ],
)
def test_what_an_editor_closed_behind_the_cursor(language: str, marked: str, closed: str) -> None:
    behind = marked.partition("│")[2]
    assert behind[: place(marked, language).closed] == closed


def test_without_a_grammar_the_line_decides() -> None:
    assert [place(marked, "klingon").single_line for marked in ("x │", "│", "  │\n", " │x")] == [
        True,
        False,
        False,
        True,
    ]
