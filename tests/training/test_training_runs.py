"""A run of the tiny preset: interrupted, begun from a checkpoint, ended by what goes wrong; its export; the presets."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import msgspec
import pytest
import torch
from click.testing import CliRunner

from dgls.config import InfillSettings, ModelSettings
from dgls.evaluation.command import evaluate
from dgls.infill.fill import answer_of, fill_gaps
from dgls.infill.request import FillRequest, Gap
from dgls.model.host import load_host
from dgls.training.architecture import build_model
from dgls.training.card import model_card
from dgls.training.command import train as command
from dgls.training.corpus import read_manifest
from dgls.training.examples import Geometry
from dgls.training.export import export_checkpoint
from dgls.training.folder import TrainingError
from dgls.training.log import read_log
from dgls.training.presets import PRESETS, PresetError, changed
from dgls.training.runs import Run
from dgls.training.state import read_state
from dgls.training.trainer import train
from tests.training.tiny import TINY, dgls_train, full_disk, train_tiny


def test_an_interrupted_run_goes_on_and_its_export_fills(corpus, tokenizer, tmp_path):
    run = tmp_path / "run"
    steps: list[int] = []

    def interrupt(progress):
        steps.append(progress.step)
        if len(steps) == 4:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train(run, corpus, TINY, tokenizer.backend_tokenizer, None, interrupt, lambda: None)
    seen: list[int] = []
    saved: list[int] = []
    train(
        run,
        corpus,
        TINY,
        tokenizer.backend_tokenizer,
        None,
        lambda progress: seen.append(progress.step),
        lambda: saved.append(seen[-1]),
    )
    assert saved == [seen[-1]]
    assert steps == [1, 2, 3, 4]
    assert seen[0] == 5
    log = read_log(run)
    assert log[-1].tokens >= TINY.tokens
    assert log[-1].validation_decoder_loss is not None
    assert log[-1].validation_decoder_loss < 6.0, "below the loss of a uniform guess, ln 400"
    with pytest.raises(TrainingError, match="another preset"):
        other = msgspec.structs.replace(TINY, seed=1)
        train_tiny(run, corpus, other, tokenizer)

    folder = tmp_path / "checkpoint"
    runs = [Run("dgls train run", "2026-01-01", "tiny", 0, "CPU", {}, log[-1].step, log[-1].tokens)]
    card = model_card(TINY, read_manifest(corpus), runs, log, read_state(run).model, "", "")
    export_checkpoint(read_state(run).model, TINY, tokenizer, runs, card, folder)
    assert not list(tmp_path.glob("*.partial"))
    assert "uuid" in (folder / "README.md").read_text()
    host = load_host(ModelSettings(checkpoint=str(folder)), lambda fraction, what: None)
    request = FillRequest("x = \n", (Gap(4, 4),), "python", settings=InfillSettings(validate=False))
    answer = answer_of(fill_gaps(host, host.new_store(), request))
    assert answer.nfe >= 1

    asked = ["both-sides", "--checkpoint", str(folder), "--corpus", str(corpus), "--gaps", "3"]
    outcome = CliRunner().invoke(evaluate, [*asked, "--json"])
    assert outcome.exit_code == 0, outcome.output
    measured = json.loads(outcome.stdout)
    assert measured["gaps"] == 3
    assert measured["any_order"]["difference"]["low"] <= measured["any_order"]["difference"]["estimate"]
    assert "| any order: without the suffix |" in CliRunner().invoke(evaluate, [*asked, "--markdown"]).stdout

    from transformers import DiffusionGemmaForBlockDiffusion

    plain = DiffusionGemmaForBlockDiffusion.from_pretrained(folder, dtype=torch.bfloat16)
    assert torch.equal(plain.lm_head.weight, host.model.lm_head.weight.to(torch.bfloat16))


def test_a_run_goes_on_from_a_checkpoint(corpus, tokenizer, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    train_tiny(first, corpus, TINY, tokenizer)
    folder = tmp_path / "checkpoint"
    export_checkpoint(read_state(first).model, TINY, tokenizer, [], "", folder)
    gentle = msgspec.structs.replace(TINY, tokens=300, matrix_rate=1e-6, other_rate=1e-6, seed=7)
    train_tiny(second, corpus, gentle, tokenizer, folder)
    trained, went_on = (read_state(run).model["lm_head.weight"] for run in (first, second))
    assert torch.allclose(trained.to(torch.bfloat16).float(), went_on, atol=1e-4)
    wider = msgspec.structs.replace(
        TINY, architecture=msgspec.structs.replace(TINY.architecture, feed_forward=256)
    )
    with pytest.raises(TrainingError, match="of the same sizes"):
        train_tiny(tmp_path / "third", corpus, wider, tokenizer, folder)
    with pytest.raises(TrainingError, match="is no checkpoint to start"):
        train_tiny(tmp_path / "fourth", corpus, TINY, tokenizer, tmp_path)


def test_a_run_without_loader_processes_learns_the_same(corpus, tokenizer, tmp_path):
    for loaders in (0, 1):
        preset = msgspec.structs.replace(TINY, tokens=1_000, loaders=loaders)
        train_tiny(tmp_path / str(loaders), corpus, preset, tokenizer)
    alone, beside = (read_log(tmp_path / name)[-1] for name in ("0", "1"))
    assert (alone.step, alone.decoder_loss) == (beside.step, beside.decoder_loss)


def test_a_loss_that_is_not_finite_ends_the_run_with_a_message(corpus, tokenizer, tmp_path):
    wild = msgspec.structs.replace(TINY, matrix_rate=1e30, other_rate=1e30)
    with pytest.raises(TrainingError, match="not finite at step"):
        train_tiny(tmp_path / "run", corpus, wild, tokenizer)
    assert not (tmp_path / "run" / "state.pt").exists()


def test_weights_that_are_not_finite_are_neither_saved_nor_exported(run, corpus, monkeypatch):
    """The last step's loss is finite: what it makes of the weights is not."""
    (run / "state.pt").unlink()
    card = (run / "checkpoint" / "README.md").read_bytes()
    wild = ["--set", "matrix_rate=1e30", "--set", "other_rate=1e30", "--set", "tokens=900"]
    outcome = dgls_train("run", run, *wild)
    assert outcome.exit_code == 1 and "held-out loss is not finite at step 3" in outcome.output, (
        outcome.output
    )
    assert not (run / "state.pt").exists() and (run / "checkpoint" / "README.md").read_bytes() == card
    advice = re.search(r"--set matrix_rate=\S+ --set other_rate=[^\s;]+", outcome.output)
    assert advice is not None and f"--from {run / 'checkpoint'} goes on" in outcome.output
    gentler = run.parent / "gentler"
    gentler.mkdir()
    (gentler / "corpus").symlink_to(corpus)
    words = ("--from", run / "checkpoint", *advice.group().split(), "--set", "tokens=300")
    followed = dgls_train("run", gentler, *words)
    assert followed.exit_code == 0, followed.output

    shutil.rmtree(run / "checkpoint")
    with monkeypatch.context() as patch:
        patch.setattr("dgls.training.trainer.validate", lambda model, batches, preset: (1.0, 1.0, 0.0))
        outcome = dgls_train("run", run, *wild)
    assert outcome.exit_code == 1 and "a weight is not finite" in outcome.output, outcome.output
    assert "--from" not in outcome.output
    assert not (run / "state.pt").exists() and not (run / "checkpoint").exists()

    monkeypatch.setattr("dgls.training.trainer.SAVE_EVERY_S", -1.0)
    outcome = dgls_train("run", run, *wild)
    assert outcome.exit_code == 1, outcome.output
    state = read_state(run)
    assert state.step == 2 and all(values.isfinite().all() for values in state.model.values())


