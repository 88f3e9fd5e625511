"""Separations of all pairs, in extended precision, and the pairs a match keeps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skyband.queries.crossmatch import Find

Positions = list[tuple[float, float]]


def vectors(positions: Positions) -> NDArray[np.longdouble]:
    ra, dec = np.radians(np.array(positions, np.longdouble).reshape(-1, 2)).T
    unit: NDArray[np.longdouble] = np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=1)
    return unit


def separations_arcsec(left: Positions, right: Positions) -> NDArray[np.longdouble]:
    """All separations in extended precision, by the chord."""
    difference = vectors(left)[:, None, :] - vectors(right)[None, :, :]
    chord = np.sqrt((difference**2).sum(axis=2))
    angles: NDArray[np.longdouble] = np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1))) * 3600
    return angles


def moved(centre: tuple[float, float], turn: float, distance_deg: float) -> tuple[float, float]:
    """The point at a distance from a centre in a direction, on the sphere."""
    from astropy.coordinates.angles import offset_by

    ra, dec = offset_by(*np.radians([centre[0], centre[1], turn, distance_deg]))
    return float(ra.deg) % 360.0, float(dec.deg)


def random_sky(rng: np.random.Generator, rows: int, spread_deg: float) -> Positions:
    """Positions in a few clumps, one on a pole and one across RA 0, so that every table has ties and crowds."""
    centres = [(0.0, 10.0), (0.0, 90.0), (200.0, -41.81)]
    chosen = rng.integers(0, len(centres), rows)
    steps = zip(chosen, rng.uniform(0, 360, rows), spread_deg * np.sqrt(rng.random(rows)), strict=True)
    return [moved(centres[c], turn, distance) for c, turn, distance in steps]


def expected_pairs(left: Positions, right: Positions, radius_arcsec: float, find: Find) -> set[tuple[int, int]]:
    """Which pairs each `find` keeps, by plain loops over all separations (row place = id)."""
    sep = separations_arcsec(left, right)
    ranked = sorted(
        (float(sep[i, j]), i, j) for i in range(len(left)) for j in range(len(right)) if sep[i, j] <= radius_arcsec
    )
    nearest_right: dict[int, int] = {}
    nearest_left: dict[int, int] = {}
    greedy: set[tuple[int, int]] = set()
    used_left, used_right = set(), set()
    for _, i, j in ranked:
        nearest_right.setdefault(i, j)
        nearest_left.setdefault(j, i)
        if i not in used_left and j not in used_right:
            greedy.add((i, j))
            used_left.add(i)
            used_right.add(j)
    best1 = set(nearest_right.items())
    best2 = {(i, j) for j, i in nearest_left.items()}
    return {
        Find.ALL: {(i, j) for _, i, j in ranked},
        Find.BEST: greedy,
        Find.BEST1: best1,
        Find.BEST2: best2,
        Find.MUTUAL: best1 & best2,
        Find.ONE_TO_ONE: greatest_sum(sep, radius_arcsec),
    }[find]


def greatest_sum(sep: NDArray[np.longdouble], radius_arcsec: float) -> set[tuple[int, int]]:
    """Disjoint pairs of the greatest sum of (1 - chord^2 / chord_limit^2), by the Hungarian method on all rows."""
    from scipy.optimize import linear_sum_assignment

    chord2 = (2 * np.sin(np.radians(sep.astype(float) / 3600) / 2)) ** 2
    limit = (2 * np.sin(np.radians(radius_arcsec / 3600) / 2)) ** 2
    gain = np.maximum(1 - chord2 / limit, 0.0)
    return {(int(i), int(j)) for i, j in zip(*linear_sum_assignment(-gain), strict=True) if gain[i, j] > 0}
