"""How many sources a table has where, and where it has none because nobody looked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER, Doubles, Integers, neighbours, pixel_area_deg2
from skyband.schema.keys import data_of

_FINEST_ORDER = 13
"""Pixels of 26 arcsec."""
_FIRST_ORDER = 10
_CELL_ROWS = 20.0
"""Sources a cell has on average, at least: the density of nine of them is known to 8 %."""


@dataclass(frozen=True, slots=True)
class Density:
    """Sources a square arcsecond over HEALPix cells, NESTED; cells that are not listed lie outside the survey."""

    order: int
    cells: Integers  # sorted, shape (n,)
    per_arcsec2: Doubles  # shape (n,)
    covered: np.ndarray[tuple[int], np.dtype[np.bool_]]  # whether the cell itself has sources

    @property
    def shift(self) -> int:
        """Bits between the key column and a cell."""
        return 2 * (KEY_ORDER - self.order)

    @property
    def area_deg2(self) -> float:
        """Of the cells that have sources."""
        return float(self.covered.sum()) * pixel_area_deg2(self.order)

    def register(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        """Make the temporary table `name` (cell, per_arcsec2, covered)."""
        columns = {"cell": self.cells, "per_arcsec2": self.per_arcsec2, "covered": self.covered}
        connection.register("density_cells", pa.table(columns))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS FROM density_cells")
        connection.unregister("density_cells")


def measure_density(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, *, area_deg2: float | None = None
) -> Density:
    """The density of a table: in each cell the mean over it and its neighbours, of those that have sources.

    Cells are as fine as their counts allow; of a cell at the edge of the survey, the quarters that have sources count.

    Args:
        connection: where the table is attached.
        table: what it says about itself.
        area_deg2: of the sky it covers, for one density everywhere.
    """
    order = _FIRST_ORDER
    quarters, counts = _count(connection, table, order + 1)
    if table.rows > 4 * _CELL_ROWS * max(len(quarters) / 4, 1):
        order = min(order + int(math.log(table.rows / len(quarters) * 4 / _CELL_ROWS, 4)), _FINEST_ORDER)
        quarters, counts = _count(connection, table, order + 1)
    while order > 0 and counts.sum() < _CELL_ROWS * np.count_nonzero(np.diff(quarters >> 2, prepend=-1)):
        order -= 1
        quarters, counts = _parents(quarters, counts)
    cells, in_cell = _parents(quarters, counts)
    # A quarter without sources is taken for one that nobody looked at.
    sums = np.column_stack([in_cell, _parents(quarters, np.full(len(quarters), 0.25))[1]])
    around = np.unique(np.concatenate([cells, neighbours(order, cells).ravel()]))
    around = around[around >= 0]
    near = np.column_stack([around, neighbours(order, around)])
    found = np.searchsorted(cells, near).clip(0, max(len(cells) - 1, 0))
    is_there = cells[found] == near if len(cells) else np.zeros(near.shape, bool)
    sources, areas = (np.where(is_there, sums[found, axis], 0.0).sum(axis=1) for axis in (0, 1))
    if area_deg2 is not None:
        per_arcsec2 = np.full(len(around), table.rows / (area_deg2 * 3600.0**2))
    else:
        per_arcsec2 = sources / (np.maximum(areas, 0.25) * pixel_area_deg2(order) * 3600.0**2)
    return Density(order, around, per_arcsec2, is_there[:, 0])


def _count(connection: duckdb.DuckDBPyConnection, table: TableInfo, order: int) -> tuple[Integers, Doubles]:
    """The cells that have sources, sorted, and how many."""
    counted = connection.sql(
        f"SELECT healpix_29 >> {2 * (KEY_ORDER - order)} AS cell, count(*) AS n FROM {data_of(table)} "
        "GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    return counted["cell"].to_numpy().astype(np.int64), counted["n"].to_numpy().astype(float)


def _parents(cells: Integers, values: Doubles) -> tuple[Integers, Doubles]:
    """The cells of the next coarser order, sorted as `cells` are, and the sums of the values in them."""
    parents = cells >> 2
    first = np.flatnonzero(np.diff(parents, prepend=-1))
    return parents[first], np.add.reduceat(values, first) if len(first) else values
