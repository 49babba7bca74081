"""The messages that are dgls's own: what its command takes and answers, and what ``dgls/frame`` carries."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from pygls.exceptions import JsonRpcInvalidParams

FILL_COMMAND = "dgls.fill"
FRAME_METHOD = "dgls/frame"

Unsigned = Annotated[int, Meta(ge=0, le=2**31 - 1)]


class Refused(JsonRpcInvalidParams):
    """A request that asks for what cannot be; the message says what, and goes to the client."""


class Position(msgspec.Struct, frozen=True):
    """A place in a document, in the negotiated encoding."""

    line: Unsigned
    character: Unsigned


class Range(msgspec.Struct, frozen=True):
    """A span of a document."""

    start: Position
    end: Position


class FillArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one argument of ``dgls.fill``: the span that is to be rewritten so that it fits both sides."""

    uri: str
    range: Range


class FillResult(msgspec.Struct, frozen=True):
    """What ``dgls.fill`` answers.

    ``validated`` says whether the applied text is known to add no fault; ``reason`` why none was applied.
    """

    applied: bool
    validated: bool = False
    reason: str | None = None


class ItemMark(msgspec.Struct, frozen=True):
    """What dgls says of an item beyond the protocol: whether its text is known to add no fault."""

    validated: bool


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """An InlineCompletionItem. ``range`` begins and ends on one line; ``data`` is dgls's own."""

    insert_text: str
    range: Range
    data: ItemMark


class DraftRun(msgspec.Struct, frozen=True):
    """A stretch of a draft; ``confidence`` is null where the text is still noise."""

    text: str
    confidence: float | None


class Draft(msgspec.Struct, frozen=True):
    """The draft of one gap; ``range`` is the gap in the document's version ``version``."""

    range: Range
    runs: tuple[DraftRun, ...]


class FrameParams(msgspec.Struct, frozen=True):
    """``dgls/frame``, server to client: what one denoising step of the request ``id`` shows."""

    uri: str
    version: int
    id: int | str
    state: Literal["denoising", "repairing", "done"]
    step: int
    drafts: tuple[Draft, ...]


def read_fill_arguments(arguments: Sequence[Any]) -> FillArguments:
    """The command's argument; raises :class:`Refused` on anything else."""
    if len(arguments) != 1:
        raise Refused(f"{FILL_COMMAND} takes one argument, {{uri, range}}; got {len(arguments)}")
    try:
        return msgspec.convert(arguments[0], FillArguments)
    except msgspec.ValidationError as error:
        raise Refused(f"{FILL_COMMAND} takes {{uri, range}}: {error}") from error
