"""How many matches chance alone would give: shifted positions that ride along in the join."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import duckdb

from skyband.queries.crossmatch.candidates import Points
from skyband.schema.columns import TableInfo
from skyband.schema.sql import fill_sql

_FEWEST_SKIES = 4
_MOST_SKIES = 24
"""Skies shifted by ten radii whose circles do not overlap, at most."""
_TRIALS = 100_000
"""Shifted rows that few rows are made up to."""
_LEAST_SHIFT_ARCSEC = 30.0
_RADII = 10.0


@dataclass(frozen=True, slots=True)
class Chance:
    """The chance-match rate of a radius."""

    rate: float  # fraction of shifted left rows with a right row within the radius
    rate_error: float  # 1 sigma, binomial
    sample_rows: int  # left rows that were shifted
    shifts: int  # times each was shifted
    shift_arcsec: float  # how far


@dataclass(frozen=True, slots=True)
class Shifts:
    """Shifted skies: a sample of a table, each row shifted in some directions, evenly turned.

    The shift, ten radii (30 arcsec at least, 90 degrees at most), leaves the true partners behind and keeps the local
    density; above 9 degrees of radius it can do neither. At the edge of a footprint shifted rows fall outside, so that
    in a field not much wider than the shift the rate comes out too low.
    """

    table: TableInfo
    radius_arcsec: float
    one_in: int  # one row in so many is taken, evenly along the HEALPix order, so over the sky
    directions: int = _FEWEST_SKIES  # skies, each shifted in a direction of its own

    @property
    def shift_arcsec(self) -> float:
        """How far."""
        return min(max(_RADII * self.radius_arcsec, _LEAST_SHIFT_ARCSEC), 90 * 3600.0)

    @property
    def sample_rows(self) -> int:
        """Rows that are shifted."""
        return -(-self.table.rows // self.one_in)

    @property
    def trials(self) -> int:
        """Shifted rows."""
        return self.sample_rows * self.directions

    def beside(self, points: Points) -> Points:
        """The points and the shifted ones, whose ids begin behind the table's last row.

        They ride along in one join because a join of their own would read the right table again.
        """

        def vectors(where: str) -> str:
            shifted = fill_sql(
                "skyband.queries.crossmatch",
                "shifted",
                points=points.vectors(f"row % {self.one_in} = 0 AND ({where})"),
                rows=str(self.table.rows),
                directions=str(self.directions),
                shift_arcsec=repr(self.shift_arcsec),
            )
            return f"(SELECT id, x, y, z FROM {points.vectors(where)} UNION ALL FROM {shifted})"

        return replace(points, vectors=vectors, margin_arcsec=points.margin_arcsec + self.shift_arcsec)

    def rate(self, connection: duckdb.DuckDBPyConnection) -> Chance:
        """How often shifted rows found a partner among the temporary table `candidates`."""
        [(found,)] = connection.execute(
            "SELECT count(DISTINCT left_row) FROM candidates WHERE left_row >= ?", [self.table.rows]
        ).fetchall()
        trials = self.trials
        rate = found / trials if trials else 0.0
        return Chance(
            rate=rate,
            rate_error=math.sqrt(max(rate * (1 - rate), 1 / max(trials, 1)) / max(trials, 1)),
            sample_rows=self.sample_rows,
            shifts=self.directions,
            shift_arcsec=self.shift_arcsec,
        )


def plan_shifts(table: TableInfo, radius_arcsec: float, sample_rows: int) -> Shifts:
    """A sample of `sample_rows` rows at most; the fewer there are, the more skies."""
    shifts = Shifts(table, radius_arcsec, max(1, -(-table.rows // sample_rows)))
    skies = -(-_TRIALS // max(shifts.sample_rows, 1))
    return replace(shifts, directions=min(max(skies, _FEWEST_SKIES), _MOST_SKIES))
