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
        by_class_and_magnitude: the same of each class in each bin, where sets may fail that hold on the whole.
        mean_classes: in a set.
        single, empty: share of sets with one class, and with none.
    """

    promised: float
    by_class: dict[str, Share]
    by_magnitude: list[CoveredAt]
    by_class_and_magnitude: dict[str, list[CoveredAt]]
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

    def in_bins(own: Flags) -> list[CoveredAt]:
        return [
            CoveredAt(
                limits[number] if number <= len(edges) else None,
                limits[number + 1],
                Share.that(held[own & (bins == number)]),
            )
            for number in np.unique(bins[own]).tolist()
        ]

    there = [(name, codes == code) for code, name in enumerate(classes) if (codes == code).any()]
    return Coverage(
        promised=promised,
        by_class={name: Share.that(held[own]) for name, own in there},
        by_magnitude=in_bins(np.ones(len(codes), bool)),
        by_class_and_magnitude={name: in_bins(own) for name, own in there},
        mean_classes=float(sizes.mean()),
        single=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
    )
