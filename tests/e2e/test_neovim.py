"""Neovim with the plugin, the real server and the embedded checkpoint, as a person uses them.

    make e2e-neovim

Screens are kept in ``run/captures/neovim`` (``cat`` shows their colours).
"""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.install_neovim import LEAST, version
from tests.e2e.install_neovim import neovim as find_neovim
from tests.e2e.recorder import answers, said
from tests.e2e.terminal import CAPTURES, PATIENCE, REPOSITORY, Terminal, keep, neovim

pytestmark = pytest.mark.e2e

DGLS = Path(sys.executable).with_name("dgls")
EMBEDDED = REPOSITORY / "dgls" / "checkpoints" / "embedded"

SHOP = """\
def total(items):
    result = 0
    for item in items:
        result += item.price
    return\x20


def later(items):
    ...


def first(items:
    return items[0]
"""

GHOST = """
local found = {}
for name, namespace in pairs(vim.api.nvim_get_namespaces()) do
  if name == "nvim.lsp.inline_completion" or name == "dgls.ghost" then
    for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true })) do
      for _, line in ipairs({ mark[4].virt_text, unpack(mark[4].virt_lines or {}) }) do
        for _, chunk in ipairs(line) do found[#found + 1] = chunk[1] end
      end
    end
  end
end
return table.concat(found, "\\n")
"""

READY = """
local last = require("dgls.status").last
return last ~= nil and (last.state == "ready" or last.state == "busy")
"""

Open = Callable[..., Terminal]

ALONE = "cmd = { 'dgls', 'serve' }"
"""A server that no other test shares."""

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


def ready(terminal: Terminal) -> None:
    attached = "return #vim.lsp.get_clients({ name = 'dgls', bufnr = 0 })"
    terminal.until(lambda: terminal.lua(attached), "a server is attached")
    terminal.until(lambda: terminal.lua(READY), "the model is loaded")


def ghost(terminal: Terminal) -> str:
    return str(terminal.lua(GHOST))


def saved(terminal: Terminal) -> str:
    """What stands in the file when the buffer has been written."""
    terminal.command("w")
    name = Path(terminal.lua("return vim.api.nvim_buf_get_name(0)"))
    terminal.until(lambda: not terminal.lua("return vim.bo.modified"), "the file is written")
    return name.read_text(encoding="utf-8")


def ask_for_ghost(terminal: Terminal) -> str:
    """Go to insert mode behind `return ` and wait for ghost text."""
    terminal.cursor(5, 10)
    terminal.keys("A")
    return str(terminal.until(lambda: ghost(terminal), "ghost text"))


LINES = 50_000


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


def test_vim_lsp_enable_alone_shows_ghost_text(nvim: Path, open_file: Open) -> None:
    """What `:help dgls-lsp-enable` says, without setup()."""
    if version(nvim) < LEAST:
        pytest.skip("vim.lsp.inline_completion came with Neovim 0.12")
    terminal = open_file(init="vim.lsp.enable('dgls')\nvim.lsp.inline_completion.enable()")
    assert ask_for_ghost(terminal)


WAYS = pytest.mark.parametrize("options", ["", "native = false"], ids=["native", "extmarks"])


@WAYS
def test_ghost_text_is_accepted_whole_and_undone(open_file: Open, log: Path, options: str) -> None:
    terminal = open_file(options=options)
    shown = ask_for_ghost(terminal)
    terminal.until(lambda: shown.split("\n")[0] in terminal.screen(), "it is drawn")
    terminal.capture("ghost" if not options else "ghost-extmarks")
    terminal.keys("Tab")
    terminal.until(lambda: terminal.text() != SHOP, "the ghost text is text")
    head, _, tail = SHOP.partition("return ")
    assert saved(terminal) == head + "return " + shown + tail
    terminal.until(lambda: said(log, "editor", "workspace/executeCommand"), "the server is told")
    [told] = said(log, "editor", "workspace/executeCommand")
    assert told["command"] == "dgls.accepted"
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == SHOP, "undo")
    assert saved(terminal) == SHOP


@WAYS
def test_ghost_text_is_accepted_word_by_word(open_file: Open, log: Path, options: str) -> None:
    terminal = open_file(options=options)
    shown = ask_for_ghost(terminal)
    terminal.keys("M-w")
    terminal.until(lambda: terminal.text() != SHOP, "a word is text")
    line = terminal.text().split("\n")[4]
    word = line.removeprefix("    return ")
    assert word and shown.startswith(word)
    terminal.until(
        lambda: said(log, "editor", "dgls/partiallyAccepted") or word == shown, "the server is told"
    )
    for told in said(log, "editor", "dgls/partiallyAccepted"):
        assert told["length"] == len(word)


@WAYS
def test_an_item_that_no_longer_fits_is_not_put_in(open_file: Open, options: str) -> None:
    """Neovim 0.12 keeps an item while the user types on, and would insert it where it was."""
    terminal = open_file(options=options)
    shown = ask_for_ghost(terminal)
    typed = "q" if not shown.startswith("q") else "z"
    terminal.nvim.api.input(f"{typed}<Tab>")
    line = "    return " + typed

    def fifth() -> str:
        return terminal.text().split("\n")[4]

    terminal.until(lambda: len(fifth()) > len(line), "the key is typed instead")
    assert fifth().rstrip() == line


