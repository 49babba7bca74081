"""A language client for tests: every message it sends and gets is in the test's hands, in order."""

import itertools
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PATIENCE = 120
"""Seconds after which a test that waits for a message fails: none takes as long, however much else the machine does."""

SCRIPTED = [sys.executable, str(Path(__file__).with_name("scripted_server.py"))]

CAPABILITIES: Json = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {"inlineCompletion": {}},
    "workspace": {"applyEdit": True, "workspaceEdit": {"documentChanges": True}},
}
REQUEST_CANCELLED, REQUEST_FAILED, INVALID_PARAMS = -32800, -32803, -32602


class Client:
    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        own = {name: value for name, value in os.environ.items() if not name.startswith("DGLS_")}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**own, "DGLS_INLINE_DEBOUNCE_MS": "0", **environment},
            cwd=Path(__file__).parents[1],
        )
        self.answers: Json = {}
        """What ``initialize`` answered."""
        self.log = b""
        """What the server wrote to stderr, once it has ended."""
        self._ids = itertools.count(1)
        self._inbox: queue.Queue[Json | None] = queue.Queue()
        self._read: list[Json] = []
        self._threads = [
            threading.Thread(target=task, daemon=True) for task in (self._listen, self._overhear)
        ]
        for thread in self._threads:
            thread.start()

    # Sending

    def send(self, *messages: Json | bytes) -> None:
        """Send messages in one write; bytes are a body that is sent as it is."""
        bodies = [
            message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode()
            for message in messages
        ]
        assert self.process.stdin is not None
        self.process.stdin.write(
            b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)
        )
        self.process.stdin.flush()

    def call(self, method: str, params: Any = None) -> Json:
        """A request, to be sent."""
        return {"id": next(self._ids), "method": method, "params": params}

    def request(self, method: str, params: Any = None) -> int:
        message = self.call(method, params)
        self.send(message)
        return int(message["id"])

    def notify(self, method: str, params: Any) -> None:
        self.send({"method": method, "params": params})

    def reply(self, message: Json, result: Any) -> None:
        self.send({"id": message["id"], "result": result})

    def cancel(self, msg_id: int) -> None:
        self.notify("$/cancelRequest", {"id": msg_id})

    # Receiving

    def message(self, wanted: Callable[[Json], bool]) -> Json:
        """The first message that is wanted and was not taken before."""
        for index, message in enumerate(self._read):
            if wanted(message):
                return self._read.pop(index)
        while True:
            message = self._inbox.get(timeout=PATIENCE)
            if message is None:
                raise AssertionError("the server closed stdout")
            if wanted(message):
                return message
            self._read.append(message)

    def response(self, msg_id: int) -> Json:
        return self.message(lambda message: "method" not in message and message["id"] == msg_id)

    def result(self, msg_id: int) -> Any:
        response = self.response(msg_id)
        assert "error" not in response, response
        return response["result"]

    def error(self, msg_id: int) -> Json:
        response = self.response(msg_id)
        assert "error" in response, response
        error: Json = response["error"]
        return error

    def incoming(self, method: str) -> Json:
        """The next request or notification of this method."""
        return self.message(lambda message: message.get("method") == method)

    def shown(self) -> str:
        """The next message that the user is shown."""
        text: str = self.incoming("window/showMessage")["params"]["message"]
        return text

    def catch_up(self) -> None:
        """Wait until the server has taken in all that was sent."""
        self.error(self.request("test/now"))

    def untaken(self, method: str) -> list[Json]:
        """Take what came of this method and was not taken, up to an answer to a request that is made now."""
        self.catch_up()
        taken = [message for message in self._read if message.get("method") == method]
        self._read = [message for message in self._read if message.get("method") != method]
        return taken

    # Documents and features

    def initialize(self, **params: Any) -> None:
        defaults = {"processId": None, "rootUri": None, "capabilities": CAPABILITIES}
        self.answers = self.result(self.request("initialize", {**defaults, **params}))
        self.notify("initialized", {})

    def ready(self) -> None:
        """Wait until the model is loaded, as a command does."""
        uri = "file:///ready.txt"
        self.open(uri, "")
        fill = self.request(*fill_span(uri, (0, 0), (0, 0)))
        self.reply(self.incoming("workspace/applyEdit"), {"applied": True})
        assert self.result(fill)["applied"]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def open(self, uri: str, text: str, language: str = "python") -> None:
        item = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, uri: str, version: int, *changes: Json) -> None:
        self.send(changed(uri, version, *changes))

    # The end

    def end(self) -> int:
        """Close stdin and wait for the server's end; returns its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.ended()

    def ended(self) -> int:
        """Wait for the server's end; returns its exit code."""
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return code

    def _listen(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while line := stream.readline():
            assert line.startswith(b"Content-Length: "), line
            while stream.readline().strip():
                pass
            self._inbox.put(json.loads(stream.read(int(line.split(b":")[1]))))
        self._inbox.put(None)

    def _overhear(self) -> None:
        assert self.process.stderr is not None
        self.log = self.process.stderr.read()


@contextmanager
def connected(
    command: Sequence[str] = SCRIPTED, *, load: Json | None = None, environment: dict[str, str] | None = None
) -> Iterator[Client]:
    """A client whose server has been started and not yet initialized."""
    # What is filled ahead would come between what a test asks for.
    usual = {"SCRIPT_LOAD": json.dumps(load or {}), "DGLS_INLINE_SPECULATE": "false"}
    client = Client(command, {**usual, **(environment or {})})
    try:
        yield client
    finally:
        client.process.kill()
        client.ended()


@contextmanager
def serving(
    command: Sequence[str] = SCRIPTED,
    *,
    load: Json | None = None,
    environment: dict[str, str] | None = None,
    **params: Any,
) -> Iterator[Client]:
    """A client whose server has been initialized with ``params``."""
    with connected(command, load=load, environment=environment) as client:
        client.initialize(**params)
        yield client


def place(line: int, character: int) -> Json:
    return {"line": line, "character": character}


def span(start: tuple[int, int], end: tuple[int, int]) -> Json:
    return {"start": place(*start), "end": place(*end)}


def changed(uri: str, version: int, *changes: Json) -> Json:
    identity = {"uri": uri, "version": version}
    return {
        "method": "textDocument/didChange",
        "params": {"textDocument": identity, "contentChanges": list(changes)},
    }


def typed(line: int, character: int, text: str) -> Json:
    return {"range": span((line, character), (line, character)), "text": text}


def inline(uri: str, line: int, character: int, *, invoked: bool = False) -> tuple[str, Json]:
    """The method and parameters of a request for ghost text."""
    return "textDocument/inlineCompletion", {
        "textDocument": {"uri": uri},
        "position": place(line, character),
        "context": {"triggerKind": 1 if invoked else 2},
    }


def ghost(text: str, at: Json, known: int, *, validated: bool = True) -> Json:
    """The item whose id is ``known``, as the server sends it: ``text`` in place of the range ``at``."""
    return {
        "insertText": text,
        "filterText": text,
        "range": at,
        "command": {"title": "dgls: accepted", "command": "dgls.accepted", "arguments": [{"id": known}]},
        "data": {"validated": validated, "id": known},
    }


def fill_span(
    uri: str, start: tuple[int, int], end: tuple[int, int], *, apply: bool = True
) -> tuple[str, Json]:
    """The method and parameters of the command ``dgls.fill``."""
    arguments = [{"uri": uri, "range": span(start, end), "apply": apply}]
    return "workspace/executeCommand", {"command": "dgls.fill", "arguments": arguments}


def script(**directives: Any) -> str:
    """The first line of a document for the scripted model."""
    return f"#!{json.dumps(directives)}\n"


def wait_for(path: Path) -> None:
    pause = threading.Event()
    for _ in range(PATIENCE * 200):
        if path.exists():
            return
        pause.wait(0.005)
    raise AssertionError(f"{path} never appeared")
