"""Stands between an editor and the server, passes everything on, and keeps what was said.

    python -m tests.e2e.recorder FOLDER COMMAND…

Each run writes ``FOLDER/<pid of the server>.jsonl``: one line per message, ``{"from": "editor" or "server",
"message": …}``.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from dgls.server.stdio import read_messages


def pump(source: IO[bytes], target: IO[bytes], speaker: str, record: IO[str], lock: threading.Lock) -> None:
    """Pass the messages of ``source`` on to ``target``, each written down before the other side can answer it."""
    for body in read_messages(source):
        with lock:
            record.write(json.dumps({"from": speaker, "message": json.loads(body)}) + "\n")
            record.flush()
        target.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        target.flush()
    target.close()


def main(folder: Path, command: list[str]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert server.stdin is not None and server.stdout is not None
    with (folder / f"{server.pid}.jsonl").open("w", encoding="utf-8") as record:
        lock = threading.Lock()
        editor = (sys.stdin.buffer, server.stdin, "editor", record, lock)
        threading.Thread(target=pump, args=editor, daemon=True).start()
        pump(server.stdout, sys.stdout.buffer, "server", record, lock)
        return server.wait()


def said(folder: Path, speaker: str, method: str) -> list[dict[str, Any]]:
    """The parameters of every message ``method`` that ``speaker`` sent, in all runs."""
    return [
        message.get("params")
        for messages in _runs(folder)
        for sender, message in messages
        if sender == speaker and message.get("method") == method
    ]


def answers(folder: Path, command: str) -> list[dict[str, Any]]:
    """The server's answers to ``command``, as whole messages, in all runs."""
    found = []
    for messages in _runs(folder):
        asked = {
            message["id"]
            for sender, message in messages
            if sender == "editor"
            and message.get("method") == "workspace/executeCommand"
            and message["params"]["command"] == command
        }
        found += [
            message
            for sender, message in messages
            if sender == "server" and "method" not in message and message.get("id") in asked
        ]
    return found


def _runs(folder: Path) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The messages of each run, with who sent them."""
    for file in sorted(folder.glob("*.jsonl")):
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        entries = [
            json.loads(line) for line in lines if line.endswith("\n")
        ]  # the last one may be on its way
        yield [(entry["from"], entry["message"]) for entry in entries]


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
