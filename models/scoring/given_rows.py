"""Rows that somebody gives, beside the tables of a store: an alert, a few lines of a file, a request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from skyband.queries.sky import Sky
from skyband.schema.columns import HEALPIX_COLUMN, Column, TableInfo, Version, find_column
from skyband.schema.errors import BadTable
from skyband.schema.faults import duckdb_faults
from skyband.schema.keys import catalog_of, data_of
from skyband.schema.names import quote
from skyband.schema.roles import ROW_ID, assign_roles, is_number
from skyband.schema.writer import KEY_METADATA

if TYPE_CHECKING:
    import pyarrow as pa

    from skyband.schema.settings import Settings

GIVEN = "given rows"
"""What the rows are called where a table has its name; no table of a store can be called so."""

_GIVEN = "skyband_given_rows"
_FLOATS = frozenset({"FLOAT", "DOUBLE"})
_DEGREES = {"ra": (0, 360), "dec": (-90, 90)}
_MOST_CHARACTERS = 1_000
_UNKNOWN = '"NULL"'
_OURS = frozenset({HEALPIX_COLUMN, ROW_ID, "rowid"})
"""Names that mean something of their own in a table."""


class SkyOfRows(Sky):
    """A store in which given rows are one more table, `GIVEN`, numbered from 0 by their id.

    A batch takes the place of the one before. No table is written: the rows lie in memory.
    """

    def __init__(self, settings: Settings) -> None:
        """Open the store.

        Raises:
            StoreNotFound: the folder holds no store.
        """
        super().__init__(settings=settings)
        self._given: TableInfo | None = None
        self.connection.execute(f"ATTACH ':memory:' AS {quote(catalog_of(GIVEN))}")

    def __enter__(self) -> Self:
        return self

    def table(self, name: str) -> TableInfo:
        """What a table says about itself, or what is known of the given rows."""
        return self._given if name == GIVEN and self._given is not None else super().table(name)

    def give(
        self,
        batch: pa.RecordBatch,
        columns: Sequence[Column] = (),
        like: TableInfo | None = None,
        curves_of: str | None = None,
    ) -> TableInfo:
        """Put rows in the place of those before.

        Args:
            batch: the rows, NaN for NULL if you like.
            columns: what a file says of them; names and types are those of the batch.
            like: the table whose columns those of the same names are.
            curves_of: column with the object ids of light curves.

        Raises:
            BadTable: a column is there twice.
        """
        import numpy as np
        import pyarrow as pa

        batch = batch.select([field.name for field in batch.schema if _is_wanted(field, like, curves_of)])
        names = batch.schema.names
        if len({name.lower() for name in names}) < len(names):
            raise BadTable("the rows have a column twice; rename one")
        numbered = batch.append_column(ROW_ID, pa.array(np.arange(batch.num_rows)))
        cursor = self.connection.cursor()
        with duckdb_faults("the rows cannot be read"):
            cursor.register(_GIVEN, numbered)
            try:
                described = cursor.execute(f"DESCRIBE FROM {_GIVEN}").fetchall()
                # A column without any value may have been of any type.
                types = {name: "DOUBLE" if kind == _UNKNOWN else kind for name, kind, *_ in described}
                info = _described([_known(name, types[name], columns) for name in names], like)
                self._given = info
                own = [_value(name, column) for name, column in zip(names, info.columns, strict=False)]
                rows = f"SELECT {', '.join([*own, *_presence(info), quote(ROW_ID)])} FROM {_GIVEN}"
                cursor.execute(f"CREATE OR REPLACE TABLE {data_of(info)} AS SELECT *, {_key(info)} FROM ({rows})")
            finally:
                cursor.unregister(_GIVEN)
        return info


def _is_wanted(field: pa.Field, like: TableInfo | None, curves_of: str | None) -> bool:
    """Whether a feature could be made of a column: numbers, and text that means something in the table it is like."""
    import pyarrow.types as types

    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    if field.name.lower() in _OURS or types.is_nested(kind):
        return False
    if is_text:
        has_ids = curves_of is not None and field.name.lower() == curves_of.lower()
        return has_ids or (like is not None and like.column(field.name) is not None)
    return _is_plain(kind)


def _is_plain(kind: pa.DataType) -> bool:
    import pyarrow.types as types

    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean, types.is_null)
    return any(is_one(kind) for is_one in numbers)


def _known(name: str, kind: str, columns: Sequence[Column]) -> Column:
    column = find_column(columns, name)
    return replace(column, name=name, type=kind, role="") if column else Column(name, kind)


def _described(columns: Sequence[Column], like: TableInfo | None) -> TableInfo:
    """What is known of rows with these columns: those that the table they are like has are what they are there."""
    known = [like.column(column.name) if like else None for column in columns]
    if like is None or not any(known):
        found = _with_roles(columns)
        return TableInfo(GIVEN, (*found, *_KEYS), versions=(_version(found, {}),))
    both = zip(columns, known, strict=True)
    found = [column if other is None else _as(column, other) for column, other in both]
    details = dict(like.details)
    if "columns" in details:
        names = {column.name for column in found}
        details["columns"] = {
            table: [pair for pair in pairs if pair["here"] in names] for table, pairs in details["columns"].items()
        }
    return replace(like, name=GIVEN, columns=(*found, *_KEYS), details=details, versions=(_version(found, details),))


def _as(column: Column, other: Column) -> Column:
    found = replace(other, type=column.type, unit=column.unit or other.unit, ucd=column.ucd or other.ucd)
    can_play = is_number(found) and (found.role not in _DEGREES or found.unit in ("", "deg"))
    return found if can_play and found.role != "id" else replace(found, role="")


def _with_roles(columns: Sequence[Column]) -> list[Column]:
    """The columns with the roles that their names and UCDs give them, if there is a position among them."""
    try:
        found = assign_roles(columns, given={"id": ROW_ID})
    except BadTable:
        return list(columns)
    if found.frame != "ICRS":
        return list(columns)
    return [_as(column, one) if one.role else one for column, one in zip(columns, found.columns, strict=True)]


_KEYS = (Column(ROW_ID, "BIGINT", role="id"), KEY_METADATA)


def _key(info: TableInfo) -> str:
    """The key column, NULL of rows without a position."""
    ra, dec = info.role("ra"), info.role("dec")
    if ra is None or dec is None:
        return f"NULL::BIGINT AS {HEALPIX_COLUMN}"
    placed = " AND ".join(f"{quote(column.name)} IS NOT NULL" for column in (ra, dec))
    return f"CASE WHEN {placed} THEN healpix(29, {quote(ra.name)}, {quote(dec.name)}) END AS {HEALPIX_COLUMN}"


def _version(columns: Sequence[Column], details: Mapping[str, Any]) -> Version:
    """Rows with the same columns are of the same version: what was found out of one batch is good for the next."""
    digest = hashlib.sha256(repr((columns, details.get("columns"))).encode()).hexdigest()
    return Version(1, digest[:12], "given", 0, "", "", "")


def _value(name: str, column: Column) -> str:
    """A column of the batch; what is no number is missing, as in the tables of a store."""
    value = quote(name)
    if column.type == "VARCHAR":
        value = f"left({value}, {_MOST_CHARACTERS})"
    if column.type in _FLOATS:
        value = f"{value}::{column.type}"
        value = f"CASE WHEN isfinite({value}) THEN {value} END"
    if column.role in _DEGREES:
        least, most = _DEGREES[column.role]
        value = f"CASE WHEN {value} BETWEEN {least} AND {most} THEN ({value})::DOUBLE END"
    return f"{value} AS {quote(column.name)}"


def _presence(info: TableInfo) -> list[str]:
    """Of a matched catalogue, the id of each member that rows do not say: whether anything of the member is there."""
    found = []
    for table, pairs in info.details.get("columns", {}).items():
        if info.column(f"{table}_id") is None:
            there = " OR ".join(f"{quote(pair['here'])} IS NOT NULL" for pair in pairs) or "false"
            found.append(f"CASE WHEN {there} THEN 1 END AS {quote(f'{table}_id')}")
    return found
