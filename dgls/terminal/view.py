"""How code with gaps in it looks in a terminal: the canvas as it settles, and the finished fill as a diff.

Knows no model and no file: texts, gaps and drafts in; rich renderables, or lines of a diff, out.
"""

import difflib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, groupby, zip_longest
from typing import NamedTuple

from rich.console import RenderableType
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from dgls.infill.request import Frame, Gap, Run

CONTEXT_LINES = 3
UNSETTLED = "░░"
SYNTAX_THEME = "ansi_dark"

# Control characters (an escape could command the terminal), lone surrogates, marks that turn the direction.
UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069]")


class Hunk(NamedTuple):
    """Whole lines of a text around gaps that stand close together."""

    start: int
    """Offset of its first character."""
    end: int
    """Offset behind its last character."""
    line: int
    """Number of its first line, from 0; lines end with a line feed, as difflib and patch have it."""
    gaps: tuple[int, ...]
    """Which gaps of the text stand in it."""


def hunks(text: str, gaps: Sequence[Gap], context_lines: int = CONTEXT_LINES) -> Iterator[Hunk]:
    """The stretches of ``text`` with the gaps and ``context_lines`` lines on both sides, first to last."""
    windows = [
        (_lines_back(text, gap.start, context_lines), _lines_on(text, gap.end, context_lines)) for gap in gaps
    ]
    joined: list[tuple[int, int, tuple[int, ...]]] = []
    for number, (start, end) in enumerate(windows):
        if joined and start <= joined[-1][1]:
            first, last, members = joined.pop()
            joined.append((first, max(last, end), (*members, number)))
        else:
            joined.append((start, end, (number,)))
    line = position = 0
    for start, end, members in joined:
        line += text.count("\n", position, start)
        position = start
        yield Hunk(start, end, line, members)


def _lines_back(text: str, offset: int, lines: int) -> int:
    """The start of the line that is ``lines`` lines above the one at ``offset``."""
    start = text.rfind("\n", 0, offset) + 1
    for _ in range(lines):
        if start == 0:
            break
        start = text.rfind("\n", 0, start - 1) + 1
    return start


def _lines_on(text: str, offset: int, lines: int) -> int:
    """The end, line feed included, of the line that is ``lines`` lines below the one at ``offset``."""
    end = offset
    for _ in range(lines + 1):
        found = text.find("\n", end)
        if found < 0:
            return len(text)
        end = found + 1
    return end


def unified_diff(name: str, text: str, gaps: Sequence[Gap], fills: Sequence[str]) -> str:
    """The fills as a unified diff that `patch` takes, empty if nothing changes; only hunks are compared."""
    lines: list[str] = []
    shift = 0
    for hunk in hunks(text, gaps):
        before = text[hunk.start : hunk.end]
        after = "".join(draft for draft, _ in _pieces(text, gaps, fills, hunk))
        old, new = _lines(before), _lines(after)
        for line in difflib.unified_diff(old, new, n=CONTEXT_LINES):
            if line.startswith(("---", "+++")) and line[3:].isspace():
                continue  # the names stand at the top, once
            if line.startswith("@@ "):
                line = _moved(line, hunk.line, hunk.line + shift)
            lines.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
        shift += len(new) - len(old)
    path = name.lstrip("/")
    return "".join([f"--- a/{path}\n", f"+++ b/{path}\n", *lines]) if lines else ""


def _lines(text: str) -> list[str]:
    """Lines by line feeds alone, as `patch` counts them (``splitlines`` knows more ends)."""
    return [line for line in re.split(r"(?<=\n)", text) if line]


def _moved(header: str, old: int, new: int) -> str:
    """A hunk header of lines counted within a hunk, moved to where it stands in the file."""

    def moved(found: re.Match[str]) -> str:
        return f"{found[1]}{int(found[2]) + (old if found[1] == '-' else new)}"

    return re.sub(r"([-+])(\d+)", moved, header)


def _pieces(
    text: str, gaps: Sequence[Gap], drafts: Sequence[str], hunk: Hunk
) -> Iterator[tuple[str, int | None]]:
    """The text of ``hunk`` with drafts in its gaps, in pieces; a draft's piece carries its gap's number."""
    end = hunk.start
    for number in hunk.gaps:
        yield text[end : gaps[number].start], None
        yield drafts[number], number
        end = gaps[number].end
    yield text[end : hunk.end], None


def canvas(text: str, gaps: Sequence[Gap], frame: Frame | None, lexer: str) -> RenderableType:
    """The code around the gaps with the drafts of ``frame`` in place, in the colours of their confidence."""
    drafts = frame.drafts if frame else (((Run("", None)),),) * len(gaps)
    drawing = Table.grid(padding=(0, 1))
    drawing.add_column(style="dim", justify="right")
    drawing.add_column(overflow="fold")
    for number, hunk in enumerate(hunks(text, gaps)):
        if number:
            drawing.add_row("⋯", "")
        pieces = [
            showable(piece) for piece, gap in _pieces(text, gaps, [""] * len(gaps), hunk) if gap is None
        ]
        drawn = Text()
        for piece, gap in zip_longest(_highlighted(tuple(pieces), lexer), hunk.gaps):
            drawn.append_text(piece)
            if gap is not None:
                drawn.append_text(_draft(drafts[gap]))
        lines = drawn.split("\n", allow_blank=True)
        if not lines[-1].plain:
            lines.pop()
        for row, line in enumerate(lines, hunk.line + 1):
            drawing.add_row(f"{row} │", line)
    return drawing


@lru_cache(maxsize=64)
def _highlighted(pieces: tuple[str, ...], lexer: str) -> tuple[Text, ...]:
    """The pinned ``pieces`` of one stretch of code, coloured as one, so that no colour depends on a draft."""
    code = "".join(pieces)
    whole = Syntax("", lexer, theme=SYNTAX_THEME).highlight(code)[: len(code)]  # it may add a line end
    whole.stylize("dim")
    return tuple(whole.divide(list(accumulate(map(len, pieces)))[:-1]))


def _draft(runs: Sequence[Run]) -> Text:
    """A gap's draft: settled runs in the colour of their confidence, the rest as noise without meaning."""
    draft = Text()
    for settled, group in groupby(runs, lambda run: run.confidence is not None):
        if settled:
            for text, confidence in group:
                draft.append(showable(text), style=confidence_style(confidence or 0.0))
        else:
            draft.append(UNSETTLED, style="dim magenta")
    return draft


def confidence_style(confidence: float) -> Style:
    """Red at 0 over yellow at one half to green at 1; bold, to stand out from what is pinned."""
    certain = min(max(confidence, 0.0), 1.0)
    red, green = min(1.0, 2 - 2 * certain), min(1.0, 2 * certain)
    return Style.parse(f"bold rgb({int(80 + 150 * red)},{int(70 + 140 * green)},80)")


def coloured(diff: str) -> RenderableType:
    """A unified diff in colours."""
    return Syntax(
        showable(diff).rstrip("\n"), "diff", theme=SYNTAX_THEME, background_color="default", word_wrap=True
    )


def showable(text: str) -> str:
    """``text`` with ``\\r\\n`` and ``\\r`` as line feeds, and without anything that a terminal would obey."""
    return UNSHOWABLE.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n"))


def lexer_of(path: str, language: str) -> str:
    """The name of the colouring for a file: by its language id, else by its path, else none."""
    return language if Syntax("", language).lexer else Syntax.guess_lexer(path)
