"""What chance alone gives: the pairs of shifted or random positions, ring by ring."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skyband.queries.crossmatch import Find
from skyband.server.report.footprint import Footprint
from skyband.server.report.questions import Unknown
from skyband.server.report.subject import Subject

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ChanceLevel:
    """The partners that positions find which have nothing to do with the other table."""

    per_arcsec2: float  # pairs found in each square arcsec around a position, all rows together
    rows: int  # rows that ask
    origin: str  # where the number comes from

    def pairs(self, edges_arcsec: Doubles) -> Doubles:
        """Expected pairs in rings between separations, shape (n,) for n + 1 edges: they grow as the separation."""
        found: Doubles = math.pi * self.per_arcsec2 * np.diff(edges_arcsec**2)
        return found

    def nearest(self, edges_arcsec: Doubles) -> Doubles:
        """Expected nearest partners of all rows in rings, shape (n,) for n + 1 edges."""
        found: Doubles = -self.rows * np.diff(np.exp(-math.pi * self.per_arcsec2 / self.rows * edges_arcsec**2))
        return found

    def rate(self, radius_arcsec: float) -> float:
        """Share of rows that find a partner within a radius."""
        return -math.expm1(-math.pi * self.per_arcsec2 / self.rows * radius_arcsec**2)


def chance_level(subject: Subject, footprint: Footprint | Unknown) -> ChanceLevel | Unknown:
    """The level of a match: of a plain one, what its shifted rows found; of an association, what random positions would
    find at the density of the right table around each left row."""
    if not subject.is_association:
        return _of_shifts(subject)
    if isinstance(footprint, Unknown):
        return footprint
    if not footprint.per_arcsec2:
        return Unknown(f"no row of {subject.left.name} lies in the footprint of {subject.right.name}")
    origin = f"random positions at the density of {subject.right.name} around each row of {subject.left.name}"
    return ChanceLevel(footprint.per_arcsec2, subject.counts["left_rows"], origin)


def _of_shifts(subject: Subject) -> ChanceLevel | Unknown:
    counts, chance = subject.counts, subject.counts["chance"]
    trials = chance["sample_rows"] * chance["shifts"]
    if not trials:
        return Unknown(f"no row was shifted, because {subject.left.name} is empty")
    # Shifted rows with a partner are counted, so that second partners are missing: Poisson's law gives them back.
    rate = min(chance["rate"], 1 - 0.5 / trials)
    assert subject.radius_arcsec is not None
    per_arcsec2 = -math.log1p(-rate) * counts["left_rows"] / (math.pi * subject.radius_arcsec**2)
    rows = counts["right_rows"] if subject.find is Find.BEST2 else counts["left_rows"]
    # The table of a self-match lists each pair once.
    per_arcsec2 /= 2 if subject.is_self_match else 1
    origin = f"positions shifted by {chance['shift_arcsec']:g} arcsec ({trials:,} trials)"
    return ChanceLevel(per_arcsec2, rows, origin)
