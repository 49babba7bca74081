"""Print the picture of a canvas settling: ``python docs/canvas.py docs/canvas.svg``.

A line of the standard library's textwrap is cut out and filled by the embedded checkpoint; each denoising step that
changed something becomes one row of the picture.
"""

import inspect
import io
import sys
import textwrap
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dgls.config import InfillSettings, ModelSettings
from dgls.infill.fill import fill_gaps
from dgls.infill.request import FillRequest, Frame, Gap, Run
from dgls.model.host import load_host

LINE = "        chunks = self._split_chunks(text)"
CUT = "self._split_chunks(text)"


def main(picture: Path) -> None:
    """Fill the gap and draw every frame."""
    source = inspect.getsource(textwrap)
    start = source.index(LINE) + LINE.index(CUT)
    text = source[:start] + source[start + len(CUT) :]
    host = load_host(ModelSettings(), lambda fraction, what: None)
    settings = InfillSettings(candidates=1, free_tokens=16)
    request = FillRequest(text, (Gap(start, start),), "python", "textwrap.py", settings, single_line=True)
    before, after = text[:start].rpartition("\n")[2], text[start:].partition("\n")[0]
    table = Table(title="a canvas settling", box=None, padding=(0, 2))
    table.add_column("step", justify="right", style="dim")
    table.add_column("state", style="dim")
    table.add_column("the line, with the gap between its pins")
    for frame in fill_gaps(host, host.new_store(), request):
        if isinstance(frame, Frame):
            drawn = Text(before)
            for run in frame.drafts[0]:
                drawn.append(*_styled(run))
            table.add_row(str(frame.step), frame.state, drawn.append(after))
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(table)
    picture.write_text(console.export_svg(title="dgls fill"), encoding="utf-8")


def _styled(run: Run) -> tuple[str, str]:
    if run.confidence is None:
        return "░" * max(1, len(run.text)), "dim"
    return run.text, "green" if run.confidence > 0.8 else "yellow" if run.confidence > 0.4 else "red"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
