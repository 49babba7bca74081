"""Export: a folder that dgls and plain transformers both load, with its history and a card that says what is in it.

Everything is written to a folder aside, which is renamed at the end: a half-written checkpoint has another name.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch
from safetensors import SafetensorError

from dgls.infill.layout import DELETE, MASK
from dgls.model.description import DESCRIPTION_FILE, Description, SamplerAdvice
from dgls.training.architecture import build_model
from dgls.training.presets import Preset
from dgls.training.runs import RUNS_FILE, Run
from dgls.training.trainer import TrainingError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LARGEST_SHARD = "15MB"
SAMPLER = SamplerAdvice(
    max_steps=6, entropy_bound=0.3, temperature_start=0.6, temperature_end=0.3, stability=1, confidence=0.005
)


def export_checkpoint(
    weights: dict[str, torch.Tensor],
    preset: Preset,
    tokenizer: "PreTrainedTokenizerFast",
    runs: Sequence[Run],
    card: str,
    folder: Path,
) -> None:
    """Write ``weights`` (a state dict of the preset's model) as a bfloat16 checkpoint to ``folder``, replacing it.

    ``runs`` are the training runs that made them, in order. Raises :class:`TrainingError` where the disk is full.
    """
    model = build_model(preset.architecture, preset.seed)
    model.load_state_dict(weights)
    # Only weights: `model.to(bfloat16)` would round the rotary frequencies too.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        model.save_pretrained(aside, max_shard_size=LARGEST_SHARD)
        tokenizer.save_pretrained(aside)
        (aside / DESCRIPTION_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(_describe(preset))))
        (aside / RUNS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(runs)))
        (aside / "README.md").write_text(card, encoding="utf-8")
        for file in aside.iterdir():
            file.chmod(0o644)  # safetensors lets nobody else read what it writes
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(aside, ignore_errors=True)
        raise TrainingError(
            f"{folder} cannot be written: {error}; the run's state is whole: export it again"
        ) from error


def _describe(preset: Preset) -> Description:
    """What a checkpoint of the preset is trained for."""
    return Description(
        corruption="hybrid" if preset.uniform_share else "absorbing",
        mask_token=MASK,
        delete_token=DELETE,
        canvas_lengths=tuple(sorted({geometry.canvas for geometry in preset.geometries})),
        context_format="dgls",
        context_tokens=max(geometry.context for geometry in preset.geometries),
        separate_boundaries=True,
        sampler=msgspec.structs.replace(SAMPLER, pin_conditioning=preset.pin_conditioning),
    )
