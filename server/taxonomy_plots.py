"""Pictures of a taxonomy: the map of its kinds, and what is typical of each."""

from __future__ import annotations

import numpy as np

from skyband.models.discovery.run import TaxonomyReport
from skyband.schema.store import Store
from skyband.server.montage import Cell, thumbnails_png
from skyband.server.report.figures import GREY, Plot, new_figure, png_of, style

_WIDTH_IN, _HEIGHT_IN = 7.4, 6.2
_MOST_POINTS = 50_000
_MOST_CLUSTERS = 20
"""Shown in the montage, and named in the legend."""
_TYPICAL = 6
"""Images of each in the montage."""


def map_png(found: TaxonomyReport) -> bytes:
    """The map of all images as PNG, coloured by cluster, with the number of each at its medoid."""
    import matplotlib as mpl

    clusters = found.clusters
    rows = np.arange(len(found.ids))
    if len(rows) > _MOST_POINTS:
        rows = np.sort(np.random.default_rng(1).choice(rows, _MOST_POINTS, replace=False))
    size = float(np.clip(4e4 / len(rows), 1.5, 26))
    with style():
        figure = new_figure(_WIDTH_IN, _HEIGHT_IN)
        axes = figure.add_subplot()
        colours = mpl.colormaps["tab20"].colors  # type: ignore[attr-defined]
        for number in range(-1, len(clusters)):
            own = rows[clusters.numbers[rows] == number]
            colour = GREY if number < 0 else colours[number % len(colours)]
            label = f"none ({found.noise_share:.0%})" if number < 0 else f"{number} ({len(clusters.members(number)):,})"
            axes.scatter(
                found.places[own, 0],
                found.places[own, 1],
                s=size / (3 if number < 0 else 1),
                color=colour,
                linewidths=0,
                alpha=0.35 if number < 0 else 0.85,
                label=label if number < _MOST_CLUSTERS else None,
                rasterized=True,
            )
        for number, medoid in enumerate(clusters.medoids):
            outline = {"boxstyle": "circle,pad=0.25", "fc": "white", "ec": colours[number % len(colours)], "lw": 1.5}
            axes.annotate(str(number), found.places[medoid], ha="center", va="center", fontsize=8, bbox=outline)
        axes.set(xticks=[], yticks=[], title=f"{found.info.name}: {len(clusters)} kinds of {len(found.ids):,} images")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), markerscale=1.5, title="cluster (images)")
        caption = "Near images are alike; distances between clusters mean little."
        axes.set_xlabel(caption)
    return png_of(Plot("taxonomy", "Kinds of images", caption, figure))


def medoids_png(store: Store, found: TaxonomyReport) -> bytes:
    """A line for each cluster as PNG: its medoid, then the images nearest to it."""
    clusters = found.clusters
    cells: list[Cell | None] = []
    for number, typical in enumerate(clusters.typical[:_MOST_CLUSTERS]):
        names = found.ids.take(typical[:_TYPICAL]).to_pylist()
        words = [f"cluster {number}: {len(clusters.members(number)):,} images", *[""] * (len(names) - 1)]
        cells += zip(names, words, strict=True)
        cells += [None] * (_TYPICAL - len(names))
    return thumbnails_png(
        store, found.info.name, cells, f"Kinds of {found.info.name}: medoids and their nearest", across=_TYPICAL
    )
