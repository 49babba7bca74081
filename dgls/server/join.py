"""A window's end of the shared server: what an editor starts passes messages between its stdio and the server.

It finds the server, or starts one, and says who it is and which settings it brings. What the server then says goes to
stdout as it is. It knows no torch and looks into no message, but for one case: where it is not let in, it tells the
editor why, in answer to `initialize`.
"""

import io
import json
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

import msgspec
from msgspec.structs import replace

import dgls
from dgls.config import ModelSettings
from dgls.layers import Layer, resolve
from dgls.server.door import Door, DoorError, user_door
from dgls.server.stdio import (
    FLUSH_SECONDS,
    BrokenFraming,
    framed,
    read_in_thread,
    read_messages,
    take_stdio,
    write_all,
)

log = logging.getLogger(__name__)

SERVER = [sys.executable, "-P", "-m", "dgls.server.shared"]
"""What starts the shared server; -P: nothing is imported from the folder that it is started in."""
START_SECONDS = 30.0
ANSWER_SECONDS = 10.0
RETRY_SECONDS = 0.05
CHUNK = 2**16
END = b"\0"
"""What the server sends last where the session has ended in order; no message holds this byte."""


class Hello(msgspec.Struct):
    """What a window says first. ``version`` and ``secret`` are the same in all versions of dgls."""

    version: str
    secret: str
    model: ModelSettings
    layers: list[Layer]


class Reply(msgspec.Struct):
    """What the server answers: why the window is not let in, or nothing. The same in all versions of dgls."""

    refused: str = ""


class Line(NamedTuple):
    """A connection to the server, and what of it is read."""

    connection: socket.socket
    stream: io.BufferedReader


class NotJoined(Exception):
    """The window is not let in, or there is nobody to let it in; the message is for the user."""


def serve_shared(layers: list[Layer], command: Sequence[str] = SERVER) -> NoReturn:
    """Serve the client on stdin and stdout from the user's shared server, which ``command`` starts if there is none.

    ``layers`` are the settings weakest first, without the editor's. This process ends with the client, or with the
    server; the exit code is 0 if the client had asked for a shutdown, else 1.
    """
    incoming, outgoing = take_stdio()
    settings = resolve(layers).settings
    logger = logging.getLogger("dgls")
    logger.addHandler(logging.StreamHandler(sys.stderr))
    logger.setLevel(settings.server.log_level.upper())
    messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def end() -> None:
        """Let the server answer what came before the end, but do not rely on it."""
        messages.put(None)
        threading.Event().wait(FLUSH_SECONDS)
        os._exit(1)

    read_in_thread(incoming, messages.put, end)
    try:
        line = join(user_door(), Hello(dgls.__version__, "", located(settings.model), layers), command)
    except (NotJoined, DoorError) as error:
        log.error("%s", error)
        refuse(messages, outgoing, str(error))
    bridge(messages, outgoing, line)


def located(model: ModelSettings) -> ModelSettings:
    """The same checkpoint, named so that it means the same in any folder."""
    folder = Path(model.checkpoint)
    return replace(model, checkpoint=str(folder.resolve())) if folder.is_dir() else model


def join(door: Door, hello: Hello, command: Sequence[str]) -> Line:
    """A connection on which the server expects a client's messages; raises :class:`NotJoined`."""
    server: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (reached := door.connect()) is not None:
            connection, hello.secret = reached
            stream = connection.makefile("rb")
            if admitted(connection, stream, hello):
                return Line(connection, stream)
            connection.close()
        if server is None or server.poll() == 0:  # 0: another server was faster; it may be gone again by now
            server = start(door, hello.model, command)
        elif server.poll() is not None:
            raise NotJoined(
                f"the shared server could not be started: it ended with exit code {server.returncode}"
            )
        time.sleep(RETRY_SECONDS)
    raise NotJoined(f'the shared server did not answer within {START_SECONDS:.0f} s; see "{door.folder}"')


def admitted(connection: socket.socket, stream: BinaryIO, hello: Hello) -> bool:
    """Whether the server takes the client in; False where it is just ending. Raises :class:`NotJoined`."""
    connection.settimeout(ANSWER_SECONDS)
    try:
        connection.sendall(framed(msgspec.json.encode(hello)))
        answer = next(read_messages(stream), None)
    except (OSError, BrokenFraming):
        answer = None
    if answer is None:
        return False
    if refused := msgspec.json.decode(answer, type=Reply).refused:
        raise NotJoined(refused)
    connection.settimeout(None)
    return True


def start(door: Door, model: ModelSettings, command: Sequence[str]) -> "subprocess.Popen[bytes]":
    """Start a server that outlives this process and its editor."""
    if sys.platform == "win32":
        flags, session = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS, False
    else:
        flags, session = 0, True
    server = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=door.folder,
        creationflags=flags,
        start_new_session=session,
    )
    assert server.stdin is not None
    with suppress(OSError), server.stdin:  # one that has ended already says so by its exit code
        server.stdin.write(msgspec.json.encode(model))
    return server


def bridge(messages: "queue.SimpleQueue[bytes | None]", outgoing: BinaryIO, line: Line) -> NoReturn:
    """Pass messages on, both ways, until either side ends."""

    def send() -> None:
        with suppress(OSError):  # the server is gone: the other direction sees it too
            while (body := messages.get()) is not None:
                line.connection.sendall(framed(body))
            line.connection.shutdown(socket.SHUT_WR)

    threading.Thread(target=send, name="sender", daemon=True).start()
    with suppress(OSError):  # the editor no longer reads, or the server is gone
        while chunk := line.stream.read1(CHUNK):
            said, end, _ = chunk.partition(END)
            write_all(outgoing, said)
            if end:
                os._exit(0)
        log.error("the shared server has ended")
    os._exit(1)


def refuse(messages: "queue.SimpleQueue[bytes | None]", outgoing: BinaryIO, reason: str) -> NoReturn:
    """Tell the client why it is not served, in answer to its `initialize`, and wait for its end."""
    from lsprotocol.types import LSPErrorCodes, MessageType

    def say(message: dict[str, object]) -> None:
        write_all(outgoing, framed(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    shown = {"type": MessageType.Error.value, "message": reason}
    error = {"code": LSPErrorCodes.RequestFailed.value, "message": reason, "data": {"retry": False}}
    with suppress(OSError):
        while (body := messages.get()) is not None:
            message = json.loads(body)
            if message.get("method") == "exit":
                break
            if message.get("method") == "initialize":
                say({"method": "window/showMessage", "params": shown})
            if "id" in message and "method" in message:
                say({"id": message["id"], "error": error})
    os._exit(1)
