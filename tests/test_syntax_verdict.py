"""Verdicts on fills, through the real parser: true code is let through, broken code is caught, nothing crashes."""

import random
import re
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dgls.evaluation.cuts import spans_of
from dgls.evaluation.keystrokes import long_file, short_file
from dgls.infill.request import Gap
from dgls.syntax import Fault, Verdict, fragment_around, language_of, statement_ends, verdict
from tests.syntax_sources import Cut, cuts, files, line_starts, read, snippets
from tests.test_syntax_holes import unmarked

python = language_of("python", "")
assert python is not None
PATIENCE_MS = 60_000
"""So that a busy machine changes no verdict."""
FILES = files("python")
SNIPPETS = snippets("python")


def judge(marked: str, original: str = "") -> Verdict:
    """The verdict on each `├fill┤` of a marked document, whose gaps held ``original`` before."""
    pieces = re.split("[├┤]", marked)
    text, gaps = pieces[0], []
    for part in pieces[2::2]:
        gaps.append(Gap(len(text), len(text) + len(original)))
        text += original + part
    assert python is not None
    return verdict(fragment_around(text, gaps, python, budget_ms=PATIENCE_MS), pieces[1::2])


def rejects(text: str, gap: Gap, fill: str) -> bool:
    assert python is not None
    ruling = verdict(fragment_around(text, [gap], python, budget_ms=PATIENCE_MS), [fill])
    assert ruling.checked
    return not ruling.ok


def without(cut: Cut) -> tuple[str, Gap]:
    """The file as it is where a cursor stands instead of the cut."""
    text = read(cut.path)
    return text[: cut.gap.start] + text[cut.gap.end :], Gap(cut.gap.start, cut.gap.start)


def test_true_spans_put_back_are_rejected_in_at_most_one_percent() -> None:
    assert python is not None
    chosen = cuts(python, FILES, 1_000, seed=2)
    rejected = [cut for cut in chosen if rejects(read(cut.path), cut.gap, cut.text)]
    assert len(rejected) <= 10, rejected


def test_true_spans_written_at_a_cursor_are_rejected_in_at_most_one_percent() -> None:
    assert python is not None
    chosen = cuts(python, FILES, 400, seed=3)
    rejected = [cut for cut in chosen if rejects(*without(cut), cut.text)]
    assert len(rejected) <= 4, rejected


def test_invalid_snippets_are_caught() -> None:
    missed = []
    for snippet in SNIPPETS:
        with warnings.catch_warnings(), pytest.raises(SyntaxError):
            warnings.simplefilter("ignore")
            compile(re.sub("[├┤]", "", snippet) + "\n", "snippet", "exec")
        if judge(snippet + "\n").ok:
            missed.append(snippet)
    assert len(SNIPPETS) >= 150
    assert len(missed) <= len(SNIPPETS) * 4 // 100, missed


def test_true_lines_are_mostly_let_through_below_an_unclosed_bracket() -> None:
    chance = random.Random(7)
    rejected, tried = 0, 0
    while tried < 150:
        text = read(chance.choice(FILES))
        starts = line_starts(text)
        line = chance.randrange(8, len(starts) - 2)
        above = line - chance.randint(1, 5)
        call = text[starts[above] : starts[above + 1]]
        if re.search(r"\w\(.*\)", call) and "#" not in call and text[starts[line] : starts[line + 1]].strip():
            cut = starts[above] + call.rindex(")")
            broken = text[:cut] + text[cut + 1 :]
            gap = Gap(starts[line] - 1, starts[line + 1] - 1)
            rejected += rejects(broken, gap, broken[gap.start : gap.end])
            tried += 1
    assert rejected <= tried // 10


@pytest.mark.parametrize(
    ("marked", "kind", "fault"),
    [
        ("x = ├[1, 2 3]┤\n", "error", "3"),
        ("def f(a):\n    ├print a┤\n", "invalid", "print a"),
        ("def f(a):\n    ├return a\n  b = 1┤\n", "invalid", "b = 1"),
        ("x = ├'\udcff'┤\n", "encoding", "\udcff"),
    ],
)
def test_a_fault_says_where_in_the_fill_it_is(marked: str, kind: str, fault: str) -> None:
    fill = re.split("[├┤]", marked)[1]
    faults = judge(marked).faults
    assert (kind, fault) in [(found.kind, fill[found.start : found.end]) for found in faults]


