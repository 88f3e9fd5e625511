"""When two tables are compared: the epoch of their pairs, and how far rows move until then."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from skyband.queries.association.astrometry import Astrometry, look_at
from skyband.queries.association.options import AssociationOptions
from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadTable
from skyband.schema.keys import data_of, key_expressions


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two tables and the epoch at which a pair of their rows is compared."""

    left: Astrometry
    right: Astrometry
    epoch: float | None = None  # Julian year to which positions are moved to be searched; None: not at all
    pair_epoch: str = "NULL"  # SQL over l and r, yr
    spread_yr: float = 0.0  # by how much, at most, the epoch of a pair differs from `epoch`
    lag_yr: float = 0.0  # years, at most, between the epoch of a row and that of its pair


def arrange(
    connection: duckdb.DuckDBPyConnection, left: TableInfo, right: TableInfo, options: AssociationOptions
) -> Meeting:
    """Decide at which epoch two tables meet.

    Positions are moved to the epoch of the table that has no proper motions, row by row; where both have, to the mean
    epoch of the right one; where neither has, not at all. `options.epoch` decides otherwise.

    Raises:
        BadTable: an epoch is needed and not known, an error is zero or negative, or all proper motions are NULL.
    """
    one, other = (
        look_at(
            connection,
            table,
            error_mas=options.error_arcsec[table.name] * 1000 if table.name in options.error_arcsec else None,
            propagate=options.propagate,
        )
        for table in (left, right)
    )
    if not (one.moves or other.moves) and options.epoch is None:
        return Meeting(one, other)
    for side in (one, other):
        if not side.has_epoch:
            raise BadTable(
                f"the epoch of {side.table.name!r} is not known, so that positions cannot be moved: "
                "ingest it with --epoch, or match with --no-propagate"
            )
    motion = max(one.motion_mas_yr, other.motion_mas_yr)
    one, other = (replace(side, motion_mas_yr=side.motion_mas_yr or motion) for side in (one, other))
    spans = [_epochs(connection, side) for side in (one, other)]
    resting = other if not other.moves else one if not one.moves else None
    if options.epoch is not None:
        epoch, pair, spread = options.epoch, f"{options.epoch!r}::DOUBLE", 0.0
    elif resting is None:
        epoch = sum(spans[1]) / 2
        pair, spread = f"{epoch!r}::DOUBLE", 0.0
    else:
        first, last = spans[1 if resting is other else 0]
        epoch, spread = (first + last) / 2, (last - first) / 2
        pair = "r.epoch" if resting is other else "l.epoch"
    lag = max(abs(epoch - year) for span in spans for year in span) + spread
    return Meeting(one, other, epoch, pair, spread, lag)


def _epochs(connection: duckdb.DuckDBPyConnection, side: Astrometry) -> tuple[float, float]:
    """First and last epoch of a table, Julian years."""
    columns = ", ".join(key_expressions(side.table, ("id", "ra", "dec", "epoch")))
    [(first, last)] = connection.execute(
        f"SELECT min(epoch)::DOUBLE, max(epoch)::DOUBLE FROM (SELECT {columns} FROM {data_of(side.table)})"
    ).fetchall()
    if first is None:
        raise BadTable(f"every epoch of {side.table.name!r} is NULL; match with --no-propagate")
    return first, last
