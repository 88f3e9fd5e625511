"""Values of ADQL expressions: the DuckDB SQL of each and what the translation must know of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from skyband.schema.columns import Column

if TYPE_CHECKING:
    from skyband.queries.adql.relations import Field, Relation

Kind = Literal["integer", "real", "text", "timestamp", "boolean", "point", "circle", "polygon", "null", "any"]
"""Kinds of values; "any" are those of which nothing is known, a UUID or a list for instance."""

NUMBERS = frozenset({"integer", "real"})
SHAPES = frozenset({"point", "circle", "polygon"})

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_TYPES: dict[str, Kind] = {
    **dict.fromkeys(_INTEGERS, "integer"),
    **dict.fromkeys([f"U{name}" for name in _INTEGERS], "integer"),
    **dict.fromkeys(["FLOAT", "REAL", "DOUBLE", "DECIMAL"], "real"),
    **dict.fromkeys(["VARCHAR", "CHAR", "ENUM"], "text"),
    **dict.fromkeys(["TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"], "timestamp"),
    "BOOLEAN": "boolean",
}


def kind_of(column: Column) -> Kind:
    """The kind of a stored column's values."""
    if "[" in column.type:
        return column.xtype if column.xtype in ("point", "circle", "polygon") else "any"  # type: ignore[return-value]
    return _TYPES.get(column.type.partition("(")[0].upper(), "any")


@dataclass(frozen=True, slots=True)
class Value:
    """One value. In an f-string or a template it is an operand: put into parentheses unless it is closed."""

    sql: str  # closed (a name, a literal, a call, something in parentheses) except for what `chain` says
    kind: Kind
    parts: tuple[Value, ...] = ()  # of a shape: longitude, latitude, [radius | longitude, latitude, ...]
    constant: float | None = None  # the number, where it is known now
    field: Field | None = None  # where it is a column as it stands
    relations: frozenset[Relation] = frozenset()  # tables of the FROM clause it needs
    free: frozenset[tuple[str, int]] = frozenset()  # columns outside aggregates, with their places
    aggregate: bool = False
    frame: str = ""  # of a shape: a key of FRAMES, where ivo_geom_transform gave it one; else ICRS
    chain: str = ""  # operators that stand outside all parentheses: "sum", "product" or "text"; "" where none does

    def __str__(self) -> str:
        return f"({self.sql})" if self.chain else self.sql

    def within(self, chain: str) -> str:
        """As the left operand in a chain of operators of one precedence, which bind from the left."""
        return self.sql if self.chain == chain else str(self)

    @property
    def lon(self) -> Value:
        """Longitude of a point, or of a circle's centre."""
        return self.part(0)

    @property
    def lat(self) -> Value:
        """Latitude of a point, or of a circle's centre."""
        return self.part(1)

    @property
    def radius(self) -> Value:
        """Radius of a circle."""
        return self.part(2)

    def part(self, place: int) -> Value:
        """A coordinate of a shape, counted from 0."""
        if self.parts:
            return self.parts[place]
        return replace(self, sql=f"{self}[{place + 1}]", kind="real", field=None, chain="")

    @property
    def constants(self) -> tuple[float, ...] | None:
        """The coordinates of a shape where all are known now."""
        numbers = [part.constant for part in self.parts]
        known = tuple(number for number in numbers if number is not None)
        return known if known and len(known) == len(numbers) else None


def derived(
    sql: str, kind: Kind, operands: Iterable[Value], constant: float | None = None, *, chain: str = ""
) -> Value:
    """A value computed from others; its SQL is closed unless `chain` names the operators that are not."""
    used = list(operands)
    frames = {value.frame for value in used} - {""}
    return Value(
        sql,
        kind,
        constant=constant,
        relations=frozenset().union(*(value.relations for value in used)),
        free=frozenset().union(*(value.free for value in used)),
        aggregate=any(value.aggregate for value in used),
        frame=next(iter(frames)) if kind in SHAPES and len(frames) == 1 else "",
        chain=chain,
    )


def as_number(value: Value) -> Value:
    """A boolean as 1 or 0, which is what ADQL takes it for; anything else as it is."""
    return derived(f"CAST({value} AS INTEGER)", "integer", [value]) if value.kind == "boolean" else value


def number(value: float) -> Value:
    """A constant."""
    return Value(f"({float(value)!r}::DOUBLE)", "real", constant=float(value))


@dataclass(frozen=True, slots=True)
class Shape:
    """A constant cone (`radius_deg`) or polygon (`vertices`) on the sky."""

    vertices: tuple[tuple[float, float], ...]  # of a cone: its centre alone; degrees
    radius_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """A condition that cannot hold unless a point lies in one of some shapes."""

    lon: Value
    lat: Value
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A condition that cannot hold unless two points lie within a radius."""

    first: Value
    second: Value
    radius_deg: float


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: its SQL, and what follows from it for the sky."""

    sql: str
    limits: tuple[Within | Near, ...] = ()
    values: tuple[Value, ...] = field(default=())  # what it was made from
