"""Cones: the rows of a table around a position, nearest first."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skyband.queries.collected import CollectedRows, collect
from skyband.queries.known import unique_names
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.healpix import KEY_ORDER, Doubles, order_of_size, pixels_in_cone
from skyband.schema.keys import data_of
from skyband.schema.names import quote

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from skyband.queries.result import ArrowRows

_FEW_ROWS = 50_000
"""Candidates that are collected and judged at once; more are left to the database, which streams."""

_MOST_RANGES = 4
"""Ranges of the key a cone is cut into; more skip hardly more rows."""

_NEAR_ROWS = 100_000
"""Rows between two ranges that are sooner read than skipped: each further range costs as much as they do."""

_SEPARATION = Column(
    "sep_arcsec", "DOUBLE", unit="arcsec", ucd="pos.angDistance", description="Separation from the centre"
)


@dataclass(frozen=True, slots=True)
class Cone:
    """A circle on the sky, edge included.

    Raises:
        BadOption: the position or radius is impossible.
    """

    ra: float  # of the centre, degrees, ICRS
    dec: float
    radius_deg: float

    def __post_init__(self) -> None:
        for name in ("ra", "dec", "radius_deg"):  # of numpy, perhaps, which writes itself otherwise
            object.__setattr__(self, name, float(getattr(self, name)))
        if not (-360 <= self.ra <= 360 and -90 <= self.dec <= 90):
            raise BadOption(f"({self.ra}, {self.dec}) is not a position: ra is 0 to 360 and dec -90 to 90 degrees")
        if not 0 < self.radius_deg <= 180:
            raise BadOption(f"radius {self.radius_deg} deg is not between 0 and 180")

    def as_sql(self, table: str) -> str:
        """The search as a user would write it; its rows are in no order."""
        return f"SELECT * FROM cone('{table}', {self.ra!r}, {self.dec!r}, {self.radius_deg!r})"

    @property
    def centre(self) -> tuple[float, float, float]:
        """Unit vector of the centre."""
        lon, lat = math.radians(self.ra), math.radians(self.dec)
        return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)

    @property
    def chord2(self) -> float:
        """Squared chord of the radius, widened as the macro chord_limit is: rounding keeps the edge inside."""
        return float((2 * math.sin(math.radians(self.radius_deg) / 2) * (1 + 1e-9) + 1e-15) ** 2)


def search_cone(
    cursor: duckdb.DuckDBPyConnection, info: TableInfo, cone: Cone, *, text_ids: bool = False
) -> tuple[ArrowRows, tuple[Column, ...]]:
    """The rows of a table in a cone, nearest first and then by id, and their columns, `sep_arcsec` in front.

    Args:
        cursor: of a session that has the table open.
        info: the table.
        cone: where to look.
        text_ids: whether ids are given as text.

    Raises:
        BadOption: the table has no positions.
    """
    found = _Search(info, cone, text_ids=text_ids)
    return found.few_rows(cursor) or found.many_rows(cursor), found.columns


class _Search:
    """One cone in one table.

    The same rows either way. A few are collected by ranges of the key and judged in arrays: the database would take
    longer to read the formulas than to apply them. Many are found by the database and stream.
    """

    def __init__(self, info: TableInfo, cone: Cone, *, text_ids: bool) -> None:
        ra, dec = info.role("ra"), info.role("dec")
        if ra is None or dec is None:
            raise BadOption(f"table {info.name!r} has no positions, so it cannot be searched by position")
        self._cone, self._info = cone, info
        self._ra, self._dec = ra, dec
        self._id = info.role("id")
        given = [
            replace(c, type="VARCHAR", ascii=c.type != "VARCHAR" or c.ascii) if text_ids and c is self._id else c
            for c in info.columns
        ]
        names = unique_names([_SEPARATION.name, *(column.name for column in given)])
        self.columns = (
            _SEPARATION,
            *(c if c.name == name else replace(c, name=name) for c, name in zip(given, names[1:], strict=True)),
        )

    def few_rows(self, cursor: duckdb.DuckDBPyConnection) -> ArrowRows | None:
        """The rows, unless there are many."""
        names = ", ".join(quote(column.name) for column in self._info.columns)
        sql = f"SELECT {names} FROM {data_of(self._info)} WHERE {self._near()} LIMIT {_FEW_ROWS + 1}"
        rows = collect(cursor, sql, self._info.columns)
        return None if rows.num_rows > _FEW_ROWS else CollectedRows(self._judge(rows))

    def many_rows(self, cursor: duckdb.DuckDBPyConnection) -> ArrowRows:
        """The rows as the database finds them."""
        x, y, z = (f"{value!r}::DOUBLE" for value in self._cone.centre)
        ra, dec = quote(self._ra.name), quote(self._dec.name)
        chosen = ", ".join(
            f"{quote(given.name)}{'::VARCHAR' if column.type != given.type else ''} AS {quote(column.name)}"
            for given, column in zip(self._info.columns, self.columns[1:], strict=True)
        )
        separation = f"angdist_arcsec({ra}, {dec}, {self._cone.ra!r}::DOUBLE, {self._cone.dec!r}::DOUBLE)"
        order = f"1, data.{quote(self._id.name)}" if self._id else "1"
        return cursor.sql(
            f"SELECT {separation} AS {quote(self.columns[0].name)}, {chosen} FROM {data_of(self._info)} AS data "
            f"WHERE {self._near()} AND pow(unit_x({ra}, {dec}) - {x}, 2) + pow(unit_y({ra}, {dec}) - {y}, 2) "
            f"+ pow(unit_z({dec}) - {z}, 2) <= {self._cone.chord2!r}::DOUBLE ORDER BY {order}"
        )

    def _near(self) -> str:
        """SQL that holds for every row of the cone and, by ranges of the key, for few others."""
        ranges = " OR ".join(f"{HEALPIX_COLUMN} BETWEEN {a} AND {b}" for a, b in self._ranges())
        least, most = self._cone.dec - self._cone.radius_deg - 1e-9, self._cone.dec + self._cone.radius_deg + 1e-9
        return f"({ranges}) AND {quote(self._dec.name)} BETWEEN {least!r}::DOUBLE AND {most!r}::DOUBLE"

    def _ranges(self) -> list[tuple[int, int]]:
        """Ranges of the key that hold the cone, `_MOST_RANGES` or fewer."""
        # Pixels about as large as the cone: a handful of them cover it.
        order = min(order_of_size(self._cone.radius_deg), KEY_ORDER - 4)
        pixels = pixels_in_cone(order, self._cone.ra, self._cone.dec, self._cone.radius_deg + 1e-9)
        gaps = np.diff(pixels)
        rows_a_pixel = self._info.rows / (12 << 2 * order)
        cuts = np.sort(np.argsort(gaps, kind="stable")[::-1][: _MOST_RANGES - 1])
        cuts = cuts[gaps[cuts] * rows_a_pixel > _NEAR_ROWS]
        shift = 2 * (KEY_ORDER - order)
        firsts, lasts = np.append(pixels[:1], pixels[cuts + 1]), np.append(pixels[cuts], pixels[-1:])
        return [(int(a) << shift, ((int(b) + 1) << shift) - 1) for a, b in zip(firsts, lasts, strict=True)]

    def _judge(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Those of the candidates that are in the cone, with their separation, in order."""
        import pyarrow as pa
        import pyarrow.compute as pc

        place = {column.name: number for number, column in enumerate(self._info.columns)}
        lon, lat = (np.radians(np.asarray(rows.column(place[column.name]), float)) for column in (self._ra, self._dec))
        x, y, z = self._cone.centre
        chord2 = (np.cos(lat) * np.cos(lon) - x) ** 2 + (np.cos(lat) * np.sin(lon) - y) ** 2 + (np.sin(lat) - z) ** 2
        inside = np.flatnonzero(chord2 <= self._cone.chord2)
        separation = self._separation_arcsec(lon[inside], lat[inside])
        ids = pc.rank(rows.column(place[self._id.name]).take(pa.array(inside))) if self._id else inside
        order = np.lexsort((np.asarray(ids), separation))
        chosen = rows.take(pa.array(inside[order]))
        arrays = [
            array.cast(pa.string()) if column.type != given.type else array
            for array, given, column in zip(chosen.columns, self._info.columns, self.columns[1:], strict=True)
        ]
        names = [column.name for column in self.columns]
        return pa.RecordBatch.from_arrays([pa.array(separation[order]), *arrays], names=names)

    def _separation_arcsec(self, lon: Doubles, lat: Doubles) -> Doubles:
        """Angle to the centre of directions in radians, by Vincenty's formula, as the macro angdist_arcsec has it."""
        lon0, lat0 = math.radians(self._cone.ra), math.radians(self._cone.dec)
        sin0, cos0, sin, cos = math.sin(lat0), math.cos(lat0), np.sin(lat), np.cos(lat)
        along = cos * np.cos(lon - lon0)
        across = np.hypot(cos * np.sin(lon - lon0), cos0 * sin - sin0 * along)
        separation: Doubles = np.degrees(np.arctan2(across, sin0 * sin + cos0 * along)) * 3600
        return separation
