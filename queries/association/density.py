"""How many sources a table has where, and where it has none because nobody looked."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER, Doubles, Integers, neighbours, pixel_area_deg2
from skyband.schema.keys import data_of

_FINEST_ORDER = 15
"""Pixels of 6 arcsec."""
_FIRST_ORDER = 6
_CELL_ROWS = 20.0
"""Sources a cell has on average, at least: the density of nine of them is known to 8 %."""
_MOST_SIDES = 5
"""Of the eight neighbours of a cell without sources, those that must have some for the survey to have looked there."""
_STEP = 1
"""Orders by which the cells of crowded places are finer than those around."""


@dataclass(frozen=True, slots=True)
class Level:
    """Sources a square arcsecond over HEALPix cells of one order, NESTED."""

    order: int
    cells: Integers  # sorted, shape (n,)
    per_arcsec2: Doubles  # shape (n,)

    @property
    def shift(self) -> int:
        """Bits between the key column and a cell."""
        return 2 * (KEY_ORDER - self.order)


@dataclass(frozen=True, slots=True)
class Density:
    """Sources a square arcsecond: over the cells of the survey and those around them, and over finer ones where it is
    crowded. Cells that are not listed lie outside the survey."""

    levels: tuple[Level, ...]  # the coarsest, which covers all, first
    covered: Integers  # where the survey looked: cells an order finer than the coarsest level, sorted
    rows: int  # of the table
    moc: Integers | None = None  # ranges of the key where it is said to have looked (footprint.read_moc), instead

    @property
    def shift(self) -> int:
        """Bits between the key column and a cell of the coarsest level."""
        return self.levels[0].shift

    @property
    def area_deg2(self) -> float:
        """Of the footprint."""
        if self.moc is not None:
            return float((self.moc[:, 1] - self.moc[:, 0] + 1).sum()) * pixel_area_deg2(KEY_ORDER)
        return len(self.covered) * pixel_area_deg2(self.levels[0].order + 1)

    @property
    def mean_per_arcsec2(self) -> float:
        """Over the whole survey."""
        return self.rows / max(self.area_deg2 * 3600.0**2, 1.0)

    def register(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make the temporary tables `name`_<level> (cell, per_arcsec2) and `name`_footprint (cell; or first, last)."""
        tables = {
            f"{name}_{number}": {"cell": level.cells, "per_arcsec2": level.per_arcsec2}
            for number, level in enumerate(self.levels)
        }
        moc = self.moc
        looked = {"cell": self.covered} if moc is None else {"first": moc[:, 0], "last": moc[:, 1]}
        for table, columns in (tables | {f"{name}_footprint": looked}).items():
            connection.register("density_columns", pa.table(columns))
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS FROM density_columns")
            connection.unregister("density_columns")

    def footprint(self, name: str, key: str) -> tuple[str, str]:
        """SQL that joins a registered table by an expression of healpix_29, and then a condition: that it lies in the
        footprint."""
        if self.moc is None:
            return f"LEFT JOIN {name}_footprint f ON f.cell = {key} >> {self.shift - 2}", "f.cell IS NOT NULL"
        return f"ASOF LEFT JOIN {name}_footprint f ON {key} >= f.first", f"coalesce({key} <= f.last, false)"

    def covers(self, keys: Integers) -> NDArray[np.bool_]:
        """Whether values of healpix_29, any shape, lie in the footprint."""
        if self.moc is None:
            return _among(self.covered, keys >> (self.shift - 2))
        first, last = self.moc.T
        # Before the first range, the last one ends nowhere.
        ends = np.r_[last, -1][np.searchsorted(first, keys, side="right") - 1]
        return np.asarray(keys <= ends)

    def joins(self, name: str, key: str) -> str:
        """SQL that joins the registered tables, as d<level>, by an expression of healpix_29."""
        return "\n".join(
            f"LEFT JOIN {name}_{number} d{number} ON d{number}.cell = {key} >> {level.shift}"
            for number, level in enumerate(self.levels)
        )

    @property
    def value(self) -> str:
        """SQL over the `joins`: sources a square arcsecond, the mean where nobody looked."""
        finest_first = [f"d{number}.per_arcsec2" for number in reversed(range(len(self.levels)))]
        return f"coalesce({', '.join(finest_first)}, {self.mean_per_arcsec2!r})"


