"""`dgls eval humaneval-infilling`: programs that misbehave, a tiny benchmark, baselines, and results that go on."""

import gzip
import hashlib
import json
import resource
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from dgls.evaluation.case import Case
from dgls.evaluation.command import evaluate as commands
from dgls.evaluation.filling import Completion
from dgls.evaluation.humaneval import PUBLISHED, BenchmarkError, choose_tasks, read_tasks
from dgls.evaluation.judging import Judge, parses
from dgls.evaluation.sandbox import Limits, Outcome, run_program

LIMITS = Limits(seconds=20)
"""Ample on a busy machine: what must end on its own has time to."""

ROWS = ("--empty", "--autoregressive", "--one-step", "--set", "infill.max_steps=2,infill.repair_rounds=0")

TASKS = [
    {
        "task_id": "Tiny/0",
        "entry_point": "double",
        "prompt": "def double(number):\n",
        "suffix": "\n    return result\n",
        "canonical_solution": "    result = 2 * number",
        "test": "def check(candidate):\n    assert candidate(3) == 6\n",
    },
    {
        "task_id": "Tiny/1",
        "entry_point": "one",
        "prompt": "def one():\n    return 1\n",
        "suffix": "",
        "canonical_solution": "# é\n",
        "test": "def check(candidate):\n    assert candidate() == 1\n",
    },
    {
        "task_id": "Tiny/2",
        "entry_point": "absolute",
        "prompt": "def absolute(number):\n    if number < 0:\n",
        "suffix": "    return number\n",
        "canonical_solution": "        return -number\n",
        "test": "def check(candidate):\n    assert candidate(-2) == 2\n",
    },
]


def write(path: Path, tasks: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(task) + "\n" for task in tasks).encode()
    path.write_bytes(gzip.compress(text, mtime=0) if path.suffix == ".gz" else text)
    return path


