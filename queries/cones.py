"""Cones: the rows of a table around a position, nearest first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from skyband.queries.collected import CollectedRows, Values, chosen, collect, doubles
from skyband.queries.known import unique_names
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.healpix import Doubles, Integers, Range, fewer_ranges, ranges_of_cone
from skyband.schema.keys import data_of
from skyband.schema.names import quote

if TYPE_CHECKING:
    import duckdb

    from skyband.queries.result import ArrowRows

_FEW_ROWS = 50_000
"""Candidates that are collected and judged at once; more are left to the database, which streams."""

_TOGETHER_ROWS = 2_000
"""Candidates of a cone that is searched together with others: with more, it would be them who wait for it."""

_MOST_RANGES = 4
"""Ranges of the key a cone is cut into; more skip hardly more rows."""

_NEAR_ROWS = 100_000
"""Rows between two ranges that are sooner read than skipped: each further range costs as much as they do."""

_SEPARATION = Column(
    "sep_arcsec", "DOUBLE", unit="arcsec", ucd="pos.angDistance", description="Separation from the centre"
)

_MAIN_UCDS = {"id": "meta.id;meta.main", "ra": "pos.eq.ra;meta.main", "dec": "pos.eq.dec;meta.main"}


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
    def decs(self) -> tuple[float, float]:
        """The least and the greatest declination, a hair apart from the edge."""
        return self.dec - self.radius_deg - 1e-9, self.dec + self.radius_deg + 1e-9

    @property
    def chord2(self) -> float:
        """Squared chord of the radius, widened as the macro chord_limit is: rounding keeps the edge inside."""
        return float((2 * math.sin(math.radians(self.radius_deg) / 2) * (1 + 1e-9) + 1e-15) ** 2)

    def nearest(self, ra: Doubles, dec: Doubles) -> tuple[Integers, Doubles]:
        """Which of some positions are inside, nearest first.

        Args:
            ra, dec: degrees, shape (n,).

        Returns:
            Their places, shape (m,), and separations from the centre by Vincenty's formula, arcsec, shape (m,).
        """
        lon, lat = np.radians(ra), np.radians(dec)
        (x, y, z), cos = self.centre, np.cos(lat)
        chord2 = (cos * np.cos(lon) - x) ** 2 + (cos * np.sin(lon) - y) ** 2 + (np.sin(lat) - z) ** 2
        inside = np.flatnonzero(chord2 <= self.chord2)
        lon, sin, cos = lon[inside] - math.radians(self.ra), np.sin(lat[inside]), cos[inside]
        sin0, cos0 = math.sin(math.radians(self.dec)), math.cos(math.radians(self.dec))
        along = cos * np.cos(lon)
        separation = np.arctan2(np.hypot(cos * np.sin(lon), cos0 * sin - sin0 * along), sin0 * sin + cos0 * along)
        order = np.argsort(separation, kind="stable")
        return inside[order], np.degrees(separation[order]) * 3600


class ConeSearch:
    """Searches of one table, prepared: it is asked again and again.

    The rows are the same either way: a few are collected by ranges of the key and judged in arrays, because the
    database takes longer to read the formulas than to apply them; many are found by the database and stream.
    """

    def __init__(self, info: TableInfo, *, standard: bool = False) -> None:
        """Look at the table.

        Args:
            info: the table.
            standard: whether rows are as Simple Cone Search 1.03 wants them (section 2.2.1): ids as text, and UCDs
                that name one identifier and one position.

        Raises:
            BadOption: the table has no positions.
        """
        ra, dec = info.role("ra"), info.role("dec")
        if ra is None or dec is None:
            raise BadOption(f"table {info.name!r} has no positions, so it cannot be searched by position")
        self._info, self._ra, self._dec = info, ra, dec
        given = [_standard(column) for column in info.columns] if standard else info.columns
        names = unique_names([_SEPARATION.name, *(column.name for column in given)])
        self.columns = (_SEPARATION, *(replace(c, name=name) for c, name in zip(given, names[1:], strict=True)))
        """Of the rows found; `sep_arcsec` is the first."""
        self._statements: dict[tuple[int, int], duckdb.Statement] = {}
        label = unique_names([*(column.name for column in info.columns), "range"])[-1]
        self._position = (info.columns.index(ra), info.columns.index(dec))
        self._candidates = (Column(label, "INTEGER"), *info.columns)

    def rows(self, cursor: duckdb.DuckDBPyConnection, cone: Cone) -> ArrowRows:
        """The rows in a cone, nearest first, those equally near in the order of the table.

        Args:
            cursor: of a session that has the table open.
            cone: where to look.
        """
        return self._few_rows(cursor, [cone], _FEW_ROWS)[0] or self._many_rows(cursor, cone)

    def rows_together(self, cursor: duckdb.DuckDBPyConnection, cones: Sequence[Cone]) -> list[ArrowRows | None]:
        """The rows in some cones, by one question to the database, which takes longer to read it than to answer it.

        None for a cone that may have many rows: it is to be searched by itself.
        """
        return self._few_rows(cursor, cones, _TOGETHER_ROWS)

    def _few_rows(self, cursor: duckdb.DuckDBPyConnection, cones: Sequence[Cone], most: int) -> list[ArrowRows | None]:
        """The rows in each cone, unless it has more candidates than `most`."""
        ranges = [_ranges(cone, self._info.rows) for cone in cones]
        limits = [(*keys, *cone.decs) for cone, some in zip(cones, ranges, strict=True) for keys in some]
        statement = self._statement(cursor, len(limits), most + 1)
        parameters = [limit for four in limits for limit in four]
        label, *values = collect(cursor, statement, parameters, self._candidates)
        number = np.asarray(label)
        order = np.argsort(number, kind="stable")
        bounds = np.searchsorted(number, np.cumsum([0, *map(len, ranges)]), sorter=order)
        parts = (order[first:end] for first, end in pairwise(bounds))
        return [
            None if len(part) > most else self._inside(cone, values, part)
            for cone, part in zip(cones, parts, strict=True)
        ]

    def _statement(self, cursor: duckdb.DuckDBPyConnection, ranges: int, limit: int) -> duckdb.Statement:
        """Asks for the rows of some ranges of the key, the number of the range in front, so many of each at most.

        Its parameters are four a range: first and last key, least and greatest declination.
        """
        if (ranges, limit) not in self._statements:
            label, *names = (quote(column.name) for column in self._candidates)
            sql = " UNION ALL ".join(
                f"(SELECT {number}::INTEGER AS {label}, {', '.join(names)} FROM {data_of(self._info)} "
                f"WHERE {HEALPIX_COLUMN} BETWEEN ${4 * number + 1} AND ${4 * number + 2} AND {quote(self._dec.name)} "
                f"BETWEEN ${4 * number + 3}::DOUBLE AND ${4 * number + 4}::DOUBLE LIMIT {limit})"
                for number in range(ranges)
            )
            self._statements[ranges, limit] = cursor.extract_statements(sql)[0]
        return self._statements[ranges, limit]

    def _inside(self, cone: Cone, values: Sequence[Values], part: Integers) -> ArrowRows:
        """The rows in a cone, nearest first, of the candidates in some places."""
        import pyarrow as pa

        ra, dec = (doubles(values[place])[part] for place in self._position)
        inside, separation_arcsec = cone.nearest(ra, dec)
        places = part[inside]
        arrays = [pa.array(separation_arcsec)]
        for given, column, collected in zip(self._info.columns, self.columns[1:], values, strict=True):
            array = chosen(collected, given, places)
            arrays.append(array.cast(pa.string()) if column.type != given.type else array)
        return CollectedRows(pa.RecordBatch.from_arrays(arrays, [column.name for column in self.columns]))

    def _many_rows(self, cursor: duckdb.DuckDBPyConnection, cone: Cone) -> ArrowRows:
        """The rows as the database finds them."""
        x, y, z = (f"{value!r}::DOUBLE" for value in cone.centre)
        ra, dec = quote(self._ra.name), quote(self._dec.name)
        chosen = ", ".join(
            f"{quote(given.name)}{'::VARCHAR' if column.type != given.type else ''} AS {quote(column.name)}"
            for given, column in zip(self._info.columns, self.columns[1:], strict=True)
        )
        separation = f"angdist_arcsec({ra}, {dec}, {cone.ra!r}::DOUBLE, {cone.dec!r}::DOUBLE)"
        return cursor.sql(
            f"SELECT {separation} AS {quote(self.columns[0].name)}, {chosen} FROM {data_of(self._info)} AS data "
            f"WHERE {self._near(cone)} AND pow(unit_x({ra}, {dec}) - {x}, 2) + pow(unit_y({ra}, {dec}) - {y}, 2) "
            f"+ pow(unit_z({dec}) - {z}, 2) <= {cone.chord2!r}::DOUBLE ORDER BY 1, data.rowid"
        )

    def _near(self, cone: Cone) -> str:
        """SQL that holds for every row of the cone and, by ranges of the key, for few others."""
        ranges = " OR ".join(f"{HEALPIX_COLUMN} BETWEEN {a} AND {b}" for a, b in _ranges(cone, self._info.rows))
        least, most = cone.decs
        return f"({ranges}) AND {quote(self._dec.name)} BETWEEN {least!r}::DOUBLE AND {most!r}::DOUBLE"


def _ranges(cone: Cone, rows: int) -> list[Range]:
    """Ranges of the key that hold the cone, in a table of so many rows."""
    ranges = ranges_of_cone(cone.ra, cone.dec, cone.radius_deg)
    return fewer_ranges(ranges, rows, near_rows=_NEAR_ROWS, most=_MOST_RANGES)


def _standard(column: Column) -> Column:
    """A column as Simple Cone Search lists it."""
    if column.role == "id":
        is_ascii = column.type != "VARCHAR" or column.ascii
        return replace(column, type="VARCHAR", ascii=is_ascii, ucd=_MAIN_UCDS["id"])
    if column.role in _MAIN_UCDS:
        return replace(column, ucd=_MAIN_UCDS[column.role])
    is_main = column.ucd in _MAIN_UCDS.values()
    return replace(column, ucd=column.ucd.removesuffix(";meta.main")) if is_main else column