def select_the_loop(terminal: Terminal) -> None:
    """Select lines 3 and 4 of SHOP, from `for` on."""
    terminal.cursor(3, 4)
    terminal.keys("v", "j", "$", "h")


def test_a_selection_is_filled_while_the_canvas_settles_before_ones_eyes(open_file: Open, log: Path) -> None:
    terminal = open_file()
    terminal.lua(
        """
        _G.drawn = 0
        local show = require("dgls.canvas").show
        require("dgls.canvas").show = function(...)
          show(...)
          local marks = vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace("dgls.canvas"), 0, -1, {})
          _G.drawn = math.max(_G.drawn, #marks)
        end
        """
    )
    select_the_loop(terminal)
    terminal.type(":Dgls fill")
    terminal.capture("settling-0")
    terminal.keys("Enter")
    seen: list[str] = []

    def filled() -> bool:
        screen = terminal.colours()
        done = terminal.text() != SHOP
        if not done and terminal.lua("return _G.drawn") and screen not in seen:
            seen.append(screen)
        return done

    terminal.until(filled, "the fill")
    for number, screen in enumerate(seen, 1):
        keep(f"settling-{number}", screen)
    lines, before = terminal.text().split("\n"), SHOP.split("\n")
    assert lines[:2] == before[:2] and lines[-10:] == before[-10:]
    assert terminal.lua("return _G.drawn") > 0
    assert said(log, "server", "dgls/frame")
    left = "return #vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_create_namespace('dgls.canvas'), 0, -1, {})"
    terminal.until(lambda: terminal.lua(left) == 0, "the canvas is gone")
    assert terminal.lua("return vim.wo.conceallevel") == 0
    terminal.until(lambda: lines[2] in terminal.screen(), "the screen shows the fill")
    terminal.capture("settled")
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == SHOP, "one undo step")


def with_edit(text: str, fill: dict[str, Any]) -> str:
    """``text`` with the one edit of a fill."""
    [edit] = fill["edits"]
    lines = text.splitlines(keepends=True)

    def offset(position: dict[str, int]) -> int:
        return sum(map(len, lines[: position["line"]])) + position["character"]

    start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
    return text[:start] + str(edit["newText"]) + text[end:]


def test_one_of_several_fills_is_chosen(open_file: Open, log: Path) -> None:
    terminal = open_file(options="settings = { infill = { candidates = 8 } }")
    select_the_loop(terminal)
    terminal.type(":Dgls! fill")
    terminal.keys("Enter")
    [answer] = terminal.until(lambda: answers(log, "dgls.fill"), "the fills")
    fills = answer["result"]["fills"]
    assert not answer["result"]["applied"]
    last = str(len(fills))  # it is the model's affair how many differ and are valid
    terminal.until(lambda: "Fill with" in terminal.screen() and f"{last}: " in terminal.screen(), "a choice")
    terminal.capture("choice")
    terminal.type(last)
    terminal.keys("Enter")
    terminal.until(lambda: terminal.text() != SHOP, "the choice is text")
    assert saved(terminal) == with_edit(SHOP, fills[-1])
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == SHOP, "one undo step")


def test_a_fill_is_drawn_again_and_each_is_one_undo_step(open_file: Open, log: Path) -> None:
    terminal = open_file()
    select_the_loop(terminal)
    terminal.type(":Dgls fill")
    terminal.keys("Enter")
    terminal.until(lambda: answers(log, "dgls.fill"), "the fill")
    terminal.until(lambda: terminal.text() != SHOP, "it is text")
    once = terminal.text()
    terminal.command("Dgls redenoise")
    [answer] = terminal.until(lambda: answers(log, "dgls.redenoise"), "the other fill")
    assert answer["result"]["applied"], answer
    terminal.until(lambda: terminal.text() != once, "it is text")
    assert saved(terminal) == with_edit(once, answer["result"]["fills"][0])
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == once, "one undo step")
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == SHOP, "and another")


def test_a_selection_is_rewritten_at_a_strength(open_file: Open, log: Path) -> None:
    terminal = open_file()
    select_the_loop(terminal)
    terminal.type(":Dgls rewrite 0.3")
    terminal.keys("Enter")
    [answer] = terminal.until(lambda: answers(log, "dgls.rewrite"), "the answer")
    [asked] = said(log, "editor", "workspace/executeCommand")
    assert asked["arguments"][0]["strength"] == 0.3
    if answer["result"]["applied"]:
        terminal.until(lambda: terminal.text() != SHOP, "it is text")
    lines, before = saved(terminal).split("\n"), SHOP.split("\n")
    assert lines[:2] == before[:2] and lines[-10:] == before[-10:]


