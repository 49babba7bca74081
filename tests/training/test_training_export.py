"""The export of a run: where it may go, what it says of the run and of those before, how it is sharded."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from dgls.config import ModelSettings
from dgls.model.host import load_host
from dgls.training.state import read_state
from tests.training.tiny import dgls_train, full_disk

AGAIN = ("--set", "tokens=1200", "--set", "uniform_share=0", "--set", "pin_conditioning=flat")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_export_replaces_nothing_but_an_older_export(run, tmp_path):
    thesis = tmp_path / "work" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("years of it")
    for place, reason in ((thesis.parent, "thesis.txt"), (run, "no mere checkpoint"), (thesis, "is a file")):
        refused = dgls_train("export", run, "--out", place)
        assert refused.exit_code == 1 and reason in refused.output
    assert thesis.read_text() == "years of it" and (run / "state.pt").exists()

    shutil.copy(run / "checkpoint" / "dgls.json", thesis.parent)
    assert "thesis.txt" in dgls_train("export", run, "--out", thesis.parent).output
    shutil.move(thesis, run / "checkpoint")
    for words in (("export", run), ("run", run, *AGAIN)):
        assert "thesis.txt" in dgls_train(*words).output
    (run / "checkpoint" / "thesis.txt").rename(thesis)

    (run / "checkpoint" / "README.md").write_text("an older card")
    assert dgls_train("export", run).exit_code == 0
    assert (run / "checkpoint" / "README.md").read_text() != "an older card"
    (tmp_path / "empty").mkdir()
    assert dgls_train("export", run, "--out", tmp_path / "empty").exit_code == 0
    assert contents(tmp_path / "empty") == contents(run / "checkpoint")


def test_a_kill_in_the_midst_of_an_export_leaves_the_older_one(run, monkeypatch):
    before = contents(run / "checkpoint")

    def kill(path, target):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", kill)
        assert dgls_train("export", run).exit_code == 1
    assert contents(run / "checkpoint") == before
    (run / "checkpoint").rename(run / "checkpoint.dgls.old")  # as a kill between the two renames leaves it
    with full_disk(1_000):
        assert "cannot be written" in dgls_train("export", run).output
    assert contents(run / "checkpoint") == before
    assert not list(run.glob("checkpoint.*"))


def test_an_export_says_of_the_run_what_the_run_says(run, tmp_path):
    assert dgls_train("export", run, "--out", tmp_path / "later").exit_code == 0
    later = contents(tmp_path / "later")
    assert later == contents(run / "checkpoint")
    description = json.loads(later["dgls.json"])
    assert description["corruption"] == "absorbing"
    assert description["sampler"]["pin_conditioning"] == "flat"
    assert b"`tiny`" in later["README.md"] and b"Absorbing corruption" in later["README.md"]


def test_results_are_put_into_the_card(run, tmp_path):
    results = tmp_path / "results.md"
    results.write_text("## How well it does\n\nWell enough.\n")
    assert dgls_train("export", run, "--results", results).exit_code == 0
    assert "\nWell enough.\n" in (run / "checkpoint" / "README.md").read_text()
    results.write_bytes(b"caf\xe9")
    refused = dgls_train("export", run, "--results", results)
    assert refused.exit_code == 1 and "no Markdown in UTF-8" in refused.output


def test_a_finished_run_is_exported_where_its_export_is_missing_or_older(run):
    expected = contents(run / "checkpoint")
    shutil.rmtree(run / "checkpoint")
    assert dgls_train("run", run, *AGAIN).exit_code == 0
    assert contents(run / "checkpoint") == expected
    history = run / "checkpoint" / "training.json"
    history.write_text(history.read_text().replace('"steps": ', '"steps": 1'))
    assert dgls_train("run", run, *AGAIN).exit_code == 0
    assert contents(run / "checkpoint") == expected


def test_the_card_keeps_that_of_the_checkpoint_that_a_run_began_from(run, corpus, tmp_path):
    earlier = run / "checkpoint" / "README.md"
    earlier.write_text(earlier.read_text() + "\n| sympy | 1.14.0 | BSD | 783 | 13,249,077 |\n")
    later = tmp_path / "later"
    later.mkdir()
    (later / "corpus").symlink_to(corpus)
    words = ("run", later, "--from", run / "checkpoint", "--set", "tokens=300")
    outcome = dgls_train(*words)
    assert outcome.exit_code == 0, outcome.output
    card = (later / "checkpoint" / "README.md").read_text()
    assert "Earlier runs were trained on more" in card and "| sympy |" in card
    assert card.count("\n# ") == 1 and card.count("library_name") == 1
    assert card.count("How the loss fell") == 2
    assert "Earlier runs" not in earlier.read_text()

    earlier.unlink()
    for path in (later / "training.json", later / "checkpoint" / "training.json"):
        path.unlink()
    assert dgls_train(*words).exit_code == 0
    assert "is not known here" in (later / "checkpoint" / "README.md").read_text()


def test_an_export_in_several_shards_loads_in_dgls_and_in_transformers(run, monkeypatch, tmp_path):
    monkeypatch.setattr("dgls.training.export.LARGEST_SHARD", "100KB")
    folder = tmp_path / "sharded"
    assert dgls_train("export", run, "--out", folder).exit_code == 0
    assert len(list(folder.glob("*.safetensors"))) > 2
    from transformers import DiffusionGemmaForBlockDiffusion

    plain = DiffusionGemmaForBlockDiffusion.from_pretrained(folder, dtype=torch.bfloat16)
    host = load_host(ModelSettings(checkpoint=str(folder)), lambda fraction, what: None)
    expected = read_state(run).model
    for loaded in (plain, host.model):
        for name, values in loaded.state_dict().items():
            assert torch.equal(values.to(torch.bfloat16), expected[name].to(torch.bfloat16)), name


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda run: (run / "state.pt").write_bytes(b"PK"), "state.pt cannot be read"),
        (lambda run: (run / "state.pt").unlink(), "has no state.pt"),
        (lambda run: (run / "training.json").write_bytes(b""), "training.json is damaged"),
        (lambda run: (run / "training.json").write_bytes(b"[]"), "training.json is damaged"),
        (lambda run: (run / "training.json").unlink(), "has no training.json"),
        (lambda run: (run / "log.jsonl").unlink(), "log.jsonl cannot be read"),
        (lambda run: (run / "log.jsonl").write_bytes(b'{"step":'), "log.jsonl is damaged in line 1"),
        (lambda run: (run / "corpus").unlink(), "is no corpus"),
        (lambda run: shutil.rmtree(run / "tokenizer"), "has no tokenizer"),
        (lambda run: (run / "tokenizer" / "tokenizer.json").write_bytes(b"{"), "has no tokenizer"),
    ],
)
def test_what_is_damaged_in_a_run_is_named(run, damage, reason):
    damage(run)
    outcome = dgls_train("export", run)
    assert outcome.exit_code == 1 and reason in outcome.output, outcome.output
    if "log.jsonl" in reason:
        drawn = dgls_train("plot", run)
        assert drawn.exit_code == 1 and reason in drawn.output, drawn.output
    if "training.json is damaged" in reason:
        assert reason in dgls_train("run", run, *AGAIN).output, "before any step"
    if "training.json" in reason or "log.jsonl" in reason:
        (run / "training.json").unlink(missing_ok=True)
        assert dgls_train("run", run, *AGAIN).exit_code == 0
        assert dgls_train("export", run).exit_code == 0
