"""Loading a checkpoint: what a host knows, and what is said of a checkpoint that cannot be used."""

import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from dgls.config import InfillSettings, ModelSettings
from dgls.model.checkpoint import find_checkpoint
from dgls.model.description import CheckpointError, SamplerAdvice, SamplerRules, first_of
from dgls.model.host import Host, load_host
from dgls.model.placement import choose_device, choose_dtype
from tests.checkpoints import CHAT_EOS, CONTROL_TOKENS, write_json


def load(folder: Path, **settings: Any) -> Host:
    return load_host(ModelSettings(checkpoint=str(folder), **settings), lambda fraction, what: None)


def alter(path: Path, **changes: Any) -> None:
    """Change fields of a JSON file; None removes the field."""
    content = {**json.loads(path.read_text(encoding="utf-8")), **changes}
    write_json(path, {name: value for name, value in content.items() if value is not None})


@pytest.fixture
def broken(tiny_dgls: Path, tmp_path: Path) -> Path:
    """A copy of a checkpoint that a test may damage."""
    return Path(shutil.copytree(tiny_dgls, tmp_path / "broken"))


def test_a_host_knows_what_its_checkpoint_is_trained_for(tiny_dgls: Path) -> None:
    host = load(tiny_dgls)
    assert host.description.corruption == "hybrid"
    assert (host.mask_id, host.delete_id) == (
        CONTROL_TOKENS.index("<mask>"),
        CONTROL_TOKENS.index("<delete>"),
    )
    assert host.canvas_lengths == (64, 128, 256)
    assert (host.context_tokens, host.context_limit) == (1024, 1024)
    assert host.tokenizer.special_ids == set(range(8)) - {host.delete_id}
    assert host.rules.max_steps == 8  # its description's; the rest is the library's
    assert host.rules.entropy_bound == 0.1
    assert not any(parameter.requires_grad for parameter in host.model.parameters())
    assert not host.model.training


def test_without_a_description_the_rules_of_diffusiongemma_hold(tiny_26b: Path) -> None:
    host = load(tiny_26b)
    assert host.description.corruption == "uniform"
    assert host.description.context_format == "chat"
    assert (host.mask_id, host.delete_id) == (None, None)
    assert host.canvas_lengths == (256,)
    assert (host.context_tokens, host.context_limit) == (1024, 4096 - 256)
    assert host.eos_ids == set(CHAT_EOS)
    assert host.rules == SamplerRules(48, 0.1, 0.8, 0.4, 1, 0.005)
    assert set(range(len(host.tokenizer) - 8, len(host.tokenizer))) <= host.tokenizer.special_ids


def test_it_is_the_26b_s_own_layout_that_is_loaded(tiny_26b: Path) -> None:
    text = load(tiny_26b).model.config.text_config
    assert text.layer_types == ["sliding_attention"] * 5 + ["full_attention"]
    assert (text.num_experts, text.top_k_experts) == (128, 8)
    assert json.loads((tiny_26b / "generation_config.json").read_text())["max_denoising_steps"] is None


