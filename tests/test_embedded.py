"""The checkpoint that ships: it uses both sides, and with it the whole path does what it promises."""

import json
import random
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.both_sides import cross_entropies, cut_gaps
from dgls.evaluation.cuts import MODULES
from dgls.evaluation.statistics import mean_interval, wilson_interval
from dgls.model.checkpoint import EMBEDDED
from dgls.model.host import Host, load_host
from dgls.syntax import language_of
from dgls.syntax.spans import node_spans
from dgls.training.corpus import Document


@pytest.fixture(scope="module")
def host() -> Host:
    return load_host(ModelSettings(threads=1), lambda fraction, what: None)


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    """Modules that no corpus ever holds."""
    library = Path(sysconfig.get_path("stdlib"))
    python = language_of("python", "")
    assert python is not None
    documents = []
    for module in MODULES:
        path = library / (module.replace(".", "/") + ".py")
        text = path.read_text(encoding="utf-8")
        nodes = np.array(node_spans(text, python, 2, 800), dtype="<i4").tobytes()
        documents.append(Document(module, path.name, "python", text, nodes))
    return documents


def test_it_learnt_from_both_sides(host: Host, documents: list[Document]) -> None:
    """On files it never saw, the text of a gap is likelier with what stands behind it than without."""
    gaps = cut_gaps(documents, 60, host, seed=0)
    settings, store = InfillSettings(context_tokens=384), host.new_store()
    pairs = [
        cross_entropies(host, store, gap, settings, random.Random(index))[0] for index, gap in enumerate(gaps)
    ]
    difference = mean_interval([pair.without_suffix - pair.with_suffix for pair in pairs])
    assert difference.low > 0


def test_it_is_small_enough_to_live_in_the_package_and_says_what_it_is() -> None:
    sizes = {path.name: path.stat().st_size for path in EMBEDDED.iterdir()}
    assert sum(sizes.values()) <= 64 * 2**20
    assert all(size <= 16 * 2**20 for size in sizes.values())
    card = (EMBEDDED / "README.md").read_text(encoding="utf-8")
    for word in ("licence", "held-out", "Exact match", "without the suffix", "`argparse`"):
        assert word in card


def test_the_command_fills_real_code_with_it(tmp_path: Path) -> None:
    """With no option at all: an offered fill adds no fault and leaves the rest as it was."""
    source = (Path(sysconfig.get_path("stdlib")) / "textwrap.py").read_text(encoding="utf-8")
    start = source.index("self.width = width")
    file = tmp_path / "textwrap.py"
    file.write_text(source[:start] + source[start + len("self.width = width") :], encoding="utf-8")
    line = source.count("\n", 0, start) + 1
    column = start - source.rindex("\n", 0, start)
    command = [
        sys.executable,
        "-m",
        "dgls",
        "fill",
        str(file),
        "--at",
        f"{line}:{column}",
        "--json",
        "--write",
    ]
    ended = subprocess.run(
        [*command[:-1], "--set=model.threads=1"], capture_output=True, text=True, timeout=600, check=False
    )
    assert ended.returncode in (0, 1), ended.stderr
    for fill in json.loads(ended.stdout)["fills"]:
        filled = source[:start] + fill["texts"][0] + source[start + len("self.width = width") :]
        compile(filled, "textwrap.py", "exec")
        assert fill["validated"]


def test_the_demo_offers_fills_and_harms_nothing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "dgls.evaluation.demo", "--fills", "8", "--set=model.threads=1"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    total = re.search(r"^ all +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+)", ended.stdout, re.MULTILINE)
    assert total is not None, ended.stdout
    asked, offered, _exact, parse, new_faults, outside = map(int, total.groups())
    assert asked == 8
    assert offered >= 1
    assert 1 <= parse <= offered, "what was broken before need not be mended"
    assert new_faults == outside == 0


def test_intervals_are_what_they_are_called() -> None:
    interval = wilson_interval(8, 10)
    assert interval.low == pytest.approx(0.490, abs=1e-3)
    assert interval.high == pytest.approx(0.943, abs=1e-3)
    assert wilson_interval(0, 10).low == 0.0
    mean = mean_interval([1.0, 2.0, 3.0])
    assert mean.estimate == 2.0
    assert mean.high - mean.estimate == pytest.approx(1.96 / 3**0.5, abs=1e-3)
    with pytest.raises(ValueError, match="at least one trial"):
        wilson_interval(0, 0)
