"""The state of a run: everything that it needs to go on, and all that its export is made of."""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import torch

from dgls.training.folder import STATE_FILE, TrainingError, written_aside
from dgls.training.presets import Preset


class State(NamedTuple):
    """Where a run stands after ``step`` steps, ``tokens`` tokens and ``elapsed`` seconds of training.

    ``model`` and each of ``optimisers`` are state dicts.
    """

    preset: Preset
    step: int
    tokens: int
    elapsed: float
    model: dict[str, torch.Tensor]
    optimisers: list[dict[str, Any]]


def same_outcome(one: Preset, other: Preset) -> bool:
    """Whether two presets train the same, whatever else may differ."""
    return msgspec.structs.replace(one, loaders=0) == msgspec.structs.replace(other, loaders=0)


def read_state(run: Path, device: torch.device | None = None) -> State:
    """The state of a run, on ``device`` (default: the CPU). Raises :class:`TrainingError` where none can be read."""
    path = run / STATE_FILE
    try:
        values = torch.load(path, weights_only=True, map_location=device or "cpu")
        return State(**{**values, "preset": msgspec.json.decode(values["preset"], type=Preset)})
    except FileNotFoundError:
        raise TrainingError(f'{run} has no {STATE_FILE}; train first with "dgls train run"') from None
    except Exception as error:  # torch raises a dozen kinds here
        raise TrainingError(f"{path} cannot be read ({error}); remove it to start anew") from error


def write_state(run: Path, state: State) -> None:
    """Write the state of a run in place of the one before. Raises :class:`TrainingError` on a full disk."""
    with written_aside(run / STATE_FILE) as aside:
        torch.save({**state._asdict(), "preset": msgspec.json.encode(state.preset).decode()}, aside)
