"""Draw the pictures of Neovim from the screens that its end-to-end test kept.

    make e2e-neovim && .venv/bin/python docs/neovim.py

Screens lie in ``run/captures/neovim``, pictures beside this file as ``neovim-*.svg``.
"""

import io
import re
from pathlib import Path

from rich.console import Console, RenderableType
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text

DOCS = Path(__file__).parent
SCREENS = DOCS.parent / "run" / "captures" / "neovim"

NEOVIM_DARK = TerminalTheme((20, 22, 27), (224, 226, 234), [(0, 0, 0)] * 8)
MOMENTS = 4
WIDTH = 48


def main() -> None:
    """Draw all of them."""
    _draw("ghost", _beside(("ghost text", screen("ghost")[:12])))
    _draw("settling", _strip(moments(), slice(0, 7)))
    _draw(
        "holes", _beside(("before", screen("holes-before")[:12]), ("after :Dgls holes", screen("holes")[:12]))
    )


def screen(name: str) -> list[Text]:
    """The lines of a kept screen."""
    codes = (SCREENS / f"{name}.ansi").read_text(encoding="utf-8")
    return Text.from_ansi(codes).split("\n")


def moments() -> list[tuple[str, list[Text]]]:
    """A few frames of a canvas, evenly spread from the first to the text that was put in."""
    frames = sorted(SCREENS.glob("settling-*.ansi"), key=_number)
    names = [f"settling-{_number(file)}" for file in frames][1:]  # the first one shows the selection
    inner = [names[round(index * (len(names) - 1) / (MOMENTS - 2))] for index in range(MOMENTS - 1)]
    titles = [f"frame {name.partition('-')[2]}" for name in inner]
    return [*zip(titles, map(screen, inner), strict=True), ("the edit", screen("settled"))]


def _number(file: Path) -> int:
    found = re.search(r"\d+", file.stem)
    return int(found[0]) if found else 0


def _strip(titled: list[tuple[str, list[Text]]], lines: slice) -> RenderableType:
    """Two beside each other, row below row."""
    rows = Table.grid()
    for first in range(0, len(titled), 2):
        rows.add_row(_beside(*((title, text[lines]) for title, text in titled[first : first + 2])))
    return rows


def _beside(*titled: tuple[str, list[Text]]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for _ in titled:
        table.add_column(width=WIDTH, no_wrap=True)
    table.add_row(*(Text(title, style="italic #8cf8f7") for title, _ in titled))
    table.add_row(*(Text("\n").join(text) for _, text in titled))
    return table


def _draw(name: str, what: RenderableType) -> None:
    columns = 2 * WIDTH + 4 if name != "ghost" else WIDTH + 24
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True)
    console.print(what)
    picture = console.export_svg(title="Neovim", theme=NEOVIM_DARK)
    (DOCS / f"neovim-{name}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
