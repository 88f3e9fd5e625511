"""The columns of a matched catalogue: the object's own, those of its match, those of its members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from skyband.queries.crossmatch.columns import wide_columns
from skyband.schema.columns import ROLES, Column, TableInfo
from skyband.schema.errors import BadOption
from skyband.schema.keys import data_of, key_expressions
from skyband.schema.names import quote

OBJECT = Column("object_id", "", "", "meta.id;meta.main", description="Number of the object", role="id")
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

_EPOCH = ("p.epoch", Column("epoch", "", "yr", "time.epoch", description="Epoch of ra and dec", role="epoch"))

_OF_FIRST = (
    (("pmra", "pmdec"), ("pmra_error", "pmdec_error")),
    (("parallax",), ("parallax_error",)),
    (("radial_velocity",), ()),
)
"""Roles that belong together: the first, if all are known, make a member the one that all of them are taken from."""
_MEANINGS = {
    "pmra": ("pos.pm;pos.eq.ra", "Proper motion in right ascension, times cos(dec)"),
    "pmdec": ("pos.pm;pos.eq.dec", "Proper motion in declination"),
    "parallax": ("pos.parallax.trig", "Parallax"),
    "radial_velocity": ("spect.dopplerVeloc", "Radial velocity"),
}
"""UCD and description of each."""
_MOTION_ROLES = tuple(role for needed, errors in _OF_FIRST for role in (*needed, *errors))


def published_columns(
    match: TableInfo,
    tables: Sequence[TableInfo],
    wanted: Sequence[str],
    columns: Mapping[str, tuple[str, ...]],
    *,
    is_wide: bool,
) -> list[tuple[str, Column]]:
    """Expressions and metadata of the columns behind the object's number.

    They stand over p (combined.sql, with ra, dec), m (the match), t0, t1, ... (the tables) and those of `motion_joins`.

    Args:
        match: what says which rows belong together.
        tables: it was made of.
        wanted: names of those whose columns are published.
        columns: of them, by table; those not named give all.
        is_wide: whether the match has the columns of its tables.

    Raises:
        BadOption: a table has no such column.
    """
    chosen = []
    for number, table in enumerate(tables):
        column = table.role("id")
        assert column is not None
        chosen.append(
            (f"t{number}.{quote(column.name)}", replace(column, name=f"{table.name}_id", role="", ucd="meta.id"))
        )
    taken = {"ra", "dec", "healpix_29", "left_rank", "right_rank", "object_id", *(column.name for _, column in chosen)}
    chosen += _POSITION
    if any(table.epoch is not None or table.role("epoch") for table in tables):
        chosen.append(_EPOCH)
    chosen += _motions(tables)
    chosen += [(_of_match(c), c) for c in _own_columns(match, tables, is_wide=is_wide) if c.name not in taken]
    aliases = [
        (f"t{number}", table.name, _narrowed(table, columns.get(table.name)))
        for number, table in enumerate(tables)
        if table.name in wanted
    ]
    return chosen + list(wide_columns([OBJECT, *(column for _, column in chosen)], aliases))


def origins(tables: Sequence[TableInfo], published: Sequence[tuple[str, Column]]) -> dict[str, list[dict[str, str]]]:
    """By table: its columns by `name`, and the name each has `here`, to find bands and the like by."""
    here = {expression: column.name for expression, column in published}
    return {
        table.name: [
            {"name": column.name, "here": here[source]}
            for column in table.columns
            if (source := f"t{number}.{quote(column.name)}") in here
        ]
        for number, table in enumerate(tables)
    }


def motion_joins(tables: Sequence[TableInfo]) -> str:
    """SQL of the joins that the motions of objects need: k0, k1, ... of o.row_0, o.row_1, ..."""
    return "".join(
        f" LEFT JOIN (SELECT rowid AS row, {', '.join(key_expressions(table, ('id', 'ra', 'dec', *_MOTION_ROLES)))} "
        f"FROM {data_of(table)}) k{number} ON k{number}.row = o.row_{number}"
        for number, table in enumerate(tables)
        if any(table.role(role) for role in _MOTION_ROLES)
    )


def _motions(tables: Sequence[TableInfo]) -> Iterator[tuple[str, Column]]:
    """Motions, parallax and radial velocity of an object: those of its first member that has them."""
    for needed, errors in _OF_FIRST:
        having = [number for number, table in enumerate(tables) if all(table.role(role) for role in needed)]
        for role in (*needed, *errors):
            cases = "".join(
                f" WHEN {' AND '.join(f'isfinite(k{number}.{name}::DOUBLE)' for name in needed)} THEN "
                + (f"k{number}.{role}::DOUBLE" if tables[number].role(role) else "NULL")
                for number in having
            )
            if any(tables[number].role(role) for number in having):
                yield f"CASE{cases} END", _motion_column(role)


def _motion_column(role: str) -> Column:
    measured = role.removesuffix("_error")
    ucd, meaning = _MEANINGS[measured]
    if role == measured:
        return Column(role, "", ROLES[role], ucd, description=f"{meaning}, of the first member that has one", role=role)
    return Column(role, "", ROLES[role], f"stat.error;{ucd}", description=f"Error of {measured}", role=role)


def _of_match(column: Column) -> str:
    # A row that lost its pair to a better one stands alone, but where the other table looked.
    return f"coalesce(m.{column.name}, true)" if column.name == "is_covered" else f"m.{quote(column.name)}"


def _own_columns(match: TableInfo, tables: Sequence[TableInfo], *, is_wide: bool) -> list[Column]:
    """Columns of a match that are not those of its tables."""
    if not is_wide:
        return list(match.columns)
    taken = {
        name for table in tables for column in table.columns for name in (column.name, f"{table.name}_{column.name}")
    }
    return [column for column in match.columns if column.name not in taken]


def _narrowed(table: TableInfo, names: tuple[str, ...] | None) -> TableInfo:
    """The table with the columns of these names, or all."""
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
