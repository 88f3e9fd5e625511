"""CAST(value AS type)."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from skyband.queries.adql.cursor import place
from skyband.queries.adql.errors import Fault
from skyband.queries.adql.geometry import region_value
from skyband.queries.adql.kinds import NUMBERS, SHAPES, Kind, Value, derived
from skyband.queries.adql.regions import read_region
from skyband.queries.quantities import NOTHING
from skyband.schema.columns import Column

_DUCKDB = {
    "SMALLINT": "SMALLINT",
    "INTEGER": "INTEGER",
    "BIGINT": "BIGINT",
    "REAL": "FLOAT",
    "DOUBLE PRECISION": "DOUBLE",
    "TIMESTAMP": "TIMESTAMP",
}
_KINDS: dict[str, Kind] = {
    "SMALLINT": "integer",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "REAL": "real",
    "DOUBLE PRECISION": "real",
    "TIMESTAMP": "timestamp",
}


def cast(value: Value, target: str, length: int | None, node: exp.Expr) -> Value:
    """A value as another type.

    Raises:
        Fault: the kind of the value cannot become that type.
    """
    at = place(node)
    if target in ("POINT", "CIRCLE", "POLYGON"):
        return _shape(value, target.lower(), node)
    if value.kind in SHAPES:
        if target not in ("CHAR", "VARCHAR"):
            raise Fault(f"a {value.kind} cannot become {target}", at)
        return derived(f"array_to_string({value}::DOUBLE[], ' ')", "text", [value])
    if target in ("CHAR", "VARCHAR"):
        text = f"CAST({value} AS VARCHAR)"
        if value.kind == "timestamp":
            text = f"replace({text}, ' ', 'T')"
        return derived(text if length is None else f"left({text}, {length})", "text", [value])
    if target == "TIMESTAMP" and value.kind not in ("text", "timestamp", "any", "null"):
        raise Fault(f"a {value.kind} cannot become TIMESTAMP", at)
    if target != "TIMESTAMP" and value.kind == "timestamp":
        raise Fault(f"a timestamp cannot become {target}", at, "ivo_to_mjd gives the date as a number")
    sql = f"CAST({value} AS {_DUCKDB[target]})"
    if target in ("REAL", "DOUBLE PRECISION") and value.kind not in NUMBERS:
        sql = f"adql_number({sql})"  # texts may say NaN
    return derived(sql, _KINDS[target], [value], value.constant if target in _REAL else None)


def cast_column(column: Column, before: Kind, after: Kind) -> Column:
    """What a cast leaves of a column's meaning: numbers stay it as other numbers, all else only as its own kind."""
    if before == after or {before, after} <= NUMBERS:
        return replace(column, role="")
    return replace(NOTHING, ascii=True if before in NUMBERS | {"timestamp"} else None)


_REAL = ("DOUBLE PRECISION",)


def _shape(value: Value, target: str, node: exp.Expr) -> Value:
    at, inner = place(node), node.expressions[0]
    if value.kind == target:
        return value
    if value.kind not in ("text", "any", "null"):
        raise Fault(f"a {value.kind} cannot become {target.upper()}", at)
    if inner.is_string:
        found = read_region(inner.name, place(inner))
        if found.kind != target:
            raise Fault(f"{inner.name!r} is a {found.kind}, not a {target}", place(inner))
        return region_value(found)
    size = {"point": "[2]", "circle": "[3]", "polygon": "[]"}[target]
    kind: Kind = target  # type: ignore[assignment]
    read = "adql_vertices" if target == "polygon" else "adql_numbers"
    return derived(f"({read}({value})::DOUBLE{size})", kind, [value])
