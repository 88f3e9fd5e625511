"""The matched catalogue: one row an object, with the columns of its members and the position they have in common."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from skyband.queries.association.combined_columns import OBJECT, motion_joins, origins, published_columns
from skyband.queries.association.established import Established, established_by
from skyband.queries.association.measure import LEAST_VARIANCE_ARCSEC2, Correction, drop_candidates, measured_sql
from skyband.queries.association.objects import count_members, find_objects
from skyband.queries.association.options import PACKAGE, check_errors
from skyband.queries.association.pairing import read_sides
from skyband.queries.association.tune import correction_of
from skyband.queries.crossmatch import check_free, matchable_table, sources
from skyband.queries.crossmatch.astrometry import Astrometry, variance_arcsec2
from skyband.queries.crossmatch.meeting import arrange
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.keys import data_of
from skyband.schema.names import check_table_name, quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table

_PLACES = (
    "CREATE TEMP TABLE places (object BIGINT, epoch DOUBLE, x DOUBLE, y DOUBLE, z DOUBLE, ra_error DOUBLE, "
    "dec_error DOUBLE, ra_dec_corr DOUBLE, pos_chi2 DOUBLE)"
)
"""The rows of combined.sql."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineOptions:
    """A matched catalogue.

    Raises:
        BadName: `into` cannot name a table.
        BadOption: an error is out of its range.
    """

    match: str  # table of a match or an association
    tables: tuple[str, ...] = ()  # whose columns are wanted; () for all that were matched
    into: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by table; those not named give all
    error_arcsec: Mapping[str, float] = field(default_factory=dict)  # by table: its whole error, systematic or not
    propagate: bool = True  # whether proper motions are used, where the match used them
    replace: bool = False

    def __post_init__(self) -> None:
        check_table_name(self.into)
        check_errors(self.error_arcsec)


@dataclass(frozen=True, slots=True)
class CombineReport:
    """What a matched catalogue holds."""

    info: TableInfo
    members: Mapping[str, int]  # objects with a row of each table
    seconds: float


@dataclass(frozen=True, slots=True)
class _Member:
    """A table as its rows stand in objects."""

    side: Astrometry
    floor_arcsec: float  # systematic error in each coordinate
    displacement: Correction  # against the first table


def combine(store: Store, options: CombineOptions, *, command: str = "") -> CombineReport:
    """Publish a matched catalogue: the pairs or groups of a match, each one an object.

    The position is the mean of those of the members, weighted by their inverse covariances, at the epoch of the leading
    row; proper motions move the others to it. Errors, systematic errors and displacements are those of the match:
    displacements that it took away are taken from the objects too, which all stand in the frame of the first table.
    Where a match lists several pairs of a leading row (find all, best2), the best one is the object; right rows that it
    leaves over stand alone, if the match lists such.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: the table is no match, its tables have lost rows since, ids are not unique, or nothing is known of
            the errors of a table.
        BadOption: a table was not matched, or has no such column, or would be overwritten.
    """
    began = time.perf_counter()
    check_free(store, options.into, replace=options.replace)
    with write_table(store, options.into) as writer:
        connection = writer.connection
        match = writer.session.tables.get(options.match)
        if match is None:
            raise store.not_found(options.match)
        found = established_by(match)
        wanted = _wanted(options, found.tables)
        tables = [matchable_table(store, writer, name) for name in found.tables]
        members = _read_members(connection, store, options, found, tables)
        find_objects(connection, match, found, tables)
        connection.execute(_PLACES)
        for lead in range(len(members)):
            _place_objects(connection, members, lead)
        published = published_columns(match, tables, wanted, options.columns, is_wide=found.wide)
        columns = _write(connection, match, tables, published)
        counts = count_members(connection, tables)
        info = writer.publish(
            action="combine",
            command=command,
            columns={column.name: column for column in columns},
            description=f"Matched catalogue of {', '.join(found.tables)} by {match.name}",
            source=sources((match, *tables)),
            epoch=_common_epoch(connection),
            details={
                "match": match.name,
                "tables": found.tables,
                "members": counts,
                "floor_arcsec": {member.side.table.name: member.floor_arcsec for member in members},
                "offsets": found.offsets,
                "surveys": {table.name: table.survey for table in tables},
                "columns": origins(tables, published),
            },
        )
    return CombineReport(info, counts, time.perf_counter() - began)


def _wanted(options: CombineOptions, names: Sequence[str]) -> tuple[str, ...]:
    wanted = options.tables or tuple(names)
    for name in (*wanted, *options.columns, *options.error_arcsec):
        if name not in names:
            raise BadOption(f"{options.match!r} does not match {name!r}; it matches {', '.join(names)}")
    if options.into in (options.match, *names):
        raise BadOption(f"--into {options.into} is what the catalogue is made of; choose another name")
    return wanted


def _read_members(
    connection: duckdb.DuckDBPyConnection,
    store: Store,
    options: CombineOptions,
    found: Established,
    tables: Sequence[TableInfo],
) -> list[_Member]:
    """How the tables are read, with what the match found out and what is said now."""
    reading = replace(
        found,
        error_arcsec={**found.error_arcsec, **options.error_arcsec},
        propagate=found.propagate and options.propagate,
    )
    sides = list(read_sides(connection, store, reading, tables))
    floors = found.floors_arcsec({side.table.name: side.floor_mas / 1000 for side in sides})
    floors |= dict.fromkeys(options.error_arcsec, 0.0)
    scales = found.error_scales({side.table.name: variance_arcsec2(connection, side) for side in sides})
    members = []
    for number, side in enumerate(sides):
        name = side.table.name
        if not (side.knows_errors or floors[name]):
            raise BadTable(f"nothing is known of the position errors of {name!r}: give --error {name}=ARCSEC")
        tuning = found.tunings.get(name)
        displacement = (
            Correction()
            if tuning is None
            else correction_of(connection, tuning, found.offsets, name=f"offsets_{number}")
        )
        members.append(_Member(replace(side, error_scale=scales[name]), floors[name], displacement))
    return members


