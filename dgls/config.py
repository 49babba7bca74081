"""Every setting of dgls: its default, its bounds and one line on what it does. Knows nothing of where values come from.

A field that is marked ``MACHINE`` loads code, downloads, listens or spends what all windows share: it is taken from
the command line, the environment or the user's own file alone (see ``layers.py``).
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

MACHINE: dict[str, Any] = {"scope": "machine"}
"""Of a field that no editor and no workspace may set: ``Meta(extra_json_schema=MACHINE, ...)``."""
ADDS: dict[str, Any] = {"merge": "add"}
"""Of a list to which every layer can only add."""


PinConditioning = Literal["token", "flat"]
"""What self-conditioning sees at a pinned position: the pinned token, or every token alike (the mean embedding)."""


class ModelSettings(msgspec.Struct, frozen=True):
    """What is loaded, and onto what. Never taken from an editor or a project."""

    checkpoint: Annotated[
        str,
        Meta(min_length=1, description="`embedded`, a folder, or a hub id", extra_json_schema=MACHINE),
    ] = "embedded"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Meta(description="where the model runs", extra_json_schema=MACHINE),
    ] = "auto"
    dtype: Annotated[
        Literal["auto", "bfloat16", "float32"],
        Meta(
            description="precision; `auto` is bfloat16 where the hardware has it natively",
            extra_json_schema=MACHINE,
        ),
    ] = "auto"
    allow_download: Annotated[
        bool, Meta(description="whether a hub id may be downloaded", extra_json_schema=MACHINE)
    ] = False
    threads: Annotated[
        int,
        Meta(
            ge=0,
            le=1024,
            description="CPU threads; 0 leaves the choice to torch",
            extra_json_schema=MACHINE,
        ),
    ] = 0


class InfillSettings(msgspec.Struct, frozen=True):
    """How a gap is filled. Fields that default to null take the checkpoint's own value."""

    context_tokens: Annotated[
        Annotated[int, Meta(ge=64, le=262_144)] | None,
        Meta(description="tokens the encoder reads; null is 1,024 on a CPU, 8,192 on a GPU"),
    ] = None
    canvas_tokens: Annotated[
        Annotated[int, Meta(ge=16, le=4096)] | None,
        Meta(description="tokens of the canvas; null is at most 128 on a CPU, else the checkpoint's"),
    ] = None
    free_tokens: Annotated[
        int, Meta(ge=4, le=1024, description="free positions given to a gap of unknown length")
    ] = 32
    max_steps: Annotated[
        Annotated[int, Meta(ge=1, le=512)] | None,
        Meta(description="denoising steps at most; null is the checkpoint's"),
    ] = None
    entropy_bound: Annotated[
        Annotated[float, Meta(gt=0, le=100)] | None,
        Meta(description="nats of joint entropy accepted in a step"),
    ] = None
    temperature_start: Annotated[
        Annotated[float, Meta(ge=0.01, le=10)] | None,
        Meta(description="sampling temperature of the first step"),
    ] = None
    temperature_end: Annotated[
        Annotated[float, Meta(ge=0.01, le=10)] | None,
        Meta(description="sampling temperature of the last step"),
    ] = None
    pin_conditioning: Annotated[
        PinConditioning | None,
        Meta(description="what self-conditioning sees at pins: `token`, or `flat` for nothing in particular"),
    ] = None
    candidates: Annotated[int, Meta(ge=1, le=16, description="candidates denoised as one batch")] = 4
    lengths: Annotated[
        int,
        Meta(
            ge=1,
            le=6,
            description="lengths that candidates for an empty gap have in turn, each half the last",
        ),
    ] = 4
    repair: Annotated[
        Literal["renoise", "resample"],
        Meta(description="what is done about faults: renoise what is under them, or draw whole fills anew"),
    ] = "renoise"
    repair_rounds: Annotated[int, Meta(ge=0, le=10, description="rounds of repair; 0 is none")] = 3
    repair_steps: Annotated[
        int, Meta(ge=1, le=64, description="denoising steps of one round; drawing anew gets as many in all")
    ] = 5
    deadline_ms: Annotated[
        int, Meta(ge=1, le=600_000, description="ms after which the best answer so far is taken (automatic)")
    ] = 2_000
    command_deadline_ms: Annotated[
        int, Meta(ge=1, le=600_000, description="ms after which the best answer so far is taken (commands)")
    ] = 20_000
    validate: Annotated[bool, Meta(description="offer only fills that add no fault")] = True
    seed: Annotated[
        int,
        Meta(
            ge=0,
            le=2**31 - 1,
            description="seed of every random choice; with 0 the first draw takes the likeliest tokens",
        ),
    ] = 0