def test_faults_count_characters_beside_astral_ones() -> None:
    fill = "'😀', é, [1 2]"
    (fault,) = judge(f"x = ['😀', ├{fill}┤]\n").faults
    assert fault == Fault(0, fill.index("2"), fill.index("2") + 1, "error", "this does not parse")


@pytest.mark.parametrize(
    "marked",
    [
        "\ufeffx = ├1┤\r\ny = 2\r\n",
        "def f():\r    return ├1┤\rx = 2\r",
        "\f\ndef f():\n    return ├1┤\n\f\nx = 2\n",
        "x = '\u2028😀' + ├'é'┤\n",
        "x = '\ud800' + ├'a'┤\n",
        "├┤",
        "├x = 1┤",
        "def f():\n\t├return 1┤\n",
        "async def f():\n    ├await g()┤\n",
        "def f():\n    def g():\n        ├nonlocal x┤\n",
        "class A:\n    def f(self):\n        x = 1\n├        return x\n\n    def g(self):\n        pass\n┤",
        "if a:\n    b\n├else:\n    c┤\nd\n",
        "try:\n    a\n├except B:\n    c\n┤",
        "x = f(├a, *b, c=1, **d┤)\n",
        "x = (a +\n     ├b.\n     c┤)\n",
        "with (a as b,\n      ├c as d┤):\n    pass\n",
        "@a\n├@b\n┤def f(): pass\n",
        "x = f'''{\n├a┤\n}'''\n",
        "match x:\n    case 1:\n        ├pass\n    case _:\n        pass┤\n",
        "x = foo(a\ny = ├2┤\n",
        "for a in b:\n    x = (1\n    if a:\n        ├continue┤\n",
    ],
)
def test_valid_fills_have_no_fault(marked: str) -> None:
    assert judge(marked) == Verdict(())


def test_a_fill_may_not_break_what_stands_beside_the_gap() -> None:
    assert not judge("x = [├1]┤]\n", original="1").ok
    assert not judge(
        "class A:\n    def f(self):\n        ├pass\n\nx = [┤\n\n    def g(self):\n        pass\n"
    ).ok


def test_several_gaps_are_judged_together() -> None:
    assert judge("def f(├a, b┤):\n    x = [├a┤, b]\n    return ├x┤\n").ok
    faults = judge("def f(├a, b┤):\n    x = [├a a┤, b]\n    return ├x┤\n").faults
    assert {fault.gap for fault in faults} == {1}


def test_nested_methods_get_the_verdict_of_the_whole_file() -> None:
    methods = "".join(f"        def g{i}(self):\n            return {i} * self.x\n\n" for i in range(300))
    for fill, ok in (
        ("self.x = await y", False),
        ("nonlocal z", True),
        ("return 1", True),
        ("if x:\n                return 1\n          y = 2", False),
        ("pass\n\n        @property\n        def p(self):\n            return 1", True),
    ):
        inside = f"        def h(self):\n            ├{fill}┤\n            return 2\n\n"
        marked = f"def outer(z):\n    class A:\n{methods}{inside}{methods}    return A\n"
        assert judge(marked).ok is ok, fill


def test_gaps_outside_the_text_or_another_number_of_fills_are_refused() -> None:
    assert python is not None
    for gaps in ([Gap(0, 9)], [Gap(2, 1)], [Gap(1, 2), Gap(0, 1)], []):
        with pytest.raises(ValueError, match="gap"):
            fragment_around("x = 1", gaps, python)
    with pytest.raises(ValueError, match="expected one fill for each of 1 gaps, got 2"):
        verdict(fragment_around("x = 1", [Gap(4, 5)], python), ["1", "2"])


@pytest.mark.parametrize(
    ("text", "gap", "fill"),
    [
        ("(" * 100_000, Gap(50_000, 50_000), "x"),
        ("(" * 100_000 + ")" * 100_000, Gap(100_000, 100_000), "x"),
        ("f(" * 50_000 + ")" * 50_000, Gap(100_000, 100_000), "x"),
        ("x = [" + "1, " * 1_700_000 + "]\n", Gap(2_000_000, 2_000_003), "22,"),
        ("x = 1\n", Gap(4, 5), "[" * 100_000),
    ],
    ids=["open", "nested", "calls", "one line of 5 MB", "fill"],
)
def test_pathological_texts_get_a_bounded_answer(text: str, gap: Gap, fill: str) -> None:
    assert python is not None
    ruling = verdict(fragment_around(text, [gap], python, budget_ms=50), [fill])
    assert ruling == Verdict((), checked=False) or all(
        0 <= f.start <= f.end <= len(fill) for f in ruling.faults
    )


