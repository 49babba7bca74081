"""A preset that trains in seconds, and a disk that is full."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dgls.training.architecture import Architecture
from dgls.training.command import train as command
from dgls.training.corpus import Mixture
from dgls.training.examples import Geometry
from dgls.training.presets import PRESETS, Preset
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


def dgls_train(*words: str | Path) -> Result:
    """``dgls train`` with ``words``; the preset `cpu`, which is the default, is the tiny one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(PRESETS, "cpu", TINY)
        return CliRunner().invoke(command, [str(word) for word in words], env={"COLUMNS": "1000"})


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file can be written beyond ``size`` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
