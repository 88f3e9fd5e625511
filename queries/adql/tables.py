"""FROM: tables, subqueries and joins as DuckDB SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from skyband.queries.adql.conditions import Conditions
from skyband.queries.adql.cursor import place
from skyband.queries.adql.errors import Fault, did_you_mean
from skyband.queries.adql.expressions import Subquery
from skyband.queries.adql.kinds import kind_of
from skyband.queries.adql.relations import Field, Relation, Relations, Source, Table, exposed
from skyband.queries.adql.scope import Scope
from skyband.queries.adql.sky_limits import Bands, narrow
from skyband.schema.columns import HEALPIX_COLUMN
from skyband.schema.names import quote


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A subquery of WITH."""

    name: str
    sql_name: str
    fields: tuple[Field, ...]


@dataclass(slots=True)
class Surroundings:
    """What a whole query shares."""

    tables: Mapping[str, Table]
    relations: Relations
    bands: Bands
    common: dict[str, CommonTable]


class Tables:
    """Translates the FROM clause of one SELECT."""

    def __init__(self, around: Surroundings, subquery: Subquery, outer: Scope | None) -> None:
        self._around = around
        self._subquery = subquery
        self._outer = outer

    def clause(self, select: exp.Select) -> tuple[str, Source]:
        """The text after FROM, and what it offers.

        Raises:
            Fault: a table is unknown, named twice, or a join makes no sense.
        """
        items = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())]
        texts, source = [], Source()
        for item in items:
            text, found = self._joined(item)
            _check_names(source, found, item)
            texts.append(text)
            source = source.beside(found)
        return ", ".join(texts), source

    def _joined(self, item: exp.Expr) -> tuple[str, Source]:
        """A table and the joins that follow it."""
        text, source = self._item(item)
        for join in item.args.get("joins") or ():
            text, source = self._join(text, source, join)
        return text, source

    def _join(self, left_text: str, left: Source, join: exp.Expr) -> tuple[str, Source]:
        right_text, right = self._joined(join.this)
        _check_names(left, right, join.this)
        side = join.args.get("side") or ""
        on, names = join.args.get("on"), [name.name for name in join.args.get("using") or ()]
        if join.args.get("method") == "NATURAL":
            names = left.shared(right)
            if not names:
                raise Fault("NATURAL JOIN: the tables have no column in common", place(join), "write JOIN ... ON")
        if on is None:
            source, conditions = left.joined(right, names, side, place(join))
        else:
            source = left.beside(right)
            conditions = self._condition(on, left, right, side, source)
        word = f"{side} JOIN" if side else "JOIN"
        nested = f"({right_text})" if join.this.args.get("joins") else right_text
        return f"{left_text}\n  {word} {nested} ON {' AND '.join(conditions)}", source

    def _condition(self, on: exp.Expr, left: Source, right: Source, side: str, source: Source) -> list[str]:
        """The conditions of ON, with those that make it fast."""
        condition = Conditions(Scope(source, self._outer), self._subquery).condition(on)
        if any(value.aggregate for value in condition.values):
            raise Fault("an aggregate cannot stand in ON", place(on), "use HAVING")
        mine, theirs = set(left.relations), set(right.relations)
        # Rows may be dropped, or listed more than once, only where an outer join does not keep them all.
        free: set[Relation] = {"": mine | theirs, "LEFT": theirs, "RIGHT": mine}.get(side, set())
        narrow(condition.limits, free)
        bands = self._around.bands.join(condition.limits, mine | theirs, _later_first(free, right)) if free else []
        return [*bands, f"({condition.sql})" if bands else condition.sql]

    def _item(self, item: exp.Expr) -> tuple[str, Source]:
        if isinstance(item, exp.Table):
            relation = self._table(item)
        elif item.args.get("alias") is None:
            text, source = self._joined(item.this)  # joined tables in parentheses
            return f"({text})", source
        else:
            name = item.args["alias"].this.name
            sql, fields = self._subquery(item.this, _NO_SCOPE)
            relation = self._around.relations.add((name,), name, f"({sql})")
            relation.fields = exposed(fields, relation)
        return relation.mark, Source((relation,), relation.fields)

    def _table(self, node: exp.Table) -> Relation:
        alias = node.args["alias"].this.name if node.args.get("alias") else ""
        parts = [part.name for part in node.parts]
        name = ".".join(parts)
        common = self._around.common.get(name.lower())
        if common is not None:
            relation = self._around.relations.add((alias or name,), alias or common.name, quote(common.sql_name))
            relation.fields = exposed(common.fields, relation)
            return relation
        table = self._around.tables.get(name.lower())
        if table is None:
            known = [*(known.name for known in self._around.tables.values()), *self._around.common]
            raise Fault(f"unknown table {name!r}", place(node), did_you_mean(name, known))
        names = (alias,) if alias else (parts[-1], name)
        relation = self._around.relations.add(names, alias or parts[-1], table.relation)
        relation.rows = table.rows
        searchable = any(column.name == HEALPIX_COLUMN for column in table.columns)
        relation.fields = tuple(
            Field(
                column.name,
                kind_of(column),
                column,
                f"{quote(relation.alias)}.{quote(column.name)}",
                relation,
                frozenset({(relation, column.role)})
                if searchable and column.role in ("ra", "dec") and column.unit in ("", "deg")
                else frozenset(),
            )
            for column in table.columns
        )
        return relation


_NO_SCOPE = Scope(Source())
"""Subqueries in FROM see nothing of the query around them."""


def _later_first(free: set[Relation], right: Source) -> set[Relation]:
    """Relations that may be doubled: those of the right side, if they may be."""
    preferred = free & set(right.relations)
    return preferred or free


def _check_names(left: Source, right: Source, item: exp.Expr) -> None:
    names = {name for relation in left.relations for name in (relation.alias.lower(),)}
    for relation in right.relations:
        if relation.alias.lower() in names:
            raise Fault(f"two tables in FROM are called {relation.alias!r}", place(item), "give one another name: AS b")


def shielded(fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns of a subquery whose rows must not be filtered from outside."""
    return tuple(replace(item, origins=frozenset()) for item in fields)