def test_statement_ends_are_where_a_fill_can_be_cut() -> None:
    assert python is not None
    text = "def f(a):\n    x = 1\n    \n\ndef g():\n    pass\n"
    gap = text.index("    \n") + 4
    fill = "y = 'é😀'\n    if y:\n        z = 2\n    return y +* \n"
    fragment = fragment_around(text, [Gap(gap, gap)], python, budget_ms=PATIENCE_MS)
    ends = statement_ends(fragment, [fill], 0)
    assert fill.index("\n") in ends and fill.index("2") + 1 in ends
    longest = max(end for end in ends if verdict(fragment, [fill[:end]]).ok)
    assert fill[:longest] == "y = 'é😀'\n    if y:\n        z = 2"


pieces = st.one_of(
    st.sampled_from(
        [
            "def f(a):\n",
            "    ",
            "\t",
            "return x\n",
            "(",
            ")",
            '"""',
            "'",
            "if x:\n",
            "else:\n",
            "x = 1\n",
            "\r",
            "\\\n",
        ]
    ),
    st.sampled_from(
        ["class A:\n", "await ", "print x", "try:\n", "é", "😀", "\ud800", "\udfff", "\ufeff", "\f", "\0"]
    ),
    st.text(st.characters(codec=None), max_size=3),
)
code = st.lists(pieces, max_size=12).map("".join)


@settings(max_examples=250, deadline=None)
@given(st.lists(st.tuples(code, code, code), min_size=1, max_size=3), code)
def test_any_text_and_fill_gets_faults_within_the_fill(parts: list[tuple[str, str, str]], tail: str) -> None:
    assert python is not None
    text, gaps = "", []
    for before, original, _ in parts:
        text += before
        gaps.append(Gap(len(text), len(text) + len(original)))
        text += original
    fills = [fill for _, _, fill in parts]
    fragment = fragment_around(text + tail, gaps, python)
    for fault in verdict(fragment, fills).faults:
        assert 0 <= fault.start <= fault.end <= len(fills[fault.gap])
    for gap, fill in enumerate(fills):
        ends = statement_ends(fragment, fills, gap)
        assert ends == sorted(set(ends)) and all(0 < end <= len(fill) for end in ends)


@settings(max_examples=150, deadline=None)
@given(code, code, code)
def test_the_original_text_put_back_adds_no_fault(before: str, original: str, after: str) -> None:
    """What is already in the text may be wrong, but then it was so before."""
    assert python is not None
    text = before + original + after
    try:
        compile(text, "text", "exec")
    except (SyntaxError, ValueError, UnicodeError):
        return
    gap = Gap(len(before), len(before) + len(original))
    assert verdict(fragment_around(text, [gap], python, budget_ms=PATIENCE_MS), [original]).ok


@pytest.mark.parametrize(("folder", "most"), [("javascript", 0), ("rust", 0), ("cpp", 6)])
def test_true_spans_at_a_cursor_are_let_through_in_files_too_long_to_be_parsed_again(
    folder: str, most: int
) -> None:
    language = language_of(folder, "")
    assert language is not None
    chance = random.Random(5)
    text = "".join(read(path) + "\n" for path in files(folder)) * 4
    starts = line_starts(text)
    rejected = 0
    for _ in range(60):
        line = chance.randrange(len(starts) - 4)
        gap = Gap(starts[line], starts[line + chance.randint(1, 3)])
        cursor = Gap(gap.start, gap.start)
        fragment = fragment_around(text[: gap.start] + text[gap.end :], [cursor], language, PATIENCE_MS)
        rejected += not verdict(fragment, [text[gap.start : gap.end]]).ok
    assert rejected <= most


