"""A user's machine, on which windows share one server, and what a window is asked for."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil

from tests.lsp_client import SCRIPTED, Client, connected, fill_span, script, serving

WINDOW = [*SCRIPTED, "--shared"]


class Desk:
    """A user's machine: windows on one shared server, whose files stand in ``folder``."""

    def __init__(self, runtime: Path, loads: Path) -> None:
        self.folder = runtime / "dgls"
        self.loads = loads
        self.environment = {"XDG_RUNTIME_DIR": str(runtime)}

    def window(
        self, command: list[str] = WINDOW, environment: dict[str, str] | None = None, **params: Any
    ) -> AbstractContextManager[Client]:
        return serving(
            command,
            load={"loads": str(self.loads)},
            environment=self.environment | (environment or {}),
            **params,
        )

    def bare_window(self, environment: dict[str, str] | None = None) -> AbstractContextManager[Client]:
        return connected(
            WINDOW, load={"loads": str(self.loads)}, environment=self.environment | (environment or {})
        )

    def server(self) -> psutil.Process:
        """The process that loaded the model; there was only one."""
        [pid] = self.loads.read_text().split()
        return psutil.Process(int(pid))


def filled(client: Client, uri: str = "file:///shared.py", **directives: Any) -> str:
    """What the client's own document is filled with."""
    fill = begin(client, uri, **directives)
    edit = client.incoming("workspace/applyEdit")
    client.reply(edit, {"applied": True})
    assert client.result(fill)["applied"]
    text: str = edit["params"]["edit"]["documentChanges"][0]["edits"][0]["newText"]
    return text


def begin(client: Client, uri: str = "file:///shared.py", **directives: Any) -> int:
    client.open(uri, script(**directives))
    return client.request(*fill_span(uri, (1, 0), (1, 0)))
