"""Export: a folder that dgls and plain transformers both load, with a card that says what is in it.

Everything is written to a folder aside, which is renamed at the end: a half-written checkpoint has another name.
"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from dgls.infill.layout import DELETE, MASK
from dgls.model.description import DESCRIPTION_FILE, Description, SamplerAdvice
from dgls.training.architecture import build_model
from dgls.training.corpus import Manifest
from dgls.training.excluded import STANDARD_LIBRARY
from dgls.training.presets import Preset
from dgls.training.trainer import LogLine

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LARGEST_SHARD = "15MB"
SAMPLER = SamplerAdvice(
    max_steps=12, entropy_bound=0.3, temperature_start=0.6, temperature_end=0.3, stability=1, confidence=0.005
)


def export_checkpoint(
    weights: dict[str, torch.Tensor],
    preset: Preset,
    tokenizer: "PreTrainedTokenizerFast",
    card: str,
    folder: Path,
) -> None:
    """Write ``weights`` (a state dict of the preset's model) as a bfloat16 checkpoint to ``folder``, replacing it."""
    model = build_model(preset.architecture, preset.seed)
    model.load_state_dict(weights)
    # Only weights: `model.to(bfloat16)` would round the rotary frequencies too.
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    aside = folder.with_name(folder.name + ".partial")
    shutil.rmtree(aside, ignore_errors=True)
    model.save_pretrained(aside, max_shard_size=LARGEST_SHARD)
    tokenizer.save_pretrained(aside)
    description = Description(
        corruption="hybrid",
        mask_token=MASK,
        delete_token=DELETE,
        canvas_lengths=tuple(sorted({geometry.canvas for geometry in preset.geometries})),
        context_format="dgls",
        context_tokens=max(geometry.context for geometry in preset.geometries),
        separate_boundaries=True,
        sampler=SAMPLER,
    )
    (aside / DESCRIPTION_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(description)))
    (aside / "README.md").write_text(card, encoding="utf-8")
    for file in aside.iterdir():
        file.chmod(0o644)  # safetensors lets nobody else read what it writes
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def model_card(
    preset: Preset, manifest: Manifest, log: list[LogLine], weights: dict[str, torch.Tensor], results: str
) -> str:
    """The card: what the model is, what it was trained on, how the loss fell, and how well it does."""
    last = log[-1]
    parameters = sum({tensor.data_ptr(): tensor.numel() for tensor in weights.values()}.values())
    trained = [package for package in manifest.packages if package.split == "train"]
    heldout = [package for package in manifest.packages if package.split == "heldout"]
    library = sum(package.files for package in trained if package.name.startswith("stdlib:"))
    validated = [line for line in log if line.validation_decoder_loss is not None]
    step = max(1, len(validated) // 8)
    shown = [*validated[:-1:step], validated[-1]] if validated else []
    curve = "\n".join(
        f"| {line.step} | {line.tokens / 1e6:.2f} | {line.validation_decoder_loss:.3f} | "
        f"{line.validation_encoder_loss:.3f} |"
        for line in shown
    )
    rows = "\n".join(
        f"| {package.name} | {package.version} | {package.licence} | {package.files} | {package.characters:,} |"
        for package in trained
        if not package.name.startswith("stdlib:")
    )
    excluded = ", ".join(f"`{name}`" for name in sorted(STANDARD_LIBRARY))
    return f"""---
license: apache-2.0
library_name: transformers
tags: [code, infilling, text-diffusion]
---

# The embedded checkpoint of dgls (`{preset.name}`)

A text-diffusion model of class `DiffusionGemmaForBlockDiffusion` that fills gaps in Python source from both sides.
It is small and briefly trained: a proof that the whole path works, not an assistant.

- {parameters / 1e6:.1f}M parameters, {preset.architecture.layers} layers of width {preset.architecture.width}, \
vocabulary {preset.architecture.vocabulary}, bfloat16.
- Hybrid corruption (mask, {preset.uniform_share:.0%} random tokens), a `{DELETE}` token for gaps of unknown length, \
self-conditioning, an autoregressive loss on the encoder.
- Trained on {last.tokens / 1e6:.1f}M tokens (contexts and canvases) in {last.step} steps, {last.elapsed / 60:.0f} \
minutes, on a CPU.
- Made by `dgls train run --preset {preset.name}`; the preset is `{preset.name}` in `dgls/training/presets.py`.

## What it was trained on

{len(trained)} packages of Python source, {manifest.characters("train"):,} characters: {library} files of the standard
library (PSF-2.0), and the packages below. Generated files, duplicates and near duplicates were dropped. Held out, by \
package: {", ".join(package.name for package in heldout)}.

Never in any corpus: dgls itself, and the standard library's {excluded}.

| package | version | licence | files | characters |
| --- | --- | --- | ---: | ---: |
{rows}

## How the loss fell (held-out packages, nats per token)

| step | tokens (M) | decoder | encoder |
| ---: | ---: | ---: | ---: |
{curve}

{results}
"""
