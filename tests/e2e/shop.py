"""The shop whose code the Neovim tests work on, and what they do to it again and again."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal

DGLS = Path(sys.executable).with_name("dgls")

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

WAYS = pytest.mark.parametrize("options", ["", "native = false"], ids=["native", "extmarks"])
"""Both ways in which ghost text is shown."""


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


def undone(terminal: Terminal, text: str = SHOP) -> None:
    """Undo one step, after which ``text`` stands in the buffer again."""
    terminal.keys("u")
    terminal.until(lambda: terminal.text() == text, "undo, in one step")


def ask_for_ghost(terminal: Terminal) -> str:
    """Go to insert mode behind `return ` and wait for ghost text."""
    terminal.cursor(5, 10)
    terminal.keys("A")
    return str(terminal.until(lambda: ghost(terminal), "ghost text"))


def select_the_loop(terminal: Terminal) -> None:
    """Select lines 3 and 4 of SHOP, from `for` on."""
    terminal.cursor(3, 4)
    terminal.keys("v", "j", "$", "h")
