"""Bins of magnitude: what holds of bright sources need not hold of faint ones."""

from __future__ import annotations

import numpy as np

from skyband.models.classifier.matrix import Doubles, Integers

_MOST_BINS = 5


def magnitude_edges(magnitude: Doubles | None, least_rows: int) -> Doubles:
    """Inner edges of bins with equally many rows each, 5 bins at most; none where rows are too few.

    Args:
        magnitude: of each row, NaN where there is none; or None.
        least_rows: of a bin.
    """
    if magnitude is None:
        return np.empty(0)
    there = magnitude[np.isfinite(magnitude)]
    bins = min(_MOST_BINS, len(there) // least_rows)
    if bins < 2:
        return np.empty(0)
    return np.unique(np.quantile(there, np.arange(1, bins) / bins))


def magnitude_bins(magnitude: Doubles | None, edges: Doubles, rows: int) -> Integers:
    """Bin of each row from 0; rows without a magnitude are in a bin of their own behind the others."""
    if magnitude is None:
        return np.full(rows, len(edges) + 1)
    return np.where(np.isfinite(magnitude), np.searchsorted(edges, magnitude, side="right"), len(edges) + 1)
