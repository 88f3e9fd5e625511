"""Figures for a page and for files: without a screen, and without touching what the caller's own plots use."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#1d1e20"
"""Of all lines and letters that are no data; on a page it becomes the colour of the text, dark or light."""
BLUE, ORANGE, GREEN, GREY = "#3f86d0", "#e07b28", "#3a9d62", "#8a8f98"
"""Of data: told apart by the colour-blind, and seen on white as on black."""

_PNG_DPI = 150


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure and what is said of it."""

    name: str  # of its file, without suffix
    title: str
    caption: str
    figure: Figure


@contextmanager
def style() -> Iterator[None]:
    """How everything is drawn and saved."""
    import matplotlib as mpl

    with mpl.rc_context(
        {
            "backend": "agg",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 10,
            "grid.alpha": 0.18,
            "axes.axisbelow": True,
            "legend.frameon": False,
            "legend.fontsize": 8,
            "svg.fonttype": "none",
            "svg.hashsalt": "skyband",
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "grid.color": INK,
        }
    ):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure, sizes in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png_of(plot: Plot) -> bytes:
    """The figure as a PNG on white."""
    target = io.BytesIO()
    with style():
        plot.figure.savefig(target, format="png", dpi=_PNG_DPI, facecolor="white")
    return target.getvalue()


def svg_of(plot: Plot) -> str:
    """The figure as an SVG element for a page: see-through, in the colour of the text."""
    target = io.StringIO()
    with style():
        plot.figure.savefig(target, format="svg", dpi=_PNG_DPI, transparent=True, metadata={"Date": None})
    text = target.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = text.replace(INK, "currentColor")
    # Several drawings share a page: their names must differ.
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{plot.name}-", text)
    text = re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", text, count=2)
    return text.replace("<svg", f'<svg role="img" aria-label="{plot.title}"', 1)
