"""All pairs within the radius, in zones of declination that bound the memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from skyband.schema.columns import TableInfo
from skyband.schema.keys import numbered_rows
from skyband.schema.progress import OnProgress
from skyband.schema.settings import Settings
from skyband.schema.sql import fill_sql

# Working memory of the join, bytes for each row of both tables (measured: 2.4 GB for 19.2 million rows).
_BYTES_PER_ROW = 110
# Share of the memory limit the join may plan with; the rest is for the pairs and for DuckDB's buffers.
_MEMORY_SHARE = 0.6
# Large tables are cut into some zones even where memory is plenty: asking for it takes longer than reading again.
_FEWEST_ZONES = 4
_ZONE_ROWS = 4_000_000
# Rows that are looked at to find where to cut.
_SAMPLE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Points:
    """Directions that belong to the rows of a table."""

    table: TableInfo
    # SQL of (id, x, y, z, sa, ca, sd, cd), unit vectors and sines and cosines of ra and dec, for rows that meet a
    # condition on row and dec (degrees); an id is the row's place.
    vectors: Callable[[str], str]
    # How far, at most, a direction is from where its row says.
    margin_arcsec: float = 0.0


def batch_count(left_rows: int, right_rows: int, settings: Settings) -> int:
    """Into how many zones the work is cut under the memory limit."""
    rows = left_rows + right_rows
    return max(
        1,
        min(_FEWEST_ZONES, rows // _ZONE_ROWS),
        math.ceil(rows * _BYTES_PER_ROW / (settings.memory_gb * 1e9 * _MEMORY_SHARE)),
    )


def find_candidates(
    connection: duckdb.DuckDBPyConnection,
    left: Points,
    right: Points,
    radius_arcsec: float,
    *,
    batches: int,
    progress: OnProgress,
) -> None:
    """Add to the temporary table `candidates` (left_row, right_row, chord2) all pairs within the radius.

    Every left row is in one zone, and the right rows of a zone are a superset of its partners (the chord decides),
    so the answer does not depend on the number of zones.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS candidates (left_row BIGINT, right_row BIGINT, chord2 DOUBLE)")
    rows = left.table.rows
    if batches == 1:
        _join(connection, left.vectors("true"), right.vectors("true"), radius_arcsec)
        progress(rows, rows)
        return
    zones = list(pairwise(_dec_cuts(connection, (left.table, right.table), batches)))
    # A little more, for what rounding takes away.
    margin_deg = (radius_arcsec + left.margin_arcsec + right.margin_arcsec) / 3600.0 * (1 + 1e-8) + 1e-9
    for done, (south, north) in enumerate(zones, 1):
        inside = f"dec >= {south!r} AND dec < {north!r}"
        around = f"dec BETWEEN {south - margin_deg!r} AND {north + margin_deg!r}"
        _join(connection, left.vectors(inside), right.vectors(around), radius_arcsec)
        progress(rows * done // len(zones), rows)


def _dec_cuts(connection: duckdb.DuckDBPyConnection, tables: Sequence[TableInfo], zones: int) -> list[float]:
    """Declinations, degrees, that cut tables into zones of about as many rows; beyond the poles the first and last."""
    every = max(1, sum(table.rows for table in tables) // _SAMPLE_ROWS)
    sample = " UNION ALL ".join(
        f"SELECT dec FROM {numbered_rows(table)} WHERE row IN (SELECT unnest(range(0, {table.rows}, {every})))"
        for table in tables
    )
    [(found,)] = connection.execute(
        f"SELECT quantile_disc(dec, ?) FILTER (isfinite(dec)) FROM ({sample})",
        [[number / zones for number in range(1, zones)]],
    ).fetchall()
    return [-91.0, *sorted(set(found or ())), 91.0]


def points_of(table: TableInfo) -> Points:
    """The rows of a table where it says they are."""

    def vectors(where: str) -> str:
        return (
            "(SELECT row AS id, cd * ca AS x, cd * sa AS y, sd AS z, sa, ca, sd, cd FROM (SELECT row, "
            "sin(radians(ra)) AS sa, cos(radians(ra)) AS ca, sin(radians(dec)) AS sd, cos(radians(dec)) AS cd "
            f"FROM {numbered_rows(table)} WHERE {where}))"
        )

    return Points(table, vectors)


def _join(connection: duckdb.DuckDBPyConnection, left: str, right: str, radius_arcsec: float) -> None:
    radius = repr(radius_arcsec)
    query = fill_sql("skyband.schema", "band_join", left=left, right=right, radius_arcsec=radius, band_arcsec=radius)
    connection.execute(f"INSERT INTO candidates {query}")
