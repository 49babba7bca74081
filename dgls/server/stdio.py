"""The server's end of stdin and stdout: threads read and write, so that the event loop waits for no pipe.

The protocol gets descriptors of its own first thing. What the rest of the program then prints goes to stderr,
and what it reads is empty, so that no library can corrupt or steal a message.
"""

import logging
import os
import queue
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from socket import SocketIO
from typing import BinaryIO, NoReturn

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 256 * 2**20
"""Bytes; a longer message ends the connection, which is then no connection to a client of this protocol."""
LONGEST_HEADER = 4096
FLUSH_SECONDS = 0.4
WATCH_SECONDS = 0.25


class BrokenFraming(Exception):
    """Bytes that are no messages of the protocol; where the next one begins cannot be known."""


def take_stdio() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for the protocol: printing then goes to stderr, and reading finds nothing."""
    sys.stdout.flush()
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb", buffering=0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        os.dup2(2, 1)
    except OSError:  # started without stderr
        os.dup2(nothing, 1)
    os.close(nothing)
    return incoming, outgoing


def read_messages(stream: BinaryIO) -> Iterator[bytes]:
    """The body of each message in ``stream`` until it ends; raises :class:`BrokenFraming` on what is none."""
    while True:
        length: int | None = None
        while (line := stream.readline(LONGEST_HEADER)).strip():
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                if not value.strip().isdigit():
                    raise BrokenFraming("a Content-Length that is no number")
                length = int(value)
        if not line:
            return
        if length is None:
            raise BrokenFraming("a message without Content-Length")
        if length > LONGEST_MESSAGE:
            raise BrokenFraming(f"a message of {length} bytes; at most {LONGEST_MESSAGE} are read")
        body = stream.read(length)
        if len(body) < length:
            return
        yield body


def framed(body: bytes) -> bytes:
    """A message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def write_all(stream: BinaryIO | SocketIO, message: bytes) -> None:
    """Write to an unbuffered stream, which may take a part only at a time."""
    rest = memoryview(message)
    while rest:
        rest = rest[stream.write(rest) :]


class Writer(ABC):
    """Writes messages in the order they come, in a thread of its own; pygls calls :meth:`write`.

    ``on_broken`` is called in that thread when the client no longer reads.
    """

    def __init__(self, stream: BinaryIO | SocketIO, on_broken: Callable[[], None]) -> None:
        self._stream = stream
        self._on_broken = on_broken
        self._queue: queue.SimpleQueue[bytes | Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="writer", daemon=True).start()

    def write(self, message: bytes) -> None:
        """Put a message in line; never blocks."""
        self._queue.put(message)

    def then(self, act: Callable[[], None]) -> None:
        """Call ``act`` in the writer's thread once what is in line is written; never blocks."""
        self._queue.put(act)

    def close(self) -> None:
        """End the thread once what is in line is written; never blocks."""
        self._queue.put(None)

    @abstractmethod
    def leave(self, code: int) -> None:
        """End the connection once the client has what was meant for it; ``code`` is 0 if it ends in order."""

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            try:
                if isinstance(item, bytes):
                    write_all(self._stream, item)
                else:
                    item()
            except (OSError, ValueError):
                self._on_broken()
                return


class StdioWriter(Writer):
    """Writes to the one client of this process, which ends with it."""

    def leave(self, code: int) -> NoReturn:
        """End the process now, whatever its threads are doing, waiting ``FLUSH_SECONDS`` at most for the client."""
        written = threading.Event()
        self.then(written.set)
        written.wait(FLUSH_SECONDS)
        os._exit(code)


def read_in_thread(stream: BinaryIO, on_message: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
    """Call ``on_message`` with each message and then ``on_end`` once, in a thread that is started here."""

    def run() -> None:
        try:
            for body in read_messages(stream):
                on_message(body)
        except BrokenFraming as error:
            log.error("the client's input is not the Language Server Protocol: %s", error)
        except OSError as error:
            log.error("the client's input broke off: %s", error.strerror)
        on_end()

    threading.Thread(target=run, name="reader", daemon=True).start()


def watch_process(pid: int, on_gone: Callable[[], None]) -> threading.Event:
    """Call ``on_gone`` when the process ``pid`` has ended, in a thread that is started here.

    Setting what is returned ends the watch.

    A process that cannot be seen now is not watched: the client may live in another container. Its end then
    shows as the end of stdin alone.
    """
    import psutil  # not at the top: it takes time that `initialize` does not have

    enough = threading.Event()
    try:
        process = psutil.Process(pid)
    except psutil.Error:
        log.warning("the client's process %d cannot be seen and is not watched", pid)
        return enough

    def gone() -> bool:
        try:
            return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            return True

    def run() -> None:
        while not enough.wait(WATCH_SECONDS):
            if gone():
                on_gone()
                return

    threading.Thread(target=run, name="watcher", daemon=True).start()
    return enough
