"""What a checkpoint is trained for, read from ``dgls.json`` beside its weights.

Where that file is missing, DiffusionGemma's own rules hold: uniform corruption, no mask and no delete token,
one canvas length, a chat format.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from dgls.config import InfillSettings, PinConditioning

DESCRIPTION_FILE = "dgls.json"


class CheckpointError(Exception):
    """A checkpoint that cannot be used; the message names it, what is wrong and what to do."""


class SamplerAdvice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sampler values that a checkpoint recommends; null leaves the choice to its generation config or the
    library."""

    max_steps: Annotated[int, Meta(ge=1)] | None = None
    entropy_bound: Annotated[float, Meta(gt=0)] | None = None
    temperature_start: Annotated[float, Meta(ge=0)] | None = None
    temperature_end: Annotated[float, Meta(ge=0)] | None = None
    stability: Annotated[int, Meta(ge=0)] | None = None
    confidence: Annotated[float, Meta(gt=0)] | None = None
    pin_conditioning: PinConditioning | None = None


class SamplerRules(msgspec.Struct, frozen=True):
    """Sampler values in force.

    ``temperature_start`` belongs to the first of ``max_steps`` steps and ``temperature_end`` to the last.
    ``entropy_bound`` is in nats. The loop stops early when the argmax canvas stood still for ``stability``
    steps and the mean entropy is at most ``confidence`` nats. ``pin_conditioning`` is what self-conditioning sees at
    pinned positions.
    """

    max_steps: int
    entropy_bound: float
    temperature_start: float
    temperature_end: float
    stability: int
    confidence: float
    pin_conditioning: PinConditioning = "token"

    def under(self, settings: InfillSettings) -> "SamplerRules":
        """These rules with every value that the user set laid over them."""
        chosen = {
            "max_steps": settings.max_steps,
            "entropy_bound": settings.entropy_bound,
            "temperature_start": settings.temperature_start,
            "temperature_end": settings.temperature_end,
            "pin_conditioning": settings.pin_conditioning,
        }
        return msgspec.structs.replace(self, **{name: v for name, v in chosen.items() if v is not None})


def first_of(*advice: SamplerAdvice) -> SamplerRules:
    """Per field, the first value that is not null; the last advice must be complete."""
    fields = SamplerAdvice.__struct_fields__
    values = {name: next(v for a in advice if (v := getattr(a, name)) is not None) for name in fields}
    return SamplerRules(**values)


class Description(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A checkpoint's training, as far as denoising must know it.

    ``corruption`` is how free positions were noised. ``mask_token`` and ``delete_token`` are token strings of
    its tokenizer. ``canvas_lengths`` are the canvas sizes seen in training (tokens), ascending; empty means
    the ``canvas_length`` of its config. ``context_format`` is ``dgls`` (path, far suffix and prefix behind
    control tokens) or ``chat`` (the file with a marked gap in the user turn). ``context_tokens`` bounds what
    the encoder read in training. ``separate_boundaries`` says that prefix, gap and suffix were tokenised
    apart at the character cut.
    """

    corruption: Literal["uniform", "absorbing", "hybrid"] = "uniform"
    mask_token: str | None = None
    delete_token: str | None = None
    canvas_lengths: tuple[Annotated[int, Meta(ge=8)], ...] = ()
    context_format: Literal["dgls", "chat"] = "chat"
    context_tokens: Annotated[int, Meta(ge=64)] | None = None
    separate_boundaries: bool = False
    sampler: SamplerAdvice = SamplerAdvice()

    def __post_init__(self) -> None:
        if self.corruption != "uniform" and self.mask_token is None:
            raise ValueError(f"corruption `{self.corruption}` needs a `mask_token`")
        if list(self.canvas_lengths) != sorted(set(self.canvas_lengths)):
            raise ValueError(f"`canvas_lengths` must be ascending, got {list(self.canvas_lengths)}")


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
