"""How many sources a table has where, and where it has none because nobody looked."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from skyband.schema.columns import TableInfo
from skyband.schema.healpix import KEY_ORDER, Doubles, Integers, neighbours, pixel_area_deg2
from skyband.schema.keys import data_of

_FINEST_ORDER = 10
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

    Cells are as fine as their counts allow. A cell at the edge of the survey is only partly covered, and comes out
    thinner than it is.

    Args:
        connection: where the table is attached.
        table: what it says about itself.
        area_deg2: of the sky it covers, for one density everywhere.
    """
    shift = 2 * (KEY_ORDER - _FINEST_ORDER)
    counted = connection.sql(
        f"SELECT healpix_29 >> {shift} AS cell, count(*) AS n FROM {data_of(table)} GROUP BY 1 ORDER BY 1"
    ).to_arrow_table()
    cells, counts = counted["cell"].to_numpy().astype(np.int64), counted["n"].to_numpy().astype(float)
    order = _FINEST_ORDER
    while order > 0 and counts.sum() < _CELL_ROWS * len(cells):
        order -= 1
        cells, place = np.unique(cells >> 2, return_inverse=True)
        counts = np.bincount(place, counts, len(cells))
    around = np.unique(np.concatenate([cells, *neighbours(order, cells).T])) if len(cells) else cells
    around = around[around >= 0]
    near = np.column_stack([around, neighbours(order, around)])
    place = np.searchsorted(cells, near).clip(0, max(len(cells) - 1, 0))
    is_there = (cells[place] == near) if len(cells) else np.zeros(near.shape, bool)
    found = np.where(is_there, counts[place] if len(cells) else 0.0, 0.0).sum(axis=1)
    area_arcsec2 = np.maximum(is_there.sum(axis=1), 1) * pixel_area_deg2(order) * 3600.0**2
    per_arcsec2 = found / area_arcsec2
    if area_deg2 is not None:
        per_arcsec2 = np.full(len(around), table.rows / (area_deg2 * 3600.0**2))
    return Density(order, around, per_arcsec2, is_there[:, 0])