def test_a_cursor_in_a_long_file_is_seen_as_in_a_short_one() -> None:
    """A wide window around it can begin inside a docstring, from where code and text are the wrong way round."""
    assert python is not None
    chance = random.Random(0)
    long, short = long_file(), short_file()
    offset = long.index(short)
    for cursor, end in chance.sample(spans_of(short, "rest of a line"), 60):
        text = long[: offset + cursor] + long[offset + end :]
        fragment = fragment_around(text, [Gap(offset + cursor, offset + cursor)], python, PATIENCE_MS)
        ruling = verdict(fragment, [short[cursor:end]])
        assert ruling.ok and not ruling.excused, (short[cursor - 40 : cursor], ruling)


BODY = "".join(f"    take({number}, 'so that the body is long');\n" for number in range(200))


@pytest.mark.parametrize(
    ("before", "fill", "behind"),
    [
        ("let a = 1;\n", "function b() {\n", f"{BODY}}}\n"),
        ("let a = 1;\n", "function b()\n{\n", f"{BODY}}}\n"),
        (f"function b()\n{{\n{BODY}", "}\n", f"let a = 1;\nfunction c()\n{{\n{BODY}}}\n"),
        (f"function b()\n{{\n{BODY}", "    a();\n}\n", f"function c() {{\n{BODY}}}\n"),
    ],
)
def test_what_a_fill_opens_or_ends_is_seen_however_far_its_other_end_is(
    before: str, fill: str, behind: str
) -> None:
    language = language_of("javascript", "")
    assert language is not None
    around = f"function first() {{\n{BODY}}}\n" * 10
    gap = Gap(len(around) + len(before), len(around) + len(before))
    fragment = fragment_around(f"{around}{before}{behind}{around}", [gap], language, PATIENCE_MS)
    assert verdict(fragment, [fill]).ok
    assert not verdict(fragment, ["}}" + fill]).ok


@pytest.mark.parametrize(
    ("marked", "fills", "ok"),
    [
        ("total = path├ + ┤amount\n", [""], False),
        ("total = path├ + ┤amount\n", ["_of_"], False),
        ("total = path├ + ┤amount\n", [" - "], True),
        ("total = path├ + ┤amount\n", [".of("], False),
        ("total = path├(1)┤\n", ["way(1)"], False),
        ("total = pa├th┤ + 1\n", ["rt"], True),
        ("total = ├1 + ┤amount\n", ["the_"], False),
        ("total = ├1 + ┤é\n", ["a"], False),
        ("total = pa├┤ + 1\n", ["rt"], True),
    ],
)
def test_a_fill_does_not_run_into_a_word_beside_it(marked: str, fills: list[str], ok: bool) -> None:
    assert python is not None
    text, gaps = unmarked(marked)
    assert verdict(fragment_around(text, gaps, python), fills).ok is ok


def test_words_beside_a_gap_may_be_of_any_length() -> None:
    """Looking for where one begins took two seconds for 20,000 letters, and four times as long for twice as many."""
    assert python is not None
    text = "x = " + "a" * 400_000 + ".b\n"
    fragment = fragment_around(text, [Gap(len(text) - 2, len(text) - 1)], python, PATIENCE_MS)
    assert verdict(fragment, ["c" * 100_000]).ok


@pytest.mark.parametrize(
    ("language", "marked", "fills", "ok"),
    [
        ("python", "def f():\n    ├...┤\n\n\ndef g():\n    ├...┤\n", ['"""', '"""'], False),
        ("python", "def f():\n    ├...┤\n\n\ndef g():\n    ├...┤\n", ['"""A."""', '"""B."""'], True),
        ("python", "x = ├a┤ + b\n", ["a  #"], False),
        ("python", "x = ├a┤  # b\n", ["a  # c"], False),
        ("python", "x = ├a┤\ny = 1\n", ["a  # c"], True),
        ("python", "x = ├a ┤b\n", ["a + "], True),
        ("python", "f(├a┤, 'b')\n", ["'c'.join(a)"], True),
        ("javascript", "f(├a┤, 'b');\n", ["`${a}`"], True),
        ("javascript", "let a = ├b┤;\nlet c = ├d┤;\n", ["`", "`"], False),
        ("html", "<p>├<b>a</b>┤ b</p>\n", ["a"], True),
    ],
)
def test_a_fill_that_makes_text_of_the_code_behind_it_is_at_fault(
    language: str, marked: str, fills: list[str], ok: bool
) -> None:
    text, gaps = unmarked(marked)
    known = language_of(language, "")
    assert known is not None
    assert verdict(fragment_around(text, gaps, known), fills).ok is ok
