"""The views every open store has for a table: `<table>`, `keys.<table>` and `placed.<table>`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from skyband.schema.columns import HEALPIX_COLUMN, ROLES, Column, TableInfo
from skyband.schema.names import quote
from skyband.schema.units import scale_between

_JULIAN_YEAR = {
    "mjd": "2000.0 + ({column} - 51544.5) / 365.25",
    "jd": "2000.0 + ({column} - 2451545.0) / 365.25",
}


def catalog_of(table: str) -> str:
    """Name under which a session attaches a table's file; its rows are `<catalog>.main.data`."""
    return f"t_{table}"


def data_of(info: TableInfo) -> str:
    """The rows of an attached table, as SQL names them."""
    return f"{quote(catalog_of(info.name))}.main.data"


def view_statements(info: TableInfo, catalog: str) -> Iterator[str]:
    """SQL that makes the views of a table whose file is attached as `catalog`.

    `keys.<table>` has the roles under their standard names and units (`schema.columns.ROLES`); `placed.<table>` has all
    columns and `__ra`, `__dec`, so that macros find the position whatever the survey calls it. Rows without a position
    are in neither.
    """
    data, table = f"{quote(catalog)}.main.data", quote(info.name)
    yield f"CREATE OR REPLACE VIEW {table} AS FROM {data}"
    if info.role("ra") is None or info.role("dec") is None:
        return
    where = f" WHERE {HEALPIX_COLUMN} IS NOT NULL" if info.unplaced else ""
    yield f"CREATE OR REPLACE VIEW keys.{table} AS SELECT {', '.join(key_expressions(info))} FROM {data}{where}"
    ra, dec = (quote(_column(info, role).name) for role in ("ra", "dec"))
    yield f"CREATE OR REPLACE VIEW placed.{table} AS SELECT *, {ra} AS __ra, {dec} AS __dec FROM {data}{where}"


def key_expressions(info: TableInfo, roles: Collection[str] = tuple(ROLES)) -> list[str]:
    """The select list of `keys.<table>`, id, ra, dec and healpix_29 first."""
    chosen = [f"{_in_standard_unit(column, role)} AS {role}" for role in roles if (column := info.role(role))]
    if "epoch" in roles and info.role("epoch") is None and info.epoch is not None:
        chosen.append(f"{info.epoch!r}::DOUBLE AS epoch")
    chosen.insert(3, HEALPIX_COLUMN)
    return chosen


def numbered_rows(info: TableInfo) -> str:
    """SQL of the relation (row, id, ra, dec, healpix_29) of an attached table: `row` is the place in the table, 0 to
    rows - 1, and rises with the key and then the id; positions are DOUBLE, whatever the table has."""
    chosen = ", ".join(key_expressions(info, ("id", "ra", "dec")))
    return (
        f"(SELECT * REPLACE (ra::DOUBLE AS ra, dec::DOUBLE AS dec) "
        f"FROM (SELECT rowid AS row, {chosen} FROM {data_of(info)}))"
    )


def key_columns(info: TableInfo) -> tuple[Column, ...]:
    """Metadata of the columns of `keys.<table>`."""
    found = [
        replace(column, name=role, unit=unit or column.unit, xtype="" if role == "epoch" else column.xtype)
        for role, unit in ROLES.items()
        if (column := info.role(role))
    ]
    if info.role("epoch") is None and info.epoch is not None:
        found.append(Column("epoch", "DOUBLE", unit="yr", ucd="time.epoch", role="epoch"))
    key = info.column(HEALPIX_COLUMN)
    if key is not None:
        found.insert(3, key)
    return tuple(found)


def _in_standard_unit(column: Column, role: str) -> str:
    name = quote(column.name)
    if role == "epoch" and column.xtype in _JULIAN_YEAR:
        return _JULIAN_YEAR[column.xtype].format(column=name)
    standard = ROLES[role]
    factor = scale_between(column.unit, standard) if standard and column.unit else 1.0
    return name if factor == 1.0 else f"{name} * {factor!r}"


def _column(info: TableInfo, role: str) -> Column:
    column = info.role(role)
    assert column is not None, f"table {info.name} has no {role}"
    return column
