"""Ghost text in Neovim with the plugin, the real server and the embedded checkpoint, as a person uses it.

    make e2e-neovim

Screens are kept in ``run/captures/neovim`` (``cat`` shows their colours).
"""

from pathlib import Path

import pytest

from tests.e2e.install_neovim import LEAST, version
from tests.e2e.recorder import said
from tests.e2e.shop import SHOP, WAYS, Open, ask_for_ghost, saved, undone

pytestmark = pytest.mark.e2e


def test_vim_lsp_enable_alone_shows_ghost_text(nvim: Path, open_file: Open) -> None:
    """What `:help dgls-lsp-enable` says, without setup()."""
    if version(nvim) < LEAST:
        pytest.skip("vim.lsp.inline_completion came with Neovim 0.12")
    terminal = open_file(init="vim.lsp.enable('dgls')\nvim.lsp.inline_completion.enable()")
    assert ask_for_ghost(terminal)


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
    undone(terminal)
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


def test_two_neovims_share_one_server(open_file: Open, log: Path) -> None:
    one, other = open_file(), open_file(name="other.py")
    assert ask_for_ghost(one)
    assert ask_for_ghost(other)
