"""What the names in one SELECT mean, and the metadata of its expressions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from skyband.queries.adql.cursor import place
from skyband.queries.adql.errors import Fault, did_you_mean
from skyband.queries.adql.kinds import SHAPES, Kind, Value
from skyband.queries.adql.relations import Field, Source, field_of
from skyband.queries.quantities import NOTHING, measure, renamed
from skyband.schema.columns import Column


@dataclass(slots=True)
class Scope:
    """One SELECT: its tables, and the SELECT around it."""

    source: Source
    outer: Scope | None = None
    keys: set[str] = field(default_factory=set)  # SQL of what GROUP BY lists

    def value(self, node: exp.Column) -> Value:
        """The column a name means.

        Raises:
            Fault: none, or more than one.
        """
        found, mine = self._find(node)
        node.meta["column"] = found.column
        free = frozenset({(found.name, place(node))}) if mine and found.sql not in self.keys else frozenset()
        relations = frozenset({found.relation}) if found.relation else frozenset()
        return Value(found.sql, found.kind, field=found, relations=relations, free=free, frame=found.frame)

    def _find(self, node: exp.Column) -> tuple[Field, bool]:
        at, name = place(node), node.name
        table = ".".join(part.name for part in node.parts[:-1])
        scope: Scope | None = self
        while scope is not None:
            if table:
                relation = scope.source.relation(table)
                if relation is not None:
                    return field_of(relation, name, at), scope is self
            elif scope.source.named(name):
                return scope.source.unqualified(name, at), scope is self
            scope = scope.outer
        if table:
            known = [names for relation in self.source.relations for names in relation.names]
            raise Fault(f"no table {table!r} in FROM", at, did_you_mean(table, known) or f"FROM has {_all(known)}")
        return self.source.unqualified(name, at), True  # raises, with the names there are


def _all(names: Iterable[str]) -> str:
    return ", ".join(name for name in names if "." not in name)


class _Known:
    """Lets `quantities.measure` see what the translation noted on the tree."""

    def column(self, node: exp.Expr) -> Column:
        found = node.meta.get("column", NOTHING)
        assert isinstance(found, Column)
        return found

    scalar = column


_KNOWN = _Known()


def described(node: exp.Expr, kind: Kind) -> Column:
    """Unit, UCD and description of an expression whose columns have been looked up."""
    if "column" not in node.meta:
        node = node.copy().transform(_marked)
    column: Column = node.meta["column"] if "column" in node.meta else measure(node, _KNOWN)
    if kind in SHAPES:
        return replace(column, xtype=kind)
    if kind == "timestamp":
        return replace(column, xtype=column.xtype or "timestamp")
    return replace(column, xtype="") if column.xtype in SHAPES | {"timestamp"} else column


def _marked(node: exp.Expr) -> exp.Expr:
    """A function whose meaning the translation knows, as a column that has it."""
    if "column" not in node.meta or isinstance(node, exp.Column):
        return node
    stand_in = exp.Column(this=exp.Identifier(this="value", quoted=True))
    stand_in.meta["column"] = node.meta["column"]
    return stand_in


def output(name: str, node: exp.Expr, value: Value) -> Field:
    """A column of the result of a SELECT."""
    if value.field is not None:
        return replace(value.field, name=name, column=renamed(value.field.column, name))
    return Field(name, value.kind, renamed(described(node, value.kind), name), value.sql, frame=value.frame)


def default_name(node: exp.Expr, number: int) -> str:
    """A name for an expression without one: legal in ADQL, and telling."""
    inner = node.unnest() if isinstance(node, exp.Paren) else node
    if isinstance(inner, exp.Column):
        return inner.name
    if isinstance(inner, exp.Anonymous):
        return f"{inner.name.lower()}_{number}"
    return f"col_{number}"


def checked_groups(values: Sequence[Value], *, grouped: bool) -> None:
    """Check that a SELECT with aggregates uses other columns only where GROUP BY lists them.

    Raises:
        Fault: one is used otherwise.
    """
    if grouped or any(value.aggregate for value in values):
        for value in values:
            for name, at in sorted(value.free, key=lambda item: item[1]):
                raise Fault(f"column {name!r} must be in GROUP BY or inside an aggregate such as AVG", at)
