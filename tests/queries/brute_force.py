"""Separations of all pairs, in extended precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
