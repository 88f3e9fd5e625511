"""Candidate pairs: each row looks as far as its own errors and motion ask for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import duckdb

from skyband.queries.crossmatch.astrometry import SPEED_ARCSEC_YR, Astrometry
from skyband.queries.crossmatch.candidates import Points, find_candidates
from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.meeting import Meeting
from skyband.schema.errors import BadOption
from skyband.schema.progress import OnProgress

_QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)
_STEP = 2.0
"""Rows that look less than half as far as the next class does make a class of their own."""

_FARTHEST_ARCSEC = 7200.0


@dataclass(frozen=True, slots=True)
class Reach:
    """How far rows of a table look: SQL over the relation of astrometry.sql, arcsec, and the limits of its classes."""

    expression: str
    limits: tuple[float, ...]  # rising; a class is the rows from one limit (excluded) to the next
    moved_arcsec: float  # how far, at most, a row is moved before it is searched

    def classes(self) -> Iterator[tuple[float, float]]:
        """Limits of each class; the first includes rows that look nowhere."""
        yield from pairwise((-1.0, *self.limits))


def plan_reach(connection: duckdb.DuckDBPyConnection, side: Astrometry, meeting: Meeting, sigmas: float) -> Reach:
    """How far the rows of one side look.

    Args:
        connection: where its table is attached.
        side: of the meeting.
        meeting: how long rows move.
        sigmas: how many sigma of their position they look; 0 where a radius is given.
    """
    if not side.moves and not sigmas:
        return Reach("0", (0.0,), 0.0)
    expression = f"{meeting.spread_yr!r} * {SPEED_ARCSEC_YR}"
    if sigmas:
        # The trace bounds the larger axis of an ellipse.
        lag2 = f"{meeting.lag_yr**2!r}"
        epoch_error_yr = math.hypot(meeting.left.largest_epoch_error_yr, meeting.right.largest_epoch_error_yr)
        along = f"pow({epoch_error_yr!r} * {SPEED_ARCSEC_YR}, 2)"
        expression += f" + {sigmas!r} * sqrt(vaa + vdd + {lag2} * (waa + wdd) + {along})"
    [(found, moved_arcsec)] = connection.execute(
        f"SELECT quantile_cont(reach, {list(_QUANTILES)!r}), max({SPEED_ARCSEC_YR}) * {meeting.lag_yr!r} "
        f"FROM (SELECT *, {expression} AS reach FROM {side.rows()})"
    ).fetchall()
    limits: list[float] = []
    for value in reversed(found or [0.0]):
        if not limits or value * _STEP < limits[0]:
            limits.insert(0, float(value))
    if limits[-1] > _FARTHEST_ARCSEC:
        raise BadOption(
            f"rows of {side.table.name!r} would have to be searched for within {limits[-1]:,.0f} arcsec, because of "
            "their errors or motions; leave out those rows, or give a smaller --n-sigma"
        )
    return Reach(expression, tuple(limits), moved_arcsec or 0.0)


def search(
    connection: duckdb.DuckDBPyConnection,
    meeting: Meeting,
    *,
    radius_arcsec: float,
    sigmas: float = 0.0,
    shifts: Shifts | None = None,
    one_in: int = 1,
    batches: int,
    progress: OnProgress = lambda done, total: None,
) -> None:
    """Add to the temporary table `candidates` all pairs that may be kept, and some more.

    Args:
        connection: where the tables are attached.
        meeting: the tables.
        radius_arcsec: how far every row looks.
        sigmas: how many sigma of its own position it looks farther.
        shifts: rows that are shifted, beside; None for none.
        one_in: only one left row in so many is asked.
        batches: into how many zones of declination the work is cut.
        progress: called with left rows done and in all.
    """
    lefts, rights = (plan_reach(connection, side, meeting, sigmas) for side in (meeting.left, meeting.right))
    for low, high in lefts.classes():
        points = _points(meeting.left, meeting, lefts, f"{low!r} < reach AND reach <= {high!r}", one_in)
        points = shifts.beside(points) if shifts else points
        for right_low, right_high in rights.classes():
            reach_arcsec = radius_arcsec + high + right_high
            others = _points(meeting.right, meeting, rights, f"{right_low!r} < reach AND reach <= {right_high!r}", 1)
            find_candidates(connection, points, others, reach_arcsec, batches=batches, progress=progress)


def _points(side: Astrometry, meeting: Meeting, reach: Reach, condition: str, one_in: int) -> Points:
    """The directions of the rows of a class."""
    if len(reach.limits) == 1:
        condition = "true"

    def vectors(where: str) -> str:
        chosen = where if one_in == 1 else f"row % {one_in} = 0 AND ({where})"
        rows = f"(SELECT *, {reach.expression} AS reach FROM {side.rows(chosen)})"
        return side.moved_to(meeting.epoch, f"(FROM {rows} WHERE {condition})")

    return Points(side.table, vectors, reach.moved_arcsec)
