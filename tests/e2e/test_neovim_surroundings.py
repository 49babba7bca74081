"""Neovim where something is wrong: one sentence with the next step, nothing lost, and typing goes on."""

import json
import os
import shutil
import signal
import struct
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.e2e.recorder import answers, said
from tests.e2e.shop import ALONE, DGLS, SHOP, WAYS, Open, ask_for_ghost, ghost, ready, saved, undone
from tests.e2e.terminal import PATIENCE, REPOSITORY, Terminal, neovim

pytestmark = pytest.mark.e2e

EMBEDDED = REPOSITORY / "dgls" / "checkpoints" / "embedded"
LINES = 50_000
CANCELLED = -32800

OLDER = """\
import dgls
dgls.__version__ = "0.0.0"
from dgls.cli import main
main()
"""


def test_wrong_commands_are_explained_and_harmless(open_file: Open) -> None:
    terminal = open_file()
    for command, expected in {
        "Dgls fil": "fil is no command; there are: fill, holes",
        "Dgls rewrite 7": "a strength is a number from 0 (keep) to 1",
        "Dgls pin": "select what must survive",
    }.items():
        terminal.command(command)
        terminal.until(lambda expected=expected: expected in terminal.messages(), "it is explained")
    terminal.lua("vim.bo.modifiable = false")
    terminal.command("Dgls holes")
    terminal.until(lambda: "this buffer takes no changes" in terminal.messages(), "it is said")
    assert terminal.text() == SHOP


def test_a_server_that_was_killed_comes_back(open_file: Open, log: Path) -> None:
    terminal = open_file(options=ALONE)
    [first] = log.glob("*.jsonl")
    os.kill(int(first.stem), signal.SIGKILL)
    terminal.until(lambda: len(list(log.glob("*.jsonl"))) == 2, "another server")
    ready(terminal)
    ask_for_ghost(terminal)


def health(terminal: Terminal) -> str:
    """What `:checkhealth dgls` says, however long a machine with other work takes."""
    terminal.lua("require('dgls.health').patience_ms = ...", int(PATIENCE * 1000))
    terminal.nvim.api.exec2("checkhealth dgls", {})
    return terminal.text()


def test_checkhealth_finds_the_server(open_file: Open) -> None:
    terminal = open_file()
    report = health(terminal)
    assert "ERROR" not in report
    assert "serves 1 buffer" in report
    terminal.capture("checkhealth")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["no-such-dgls"], 'dgls: no command "no-such-dgls"; :checkhealth dgls says what to do'),
        (["false"], "dgls: the server does not start; :checkhealth dgls says why"),
        ([sys.executable, "-c", OLDER, "serve", "--shared"], "close the other windows to end it"),
    ],
    ids=["missing", "broken", "another version"],
)
@WAYS
def test_a_server_that_does_not_start_is_named_once_and_typing_goes_on(
    nvim: Path, tmp_path: Path, runtime: Path, command: list[str], told: str, options: str
) -> None:
    file = tmp_path / "shop.py"
    file.write_text(SHOP, encoding="utf-8")
    words = ", ".join(f"[=[\n{word}]=]" for word in command)
    init = f"require('dgls').setup{{ cmd = {{ {words} }}, {options} }}"
    with neovim(nvim, tmp_path, init, file, runtime=runtime) as terminal:
        terminal.until(lambda: told in terminal.messages(), "it says what is wrong")
        types_on(terminal)
        terminal.command("Dgls fill")
        terminal.until(lambda: "no server is attached here" in terminal.messages(), "a command says why")
        assert terminal.text() == "x" + SHOP


def test_checkhealth_says_what_an_old_python_says_and_what_to_do(nvim: Path, tmp_path: Path) -> None:
    old = tmp_path / "dgls"
    old.write_text("#!/bin/sh\necho 'Traceback' >&2\necho 'ImportError: StrEnum' >&2\nexit 1\n")
    old.chmod(0o755)
    file = tmp_path / "shop.py"
    file.write_text(SHOP, encoding="utf-8")
    with neovim(nvim, tmp_path, f"require('dgls').setup{{ cmd = {{ '{old}', 'serve' }} }}", file) as terminal:
        terminal.until(lambda: ":checkhealth dgls says why" in terminal.messages(), "it says where to look")
        report = health(terminal)
        assert f"ERROR {old} does not start" in report
        assert "ImportError: StrEnum" in report
        assert "Python of 3.11 or later" in report


def test_a_model_that_does_not_fit_is_named_with_the_next_step(nvim: Path, tmp_path: Path) -> None:
    with with_model(nvim, tmp_path, DGLS_MODEL_CHECKPOINT=str(huge(tmp_path))) as terminal:
        terminal.until(lambda: "dgls doctor says what it needs" in terminal.messages(), "it says so")
        types_on(terminal)
        terminal.keys("Escape")
        report = health(terminal)
        assert "ERROR the checkpoint needs about 4000." in report
        assert "name a smaller checkpoint in model.checkpoint" in report


