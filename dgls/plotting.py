"""What all plots share: where they can be drawn, an empty figure, and its image.

matplotlib is an extra: it is imported only when a plot is asked for.
"""

import importlib.util
import io
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = (".png", ".svg", ".pdf")


class PlotError(Exception):
    """No plot can be drawn; the message says what to do."""


def check_plot(path: Path) -> None:
    """Raise :class:`PlotError` where no plot could be written to ``path``: before hours are spent on what it shows."""
    if path.suffix.lower() not in FORMATS:
        raise PlotError(f"{path}: a plot is written as {', '.join(FORMATS)}; choose one of these endings")
    if importlib.util.find_spec("matplotlib") is None:
        raise PlotError('plots need matplotlib; install it with: pip install "dgls[plot]"')


def new_figure(width: float, height: float) -> "Figure":
    """An empty figure of so many inches, drawn without a display."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def image_of(figure: "Figure", ending: str) -> bytes:
    """``figure`` as a file of the format that ``ending`` names."""
    image = io.BytesIO()
    figure.savefig(image, format=ending.removeprefix(".").lower(), dpi=120)
    return image.getvalue()