def test_pause_status_and_log(open_file: Open) -> None:
    terminal = open_file(options=ALONE)
    statusline = "return require('dgls').statusline()"
    terminal.command("Dgls pause")
    terminal.until(lambda: terminal.lua(statusline) == "dgls paused", "it pauses")
    terminal.command("Dgls status")
    terminal.until(lambda: "; :Dgls pause once more goes on" in terminal.messages(), "it says so")
    terminal.command("Dgls pause")
    terminal.until(lambda: terminal.lua(statusline) == "dgls ready", "it goes on")
    terminal.command("Dgls status")
    terminal.until(lambda: re.search("dgls: (ready|busy)$", terminal.messages(), re.MULTILINE), "it says so")
    terminal.command("Dgls log")
    terminal.until(lambda: terminal.lua("return vim.api.nvim_buf_get_name(0)").endswith("lsp.log"), "the log")


def test_holes_are_filled_and_undone(open_file: Open) -> None:
    terminal = open_file()
    terminal.cursor(9, 4)
    terminal.capture("holes-before")
    terminal.command("Dgls holes")
    terminal.until(lambda: "    ...\n" not in terminal.text(), "the hole is filled")
    terminal.capture("holes")
    assert saved(terminal).startswith(SHOP[: SHOP.index("    ...")])
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == SHOP, "one undo step")
    assert saved(terminal) == SHOP


def test_a_fault_is_mended_by_a_quick_fix(open_file: Open) -> None:
    terminal = open_file()
    terminal.cursor(12, 14)
    terminal.lua("vim.lsp.buf.code_action({ context = { only = { 'quickfix' } }, apply = true })")
    terminal.until(lambda: terminal.text() != SHOP, "the repair")
    assert "def first(items):\n" in saved(terminal)


def test_a_pin_survives_a_fill(open_file: Open, log: Path) -> None:
    terminal = open_file()
    terminal.cursor(4, 18)
    terminal.keys("v", "e")
    terminal.type(":Dgls pin")
    terminal.keys("Enter")
    terminal.until(lambda: terminal.lua("return #require('dgls.pins').all(0)") == 1, "the pin")
    terminal.cursor(4, 8)
    terminal.keys("v", "$", "h")
    terminal.type(":Dgls fill")
    terminal.keys("Enter")
    terminal.until(lambda: said(log, "editor", "workspace/executeCommand"), "the server is asked")
    [asked] = said(log, "editor", "workspace/executeCommand")
    assert asked["arguments"][0]["pins"] == [
        {"start": {"line": 3, "character": 18}, "end": {"line": 3, "character": 22}}
    ]
    terminal.until(
        lambda: not terminal.lua("return next(vim.lsp.get_clients({name='dgls'})[1].requests) ~= nil"),
        "the end",
    )
    assert "item" in terminal.text().split("\n")[3]


def test_escape_stops_a_fill_and_changes_nothing(open_file: Open, log: Path) -> None:
    terminal = open_file("\n".join(f"def f{number}(a, b):\n    ...\n\n" for number in range(60)))
    before = terminal.text()
    terminal.command("Dgls holes file")
    terminal.until(lambda: said(log, "server", "dgls/frame"), "it works")
    terminal.keys("Escape")
    terminal.until(lambda: said(log, "editor", "$/cancelRequest"), "the cancel")
    running = "return vim.fn.maparg('<Esc>', 'n', false, true).buffer == 1"
    terminal.until(lambda: not terminal.lua(running), "the key is free again")
    assert terminal.text() == before
    assert not said(log, "server", "workspace/applyEdit")


def test_a_server_that_was_killed_comes_back(open_file: Open, log: Path) -> None:
    terminal = open_file(options=ALONE)
    [first] = log.glob("*.jsonl")
    os.kill(int(first.stem), signal.SIGKILL)
    terminal.until(lambda: len(list(log.glob("*.jsonl"))) == 2, "another server")
    ready(terminal)
    ask_for_ghost(terminal)


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


OLDER = """\
import dgls
dgls.__version__ = "0.0.0"
from dgls.cli import main
main()
"""


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
        terminal.keys("i")
        terminal.type("x")
        terminal.until(lambda: terminal.text() == "x" + SHOP, "typing")
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
    file = tmp_path / "shop.py"
    file.write_text(SHOP, encoding="utf-8")
    named = f"vim.env.DGLS_MODEL_CHECKPOINT = '{huge(tmp_path)}'"
    init = f"{named}\nrequire('dgls').setup{{ cmd = {{ '{DGLS}', 'serve' }} }}"
    with neovim(nvim, tmp_path, init, file) as terminal:
        terminal.until(lambda: "dgls doctor says what it needs" in terminal.messages(), "it says so")
        terminal.keys("i")
        terminal.type("x")
        terminal.until(lambda: terminal.text() == "x" + SHOP, "typing")
        terminal.keys("Escape")
        report = health(terminal)
        assert "ERROR the checkpoint needs about 4000." in report
        assert "name a smaller checkpoint in model.checkpoint" in report


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


def test_two_neovims_share_one_server(open_file: Open, log: Path) -> None:
    one, other = open_file(), open_file(name="other.py")
    assert ask_for_ghost(one)
    assert ask_for_ghost(other)
