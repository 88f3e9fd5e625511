"""Where the rows of a table are at an epoch, and how well that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
_POSITION_ERRORS = ("ra_error", "dec_error", "pos_error", "error_minor")
_MOTION_ERRORS = ("pmra_error", "pmdec_error")
_ERRORS = (*_POSITION_ERRORS, *_MOTION_ERRORS)
SPEED_ARCSEC_YR = "(sqrt(ma * ma + md * md) * 648000 / pi())"
"""SQL over the relation of astrometry.sql: how fast a row moves."""

_SPEED_MAS_YR = "sqrt(pow(pmra::DOUBLE, 2) + pow(pmdec::DOUBLE, 2))"

_SAMPLE_ROWS = 200_000
"""Rows that tell a quantile to a third of a percent."""

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
    error_is_given: bool = False  # by whoever asks: it is multiplied by nothing
    missing_epoch: tuple[float, float] | None = None  # for rows whose epoch is NULL or NaN, and 1 sigma of it, yr
    missing_motion_error_mas_yr: float = 0.0  # for rows whose error of the motion is NULL
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

    @property
    def largest_epoch_error_yr(self) -> float:
        """1 sigma of the epoch of the row whose epoch is known worst."""
        return max(self.epoch_error_yr, self.missing_epoch[1] if self.missing_epoch else 0.0)

    def rows(self, where: str = "true") -> str:
        """SQL of the relation of astrometry.sql."""
        has = {
            role
            for role in (*_MOTION, *_ERRORS, "ra_dec_corr", "ra_dec_cosigma", "error_angle")
            if self.table.role(role)
        }
        moves = self.moves and self.has_motions
        var_ra, var_dec, cov = self._covariance(has)
        missing, own, dated = self.missing_epoch, repr(self.epoch_error_yr), "isfinite(epoch::DOUBLE)"
        roles = ("id", "ra", "dec", "epoch", *sorted(has))
        source = f"(SELECT rowid AS row, {', '.join(key_expressions(self.table, roles))} FROM {data_of(self.table)})"
        return fill_sql(
            _PACKAGE,
            "astrometry",
            rows=source,
            where=where if self.chosen == "true" else f"({where}) AND ({self.chosen})",
            epoch=f"CASE WHEN {dated} THEN epoch ELSE {missing[0]!r} END"
            if missing
            else "epoch"
            if self.has_epoch
            else "NULL",
            epoch_error=f"CASE WHEN {dated} THEN {own} ELSE {missing[1]!r} END" if missing else own,
            pmra="pmra::DOUBLE" if moves else "NULL::DOUBLE",
            pmdec="pmdec::DOUBLE" if moves else "NULL::DOUBLE",
            var_ra=var_ra,
            var_dec=var_dec,
            cov=cov,
            var_pmra=self._motion_variance("pmra_error", has),
            var_pmdec=self._motion_variance("pmdec_error", has),
            scale2=f"{1.0 if self.error_is_given else self.error_scale**2!r}::DOUBLE",
            motion=f"{self.motion_mas_yr!r}::DOUBLE",
        )

    def moved_to(self, epoch: float | None, rows: str) -> str:
        """SQL of the directions of rows, a relation of astrometry.sql, at a Julian year; None for their own epochs."""
        lag = "0" if epoch is None or not self.moves else f"coalesce({epoch!r} - epoch, 0)"
        return fill_sql(_PACKAGE, "moved", rows=rows, lag=lag)

    def _motion_variance(self, role: str, has: set[str]) -> str:
        """SQL of the variance of a coordinate of the motion, mas2/yr2."""
        missing = f"{self.missing_motion_error_mas_yr!r}::DOUBLE"
        return f"pow(CASE WHEN isfinite({role}) THEN {role}::DOUBLE ELSE {missing} END, 2)" if role in has else "0"

    def _covariance(self, has: set[str]) -> tuple[str, str, str]:
        """SQL of the variances east and north and the covariance, mas2."""
        if self.error_mas is not None:
            return f"{self.error_mas**2!r}::DOUBLE", f"{self.error_mas**2!r}::DOUBLE", "0"
        missing = f"{self.missing_error_mas!r}::DOUBLE"

        def known(role: str) -> str:
            return f"CASE WHEN isfinite({role}) THEN {role}::DOUBLE ELSE {missing} END"

        if {"ra_error", "dec_error"} <= has:
            ra, dec = known("ra_error"), known("dec_error")
            if "ra_dec_cosigma" in has:
                known_only = "CASE WHEN isfinite(ra_dec_cosigma) THEN ra_dec_cosigma::DOUBLE ELSE 0 END"
                return f"pow({ra}, 2)", f"pow({dec}, 2)", f"sign({known_only}) * pow({known_only}, 2)"
            corr = "CASE WHEN isfinite(ra_dec_corr) THEN ra_dec_corr ELSE 0 END" if "ra_dec_corr" in has else "0"
            return f"pow({ra}, 2)", f"pow({dec}, 2)", f"({corr}) * ({ra}) * ({dec})"
        if {"pos_error", "error_minor", "error_angle"} <= has:
            # The position angle runs from north to east.
            major = known("pos_error")
            minor = f"CASE WHEN isfinite(error_minor) THEN error_minor::DOUBLE ELSE {major} END"
            angle = "radians(CASE WHEN isfinite(error_angle) THEN error_angle::DOUBLE ELSE 0 END)"
            sin, cos = f"sin({angle})", f"cos({angle})"
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
        BadTable: an error is zero or negative, a correlation is none, or all proper motions are NULL.
    """
    self = Astrometry(table, error_mas=error_mas, error_is_given=error_mas is not None)
    motions = [role for role in _MOTION_ERRORS if table.role(role)]
    positions = [role for role in _POSITION_ERRORS if table.role(role)] if error_mas is None else []
    _check(connection, table, [*positions, *motions], correlated=error_mas is None)
    self = replace(
        self,
        missing_error_mas=_largest_median(connection, table, positions),
        missing_motion_error_mas_yr=_largest_median(connection, table, motions),
    )
    if propagate and self.has_motions:
        motion = _typical_motion(connection, table)
        if motion is None:
            raise BadTable(f"no row of {table.name!r} has a proper motion; match it with --no-propagate")
        self = replace(self, moves=True, motion_mas_yr=motion)
    return self