def _place_objects(connection: duckdb.DuckDBPyConnection, members: Sequence[_Member], lead: int) -> None:
    """Add to the temporary table `places` the objects whose first member is of one table."""
    first = " AND ".join([*(f"row_{number} IS NULL" for number in range(lead)), f"row_{lead} IS NOT NULL"])
    leading = members[lead]
    others = list(enumerate(members))[lead + 1 :]
    for number, member in others:
        connection.execute(
            f"CREATE TEMP TABLE candidates AS SELECT row_{lead} AS left_row, row_{number} AS right_row FROM objects "
            f"WHERE {first} AND row_{number} IS NOT NULL"
        )
        measured = measured_sql(
            arrange(connection, leading.side, member.side),
            floor_arcsec=member.floor_arcsec,
            correction=_between(leading.displacement, member.displacement),
        )
        query = fill_sql(PACKAGE, "member", measured=measured, least_variance=repr(LEAST_VARIANCE_ARCSEC2))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE member_{number} AS {query}")
        drop_candidates(connection)

    def total(of_member: str) -> str:
        return " + ".join(["0", *(f"coalesce({of_member.format(m=f'm{number}')}, 0)" for number, _ in others)])

    def blur(of_lead: str, of_member: str) -> str:
        # A leading row that is not known to move does so as the first member that is.
        known = "".join(f" WHEN m{n}.l_ea <> 0 OR m{n}.l_ed <> 0 THEN m{n}.{of_member}" for n, _ in others)
        own = f"l.epoch_error * 206264.80624709636 * l.{of_lead}"
        return f"CASE{known} ELSE {own} END" if known else own

    query = fill_sql(
        PACKAGE,
        "combined",
        objects=f"(SELECT object, row_{lead} AS lead_row FROM objects WHERE {first})",
        lead=leading.side.rows(),
        members=" ".join(f"LEFT JOIN member_{n} m{n} ON m{n}.left_row = o.lead_row" for n, _ in others),
        iaa=total("{m}.iaa"),
        idd=total("{m}.idd"),
        iad=total("{m}.iad"),
        ba=total("{m}.iaa * {m}.d_ra + {m}.iad * {m}.d_dec"),
        bd=total("{m}.iad * {m}.d_ra + {m}.idd * {m}.d_dec"),
        q=total("{m}.iaa * {m}.d_ra ** 2 + 2 * {m}.iad * {m}.d_ra * {m}.d_dec + {m}.idd * {m}.d_dec ** 2"),
        floor_arcsec=repr(leading.floor_arcsec),
        ea=blur("ma", "l_ea"),
        ed=blur("md", "l_ed"),
        offset_ra=leading.displacement.ra,
        offset_dec=leading.displacement.dec,
        joins=leading.displacement.joins,
        least_variance=repr(LEAST_VARIANCE_ARCSEC2),
    )
    connection.execute(f"INSERT INTO places BY NAME {query}")


def _between(lead: Correction, member: Correction) -> Correction:
    """The displacement of a member against the leading table, from those of both against the first."""
    return Correction(
        f"({member.ra}) - ({lead.ra})", f"({member.dec}) - ({lead.dec})", f"{member.joins} {lead.joins}".strip()
    )


def _write(
    connection: duckdb.DuckDBPyConnection,
    match: TableInfo,
    tables: Sequence[TableInfo],
    published: Sequence[tuple[str, Column]],
) -> list[Column]:
    """Create `new.main.data`; return the metadata of its columns."""
    order = f"p.healpix_29, {', '.join(f'o.row_{number}' for number in range(len(tables)))}"
    every = [(f"row_number() OVER (ORDER BY {order})", OBJECT), *published]
    selected = ", ".join(f"{expression} AS {quote(column.name)}" for expression, column in every)
    joins = "".join(
        f" LEFT JOIN {data_of(table)} t{number} ON t{number}.rowid = o.row_{number}"
        for number, table in enumerate(tables)
    )
    connection.execute(
        f"CREATE TABLE new.main.data AS SELECT {selected}, p.healpix_29 FROM ("
        "SELECT *, healpix(29, ra, dec) AS healpix_29 FROM ("
        "SELECT *, (degrees(atan2(y, x)) + 360) % 360 AS ra, degrees(atan2(z, sqrt(x * x + y * y))) AS dec FROM places"
        f")) p JOIN objects o ON o.object = p.object LEFT JOIN {data_of(match)} m ON m.rowid = o.pair {joins} "
        f"{motion_joins(tables)} ORDER BY {order}"
    )
    return [column for _, column in every]


def _common_epoch(connection: duckdb.DuckDBPyConnection) -> float | None:
    """The epoch of all objects, where it is one."""
    [(first, last, all_known)] = connection.execute(
        "SELECT min(epoch), max(epoch), count(epoch) = count(*) FROM places"
    ).fetchall()
    return float(first) if all_known and first is not None and first == last else None