def evaluate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, as a user starts it."""
    command = [sys.executable, "-m", "dgls", "eval", "humaneval-infilling", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def run(*arguments: str | Path) -> Result:
    """The same without the seconds that a process takes to start."""
    return CliRunner().invoke(commands, ["humaneval-infilling", *map(str, arguments)])


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("assert 1 + 1 == 2", "passed"),
        ("import os; assert not os.listdir()", "passed"),
        ("import os; assert not {'PATH', 'HOME', 'TOKEN'} & set(os.environ)", "passed"),
        ("print(open('kept', 'w+').write('within its own directory'))", "passed"),
        ("assert 1 + 1 == 3", "wrong"),
        ("f(", "error"),
        ("f = lambda: f(); f()", "error"),
        ("input()", "error"),
        ("import pytest", "error"),
        ("open('big', 'wb').write(bytes(2**21))", "error"),
        ("import sys; sys.exit(0)", "error"),
        ("import os; os._exit(0)", "error"),
        ("a = bytearray(10 * 2**30)", "memory"),
        ("import socket; socket.socket()", "forbidden"),
        ("import os; os.fork()", "forbidden"),
        ("import subprocess; subprocess.run(['true'])", "forbidden"),
        ("import ctypes; ctypes.CDLL(None)", "forbidden"),
    ],
)
def test_a_program_ends_as_it_deserves(
    program: str, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "not for programs")
    assert run_program(program, LIMITS) == outcome


@pytest.mark.parametrize("program", ["while True: pass", "import time; time.sleep(1000)"])
def test_a_program_without_end_is_ended(program: str) -> None:
    assert run_program(program, Limits(seconds=1)) == "timeout"


def test_no_program_changes_what_lies_outside(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    path = str(kept)
    for change in (f"open({path!r}, 'a')", f"import os; os.remove({path!r})", f"open({path + '2'!r}, 'x')"):
        assert run_program(change, LIMITS) == "forbidden"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("kept", "as it was")]


def test_no_program_reaches_a_server_even_where_it_catches_the_refusal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = server.getsockname()
        program = f"import socket\ntry: socket.create_connection({address!r})\nexcept OSError: pass"
        assert run_program(program, LIMITS) == "passed"
        with pytest.raises(BlockingIOError):
            server.accept()


def test_the_working_directory_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run_program("import os; open('left', 'w').write(os.getcwd())", LIMITS) == "passed"
    assert run_program("while True: open('left', 'w')", Limits(seconds=1)) == "timeout"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["tiny.jsonl", "tiny.jsonl.gz"])
def test_the_canonical_solutions_pass(tmp_path: Path, name: str) -> None:
    cases = read_tasks(write(tmp_path / name, TASKS))
    assert [case.name for case in cases] == ["Tiny/0", "Tiny/1", "Tiny/2"]
    for case in cases:
        judge = Judge(case, LIMITS)
        result = judge.judge(Completion(case.answer, 4, 0, 8, 10.0))
        assert (result.outcome, result.exact, result.similarity, result.parses) == ("passed", True, 1, True)
        assert judge.parses_empty == (case.name != "Tiny/2")


def test_a_task_without_an_offer_has_failed_even_where_nothing_would_pass(tmp_path: Path) -> None:
    judge = Judge(read_tasks(write(tmp_path / "tiny.jsonl", TASKS))[1], LIMITS)
    assert judge.judge(Completion("")).outcome == "passed"
    result = judge.judge(Completion(None, nfe=3))
    assert (result.outcome, result.exact, result.parses, judge.parses_empty) == (None, False, False, True)


@pytest.mark.parametrize(
    "field", ["task_id", "entry_point", "prompt", "suffix", "canonical_solution", "test"]
)
def test_a_missing_field_is_named_with_its_line(tmp_path: Path, field: str) -> None:
    lacking = {name: value for name, value in TASKS[1].items() if name != field}
    with pytest.raises(BenchmarkError, match=f"line 2: .*`{field}`"):
        read_tasks(write(tmp_path / "tiny.jsonl", [TASKS[0], lacking]))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "holds no task"),
        (b"\xff\xfe", "line 1"),
        (gzip.compress(bytes(1000), mtime=0)[:-9], "damaged"),
        (json.dumps({**TASKS[0], "entry_point": "f(); import os"}).encode(), r"entry_point"),
        (b"\n".join([json.dumps(TASKS[0]).encode()] * 2), "line 2: task 'Tiny/0' is there already"),
    ],
)
def test_a_file_that_is_no_benchmark_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(BenchmarkError, match=complaint):
        read_tasks(path)


@given(st.integers(0, 9), st.integers(0, 12), st.integers(0, 12))
def test_a_higher_limit_adds_to_what_a_lower_one_chose(seed: int, low: int, more: int) -> None:
    tasks = [Case(str(number), "python", "a.py", "line", "", "", "") for number in range(12)]
    assert choose_tasks(tasks, low + more, seed)[:low] == choose_tasks(tasks, low, seed)
    assert sorted(task.name for task in choose_tasks(tasks, None, seed)) == sorted(map(str, range(12)))


@given(st.text())
def test_whatever_a_model_writes_can_be_asked_whether_it_parses(text: str) -> None:
    assert parses(f"{text!r}", "python")
    parses(text, "python")


def test_a_file_must_be_the_one_that_its_name_or_a_hash_says(tmp_path: Path) -> None:
    named = write(tmp_path / f"{next(iter(PUBLISHED))}.jsonl.gz", TASKS)
    with pytest.raises(BenchmarkError, match="called like the published file but is another"):
        read_tasks(named)
    path = write(tmp_path / "tiny.jsonl", TASKS)
    assert read_tasks(path, hashlib.sha256(path.read_bytes()).hexdigest().upper())
    with pytest.raises(BenchmarkError, match=r"has SHA-256 .*, not 00"):
        read_tasks(path, "00")


def test_one_run_measures_all_rows_on_the_same_tasks_and_goes_on_where_it_was_ended(
    tmp_path: Path, tiny_dgls: Path
) -> None:
    benchmark, out = write(tmp_path / "tiny.jsonl", TASKS), tmp_path / "results.jsonl"
    arguments = ("--data", benchmark, "--checkpoint", tiny_dgls, "--out", out, "--workers", "1", *ROWS)
    first = run(*arguments, "--limit", "2")
    assert first.exit_code == 0, first.output
    header, *results = out.read_bytes().splitlines()
    assert len(results) == 2
    out.write_bytes(b"\n".join([header, results[0], results[1][:20]]))  # killed while it wrote

    whole = evaluate(*arguments, "--json", tmp_path / "report.json", "--markdown", tmp_path / "report.md")
    assert whole.returncode == 0, whole.stderr
    lines = out.read_bytes().splitlines()
    assert lines[:2] == [header, results[0]]
    found = [json.loads(line) for line in lines[1:]]
    assert sorted(result["case"] for result in found) == ["Tiny/0", "Tiny/1", "Tiny/2"]
    again = json.loads(results[1])
    for fill in (*again["fills"].values(), *found[1]["fills"].values()):
        del fill["completion"]["milliseconds"]
    assert found[1] == again, "the same seed gives the same fills"

    report = json.loads((tmp_path / "report.json").read_text())
    rows = {row["variant"]["name"]: row for row in report["rows"]}
    assert list(rows) == ["default", "empty", "autoregressive", "one-step", "max_steps=2, repair_rounds=0"]
    assert rows["empty"]["summary"]["outcomes"] == {"error": 2, "passed": 1}
    assert rows["empty"]["summary"]["parses_above_empty"] == 0
    assert rows["empty"]["summary"]["p50_ms"] is None
    assert rows["one-step"]["summary"]["nfe_per_fill"] == 1
    assert rows["max_steps=2, repair_rounds=0"]["summary"]["nfe_per_fill"] <= 2
    assert rows["autoregressive"]["summary"]["offered"]["estimate"] == 1
    assert rows["default"]["against_default"] is None
    assert report["header"]["checkpoint_sha256"]
    assert report["notes"][0].startswith("cases measured before: 1, since ")
    markdown = (tmp_path / "report.md").read_text()
    for part in ("pass@1", "| one-step |", "seed 0", report["header"]["benchmark_sha256"]):
        assert part in markdown

    for change, complaint in (
        (("--seed", "1"), "its seed is 0, this run's is 1"),
        (("--no-repair",), "settings.rows.no-repair"),
    ):
        other = run(*arguments, *change)
        assert other.exit_code == 1
        assert complaint in " ".join(other.output.split())
    assert out.read_bytes().splitlines() == lines


def test_a_full_disk_is_said_and_nothing_that_was_measured_is_lost(tmp_path: Path, tiny_dgls: Path) -> None:
    benchmark, out = write(tmp_path / "tiny.jsonl", TASKS), tmp_path / "results.jsonl"
    arguments = ("--data", benchmark, "--checkpoint", tiny_dgls, "--out", out, "--workers", "1", "--empty")
    assert run(*arguments, "--limit", "1").exit_code == 0
    measured = out.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(measured) + 10, hard))
    try:
        ended = run(*arguments)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (ended.exit_code, type(ended.exception)) == (1, SystemExit)
    assert f"{out.name} takes no more results: File too large; make room" in " ".join(ended.output.split())
    assert run(*arguments).exit_code == 0
    whole = out.read_bytes()
    assert whole.startswith(measured)
    assert len(whole.splitlines()) == 1 + len(TASKS)


def test_what_is_no_file_of_results_is_not_overwritten(tmp_path: Path) -> None:
    benchmark, out = write(tmp_path / "tiny.jsonl", TASKS), tmp_path / "notes.txt"
    out.write_text("mine\n")
    ended = run("--data", benchmark, "--out", out)
    assert ended.exit_code == 1
    assert "line 1 is no header" in " ".join(ended.output.split())
    assert out.read_text() == "mine\n"
