"""The shared server: one model for all windows of a user. Each window is a session of its own on the one engine.

Started by :mod:`dgls.server.join` as a process of its own, with the model's settings on stdin; it ends when the last
window has left. What a window does wrong ends that window's session and nothing else.
"""

import asyncio
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NoReturn

import msgspec

import dgls
from dgls.config import ModelSettings
from dgls.engine import Engine, Load
from dgls.filler import load_filler
from dgls.server.door import Door, Taken, user_door
from dgls.server.features import register
from dgls.server.join import END, Hello, Reply
from dgls.server.log import log_no_text
from dgls.server.session import Session
from dgls.server.stdio import FLUSH_SECONDS, Writer, framed, read_in_thread

log = logging.getLogger(__name__)

GRACE_SECONDS = 3.0
"""How long the server waits for the next window after the last has left: an editor may just start anew."""
FIRST_SECONDS = 30.0
HELLO_SECONDS = 10.0
ALONE = "start this one without --shared (in VS Code: the setting dgls.server.shared)"
"""What who is not let in can do alone."""


class First(msgspec.Struct):
    """What of a :class:`Hello` is read before the versions are compared."""

    version: str
    secret: str


class ConnectionWriter(Writer):
    """Writes to a window; the process lives on when that ends."""

    def __init__(self, connection: socket.socket, on_broken: Callable[[], None]) -> None:
        super().__init__(connection.makefile("wb", buffering=0), on_broken)
        self._connection = connection

    def leave(self, code: int) -> None:
        """Hang up once the window has what was meant for it, and take nothing more for it."""
        if code == 0:
            self.write(END)
        self.then(partial(self._connection.shutdown, socket.SHUT_RDWR))
        self.close()

    def hang_up(self) -> None:
        """Hang up whether the window reads or not."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class Window:
    """One connection, and the session that it becomes once it has said hello. Lives in the event loop."""

    def __init__(self, host: "Host", connection: socket.socket) -> None:
        self._host = host
        self._session: Session | None = None

        def receive(body: bytes) -> None:
            host.loop.call_soon_threadsafe(self._receive, body)

        def end() -> None:
            host.loop.call_soon_threadsafe(self.end)

        self._writer = ConnectionWriter(connection, on_broken=end)
        host.loop.call_later(HELLO_SECONDS, self._expire)
        read_in_thread(connection.makefile("rb"), receive, end)

    def end(self) -> None:
        """End the session, if the window has one, and free what it held."""
        if self not in self._host.windows:
            return
        if self._session is not None:
            self._session.close()
        self._session = None
        self._host.forget(self)
        self._writer.leave(1)
        self._host.loop.call_later(FLUSH_SECONDS, self._writer.hang_up)

    def _receive(self, body: bytes) -> None:
        if self._session is not None:
            self._session.protocol.receive(body)
        elif self in self._host.windows:
            self._greet(body)

    def _greet(self, body: bytes) -> None:
        hello = self._host.read_hello(body)
        if isinstance(hello, Hello):
            self._writer.write(framed(msgspec.json.encode(Reply())))
            self._session = Session(hello.layers, self._host.engine, self._writer)
            register(self._session)
        elif self._host.windows == {self}:
            self._host.give_way()
        else:
            self._writer.write(framed(msgspec.json.encode(hello)))
            self._writer.leave(1)

    def _expire(self) -> None:
        if self._session is None:
            self._writer.leave(1)


class Host:
    """The one engine, and the windows on it."""

    def __init__(self, model: ModelSettings, load: Load, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self.model = model
        self.engine = Engine(load)
        self.loop = loop
        self.windows: set[Window] = set()
        self._door = door

    def receive(self, listening: socket.socket) -> None:
        """Let windows come, in a thread that is started here."""

        def run() -> None:
            pause = threading.Event()
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError as error:  # too many open files, or a window that has gone again
                    log.error("a window could not be let in: %s", error.strerror)
                    pause.wait(0.1)
                else:
                    self.loop.call_soon_threadsafe(self._let_in, connection)

        threading.Thread(target=run, name="door", daemon=True).start()
        self.loop.call_later(FIRST_SECONDS, self._end_if_empty)

    def read_hello(self, body: bytes) -> Hello | Reply:
        """What a window says first, or the answer where it is not let in."""
        try:
            first = msgspec.json.decode(body, type=First)
            if not self._door.admits(first.secret):
                return Reply("who does not know the secret of the shared server is not let in")
            if first.version != dgls.__version__:
                return Reply(
                    f"the shared server is dgls {dgls.__version__} and this window's is {first.version}; close the "
                    f"other windows to end it, or {ALONE}"
                )
            hello = msgspec.json.decode(body, type=Hello)
        except msgspec.MsgspecError as error:
            return Reply(f"the shared server does not understand this window: {error}")
        if hello.model != self.model:
            return Reply(
                f"the shared server has {_differing(self.model, hello.model)}, and this window asks for "
                f"{_differing(hello.model, self.model)}; give all windows the same model settings, close the others "
                f"first, or {ALONE}"
            )
        return hello

    def forget(self, window: Window) -> None:
        """Let a window go that has ended; the last to go takes the server with it."""
        self.windows.remove(window)
        self.loop.call_later(GRACE_SECONDS, self._end_if_empty)
        self.loop.call_later(GRACE_SECONDS, gc.collect)  # sessions hold themselves in cycles

    def _let_in(self, connection: socket.socket) -> None:
        self.windows.add(Window(self, connection))

    def give_way(self) -> NoReturn:
        """End, so that who comes can start a server of their own: with other model settings, of another version."""
        self._door.close()
        os._exit(0)

    def _end_if_empty(self) -> None:
        if not self.windows:
            self.give_way()


def run(load: Callable[[ModelSettings], Load] = load_filler) -> NoReturn:
    """Be the shared server until the last window has left; exit code 0 where there is one already."""
    model = msgspec.json.decode(sys.stdin.buffer.read(), type=ModelSettings)
    door = user_door()
    try:
        listening = door.open()
    except Taken:
        os._exit(0)
    _write_to(door)
    asyncio.run(_serve(model, load(model), door, listening))
    os._exit(1)  # the loop never ends by itself


async def _serve(model: ModelSettings, load: Load, door: Door, listening: socket.socket) -> None:
    gc.freeze()  # what has been imported stays
    loop = asyncio.get_running_loop()
    log_no_text(loop)
    Host(model, load, door, loop).receive(listening)
    await loop.create_future()


def _write_to(door: Door) -> None:
    """From now on what is logged or printed stands beside the door, and the first window's stderr is let go."""
    record = os.open(door.folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(record, 2)
    os.close(record)
    logging.getLogger("dgls").addHandler(logging.StreamHandler(sys.stderr))


def _differing(one: ModelSettings, other: ModelSettings) -> str:
    """The settings of ``one`` that are not the same in ``other``."""
    return ", ".join(
        f"{name} {value!r}"
        for name, value in msgspec.structs.asdict(one).items()
        if value != getattr(other, name)
    )


if __name__ == "__main__":
    run()
