"""How a checkpoint came about: the training runs behind it, oldest first, kept beside its weights."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

RUNS_FILE = "training.json"


class Run(msgspec.Struct, frozen=True):
    """One training run: the ``command`` that began it, and what it did so far; ``minutes`` are of training alone."""

    command: str
    date: str
    preset: str
    seed: int
    device: str
    versions: dict[str, str]
    steps: int = 0
    tokens: int = 0
    minutes: float = 0.0


def begin_run(folder: Path, command: str, preset: str, seed: int, device: str, start: Path | None) -> None:
    """Note in a run's ``folder`` what began it, behind the runs of the checkpoint it starts from; once."""
    path = folder / RUNS_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        earlier = read_runs(start) if start is not None else []
        versions = {name: version(name) for name in ("dgls", "torch", "transformers", "tokenizers")}
        run = Run(
            command,
            datetime.now(UTC).isoformat(timespec="seconds"),
            preset,
            seed,
            device,
            {"python": platform.python_version(), **versions},
        )
        path.write_bytes(msgspec.json.encode([*earlier, run]))


def read_runs(folder: Path) -> list[Run]:
    """The runs behind what is in ``folder``; none where nobody kept them."""
    path = folder / RUNS_FILE
    return msgspec.json.decode(path.read_bytes(), type=list[Run]) if path.exists() else []


def ended(runs: Sequence[Run], steps: int, tokens: int, minutes: float) -> list[Run]:
    """``runs`` with what the last of them has done."""
    last = msgspec.structs.replace(runs[-1], steps=steps, tokens=tokens, minutes=round(minutes, 1))
    return [*runs[:-1], last]
