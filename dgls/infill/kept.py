"""What is kept for one client between its requests, so that the next one costs less. Used by the model thread alone."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dgls.infill.related import Shelf  # brings the parser, which the engine does without
    from dgls.infill.resume import LastCanvas
    from dgls.model.prefix_store import PrefixStore  # brings torch, which the engine does without


def _shelf() -> "Shelf":
    from dgls.infill.related import Shelf

    return Shelf()


@dataclass
class Kept:
    """The context that the encoder has read for a client, the canvases that were denoised last behind it, and how
    other texts were cut up to choose from."""

    store: "PrefixStore"
    canvases: "list[LastCanvas]" = field(default_factory=list)
    shelf: "Shelf" = field(default_factory=_shelf)
