"""All pairs within the radius, in one go or in HEALPix batches that bound the memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa

from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER, order_of_size, pixels_around
from skyband.schema.keys import numbered_rows
from skyband.schema.progress import OnProgress
from skyband.schema.settings import Settings
from skyband.schema.sql import fill_sql

# Working memory of the join, bytes for each row of both tables (measured: 2.4 GB for 19.2 million rows).
_BYTES_PER_ROW = 110
# Share of the memory limit the join may plan with; the rest is for the pairs and for DuckDB's buffers.
_MEMORY_SHARE = 0.6
# The area of a batch is drawn with at most so many HEALPix pixels.
_MOST_PIXELS = 4096
_FINEST_ORDER = 12


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of the left table, first <= healpix_29 < end, and the pixels its right partners can lie in."""

    first: int
    end: int
    order: int
    pixels: np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Points:
    """Directions that belong to the rows of a table."""

    table: TableInfo
    # SQL of (id, x, y, z, sa, ca, sd, cd), unit vectors and sines and cosines of ra and dec, for rows that meet a
    # condition on row and healpix_29; an id is the row's place.
    vectors: Callable[[str], str]
    # How far, at most, a direction is from where its row's healpix_29 says.
    margin_arcsec: float = 0.0


def batch_count(left_rows: int, right_rows: int, settings: Settings) -> int:
    """Into how many batches the work is cut under the memory limit."""
    return max(1, math.ceil((left_rows + right_rows) * _BYTES_PER_ROW / (settings.memory_gb * 1e9 * _MEMORY_SHARE)))


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

    Every left row is in one batch, and the right rows of a batch are a superset of its partners (the chord decides),
    so the answer does not depend on the number of batches.
    """
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS candidates (left_row BIGINT, right_row BIGINT, chord2 DOUBLE)")
    rows = left.table.rows
    if batches == 1:
        _join(connection, left.vectors("true"), right.vectors("true"), radius_arcsec)
        progress(rows, rows)
        return
    cuts = key_cuts(connection, left.table, batches)
    margin_arcsec = radius_arcsec + left.margin_arcsec + right.margin_arcsec
    for done, batch in enumerate(_batches(cuts, margin_arcsec / 3600.0)):
        connection.execute("CREATE OR REPLACE TEMP TABLE batch_pixels (pixel BIGINT)")
        connection.register("pixels_of_batch", pa.table({"pixel": batch.pixels}))
        connection.execute("INSERT INTO batch_pixels FROM pixels_of_batch")
        connection.unregister("pixels_of_batch")
        shift = 2 * (KEY_ORDER - batch.order)
        inside = f"healpix_29 >= {batch.first} AND healpix_29 < {batch.end}"
        around = (
            f"healpix_29 BETWEEN {batch.pixels[0] << shift} AND {((batch.pixels[-1] + 1) << shift) - 1} "
            f"AND healpix_29 >> {shift} IN (FROM batch_pixels)"
        )
        _join(connection, left.vectors(inside), right.vectors(around), radius_arcsec)
        progress(rows * (done + 1) // (len(cuts) - 1), rows)


def key_cuts(connection: duckdb.DuckDBPyConnection, table: TableInfo, pieces: int) -> list[int]:
    """healpix_29 values that cut a table into runs of equal numbers of rows: the first of each run, and an end."""
    places = [table.rows * number // pieces for number in range(1, pieces)]
    found = connection.execute(
        f"SELECT DISTINCT healpix_29 FROM {numbered_rows(table)} WHERE row IN (SELECT unnest(?)) ORDER BY healpix_29",
        [places],
    ).fetchall()
    return [0, *(value for (value,) in found if value > 0), 12 << (2 * KEY_ORDER)]


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


def _batches(cuts: list[int], margin_deg: float) -> Iterator[Batch]:
    for first, end in pairwise(cuts):
        last = end - 1
        # Pixels much smaller than the margin would draw its edge finer than it needs.
        order = min(_FINEST_ORDER, order_of_size(margin_deg / 8))
        while _span(first, last, order) > _MOST_PIXELS:
            order -= 1
        shift = 2 * (KEY_ORDER - order)
        inside = np.arange(first >> shift, (last >> shift) + 1, dtype=np.int64)
        yield Batch(first, end, order, pixels_around(order, inside, margin_deg))


def _span(first: int, last: int, order: int) -> int:
    shift = 2 * (KEY_ORDER - order)
    return (last >> shift) - (first >> shift) + 1
