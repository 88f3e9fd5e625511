"""How many matches chance alone would give: the same join on shifted positions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb

from skyband.schema.columns import TableInfo
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_SHIFTS = 4
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


def chance_rate(
    connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo, radius_arcsec: float, sample_rows: int
) -> Chance:
    """Shift a sample of the left table in four directions and count how often it still finds a partner.

    The shift, ten radii and 30 arcsec at least, leaves the true partners behind and keeps the local density.
    """
    shift_arcsec = min(max(_RADII * radius_arcsec, _LEAST_SHIFT_ARCSEC), 90 * 3600.0)
    # A sample by hash is the same on every run and in every version of the table.
    one_in = max(1, left.rows // sample_rows)
    shifted = fill_sql(
        "skyband.queries.crossmatch",
        "shifted",
        left=f"keys.{quote(left.name)}",
        one_in=str(one_in),
        shifts=str(_SHIFTS),
        shift_arcsec=repr(shift_arcsec),
    )
    right_vectors = (
        f"(SELECT id, unit_x(ra, dec) AS x, unit_y(ra, dec) AS y, unit_z(dec) AS z FROM keys.{quote(right.name)})"
    )
    pairs = fill_sql(
        "skyband.schema", "band_join", left="shifted", right=right_vectors, radius_arcsec=repr(radius_arcsec)
    )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE shifted AS {shifted}")
    row = connection.execute(
        f"SELECT count(DISTINCT left_id), (SELECT count(*) FROM shifted) FROM ({pairs})"
    ).fetchone()
    connection.execute("DROP TABLE shifted")
    assert row is not None
    hits, trials = row
    rate = hits / trials if trials else 0.0
    return Chance(
        rate=rate,
        rate_error=math.sqrt(max(rate * (1 - rate), 1 / max(trials, 1)) / max(trials, 1)),
        sample_rows=trials // _SHIFTS,
        shifts=_SHIFTS,
        shift_arcsec=shift_arcsec,
    )
