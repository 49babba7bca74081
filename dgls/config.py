"""Every setting of dgls: its default, its bounds and one line on what it does.

Settings come in layers, weakest first: defaults, the user's own file, the editor, the environment, the
command line. Each layer is a plain ``{section: {field: value}}`` mapping; :func:`resolve` checks every value
on its own, so that one wrong value is named and replaced by what stood below it, and nothing else is lost.

The ``model`` section decides what is loaded, downloaded and where from. An editor may pass on what a
workspace says, so that section is never taken from it.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import platformdirs
from msgspec import Meta


class ModelSettings(msgspec.Struct, frozen=True):
    """What is loaded, and onto what. Never taken from an editor."""

    checkpoint: Annotated[str, Meta(min_length=1, description="`embedded`, a folder, or a hub id")] = (
        "embedded"
    )
    device: Annotated[Literal["auto", "cpu", "cuda", "mps"], Meta(description="where the model runs")] = (
        "auto"
    )
    dtype: Annotated[
        Literal["auto", "bfloat16", "float32"],
        Meta(description="precision; `auto` is bfloat16 where the hardware has it natively"),
    ] = "auto"
    allow_download: Annotated[bool, Meta(description="whether a hub id may be downloaded")] = False
    threads: Annotated[int, Meta(ge=0, le=1024, description="CPU threads; 0 leaves the choice to torch")] = 0


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
    ] = 6
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


class ServerSettings(msgspec.Struct, frozen=True):
    """How the server behaves towards its client."""

    log_level: Annotated[
        Literal["error", "warning", "info", "debug"], Meta(description="what is written to stderr")
    ] = "warning"


class Settings(msgspec.Struct, frozen=True):
    """All settings, by section."""

    model: ModelSettings = ModelSettings()
    infill: InfillSettings = InfillSettings()
    server: ServerSettings = ServerSettings()


class Layer(NamedTuple):
    """One source of settings: who says it, and what it says."""

    origin: str
    values: Mapping[str, Any]
    trusted: bool = True
    """Whether it may set the ``model`` section."""
    text: bool = False
    """Whether its values are strings still to be read (the environment, the command line)."""


class Resolved(NamedTuple):
    """The settings in force, one message per value that was refused, and where each set value came from."""

    settings: Settings
    problems: list[str]
    origins: dict[str, str]


ENVIRONMENT_PREFIX = "DGLS_"
SECTIONS = {field.name: field for field in msgspec.structs.fields(Settings)}


def user_file() -> Path:
    """The user's own settings file: TOML, with one table per section."""
    return Path(platformdirs.user_config_dir("dgls", appauthor=False)) / "config.toml"


def resolve(layers: list[Layer]) -> Resolved:
    """Merge ``layers``, weakest first, into settings; what is wrong is named and left out."""
    problems: list[str] = []
    origins: dict[str, str] = {}
    accepted: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    for layer in layers:
        for path, value in _leaves(layer, problems):
            section, _, name = path.partition(".")
            fields = {field.name: field for field in msgspec.structs.fields(SECTIONS[section].type)}
            if section == "model" and not layer.trusted:
                problems.append(
                    f"{path} from {layer.origin} is ignored: what is loaded comes only from the command "
                    f"line, the environment ({_variable(path)}) or {user_file()}"
                )
            elif name not in fields:
                problems.append(
                    f"{path} from {layer.origin} is no setting; {section} has: {', '.join(fields)}"
                )
            else:
                try:
                    accepted[section][name] = _read(value, fields[name].type, layer.text)
                    origins[path] = layer.origin
                except msgspec.ValidationError as error:
                    problems.append(f"{path} from {layer.origin} is ignored: {error}, got {value!r}")
    sections = {name: SECTIONS[name].type(**values) for name, values in accepted.items()}
    return Resolved(Settings(**sections), problems, origins)


def file_layer(path: Path) -> tuple[Layer, list[str]]:
    """The layer of a TOML file; an absent file is empty, an unreadable one is empty and a problem."""
    if not path.is_file():
        return Layer(str(path), {}), []
    try:
        return Layer(str(path), tomllib.loads(path.read_text(encoding="utf-8"))), []
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Layer(str(path), {}), [f"{path} is ignored: {error}"]


def environment_layer(environment: Mapping[str, str] = os.environ) -> Layer:
    """The layer of ``DGLS_<SECTION>_<FIELD>`` variables; other variables are nobody's business here."""
    values: dict[str, dict[str, Any]] = {}
    for section, field in SECTIONS.items():
        for leaf in msgspec.structs.fields(field.type):
            variable = _variable(f"{section}.{leaf.name}")
            if variable in environment:
                values.setdefault(section, {})[leaf.name] = environment[variable]
    return Layer("the environment", values, text=True)


def _leaves(layer: Layer, problems: list[str]) -> Iterator[tuple[str, Any]]:
    """Each ``section.field`` of a layer with its value; what is no section is a problem."""
    for section, fields in layer.values.items():
        if section not in SECTIONS:
            problems.append(f"{section} from {layer.origin} is no section; there are: {', '.join(SECTIONS)}")
        elif not isinstance(fields, Mapping):
            problems.append(f"{section} from {layer.origin} is ignored: expected an object of settings")
        else:
            for name, value in fields.items():
                yield f"{section}.{name}", value


def _read(value: Any, expected: Any, text: bool) -> Any:
    """``value`` as the type ``expected``; a string of a text layer may spell a number, a boolean or null."""
    if text and isinstance(value, str) and value.lower() in ("null", "none"):
        value = None
    return msgspec.convert(value, expected, strict=not text)


def _variable(path: str) -> str:
    return ENVIRONMENT_PREFIX + path.replace(".", "_").upper()
