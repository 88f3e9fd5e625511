"""The matched catalogue: one row an object, with the columns of its members and the position they have in common."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb

from skyband.queries.association.measure import LEAST_VARIANCE_ARCSEC2, drop_candidates, measured_sql, partner_sql
from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.association.pairing import read_sides
from skyband.queries.crossmatch import check_free, matchable_table, sources
from skyband.queries.crossmatch.astrometry import Astrometry
from skyband.queries.crossmatch.columns import wide_columns
from skyband.queries.crossmatch.meeting import arrange
from skyband.schema.columns import Column, TableInfo
from skyband.schema.errors import BadOption, BadTable
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import check_table_name, quote
from skyband.schema.sql import fill_sql
from skyband.schema.store import Store
from skyband.schema.writer import write_table

_OF_LEAD = ("epoch", "pmra", "pmdec", "pmra_error", "pmdec_error", "parallax", "parallax_error", "radial_velocity")
"""Roles that columns of the leading table keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombineOptions:
    """A matched catalogue.

    Raises:
        BadName: `into` cannot name a table.
    """

    match: str  # table of a match or an association
    tables: tuple[str, ...] = ()  # whose columns are wanted; () for all that were matched
    into: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by table; those not named give all
    error_arcsec: Mapping[str, float] = field(default_factory=dict)  # by table, in place of its columns
    propagate: bool = True  # whether proper motions are used
    replace: bool = False

    def __post_init__(self) -> None:
        check_table_name(self.into)


@dataclass(frozen=True, slots=True)
class CombineReport:
    """What a matched catalogue holds."""

    info: TableInfo
    members: Mapping[str, int]  # objects with a row of each table
    seconds: float


def combine(store: Store, options: CombineOptions, *, command: str = "") -> CombineReport:
    """Publish a matched catalogue.

    The position is the mean of those of the members, weighted by their inverse covariances, at the epoch of the leading
    row, whose proper motion moves the others to it.

    Raises:
        TableNotFound: a table is not there.
        TableExists: `options.into` is there and `options.replace` is not set.
        BadTable: the table is no match, or its tables have lost rows since.
        BadOption: a table was not matched, or has no such column.
    """
    began = time.perf_counter()
    check_free(store, options.into, replace=options.replace)
    with write_table(store, options.into) as writer:
        connection = writer.connection
        match = writer.session.tables.get(options.match)
        if match is None:
            raise store.not_found(options.match)
        names = matched_tables(match)
        wanted = _wanted(options, names)
        tables = [matchable_table(store, writer, name) for name in names]
        asked = AssociationOptions(
            tables=names, into=options.into, radius_arcsec=1.0, propagate=options.propagate,
            error_arcsec=options.error_arcsec,
        )  # fmt: skip
        sides = list(read_sides(connection, store, asked, tables))
        for side in sides:
            if not side.knows_errors:
                name = side.table.name
                raise BadTable(f"nothing is known of the position errors of {name!r}: give --error {name}=ARCSEC")
        _find_objects(connection, match, tables)
        for lead in range(len(sides)):
            _place_objects(connection, sides, lead)
        columns = _write(connection, options, match, tables, wanted)
        members = _members(connection, tables)
        info = writer.publish(
            action="combine",
            command=command,
            columns={column.name: column for column in columns},
            description=f"Matched catalogue of {', '.join(names)} by {match.name}",
            source=sources((match, *tables)),
            epoch=tables[0].epoch,
            details={"match": match.name, "tables": names, "members": members},
        )
    return CombineReport(info, members, time.perf_counter() - began)


def matched_tables(match: TableInfo) -> tuple[str, ...]:
    """The tables a match was made of, the leading one first.

    Raises:
        BadTable: it is no match of different tables.
    """
    options = match.details.get("options") or {}
    names = tuple(options.get("tables") or [options[side] for side in ("left", "right") if side in options])
    if len(set(names)) < 2:
        raise BadTable(f"table {match.name!r} is no match of different tables; make one with skyband crossmatch")
    return names


def _wanted(options: CombineOptions, names: Sequence[str]) -> tuple[str, ...]:
    wanted = options.tables or tuple(names)
    for name in (*wanted, *options.columns):
        if name not in names:
            raise BadOption(f"{options.match!r} does not match {name!r}; it matches {', '.join(names)}")
    return wanted


