"""What holds for each document of a client: its settings, and whether dgls answers for it at all.

The disk is read in a thread, and the event loop knows what was found there. Knows no protocol: what an editor says of
settings comes from ``configuration.py``.
"""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from dgls.config import Settings
from dgls.failures import log_failure
from dgls.layers import FIELDS, Layer, Resolved, file_layer, resolve
from dgls.policy import prepare, refusal, wrong_patterns
from dgls.surroundings import Stamp, Surroundings, look_around, stamp_of
from dgls.text import Document

EDITOR = "the editor"
NOT_YET = "what is said about this file on the disk has not been read yet"


class Seen(NamedTuple):
    """What was found on the disk."""

    around: Surroundings
    own_files: tuple[Layer, ...]
    """The user's own settings."""


class Known(NamedTuple):
    """What follows for one document."""

    language: str
    resolved: Resolved
    refusal: str | None


class Rules:
    """The rules of one client.

    ``layers`` are the settings without the editor's and the projects', weakest first. ``on_change`` is called with the
    URI of a document for which something new may hold, or with None where that may be so for all.
    """

    def __init__(self, layers: list[Layer], on_change: Callable[[str | None], None]) -> None:
        self.base = resolve(layers)
        """What holds for no document in particular."""
        self.roots: list[Path] = []
        """The workspace folders."""
        self.watched = False
        """Whether the client tells of every change to the files in workspace folders, so that nobody has to look."""
        self._started = self.base.settings
        self._own_files = tuple(layer for layer in layers if layer.file)
        self._own_stamps: tuple[Stamp, ...] = (None,) * len(self._own_files)
        self._stronger = [layer for layer in layers if not layer.file]
        self._options: Layer | None = None
        self._configured: dict[Path | None, Layer] = {}
        self._around: dict[str, Surroundings] = {}
        self._known: dict[str, Known] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}
        self._on_change = on_change

    # What holds

    def of(self, document: Document) -> Resolved:
        """The settings for ``document``, as far as is known now."""
        return self._find(document).resolved

    def refusal(self, document: Document) -> str | None:
        """Why nothing is to be done with ``document``; None where dgls answers for it."""
        return self._find(document).refusal

    def looks_after(self, uri: str) -> bool:
        """Whether a document has been looked around, or is being."""
        return uri in self._around or uri in self._looking

    async def looked(self, document: Document) -> None:
        """Wait until what stands around ``document`` has been read, where that is under way."""
        if (looking := self._looking.get(document.uri)) is not None:
            await asyncio.wait([looking])

    def problems(self) -> list[str]:
        """What is wrong in any source of settings, each once."""
        every = [self.base, *(known.resolved for known in self._known.values())]
        around = [problem for seen in self._around.values() for problem in seen.problems]
        return list(dict.fromkeys([problem for one in every for problem in one.problems] + around))

    # What changes it

    def take_options(self, options: Any) -> None:
        """Take what the client said of settings in `initialize`."""
        if options is not None:
            self._options = editor_layer(options, "initializationOptions")
        self._changed()

    def take_configuration(self, by_root: Mapping[Path | None, Any]) -> None:
        """Take what the client says of settings now, by workspace folder; None stands for no folder."""
        self._configured = {
            root: editor_layer(values, "workspace/configuration")
            for root, values in by_root.items()
            if values is not None
        }
        self._changed()

    def forget(self, uri: str) -> None:
        """Drop what is known of a document that was closed."""
        self._around.pop(uri, None)
        self._known.pop(uri, None)
        if (looking := self._looking.pop(uri, None)) is not None:
            looking.cancel()

    def look(self, document: Document, path: Path, *, again: bool = False) -> "asyncio.Task[None] | None":
        """Read what stands around a document at ``path``, where that may have changed.

        None where all is known; else what has to be awaited before the document is worked on.
        """
        uri = document.uri
        if uri in self._looking:
            return self._looking[uri]
        if uri in self._around and not again and self.watched and self._around[uri].root:
            return None
        task = self._looking[uri] = asyncio.create_task(self._look(uri, path))

        def looked(task: "asyncio.Task[None]") -> None:
            if self._looking.get(uri) is task:
                del self._looking[uri]
            if not task.cancelled() and (error := task.exception()) is not None:
                log_failure("looking around a document", error)  # which stays refused

        task.add_done_callback(looked)
        return task

    async def _look(self, uri: str, path: Path) -> None:
        root = max((root for root in self.roots if path.is_relative_to(root)), key=_depth, default=None)
        seen = await asyncio.to_thread(self._read, self._around.get(uri), path, root)
        if seen is None:
            return
        self._around[uri] = seen.around
        if seen.own_files != self._own_files:
            self._own_files = seen.own_files
            self._changed()
        else:
            self._known.pop(uri, None)
            self._on_change(uri)

    def _read(self, last: Surroundings | None, path: Path, root: Path | None) -> Seen | None:
        """What stands on the disk now; None if nothing has changed. Runs in a thread."""
        prepare()
        stamps = tuple(stamp_of(Path(layer.file)) for layer in self._own_files)
        same = last is not None and last.root == root and last.still_hold()
        if same and stamps == self._own_stamps:
            return None
        self._own_stamps = stamps
        own_files = tuple(file_layer(Path(layer.file)) for layer in self._own_files)
        return Seen(last if same and last is not None else look_around(path, root), own_files)

    def _changed(self) -> None:
        self._known.clear()
        self.base = self._resolved(None)
        fixed = [
            f"{path} has changed in {self.base.origins.get(path, 'your settings')}; that holds when dgls starts again"
            for path, field in FIELDS.items()
            if field.machine and _value(self.base.settings, path) != _value(self._started, path)
        ]
        self.base.problems.extend(fixed)
        self._on_change(None)

    def _find(self, document: Document) -> Known:
        known = self._known.get(document.uri)
        if known is None or known.language != document.language_id:
            around = self._around.get(document.uri)
            resolved = self._resolved(around)
            server = resolved.settings.server
            why = NOT_YET if around is None else refusal(around, document.language_id, server)
            known = self._known[document.uri] = Known(document.language_id, resolved, why)
        return known

    def _resolved(self, around: Surroundings | None) -> Resolved:
        root, project = (around.root, around.project) if around is not None else (None, None)
        between = [project, self._options, self._configured.get(root) or self._configured.get(None)]
        said = [layer for layer in between if layer is not None]
        resolved = resolve([*self._own_files, *said, *self._stronger])
        resolved.problems.extend(wrong_patterns(resolved.settings.server))
        return resolved


def editor_layer(values: Any, what: str) -> Layer:
    """The layer of an editor, which says null of what its user has not set; ``what`` names it where it is no object."""
    if not isinstance(values, Mapping):
        return Layer(EDITOR, {what: values}, trusted=False)
    said = {
        section: {name: value for name, value in fields.items() if value is not None}
        if isinstance(fields, Mapping)
        else fields
        for section, fields in values.items()
        if fields is not None
    }
    return Layer(EDITOR, said, trusted=False)


def _value(settings: Settings, path: str) -> Any:
    section, _, name = path.partition(".")
    return getattr(getattr(settings, section), name)


def _depth(path: Path) -> int:
    return len(path.parts)
