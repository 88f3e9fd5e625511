"""Whether conformal sets hold the true class as often as promised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skyband.models.classifier.magnitudes import magnitude_bins, magnitude_edges
from skyband.models.classifier.matrix import Doubles, Flags, Integers
from skyband.models.validation.measures import Share

_LEAST_ROWS = 30


@dataclass(frozen=True)
class CoveredAt:
    """Coverage between two magnitudes; None for no limit, both for rows without a magnitude."""

    brightest: float | None
    faintest: float | None
    covered: Share


@dataclass(frozen=True)
class Coverage:
    """Of the sets of some rows.

    Attributes:
        promised: share of rows whose set should hold the true class.
        by_class: share that does, of each class.
        by_magnitude: the same by magnitude.
        mean_classes: in a set.
        single, empty: share of sets with one class, and with none.
    """

    promised: float
    by_class: dict[str, Share]
    by_magnitude: list[CoveredAt]
    mean_classes: float
    single: float
    empty: float


def coverage(sets: Flags, codes: Integers, magnitude: Doubles, classes: Sequence[str], promised: float) -> Coverage:
    """Measure the sets of n rows.

    Args:
        sets: n x classes.
        codes: true classes.
        magnitude: NaN where there is none.
        classes: names.
        promised: share.
    """
    held = sets[np.arange(len(codes)), codes]
    sizes = sets.sum(axis=1)
    edges = magnitude_edges(magnitude, _LEAST_ROWS)
    bins = magnitude_bins(magnitude, edges, len(codes))
    limits: list[float | None] = [None, *edges.tolist(), None, None]
    return Coverage(
        promised=promised,
        by_class={name: Share.that(held[codes == code]) for code, name in enumerate(classes) if (codes == code).any()},
        by_magnitude=[
            CoveredAt(
                limits[number] if number <= len(edges) else None, limits[number + 1], Share.that(held[bins == number])
            )
            for number in np.unique(bins).tolist()
        ],
        mean_classes=float(sizes.mean()),
        single=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
    )
