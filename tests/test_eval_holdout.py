"""`dgls eval holdout`: gaps cut out of source files, measured on one and on two workers, and reports of it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dgls.evaluation.case import Case
from dgls.evaluation.command import evaluate
from dgls.evaluation.cuts import SourceFile
from dgls.evaluation.holdout import KINDS, LONGEST, SHORTEST, HoldoutError, cut_cases, read_folder, sources_of
from dgls.evaluation.judging import parses
from dgls.evaluation.statistics import mcnemar_p
from dgls.plotting import PlotError, check_plot
from dgls.training.corpus import Document

SCRIPT = """\
// how far a reader has come
class Progress {
  constructor(total, report) {
    this.total = Math.max(1, total);
    this.report = report || console.log;
  }
  advance(count) {
    this.done = Math.min(this.total, (this.done || 0) + count);
    if (this.done === this.total) {
      this.report("finished", this.done);
    }
    return this.done / this.total;
  }
}
module.exports = { Progress, start: (total) => new Progress(total, console.error) };
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Real modules, a script, and what must be passed over."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "package").mkdir()
    for module in ("textwrap", "shlex", "heapq"):
        (folder / "package" / f"{module}.py").write_text(SourceFile(module).text, encoding="utf-8")
    (folder / "copy.py").write_text(SourceFile("heapq").text, encoding="utf-8")
    (folder / "progress.js").write_text(SCRIPT, encoding="utf-8")
    (folder / "latin.py").write_bytes(b"name = '\xe9'\n" * 50)
    (folder / "broken.py").write_text("def broken(:\n" * 100)
    (folder / "small.py").write_text("x = 1\n")
    (folder / "notes.unknown").write_text("nothing to see")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "textwrap.py").write_text(SourceFile("string").text, encoding="utf-8")
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(evaluate, ["holdout", *map(str, arguments)], terminal_width=300)


def cut(folder: Path, count: int, seed: int = 0) -> list[Case]:
    return cut_cases(read_folder(folder), count, seed, lambda done: None)


def test_files_that_cannot_be_used_are_counted(folder: Path) -> None:
    sources = read_folder(folder)
    names = [file.name for file in sources.files]
    assert names == ["broken.py", "copy.py", "package/shlex.py", "package/textwrap.py", "progress.js"]
    assert sources.skipped == {"not UTF-8": 1, "too small or too large": 1, "duplicates": 1}


def test_gaps_of_every_kind_come_out_of_every_language_in_turn(folder: Path) -> None:
    cases = cut(folder, 42)
    assert {(case.language, case.kind) for case in cases} == {
        (language, kind) for language in ("python", "javascript") for kind in KINDS
    }
    assert not any(case.path == "broken.py" for case in cases)
    for case in cases:
        assert case.filled(case.answer) == (folder / case.path).read_text(encoding="utf-8")
        assert SHORTEST <= len(case.answer.strip()) <= LONGEST
        assert parses(case.filled(case.answer), case.language)
        before, after = case.prefix[-1:] + case.answer[0], case.answer[-1] + case.suffix[:1]
        match case.kind:
            case "line":
                assert "\n" not in case.answer
                assert (case.prefix[-1:] or "\n") == case.suffix[0] == "\n"
            case "rest of line":
                assert case.suffix[0] == "\n"
                assert case.prefix.rpartition("\n")[2].strip()
            case "span":
                assert before.replace("_", "a").isalnum()
                assert after.replace("_", "a").isalnum()
            case "expression" if case.language == "python":
                compile(f"({case.answer})", "expression", "eval")
            case "arguments" if case.language == "python":
                assert case.prefix.rstrip()[-1] == "("


def test_more_gaps_add_to_fewer_and_another_seed_cuts_others(folder: Path) -> None:
    assert cut(folder, 30)[:12] == cut(folder, 12)
    assert cut(folder, 12, seed=1) != cut(folder, 12)
    assert len({case.name for case in cut(folder, 60)}) == 60
    chosen = cut_cases(read_folder(folder).only(["javascript"]), 7, 0, lambda done: None)
    assert {case.language for case in chosen} == {"javascript"}


