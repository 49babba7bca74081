"""Presets: everything that decides a training run, by name, so that one command reproduces a checkpoint."""

import msgspec

from dgls.training.architecture import Architecture
from dgls.training.corpus import Mixture
from dgls.training.examples import Formats, Geometry


class Preset(msgspec.Struct, frozen=True):
    """A training run over ``tokens`` tokens, those of contexts and canvases counted alike; rates are peak values."""

    name: str
    architecture: Architecture
    mixture: Mixture
    geometries: tuple[Geometry, ...]
    tokens: int
    formats: Formats = Formats()
    warm_up: float = 0.02
    """Share of the run in which rates rise from zero."""
    anneal: float = 0.6
    """Share of the run, its last, in which rates fall to zero."""
    matrix_rate: float = 0.02
    """Muon's learning rate, for the matrices of the blocks."""
    other_rate: float = 0.004
    """AdamW's learning rate, for embeddings and gains."""
    encoder_weight: float = 0.5
    """Weight of the encoder's autoregressive loss."""
    delete_weight: float = 0.15
    """Weight of a delete token's loss: they are many and easy."""
    uniform_share: float = 0.12
    """Share of the corrupted positions that get a random token; the others get the mask (GIDD, arXiv 2503.04482)."""
    self_conditioning: float = 0.5
    """Share of the steps that condition on the model's own first pass, once that is worth conditioning on:"""
    self_conditioning_from: float = 0.4
    """from this share of the run on."""
    on_policy_from: float = 0.75
    """From this share of the run on, half of the steps take their noise from the model's own predictions."""
    loaders: int = 1
    seed: int = 0


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
    loaders=12,
)
"""30M parameters for about 25 minutes of one H200-class GPU; planned from the CPU runs, never yet run on a GPU."""

PRESETS = {preset.name: preset for preset in (CPU, CPU_LONGER, GPU)}
