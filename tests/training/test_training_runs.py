"""A run of the tiny preset: interrupted, begun from a checkpoint, ended by what goes wrong; its export; the presets."""

import json
import resource
import signal

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
from dgls.training.presets import PRESETS, PresetError, changed
from dgls.training.runs import Run
from dgls.training.trainer import TrainingError, read_log, read_weights, train
from tests.training.tiny import TINY, train_tiny


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
    card = model_card(TINY, read_manifest(corpus), runs, log, read_weights(run), "")
    export_checkpoint(read_weights(run), TINY, tokenizer, runs, card, folder)
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
    export_checkpoint(read_weights(first), TINY, tokenizer, [], "", folder)
    gentle = msgspec.structs.replace(TINY, tokens=300, matrix_rate=1e-6, other_rate=1e-6, seed=7)
    train_tiny(second, corpus, gentle, tokenizer, folder)
    trained, went_on = (run_weights["lm_head.weight"] for run_weights in map(read_weights, (first, second)))
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


def test_a_full_disk_leaves_the_state_that_was_there(corpus, tokenizer, tmp_path):
    run = tmp_path / "run"
    train_tiny(run, corpus, msgspec.structs.replace(TINY, tokens=600), tokenizer)
    before = (run / "state.pt").read_bytes()
    (run / "log.jsonl").unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    other = tmp_path / "other"
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        with pytest.raises(TrainingError, match="make room"):
            train_tiny(other, corpus, msgspec.structs.replace(TINY, tokens=600), tokenizer)
        with pytest.raises(TrainingError, match="cannot be written"):
            export_checkpoint(read_weights(run), TINY, tokenizer, [], "", tmp_path / "checkpoint")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.glob("checkpoint*"))
    assert not list(other.glob("state*"))
    assert (run / "state.pt").read_bytes() == before


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
