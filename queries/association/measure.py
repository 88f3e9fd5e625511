"""Candidate pairs measured."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from skyband.queries.association.options import PACKAGE
from skyband.queries.crossmatch.chance import Shifts
from skyband.queries.crossmatch.meeting import Meeting
from skyband.schema.sql import fill_sql

LEAST_VARIANCE_ARCSEC2 = 1e-12
"""A position that is said to be exact is taken to be so to a microarcsecond: its weight stays a number."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What is taken from the measured displacement of a pair."""

    ra: str = "0"  # SQL over l and offsets, arcsec east
    dec: str = "0"  # arcsec north
    joins: str = ""


def measured_sql(
    meeting: Meeting,
    *,
    floor_arcsec: float = 0.0,
    correction: Correction | None = None,
    shifts: Shifts | None = None,
    where: str = "true",
) -> str:
    """SQL of the relation of measured.sql over the temporary table `candidates`.

    Args:
        meeting: the tables.
        floor_arcsec: systematic error of a pair in each coordinate.
        correction: displacement that is taken away.
        shifts: how left rows were shifted, where some were.
        where: condition on the candidates.
    """
    correction = correction or Correction()
    return fill_sql(
        PACKAGE,
        "measured",
        left=meeting.left.rows(),
        right=meeting.right.rows(),
        epoch=meeting.pair_epoch,
        left_rows=str(meeting.left.table.rows),
        directions=str(shifts.directions if shifts else 1),
        shift_arcsec=repr(shifts.shift_arcsec if shifts else 0.0),
        floor_arcsec=repr(floor_arcsec),
        offset_ra=correction.ra,
        offset_dec=correction.dec,
        joins=correction.joins,
        where=where,
    )


def partner_sql(measured: str, *, kept: str, within: str, joins: str, density: str) -> str:
    """SQL of the relation of partner.sql.

    Args:
        measured: relation of measured.sql.
        kept: condition on it.
        within: expression over it: share of the counterparts of such a left row that lie within reach.
        joins: tables of densities, by m.healpix_29.
        density: over them, right rows an arcsec2.
    """
    return fill_sql(
        PACKAGE,
        "partner",
        measured=measured,
        kept=kept,
        within=within,
        joins=joins,
        density=density,
        least_variance=repr(LEAST_VARIANCE_ARCSEC2),
    )


def drop_candidates(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget the candidates."""
    connection.execute("DROP TABLE IF EXISTS candidates")