def _check(connection: duckdb.DuckDBPyConnection, table: TableInfo, errors: Sequence[str], *, correlated: bool) -> None:
    """Refuse impossible values of roles."""
    wrong = {role: (f"{role} <= 0", "of zero or less, which no error can be") for role in errors}
    if correlated and table.role("ra_dec_corr"):
        wrong["ra_dec_corr"] = ("abs(ra_dec_corr) > 1", "beyond 1, which no correlation can be")
    if not wrong:
        return
    counts = ", ".join(f"count(*) FILTER ({condition})" for condition, _ in wrong.values())
    for (role, (_, what)), rows in zip(wrong.items(), _one_row(connection, table, wrong, counts), strict=True):
        column = table.role(role)
        assert column is not None
        if rows:
            remedy = "" if role in _MOTION_ERRORS else f", or give one error for all rows, --error {table.name}=ARCSEC"
            raise BadTable(f"{rows:,} rows of {table.name!r} have a {column.name} {what}: correct them{remedy}")


def _largest_median(connection: duckdb.DuckDBPyConnection, table: TableInfo, roles: Sequence[str]) -> float:
    """The largest of the medians of roles, 0 where there are none."""
    if not roles:
        return 0.0
    medians = [f"quantile_cont({role}::DOUBLE, 0.5) FILTER (isfinite({role}))" for role in roles]
    return max((value for value in _quantiles(connection, table, roles, medians) if value), default=0.0)


def knows_motions(connection: duckdb.DuckDBPyConnection, table: TableInfo) -> bool:
    """Whether any row of a table that has columns of proper motions has one."""
    rows = f"SELECT 1 FROM {_with_roles(table, _MOTION)} WHERE isfinite({_SPEED_MAS_YR}) LIMIT 1"
    return bool(connection.execute(rows).fetchall())


def _typical_motion(connection: duckdb.DuckDBPyConnection, table: TableInfo) -> float | None:
    """The scatter of a table's proper motions in each coordinate, mas/yr, little disturbed by the fast; None where all
    are NULL."""
    wanted = f"quantile_cont({_SPEED_MAS_YR}, 0.68) FILTER (isfinite({_SPEED_MAS_YR}))"
    [found] = _quantiles(connection, table, _MOTION, [wanted])
    return None if found is None else found / _OF_RAYLEIGH


def _quantiles(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, roles: Iterable[str], wanted: Sequence[str]
) -> Sequence[float | None]:
    """Quantiles of roles of a table."""
    return _of_sample(table, lambda sample: _one_row(connection, table, roles, ", ".join(wanted), f"rowid {sample}"))


def _of_sample(table: TableInfo, ask: Callable[[str], Sequence[float | None]]) -> Sequence[float | None]:
    """Quantiles of a sample of the rows where there are many; where it has none, of all.

    Args:
        table: what it says about itself.
        ask: gives them for the rows whose number meets a condition, SQL that follows it.
    """
    found = ask(f"% {table.rows // _SAMPLE_ROWS or 1} = 0")
    return ask(">= 0") if None in found and table.rows > _SAMPLE_ROWS else found


def variance_arcsec2(connection: duckdb.DuckDBPyConnection, side: Astrometry, quantile: float = 0.5) -> float:
    """What rows say of the variance of their position, both coordinates together: a quantile, 0 of an empty table."""

    def ask(sample: str) -> Sequence[float | None]:
        rows = side.rows(f"row {sample}")
        [found] = connection.execute(f"SELECT quantile_cont(vaa + vdd, {quantile!r}) FROM {rows}").fetchall()
        return found

    [found] = _of_sample(side.table, ask)
    return found or 0.0


def _one_row(
    connection: duckdb.DuckDBPyConnection, table: TableInfo, roles: Iterable[str], wanted: str, where: str = "true"
) -> tuple[Any, ...]:
    [found] = connection.execute(f"SELECT {wanted} FROM {_with_roles(table, roles, where)}").fetchall()
    row: tuple[Any, ...] = found
    return row


def _with_roles(table: TableInfo, roles: Iterable[str], where: str = "true") -> str:
    """SQL of the rows of a table, roles under their standard names and in their units."""
    chosen = ", ".join(key_expressions(table, ("id", "ra", "dec", *roles)))
    return f"(SELECT {chosen} FROM {data_of(table)} WHERE {where})"
