"""Which share of the counterparts of a row lies within reach: some have errors larger than the radius."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np

from skyband.queries.association.density import Density
from skyband.queries.association.judge import BINS, Covered
from skyband.queries.association.options import AssociationOptions
from skyband.queries.crossmatch.astrometry import SPEED_ARCSEC_YR, Astrometry
from skyband.queries.crossmatch.meeting import Meeting

_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_SAMPLE_ROWS = 50_000
_NEGLIGIBLE = 1e-4
"""Share of counterparts beyond reach that is none, of the row with the largest errors."""


@dataclass(frozen=True, slots=True)
class Within:
    """The share of the counterparts of a left row that lies within reach, of errors that are circles."""

    options: AssociationOptions
    # Traces of the covariances of the right rows, quantiles, evenly spread; none where the radius reaches everything.
    right_traces_arcsec2: Sequence[float]
    floor_arcsec: float

    def sql(self, left_trace: str) -> str:
        """SQL of the share, over an expression of the trace of the covariance of the left row, arcsec2.

        Exact for a circle; an ellipse is taken for the circle of the same trace.
        """
        if self.options.n_sigma is not None:
            return f"{1 - math.exp(-(self.options.n_sigma**2) / 2)!r}::DOUBLE"
        if not self.right_traces_arcsec2:
            return "1::DOUBLE"
        radius = self.options.radius_arcsec
        assert radius is not None
        floor2 = 2 * self.floor_arcsec**2
        shares = (
            f"1 - exp(-{radius**2!r} / ({left_trace} + {trace + floor2!r}))" for trace in self.right_traces_arcsec2
        )
        return f"(({' + '.join(shares)}) / {len(self.right_traces_arcsec2)})"


def reached(
    connection: duckdb.DuckDBPyConnection, meeting: Meeting, options: AssociationOptions, floor_arcsec: float
) -> Within:
    """What the errors of the right rows and the systematic one make of the reach."""
    if options.n_sigma is not None:
        return Within(options, (), floor_arcsec)
    left, right = meeting.left, meeting.right
    largest = 2 * floor_arcsec**2
    for side, other in ((left, right), (right, left)):
        [(trace,)] = connection.execute(f"SELECT max({_trace(meeting, side, other)}) FROM {side.rows()}").fetchall()
        largest += trace or 0.0
    assert options.radius_arcsec is not None
    if math.exp(-(options.radius_arcsec**2) / max(largest, 1e-300)) < _NEGLIGIBLE:
        return Within(options, (), floor_arcsec)
    one_in = max(1, right.table.rows // _SAMPLE_ROWS)
    [(found,)] = connection.execute(
        f"SELECT quantile_cont({_trace(meeting, right, right)}, {list(_QUANTILES)!r}) "
        f"FROM {right.rows(f'row % {one_in} = 0')}"
    ).fetchall()
    return Within(options, found or (0.0,), floor_arcsec)


def covered_rows(connection: duckdb.DuckDBPyConnection, meeting: Meeting, density: Density, within: Within) -> Covered:
    """The left rows in the footprint of the right table, which is in the temporary table `right_density`."""
    left = meeting.left
    share = within.sql(_trace(meeting, left, meeting.right))
    join, is_covered = density.footprint("right_density", "l.healpix_29")
    found = connection.sql(
        f"SELECT round({share} * {BINS}) / {BINS} AS within, count(*)::DOUBLE AS n FROM {left.rows()} l {join} "
        f"WHERE {is_covered} GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    return Covered(*(np.asarray(found[name].to_numpy()) for name in ("within", "n")))


def _trace(meeting: Meeting, side: Astrometry, other: Astrometry) -> str:
    """SQL over astrometry.sql of the trace of the covariance of a row at the epoch of its pairs, arcsec2."""
    if meeting.epoch is None or not side.moves:
        return "(vaa + vdd)"
    epoch_errors = f"(pow(epoch_error, 2) + {other.epoch_error_yr**2!r})"
    return (
        f"(vaa + vdd + pow(coalesce({meeting.epoch!r} - epoch, 0), 2) * (waa + wdd) "
        f"+ {epoch_errors} * pow({SPEED_ARCSEC_YR}, 2))"
    )