def test_a_corpus_gives_gaps_as_a_folder_does(folder: Path) -> None:
    modules = ("textwrap", "shlex")
    texts = {f"{module}.py": SourceFile(module).text for module in modules}
    documents = [Document("stdlib", name, "python", text, b"") for name, text in texts.items()]
    cases = cut_cases(sources_of(documents, "corpus"), 14, 0, lambda done: None)
    assert {case.kind for case in cases} == set(KINDS)
    assert {case.path for case in cases} == {f"stdlib/{name}" for name in texts}
    with pytest.raises(HoldoutError, match="corpus holds no source file"):
        sources_of([], "corpus")


def test_what_cannot_be_measured_is_said_before_anything_is_loaded(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "latin.py").write_bytes(b"\xff" * 500)
    with pytest.raises(HoldoutError, match=r"holds no source file .*: 1 not UTF-8"):
        read_folder(tmp_path / "empty")
    for arguments, complaint in (
        ([], "name a folder of source files, or a corpus"),
        ([folder, "--corpus", folder], "one of the two"),
        (["--corpus", folder], "is no corpus"),
        ([folder, "--gaps", "99999"], "ask for no more (--gaps "),
        ([folder, "--language", "cobol"], "'cobol'; there are: javascript, python"),
        ([folder, "--set", "infill.free_tokens=2"], "Expected `int` >= 4"),
        ([folder, "--json", tmp_path / "no" / "report.json"], "there is no folder"),
        ([folder, "--plot", tmp_path / "report.bmp"], "a plot is written as .png"),
        ([folder, "--checkpoint", tmp_path], "config.json"),
    ):
        ended = run(*arguments)
        assert ended.exit_code in (1, 2)
        assert complaint in " ".join(ended.output.split())


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PlotError, match=r"pip install .dgls\[plot\]"):
        check_plot(Path("report.svg"))


def test_two_workers_find_what_one_finds_and_the_report_says_how(
    folder: Path, tmp_path: Path, tiny_dgls: Path
) -> None:
    reports = []
    rows = ("--hide-suffix", "--set", "infill.max_steps=2,infill.repair_rounds=1,infill.candidates=2")
    for workers in ("1", "2"):
        target = tmp_path / f"{workers}.json"
        outputs = ("--json", target, "--plot", tmp_path / f"{workers}.svg")
        ended = run(folder, "--gaps", "6", "--checkpoint", tiny_dgls, *rows, "--workers", workers, *outputs)
        assert ended.exit_code == 0, ended.output
        reports.append(json.loads(target.read_text()))
        assert (tmp_path / f"{workers}.svg").read_text().count("hide-suffix")
    for report in reports:
        for row in report["rows"]:
            for summary in (row["summary"], *(group["summary"] for group in row["groups"])):
                assert summary.pop("p50_ms") <= summary.pop("p95_ms")
    one, two = reports
    assert one["rows"] == two["rows"]
    assert one["likelihood"] == two["likelihood"]
    assert one["likelihood"]["cases"] == 6
    assert one["header"]["machine"]["workers"] == 1
    assert "1 not UTF-8" in one["notes"][1]
    groups = [(group["dimension"], group["value"]) for group in one["rows"][0]["groups"]]
    assert ("language", "javascript") in groups
    assert [value for dimension, value in groups if dimension == "kind"] == list(KINDS[:3])
    assert one["rows"][0]["summary"]["pass_at_1"] is None


@pytest.mark.parametrize(
    ("gained", "lost", "p"), [(0, 0, 1), (3, 3, 1), (5, 0, 0.0625), (0, 5, 0.0625), (8, 1, 0.0390625)]
)
def test_mcnemar_is_the_exact_binomial_test(gained: int, lost: int, p: float) -> None:
    assert mcnemar_p(gained, lost) == pytest.approx(p)
