"""Example queries made from the tables of a store (DALI 1.1, 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from skyband.queries.tap_schema import adql_name
from skyband.schema.columns import TableInfo

_RADIUS_DEG = 0.1


@dataclass(frozen=True, slots=True)
class Example:
    """One example."""

    id: str
    name: str
    about: str
    query: str
    tables: tuple[str, ...] = ()


def examples_of(tables: Mapping[str, TableInfo]) -> list[Example]:
    """Examples for the tables with positions that have the most rows, and one for TAP_SCHEMA."""
    placed = sorted(
        (info for info in tables.values() if info.role("ra") and info.role("dec")), key=lambda info: -info.rows
    )
    return [*_general(), *(example for info in placed[:2] for example in _of_table(info)), *_of_pairs(placed)]


def _general() -> Iterator[Example]:
    yield Example(
        "tables",
        "The tables and how they are described",
        "Every table of the service with its description.",
        "SELECT table_name, description FROM TAP_SCHEMA.tables",
        ("TAP_SCHEMA.tables",),
    )


def _of_table(info: TableInfo) -> Iterator[Example]:
    ra, dec = _position(info)
    yield Example(
        f"rows-{info.name}",
        f"The first rows of {info.name}",
        "All columns of ten rows.",
        f"SELECT TOP 10 * FROM {info.name}",
        (info.name,),
    )
    yield Example(
        f"cone-{info.name}",
        f"A cone in {info.name}",
        "Rows within 0.1 degrees of a position, nearest first.",
        f"SELECT TOP 100 DISTANCE(POINT('ICRS', {ra}, {dec}), POINT('ICRS', 266.4, -28.9)) AS separation, *\n"
        f"FROM {info.name}\n"
        f"WHERE 1 = CONTAINS(POINT('ICRS', {ra}, {dec}), CIRCLE('ICRS', 266.4, -28.9, {_RADIUS_DEG}))\n"
        "ORDER BY separation",
        (info.name,),
    )


def _of_pairs(placed: list[TableInfo]) -> Iterator[Example]:
    if len(placed) < 2:
        return
    one, two = placed[:2]
    (ra1, dec1), (ra2, dec2) = _position(one), _position(two)
    yield Example(
        "match",
        f"Counterparts of {two.name} in {one.name}",
        "Pairs within one arcsecond; the service turns this into its band join.",
        f"SELECT TOP 100 a.*, b.*\nFROM {two.name} AS a\nJOIN {one.name} AS b\n"
        f"ON 1 = CONTAINS(POINT('ICRS', b.{ra1}, b.{dec1}), CIRCLE('ICRS', a.{ra2}, a.{dec2}, 1 / 3600.0))",
        (two.name, one.name),
    )


def _position(info: TableInfo) -> tuple[str, str]:
    ra, dec = info.role("ra"), info.role("dec")
    assert ra is not None and dec is not None
    return adql_name(ra.name), adql_name(dec.name)
