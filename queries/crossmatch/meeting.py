"""When two tables are compared: the epoch of their pairs, and how far rows move until then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import duckdb

from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.queries.crossmatch.options import FIRST_YEAR, LAST_YEAR
from skyband.schema.errors import BadTable
from skyband.schema.keys import data_of, key_expressions

_KNOWN = "FILTER (isfinite(epoch::DOUBLE))"


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two tables and the epoch at which a pair of their rows is compared."""

    left: Astrometry
    right: Astrometry
    epoch: float | None = None  # Julian year to which positions are moved to be searched; None: not at all
    pair_epoch: str = "NULL"  # SQL over l and r, yr
    spread_yr: float = 0.0  # by how much, at most, the epoch of a pair differs from `epoch`
    lag_yr: float = 0.0  # years, at most, between the epoch of a row and that of its pair

    def scaled(self, error_scale: float) -> Meeting:
        """The same with the errors that the tables say multiplied."""
        left, right = (replace(side, error_scale=error_scale) for side in (self.left, self.right))
        return replace(self, left=left, right=right)


def arrange(
    connection: duckdb.DuckDBPyConnection,
    left: Astrometry,
    right: Astrometry,
    *,
    epoch: float | None = None,
) -> Meeting:
    """Decide at which epoch two tables meet.

    Positions are moved to the epoch of the table that has no proper motions, row by row; where both have, to the mean
    epoch of the right one; where neither has, not at all. A given epoch, Julian year, decides otherwise.

    Raises:
        BadTable: an epoch is needed and not known.
    """
    if not (left.moves or right.moves) and epoch is None:
        return Meeting(left, right)
    for side in (left, right):
        if not side.has_epoch:
            raise BadTable(
                f"the epoch of {side.table.name!r} is not known, so that positions cannot be moved: "
                "ingest it with --epoch, or match with --no-propagate"
            )
    motion = max(left.motion_mas_yr, right.motion_mas_yr)
    left, right = (replace(side, motion_mas_yr=side.motion_mas_yr or motion) for side in (left, right))
    left, right = (_dated(connection, side) for side in (left, right))
    spans = [_epochs(connection, side) for side in (left, right)]
    resting = right if not right.moves else left if not left.moves else None
    if epoch is not None:
        pair, spread = f"{epoch!r}::DOUBLE", 0.0
    elif resting is None:
        epoch = sum(spans[1]) / 2
        pair, spread = f"{epoch!r}::DOUBLE", 0.0
    else:
        first, last = spans[1 if resting is right else 0]
        epoch, spread = (first + last) / 2, (last - first) / 2
        pair = "r.epoch" if resting is right else "l.epoch"
    lag = max(abs(epoch - year) for span in spans for year in span) + spread
    if not lag:  # nothing moves between equal epochs
        return Meeting(replace(left, moves=False), replace(right, moves=False), epoch)
    return Meeting(left, right, epoch, pair, spread, lag)


def _dated(connection: duckdb.DuckDBPyConnection, side: Astrometry) -> Astrometry:
    """The table, rows without an epoch taken to be of its mean one, with the scatter of the others as their error."""
    if side.table.role("epoch") is None:
        return side
    wanted = f"avg(epoch) {_KNOWN}, stddev_pop(epoch) {_KNOWN}, count(*) - count(*) {_KNOWN}"
    mean, scatter, missing = _of_epochs(connection, side, wanted)
    if not missing or mean is None:
        return side
    return replace(side, missing_epoch=(mean, scatter))


def _epochs(connection: duckdb.DuckDBPyConnection, side: Astrometry) -> tuple[float, float]:
    """First and last epoch of a table, Julian years."""
    if side.table.role("epoch") is None:
        first = last = side.table.epoch
    else:
        first, last = _of_epochs(connection, side, f"min(epoch) {_KNOWN}, max(epoch) {_KNOWN}")
    if first is None or last is None:
        raise BadTable(f"every epoch of {side.table.name!r} is NULL; match with --no-propagate")
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise BadTable(
            f"epochs of {side.table.name!r} run from {first:g} to {last:g}, which are no Julian years: ingest it with "
            "a survey definition that says what they are (epoch_column, epoch_unit), or match with --no-propagate"
        )
    return first, last


def _of_epochs(connection: duckdb.DuckDBPyConnection, side: Astrometry, wanted: str) -> tuple[Any, ...]:
    columns = ", ".join(key_expressions(side.table, ("id", "ra", "dec", "epoch")))
    row: tuple[Any, ...]
    [row] = connection.execute(f"SELECT {wanted} FROM (SELECT {columns} FROM {data_of(side.table)})").fetchall()
    return row
