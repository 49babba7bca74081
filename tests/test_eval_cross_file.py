"""`dgls eval cross-file`: gaps that mention what another file defines, with and without that file."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from dgls.evaluation.command import evaluate
from dgls.evaluation.cross_file import FIRST_USE, KINDS, LONGEST, USED_BEFORE, cut_across
from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.holdout import HoldoutError, read_folder

MODULES = ("__init__", "queues", "locks", "mixins", "exceptions", "base_events", "tasks")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of the standard library, and a folder of a single file, which is none."""
    folder = tmp_path_factory.mktemp("packages")
    (folder / "asyncio").mkdir()
    (folder / "single").mkdir()
    for module in MODULES:
        name = "asyncio" if module == "__init__" else f"asyncio.{module}"
        (folder / "asyncio" / f"{module}.py").write_text(SourceFile(name).text, encoding="utf-8")
    (folder / "single" / "textwrap.py").write_text(SourceFile("textwrap").text, encoding="utf-8")
    return folder


def test_a_gap_mentions_what_one_of_the_files_beside_it_defines(folder: Path) -> None:
    cases = cut_across(read_folder(folder), 30, 3, 0, lambda done: None)
    assert len({case.name for case in cases}) == 30
    assert {case.kind for case in cases} == {FIRST_USE, USED_BEFORE}
    assert len({case.path for case in cases}) > 3
    for case in cases:
        assert case.filled(case.answer) == (folder / case.path).read_text(encoding="utf-8")
        assert len(case.answer) <= LONGEST
        assert len(case.others) == 3
        assert case.path not in {source.path for source in case.others}
        names = re.findall(r"\w{4,}", case.answer)
        defined = [
            name
            for name in names
            for source in case.others
            if re.search(rf"^\s*(async )?(def|class) {name}\b", source.text, re.MULTILINE)
        ]
        assert defined
        if case.kind == FIRST_USE:
            rest = re.sub(r"^(from|import) .*$", "", case.prefix + case.suffix, flags=re.MULTILINE)
            assert any(f".{name}" not in rest for name in defined)


def test_the_same_seed_cuts_the_same_and_more_gaps_add_to_fewer(folder: Path) -> None:
    sources = read_folder(folder)
    first = cut_across(sources, 12, 3, 0, lambda done: None)
    assert cut_across(sources, 20, 3, 0, lambda done: None)[:12] == first
    assert cut_across(sources, 12, 3, 1, lambda done: None) != first
    assert len(KINDS) == 5


def test_too_few_gaps_are_refused(folder: Path) -> None:
    with pytest.raises(HoldoutError, match="ask for no more"):
        cut_across(read_folder(folder), 100_000, 3, 0, lambda done: None)


def test_a_report_compares_the_fills_and_likelihoods_with_those_of_no_other_file(
    folder: Path, tmp_path: Path, tiny_dgls: Path
) -> None:
    arguments = [
        *("cross-file", str(folder), "--gaps", "4", "--checkpoint", str(tiny_dgls), "--workers", "1")
    ]
    arguments += ["--related", "64", "--related", "200", "--json", str(tmp_path / "report.json")]
    ended = CliRunner().invoke(evaluate, arguments, terminal_width=300)
    assert ended.exit_code == 0, ended.output
    report = json.loads((tmp_path / "report.json").read_text())
    default, few, many = report["rows"]
    assert [row["variant"]["name"] for row in (default, few, many)] == [
        "default",
        "related=64",
        "related=200",
    ]
    assert len({row["summary"]["context"] for row in (default, few, many)}) == 3
    assert few["against_default"]["p"] <= 1
    assert [other["variant"] for other in report["other_contexts"]] == ["related=64", "related=200"]
    assert report["likelihood"]["cases"] == report["other_contexts"][0]["cases"]
    assert report["other_contexts"][1]["any_order_gain"]["estimate"] != 0
    assert "open beside the gap: 6 files beside 4 gaps" in " ".join(report["notes"])
