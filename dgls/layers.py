"""Where settings come from, and what holds when several say something. Knows the schema, no editor and no session.

Settings come in layers, weakest first: defaults, the user's own file, the project's ``pyproject.toml``, the editor,
the environment, the command line. Each layer is a plain ``{section: {field: value}}`` mapping; :func:`resolve` checks
every value on its own, so that one wrong value is named and replaced by what stood below it, and nothing else is lost.

A workspace may speak through its project file and through the editor. So what is marked ``MACHINE`` in the schema is
taken from neither.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_origin

import msgspec
import platformdirs
from msgspec import Meta

from dgls.config import ADDS, MACHINE, SECTIONS, Settings

ENVIRONMENT_PREFIX = "DGLS_"
Wrong = tuple[str, Any, Exception]
"""Where in a value something is wrong, what stands there, and why."""
LONGEST_VALUE = 100
"""Characters of a wrong value that a message quotes."""


class Layer(NamedTuple):
    """One source of settings: who says it, and what it says."""

    origin: str
    values: Mapping[str, Any]
    trusted: bool = True
    """Whether it may set what is marked ``MACHINE``."""
    text: bool = False
    """Whether its values are strings still to be read (the environment, the command line)."""
    root: str = "$"
    """The path of ``values`` in what the source holds."""
    trouble: str = ""
    """Why the source could not be read, if it could not; then it says nothing."""
    file: str = ""
    """The path of the user's own file, which may change."""


class Resolved(NamedTuple):
    """The settings in force, one message per value that was refused, and where each set value came from."""

    settings: Settings
    problems: list[str]
    origins: dict[str, str]


class Field(NamedTuple):
    """What the schema says of one setting."""

    type: Any
    machine: bool
    adds: bool
    """Whether layers add to the list; else the strongest layer's value holds alone."""


def _field(described: Any) -> Field:
    marks: dict[str, Any] = {}
    for meta in getattr(described, "__metadata__", ()):
        if isinstance(meta, Meta):
            marks |= meta.extra_json_schema or {}
    return Field(described, machine=marks.items() >= MACHINE.items(), adds=marks.items() >= ADDS.items())


FIELDS = {
    f"{section}.{leaf.name}": _field(leaf.type)
    for section, kind in SECTIONS.items()
    for leaf in msgspec.structs.fields(kind)
}
"""Every setting by its path, ``section.field``."""


def user_file() -> Path:
    """The user's own settings file: TOML, with one table per section."""
    return Path(platformdirs.user_config_dir("dgls", appauthor=False)) / "config.toml"


def resolve(layers: list[Layer]) -> Resolved:
    """Merge ``layers``, weakest first, into settings; what is wrong is named and left out."""
    problems: list[str] = []
    origins: dict[str, str] = {}
    accepted: dict[str, dict[str, Any]] = {name: {} for name in SECTIONS}
    for layer in layers:
        if layer.trouble:
            problems.append(f"{layer.origin} is ignored: {layer.trouble}")
        for path, value in _leaves(layer, problems):
            field = FIELDS[path]
            section, _, name = path.partition(".")
            if field.machine and not layer.trusted:
                problems.append(
                    f"{path} from {layer.origin} is ignored: what is loaded, downloaded or shared comes only from "
                    f"the command line, the environment ({variable(path)}) or {user_file()}"
                )
                continue
            read, wrong = _read(value, field, layer.text)
            problems += [_wrong(layer, path + place, given, error) for place, given, error in wrong]
            if read is msgspec.UNSET:
                continue
            if field.adds and name in accepted[section]:
                read = tuple(dict.fromkeys((*accepted[section][name], *read)))
                origins[path] += f", {layer.origin}"
            else:
                origins[path] = layer.origin
            accepted[section][name] = read
    sections = {name: kind(**accepted[name]) for name, kind in SECTIONS.items()}
    return Resolved(Settings(**sections), problems, origins)  # type: ignore[arg-type]  # each of its own kind


def file_layer(path: Path) -> Layer:
    """The layer of the user's own file; an absent file is empty, an unreadable one is empty and says why."""
    values, trouble = _toml(path)
    return Layer(str(path), values, trouble=trouble, file=str(path))