def test_a_full_disk_leaves_the_state_that_was_there(corpus, tokenizer, tmp_path):
    run = tmp_path / "run"
    train_tiny(run, corpus, msgspec.structs.replace(TINY, tokens=600), tokenizer)
    before = (run / "state.pt").read_bytes()
    (run / "log.jsonl").unlink()
    other = tmp_path / "other"
    with full_disk(100_000):
        with pytest.raises(TrainingError, match="make room"):
            train_tiny(other, corpus, msgspec.structs.replace(TINY, tokens=600), tokenizer)
        with pytest.raises(TrainingError, match="cannot be written"):
            export_checkpoint(read_state(run).model, TINY, tokenizer, [], "", tmp_path / "checkpoint")
    assert not list(tmp_path.glob("checkpoint*"))
    assert not list(other.glob("state*"))
    assert (run / "state.pt").read_bytes() == before


def test_a_full_disk_at_the_begin_of_a_run_leaves_what_can_be_gone_on_from(corpus, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "corpus").symlink_to(corpus)
    words = ("run", run, "--set", "tokens=300")
    with full_disk(2_000):
        outcome = dgls_train(*words)
    assert outcome.exit_code == 1 and "tokenizer cannot be written" in outcome.output, outcome.output
    assert [path.name for path in run.iterdir()] == ["corpus"]
    with full_disk(100_000):
        assert "state.pt cannot be written" in dgls_train(*words).output
    (run / "training.json").unlink()
    with full_disk(100):
        outcome = dgls_train(*words)
    assert outcome.exit_code == 1 and "training.json cannot be written" in outcome.output
    assert {path.name for path in run.iterdir()} == {"corpus", "tokenizer", "log.jsonl"}
    assert dgls_train(*words).exit_code == 0


