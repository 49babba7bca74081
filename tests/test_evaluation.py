"""`dgls bench` and `make demo` against the real server; spans and judgements by themselves."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dgls.evaluation.cuts import KINDS, LONGEST, MODULES, SHORTEST, Kind, SourceFile, choose_cuts, spans_of
from dgls.evaluation.demo import bytes_outside, judge
from dgls.evaluation.provenance import hash_of
from dgls.training.excluded import is_excluded_module

SMALL = ("--set=model.threads=1", "--set=infill.max_steps=2", "--set=infill.repair_rounds=1")
"""Two cores are shared with whatever else runs: one thread waits for no other, and a few steps are enough."""

TEXT = st.text(alphabet="ab\né", max_size=8)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_bench_measures_all_that_it_promises(tiny_dgls: Path) -> None:
    ended = run("dgls", "bench", "--quick", "--json", "--checkpoint", str(tiny_dgls), *SMALL)
    assert ended.returncode == 0, ended.stderr
    measured = json.loads(ended.stdout)
    for name in ("initialize_ms", "load_s", "rss_mb", "prefill_ms", "step_ms"):
        assert measured[name] > 0
    for name in ("inline_ms", "inline_cold_ms", "cancel_ms"):
        assert 0 < measured[name]["p50"] <= measured[name]["p95"] <= measured[name]["p99"]
    assert measured["loop_stall_ms"]["max"] > 0 and measured["load_stall_ms"]["max"] > 0
    assert measured["long_ms"]["lines"] >= 10_000 and 50 <= measured["short_ms"]["lines"] <= 200
    assert {"along_ms", "accepted_ms", "accepted_alone_ms"} <= measured.keys()
    for name in ("held_back_ms", "cancelled_ms"):
        assert 0 < measured[name]["p50"] <= measured[name]["p99"]
    assert 0 < measured["beside_ms"]["p50"] < measured["request_ms"]["p50"]
    assert measured["request_ms"]["requests"] == 1
    assert measured["resuming"]["gaps"] == 1
    shared = measured["shared"]
    assert shared["windows"] == 8
    assert 0 < shared["wait_median"] <= shared["wait_largest"]
    assert 0 < shared["window_rss_mb"] < 100 < shared["server_rss_mb"]
    assert measured["prefill_tokens"] > 100
    assert (measured["storm"]["keystrokes"], measured["storm"]["stale"]) == (50, 0)
    assert measured["machine"]["checkpoint"] == str(tiny_dgls)
    header = measured["header"]
    assert (header["checkpoint_sha256"], header["seed"]) == (hash_of(tiny_dgls), 0)
    assert header["command"].startswith("dgls bench --quick --json --checkpoint ")
    assert header["versions"]["source"] and header["date"]
    assert 400 <= measured["machine"]["lines"] <= 600
    assert isinstance(measured["missed"], list)
    assert {"Python", "JavaScript", "Rust"} == set(measured["verdict_ms"])
    for places in measured["verdict_ms"].values():
        for times in (places["whole"], places["broken"]):
            assert 0 < times["p50"] <= times["p99"] and 0 < times["first_p50"] <= times["first_p99"]
            assert (times["verdicts"], times["unchecked"]) == (8, 0)


def test_bench_says_why_a_server_cannot_be_measured() -> None:
    ended = run("dgls", "bench", "--quick", "--json", "--checkpoint", "/no/such/folder")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "/no/such/folder" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_demo_harms_nothing_even_with_a_model_that_knows_nothing(tiny_dgls: Path) -> None:
    ended = run("dgls.evaluation.demo", "--fills=5", "--checkpoint", str(tiny_dgls), *SMALL)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    everything = re.search(r"^ *all +(\d+) +\d+ +\d+ +\d+ +(\d+) +(\d+) ", ended.stdout, re.MULTILINE)
    assert everything
    assert everything.groups() == ("5", "0", "0")


def test_every_file_is_one_that_no_checkpoint_was_trained_on() -> None:
    assert all(is_excluded_module(module) for module in MODULES)


@pytest.mark.parametrize("kind", KINDS)
def test_spans_of_each_kind_are_what_their_name_says(kind: Kind) -> None:
    text = SourceFile("shlex").text
    spans = spans_of(text, kind)
    assert len(spans) > 10
    for start, end in spans:
        span = text[start:end]
        assert SHORTEST <= end - start <= LONGEST
        match kind:
            case "rest of a line":
                assert "\n" not in span
                assert text[end] == "\n"
            case "inside words":
                assert (text[start - 1] + text[start]).isidentifier()
                assert (text[end - 1] + "_" + text[end]).isidentifier()
            case "expression":
                compile(f"({span})", "span", "eval")
            case "line":
                assert text[:start].rpartition("\n")[2].isspace() or text[start - 1] == "\n"
                assert text[end] == "\n"
            case "statements":
                assert span.count("\n") >= 1


def test_the_choice_of_spans_is_the_same_each_time_and_takes_every_kind() -> None:
    assert choose_cuts(20, seed=1) == choose_cuts(20, seed=1) != choose_cuts(20, seed=2)
    assert {cut.kind for cut in choose_cuts(20, seed=1)} == set(KINDS)


@given(head=TEXT, fill=TEXT, tail=TEXT)
def test_a_fill_changes_no_byte_outside(head: str, fill: str, tail: str) -> None:
    assert bytes_outside(head, tail, head + fill + tail) == 0


@given(head=TEXT, fill=TEXT, tail=TEXT, data=st.data())
def test_whatever_else_changes_is_counted(head: str, fill: str, tail: str, data: st.DataObject) -> None:
    after = data.draw(TEXT)
    whole = len(after) >= len(head + tail) and after.startswith(head) and after.endswith(tail)
    assert (bytes_outside(head, tail, after) == 0) == whole


def test_a_fault_is_new_only_where_there_was_none() -> None:
    cut = next(cut for cut in choose_cuts(20, seed=0) if cut.kind == "expression")
    text = cut.file.text
    head, tail = text[: cut.start], text[cut.end :]
    restored = judge(cut, head + tail, text, 0.1)
    assert (restored.exact, restored.error, restored.new_fault, restored.bytes_outside) == (
        True,
        "",
        False,
        0,
    )
    assert judge(cut, head + tail, head + tail, 0.1).fill is None
    broken = judge(cut, head + tail, head + ")" + tail, 0.1)
    assert broken.error
    assert not broken.exact