def _find_objects(connection: duckdb.DuckDBPyConnection, match: TableInfo, tables: Sequence[TableInfo]) -> None:
    """Make the temporary table `objects` (object, row_0, row_1, ...): the best match of each leading row."""
    ranked = "WHERE m.left_rank = 1 OR m.left_rank IS NULL" if match.column("left_rank") else ""
    names = [quote(f"{table.name}_id") for table in tables]
    joins = "".join(
        f" LEFT JOIN {numbered_rows(table)} t{number} ON t{number}.id = m.{name}"
        for number, (table, name) in enumerate(zip(tables, names, strict=True))
    )
    rows = ", ".join(f"t{number}.row AS row_{number}" for number in range(len(tables)))
    lost = " OR ".join(f"t{number}.row IS NULL AND m.{name} IS NOT NULL" for number, name in enumerate(names))
    connection.execute(
        f"CREATE TEMP TABLE objects AS SELECT m.rowid AS object, {rows}, {lost} AS is_lost "
        f"FROM {data_of(match)} m {joins} {ranked}"
    )
    connection.execute(
        "CREATE TEMP TABLE places (object BIGINT, x DOUBLE, y DOUBLE, z DOUBLE, ra_error DOUBLE, dec_error DOUBLE, "
        "ra_dec_corr DOUBLE, pos_chi2 DOUBLE)"
    )
    [(lost_rows,)] = connection.execute("SELECT count(*) FILTER (is_lost) FROM objects").fetchall()
    if lost_rows:
        raise BadTable(f"{lost_rows:,} rows of {match.name!r} name rows that are gone; match the tables again")


def _place_objects(connection: duckdb.DuckDBPyConnection, sides: Sequence[Astrometry], lead: int) -> None:
    """Add to the temporary table `places` (combined.sql) the objects whose first member is of one table."""
    first = " AND ".join([*(f"row_{number} IS NULL" for number in range(lead)), f"row_{lead} IS NOT NULL"])
    others = list(enumerate(sides))[lead + 1 :]
    connection.execute("CREATE OR REPLACE TEMP TABLE right_density (cell BIGINT, per_arcsec2 DOUBLE)")
    for number, side in others:
        connection.execute(
            f"CREATE TEMP TABLE candidates AS SELECT row_{lead} AS left_row, row_{number} AS right_row FROM objects "
            f"WHERE {first} AND row_{number} IS NOT NULL"
        )
        member = partner_sql(measured_sql(arrange(connection, sides[lead], side)))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE member_{number} AS {member}")
        drop_candidates(connection)

    def total(of_lead: str, of_member: str) -> str:
        return " + ".join([of_lead, *(f"coalesce({of_member.format(m=f'm{number}')}, 0)" for number, _ in others)])

    query = fill_sql(
        PACKAGE,
        "combined",
        objects=f"(SELECT object, row_{lead} AS lead_row FROM objects WHERE {first})",
        lead=sides[lead].rows(),
        members=" ".join(f"LEFT JOIN member_{n} m{n} ON m{n}.left_row = o.lead_row" for n, _ in others),
        iaa=total("l_iaa", "{m}.iaa"),
        idd=total("l_idd", "{m}.idd"),
        iad=total("l_iad", "{m}.iad"),
        ba=total("0", "{m}.iaa * {m}.d_ra + {m}.iad * {m}.d_dec"),
        bd=total("0", "{m}.iad * {m}.d_ra + {m}.idd * {m}.d_dec"),
        q=total("0", "{m}.iaa * {m}.d_ra ** 2 + 2 * {m}.iad * {m}.d_ra * {m}.d_dec + {m}.idd * {m}.d_dec ** 2"),
        least_variance=repr(LEAST_VARIANCE_ARCSEC2),
    )
    connection.execute(f"INSERT INTO places BY NAME {query}")


def _published(
    options: CombineOptions, match: TableInfo, tables: Sequence[TableInfo], wanted: Sequence[str]
) -> list[tuple[str, Column]]:
    """Expressions and metadata of the columns behind the object's number: ids, position, the match's own, the
    tables'."""
    chosen = []
    for number, table in enumerate(tables):
        column = table.role("id")
        assert column is not None
        chosen.append(
            (f"t{number}.{quote(column.name)}", replace(column, name=f"{table.name}_id", role="", ucd="meta.id"))
        )
    taken = {"ra", "dec", "healpix_29", "left_rank", "right_rank", "object_id", *(column.name for _, column in chosen)}
    chosen += _POSITION
    chosen += [(f"m.{quote(c.name)}", c) for c in _own_columns(match, tables) if c.name not in taken]
    aliases = [
        (f"t{number}", table.name, _chosen(table, options))
        for number, table in enumerate(tables)
        if table.name in wanted
    ]
    of_lead = {f"t0.{quote(column.name)}": column.role for column in tables[0].columns if column.role in _OF_LEAD}
    own = [_OBJECT, *(column for _, column in chosen)]
    chosen += [(e, replace(column, role=of_lead.get(e, ""))) for e, column in wide_columns(own, aliases)]
    return chosen


