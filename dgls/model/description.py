"""What a checkpoint is trained for, read from ``dgls.json`` beside its weights.

Where that file is missing, DiffusionGemma's own rules hold: uniform corruption, no mask and no delete token, one
canvas length, a chat format.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

DESCRIPTION_FILE = "dgls.json"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message names it, what is wrong and what to do."""


class SamplerRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sampler values that a checkpoint recommends; null leaves the choice to its generation config or the library."""

    max_steps: Annotated[int, Meta(ge=1)] | None = None
    entropy_bound: Annotated[float, Meta(gt=0)] | None = None
    temperature_start: Annotated[float, Meta(ge=0)] | None = None
    temperature_end: Annotated[float, Meta(ge=0)] | None = None
    stability: Annotated[int, Meta(ge=0)] | None = None
    confidence: Annotated[float, Meta(gt=0)] | None = None


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A checkpoint's training, as far as denoising must know it.

    ``corruption`` is how free positions were noised. ``mask_token`` and ``delete_token`` are token strings of its
    tokenizer. ``canvas_lengths`` are the canvas sizes seen in training (tokens), ascending; empty means the
    ``canvas_length`` of its config. ``context_format`` is ``dgls`` (path, far suffix and prefix behind control
    tokens) or ``chat`` (the file with a marked gap in the user turn). ``context_tokens`` bounds what the encoder read
    in training. ``separate_boundaries`` says that prefix, gap and suffix were tokenised apart at the character cut.
    """

    corruption: Literal["uniform", "absorbing", "hybrid"] = "uniform"
    mask_token: str | None = None
    delete_token: str | None = None
    canvas_lengths: tuple[Annotated[int, Meta(ge=8)], ...] = ()
    context_format: Literal["dgls", "chat"] = "chat"
    context_tokens: Annotated[int, Meta(ge=64)] | None = None
    separate_boundaries: bool = False
    sampler: SamplerRules = SamplerRules()

    def __post_init__(self) -> None:
        if self.corruption != "uniform" and self.mask_token is None:
            raise ValueError(f"corruption `{self.corruption}` needs a `mask_token`")


def read_description(folder: Path) -> Description:
    """The description beside the weights in ``folder``, or DiffusionGemma's rules where there is none.

    Raises :class:`CheckpointError` on a file that does not say what it should.
    """
    path = folder / DESCRIPTION_FILE
    if not path.is_file():
        return Description()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (OSError, msgspec.MsgspecError) as error:
        raise CheckpointError(f'checkpoint "{folder}": {DESCRIPTION_FILE} cannot be used: {error}') from error
