"""One client: its documents, its settings, what it has asked for, and what it is told.

A session turns requests to jobs of the engine and brings what comes back from the model thread to the event
loop. The features themselves stand in ``features.py``.
"""

import asyncio
import logging
import math
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from msgspec.structs import replace
from pygls.exceptions import (
    FeatureNotificationError,
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcRequestCancelled,
)
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

import dgls
from dgls.config import InfillSettings, Settings
from dgls.engine import LEFT, Engine, Loading, State
from dgls.failures import log_failure
from dgls.infill.request import Answer, FillRequest, Gap, shifted
from dgls.job import NOTHING, Cancelled, Failed, Job, Kind, Outcome
from dgls.layers import Layer, Resolved
from dgls.server.acceptance import Offers
from dgls.server.asking import Ask, Wanted, engine_request, show_frame
from dgls.server.configuration import begin
from dgls.server.documents import Documents
from dgls.server.edits import in_line_ends_of
from dgls.server.elsewhere import OtherTexts
from dgls.server.glances import Glances
from dgls.server.last_fill import LastFills
from dgls.server.loading import LoadingBar
from dgls.server.log import want_level, want_none
from dgls.server.messages import Position, Range
from dgls.server.notebooks import SYNC, Notebooks
from dgls.server.protocol import Protocol, converter
from dgls.server.rules import Rules
from dgls.server.shown import Answers, Shown, shown
from dgls.server.status import Status
from dgls.server.stdio import Writer, watch_process
from dgls.text import Document, typed_since

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
        self.seat = engine.join(self._in_loop(self._on_state), patience, server.store_mb)
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
        self._idle: Job | None = None
        self.other_texts = OtherTexts()
        self.offers = Offers()
        self.streams: set[Stream] = set()
        self.glances = Glances(self)
        self._loading = LoadingBar(self)
        self._asks: set[Ask] = set()
        self._newest: Ask | None = None
        """Of the automatic ones."""
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

    @property
    def at_work(self) -> bool:
        """Whether the client waits for the model."""
        return any(ask.job is not None and not ask.outcome.done() for ask in self._asks)

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
        for ask in list(self._asks):
            ask.end(Cancelled(LEFT))
        for task in list(self._tasks):
            task.cancel()

    def leave(self) -> None:
        """End the session and the connection, in order if the client had asked for a shutdown."""
        self.close()
        self._writer.leave(0 if self.protocol._shutdown else 1)

    # Jobs

    def ask(
        self,
        snapshot: Document,
        wanted: Wanted,
        kind: Kind,
        answer: Callable[[Ask], Coroutine[Any, Any, Value]],
        wait: float = 0.0,
    ) -> "asyncio.Task[Value]":
        """Give the engine gaps of ``snapshot`` to fill, in ``wait`` seconds; reply with what ``answer`` makes of it.

        To be called before anything is awaited. If the client cancels the reply, the work for it ends too.
        """
        if kind == "automatic":
            self.supersede()
        msg_id = self.protocol.msg_id
        assert msg_id is not None, "fills are asked by requests"
        request, shift = engine_request(self, snapshot, wanted)
        ask = Ask(snapshot, wanted, msg_id, kind, shift)
        if kind == "automatic":
            self._newest = ask
        reply = asyncio.create_task(answer(ask))

        def ended(_: object) -> None:
            ask.end(Cancelled("the request has ended"))
            self._asks.discard(ask)
            self.status.tell()

        self._asks.add(ask)
        # Not a `finally` in the coroutine: a task that is cancelled before its first turn never enters it.
        reply.add_done_callback(ended)

        def start() -> None:
            ask.waits = None
            looking = self.look(snapshot)
            if looking is None:
                self._submit(ask, request)
            else:
                looking.add_done_callback(lambda _: self._submit(ask, request))

        if wait > 0:
            ask.waits = self.loop.call_later(wait, start)
        else:
            start()
        return reply

    def work_idle(
        self, snapshot: Document, wanted: Wanted, infill: InfillSettings, on_answer: Callable[[Answer], None]
    ) -> None:
        """Fill gaps of ``snapshot`` while nobody waits, instead of what was so filled until now."""
        self.stop_idle()
        request, shift = engine_request(self, snapshot, wanted)
        mine: list[Job] = []

        def done(outcome: Outcome) -> None:
            if [self._idle] == mine and isinstance(outcome, Answer):
                self._idle = None
                gaps = None if outcome.gaps is None else shifted(outcome.gaps, -shift)
                on_answer(outcome._replace(gaps=gaps))

        self._idle = self.seat.submit(replace(request, settings=infill), "idle", self._in_loop(done))
        mine.append(self._idle)

    def stop_idle(self) -> None:
        """End what is worked on while nobody waits."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

    def answer_in(self, snapshot: Document, wanted: Wanted, answer: Answer) -> Shown:
        """An answer for the one gap of ``snapshot``, in the document's line ends, its items numbered."""
        [gap] = answer.gaps or wanted.gaps
        fills = [fill._replace(texts=(in_line_ends_of(snapshot, fill.texts[0]),)) for fill in answer.fills]
        return shown(snapshot, gap, fills, self.offers.number(len(fills)))

    def _submit(self, ask: Ask, request: FillRequest) -> None:
        """Give the engine what was asked, if that is still wanted and its document is none to be left alone."""
        if ask.outcome.done():
            return
        if ask.kind == "automatic" and ask is not self._newest:
            ask.end(Cancelled("superseded by a newer request"))
            return
        if (reason := self.refusal(ask.snapshot)) is not None:
            ask.end(NOTHING if ask.kind == "automatic" else Failed(f"{reason}, so dgls leaves it alone"))
            return
        infill = self.settings_for(ask.snapshot).infill
        ask.job = self.seat.submit(
            replace(request, settings=replace(infill, seed=(infill.seed + ask.wanted.redrawn) % 2**31)),
            ask.kind,
            on_done=self._in_loop(ask.end),
            on_frame=self._in_loop(partial(show_frame, self, ask))
            if self.wants_frames or ask.kind == "command"
            else None,
        )
        self.status.tell_later()

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

    async def answered(self, ask: Ask) -> Answer:
        """The engine's answer; raises what the client is to be told where there is none."""
        outcome = await ask.outcome
        if isinstance(outcome, Cancelled):
            raise JsonRpcRequestCancelled(outcome.reason)
        if isinstance(outcome, Failed):
            self.show_once(outcome.message)
            raise JsonRpcException(outcome.message, code=lsp.LSPErrorCodes.RequestFailed)
        self.protocol.tracing.tell(
            f"{len(outcome.fills)} fills after {outcome.nfe} decoder passes",
            f"context tokens read: {outcome.prefill_tokens}, candidates rejected: {outcome.rejected}",
        )
        if any(not fill.validated for fill in outcome.fills):
            gaps = outcome.gaps or ask.wanted.gaps
            self.keep(asyncio.create_task(self.glances.say_what_is_missing(ask.snapshot, gaps)))
        return outcome

    def drop_stale(self, uri: str) -> None:
        """End the automatic work that a change to ``uri`` made useless: any but what was begun and typed at its gap.

        The last fill moves with what was changed.
        """
        self.stop_idle()
        now = self.documents.find(uri)
        self.fills.follow(uri, now)
        self.other_texts.follow(uri, now, self.resolved.settings.context)
        for stream in list(self.streams):
            if stream.uri == uri:
                stream.see(now)
        if now is None:
            self.answers.forget(uri)
            self.rules.forget(uri)
            self.status.forget(uri)
        elif not self.rules.looks_after(uri):
            self.look(now)
        for ask in list(self._asks):
            if ask.kind == "command" or ask.snapshot.uri != uri:
                continue
            if now is None or ask.waits or typed_since(ask.snapshot, now, ask.wanted.gaps[0].start) is None:
                ask.end(Cancelled("the document has changed"))

    def supersede(self) -> None:
        """End all automatic work: what was asked last has its answer."""
        self.stop_idle()
        for ask in list(self._asks):
            if ask.kind == "automatic":
                ask.end(Cancelled("superseded by a newer request"))

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

    def _in_loop(self, callback: Callable[[Value], None]) -> Callable[[Value], None]:
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
