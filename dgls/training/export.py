"""Export: a folder that dgls and plain transformers both load, with its history and a card that says what is in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from dgls.infill.layout import DELETE, MASK
from dgls.model.description import DESCRIPTION_FILE, Description, SamplerAdvice
from dgls.training.architecture import build_model
from dgls.training.folder import RUNS_FILE, TrainingError, written_aside
from dgls.training.presets import Preset
from dgls.training.runs import Run

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LARGEST_SHARD = "15MB"
SAMPLER = SamplerAdvice(
    max_steps=6, entropy_bound=0.3, temperature_start=0.6, temperature_end=0.3, stability=1, confidence=0.005
)


def check_place(folder: Path) -> None:
    """Raise :class:`TrainingError` where an export to ``folder`` would destroy more than an older export."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise TrainingError(f"{folder} is a file; name a folder to export to")
    foreign = sorted(entry.name for entry in folder.iterdir() if not _is_exported(entry))
    if foreign or (any(folder.iterdir()) and not (folder / DESCRIPTION_FILE).exists()):
        what = f"holds {foreign[0]}" if foreign else f"has no {DESCRIPTION_FILE}"
        raise TrainingError(
            f"{folder} would be replaced, but it is no mere checkpoint of dgls: it {what}; name a new or empty folder"
        )


def _is_exported(entry: Path) -> bool:
    """Whether an export writes files like ``entry``."""
    return entry.is_file() and (entry.suffix in (".json", ".safetensors") or entry.name == "README.md")


def export_checkpoint(
    weights: dict[str, torch.Tensor],
    preset: Preset,
    tokenizer: "PreTrainedTokenizerFast",
    runs: Sequence[Run],
    card: str,
    folder: Path,
) -> None:
    """Write ``weights`` (a state dict of the preset's model) as a bfloat16 checkpoint to ``folder``, for an older one.

    ``runs`` are the training runs that made them, in order. Raises :class:`TrainingError` where ``folder`` holds
    anything else, or the disk is full.
    """
    check_place(folder)
    model = build_model(preset.architecture, preset.seed)
    model.load_state_dict(weights)
    # Only weights: `model.to(bfloat16)` would round the rotary frequencies too.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    with written_aside(folder) as aside:
        model.save_pretrained(aside, max_shard_size=LARGEST_SHARD)
        tokenizer.save_pretrained(aside)
        (aside / DESCRIPTION_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(_describe(preset))))
        (aside / RUNS_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(runs)))
        (aside / "README.md").write_text(card, encoding="utf-8")
        for file in aside.iterdir():
            file.chmod(0o644)  # safetensors lets nobody else read what it writes


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
