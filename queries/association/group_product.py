"""The table of an association of many tables: one row a group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from skyband.queries.association.options import AssociationOptions
from skyband.queries.crossmatch.columns import wide_columns
from skyband.queries.crossmatch.options import Find, Join
from skyband.schema.columns import Column, TableInfo
from skyband.schema.keys import data_of, numbered_rows
from skyband.schema.names import quote

_OWN = ("n_tables", "ln_bayes", "p_match", "p_i", "p_any", "left_rank", "n_neighbours", "is_ambiguous")


@dataclass(frozen=True, slots=True)
class WrittenGroups:
    """What the new table holds."""

    groups: int
    matched: tuple[int, ...]  # rows of each table in a group of two or more
    columns: tuple[Column, ...]


def write_groups(
    connection: duckdb.DuckDBPyConnection, options: AssociationOptions, tables: Sequence[TableInfo], least: float
) -> WrittenGroups:
    """Create `new.main.data` from the temporary table `grouped` (groups.sql): the groups of leading rows that have any
    counterpart with the least probability, in the order of the key.

    With the join `left`, leading rows without one stand alone.
    """
    lead, others = tables[0], list(enumerate(tables[1:], 1))
    rows = f"left_row < {lead.rows} AND p_any >= {least!r}"
    rows += "" if options.find is Find.ALL else " AND left_rank = 1"
    connection.execute(f"CREATE TEMP TABLE selected AS FROM grouped WHERE {rows}")
    columns = group_columns(options, tables)
    own = ""
    if options.wide:
        aliases = [("a", lead.name, lead), *((f"b{number}", table.name, table) for number, table in others)]
        wide = list(wide_columns(columns, aliases))
        own = "".join(f"{source} AS {quote(column.name)}, " for source, column in wide)
        columns = (*columns, *(column for _, column in wide))
    names = [f"l.id AS {quote(options.pair_names[0])}"]
    names += [f"r{number}.id AS {quote(options.pair_names[number])}" for number, _ in others]
    names += [f"s.sep_{number} AS {quote(f'sep_{table.name}_arcsec')}" for number, table in others]
    names += [f"s.{name}" if name != "n_tables" else "coalesce(s.n_tables, 1) AS n_tables" for name in _OWN]
    joins = "JOIN" if options.join is not Join.LEFT else "LEFT JOIN"
    tables_joined = f"{joins} selected s ON s.left_row = l.row" + "".join(
        f" LEFT JOIN (SELECT row, id FROM {numbered_rows(table)}) r{number} ON r{number}.row = s.row_{number}"
        for number, table in others
    )
    if options.wide:
        tables_joined += f" LEFT JOIN {data_of(lead)} a ON a.rowid = l.row" + "".join(
            f" LEFT JOIN {data_of(table)} b{number} ON b{number}.rowid = s.row_{number}" for number, table in others
        )
    connection.execute("SET preserve_insertion_order = true")
    connection.execute(
        f"CREATE TABLE new.main.data AS SELECT {', '.join(names)}, l.ra, l.dec, {own} l.healpix_29 "
        f"FROM {numbered_rows(lead)} l {tables_joined} ORDER BY l.healpix_29, l.row, s.left_rank"
    )
    counted = ", ".join(f"count(DISTINCT {name})" for name in ("left_row", *(f"row_{number}" for number, _ in others)))
    [(groups, *matched)] = connection.execute(f"SELECT count(*), {counted} FROM selected").fetchall()
    return WrittenGroups(groups, tuple(matched), columns)


def group_columns(options: AssociationOptions, tables: Sequence[TableInfo]) -> tuple[Column, ...]:
    """Metadata of the table's own columns (types are the engine's)."""
    lead = tables[0]
    ids = []
    for table, name in zip(tables, options.pair_names, strict=True):
        column = table.role("id")
        assert column is not None
        keyed = table is lead and options.find is not Find.ALL
        ids.append(replace(column, name=name, role="id" if keyed else "", ucd="meta.id"))
    separations = [
        Column(
            f"sep_{table.name}_arcsec", "", "arcsec", "pos.angDistance",
            description=f"Separation of the {table.name} row from the {lead.name} row at the epoch of the pair",
        )
        for table in tables[1:]
    ]  # fmt: skip
    described = (
        ("n_tables", "meta.number", "Tables with a row in the group"),
        ("ln_bayes", "stat.likelihood", "Natural logarithm of the Bayes factor (Budavari & Szalay 2008)"),
        ("p_match", "stat.probability", "Probability that the group is right and whole"),
        ("p_i", "stat.probability", f"The same, if the {lead.name} row has any counterpart"),
        ("p_any", "stat.probability", f"Probability that the {lead.name} row has any counterpart"),
        ("left_rank", "meta.number", f"Rank by p_match among the groups of the {lead.name} row"),
        ("n_neighbours", "meta.number", f"Groups of the {lead.name} row"),
        ("is_ambiguous", "meta.code", "Whether another group is at least half as probable"),
    )
    return (
        *ids,
        *separations,
        *(Column(name, "", "", ucd, description=text) for name, ucd, text in described),
        Column("ra", "", "deg", "pos.eq.ra;meta.main", description=f"Right ascension (ICRS) in {lead.name}", role="ra"),
        Column("dec", "", "deg", "pos.eq.dec;meta.main", description=f"Declination (ICRS) in {lead.name}", role="dec"),
    )
