"""Repair of the user's own code: the smallest edit that parses, by the parser's word first and the model's second."""

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import answer_of
from dgls.infill.jobs import work_on
from dgls.infill.kept import Kept
from dgls.infill.mend import differences
from dgls.infill.request import Answer, FillError, FillRequest, Gap, filled
from dgls.model.host import Host, load_host
from dgls.syntax import Language, language_of
from dgls.syntax.sites import troubles, wrongness

python = language_of("python", "")
assert python is not None
PYTHON: Language = python
USUAL = InfillSettings()
QUICK = InfillSettings(max_steps=2, candidates=2)


@pytest.fixture(scope="module")
def host(tiny_dgls: Path) -> Host:
    return load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)


@pytest.fixture(scope="module")
def embedded() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


def repair(
    host: Host,
    text: str,
    span: Gap | None = None,
    infill: InfillSettings = USUAL,
    deadline: float | None = None,
    language: str = "python",
) -> Answer:
    where = (span or Gap(0, len(text)),)
    request = FillRequest(text, where, language, "", infill, find="faults", deadline=deadline)
    return answer_of(work_on(host, Kept(host.new_store()), request))


def mended(text: str, answer: Answer) -> str:
    assert answer.gaps is not None
    return filled(text, answer.gaps, answer.fills[0].texts) if answer.fills else text


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        ("def f(x)\n    return x\n", "def f(x):\n    return x\n"),
        ("def f(:\n    pass\n", "def f():\n    pass\n"),
        ("print('a'\n", "print('a')\n"),
        ("for i range(3):\n    print(i)\n", "for i in range(3):\n    print(i)\n"),
        ("d = {'a': 1, 'b': 2\nprint(d)\n", "d = {'a': 1, 'b': 2}\nprint(d)\n"),
        ("s = 'abc\nprint(s)\n", "s = 'abc'\nprint(s)\n"),
        ("x = [1, 2, 3\n\n\ndef g():\n    return 1\n", "x = [1, 2, 3]\n\n\ndef g():\n    return 1\n"),
        ("x = (1 + 2\ny = 3\n", "x = (1 + 2)\ny = 3\n"),
        (
            "class A:\n    def a(self, b\n        self.b = b\n        self.c = 1\n\n    def d(self):\n        pass\n",
            "class A:\n    def a(self, b):\n        self.b = b\n        self.c = 1\n\n    def d(self):\n        pass\n",
        ),
    ],
)
def test_a_token_that_is_missing_is_put_in_where_the_model_finds_it_likeliest(
    embedded: Host, broken: str, right: str
) -> None:
    answer = repair(embedded, broken)
    assert mended(broken, answer) == right
    assert answer.fills[0].validated and answer.left == 0
    assert answer.nfe <= 1, "the model only chooses"


def test_several_faults_are_mended_by_one_fill_with_an_edit_each(embedded: Host) -> None:
    text = "def a(:\n    pass\n\n\nkept = 'ä'\n\n\ndef b(x)\n    return [x\n"
    answer = repair(embedded, text)
    assert mended(text, answer) == "def a():\n    pass\n\n\nkept = 'ä'\n\n\ndef b(x):\n    return [x]\n"
    assert answer.gaps is not None and len(answer.gaps) >= 2
    assert all(gap.end - gap.start <= len("def b(x)\n    return [x") for gap in answer.gaps)


def test_faults_inside_one_another_are_mended_from_the_first_on(embedded: Host) -> None:
    body = "    with open(self.path) as handle:\n        dump(self.items, handle)\n"
    right = f"def save(self):\n{body}\n\ndef get():\n    pass\n"
    text = right.replace("(self):", "(self:").replace("handle)", "handle")
    assert mended(text, repair(embedded, text)) == right


def test_only_faults_that_touch_the_span_are_mended(embedded: Host) -> None:
    text = "def a(:\n    pass\n\n\ndef b(:\n    pass\n"
    answer = repair(embedded, text, Gap(text.rindex("b("), len(text)))
    assert mended(text, answer) == "def a(:\n    pass\n\n\ndef b():\n    pass\n"
    assert answer.left == 0


