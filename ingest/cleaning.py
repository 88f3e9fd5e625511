"""One column of a file to one column of a table: ids that never lose a digit, NULL for what was not measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skyband.schema.columns import Column
from skyband.schema.names import quote

_SMALL_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_LARGE_INTEGERS = ("UBIGINT", "HUGEINT", "UHUGEINT")
_FLOATS = ("FLOAT", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Item:
    """A column of the table and the SQL that makes it from the rows of the file."""

    column: Column
    sql: str
    original: str = ""  # ids whose text may be unreadable: SQL of the value as the file has it


def clean(column: Column, wanted: str = "", nulls: Sequence[float] = ()) -> Item:
    """The item of a column that does not identify the rows.

    NaN, which FITS and Parquet files use for it, and the values `nulls` become NULL: SQL sums and sorts would stumble
    over NaN. Positions that are numbers but no floats become DOUBLE, integers what a survey wants ids of others to be.

    Args:
        column: as the file has it.
        wanted: "bigint" or "text" where a survey says so, else "".
        nulls: values that mean "not measured".
    """
    value = _without(nulls, column)
    if column.role in ("ra", "dec") and _is_number(column.type) and column.type not in _FLOATS:
        return Item(replace(column, type="DOUBLE"), f"{value}::DOUBLE")
    if column.type in _SMALL_INTEGERS and wanted == "bigint":
        return Item(replace(column, type="BIGINT"), f"{value}::BIGINT")
    if column.type in (*_SMALL_INTEGERS, *_LARGE_INTEGERS) and wanted == "text":
        return Item(replace(column, type="VARCHAR"), f"{value}::VARCHAR")
    return Item(column, value)


def clean_id(column: Column, wanted: str = "", nulls: Sequence[float] = ()) -> Item:
    """The item of an id: BIGINT for integers that fit, VARCHAR for the others and for text.

    Args:
        column: the id as the file has it, of a type `assign_roles` takes; UBIGINT may hold values beyond BIGINT.
        wanted: "bigint" or "text" where a survey says so, else "".
        nulls: values that mean there is no id.
    """
    value = _without(nulls, column)
    text = f"nullif(trim({value}::VARCHAR), '')"
    if column.type in _SMALL_INTEGERS and wanted != "text":
        return Item(replace(column, type="BIGINT"), f"{value}::BIGINT")
    if wanted == "bigint":
        return Item(replace(column, type="BIGINT"), f"TRY_CAST({text} AS BIGINT)", text)
    return Item(replace(column, type="VARCHAR"), text)


def _without(nulls: Sequence[float], column: Column) -> str:
    """SQL of a number that is NULL where it is NaN or one of `nulls`."""
    name = quote(column.name)
    # Not isnan(): statistics of Parquet files leave NaN out, and DuckDB trusts them that there is none.
    tests = [f"{name} IS NOT DISTINCT FROM 'nan'::{column.type}"] if column.type in _FLOATS else []
    # In the column's own type: -99.99 as FLOAT is another number than as DOUBLE.
    tests += [f"{name} = TRY_CAST({value!r} AS {column.type})" for value in nulls if _can_be(value, column.type)]
    return f"CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {name} END" if tests else name


def _can_be(value: float, type_: str) -> bool:
    return type_ in _FLOATS or (_is_number(type_) and float(value).is_integer())


def _is_number(type_: str) -> bool:
    return type_ in (*_SMALL_INTEGERS, *_LARGE_INTEGERS, *_FLOATS) or type_.startswith("DECIMAL")
