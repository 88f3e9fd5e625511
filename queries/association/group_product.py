"""The table of an association of many tables: one row a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from skyband.queries.association.options import PACKAGE, AssociationOptions
from skyband.queries.crossmatch.columns import wide_columns
from skyband.queries.crossmatch.options import Find, Join
from skyband.schema.columns import Column, TableInfo
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql

_OWN = {
    "n_tables": "INTEGER", "ln_bayes": "DOUBLE", "p_match": "DOUBLE", "p_i": "DOUBLE", "p_any": "DOUBLE",
    "left_rank": "INTEGER", "n_neighbours": "INTEGER", "is_ambiguous": "BOOLEAN",
}  # fmt: skip
"""Columns of groups.sql that are published, and their types."""


_LEAST_P_I = 1e-3
"""Groups less probable than this among those of their leading row claim no member."""


@dataclass(frozen=True, slots=True)
class WrittenGroups:
    """What the new table holds."""

    groups: int
    wrong_share: float  # of them that are not right and whole, by their probabilities
    matched: tuple[int, ...]  # rows of each table in a group of two or more
    columns: tuple[Column, ...]


def begin_groups(connection: duckdb.DuckDBPyConnection, tables: int) -> None:
    """Make the temporary table `selected`: rows of the members, their separations from the first, and what
    groups.sql says of the group."""
    rows = [f"row_{number} BIGINT" for number in range(tables)]
    separations = [f"sep_{number} DOUBLE" for number in range(1, tables)]
    own = [f"{name} {kind}" for name, kind in _OWN.items()]
    connection.execute(f"CREATE TEMP TABLE selected ({', '.join([*rows, *separations, *own])})")


def add_groups(
    connection: duckdb.DuckDBPyConnection,
    options: AssociationOptions,
    tables: Sequence[TableInfo],
    lead: int,
    least_probability: float,
) -> None:
    """Add to `selected` those of the temporary table `grouped` whose leading row, of the table number `lead`, has any
    counterpart with the least probability: all, the best of each leading row, or the best of all, then of those that
    share no row with it, and so on."""
    chosen = f"(FROM grouped WHERE left_row < {tables[lead].rows} AND p_any >= {least_probability!r})"
    if options.find is Find.BEST:
        _take_disjoint(connection, chosen)
        chosen = "taken_groups"
    elif options.find is Find.BEST1:
        chosen = f"(FROM {chosen} WHERE left_rank = 1)"
    connection.execute(
        f"INSERT INTO selected BY NAME SELECT * EXCLUDE (left_row), left_row AS row_{lead} FROM {chosen}"
    )


def _take_disjoint(connection: duckdb.DuckDBPyConnection, groups: str) -> None:
    """Make the temporary table `taken_groups`: groups no two of which share a row, the most probable first."""
    columns = connection.sql(f"FROM {groups} LIMIT 0").columns
    members = [name for name in columns if name.startswith("row_")]
    claims = " UNION ALL ".join(
        f"SELECT left_row, {number} AS number, {row} AS row FROM {groups} "
        f"WHERE {row} IS NOT NULL AND p_i > {_LEAST_P_I!r}"
        for number, row in enumerate(members)
    )

    def strike(taken: str) -> str:
        return " ".join(
            f"ANTI JOIN (SELECT {row} FROM {taken} WHERE {row} IS NOT NULL) USING ({row})" for row in members
        )

    begin = fill_sql(PACKAGE, "contested_begin", groups=groups, claims=f"({claims})", strike=strike("taken_groups"))
    connection.execute(begin)
    round_ = fill_sql(
        PACKAGE,
        "contested_round",
        is_best=" AND ".join(
            ["min(place) OVER (PARTITION BY left_row) = place"]
            + [f"({row} IS NULL OR min(place) OVER (PARTITION BY {row}) = place)" for row in members]
        ),
        strike=strike("taken_now"),
    )
    while connection.execute("FROM open_groups LIMIT 1").fetchall():
        connection.execute(round_)


def used_rows(number: int) -> str:
    """SQL of the rows of the table of that number that stand in `selected`."""
    return f"SELECT row_{number} FROM selected WHERE row_{number} IS NOT NULL"


def write_groups(
    connection: duckdb.DuckDBPyConnection, options: AssociationOptions, tables: Sequence[TableInfo]
) -> WrittenGroups:
    """Create `new.main.data` from the temporary table `selected`, in the order of the key; rows in no group stand
    alone, those of the first table with the join `left`, those of all with `full`."""
    places = range(len(tables))
    counted = ", ".join(f"count(DISTINCT row_{number})" for number in places)
    [(groups, wrong, *matched)] = connection.execute(
        f"SELECT count(*), coalesce(avg(1 - p_match), 0), {counted} FROM selected"
    ).fetchall()
    alone = {Join.LEFT: places[:1], Join.FULL: places}.get(options.join, places[:0])
    for number in alone:
        connection.execute(
            f"INSERT INTO selected BY NAME SELECT rowid AS row_{number}, 1 AS n_tables FROM {data_of(tables[number])} "
            f"WHERE rowid NOT IN ({used_rows(number)})"
        )
    columns = group_columns(options, tables)
    own = ""
    joins = "".join(
        f" LEFT JOIN {numbered_rows(table)} k{number} ON k{number}.row = s.row_{number}"
        for number, table in enumerate(tables)
    )
    if options.wide:
        wide = list(wide_columns(columns, [(f"t{number}", table.name, table) for number, table in enumerate(tables)]))
        own = "".join(f"{source} AS {quote(column.name)}, " for source, column in wide)
        columns = (*columns, *(column for _, column in wide))
        joins += "".join(
            f" LEFT JOIN {data_of(table)} t{number} ON t{number}.rowid = s.row_{number}"
            for number, table in enumerate(tables)
        )
    names = [f"k{number}.id AS {quote(name)}" for number, name in enumerate(options.pair_names)]
    names += [f"s.sep_{number} AS {quote(f'sep_{table.name}_arcsec')}" for number, table in enumerate(tables) if number]
    names += [f"s.{name}" for name in _OWN]
    place = {
        name: f"coalesce({', '.join(f'k{number}.{name}' for number in places)})" for name in ("ra", "dec", "healpix_29")
    }
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(
        f"CREATE TABLE new.main.data AS SELECT {', '.join(names)}, {place['ra']} AS ra, {place['dec']} AS dec, {own} "
        f"{place['healpix_29']} AS healpix_29 FROM selected s {joins} "
        f"ORDER BY healpix_29, {', '.join(f'row_{number}' for number in places)}, left_rank"
    )
    return WrittenGroups(groups, wrong, tuple(matched), columns)


def group_columns(options: AssociationOptions, tables: Sequence[TableInfo]) -> tuple[Column, ...]:
    """Metadata of the table's own columns (types are the engine's)."""
    lead = tables[0]
    ids = []
    for table, name in zip(tables, options.pair_names, strict=True):
        column = table.role("id")
        assert column is not None
        keyed = table is lead and options.find is not Find.ALL and options.join is not Join.FULL
        ids.append(replace(column, name=name, role="id" if keyed else "", ucd="meta.id"))
    separations = [
        Column(
            f"sep_{table.name}_arcsec", "", "arcsec", "pos.angDistance",
            description=f"Separation of the {table.name} row from the first row of the group, at the epoch of the pair",
        )
        for table in tables[1:]
    ]  # fmt: skip
    described = (
        ("n_tables", "meta.number", "Tables with a row in the group"),
        ("ln_bayes", "stat.likelihood", "Natural logarithm of the Bayes factor (Budavari & Szalay 2008)"),
        ("p_match", "stat.probability", "Probability that the group is right and whole"),
        ("p_i", "stat.probability", "The same, if its first row has any counterpart"),
        ("p_any", "stat.probability", "Probability that its first row has any counterpart"),
        ("left_rank", "meta.number", "Rank by p_match among the groups of its first row"),
        ("n_neighbours", "meta.number", "Groups of its first row"),
        ("is_ambiguous", "meta.code", "Whether another group is at least half as probable"),
    )
    return (
        *ids,
        *separations,
        *(Column(name, "", "", ucd, description=text) for name, ucd, text in described),
        Column(
            "ra", "", "deg", "pos.eq.ra;meta.main", description="Right ascension (ICRS) of the first row", role="ra"
        ),
        Column("dec", "", "deg", "pos.eq.dec;meta.main", description="Declination (ICRS) of the first row", role="dec"),
    )
