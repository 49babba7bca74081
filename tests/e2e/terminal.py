"""Neovim as a person has it: in a terminal (tmux), its keys sent one by one, its screen read back.

Beside that a connection to the same Neovim answers what the screen does not show: buffers, marks, messages.
"""

import os
import shlex
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pynvim

from tests.e2e.install_neovim import tmux

REPOSITORY = Path(__file__).parents[2]
PLUGIN = REPOSITORY / "editors" / "neovim"
CAPTURES = REPOSITORY / "run" / "captures" / "neovim"
"""Where screens are kept, colours and all."""
PATIENCE = 180.0
"""Seconds after which a test that waits for something fails: to load the model takes 5, and 70 on a machine with seven
times the work that it has cores for."""
LOOK_AGAIN = 0.02


class Terminal:
    """One Neovim in one tmux session of its own."""

    def __init__(self, socket: Path) -> None:
        self._tmux = [
            tmux(),
            "-f",
            "/dev/null",
            "-L",
            f"dgls-{uuid.uuid4().hex[:12]}",
        ]  # a name once used may still be closing
        self.socket = socket
        self.nvim: Any = None

    def start(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        """Start ``command`` with that environment and no more (tmux takes no PATH by ``-e``)."""
        size = ["-x", "100", "-y", "30"]
        session = [*self._tmux, "new-session", "-d", *size, "-c", str(directory), shlex.join(command)]
        subprocess.run(session, check=True, env=environment)
        self.nvim = self.until(self._connection, "Neovim listens")

    def _connection(self) -> Any:
        try:
            return pynvim.attach("socket", path=str(self.socket))
        except OSError:  # not yet
            return None

    def keys(self, *keys: str) -> None:
        """Press keys as tmux names them (`Escape`, `Tab`, `M-w`); anything else is typed."""
        for key in keys:
            self._run("send-keys", key)

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def command(self, text: str) -> None:
        """Type an Ex command."""
        if self.mode() != "n":  # an Escape right before a colon would be Alt and a colon
            self.keys("Escape")
            self.until(lambda: self.mode() == "n", "normal mode")
        self.on_selection(text)

    def on_selection(self, text: str) -> None:
        """Type an Ex command in the mode there is: where something is selected, it is about that."""
        self.type(f":{text}")
        self.keys("Enter")

    def lua(self, code: str, *arguments: Any) -> Any:
        return self.nvim.exec_lua(code, *arguments)

    def mode(self) -> str:
        return str(self.nvim.api.get_mode()["mode"])

    def text(self) -> str:
        """What stands in the current buffer."""
        return "\n".join(self.nvim.api.buf_get_lines(0, 0, -1, True)) + "\n"

    def messages(self) -> str:
        """What was said so far; where Neovim's own words wait for a key (before 0.11), one is pressed first."""
        if self.nvim.api.get_mode()["blocking"]:
            self.keys("Enter")
        return str(self.nvim.api.exec2("messages", {"output": True})["output"])

    def cursor(self, line: int, column: int) -> None:
        """Put the cursor at a line from 1 and a column in bytes from 0."""
        self.nvim.api.win_set_cursor(0, [line, column])

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def colours(self) -> str:
        """The screen with the escape codes of its colours."""
        return self._run("capture-pane", "-e", "-p")

    def capture(self, name: str) -> None:
        """Keep what the screen shows now."""
        keep(name, self.colours())

    def until(self, wanted: Callable[[], Any], what: str) -> Any:
        """Look again and again until ``wanted`` answers something true, which is returned."""
        pause = threading.Event()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := wanted():
                return found
            pause.wait(LOOK_AGAIN)
        raise AssertionError(f"never: {what}\n{self.messages() if self.nvim else ''}\n{self.screen()}")

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False, capture_output=True)

    def _run(self, *arguments: str) -> str:
        done = subprocess.run([*self._tmux, *arguments], check=True, capture_output=True, text=True)
        return done.stdout


def keep(name: str, screen: str) -> None:
    """Keep a screen among the captures."""
    CAPTURES.mkdir(parents=True, exist_ok=True)
    (CAPTURES / f"{name}.ansi").write_text(screen, encoding="utf-8")


@contextmanager
def neovim(
    nvim: Path, folder: Path, init: str, file: Path, *, path: str = "", runtime: Path | None = None
) -> Iterator[Terminal]:
    """A Neovim that edits ``file`` and has the plugin on its runtime path; ``init`` is its Lua.

    What it is given to keep lies in ``folder``; its PATH begins with ``path``, and its servers meet in ``runtime``.
    """
    home = folder / "home"
    home.mkdir(exist_ok=True)
    socket = folder / f"{file.stem}.sock"
    script = folder / f"{file.stem}-init.lua"
    script.write_text(
        f"vim.opt.rtp:prepend([[{PLUGIN}]])\nvim.o.swapfile = false\n"
        # Long messages must not wait for a key, until which no question is answered; before 0.11 they need the room.
        "if not pcall(function() vim.o.messagesopt = 'wait:0,history:500' end) then vim.o.cmdheight = 4 end\n"
        f"{init}\n",
        encoding="utf-8",
    )
    own = {
        name: value for name, value in os.environ.items() if name.startswith(("PYTHON", "OMP", "LANG", "LC_"))
    }
    environment = {
        **own,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime or folder),
        "PATH": f"{path}:{os.environ['PATH']}".lstrip(":"),
        "COLORTERM": "truecolor",
    }
    terminal = Terminal(socket)
    command = [str(nvim), "--clean", "-u", str(script), "--listen", str(socket), str(file)]
    try:
        terminal.start(command, environment, file.parent)
        yield terminal
    finally:
        terminal.close()
