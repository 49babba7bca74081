"""Summaries and reports of results that are known: counts, costs, comparisons, and how they are written down."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.evaluation.case import Case
from dgls.evaluation.filling import Completion
from dgls.evaluation.judging import FillResult
from dgls.evaluation.likelihood import Nats
from dgls.evaluation.measuring import CaseResult
from dgls.evaluation.plot import plot_of
from dgls.evaluation.provenance import Header
from dgls.evaluation.record import Record, RecordError
from dgls.evaluation.report import Report, json_of, markdown_of, write_aside
from dgls.evaluation.sandbox import Outcome
from dgls.evaluation.summary import compare_likelihoods, summarise
from dgls.evaluation.variants import choose_variants

VARIANTS = choose_variants(0, ("empty",), ["infill.max_steps=1"])
NAMES = [variant.name for variant in VARIANTS]


def case(name: str, answer: str = "answer", tests: str | None = "") -> Case:
    return Case(name, "python", "a.py", "line", "before ", " after", answer, tests)


def fill(outcome: Outcome | None, milliseconds: float = 0.0, nfe: int = 0) -> FillResult:
    text = None if outcome is None else "text"
    return FillResult(
        Completion(text, nfe, 0, 3, milliseconds, shortened=outcome == "wrong" and nfe > 0),
        outcome,
        outcome == "passed",
        0.5,
        bool(text),
    )


def results_of(outcomes: list[tuple[Outcome | None, Outcome | None]]) -> list[CaseResult]:
    """One result per pair: of the default, and of the row with one step."""
    return [
        CaseResult(
            str(number),
            number % 2 == 0,
            {
                NAMES[0]: fill(default, 10.0 * (number + 1), 4),
                NAMES[1]: fill("wrong"),
                NAMES[2]: fill(other, 1.0, 1),
            },
            Nats(2.0 + number, 3.0 + number),
        )
        for number, (default, other) in enumerate(outcomes)
    ]


def report_of(outcomes: list[tuple[Outcome | None, Outcome | None]]) -> Report:
    results = results_of(outcomes)
    cases = [case(result.case, "x" * (8 + 60 * (int(result.case) % 2))) for result in results]
    header = Header(
        *("tiny.jsonl", "ab" * 32, "embedded", "cd" * 32, 7, {}, {"dgls": "1"}, {"cores": 2}),
        *("dgls eval x", "2026-11-21"),
    )
    rows = summarise(VARIANTS, cases, results)
    return Report(header, len(results), rows, compare_likelihoods(results), ["a note"])


def test_shares_and_costs_count_every_case() -> None:
    default, empty, one_step = report_of(
        [("passed", "wrong"), (None, "wrong"), ("passed", "passed"), ("wrong", "passed")]
    ).rows
    summary = default.summary
    assert summary.pass_at_1 is not None
    assert (summary.pass_at_1.estimate, summary.exact.estimate, summary.offered.estimate) == (0.5, 0.5, 0.75)
    assert (summary.shortened.estimate, empty.summary.shortened.estimate) == (0.25, 0)
    assert (summary.parses.estimate, summary.parses_empty.estimate) == (0.75, 0.5)
    assert summary.parses_above_empty == 0.25
    assert summary.outcomes == {"not offered": 1, "passed": 2, "wrong": 1}
    assert (summary.nfe_per_fill, summary.tokens_per_nfe) == (4, 0.75)
    assert (summary.p50_ms, summary.p95_ms) == (20, 40)
    assert (empty.summary.nfe_per_fill, empty.summary.p50_ms) == (None, None)
    assert [(group.dimension, group.value, group.summary.cases) for group in default.groups] == [
        ("length", "to 20 characters", 2),
        ("length", "over 60", 2),
    ]
    assert one_step.against_default is not None
    assert (one_step.against_default.better, one_step.against_default.worse) == (1, 1)
    assert default.against_default is None


def test_without_tests_success_is_an_exact_match() -> None:
    results = results_of([("passed", None), ("passed", "passed")])
    rows = summarise(VARIANTS, [case(result.case, tests=None) for result in results], results)
    assert rows[0].summary.pass_at_1 is None
    assert rows[2].against_default is not None
    assert (rows[2].against_default.better, rows[2].against_default.worse) == (0, 1)


outcomes = st.lists(st.tuples(*[st.sampled_from(["passed", "wrong", None])] * 2), min_size=1, max_size=9)


@given(outcomes)
def test_gained_and_lost_make_up_the_difference(
    outcomes: list[tuple[Outcome | None, Outcome | None]],
) -> None:
    default, _, other = report_of(outcomes).rows
    assert default.summary.pass_at_1
    assert other.summary.pass_at_1
    assert other.against_default
    difference = other.summary.pass_at_1.estimate - default.summary.pass_at_1.estimate
    gained_less_lost = other.against_default.better - other.against_default.worse
    assert difference * len(outcomes) == pytest.approx(gained_less_lost)
    assert 0 < other.against_default.p <= 1


def test_the_likelihoods_are_compared_in_pairs() -> None:
    found = report_of([("passed", "passed")] * 3).likelihood
    assert found is not None
    assert (found.cases, found.any_order.estimate, found.left_to_right.estimate) == (3, 3, 4)
    assert (found.difference.low, found.difference.estimate, found.difference.high) == (1, 1, 1)
    assert report_of([("passed", "passed")]).likelihood is None, "one case has no interval"


def test_a_report_says_how_it_came_about_in_every_form() -> None:
    report = report_of([("passed", "wrong"), ("wrong", None)])
    markdown, numbers = markdown_of(report), json.loads(json_of(report))
    for part in ("ab" * 32, "cd" * 32, "seed 7", "dgls 1", "cores 2", "dgls eval x", "2026-11-21", "a note"):
        assert part in markdown
    assert numbers["header"]["seed"] == 7
    table = [line for line in markdown.splitlines() if line.startswith("| max_steps=1 |")]
    half = "50.0 (9.5-90.5)"
    assert table[0] == (
        f"| max_steps=1 | 0.0 (0.0-65.8) | 0.0 (0.0-65.8) | 0.500 | {half} | +0.0 | {half} | {half} |"
    )
    for block in markdown.split("\n\n"):
        if block.startswith("|"):
            assert len({line.count("|") for line in block.splitlines()}) == 1


@pytest.mark.parametrize(("ending", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_a_plot_is_a_file_of_its_format(ending: str, magic: bytes) -> None:
    assert plot_of(report_of([("passed", "wrong"), ("wrong", None)]), ending).startswith(magic)


def test_a_plot_says_how_it_came_about() -> None:
    drawn = plot_of(report_of([("passed", "wrong"), ("wrong", None)]), ".svg").decode()
    for part in ("cd" * 32, "seed 7", "dgls 1", "dgls eval x", "2026-11-21"):
        assert part in drawn


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    write_aside(target, b"first")
    (tmp_path / "report.md.partial").mkdir()
    with pytest.raises(OSError, match=r"report\.md\.partial"):
        write_aside(target, b"second")
    assert target.read_bytes() == b"first"


def test_a_file_of_results_is_for_one_run_at_a_time(tmp_path: Path) -> None:
    header, path = report_of([("passed", "passed")]).header, tmp_path / "out.jsonl"
    [result] = results_of([("passed", "passed")])
    with Record(path, header, CaseResult) as first:
        first.add(result)
        with pytest.raises(RecordError, match=r"out\.jsonl is in use by another run"):
            Record(path, header, CaseResult)
    with Record(path, header, CaseResult) as second:
        assert second.results == [result]
