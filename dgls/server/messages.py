"""The messages that are dgls's own: what its commands and notifications take, and what they answer or carry."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta
from pygls.exceptions import JsonRpcInvalidParams

FILL_COMMAND = "dgls.fill"
HOLES_COMMAND = "dgls.fillHoles"
REPAIR_COMMAND = "dgls.repair"
REDENOISE_COMMAND = "dgls.redenoise"
REWRITE_COMMAND = "dgls.rewrite"
ACCEPTED_COMMAND = "dgls.accepted"
PAUSE_COMMAND = "dgls.pause"
RESUME_COMMAND = "dgls.resume"
OWN_METHODS = "dgls/"
"""What the methods that are no part of the protocol begin with."""
FRAME_METHOD = "dgls/frame"
STATUS_METHOD = "dgls/status"
IMPROVED_METHOD = "dgls/improved"
ACCEPTED_METHOD = "dgls/accepted"
PARTIALLY_ACCEPTED_METHOD = "dgls/partiallyAccepted"
REJECTED_METHOD = "dgls/rejected"

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


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every command takes in its one argument."""

    uri: str
    candidates: Annotated[int, Meta(ge=1, le=16)] | None = None
    """How many candidates are denoised as one batch; null: as many as the settings say."""
    apply: bool = True
    """Whether the best fill is applied; else the result only says what there is, for the client to choose from."""


class FillArguments(Arguments, frozen=True, kw_only=True):
    """``dgls.fill``: the span that is to be rewritten so that it fits both sides, and what in it must survive.

    Or several spans, as of several cursors: each gets a text of its own.
    """

    range: Range | None = None
    ranges: tuple[Range, ...] = ()
    pins: tuple[Range, ...] = ()


class RewriteArguments(FillArguments, frozen=True, kw_only=True):
    """``dgls.rewrite``: a span, and which share of its tokens is drawn again."""

    strength: Annotated[float, Meta(ge=0, le=1)]


class HolesArguments(Arguments, frozen=True, kw_only=True):
    """``dgls.fillHoles``: the span whose holes are filled; empty: the function around it; null: the whole document."""

    range: Range | None = None


class RepairArguments(Arguments, frozen=True, kw_only=True):
    """``dgls.repair``: the span whose faults are mended; null: the whole document."""

    range: Range | None = None


class RedenoiseArguments(Arguments, frozen=True, kw_only=True):
    """``dgls.redenoise``: which parts of the last fill are drawn again; none named: all of it."""

    ranges: tuple[Range, ...] = ()


class LazyAction(msgspec.Struct, frozen=True):
    """The ``data`` of a code action whose edit is found when it is resolved: a command on a document's version."""

    command: Literal["dgls.fill", "dgls.fillHoles", "dgls.repair", "dgls.redenoise", "dgls.rewrite"]
    argument: dict[str, Any]
    version: int


class Change(msgspec.Struct, frozen=True, rename="camel"):
    """A TextEdit."""

    range: Range
    new_text: str


class Offer(msgspec.Struct, frozen=True):
    """A fill as a command answers it: edits to the document's version that the result names."""

    edits: tuple[Change, ...]
    validated: bool
    confidence: float


class FillResult(msgspec.Struct, frozen=True):
    """What every command answers.

    ``validated`` says whether the applied text is known to add no fault; ``reason`` why none was applied. ``fills``
    are all there are, best first; ``left`` counts the holes or faults that were found and stay as they are.
    """

    applied: bool
    validated: bool = False
    reason: str | None = None
    version: int | None = None
    fills: tuple[Offer, ...] = ()
    left: int = 0


class ItemMark(msgspec.Struct, frozen=True):
    """What dgls says of an item beyond the protocol: whether its text is known to add no fault, and its id."""

    validated: bool
    id: int


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``dgls/accepted``, client to server, and the argument of ``dgls.accepted``: an item is in the document."""

    id: Unsigned


class PartiallyAccepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``dgls/partiallyAccepted``, client to server: ``length`` UTF-16 units of an item are in the document by now."""

    id: Unsigned
    length: Unsigned


class Rejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``dgls/rejected``, client to server: these items were dismissed."""

    ids: tuple[Unsigned, ...]


class AcceptedCommand(msgspec.Struct, frozen=True):
    """The Command that an editor runs once it has put in an item."""

    arguments: tuple[Accepted]
    title: str = "dgls: accepted"
    command: str = ACCEPTED_COMMAND


class Item(msgspec.Struct, frozen=True, rename="camel"):
    """An InlineCompletionItem. ``range`` begins and ends on one line; ``data`` is dgls's own."""

    insert_text: str
    filter_text: str
    range: Range
    command: AcceptedCommand
    data: ItemMark


State = Literal["loading", "ready", "busy", "paused", "disabled", "error", "unloaded"]


class StatusOf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``dgls/status`` takes as a request: a document, or null for dgls in general."""

    uri: str | None = None


class StatusParams(msgspec.Struct, frozen=True):
    """``dgls/status``: how dgls does, as a notification to the client and as the answer to a request.

    ``percentage`` is of loading. ``uri`` is the document that is meant, or null: ``disabled`` is always about one.
    ``model`` is the checkpoint's name.
    """

    state: State
    message: str
    percentage: int | None
    uri: str | None
    model: str


class Improved(msgspec.Struct, frozen=True):
    """``dgls/improved``, server to client: better items for the inline completion ``id``, found when its time was up.

    They take the place of those that it was answered with, in the document's version ``version``.
    """

    uri: str
    version: int
    id: int | str
    items: tuple[Any, ...]


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


Params = TypeVar("Params", bound=msgspec.Struct)


def read_arguments(command: str, arguments: Sequence[Any], kind: type[Params]) -> Params:
    """The one argument of ``command``; raises :class:`Refused` on anything else."""
    if len(arguments) != 1:
        raise Refused(f"{command} takes one argument, {_shape(kind)}; got {len(arguments)}")
    return read_params(command, arguments[0], kind)


def read_params(what: str, params: Any, kind: type[Params]) -> Params:
    """What a command or a method of ours is given; raises :class:`Refused` on anything else."""
    try:
        return msgspec.convert(params, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:  # JSON may hold halves of characters
        raise Refused(f"{what} takes {_shape(kind)}: {error}") from error


def _shape(kind: type[msgspec.Struct]) -> str:
    fields = msgspec.structs.fields(kind)
    return "{" + ", ".join(field.encode_name + ("" if field.required else "?") for field in fields) + "}"
