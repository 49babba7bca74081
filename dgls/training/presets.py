"""Presets: everything that decides a training run, by name, so that one command reproduces a checkpoint."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from dgls.config import PinConditioning
from dgls.training.architecture import Architecture
from dgls.training.corpus import Manifest, Mixture
from dgls.training.examples import CHARACTERS_PER_TOKEN, Formats, Geometry


class PresetError(ValueError):
    """A change of a preset that cannot be made; the message says what could."""


Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]


class Preset(msgspec.Struct, frozen=True):
    """A training run over ``tokens`` tokens, those of contexts and canvases counted alike; rates are peak values."""

    name: str
    architecture: Architecture
    mixture: Mixture
    geometries: tuple[Geometry, ...]
    tokens: Annotated[int, Meta(ge=1)]
    formats: Formats = Formats()
    warm_up: Share = 0.02
    """Share of the run in which rates rise from zero."""
    anneal: Share = 0.6
    """Share of the run, its last, in which rates fall to zero."""
    matrix_rate: Positive = 0.02
    """Muon's learning rate, for the matrices of the blocks."""
    other_rate: Positive = 0.004
    """AdamW's learning rate, for embeddings and gains."""
    encoder_weight: Annotated[float, Meta(ge=0)] = 0.5
    """Weight of the encoder's autoregressive loss."""
    delete_weight: Annotated[float, Meta(ge=0)] = 0.15
    """Weight of a delete token's loss: they are many and easy."""
    uniform_share: Share = 0.12
    """Share of the corrupted positions that get a random token; the others get the mask (GIDD, arXiv 2503.04482)."""
    self_conditioning: Share = 0.5
    """Share of the steps that condition on the model's own first pass, once that is worth conditioning on:"""
    self_conditioning_from: Share = 0.4
    """from this share of the run on."""
    pin_conditioning: PinConditioning = "token"
    """What self-conditioning sees at pinned positions, in training and so in use."""
    on_policy_from: Share = 0.75
    """From this share of the run on, half of the steps take their noise from the model's own predictions; 1: none."""
    loaders: Annotated[int, Meta(ge=0)] = 1
    seed: Annotated[int, Meta(ge=0)] = 0


CPU = Preset(
    name="cpu",
    architecture=Architecture(vocabulary=4096, width=256, layers=3, heads=4, feed_forward=1024),
    mixture=Mixture(
        characters=72_000_000,
        languages={"python": 0.78, "javascript": 0.09, "typescript": 0.06, "rust": 0.07},
        from_package=1_000_000,
    ),
    geometries=(
        Geometry(context=192, canvas=64, rows=6, canvases=4, share=0.60),
        Geometry(context=448, canvas=64, rows=3, canvases=6, share=0.17),
        Geometry(context=320, canvas=128, rows=3, canvases=3, share=0.13),
        Geometry(context=1024, canvas=64, rows=1, canvases=8, share=0.07),
        Geometry(context=320, canvas=256, rows=2, canvases=2, share=0.03),
    ),
    tokens=8_000_000,
)

CPU_LONGER = msgspec.structs.replace(
    CPU,
    name="cpu-longer",
    tokens=12_000_000,
    matrix_rate=0.014,
    other_rate=0.0028,
    anneal=0.75,
    self_conditioning_from=0.0,
    seed=1,
)
"""What `cpu` has learned, for an hour and a half more on one core: to be started from its checkpoint."""

GPU = Preset(
    name="gpu",
    architecture=Architecture(vocabulary=8192, width=640, layers=4, heads=8, feed_forward=2048),
    mixture=Mixture(
        characters=450_000_000,
        languages={"python": 0.74, "javascript": 0.13, "typescript": 0.07, "rust": 0.06},
        from_package=12_000_000,
    ),
    geometries=(
        Geometry(context=192, canvas=64, rows=96, canvases=4, share=0.35),
        Geometry(context=448, canvas=64, rows=48, canvases=6, share=0.30),
        Geometry(context=320, canvas=128, rows=48, canvases=3, share=0.17),
        Geometry(context=1024, canvas=64, rows=16, canvases=8, share=0.13),
        Geometry(context=320, canvas=256, rows=32, canvases=2, share=0.05),
    ),
    tokens=500_000_000,
    on_policy_from=1.0,  # the one choice that a run without it beat: docs/results.md
    loaders=12,
)
"""30M parameters for about 25 minutes of one H200-class GPU; planned from the CPU runs, never yet run on a GPU."""

PRESETS = {preset.name: preset for preset in (CPU, CPU_LONGER, GPU)}

CHANGEABLE = tuple(
    field.name
    for field in msgspec.structs.fields(Preset)
    if field.name not in ("name", "architecture", "mixture", "geometries", "formats")
)
"""Numbers of a preset that a run may change."""


READINGS = 100
"""How often a run may read its corpus: a diffusion model learns from about so many readings (arXiv 2507.15857)."""


def shortage(preset: Preset, manifest: Manifest) -> str | None:
    """What a corpus lacks for a run of ``preset``, and what helps; None where it lacks nothing.

    Its text must not be read more than :data:`READINGS` times over, and must fill the longest context once.
    """
    found = manifest.characters("train")
    window = int(CHARACTERS_PER_TOKEN * max(geometry.context for geometry in preset.geometries))
    wanted = int(CHARACTERS_PER_TOKEN * preset.tokens / READINGS)
    small = f"is too small for the preset `{preset.name}`: it holds {found:,} characters to train on"
    if found < window:
        return f"{small}, and one context takes {window:,}; add source folders"
    if found < wanted:
        return (
            f"{small}, and {wanted:,} are wanted, which {preset.tokens:,} tokens read {READINGS} times over; "
            f"add source folders, or train shorter: --set tokens={int(found * READINGS / CHARACTERS_PER_TOKEN)}"
        )
    if not manifest.shards["heldout"]:
        return "holds a single file, so that none can be held out; add source files"
    return None


def changed(preset: Preset, assignments: Sequence[str]) -> Preset:
    """``preset`` with each ``NAME=VALUE`` set; raises :class:`PresetError` for other names and values out of bounds."""
    values = msgspec.to_builtins(preset)
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or name not in CHANGEABLE:
            raise PresetError(
                f"{assignment!r} changes nothing: expected NAME=VALUE, with one of {', '.join(CHANGEABLE)}"
            )
        values[name] = value
    try:
        return msgspec.convert(values, Preset, strict=False)
    except msgspec.ValidationError as error:
        raise PresetError(f"the preset `{preset.name}` cannot be so changed: {error}") from error
