"""How a checkpoint came about: the training runs behind it, oldest first, kept beside its weights."""

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from dgls.training.folder import EARLIER_CARD, RUNS_FILE, TrainingError, written_aside


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
    """Note in a run's ``folder`` what began it, behind the runs of the checkpoint it starts from; once.

    That checkpoint's card is kept too: what earlier runs read stands nowhere else. Raises :class:`TrainingError` where
    the notes of either are damaged or none can be written.
    """
    if read_runs(folder):
        return
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
    if start is not None:
        with written_aside(folder / EARLIER_CARD) as aside:
            aside.write_bytes(_card_of(start))
    with written_aside(folder / RUNS_FILE) as aside:
        aside.write_bytes(msgspec.json.encode([*earlier, run]))


def _card_of(checkpoint: Path) -> bytes:
    card = checkpoint / "README.md"
    return (
        card.read_bytes() if card.exists() else b"It had no card: what it was trained on is not known here.\n"
    )


def read_runs(folder: Path) -> list[Run]:
    """The runs behind what is in ``folder``; none where nobody kept them.

    Raises :class:`TrainingError` where they cannot be read.
    """
    path = folder / RUNS_FILE
    try:
        runs: list[Run] = msgspec.json.decode(
            path.read_bytes(), type=Annotated[list[Run], Meta(min_length=1)]
        )
    except FileNotFoundError:
        return []
    except (OSError, msgspec.MsgspecError) as error:
        raise TrainingError(
            f"{path} is damaged ({error}); put a copy in its place, or remove it: "
            '"dgls train run" then notes anew what it can'
        ) from error
    return runs


def ended(runs: Sequence[Run], steps: int, tokens: int, minutes: float) -> list[Run]:
    """``runs`` with what the last of them has done."""
    last = msgspec.structs.replace(runs[-1], steps=steps, tokens=tokens, minutes=round(minutes, 1))
    return [*runs[:-1], last]
