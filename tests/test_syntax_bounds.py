"""Pathological files: a bounded answer in every language, never a hang or a crash, nor a claim that was not checked."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from click.testing import CliRunner

from dgls.cli import main
from dgls.config import InfillSettings, ModelSettings
from dgls.infill import found
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import load_host
from dgls.syntax import LanguageError, Verdict, fragment_around, language_of, statement_ends, verdict
from dgls.syntax.tree import Clock, parse, wrong_sites

SECONDS = 60
"""Far more than the limits allow, on the busiest machine: only what hangs takes so long."""
DEEP = 100_000
QUICK = ("--set=infill.max_steps=2", "--set=infill.free_tokens=4", "--candidates=16", "--set=model.threads=1")
"""Random weights: enough candidates that one is text."""
TEXTS = {
    "unclosed": ("python", f"'(' * {DEEP}"),
    "closed": ("javascript", f"'[' * {DEEP} + ']' * {DEEP}"),
    "functions": ("javascript", "'f(function(){' * 30_000"),
    "blocks": ("rust", f"'{{' * {DEEP}"),
    "elements": ("html", f"'<div>' * {DEEP}"),
    "script": ("html", "'<script>' + 'f();' * 1_250_000 + '</script>'"),
    "objects": ("json", f"""'{{"a":' * {DEEP}"""),
    "quotations": ("markdown", f"'> ' * {DEEP}"),
    "substitutions": ("shellscript", "'$(' * 50_000"),
    "signs": ("javascript", f"'-' * {DEEP}"),
    "comments": ("kotlin", "'/*' * 2_500_000"),
    "comments in a page": ("html", "'<!--' * 1_250_000"),
    "levels": ("yaml", f"'- ' * {DEEP}"),
    "one line of 5 MB": ("javascript", "'var a=1;' * 625_000"),
    "one string of 5 MB": ("python", "'x = \"' + 'a' * 5_000_000 + '\"'"),
}
LOOK = """
import sys
from dgls.infill.request import Gap
from dgls.syntax import enclosing_statement, find_holes, fragment_around, language_of, statement_ends, verdict
from dgls.syntax.sites import troubles
from dgls.syntax.spans import node_spans
language, text = language_of(sys.argv[1], ""), eval(sys.argv[2])
gap = Gap(len(text) // 2, len(text) // 2)
fragment = fragment_around(text, [gap], language)
for fill in ("x", "(", "x y"):
    for fault in verdict(fragment, [fill]).faults:
        assert 0 <= fault.start <= fault.end <= len(fill)
assert all(0 < end <= 1 for end in statement_ends(fragment, ["x"], 0))
enclosing_statement(text, gap, language)
find_holes(text, language)
troubles(text, language)
node_spans(text, language, 2, 800, budget_ms=500)
"""


@pytest.mark.parametrize(("language", "text"), TEXTS.values(), ids=TEXTS)
def test_every_text_gets_a_bounded_answer(language: str, text: str) -> None:
    """In a process of its own: what could go wrong is a crash, and a hang in it would hold the interpreter lock."""
    ended = subprocess.run(
        [sys.executable, "-c", LOOK, language, text], capture_output=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()


NEST = """
from dgls.infill.request import Gap
from dgls.syntax import Language, find_holes, fragment_around, verdict
from dgls.syntax.language import grammars_folder
for path in sorted(grammars_folder().glob("*/language.toml")):
    language = Language(path.parent)
    forms = language.description
    openers = ["(", "[", "{", "<", "- ", *forms.strings.multi_line, *(pair[0] for pair in forms.comments.block)]
    for opener in openers:
        print(path.parent.name, opener, flush=True)
        text = opener * 30_000
        find_holes(text, language, budget_ms=50)
        fragment = fragment_around(text, [Gap(len(text) // 2, len(text) // 2)], language, budget_ms=50)
        verdict(fragment, ["x"])
"""


def test_no_language_hangs_or_crashes_where_what_it_opens_is_never_closed() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", NEST], capture_output=True, text=True, timeout=4 * SECONDS, check=False
    )
    assert ended.returncode == 0, f"at {ended.stdout.splitlines()[-1:]}: {ended.stderr}"


def test_what_was_parsed_does_not_stay_in_memory() -> None:
    """The parser's binding keeps every piece of source that it is handed (0.26.1)."""
    language = language_of("python", "")
    assert language is not None
    source = b"value = 1\n" * 10_000
    tracemalloc.start()
    try:
        for budget_ms in (SECONDS * 1000, 0.0):  # to the end, and stopped before it
            parse(source, language, Clock(budget_ms))
            before, _ = tracemalloc.get_traced_memory()
            for _ in range(10):
                parse(source, language, Clock(budget_ms))
            after, _ = tracemalloc.get_traced_memory()
            assert after - before < len(source)
    finally:
        tracemalloc.stop()


def test_in_a_long_text_each_fault_is_found_once() -> None:
    """One that shows in two places far apart, and many that stand close together."""
    language = language_of("python", "")
    assert language is not None
    branch = "".join(f"    value = {number}\n" for number in range(2_000))
    before, statement = f"if a:\n{branch} ", "return 1\n"
    source = f"{before}else:\n    pass\n{statement * 2_000}".encode()
    tree = parse(source, language, Clock(SECONDS * 1000))
    assert tree is not None
    sites = wrong_sites(tree, source, language, Clock(SECONDS * 1000))
    assert sites is not None
    returns = range(source.index(b"return"), len(source), len(statement))
    assert sorted(site.start for site in sites) == [len(before), *returns]


def test_after_a_verdict_that_was_late_none_is_tried() -> None:
    python = language_of("python", "")
    assert python is not None
    fragment = fragment_around("x = (" * DEEP, [Gap(4, 4)], python, budget_ms=0)
    for fill in ("1", "1 2"):
        assert verdict(fragment, [fill]) == Verdict((), checked=False)
    assert statement_ends(fragment, ["1"], 0) == []


def test_a_file_without_a_verdict_is_filled_and_marked_so(tiny_dgls: Path, tmp_path: Path) -> None:
    path = tmp_path / "deep.py"
    path.write_text("(" * DEEP + "\n")
    asked = ["fill", str(path), "--at=1:50000", "--json", "--checkpoint", str(tiny_dgls), *QUICK]
    ended = CliRunner().invoke(main, asked)
    assert ended.exit_code == 0, ended.stderr
    fills = json.loads(ended.stdout)["fills"]
    assert fills and not any(fill["validated"] for fill in fills)
    assert "not validated" in ended.stderr


def test_a_grammar_that_does_not_load_costs_the_verdict_alone(
    tiny_dgls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(language_id: str, path: str) -> None:
        raise LanguageError("the grammar of Python does not load")

    monkeypatch.setattr(found, "language_of", spoilt)
    host = load_host(ModelSettings(checkpoint=str(tiny_dgls), dtype="float32"), lambda fraction, what: None)
    settings = InfillSettings(max_steps=2, free_tokens=4)
    request = FillRequest("x = \n", (Gap(4, 4),), "python", settings=settings, candidates=16)
    answer = answer_of(fill_gaps(host, host.new_store(), request))
    assert answer.fills and not any(fill.validated for fill in answer.fills)
