"""Where on the sky the pairs of a match lie, and how densely."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from skyband.schema.healpix import KEY_ORDER, order_of_size, pixel_area_deg2
from skyband.server.report.questions import Questions, sql_of
from skyband.server.report.subject import Subject

_WIDEST_FIELD_DEG = 30.0
"""Radius above which the whole sky is drawn."""
_SKY_ORDER = 5
_SKY_COARSEST = 2
_FIELD_PIXELS = 50
_CELL_PAIRS = 8.0
"""Pairs a drawn cell has on average, at least."""


@dataclass(frozen=True, slots=True)
class Field:
    """The part of the sky a match is on."""

    ra: float  # of the centre, degrees
    dec: float
    radius_deg: float  # of the circle around it that holds every pair
    is_sky: bool  # too wide for a plane


@dataclass(frozen=True, slots=True)
class PairDensity:
    """Pairs in HEALPix cells, NESTED; lists of length n, cells without pairs left out."""

    order: int
    cells: list[int]
    pairs: list[int]

    @property
    def per_deg2(self) -> list[float]:
        """Pairs a square degree in each cell."""
        return [pairs / pixel_area_deg2(self.order) for pairs in self.pairs]


def field_of(questions: Questions, subject: Subject) -> Field:
    """The field of a match that lists pairs."""
    pairs = subject.pairs
    mean = questions.ask_one("Where the pairs lie", sql_of("field", pairs=pairs))
    x, y, z = mean["x"], mean["y"], mean["z"]
    ra, dec = math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))
    radius = questions.ask_one(
        "How far from their centre",
        f"SELECT max(angdist_arcsec({ra!r}, {dec!r}, ra, dec)) / 3600 AS radius_deg\nFROM {pairs}\n"
        "WHERE sep_arcsec IS NOT NULL",
    )["radius_deg"]
    return Field(ra, dec, radius, radius > _WIDEST_FIELD_DEG)


def pair_density(questions: Questions, subject: Subject, field: Field) -> PairDensity:
    """The density of pairs, in cells as fine as their number and the size of a map allow."""
    finest = _SKY_ORDER if field.is_sky else order_of_size(2 * max(field.radius_deg, 1e-6) / _FIELD_PIXELS)
    found = questions.ask(
        "Density of pairs",
        f"SELECT healpix_29 >> {2 * (KEY_ORDER - finest)} AS cell, count(*) AS pairs\nFROM {subject.pairs}\n"
        "WHERE sep_arcsec IS NOT NULL\nGROUP BY cell\nORDER BY cell",
    )
    order, cells, pairs = finest, found["cell"].to_numpy().astype(np.int64), found["pairs"].to_numpy()
    coarsest = _SKY_COARSEST if field.is_sky else max(finest - 3, 0)
    while order > coarsest and pairs.mean() < _CELL_PAIRS:
        first = np.flatnonzero(np.diff(cells >> 2, prepend=-1))
        order, cells, pairs = order - 1, (cells >> 2)[first], np.add.reduceat(pairs, first)
    return PairDensity(order, cells.tolist(), pairs.tolist())
