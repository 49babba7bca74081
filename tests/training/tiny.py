"""A preset that trains in seconds."""

from pathlib import Path

from dgls.training.architecture import Architecture
from dgls.training.corpus import Mixture
from dgls.training.examples import Geometry
from dgls.training.presets import Preset
from dgls.training.trainer import train

MIXTURE = Mixture(10_000_000, {"python": 1.0}, from_package=1_000_000)
TINY = Preset(
    name="tiny",
    architecture=Architecture(vocabulary=400, width=64, layers=2, heads=2, feed_forward=128, head_width=32),
    mixture=MIXTURE,
    geometries=(
        Geometry(context=96, canvas=64, rows=2, canvases=2, share=0.8),
        Geometry(context=128, canvas=128, rows=1, canvases=2, share=0.2),
    ),
    tokens=6_000,
)


def train_tiny(run: Path, corpus: Path, preset: Preset, tokenizer, start: Path | None = None) -> None:
    train(run, corpus, preset, tokenizer.backend_tokenizer, start, lambda progress: None, lambda: None)