def test_a_run_that_goes_on_cuts_its_log_back_to_its_state(run):
    log = run / "log.jsonl"
    whole = log.read_bytes()
    repeated = read_log(run)[-1]
    repeated.step += 20
    log.write_bytes(whole + msgspec.json.encode(repeated) + b'\n{"step":')
    words = ("--set", "uniform_share=0", "--set", "pin_conditioning=flat")
    assert dgls_train("run", run, "--set", "tokens=1200", *words).exit_code == 0
    assert log.read_bytes() == whole


def test_a_signal_to_the_whole_process_group_ends_the_step_and_keeps_the_state(run):
    """As `timeout` and service managers send it: to the loader processes too."""
    (run / "state.pt").unlink()
    script = f"""
from pathlib import Path
from tokenizers import Tokenizer
from dgls.training.trainer import train
from tests.training.tiny import TINY

run = Path({str(run)!r})
def report(progress):
    if progress.step == 3:
        print("in step 3", flush=True)
        input()
try:
    train(run, run / "corpus", TINY, Tokenizer.from_file(str(run / "tokenizer/tokenizer.json")), None, report, list)
except KeyboardInterrupt:
    print("stopped")
"""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        text=True,
        start_new_session=True,
    ) as training:
        assert training.stdout is not None
        assert training.stdout.readline() == "in step 3\n"
        os.killpg(training.pid, signal.SIGTERM)
        output, errors = training.communicate("\n")
    assert (training.returncode, output) == (0, "stopped\n"), errors
    assert read_state(run).step == 3


def test_the_log_says_how_long_a_run_waited_for_its_batches(run):
    log = read_log(run)
    waited = [line.waited for line in log if line.waited is not None]
    assert len(waited) == len(log) and 0 < sum(waited) <= log[-1].elapsed + 0.1


def test_a_corpus_that_is_too_small_is_refused(corpus, tokenizer, tmp_path):
    large = msgspec.structs.replace(TINY, geometries=(Geometry(100_000, 64, 1, 1, 1.0),))
    with pytest.raises(TrainingError, match="too small for the preset"):
        train_tiny(tmp_path / "run", corpus, large, tokenizer)


def test_numbers_of_a_preset_can_be_changed_within_their_bounds(tmp_path):
    preset = changed(PRESETS["cpu"], ["tokens=5000", "on_policy_from=1"])
    assert preset == msgspec.structs.replace(PRESETS["cpu"], tokens=5000, on_policy_from=1.0)
    with pytest.raises(PresetError, match="one of tokens, warm_up"):
        changed(TINY, ["architecture=small"])
    with pytest.raises(PresetError, match="`tiny` cannot be so changed"):
        changed(TINY, ["uniform_share=2"])
    refused = CliRunner().invoke(command, ["run", str(tmp_path / "run"), "--set", "tokens=none"])
    assert refused.exit_code == 2 and "$.tokens" in refused.output and not (tmp_path / "run").exists()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_what_a_preset_trains_fits_into_the_package(preset):
    model = build_model(preset.architecture, seed=0)
    own = sum(values.numel() for name, values in model.named_parameters() if "vision" not in name)
    assert own <= 31_000_000
    assert own * torch.bfloat16.itemsize <= 64_000_000
