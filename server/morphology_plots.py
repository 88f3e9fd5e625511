"""Charts of an analysis of neighbours: fractions beside the base's, classes, and where the neighbours are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from skyband.queries.morphology import Neighbourhood
from skyband.queries.morphology.fractions import Fraction
from skyband.schema.errors import BadOption
from skyband.schema.faults import storage_error
from skyband.server.report.figures import BLUE, GREEN, GREY, INK, ORANGE, Plot, new_figure, png_of, style

_WIDTH_IN = 7.4
_KINDS = {"joint": (BLUE, "of all volunteers"), "conditional": (ORANGE, "of those who were asked")}


def neighbourhood_plots(found: Neighbourhood) -> Iterator[Plot]:
    """The charts there is something to draw for: fractions, classes, sky map."""
    with style():
        if any(fraction.fraction is not None for fraction in found.fractions):
            yield _fraction_plot(found)
        if found.classes.shares:
            yield _class_plot(found)
        if found.places:
            yield _sky_plot(found)


def chart_png(found: Neighbourhood, name: str) -> bytes:
    """One chart, "fractions", "classes" or "sky_map", as PNG.

    Raises:
        BadOption: there is no such chart of this analysis.
    """
    plots = {plot.name: plot for plot in neighbourhood_plots(found)}
    if name not in plots:
        raise BadOption(f"there is no chart {name!r} of these neighbours: take one of {', '.join(plots) or 'none'}")
    return png_of(plots[name])


def write_charts(found: Neighbourhood, folder: Path) -> list[Path]:
    """Write all charts as PNG files into a folder, which is made if it is not there.

    Raises:
        StorageError: they cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in neighbourhood_plots(found):
            path = folder / f"{plot.name}.png"
            path.write_bytes(png_of(plot))
            written.append(path)
    except OSError as error:
        raise storage_error(f"cannot write charts to {folder}", error) from error
    return written


def _fraction_plot(found: Neighbourhood) -> Plot:
    features = list(dict.fromkeys(fraction.feature for fraction in found.fractions))
    figure = new_figure(_WIDTH_IN, 1.3 + 0.62 * len(features))
    axes = figure.add_subplot()
    for kind, (colour, label) in _KINDS.items():
        drawn = [
            fraction
            for fraction in found.fractions
            if fraction.kind == kind and fraction.fraction is not None and not _is_told(found, fraction)
        ]
        offset = -0.17 if kind == "joint" else 0.17
        rows = np.array([features.index(fraction.feature) + offset for fraction in drawn])
        values = np.array([_known(fraction.fraction) for fraction in drawn])
        bars = np.array([[_known(f.fraction) - _known(f.low), _known(f.high) - _known(f.fraction)] for f in drawn]).T
        axes.errorbar(values, rows, xerr=np.abs(bars), fmt="o", markersize=5, color=colour, lw=1.4, label=label)
        bases = np.array([np.nan if f.collection_fraction is None else f.collection_fraction for f in drawn])
        mark = "the base" if kind == "joint" else None
        axes.plot(bases, rows, "|", color=GREY, markersize=13, markeredgewidth=2.2, label=mark)
        for row, fraction in zip(rows, drawn, strict=True):
            axes.annotate(_noted(fraction), (1.02, row), xycoords=("axes fraction", "data"), va="center", fontsize=7.5)
    axes.set_yticks(range(len(features)), features)
    axes.set(xlabel="fraction of votes", xlim=(-0.02, 1.02), ylim=(len(features) - 0.5, -0.5))
    axes.grid(True, axis="x")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    caption = (
        f"What volunteers said of {found.with_votes:,} neighbours (bars: {found.options.confidence:.0%} intervals, "
        f"galaxies as the unit), beside {found.base} (grey)."
    )
    return Plot("fractions", "Fractions of votes", caption, figure)


def _is_told(found: Neighbourhood, fraction: Fraction) -> bool:
    """Whether it is the joint fraction again: of the first question everybody was asked."""
    return fraction.kind == "conditional" and fraction.votes == found.fraction(fraction.feature, "joint").votes


def _noted(fraction: Fraction) -> str:
    lift = "" if fraction.lift is None else f", lift {fraction.lift:.2f}"
    return f"n = {fraction.galaxies}{lift}"


def _known(value: float | None) -> float:
    assert value is not None  # intervals come with their fractions
    return value


def _class_plot(found: Neighbourhood) -> Plot:
    shares = found.classes.shares
    figure = new_figure(_WIDTH_IN, 1.0 + 0.42 * len(shares))
    axes = figure.add_subplot()
    rows = np.arange(len(shares))
    values = np.array([share.share for share in shares])
    bars = np.array([[share.share - share.low, share.high - share.share] for share in shares]).T
    axes.barh(rows, values, height=0.6, color=BLUE, alpha=0.55, label="neighbours")
    axes.errorbar(values, rows, xerr=np.abs(bars), fmt="none", ecolor=BLUE, lw=1.2)
    base = np.array([share.collection_share for share in shares])
    axes.plot(base, rows, "|", color=GREY, markersize=15, markeredgewidth=2.2, label="the base")
    axes.set_yticks(rows, [f"{share.name} ({share.galaxies:,})" for share in shares])
    axes.set(xlabel="share of galaxies", xlim=(0, 1.02), ylim=(len(shares) - 0.5, -0.5))
    axes.grid(True, axis="x")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    entropy = found.classes.entropy_bits
    assert entropy is not None  # there are shares
    caption = f"Classes of the neighbours (purity {values[0]:.0%}, entropy {entropy:.2f} bits) and of the base."
    return Plot("classes", "Classes", caption, figure)


def _sky_plot(found: Neighbourhood) -> Plot:
    figure = new_figure(_WIDTH_IN, 3.8)
    axes = figure.add_subplot(projection="mollweide")
    # East is left on maps of the sky: right ascension grows towards smaller longitudes of the projection.
    longitude = np.radians([-_folded(place.ra) for place in found.places])
    latitude = np.radians([place.dec for place in found.places])
    similarity = [place.similarity for place in found.places]
    drawn = axes.scatter(longitude, latitude, c=similarity, s=22, cmap="viridis", edgecolors=INK, linewidths=0.3)
    figure.colorbar(drawn, ax=axes, orientation="horizontal", shrink=0.6, label="similarity")
    mean = found.sky.direction if found.sky is not None else None
    if mean is not None and mean.ra is not None and mean.dec is not None:
        axes.plot(np.radians(-_folded(mean.ra)), np.radians(mean.dec), "+", color=GREEN, markersize=12, mew=2)
    axes.set_xticks(np.radians(range(-150, 180, 30)), [f"{-ra % 360}°" for ra in range(-150, 180, 30)], fontsize=7)
    axes.grid(True)
    caption = f"Where {len(found.places):,} neighbours are (ICRS); the cross is their mean direction."
    return Plot("sky_map", "On the sky", caption, figure)


def _folded(ra_deg: float) -> float:
    """Right ascension from -180 to 180 degrees."""
    return (ra_deg + 180) % 360 - 180
