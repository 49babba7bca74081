"""The jobs of :Dgls in Neovim, with the real server and the embedded checkpoint, as a person has them done.

    make e2e-neovim

Screens are kept in ``run/captures/neovim`` (``cat`` shows their colours).
"""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.recorder import answers, said
from tests.e2e.shop import ALONE, SHOP, Open, saved, select_the_loop, undone
from tests.e2e.terminal import keep

pytestmark = pytest.mark.e2e


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
    undone(terminal)


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
    terminal.on_selection("Dgls! fill")
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
    undone(terminal)


def test_a_fill_is_drawn_again_and_each_is_one_undo_step(open_file: Open, log: Path) -> None:
    terminal = open_file()
    select_the_loop(terminal)
    terminal.on_selection("Dgls fill")
    terminal.until(lambda: answers(log, "dgls.fill"), "the fill")
    terminal.until(lambda: terminal.text() != SHOP, "it is text")
    once = terminal.text()
    terminal.command("Dgls redenoise")
    [answer] = terminal.until(lambda: answers(log, "dgls.redenoise"), "the other fill")
    assert answer["result"]["applied"], answer
    terminal.until(lambda: terminal.text() != once, "it is text")
    assert saved(terminal) == with_edit(once, answer["result"]["fills"][0])
    undone(terminal, once)
    undone(terminal)


def test_a_selection_is_rewritten_at_a_strength(open_file: Open, log: Path) -> None:
    terminal = open_file()
    select_the_loop(terminal)
    terminal.on_selection("Dgls rewrite 0.3")
    [answer] = terminal.until(lambda: answers(log, "dgls.rewrite"), "the answer")
    [asked] = said(log, "editor", "workspace/executeCommand")
    assert asked["arguments"][0]["strength"] == 0.3
    if answer["result"]["applied"]:
        terminal.until(lambda: terminal.text() != SHOP, "it is text")
    lines, before = saved(terminal).split("\n"), SHOP.split("\n")
    assert lines[:2] == before[:2] and lines[-10:] == before[-10:]


def test_holes_are_filled_and_undone(open_file: Open) -> None:
    terminal = open_file()
    terminal.cursor(9, 4)
    terminal.capture("holes-before")
    terminal.command("Dgls holes")
    terminal.until(lambda: "    ...\n" not in terminal.text(), "the hole is filled")
    terminal.capture("holes")
    assert saved(terminal).startswith(SHOP[: SHOP.index("    ...")])
    undone(terminal)
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
    terminal.on_selection("Dgls pin")
    terminal.until(lambda: terminal.lua("return #require('dgls.pins').all(0)") == 1, "the pin")
    terminal.cursor(4, 8)
    terminal.keys("v", "$", "h")
    terminal.on_selection("Dgls fill")
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
