"""An editor as small as can be: starts a language server, keeps documents, asks, applies what it is sent.

It speaks the protocol from its specification, over standard input and output, and shares no code with the
server but the documents of ``text.py``: what is measured and checked here is what an editor would see.
"""

import asyncio
import itertools
import json
import os
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from dgls.text import Document, Edit, Position

Json = dict[str, Any]

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-32", "utf-16"]},
    "textDocument": {
        "synchronization": {"dynamicRegistration": False},
        "inlineCompletion": {"dynamicRegistration": False},
    },
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {"documentChanges": True, "failureHandling": "abort"},
        "executeCommand": {"dynamicRegistration": False},
    },
    "experimental": {"dgls": {"frames": True}},
}
ERROR = 1
"""The type of ``window/showMessage`` for errors."""
REQUEST_CANCELLED = -32800
METHOD_NOT_FOUND = -32601
START_SECONDS = 120.0
"""How long a server may take until it is ready; only a server that hangs takes so long."""


class ServerError(Exception):
    """The server answered a request with an error, or ended."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class Editor:
    """One connection to a server of its own; made by :func:`editing`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.documents: dict[str, Document] = {}
        self.on_frame: Callable[[Json], None] = lambda frame: None
        self.on_progress: Callable[[Json], None] = lambda value: None
        self.on_edit: Callable[[Document, Document], None] = lambda before, after: None
        """Called with a document before and after an edit that the server asked for."""
        self.takes_edits = True
        """Whether edits that the server asks for are applied; an editor may refuse them."""
        self.messages: list[str] = []
        """What the server wanted its user to see."""
        self.started = time.perf_counter()
        self.initialized_at = 0.0
        self.ready_at = 0.0
        """When the server said that its model is loaded; 0 before that. Same clock as ``started``."""
        self._process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._ready = asyncio.Event()
        self._failure = ""
        self._progress: set[str | int] = set()
        self._held: list[bytes] | None = None
        """What is still to be sent, where it is sent at once."""
        self._last_words: deque[str] = deque(maxlen=20)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._overhear())]

    @property
    def process_id(self) -> int:
        """The server's."""
        return self._process.pid

    def begin(self, method: str, params: Any) -> tuple[int, asyncio.Future[Any]]:
        """Send a request; returns its id and the future of its result."""
        number = next(self._ids)
        answer = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        self._send({"id": number, "method": method, "params": params})
        return number, answer

    async def request(self, method: str, params: Any) -> Any:
        """The result of a request; raises :class:`ServerError`."""
        return await self.begin(method, params)[1]

    def notify(self, method: str, params: Any) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Hold what is sent until the end, and send it in one piece then."""
        self._held = held = list[bytes]()
        try:
            yield
        finally:
            self._held = None
        self._write(b"".join(held))

    async def ready(self) -> None:
        """Wait until the server's model is loaded; raises :class:`ServerError` if it never is."""
        waiting = asyncio.create_task(self._ready.wait())
        done, _ = await asyncio.wait(
            {waiting, self._tasks[0]}, timeout=START_SECONDS, return_when="FIRST_COMPLETED"
        )
        waiting.cancel()
        if self._failure:
            raise ServerError(self._failure)
        if not self._ready.is_set() and done:
            raise self._ended()
        if not self._ready.is_set():
            raise ServerError(f"the server was not ready after {START_SECONDS:.0f} s")

    def open(self, uri: str, text: str, language: str = "python") -> None:
        """Open a document."""
        document = Document.of(uri, language, 1, text)
        self.documents[uri] = document
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def close(self, uri: str) -> None:
        """Close a document."""
        del self.documents[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def replace(self, uri: str, start: int, end: int, text: str) -> None:
        """Change the characters from ``start`` to ``end`` of a document, as typing does."""
        document = self.documents[uri]
        first, last = document.position(start, "utf-32"), document.position(end, "utf-32")
        self._change(document, [Edit(text, first, last)])

    async def inline_completion(self, uri: str, offset: int, *, invoked: bool = False) -> list[Json]:
        """The items for a cursor at ``offset``, asked as typing asks or by hand."""
        params = self.inline_params(uri, offset, invoked=invoked)
        return items_of(await self.request("textDocument/inlineCompletion", params))

    def inline_params(self, uri: str, offset: int, *, invoked: bool = False) -> Json:
        """What ``textDocument/inlineCompletion`` at ``offset`` carries."""
        position = self.documents[uri].position(offset, "utf-32")
        return {
            "textDocument": {"uri": uri},
            "position": position._asdict(),
            "context": {"triggerKind": 1 if invoked else 2},
        }

    def fill_params(self, uri: str, start: int, end: int) -> Json:
        """What ``workspace/executeCommand`` carries for the command ``dgls.fill``."""
        document = self.documents[uri]
        span = {
            "start": document.position(start, "utf-32")._asdict(),
            "end": document.position(end, "utf-32")._asdict(),
        }
        return {"command": "dgls.fill", "arguments": [{"uri": uri, "range": span}]}

    def accept(self, uri: str, item: Json) -> Document:
        """Put an inline completion item into its document; returns the document as it is then."""
        self._change(self.documents[uri], [edit_of(item["range"], item["insertText"])])
        return self.documents[uri]

    def _change(self, document: Document, edits: Sequence[Edit]) -> None:
        """Apply ``edits``, whose places are those before any of them, and tell the server."""
        last_first = sorted(edits, key=lambda edit: edit.start or Position(0, 0), reverse=True)
        after = document.edited(document.version + 1, last_first, "utf-32")
        self.documents[document.uri] = after
        changes = [
            {"range": {"start": edit.start._asdict(), "end": edit.end._asdict()}, "text": edit.text}
            for edit in last_first
            if edit.start and edit.end
        ]
        identity = {"uri": document.uri, "version": after.version}
        self.notify("textDocument/didChange", {"textDocument": identity, "contentChanges": changes})

    async def _initialize(self, settings: Json) -> None:
        answer = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None,
                "capabilities": CAPABILITIES,
                "initializationOptions": settings,
            },
        )
        self.initialized_at = time.perf_counter()
        encoding = answer["capabilities"].get("positionEncoding", "utf-16")
        if encoding != "utf-32":
            raise ServerError(f"the server was offered utf-32 positions and chose {encoding}")
        self.notify("initialized", {})

    async def _shut_down(self) -> None:
        if self._process.returncode is None:
            with suppress(ServerError, TimeoutError, ConnectionError):
                await asyncio.wait_for(self.request("shutdown", None), timeout=10)
                self.notify("exit", None)
                await asyncio.wait_for(self._process.wait(), timeout=10)
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _send(self, message: Json) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        framed = b"Content-Length: %d\r\n\r\n" % len(body) + body
        if self._held is None:
            self._write(framed)
        else:
            self._held.append(framed)

    def _write(self, framed: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(framed)

    async def _listen(self) -> None:
        """Take the server's messages until it closes its output; then no request waits any longer."""
        assert self._process.stdout is not None
        try:
            while True:
                head = await self._process.stdout.readuntil(b"\r\n\r\n")
                fields = dict(line.split(": ", 1) for line in head.decode("ascii").splitlines() if line)
                body = await self._process.stdout.readexactly(int(fields["Content-Length"]))
                self._take(json.loads(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(self._ended())
            self._waiting.clear()

    async def _overhear(self) -> None:
        """Keep the server's last lines on standard error: they say why it ended."""
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            self._last_words.append(line.decode(errors="replace").rstrip())

    def _ended(self) -> ServerError:
        return ServerError("\n".join(["the server has ended", *self._last_words]))

    def _take(self, message: Json) -> None:
        if "method" not in message:
            answer = self._waiting.pop(message["id"], None)
            if answer is None or answer.done():
                return
            if "error" in message:
                answer.set_exception(ServerError(message["error"]["message"], message["error"]["code"]))
            else:
                answer.set_result(message.get("result"))
        elif "id" in message:
            self._send({"id": message["id"], "result": self._serve(message["method"], message.get("params"))})
        elif message["method"] == "dgls/frame":
            self.on_frame(message["params"])
        elif message["method"] == "$/progress":
            self._take_progress(message["params"])
        elif message["method"] == "window/showMessage":
            self._take_message(message["params"])

    def _take_message(self, params: Json) -> None:
        """An error that is shown before the model is ready is why it never will be."""
        self.messages.append(params["message"])
        if params["type"] == ERROR and not self._ready.is_set():
            self._failure = params["message"]
            self._ready.set()

    def _serve(self, method: str, params: Any) -> Any:
        """The result of a request that the server makes."""
        if method == "workspace/applyEdit":
            return self._apply(params["edit"])
        if method == "workspace/configuration":
            return [None for _ in params["items"]]
        return None

    def _apply(self, workspace_edit: Json) -> Json:
        """Apply a versioned edit, all of it or nothing."""
        if not self.takes_edits:
            return {"applied": False, "failureReason": "no edits, please"}
        for change in workspace_edit["documentChanges"]:
            identity = change["textDocument"]
            document = self.documents.get(identity["uri"])
            if document is None or identity["version"] != document.version:
                return {"applied": False, "failureReason": "the edit is for another version of the document"}
        for change in workspace_edit["documentChanges"]:
            before = self.documents[change["textDocument"]["uri"]]
            self._change(before, [edit_of(edit["range"], edit["newText"]) for edit in change["edits"]])
            self.on_edit(before, self.documents[before.uri])
        return {"applied": True}

    def _take_progress(self, params: Json) -> None:
        """The first work that the server shows from begin to end is the loading of its model."""
        value = params["value"]
        if value["kind"] == "begin":
            self._progress.add(params["token"])
        self.on_progress(value)
        if value["kind"] == "end" and params["token"] in self._progress and not self._ready.is_set():
            self.ready_at = time.perf_counter()
            self._ready.set()


@asynccontextmanager
async def editing(
    command: Sequence[str], settings: Json | None = None, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Editor]:
    """An editor whose server, started by ``command``, is initialized; shut down at the end.

    ``settings`` are the initialization options; ``environment`` stands above this process's own. Raises
    :class:`ServerError`.
    """
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        limit=2**24,
        env={**os.environ, **(environment or {})},
    )
    editor = Editor(process)
    try:
        await editor._initialize(settings or {})
        yield editor
    finally:
        await editor._shut_down()


def edit_of(span: Json, text: str) -> Edit:
    """An edit from a range of the protocol."""
    return Edit(text, Position(**span["start"]), Position(**span["end"]))


def items_of(result: Any) -> list[Json]:
    """The items of an inline completion's result, which may be a list, an object with a list, or null."""
    return (result["items"] if isinstance(result, dict) else result) or []
