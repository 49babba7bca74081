"""The model card: what a checkpoint is, which runs made it, what it was trained on, how the loss fell, its results."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch

from dgls.infill.layout import DELETE
from dgls.training.corpus import Manifest, PackageEntry
from dgls.training.excluded import STANDARD_LIBRARY
from dgls.training.log import LogLine
from dgls.training.presets import Preset
from dgls.training.runs import Run

CURVE_ROWS = 8
EARLIER = """

Earlier runs were trained on more: the card of the checkpoint that the last run began from, at the end, names it."""
FRONT_MATTER = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)
HEADING = re.compile(r"^(?=#+ )", re.MULTILINE)


def model_card(
    preset: Preset,
    manifest: Manifest,
    runs: Sequence[Run],
    log: Sequence[LogLine],
    weights: dict[str, torch.Tensor],
    results: str,
    earlier: str,
) -> str:
    """The card in Markdown; ``log`` is that of the last of ``runs``, ``results`` is put behind it.

    ``earlier`` is the card of the checkpoint that the last run began from, if any: it is kept whole at the end, for it
    alone says what the runs before were trained on.
    """
    parameters = sum({tensor.data_ptr(): tensor.numel() for tensor in weights.values()}.values())
    trained = [package for package in manifest.packages if package.split == "train"]
    heldout = [package for package in manifest.packages if package.split == "heldout"]
    library = [package for package in trained if package.name.startswith("stdlib:")]
    excluded = ", ".join(f"`{name}`" for name in sorted(STANDARD_LIBRARY))
    a = preset.architecture
    utilisation = [line.utilisation for line in log if line.utilisation is not None]
    busy = f", at {utilisation[-1]:.0%} of what the machine can do" if utilisation else ""
    return f"""---
license: apache-2.0
library_name: transformers
tags: [code, infilling, text-diffusion]
---

# A checkpoint of dgls (`{preset.name}`)

A text-diffusion model of class `DiffusionGemmaForBlockDiffusion` that fills gaps in source code from both sides.

- {parameters / 1e6:.1f}M parameters, {a.layers} layers of width {a.width}, vocabulary {a.vocabulary}, bfloat16.
- {_corruption(preset)}; a `{DELETE}` token for gaps of unknown length;
  self-conditioning; an autoregressive loss on the encoder.
- Trained on {sum(run.tokens for run in runs) / 1e6:.1f}M tokens (contexts and canvases){busy}:

| run | command | preset | device | tokens (M) | steps | minutes |
| ---: | --- | --- | --- | ---: | ---: | ---: |
{_rows(enumerate(runs, 1))}

Presets are in `dgls/training/presets.py`.

## What the last run was trained on

{manifest.characters("train"):,} characters of {len(trained)} packages ({_shares(trained)}): {len(library)} of the
standard library (PSF-2.0), {sum(package.characters for package in library):,} characters, and those below. Generated,
compiled and minified files, duplicates and near duplicates were dropped.{EARLIER if earlier else ""}

Held out, by package ({sum(package.characters for package in heldout):,} characters, {_shares(heldout)}):
{", ".join(sorted(package.name for package in heldout))}.

Never in any corpus: dgls itself, and the standard library's {excluded}.

<details><summary>All packages</summary>

| package | version | licence | files | characters |
| --- | --- | --- | ---: | ---: |
{_packages(package for package in trained if package not in library)}

</details>

## How the loss fell in the last run (held-out packages, nats per token)

| step | tokens (M) | decoder | encoder | canvases right in one pass |
| ---: | ---: | ---: | ---: | ---: |
{_curve(log)}

{results}
{_earlier(earlier)}"""


def _corruption(preset: Preset) -> str:
    share = preset.uniform_share
    noise = (
        f"Hybrid corruption (mask, {share:.0%} random tokens)"
        if share
        else "Absorbing corruption (mask alone)"
    )
    own = ", in the last phase also noise from the model's own\n  predictions"
    return noise + own * (preset.on_policy_from < 1)


def _earlier(card: str) -> str:
    """An earlier card to be unfolded: without its front matter, its headings a level deeper."""
    if not card:
        return ""
    body = FRONT_MATTER.sub("", card, count=1).strip()
    return f"""
<details><summary>The card of the checkpoint that the last run began from</summary>

{HEADING.sub("#", body)}

</details>
"""


def _rows(runs: Iterable[tuple[int, Run]]) -> str:
    return "\n".join(
        f"| {number} | `{run.command}` | {run.preset} | {run.device} | {run.tokens / 1e6:.1f} | {run.steps} | "
        f"{run.minutes:.0f} |"
        for number, run in runs
    )


def _shares(packages: Sequence[PackageEntry]) -> str:
    """The languages of ``packages`` by their share of characters."""
    counted: Counter[str] = Counter()
    for package in packages:
        counted.update(package.languages)
    total = max(1, counted.total())
    return ", ".join(f"{language} {count / total:.0%}" for language, count in counted.most_common())


def _packages(packages: Iterable[PackageEntry]) -> str:
    return "\n".join(
        f"| {package.name} | {package.version} | {package.licence} | {package.files} | {package.characters:,} |"
        for package in sorted(packages, key=lambda package: package.name.lower())
    )


def _curve(log: Sequence[LogLine]) -> str:
    """A few validated lines of the log, evenly chosen, the last among them."""
    validated = [line for line in log if line.validation_decoder_loss is not None]
    step = max(1, len(validated) // CURVE_ROWS)
    shown = [*validated[:-1:step], validated[-1]] if validated else []
    return "\n".join(
        f"| {line.step} | {line.tokens / 1e6:.2f} | {line.validation_decoder_loss:.3f} | "
        f"{line.validation_encoder_loss:.3f} | {line.validation_exact_match or 0:.1%} |"
        for line in shown
    )
