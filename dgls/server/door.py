"""The door of a user's shared server: where it listens, who may come in, and how two servers never stand behind it.

On Unix the door is a socket that only the user may open, in a folder that only the user may enter. Elsewhere, and
where a path is too long for a socket, it is a port of this machine alone, whose number stands with a secret in a file
that only the user may read; a visitor who does not know the secret is sent away.

Who holds the lock beside the door is the server, and replaces what an earlier one left behind: the system frees the
lock with the process that held it. Knows nothing of what is said through the door.
"""

import json
import os
import socket
import stat
import sys
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from filelock import FileLock  # not at the top: it takes memory that a window's process does not have

BACKLOG = 64
LONGEST_SOCKET_PATH = 100
"""Bytes; systems allow 104 to 108."""
CLOCK_SECONDS = 2.0
"""By how much a system may say that one process started at different times."""


class DoorError(Exception):
    """There can be no door here; the message says why."""


class Taken(Exception):
    """Another server stands behind the door."""


class Door(ABC):
    """The door in ``folder``; see :func:`user_door`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._held: FileLock | None = None

    def open(self) -> socket.socket:
        """Become the server: a socket that listens. What another one left behind is replaced.

        Raises :class:`Taken` where there is a server.
        """
        from filelock import Timeout

        lock = self._lock()
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Taken from None
        self._held = lock
        self._remove()
        return self._listen()

    def close(self) -> None:
        """Leave no door behind; for the server. It stays the server until its process ends."""
        self._remove()

    @abstractmethod
    def connect(self) -> tuple[socket.socket, str] | None:
        """A connection to the server, and the secret to say there; None where nobody listens."""

    @abstractmethod
    def admits(self, secret: str) -> bool:
        """Whether one who says this may come in; for the server."""

    @abstractmethod
    def _listen(self) -> socket.socket: ...

    @abstractmethod
    def _remove(self) -> None: ...

    def _lock(self) -> "FileLock":
        from filelock import FileLock

        return FileLock(self.folder / "server.lock", mode=0o600)


class SocketDoor(Door):
    """A Unix domain socket. Who can open it is the user; nothing more is asked."""

    def connect(self) -> tuple[socket.socket, str] | None:
        """A connection to the server; None where nobody listens."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(str(self._path))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            return None
        return connection, ""

    def admits(self, secret: str) -> bool:
        """Always: the file system has looked who comes."""
        return True

    @property
    def _path(self) -> Path:
        return self.folder / "server.sock"

    def _listen(self) -> socket.socket:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self._path))
        self._path.chmod(0o600)  # before anybody can connect
        listening.listen(BACKLOG)
        return listening

    def _remove(self) -> None:
        self._path.unlink(missing_ok=True)


class PortDoor(Door):
    """A port of this machine, which every user of the machine can reach: a secret tells who may come in."""

    _secret = ""

    def connect(self) -> tuple[socket.socket, str] | None:
        """A connection to the server, and the secret; None where there is no server.

        Who wrote the file is looked at first: if it has ended, the port may be anybody's by now.
        """
        import psutil

        try:
            address = json.loads(self._path.read_bytes())
            if abs(psutil.Process(address["pid"]).create_time() - address["started"]) > CLOCK_SECONDS:
                return None
            connection = socket.create_connection(("127.0.0.1", address["port"]))
        except (OSError, ValueError, psutil.NoSuchProcess):  # not there yet, or no longer
            return None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, str(address["secret"])

    def admits(self, secret: str) -> bool:
        """Whether ``secret`` is what stands in the file."""
        from secrets import (
            compare_digest,
        )  # brings megabytes, like all that a window of a socket can do without

        return compare_digest(secret.encode(), self._secret.encode())

    @property
    def _path(self) -> Path:
        return self.folder / "server.json"

    def _listen(self) -> socket.socket:
        from secrets import token_hex

        import psutil

        listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._secret = token_hex(32)
        own = psutil.Process()
        address = {"port": listening.getsockname()[1], "pid": own.pid, "started": own.create_time()}
        unfinished = self._path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        # The mode counts from the first moment on; on Windows the folder is closed to other users.
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({**address, "secret": self._secret}, file)
        unfinished.replace(self._path)
        return listening

    def _remove(self) -> None:
        self._path.unlink(missing_ok=True)


def user_door() -> Door:
    """The door of this user's server. Raises :class:`DoorError` where no folder is the user's alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of each place that it does not take
        try:
            folder = platformdirs.user_runtime_path("dgls", appauthor=False)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = folder.stat()
        except OSError as error:
            raise DoorError(f"no folder for the shared server's socket: {error}") from error
    if sys.platform == "win32":  # a folder of the user's own profile
        return PortDoor(folder)
    if status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise DoorError(
            f'"{folder}" is open to other users, so the shared server cannot use it; make it yours alone (mode 0700)'
        )
    short = len(os.fsencode(folder / "server.sock")) <= LONGEST_SOCKET_PATH
    return SocketDoor(folder) if short else PortDoor(folder)
