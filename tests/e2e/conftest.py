"""Neovim, a runtime folder in which its windows meet their server, and a command that keeps what is said."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.install_neovim import neovim as find_neovim
from tests.e2e.shop import DGLS, SHOP, Open, ready
from tests.e2e.terminal import CAPTURES, PATIENCE, Terminal, neovim

COMMAND = """\
#!/bin/sh
# dgls as it is, but that what the editor and the server say to each other is kept, and that a busy machine, on which
# two seconds are too short for ghost text, is no failure while the test waits.
export DGLS_INFILL_DEADLINE_MS={deadline} DGLS_INFILL_COMMAND_DEADLINE_MS={deadline}
[ "$1" = serve ] || exec {dgls} "$@"
exec {python} -m tests.e2e.recorder {log} {dgls} "$@"
"""


@pytest.fixture(scope="session")
def nvim() -> Path:
    return find_neovim()


@pytest.fixture(scope="session", autouse=True)
def captures() -> None:
    """Only this run's screens are kept."""
    shutil.rmtree(CAPTURES, ignore_errors=True)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the windows of all tests meet their shared server, which one window keeps alive from test to test."""
    folder = tmp_path_factory.mktemp("runtime")
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(folder)}
    window = subprocess.Popen([DGLS, "serve", "--shared"], stdin=subprocess.PIPE, env=environment)
    yield folder
    window.communicate()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where what the server hears and says is kept."""
    return tmp_path / "said"


@pytest.fixture
def open_file(nvim: Path, tmp_path: Path, runtime: Path, log: Path) -> Iterator[Open]:
    """Opens a file in a Neovim of its own, and waits until the server serves it and its model is loaded."""
    command = tmp_path / "bin" / "dgls"
    command.parent.mkdir()
    script = COMMAND.format(dgls=DGLS, python=sys.executable, log=log, deadline=int(PATIENCE * 1000))
    command.write_text(script, encoding="utf-8")
    command.chmod(0o755)
    with ExitStack() as stack:

        def open_it(
            text: str = SHOP, name: str = "shop.py", *, options: str = "", init: str | None = None
        ) -> Terminal:
            file = tmp_path / name
            file.write_text(text, encoding="utf-8")
            init = init or f"require('dgls').setup{{ {options} }}"
            terminal = stack.enter_context(
                neovim(nvim, tmp_path, init, file, path=str(command.parent), runtime=runtime)
            )
            ready(terminal)
            return terminal

        yield open_it