@pytest.mark.parametrize(
    ("language", "broken", "right"),
    [
        (
            "html",
            "<p>(</p>\n<style>\na { color: red;\n</style>\n<script>\nconst é = [1, 2;\nf(é);\n</script>\n",
            "<p>(</p>\n<style>\na { color: red;}\n</style>\n<script>\nconst é = [1, 2];\nf(é);\n</script>\n",
        ),
        ("html", "<div>\n  <span>hi\n</div>\n", "<div>\n  <span>hi</span>\n</div>\n"),
        ("html", "<div>\n<b>x</b>\n<br>\n<p>é\n", "<div>\n<b>x</b>\n<br>\n<p>é\n</div>\n"),
        (
            "html",
            "<body>\n  <div>\n    <p>a</p>\n\n  <ul>\n    <li>b\n  </ul>\n</body>\n",
            "<body>\n  <div>\n    <p>a</p>\n  </div>\n\n  <ul>\n    <li>b\n  </ul>\n</body>\n",
        ),
        (
            "markdown",
            "# é (\n\n> ```python\n> def f(x)\n>     return x\n> ```\n\n```js\nlet a = [1;\n```\n",
            "# é (\n\n> ```python\n> def f(x):\n>     return x\n> ```\n\n```js\nlet a = [1];\n```\n",
        ),
        (
            "rust",
            "fn a() {\n    if x > 1 {\n        b();\n    c();\n}\n\nfn d() {\n    a();\n}\n",
            "fn a() {\n    if x > 1 {\n        b();}\n    c();\n}\n\nfn d() {\n    a();\n}\n",
        ),
        (
            "javascript",
            "function a() {\n\nb(() => {\n  if (c) {\n    a(d(1), d(2), d(3), d(4), d(5));\n  }\n});\n",
            "function a() {}\n\nb(() => {\n  if (c) {\n    a(d(1), d(2), d(3), d(4), d(5));\n  }\n});\n",
        ),
        ("javascript", "a(() =>\n  b(1);\n});\n", "a(() =>{\n  b(1);\n});\n"),
        ("css", "a { margin: 1em;\nb { color: red; }\n", "a { margin: 1em;}\nb { color: red; }\n"),
        (
            "markdown",
            "```html\n<script>\nlet a = f(1;\n</script>\n```\n",
            "```html\n<script>\nlet a = f(1);\n</script>\n```\n",
        ),
    ],
)
def test_faults_in_languages_inside_the_text_are_mended_by_their_own(
    embedded: Host, language: str, broken: str, right: str
) -> None:
    answer = repair(embedded, broken, language=language)
    assert mended(broken, answer) == right
    assert answer.left == 0


def test_where_no_token_helps_the_model_denoises_and_what_it_adds_parses(embedded: Host) -> None:
    text = "import\nx = 1\n"
    answer = repair(embedded, text)
    after = mended(text, answer)
    assert after != text and after.endswith("x = 1\n")
    assert troubles(after, PYTHON) == []
    assert answer.nfe > 1


def test_what_is_right_costs_nothing(host: Host) -> None:
    assert repair(host, "x = 1\n") == Answer((), 0, 0, 0, (), 0)


def test_the_same_request_gives_the_same_bytes(embedded: Host) -> None:
    text = "if True:\nfoo(a, b\n"
    assert repair(embedded, text) == repair(embedded, text)


def test_without_a_grammar_or_time_there_is_a_reason_or_a_bounded_answer(host: Host) -> None:
    with pytest.raises(FillError, match="dgls has no grammar for klingon"):
        answer_of(
            work_on(host, Kept(host.new_store()), FillRequest("(", (Gap(0, 1),), "klingon", find="faults"))
        )
    broken = "if True:\nprint(1)\n" * 30
    answer = repair(host, broken, infill=QUICK, deadline=time.monotonic())
    assert answer.nfe <= 2


@pytest.mark.parametrize("text", ["(" * 100_000, "x = [" * 30_000 + "1", "f(" + "a, " * 400_000])
def test_a_pathological_text_gets_a_bounded_answer(host: Host, text: str) -> None:
    started = time.monotonic()
    try:
        answer = repair(host, text, Gap(0, 1), QUICK, deadline=time.monotonic() + 1)
    except FillError as error:
        assert "in time" in str(error)
    else:
        assert answer.gaps is not None
    assert time.monotonic() - started < 60, "a hang, not a slow machine"


pieces = st.sampled_from(
    [
        "def f(x)",
        ":",
        "\n",
        "    ",
        "return x",
        "(",
        ")",
        "[",
        "if x",
        "'",
        "é = '\U0001f600'",
        "\r\n",
        ",",
        " + ",
    ]
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(pieces, max_size=8).map("".join))
def test_any_text_gets_less_wrong_and_keeps_all_outside_its_edits(host: Host, text: str) -> None:
    answer = repair(host, text, infill=QUICK)
    assert answer.gaps is not None
    if answer.fills:
        before, after = troubles(text, PYTHON), troubles(mended(text, answer), PYTHON)
        assert before is not None and after is not None
        old, new = wrongness(text, before), wrongness(mended(text, answer), after)
        assert new.extent < old.extent or new.stumble > old.stumble
        assert all(
            text[gap.start : gap.end] != new
            for gap, new in zip(answer.gaps, answer.fills[0].texts, strict=True)
        )


@given(before=st.text("ab\n", max_size=20), after=st.text("abc\n\r", max_size=20))
def test_differences_make_one_text_of_the_other(before: str, after: str) -> None:
    found = list(differences(before, after))
    assert filled(before, [gap for gap, _ in found], [new for _, new in found]) == after
