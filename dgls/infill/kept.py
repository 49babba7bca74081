"""What is kept for one client between its requests, so that the next one costs less. Used by the model thread alone."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dgls.infill.resume import LastCanvas
    from dgls.model.prefix_store import PrefixStore  # brings torch, which the engine does without


@dataclass
class Kept:
    """The context that the encoder has read for a client, and the canvases that were denoised last behind it."""

    store: "PrefixStore"
    canvases: "list[LastCanvas]" = field(default_factory=list)