def _write(
    connection: duckdb.DuckDBPyConnection,
    options: CombineOptions,
    match: TableInfo,
    tables: Sequence[TableInfo],
    wanted: Sequence[str],
) -> list[Column]:
    """Create `new.main.data`; return the metadata of its columns."""
    order = f"p.healpix_29, {', '.join(f'o.row_{number}' for number in range(len(tables)))}"
    numbered = (f"row_number() OVER (ORDER BY {order})", _OBJECT)
    every = [numbered, *_published(options, match, tables, wanted)]
    selected = ", ".join(f"{expression} AS {quote(column.name)}" for expression, column in every)
    joins = "".join(
        f" LEFT JOIN {data_of(table)} t{number} ON t{number}.rowid = o.row_{number}"
        for number, table in enumerate(tables)
    )
    connection.execute(
        f"CREATE TABLE new.main.data AS SELECT {selected}, p.healpix_29 FROM ("
        "SELECT *, healpix(29, ra, dec) AS healpix_29 FROM ("
        "SELECT *, (degrees(atan2(y, x)) + 360) % 360 AS ra, degrees(atan2(z, sqrt(x * x + y * y))) AS dec FROM places"
        f")) p JOIN objects o ON o.object = p.object JOIN {data_of(match)} m ON m.rowid = o.object {joins} "
        f"ORDER BY {order}"
    )
    return [column for _, column in every]


_OBJECT = Column("object_id", "", "", "meta.id;meta.main", description="Number of the object", role="id")
_POSITION = [
    ("p.ra", Column("ra", "", "deg", "pos.eq.ra;meta.main", description="Right ascension (ICRS)", role="ra")),
    ("p.dec", Column("dec", "", "deg", "pos.eq.dec;meta.main", description="Declination (ICRS)", role="dec")),
    ("p.ra_error", Column("ra_error", "", "mas", "stat.error;pos.eq.ra", description="Error of ra, times cos(dec)",
                          role="ra_error")),
    ("p.dec_error", Column("dec_error", "", "mas", "stat.error;pos.eq.dec", description="Error of dec",
                           role="dec_error")),
    ("p.ra_dec_corr", Column("ra_dec_corr", "", "", "stat.correlation;pos.eq.ra;pos.eq.dec",
                             description="Correlation of ra and dec", role="ra_dec_corr")),
    ("p.pos_chi2", Column("pos_chi2", "", "", "stat.fit.chi2",
                          description="Chi square of the members' positions; 2 (n - 1) degrees of freedom")),
]  # fmt: skip
"""Expressions and metadata of the position all members have in common."""


def _own_columns(match: TableInfo, tables: Sequence[TableInfo]) -> list[Column]:
    """Columns of a match that are not those of its tables."""
    options = match.details.get("options") or {}
    if not options.get("wide"):
        return list(match.columns)
    taken = {
        name for table in tables for column in table.columns for name in (column.name, f"{table.name}_{column.name}")
    }
    return [column for column in match.columns if column.name not in taken]


def _chosen(table: TableInfo, options: CombineOptions) -> TableInfo:
    """The table with the columns that are wanted."""
    names = options.columns.get(table.name)
    if names is None:
        return table
    found = []
    for name in names:
        column = table.column(name)
        if column is None:
            known = ", ".join(item.name for item in table.columns)
            raise BadOption(f"table {table.name!r} has no column {name!r}; it has {known}")
        found.append(column)
    return replace(table, columns=tuple(found))


def _members(connection: duckdb.DuckDBPyConnection, tables: Sequence[TableInfo]) -> dict[str, int]:
    counts = ", ".join(f"count(row_{number})" for number in range(len(tables)))
    [found] = connection.execute(f"SELECT {counts} FROM objects").fetchall()
    return {table.name: count for table, count in zip(tables, found, strict=True)}