class ContextSettings(msgspec.Struct, frozen=True):
    """What the model reads beside the file that it fills."""

    related_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=16_384,
            description="tokens of the context, at most half of it, for related pieces of other open files and of "
            "what was edited lately; 0 is none",
        ),
    ] = 0


class InlineSettings(msgspec.Struct, frozen=True):
    """When text is offered at the cursor."""

    trigger: Annotated[
        Literal["automatic", "manual", "off"],
        Meta(description="while typing, only when asked by hand, or never"),
    ] = "automatic"
    debounce_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000,
            description="ms without a keystroke that are waited at most; who types faster waits less",
        ),
    ] = 250
    min_confidence: Annotated[
        float,
        Meta(
            ge=0, le=1, description="what is less likely, by the mean of its tokens, is offered only by hand"
        ),
    ] = 0.5
    speculate: Annotated[
        bool,
        Meta(description="fill ahead, while nobody waits, what follows if the shown text is accepted"),
    ] = True


class ServerSettings(msgspec.Struct, frozen=True):
    """How the server behaves towards its client, and which documents it answers for at all."""

    enabled: Annotated[
        bool, Meta(description="whether anything is filled; may differ from folder to folder")
    ] = True
    disabled_languages: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(description="language ids that are not filled; `*` is any, `!python` takes one out again"),
    ] = ()
    disabled_folders: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(description="folders in which nothing is filled: absolute, or from `~`"),
    ] = ()
    exclude: Annotated[
        tuple[Annotated[str, Meta(min_length=1)], ...],
        Meta(description="patterns, as in `.gitignore`, of files of the workspace that are not filled"),
    ] = ()
    secrets: Annotated[
        tuple[Annotated[str, Meta(pattern="^[^!]")], ...],
        Meta(
            description="more patterns of files that hold secrets; every source adds to them, and to dgls's own",
            extra_json_schema=ADDS,
        ),
    ] = ()
    log_level: Annotated[
        Literal["error", "warning", "info", "debug"], Meta(description="what is written to stderr")
    ] = "warning"
    stream: Annotated[
        Literal["preview", "edits"],
        Meta(
            description="how a command's fill is shown as it settles: as `dgls/frame` alone, or in the document itself"
        ),
    ] = "preview"
    shared: Annotated[
        bool,
        Meta(
            description="whether one model serves all of the user's windows, as with `--shared`",
            extra_json_schema=MACHINE,
        ),
    ] = False
    unload_minutes: Annotated[
        float,
        Meta(
            ge=0,
            le=525_600,
            description="minutes without a request after which the model is unloaded, until the next one; 0 is never",
            extra_json_schema=MACHINE,
        ),
    ] = 60
    store_mb: Annotated[
        int,
        Meta(
            ge=1,
            le=1_048_576,
            description="megabytes that the prefix store of a window may take; the context is cut to what fits",
            extra_json_schema=MACHINE,
        ),
    ] = 4096


class Settings(msgspec.Struct, frozen=True):
    """All settings, by section."""

    model: ModelSettings = ModelSettings()
    infill: InfillSettings = InfillSettings()
    context: ContextSettings = ContextSettings()
    inline: InlineSettings = InlineSettings()
    server: ServerSettings = ServerSettings()


SECTIONS: dict[str, type[msgspec.Struct]] = {
    field.name: field.type for field in msgspec.structs.fields(Settings)
}
"""The sections by name."""