def project_layer(path: Path) -> Layer | None:
    """The layer of ``[tool.dgls]`` in a ``pyproject.toml``; None where the file has no such table."""
    values, trouble = _toml(path)
    tool = values.get("tool")
    own = tool.get("dgls") if isinstance(tool, Mapping) else None
    if own is not None and not isinstance(own, Mapping):
        own, trouble = {}, "expected `object` - at `$.tool.dgls`"
    if own is None and not trouble:
        return None
    return Layer(str(path), own or {}, trusted=False, root="$.tool.dgls", trouble=trouble)


def environment_layer(environment: Mapping[str, str] = os.environ) -> Layer:
    """The layer of ``DGLS_<SECTION>_<FIELD>`` variables; other variables are nobody's business here."""
    values: dict[str, dict[str, Any]] = {}
    for path in FIELDS:
        if variable(path) in environment:
            section, _, name = path.partition(".")
            values.setdefault(section, {})[name] = environment[variable(path)]
    return Layer("the environment", values, text=True)


def variable(path: str) -> str:
    """The environment variable of the setting at ``path``."""
    return ENVIRONMENT_PREFIX + path.replace(".", "_").upper()


def _leaves(layer: Layer, problems: list[str]) -> Iterator[tuple[str, Any]]:
    """Each setting of a layer with its value; what is no section and no setting is a problem."""
    for section, fields in layer.values.items():
        if section not in SECTIONS:
            problems.append(
                f"{section} from {layer.origin} is no section; there are: {', '.join(SECTIONS)}"
                f" - at `{layer.root}.{section}`"
            )
        elif not isinstance(fields, Mapping):
            problems.append(
                f"{section} from {layer.origin} is ignored: expected an object of settings"
                f" - at `{layer.root}.{section}`"
            )
        else:
            for name, value in fields.items():
                path = f"{section}.{name}"
                if path in FIELDS:
                    yield path, value
                else:
                    known = ", ".join(SECTIONS[section].__struct_fields__)
                    problems.append(
                        f"{path} from {layer.origin} is no setting; {section} has: {known}"
                        f" - at `{layer.root}.{path}`"
                    )


def _read(value: Any, field: Field, text: bool) -> tuple[Any, list[Wrong]]:
    """``value`` as the type of ``field``, or UNSET, and what of it is wrong.

    A string of a text layer may spell a number, a boolean, null or a list. Of a list to which layers add, one wrong
    item takes no other with it.
    """
    if text and isinstance(value, str):
        if get_origin(field.type.__origin__) is tuple:
            value = [part.strip() for part in value.split(",") if part.strip()]
        elif value.lower() in ("null", "none"):
            value = None
    pieces = [value]
    if field.adds and isinstance(value, list):
        pieces = [[item] for item in value]
    read: Any = msgspec.UNSET
    wrong: list[Wrong] = []
    for index, piece in enumerate(pieces):
        try:
            one = msgspec.convert(piece, field.type, strict=not text)
        except (msgspec.ValidationError, UnicodeEncodeError) as error:  # JSON may hold halves of characters
            wrong.append((f"[{index}]", piece[0], error) if len(pieces) > 1 else ("", piece, error))
        else:
            read = one if read is msgspec.UNSET else (*read, *one)
    return read, wrong


def _wrong(layer: Layer, path: str, value: Any, error: Exception) -> str:
    """What is wrong with a value, in msgspec's words, with its path in the source."""
    reason, _, inside = str(error).partition(" - at `$")
    quoted = repr(value)
    if len(quoted) > LONGEST_VALUE:
        quoted = quoted[:LONGEST_VALUE] + "…"
    place = path if path.endswith("]") else path + inside.rstrip("`")
    return f"{path} from {layer.origin} is ignored: {reason}, got {quoted} - at `{layer.root}.{place}`"


def _toml(path: Path) -> tuple[Mapping[str, Any], str]:
    """What a TOML file holds, and why it cannot be read, if it cannot; an absent file holds nothing."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), ""
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except OSError as error:
        return {}, f"it cannot be read: {error.strerror}"
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return {}, f"it is not TOML: {error}"
