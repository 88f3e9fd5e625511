"""Where the rows of a table are at an epoch, and how well that is known."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from skyband.schema.columns import TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.keys import data_of, key_expressions
from skyband.schema.sql import fill_sql
from skyband.schema.survey import Survey, load_survey

_PACKAGE = "skyband.queries.crossmatch"

_MOTION = ("pmra", "pmdec")
_ERRORS = ("ra_error", "dec_error", "pos_error", "error_minor", "pmra_error", "pmdec_error")
SPEED_ARCSEC_YR = "(sqrt(ma * ma + md * md) * 648000 / pi())"
"""SQL over the relation of astrometry.sql: how fast a row moves."""

_OF_RAYLEIGH = 1.5096
"""68.0 % of the lengths of normally distributed vectors are below so many of their sigma in one coordinate."""


@dataclass(frozen=True, slots=True)
class Astrometry:
    """How to read the positions of a table."""

    table: TableInfo
    moves: bool = False  # whether its proper motions are used
    motion_mas_yr: float = 0.0  # what a row without a proper motion may move in each coordinate, 1 sigma
    error_mas: float | None = None  # of every row in each coordinate; None: as its columns say
    missing_error_mas: float = 0.0  # for rows whose error is NULL
    error_scale: float = 1.0  # by which all errors that the table says are multiplied
    epoch_error_yr: float = 0.0  # 1 sigma of the epoch of a row
    floor_mas: float = 0.0  # systematic error, 1 sigma in each coordinate, where none can be fitted
    chosen: str = "true"  # SQL over row: which rows take part

    @property
    def has_epoch(self) -> bool:
        """Whether it is known when the positions were true."""
        return self.table.role("epoch") is not None or self.table.epoch is not None

    @property
    def has_motions(self) -> bool:
        """Whether the table has columns of proper motions."""
        return all(self.table.role(role) is not None for role in _MOTION)

    @property
    def has_errors(self) -> bool:
        """Whether the table has a column of position errors."""
        return any(self.table.role(role) is not None for role in ("ra_error", "pos_error"))

    @property
    def knows_errors(self) -> bool:
        """Whether anything is known of the position errors."""
        return self.error_mas is not None or self.missing_error_mas > 0

    def rows(self, where: str = "true") -> str:
        """SQL of the relation of astrometry.sql."""
        has = {role for role in (*_MOTION, *_ERRORS, "ra_dec_corr", "error_angle") if self.table.role(role)}
        moves = self.moves and self.has_motions
        var_ra, var_dec, cov = self._covariance(has)
        roles = ("id", "ra", "dec", "epoch", *sorted(has))
        source = f"(SELECT rowid AS row, {', '.join(key_expressions(self.table, roles))} FROM {data_of(self.table)})"
        return fill_sql(
            _PACKAGE,
            "astrometry",
            rows=source,
            where=where if self.chosen == "true" else f"({where}) AND ({self.chosen})",
            epoch="epoch" if self.has_epoch else "NULL",
            pmra="pmra::DOUBLE" if moves else "NULL::DOUBLE",
            pmdec="pmdec::DOUBLE" if moves else "NULL::DOUBLE",
            var_ra=var_ra,
            var_dec=var_dec,
            cov=cov,
            var_pmra="coalesce(pow(pmra_error, 2), 0)" if "pmra_error" in has else "0",
            var_pmdec="coalesce(pow(pmdec_error, 2), 0)" if "pmdec_error" in has else "0",
            scale2=f"{self.error_scale**2!r}::DOUBLE",
            motion=f"{self.motion_mas_yr!r}::DOUBLE",
        )

    def moved_to(self, epoch: float | None, rows: str) -> str:
        """SQL of the directions of rows, a relation of astrometry.sql, at a Julian year; None for their own epochs."""
        lag = "0" if epoch is None or not self.moves else f"coalesce({epoch!r} - epoch, 0)"
        return fill_sql(_PACKAGE, "moved", rows=rows, lag=lag)

    def _covariance(self, has: set[str]) -> tuple[str, str, str]:
        """SQL of the variances east and north and the covariance, mas2."""
        if self.error_mas is not None:
            return f"{self.error_mas**2!r}::DOUBLE", f"{self.error_mas**2!r}::DOUBLE", "0"
        missing = f"{self.missing_error_mas!r}::DOUBLE"

        def known(role: str) -> str:
            return f"CASE WHEN isfinite({role}) THEN {role}::DOUBLE ELSE {missing} END"

        if {"ra_error", "dec_error"} <= has:
            ra, dec = known("ra_error"), known("dec_error")
            cov = f"coalesce(ra_dec_corr, 0) * ({ra}) * ({dec})" if "ra_dec_corr" in has else "0"
            return f"pow({ra}, 2)", f"pow({dec}, 2)", cov
        if {"pos_error", "error_minor", "error_angle"} <= has:
            # The position angle runs from north to east.
            major, minor = known("pos_error"), f"coalesce(error_minor, {known('pos_error')})"
            sin, cos = "sin(radians(coalesce(error_angle, 0)))", "cos(radians(coalesce(error_angle, 0)))"
            return (
                f"(pow(({major}) * {sin}, 2) + pow(({minor}) * {cos}, 2))",
                f"(pow(({major}) * {cos}, 2) + pow(({minor}) * {sin}, 2))",
                f"((pow({major}, 2) - pow({minor}, 2)) * {sin} * {cos})",
            )
        if "pos_error" in has:
            return f"pow({known('pos_error')}, 2)", f"pow({known('pos_error')}, 2)", "0"
        return f"pow({missing}, 2)", f"pow({missing}, 2)", "0"


def survey_of(table: TableInfo, store: Path) -> Survey | None:
    """The survey of a table, where its definition is the package's or the store's."""
    with suppress(BadOption):  # a definition given by its path is not kept
        return load_survey(table.survey, store) if table.survey else None
    return None


def look_at(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, *, error_mas: float | None = None, propagate: bool
) -> Astrometry:
    """How to read a table that is attached.

    Args:
        connection: where it is attached.
        table: what it says about itself.
        error_mas: error of every position in each coordinate, in place of what the table has.
        propagate: whether its proper motions are to be used.

    Raises:
        BadTable: an error is zero or negative, or all proper motions are NULL.
    """
    self = Astrometry(table, error_mas=error_mas)
    has = [role for role in _ERRORS if table.role(role)] if error_mas is None else []
    position = [role for role in has if not role.startswith("pm")]
    if has:
        medians = ", ".join(f"quantile_cont({role}::DOUBLE, 0.5) FILTER (isfinite({role}))" for role in position)
        counts = ", ".join(f"count(*) FILTER ({role} <= 0)" for role in has)
        found = _one_row(connection, table, has, f"{counts}, {medians or 'NULL'}")
        for role, wrong in zip(has, found, strict=False):
            column = table.role(role)
            if wrong and column is not None:
                raise BadTable(
                    f"{wrong:,} rows of {table.name!r} have a {column.name} of zero or less, which no error can be: "
                    f"correct them, or give one for all rows, --error {table.name}=ARCSEC"
                )
        self = replace(self, missing_error_mas=max((value for value in found[len(has) :] if value), default=0.0))
    if propagate and self.has_motions:
        motion = typical_motion(connection, table)
        if motion is None:
            raise BadTable(f"no row of {table.name!r} has a proper motion; match it with --no-propagate")
        self = replace(self, moves=True, motion_mas_yr=motion)
    return self


def typical_motion(connection: duckdb.DuckDBPyConnection, table: TableInfo) -> float | None:
    """The scatter of a table's proper motions in each coordinate, mas/yr, little disturbed by the fast; None where all
    are NULL."""
    speed = "sqrt(pow(pmra::DOUBLE, 2) + pow(pmdec::DOUBLE, 2))"
    [found] = _one_row(connection, table, _MOTION, f"quantile_cont({speed}, 0.68) FILTER (isfinite({speed}))")
    return None if found is None else float(found) / _OF_RAYLEIGH


def _one_row(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, roles: Iterable[str], wanted: str
) -> tuple[Any, ...]:
    expressions = ", ".join(key_expressions(table, ("id", "ra", "dec", *roles)))
    [found] = connection.execute(f"SELECT {wanted} FROM (SELECT {expressions} FROM {data_of(table)})").fetchall()
    row: tuple[Any, ...] = found
    return row
