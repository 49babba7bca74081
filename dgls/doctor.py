"""`dgls doctor`: what a user needs to know of an installation, and what to do about what is wrong."""

import platform
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

import dgls
from dgls.config import SECTIONS
from dgls.failures import explain
from dgls.infill.request import FillRequest, Gap
from dgls.layers import Layer, resolve, user_file
from dgls.policy import refusal, wrong_patterns
from dgls.surroundings import look_around
from dgls.syntax.language import GrammarMissing, LanguageError, describe, grammars_folder, language_of

if TYPE_CHECKING:
    from dgls.model.needs import Needs

PACKAGES = ("torch", "transformers", "pygls", "lsprotocol", "tree-sitter", "msgspec")
TRIED = "def area(width, height):\n    return \n"


class Finding(msgspec.Struct, frozen=True):
    """Something that is wrong, and what to do about it."""

    wrong: str
    next_step: str


class Setting(msgspec.Struct, frozen=True):
    """A setting in force, and who said so."""

    path: str
    value: Any
    origin: str


class File(msgspec.Struct, frozen=True):
    """A file that was asked about: its LSP language id, and why it is left alone, if it is."""

    path: str
    language: str
    left_alone: str | None


class Trial(msgspec.Struct, frozen=True):
    """A fill that was tried: seconds to load the model, milliseconds to fill, and what was offered."""

    load_s: float
    fill_ms: float
    fills: int


class Diagnosis(msgspec.Struct):
    """All that `dgls doctor` found."""

    versions: dict[str, str]
    user_file: str
    user_file_exists: bool
    shared_server: str
    settings: list[Setting]
    file: File | None = None
    grammars: list[str] = msgspec.field(default_factory=list)
    missing_grammars: dict[str, str] = msgspec.field(default_factory=dict)
    """Language -> how to get its grammar."""
    model: dict[str, Any] | None = None
    trial: Trial | None = None
    findings: list[Finding] = msgspec.field(default_factory=list)


def examine(layers: list[Layer], *, fill: bool, file: str | None = None) -> Diagnosis:
    """Look at everything, with the settings for ``file``, else for the current folder; ``fill`` tries one fill."""
    here = Path.cwd()
    path = here / "any" if file is None else (here / file).parent.resolve() / Path(file).name
    around = look_around(path, here if file is not None and path.is_relative_to(here) else None)
    project = around.project
    resolved = resolve([*layers[:1], *([project] if project else []), *layers[1:]])
    own = user_file()
    diagnosis = Diagnosis(
        {
            "dgls": dgls.__version__,
            "python": platform.python_version(),
            **{name: _version(name) for name in PACKAGES},
        },
        str(own),
        own.is_file(),
        _shared_server(),
        [
            Setting(
                path,
                getattr(getattr(resolved.settings, section), name),
                resolved.origins.get(path, "default"),
            )
            for section, kind in SECTIONS.items()
            for name in kind.__struct_fields__
            for path in [f"{section}.{name}"]
        ],
    )
    for problem in [*resolved.problems, *wrong_patterns(resolved.settings.server), *around.problems]:
        diagnosis.findings.append(
            Finding(problem, "correct the value, or remove it: docs/settings.md has them all")
        )
    _look_at_grammars(diagnosis)
    if file is not None:
        language = _language(path)
        diagnosis.file = File(str(path), language, refusal(around, language, resolved.settings.server))
    _look_at_model(diagnosis, resolved.settings, fill)
    return diagnosis


def _look_at_grammars(diagnosis: Diagnosis) -> None:
    for path in sorted(grammars_folder().glob("*/language.toml")):
        name = path.parent.name
        try:
            language_of(describe(path.parent).ids[0], "")
            diagnosis.grammars.append(name)
        except GrammarMissing:
            diagnosis.missing_grammars[name] = f'pip install "dgls[{name}]"'
        except LanguageError as error:
            diagnosis.findings.append(Finding(str(error), "correct that folder, or install dgls again"))
    if not diagnosis.grammars:
        diagnosis.findings.append(
            Finding("no grammar is installed, so no fill can be checked", 'pip install "dgls[all]"')
        )


def _language(path: Path) -> str:
    try:
        found = language_of("", path.name)
    except (GrammarMissing, LanguageError):
        found = None  # which is said of the grammars
    return "plaintext" if found is None else found.description.ids[0]


def _look_at_model(diagnosis: Diagnosis, settings: Any, fill: bool) -> None:
    from dgls.model.description import CheckpointError
    from dgls.model.needs import needs_of

    try:
        needs = needs_of(settings.model, settings.infill)
        diagnosis.model = needs._asdict()
        if (lack := lack_of_memory(needs)) is not None:
            diagnosis.findings.append(lack)
        elif fill:
            diagnosis.trial = _try(settings)
    except CheckpointError as error:
        said, _, step = str(error).rpartition("; ")
        diagnosis.findings.append(Finding(said or step, step if said else "name another in model.checkpoint"))
    except (Exception, SystemExit) as error:  # of torch, of the library, of the checkpoint's own files
        diagnosis.findings.append(
            Finding(
                f"the model failed: {explain(error)}",
                "try model.device cpu, or name another checkpoint in model.checkpoint",
            )
        )


def lack_of_memory(needs: "Needs") -> Finding | None:
    """What is to be said where a model does not fit into what is free."""
    if needs.total <= needs.free:
        return None
    return Finding(
        f"the checkpoint needs about {needs.total / 1e9:.1f} GB on {needs.device} (weights {needs.weights / 1e9:.1f}, "
        f"context {needs.store / 1e9:.1f}, a step {needs.work / 1e9:.1f}), and {needs.free / 1e9:.1f} GB are free",
        "close other programs, lower infill.context_tokens or infill.candidates, or name a smaller checkpoint in "
        "model.checkpoint",
    )


def _try(settings: Any) -> Trial:
    """Load the model and fill one small gap. Raises CheckpointError."""
    from dgls.infill.jobs import work_on
    from dgls.infill.kept import Kept
    from dgls.model.host import load_host

    began = time.monotonic()
    host = load_host(settings.model, lambda fraction, what: None)
    loaded = time.monotonic()
    gap = Gap(len(TRIED) - 1, len(TRIED) - 1)
    steps = work_on(
        host, Kept(host.new_store()), FillRequest(TRIED, (gap,), "python", "trial.py", settings.infill)
    )
    try:
        while True:
            next(steps)
    except StopIteration as end:
        fills = len(end.value.fills)
    return Trial(round(loaded - began, 2), round((time.monotonic() - loaded) * 1000, 1), fills)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _shared_server() -> str:
    from dgls.server.door import DoorError, user_door

    try:
        found = user_door().connect()
    except (DoorError, OSError) as error:
        return f"none: {error}"
    if found is None:
        return "none is running"
    found[0].close()
    return "running"
