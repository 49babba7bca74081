"""A JSONL file of results that grows line by line, so that an interrupted measurement goes on where it stopped.

Its first line is a header that says how the results came about: whatever makes two results incomparable must agree
before more are added.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Generic, TypeVar

import msgspec
from filelock import FileLock, Timeout

from dgls.evaluation.provenance import Header

Result = TypeVar("Result", bound=msgspec.Struct)


class RecordError(Exception):
    """A results file that cannot be gone on with."""


REMARKS = frozenset({"benchmark", "checkpoint", "machine", "command", "date"})
"""Fields of a header that may differ: names, where the hashes say whether it is the same, and the occasion."""


class Record(Generic[Result]):
    """The results so far, and where further ones go; without a path they are kept in memory alone.

    One run at a time may use a file: it is locked until it is closed, or the run ends, by a file beside it. Opening
    one that is locked, has results of another header, or a line that is no result, raises :class:`RecordError`. A last
    line that was cut off by an interruption is dropped.
    """

    def __init__(self, path: Path | None, header: Header, kind: type[Result]) -> None:
        self.header = header
        self.results: list[Result] = []
        self._path = path
        self._file: BinaryIO | None = None
        self._lock: FileLock | None = None
        if path is None:
            return
        self._lock = _locked(path)
        try:
            self._open(path, header, kind)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, path: Path, header: Header, kind: type[Result]) -> None:
        try:
            lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
            whole = lines[:-1]
            if whole:
                self.header = _agreeing(path, whole[0], header)
                self.results = [_read(path, number, line, kind) for number, line in enumerate(whole[1:], 2)]
            self._file = path.open("r+b" if path.exists() else "xb")
            self._file.truncate(sum(len(line) + 1 for line in whole))
            self._file.seek(0, os.SEEK_END)
            if not whole:
                self._write(header)
        except OSError as error:
            raise RecordError(f"{path} cannot be used for results: {error.strerror}") from error

    def add(self, result: Result) -> None:
        """Append one result; it is on its way to the disk when this returns. Raises :class:`RecordError`."""
        self.results.append(result)
        try:
            self._write(result)
        except OSError as error:
            raise RecordError(
                f"{self._path} takes no more results: {error.strerror}; make room, and the same command goes on from it"
            ) from error

    def _write(self, line: msgspec.Struct) -> None:
        if self._file:
            self._file.write(msgspec.json.encode(line) + b"\n")
            self._file.flush()

    def __enter__(self) -> "Record[Result]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._file:
                self._file.close()
        except OSError as failed:  # what could not be written is tried once more, and that has been said
            if error is None:
                raise RecordError(f"{self._path} could not be closed: {failed.strerror}") from failed
        finally:
            if self._lock:
                self._lock.release()


def _locked(path: Path) -> FileLock:
    """A lock on ``path``, held; raises :class:`RecordError` where another run holds it."""
    lock = FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise RecordError(
            f"{path} is in use by another run of dgls eval; wait for its end, or give --out a file of its own"
        ) from error
    except OSError as error:
        raise RecordError(f"{path} cannot be used for results: {error.strerror}") from error
    return lock


def _read(path: Path, number: int, line: bytes, kind: type[Result]) -> Result:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{path}, line {number} is no result: {error}; give --out a file of its own"
        ) from error


def _agreeing(path: Path, line: bytes, wanted: Header) -> Header:
    """The header of ``path``, which must be of the same measurement as ``wanted``."""
    try:
        found = msgspec.json.decode(line, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{path}, line 1 is no header of results: {error}; give --out a file of its own"
        ) from error
    there, here = dict(_leaves(msgspec.to_builtins(found))), dict(_leaves(msgspec.to_builtins(wanted)))
    for name in here | there:
        if name.partition(".")[0] not in REMARKS and there.get(name) != here.get(name):
            raise RecordError(
                f"{path} holds results of another measurement: its {name} is {there.get(name)}, this run's is "
                f"{here.get(name)}; give --out another file, or run as it was: {found.command}"
            )
    return found


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each value that holds no others, with the dotted path to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path}.{name}" if path else name)
    else:
        yield path, value