def test_a_model_that_no_network_brings_is_named_with_the_next_step(nvim: Path, tmp_path: Path) -> None:
    hub = {"HF_ENDPOINT": "http://127.0.0.1:9", "DGLS_MODEL_ALLOW_DOWNLOAD": "true"}  # nobody listens there
    with with_model(nvim, tmp_path, DGLS_MODEL_CHECKPOINT="nobody/nothing", **hub) as terminal:
        told = 'checkpoint "nobody/nothing" is not on this machine, and the hub that has it cannot be reached; check'
        terminal.until(lambda: told in terminal.messages(), "it says so")
        types_on(terminal)


def with_model(nvim: Path, folder: Path, **environment: str) -> AbstractContextManager[Terminal]:
    """A Neovim whose server has that in its environment."""
    file = folder / "shop.py"
    file.write_text(SHOP, encoding="utf-8")
    named = "\n".join(f"vim.env.{name} = '{value}'" for name, value in environment.items())
    return neovim(nvim, folder, f"{named}\nrequire('dgls').setup{{ cmd = {{ '{DGLS}', 'serve' }} }}", file)


def types_on(terminal: Terminal) -> None:
    """Type a letter before SHOP, which nothing keeps from coming."""
    terminal.keys("i")
    terminal.type("x")
    terminal.until(lambda: terminal.text() == "x" + SHOP, "typing")


def huge(folder: Path) -> Path:
    """A checkpoint whose weights, of 4 terabytes, are a hole in a file."""
    checkpoint = folder / "huge"
    shutil.copytree(EMBEDDED, checkpoint, ignore=shutil.ignore_patterns("*.safetensors"))
    header = json.dumps(
        {"all": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}
    ).encode()
    with (checkpoint / "model.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(8 + len(header) + 4 * 10**12)
    return checkpoint


def test_a_document_of_50000_lines_gets_ghost_text(open_file: Open) -> None:
    function = SHOP[: SHOP.index("def later")]
    copies = LINES // (2 * function.count("\n"))
    above = "".join(function.replace("total", f"total{number}") for number in range(copies))
    terminal = open_file(above + SHOP + above.replace("total", "sum"))
    assert terminal.lua("return vim.api.nvim_buf_line_count(0)") > LINES - 100
    line = above.count("\n") + 5
    terminal.cursor(line, 10)
    terminal.keys("A")
    shown = str(terminal.until(lambda: ghost(terminal), "ghost text"))
    terminal.keys("Tab")
    terminal.until(lambda: terminal.text().split("\n")[line - 1] != "    return ", "the ghost text is text")
    assert terminal.text().split("\n")[line - 1] == "    return " + shown.split("\n")[0]


RUST = """\
fn total(prices: &[u32]) -> u32 {
    let mut sum = 0;
    sum
}
"""


def test_a_language_whose_grammar_is_not_installed_is_filled_and_what_installs_it_is_said(
    open_file: Open, tmp_path: Path
) -> None:
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "tree_sitter_rust.py").write_text("raise ModuleNotFoundError(name=__name__)\n")
    terminal = open_file(
        RUST, "total.rs", init=f"vim.env.PYTHONPATH = '{absent}'\nrequire('dgls').setup{{ {ALONE} }}"
    )
    terminal.cursor(2, 18)
    terminal.keys("v")
    terminal.on_selection("Dgls fill")
    terminal.until(lambda: 'install it with: pip install "dgls[rust]"' in terminal.messages(), "it is said")
    terminal.until(lambda: terminal.text() != RUST, "the fill")
    head, tail = RUST.split("0;")
    assert terminal.text().startswith(head) and terminal.text().endswith(";" + tail)


def test_a_file_that_another_program_writes_while_it_is_filled_is_left_as_that_wrote_it(
    open_file: Open, log: Path, tmp_path: Path
) -> None:
    terminal = open_file("\n".join(f"def f{number}(a, b):\n    ...\n\n" for number in range(60)))
    terminal.command("Dgls holes file")
    terminal.until(lambda: said(log, "server", "dgls/frame"), "it works")
    other = "# by another program\n" + SHOP
    (tmp_path / "shop.py").write_text(other, encoding="utf-8")
    terminal.command("checktime")
    terminal.until(lambda: terminal.text() == other, "the other text")
    terminal.until(
        lambda: "the file was read again, so the fill was stopped" in terminal.messages(), "it is said"
    )
    [answer] = terminal.until(lambda: answers(log, "dgls.fillHoles"), "the end")
    assert answer["error"]["code"] == CANCELLED
    assert not said(log, "server", "workspace/applyEdit")
    terminal.cursor(10, 4)
    terminal.command("Dgls holes")
    terminal.until(lambda: "    ...\n" not in terminal.text(), "the hole is filled")
    head, tail = other.split("...")
    text = saved(terminal)
    assert text.startswith(head) and text.endswith(tail)


def test_a_fill_is_not_saved_over_what_another_program_has_written(open_file: Open, tmp_path: Path) -> None:
    terminal = open_file()
    terminal.cursor(9, 4)
    terminal.command("Dgls holes")
    terminal.until(lambda: terminal.text() != SHOP, "the fill")
    file = tmp_path / "shop.py"
    file.write_text("# by another program\n", encoding="utf-8")
    terminal.command("w")
    terminal.until(lambda: "changed since reading" in terminal.screen(), "Neovim asks")
    terminal.keys("n")
    assert file.read_text(encoding="utf-8") == "# by another program\n"
    undone(terminal)
