"""One client: its documents, its settings, and what it is told.

What it has asked for stands in ``work.py``, the features themselves in ``features.py``.
"""

import asyncio
import logging
import math
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.exceptions import (
    FeatureNotificationError,
    JsonRpcInternalError,
)
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

import dgls
from dgls.config import Settings
from dgls.engine import Engine, Loading, State
from dgls.failures import log_failure
from dgls.infill.request import Gap
from dgls.job import Failed
from dgls.layers import Layer, Resolved
from dgls.server.acceptance import Offers
from dgls.server.configuration import begin
from dgls.server.documents import Documents
from dgls.server.elsewhere import OtherTexts
from dgls.server.glances import Glances
from dgls.server.last_fill import LastFills
from dgls.server.loading import LoadingBar
from dgls.server.log import want_level, want_none
from dgls.server.messages import Position, Range
from dgls.server.notebooks import SYNC, Notebooks
from dgls.server.protocol import Protocol, converter
from dgls.server.rules import Rules
from dgls.server.shown import Answers
from dgls.server.status import Status
from dgls.server.stdio import Writer, watch_process
from dgls.server.work import Work
from dgls.text import Document

if TYPE_CHECKING:
    from dgls.server.streaming import Stream

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Session(LanguageServer):
    """The server as one client sees it.

    ``layers`` are the settings without the editor's, weakest first. ``engine`` may have other clients beside this one.
    ``writer`` takes messages to the client.
    """

    protocol: Protocol

    def __init__(self, layers: list[Layer], engine: Engine, writer: Writer) -> None:
        super().__init__(
            "dgls",
            dgls.__version__,
            protocol_cls=Protocol,
            converter_factory=converter,
            notebook_document_sync=SYNC,
        )
        self.rules = Rules(layers, self._rules_changed)
        self.status = Status(self)
        self.loop = asyncio.get_running_loop()
        self.engine = engine
        server = self.resolved.settings.server
        patience = 60 * server.unload_minutes or math.inf
        self.seat = engine.join(self.in_loop(self._on_state), patience, server.store_mb)
        self.state: State = engine.state
        """Where the model stands, as far as the event loop has heard."""
        self.wants_frames = False
        self.wants_improvements = False
        self.wants_status = False
        self.model_name = self.resolved.settings.model.checkpoint
        self.paused = False
        """Whether nothing is filled unasked."""
        self.fills = LastFills()
        self.answers = Answers()
        self.other_texts = OtherTexts()
        self.offers = Offers()
        self.streams: set[Stream] = set()
        self.glances = Glances(self)
        self.work = Work(self)
        self._loading = LoadingBar(self)
        self._shown: set[str] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._initialized = False
        self._writer = writer
        self._watch = threading.Event()
        self.protocol.set_writer(writer)

    @property
    def documents(self) -> Documents:
        """What the client has open."""
        return self.protocol.documents

    @property
    def notebooks(self) -> Notebooks:
        """Which of the documents are cells of a notebook."""
        return self.protocol.notebooks

    @property
    def resolved(self) -> Resolved:
        """The settings that hold for no document in particular."""
        return self.rules.base

    def settings_for(self, document: Document) -> Settings:
        """The settings that hold for ``document``, as far as is known now."""
        return self.rules.of(document).settings

    def refusal(self, document: Document) -> str | None:
        """Why nothing is done with ``document``, for its user; None where dgls answers for it.

        It is neither filled nor context of another nor parsed.
        """
        return self.rules.refusal(document)

    # Beginning and end

    def initialize(self, params: lsp.InitializeParams) -> None:
        """Take what the client says of itself; the answer goes out before any model is loaded."""
        encoding = params.capabilities.general and params.capabilities.general.position_encodings
        self.documents.encoding = choose_encoding(encoding or ())
        self.wants_frames = _member(params.capabilities.experimental, "dgls", "frames") is True
        self.wants_improvements = _member(params.capabilities.experimental, "dgls", "improvements") is True
        self.wants_status = _member(params.capabilities.experimental, "dgls", "status") is True
        self.find_roots()
        self.rules.take_options(params.initialization_options)
        if params.trace is not None:
            self.protocol.tracing.value = params.trace.value
        if params.process_id is not None:
            self._watch = watch_process(params.process_id, partial(self._writer.leave, 1))

    def initialized(self) -> None:
        """Load the model, and say what is wrong with the settings."""
        self._initialized = True
        self._rules_changed(None)
        self.keep(asyncio.create_task(begin(self)))
        self.engine.start()
        if isinstance(self.engine.state, Loading):  # else another client has had it loaded
            self._loading.begin()
        if not isinstance(self.state, Loading):  # as another client's session has left it
            self.status.tell()

    def keep(self, task: "asyncio.Task[Any]") -> None:
        """Hold a task that nobody awaits until it is done: the event loop holds it but weakly."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Stop all work for the client, and free what the engine keeps for it."""
        self.seat.leave()
        self._watch.set()
        want_none(self)
        self.work.end_all()
        for task in list(self._tasks):
            task.cancel()

    def leave(self) -> None:
        """End the session and the connection, in order if the client had asked for a shutdown."""
        self.close()
        self._writer.leave(0 if self.protocol._shutdown else 1)

    # What is known around documents

    def look(self, document: Document) -> "asyncio.Task[None] | None":
        """Read what stands around ``document`` on the disk; None where that is known, else what is to be awaited."""
        return self.rules.look(document, self._file(document.uri))

    def look_again(self) -> None:
        """Read what stands around every open document, since it may have changed."""
        for document in self.documents:
            self.rules.look(document, self._file(document.uri), again=True)

    def find_roots(self) -> None:
        """Take the workspace folders that there are now."""
        uris = list(self.workspace.folders) or [uri for uri in (self.workspace.root_uri,) if uri is not None]
        self.rules.roots = [Path(_file_path(uri)) for uri in uris]

    def _rules_changed(self, uri: str | None) -> None:
        """Say what is wrong, and what is left alone from now on: in one document, or with None in all."""
        if not self._initialized:
            return
        want_level(self, self.resolved.settings.server.log_level)
        one = None if uri is None else self.documents.find(uri)
        for document in self.documents if uri is None else [one] if one is not None else []:
            self.answers.forget(document.uri)
            self.status.tell_of(document)
        if problems := [problem for problem in self.rules.problems() if problem not in self._shown]:
            self._shown.update(problems)
            self.show("\n".join(problems), lsp.MessageType.Warning)

    def drop_stale(self, uri: str) -> None:
        """A document was changed: end what that made useless, and move with it what is kept of it."""
        now = self.documents.find(uri)
        self.work.drop_stale(uri, now)
        self.fills.follow(uri, now)
        self.other_texts.follow(
            uri, now, noted=now is not None and self.settings_for(now).context.related_tokens > 0
        )
        for stream in list(self.streams):
            if stream.uri == uri:
                stream.see(now)
        if now is None:
            self.answers.forget(uri)
            self.rules.forget(uri)
            self.status.forget(uri)
        elif not self.rules.looks_after(uri):
            self.look(now)

    # What the client is told

    def show(self, message: str, kind: lsp.MessageType) -> None:
        """Show a message to the user, and keep it in the client's log."""
        self.window_show_message(lsp.ShowMessageParams(kind, message))
        self.window_log_message(lsp.LogMessageParams(kind, message))

    def show_once(self, message: str, kind: lsp.MessageType = lsp.MessageType.Error) -> None:
        """Show a failure, unless it was shown before."""
        if message not in self._shown:
            self._shown.add(message)
            self.show(message, kind)

    def report_server_error(self, error: Exception, source: Any) -> None:
        """pygls' door for what features raise: a request is answered with it, a notification shown once."""
        if isinstance(error, JsonRpcInternalError):
            name = error.message.partition(":")[0]  # its words may quote a document
            log_failure("a request or a notification", sys.exception() or error)  # pygls' own says not where
            if source is FeatureNotificationError:
                self.show_once(f"an internal error in dgls: {name}")

    def range(self, document: Document, gap: Gap) -> Range:
        """The span of ``gap`` in ``document`` as the client counts."""
        start = document.position(gap.start, self.documents.encoding)
        end = document.position(gap.end, self.documents.encoding)
        return Range(Position(*start), Position(*end))

    def in_loop(self, callback: Callable[[Value], None]) -> Callable[[Value], None]:
        """``callback`` as the model thread may call it: it runs in the event loop."""

        def forward(value: Value) -> None:
            self.loop.call_soon_threadsafe(callback, value)

        return forward

    def _on_state(self, state: State) -> None:
        self.state = state
        if not self._initialized:  # nothing is known of the client, which is told how things stand once it is
            return
        self._loading.follow(state)
        self.status.tell()
        if isinstance(state, Failed):
            self.show_once(state.message)

    def path(self, uri: str) -> str:
        """What the model is told of where a file stands: its path in the workspace, else its name."""
        path = self._file(uri)
        for root in self.rules.roots:
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return path.name

    def _file(self, uri: str) -> Path:
        """The path of a document, a cell's being that of its notebook."""
        return Path(_file_path(self.notebooks.notebook_of(uri) or uri))


def _file_path(uri: str) -> PurePath:
    """The path in a URI; a document without a file has one too, of its name."""
    try:
        return PurePath(to_fs_path(uri) or unquote(urlsplit(uri).path))
    except ValueError:  # no URI
        return PurePath(uri)


def choose_encoding(offered: Any) -> Any:
    """The first position encoding that the client offers and dgls knows; utf-16 where there is none."""
    return next((str(kind) for kind in offered if kind in ("utf-8", "utf-16", "utf-32")), "utf-16")


def _member(value: Any, *path: str) -> Any:
    """What stands at ``path`` in nested objects of a client, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
