"""Rows of the same source, which must not be learnt from and tested with."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from skyband.models.classifier.matrix import Doubles, Integers

SAME_ARCSEC = 2.0
"""Sources nearer to each other count as one, as they do in catalogues of spectra."""


def duplicate_groups(ra: Doubles, dec: Doubles) -> Integers:
    """Number of the source each row is of, by position: rows within `SAME_ARCSEC` of each other, and of those in turn.

    Args:
        ra, dec: degrees, shape (n,); NaN where nothing is known.

    Returns:
        Shape (n,); -1 for rows that are the only ones of their source.
    """
    groups = np.full(len(ra), -1)
    placed = np.flatnonzero(np.isfinite(ra) & np.isfinite(dec))
    longitude, latitude = np.radians(ra[placed]), np.radians(dec[placed])
    points = np.column_stack(
        [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)]
    )
    chord = 2 * np.sin(np.radians(SAME_ARCSEC / 3600) / 2)
    pairs = cKDTree(points).query_pairs(chord, output_type="ndarray") if placed.size else np.empty((0, 2), int)
    if not len(pairs):
        return groups
    joined = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(placed.size, placed.size))
    _, component = connected_components(joined, directed=False)
    several = np.bincount(component)[component] > 1
    groups[placed[several]] = component[several]
    return groups