def test_progress_grows_from_nothing_to_all_and_stdout_stays_silent(
    tiny_dgls: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[float, str]] = []
    load_host(ModelSettings(checkpoint=str(tiny_dgls)), lambda fraction, what: told.append((fraction, what)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len(set(fractions)) >= 6
    assert all(what for _, what in told)
    assert capfd.readouterr().out == ""


LOAD_AND_DROP = """
import gc, sys, weakref
from dgls.config import ModelSettings
from dgls.model.host import load_host
model = weakref.ref(load_host(ModelSettings(checkpoint=sys.argv[1]), lambda fraction, what: None).model)
gc.collect()
print("freed" if model() is None else "kept")
"""


def test_a_process_prints_nothing_as_it_loads_and_can_free_the_first_model(tiny_dgls: Path) -> None:
    command = [sys.executable, "-c", LOAD_AND_DROP, str(tiny_dgls)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert (ended.stdout, ended.returncode) == ("freed\n", 0), ended.stderr


def test_the_first_to_say_a_sampler_value_wins() -> None:
    library = SamplerAdvice(48, 0.1, 0.8, 0.4, 1, 0.005, "token")
    description = SamplerAdvice(max_steps=8, stability=0)
    generation = SamplerAdvice(max_steps=20, temperature_end=0.2)
    rules = first_of(description, generation, library)
    assert rules == SamplerRules(8, 0.1, 0.8, 0.2, 0, 0.005)
    user = InfillSettings(entropy_bound=3.0, temperature_start=0.0, pin_conditioning="flat")
    assert rules.under(user) == SamplerRules(8, 3.0, 0.0, 0.2, 0, 0.005, "flat")
    assert rules.under(InfillSettings()) == rules


def test_the_generation_config_speaks_where_the_description_is_silent(broken: Path) -> None:
    sampler = {"_cls_name": "EntropyBoundSamplerConfig", "entropy_bound": 0.7}
    alter(
        broken / "generation_config.json",
        max_denoising_steps=20,
        t_min=0.1,
        t_max=0.9,
        sampler_config=sampler,
    )
    rules = load(broken).rules
    assert rules == SamplerRules(8, 0.7, 0.9, 0.1, 1, 0.005)


def test_the_dtype_that_is_asked_for_is_used(tiny_dgls: Path) -> None:
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        host = load(tiny_dgls, device="cpu", dtype=name)
        assert host.dtype == dtype == next(host.model.parameters()).dtype
        assert host.new_store().buffers[0].keys.dtype == dtype
        rotary = host.model.model.decoder.rotary_emb
        assert rotary.full_attention_inv_freq.dtype == torch.float32  # half of it would move every position


def test_the_hardware_decides_where_the_user_does_not() -> None:
    device = choose_device("auto")
    assert choose_dtype("auto", device) in (torch.bfloat16, torch.float32)
    assert choose_dtype("auto", device) == choose_dtype("auto", device)
    assert choose_device("cpu").type == "cpu"


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(CheckpointError, match=r'device "cuda" is not available.*set model.device'):
        choose_device("cuda")


@pytest.mark.parametrize("name", ["/no/such/folder", "./nowhere", "~/nowhere-at-all", "a/b/c", "plain"])
def test_a_folder_that_does_not_exist_is_named(name: str) -> None:
    with pytest.raises(CheckpointError, match=f'"{name}" does not exist; name a folder'):
        find_checkpoint(name, allow_download=False)


def test_a_hub_id_is_not_downloaded_unless_that_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"is not on this machine; .*model.allow_download"):
        find_checkpoint("nobody/no-such-checkpoint", allow_download=False)


def test_a_hub_that_cannot_be_reached_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(CheckpointError, match=r"is not on this machine, and the hub .* check the network"):
        find_checkpoint("nobody/no-such-checkpoint", allow_download=True)


def delete(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def truncate(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-1000])


def write(name: str, text: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_text(text, encoding="utf-8")

    return change


def describe(**changes: Any) -> Callable[[Path], None]:
    return lambda folder: alter(folder / "dgls.json", **changes)


def drop_a_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(folder / "model.safetensors")
    del tensors["model.decoder.layers.1.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def shrink_the_vocabulary(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["vocab_size"] = 600
    write_json(folder / "config.json", config)


def widen_the_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["intermediate_size"] = 256
    write_json(folder / "config.json", config)


def swell(name: str) -> Callable[[Path], None]:
    """Weights of 4 terabytes, which are a hole in a file."""

    def change(folder: Path) -> None:
        size = 4 * 10**12
        header = json.dumps({"all": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
        with (folder / name).open("wb") as file:
            file.write(struct.pack("<Q", len(header)) + header)
            file.truncate(8 + len(header) + size)

    return change


def claim_a_missing_shard(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    shard = "model-00002-of-00002.safetensors"
    write_json(
        folder / "model.safetensors.index.json", {"metadata": {}, "weight_map": {"lm_head.weight": shard}}
    )


LLAMA = '{"model_type": "llama", "architectures": ["LlamaForCausalLM"], "vocab_size": 32000}'
DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "no config": (delete("config.json"), r"has no config.json; name the folder"),
    "no JSON": (
        write("config.json", '{"model_type": '),
        r"config.json cannot be used: Input data was truncated",
    ),
    "wrong type": (
        write("config.json", '{"model_type": "diffusion_gemma", "canvas_length": "long"}'),
        r"config.json cannot be used: Expected `int`, got `str` - at `\$.canvas_length`",
    ),
    "foreign": (
        write("config.json", LLAMA),
        r"is of architecture LlamaForCausalLM; dgls hosts DiffusionGemma",
    ),
    "no architecture": (write("config.json", "{}"), r"is of architecture nothing"),
    "no weights": (delete("model.safetensors"), r"weights cannot be loaded: .*; copy or export it again"),
    "truncated weights": (truncate("model.safetensors"), r"weights cannot be loaded: .*; copy or export"),
    "no memory": (
        swell("model.safetensors"),
        r"cannot be loaded: .*memory.*; dgls doctor says what|missing, .*",  # a machine may grant what it lacks
    ),
    "missing shard": (claim_a_missing_shard, r"weights cannot be loaded: .*; copy or export"),
    "missing tensor": (drop_a_tensor, r"tensors of its weights are missing, .*up_proj.*; copy or export"),
    "other shapes": (widen_the_model, r"weights cannot be loaded|tensors of its weights are mismatched"),
    "no tokenizer": (delete("tokenizer.json"), r"has no tokenizer.json; put the one"),
    "truncated tokenizer": (truncate("tokenizer.json"), r"tokenizer cannot be read: .*; copy the files"),
    "small vocabulary": (shrink_the_vocabulary, r"tokenizer has 640 tokens, its model knows 600"),
    "unknown field": (describe(mask="<mask>"), r"dgls.json cannot be used: .*unknown field `mask`"),
    "no mask token": (describe(mask_token=None), r"corruption `hybrid` needs a `mask_token`"),
    "unknown mask token": (
        describe(mask_token="[MASK]"),
        r"names the token \[MASK\], which its tokenizer lacks",
    ),
    "unknown delete token": (
        describe(delete_token="<del>"),
        r"names the token <del>, which its tokenizer lacks",
    ),
    "canvas order": (
        describe(canvas_lengths=[128, 64]),
        r"`canvas_lengths` must be ascending, got \[128, 64\]",
    ),
    "canvas beyond positions": (describe(canvas_lengths=[2048]), r"1280 positions, which leaves no context"),
    "no chat format": (describe(context_format="chat"), r"neither a chat template nor"),
    "generation config": (
        write("generation_config.json", '{"t_min": "cold"}'),
        r"generation_config.json cannot be used: Expected `float \| null`, got `str` - at `\$.t_min`",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_with_a_checkpoint_is_said_in_one_clear_error(broken: Path, damage: str) -> None:
    change, message = DAMAGES[damage]
    change(broken)
    with pytest.raises(CheckpointError, match=message) as caught:
        load(broken)
    assert str(broken) in str(caught.value)
    assert "\n" not in str(caught.value)
