"""What a checkpoint needs of a machine, read from its files without loading it."""

import struct
from json import JSONDecodeError, loads
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import psutil
import torch

from dgls.config import InfillSettings, ModelSettings
from dgls.model.checkpoint import NotDownloaded, find_checkpoint, read_config, read_text_config
from dgls.model.description import CheckpointError, read_description
from dgls.model.host import context_limit, layer_shapes, lengths_of, usual_context
from dgls.model.placement import choose_device, choose_dtype
from dgls.model.prefix_store import CHUNK, token_bytes

if TYPE_CHECKING:
    from transformers import DiffusionGemmaTextConfig


LOGITS = 4
"""Tensors of the size of the logits that a step has at once: them, those of the step before, and what is drawn from."""


class Needs(NamedTuple):
    """A checkpoint against a machine; memory in bytes, of the device that the model runs on."""

    folder: str
    device: str
    dtype: str
    parameters: int
    weights: int
    """What the weights take once they are loaded."""
    store: int
    """What one client's prefix store takes, with a whole context in it."""
    work: int
    """About what a step takes on the longest canvas, with all candidates."""
    free: int

    @property
    def total(self) -> int:
        """What one client needs."""
        return self.weights + self.store + self.work


def needs_of(settings: ModelSettings, infill: InfillSettings) -> Needs:
    """What loading ``settings`` and filling by ``infill`` takes; downloads nothing. Raises :class:`CheckpointError`."""
    device = choose_device(settings.device)
    dtype = choose_dtype(settings.dtype, device)
    try:
        folder = find_checkpoint(settings.checkpoint, allow_download=False)
    except NotDownloaded as error:
        if not settings.allow_download:
            raise
        raise CheckpointError(
            f'checkpoint "{settings.checkpoint}" is not on this machine yet; start dgls, which downloads it'
        ) from error
    config, description = read_config(folder), read_description(folder)
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CheckpointError(
            f'checkpoint "{folder}" has no weights (*.safetensors); copy them there, or export it again'
        )
    parameters = sum(_parameters(file) for file in files)
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else psutil.virtual_memory().available
    text = read_text_config(folder)
    limit = context_limit(config, description)
    context = min(infill.context_tokens or usual_context(device, limit), limit)
    longest = lengths_of(config, description)[-1]
    canvas = min(infill.canvas_tokens or longest, longest)
    return Needs(
        str(folder),
        device.type,
        str(dtype).removeprefix("torch."),
        parameters,
        parameters * dtype.itemsize,
        -(-context // CHUNK) * CHUNK * token_bytes(layer_shapes(text), dtype),
        _work(text, infill.candidates, canvas, context, dtype),
        free,
    )


def _work(
    text: "DiffusionGemmaTextConfig", candidates: int, canvas: int, context: int, dtype: torch.dtype
) -> int:
    """Bytes of what lives at once in a step: logits, one layer's activations and its scores."""
    positions = candidates * canvas
    logits: int = positions * text.vocab_size * LOGITS * torch.float32.itemsize
    layer: int = positions * (4 * text.hidden_size + 3 * text.intermediate_size) * dtype.itemsize
    scores: int = positions * (context + canvas) * text.num_attention_heads * dtype.itemsize
    return logits + layer + scores


def _parameters(file: Path) -> int:
    """How many numbers a weights file holds, by its header: a length of 8 bytes, then JSON."""
    try:
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            header = loads(stream.read(min(length, file.stat().st_size)))
        return sum(prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")
    except (OSError, struct.error, JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise CheckpointError(f'checkpoint "{file.parent}": {file.name} is damaged; copy it again') from error