def measure_density(
    connection: duckdb.DuckDBPyConnection,
    table: TableInfo,
    *,
    area_deg2: float | None = None,
    moc: Integers | None = None,
) -> Density:
    """The density of a table: in each cell the mean over it and its neighbours, of those that have sources.

    Cells are as fine as their counts allow, finer in crowded places; of a cell at the edge of the survey, the quarters
    that have sources count.

    Args:
        connection: where the table is attached.
        table: what it says about itself.
        area_deg2: of the sky it covers, for one density everywhere.
        moc: ranges of the key where the survey looked, where that is known (`footprint.read_moc`).
    """
    order, finer = _FIRST_ORDER, 0
    while True:
        order = min(order + finer, _FINEST_ORDER)
        quarters, counts = _count(connection, table, order + 1)
        mean_rows = table.rows / max(int(np.count_nonzero(np.diff(quarters >> 2, prepend=-1))), 1)
        finer = int(math.log(max(mean_rows / _CELL_ROWS, 1.0), 4))
        if not finer or order == _FINEST_ORDER:
            break
    while order > 0 and counts.sum() < _CELL_ROWS * np.count_nonzero(np.diff(quarters >> 2, prepend=-1)):
        order -= 1
        quarters, counts = _parents(quarters, counts)
    cells, in_cell = _parents(quarters, counts)
    around = _around(order, cells)
    near = np.column_stack([around, neighbours(order, around)])
    sources = _at(cells, in_cell, near).sum(axis=1)
    # A quarter without sources is taken for one that nobody looked at.
    areas = _at(*_parents(quarters, np.full(len(quarters), 0.25)), near).sum(axis=1)
    covered = _without_holes(order + 1, quarters)
    if area_deg2 is not None:
        uniform = Level(order, around, np.full(len(around), table.rows / (area_deg2 * 3600.0**2)))
        return Density((uniform,), covered, table.rows, moc)
    level = Level(order, around, sources / (np.maximum(areas, 0.25) * pixel_area_deg2(order) * 3600.0**2))
    return Density((level, *_crowded(connection, table, order, cells, in_cell)), covered, table.rows, moc)


def _without_holes(order: int, cells: Integers) -> Integers:
    """The cells, and those among them that have sources on most sides."""
    around = _around(order, cells)
    holes = around[~_among(cells, around)]
    filled = holes[_among(cells, neighbours(order, holes)).sum(axis=1) >= _MOST_SIDES]
    return np.sort(np.concatenate([cells, filled]))


def _around(order: int, cells: Integers) -> Integers:
    """The cells and their neighbours, sorted, each once."""
    # numpy's unique hashes, which takes ten times as long as sorting.
    found: Integers = np.sort(np.concatenate([cells, neighbours(order, cells).ravel()]))
    return np.asarray(found[(np.diff(found, prepend=-1) != 0) & (found >= 0)])


def _crowded(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, order: int, cells: Integers, counts: Doubles
) -> Iterator[Level]:
    """Finer levels of those cells whose parts have sources enough."""
    while order + _STEP <= _FINEST_ORDER:
        crowded = cells[counts >= _CELL_ROWS * 4**_STEP]
        if not len(crowded):
            return
        # Their neighbours are counted too: a part at the edge is smoothed as one in the middle is.
        finer, counts = _count(connection, table, order + _STEP, (order, _around(order, crowded)))
        parts = (crowded[:, None] * 4**_STEP + np.arange(4**_STEP)).ravel()
        near = np.column_stack([parts, neighbours(order + _STEP, parts)])
        sources = _at(finer, counts, near).sum(axis=1)
        # What belongs to a cell with sources has been looked at, though it has none itself.
        areas = _among(cells, near >> 2 * _STEP).sum(axis=1)
        order += _STEP
        # A ninth of a source keeps the density of a hole from being zero.
        yield Level(order, parts, (sources + 1 / 9) / (areas * pixel_area_deg2(order) * 3600.0**2))
        inside = _among(crowded, finer >> 2 * _STEP)
        cells, counts = finer[inside], counts[inside]


def _at(cells: Integers, values: Doubles, wanted: Integers) -> Doubles:
    """The values of wanted cells, any shape, 0 where they are not among the sorted `cells`."""
    if not len(cells):
        return np.zeros(wanted.shape)
    found = np.searchsorted(cells, wanted).clip(0, len(cells) - 1)
    return np.where(cells[found] == wanted, values[found], 0.0)


def _among(cells: Integers, wanted: Integers) -> NDArray[np.bool_]:
    """Whether wanted cells, any shape, are among the sorted `cells`."""
    return _at(cells, np.ones(len(cells)), wanted) > 0


def _count(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, order: int, inside: tuple[int, Integers] | None = None
) -> tuple[Integers, Doubles]:
    """The cells that have sources, sorted, and how many; `inside` names an order and the cells of it that count."""
    joins = ""
    if inside is not None:
        connection.register("counted_cells", pa.table({"cell": inside[1]}))
        joins = f"SEMI JOIN counted_cells c ON c.cell = healpix_29 >> {2 * (KEY_ORDER - inside[0])}"
    counted = connection.sql(
        f"SELECT healpix_29 >> {2 * (KEY_ORDER - order)} AS cell, count(*) AS n FROM {data_of(table)} {joins} "
        "GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    if inside is not None:
        connection.unregister("counted_cells")
    return counted["cell"].to_numpy().astype(np.int64), counted["n"].to_numpy().astype(float)


def _parents(cells: Integers, values: Doubles) -> tuple[Integers, Doubles]:
    """The cells of the next coarser order, sorted as `cells` are, and the sums of the values in them."""
    parents = cells >> 2
    first = np.flatnonzero(np.diff(parents, prepend=-1))
    return parents[first], np.add.reduceat(values, first) if len(first) else values
