"""What a checkpoint needs of a machine, read from its files without loading it."""

import struct
from json import JSONDecodeError, loads
from math import prod
from pathlib import Path
from typing import NamedTuple

import psutil
import torch

from dgls.config import ModelSettings
from dgls.model.checkpoint import find_checkpoint, read_config
from dgls.model.description import CheckpointError, read_description
from dgls.model.placement import choose_device, choose_dtype


class Needs(NamedTuple):
    """A checkpoint against a machine; memory in bytes, of the device that the model runs on."""

    folder: str
    device: str
    dtype: str
    parameters: int
    weights: int
    """What the weights take once they are loaded. Contexts and canvases come on top."""
    free: int


def needs_of(settings: ModelSettings) -> Needs:
    """What loading ``settings`` takes; downloads nothing. Raises :class:`CheckpointError`."""
    device = choose_device(settings.device)
    dtype = choose_dtype(settings.dtype, device)
    folder = find_checkpoint(settings.checkpoint, allow_download=False)
    read_config(folder)
    read_description(folder)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CheckpointError(
            f'checkpoint "{folder}" has no weights (*.safetensors); copy them there, or export it again'
        )
    parameters = sum(_parameters(file) for file in files)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    return Needs(
        str(folder),
        device.type,
        str(dtype).removeprefix("torch."),
        parameters,
        parameters * dtype.itemsize,
        free,
    )


def _parameters(file: Path) -> int:
    """How many numbers a weights file holds, by its header: a length of 8 bytes, then JSON."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = loads(stream.read(min(length, file.stat().st_size)))
        return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (OSError, struct.error, JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f'checkpoint "{file.parent}": {file.name} is damaged; copy it again') from error
