"""`translate`: ADQL to DuckDB SQL, with the metadata of the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlglot import exp

from skyband.queries.adql.conditions import Conditions
from skyband.queries.adql.cursor import place
from skyband.queries.adql.dialect import ADQL
from skyband.queries.adql.errors import AdqlError, Fault
from skyband.queries.adql.kinds import NUMBERS, SHAPES, Kind, Value
from skyband.queries.adql.relations import Field, Relations, Source, Table
from skyband.queries.adql.scope import Scope, checked_groups, default_name, output
from skyband.queries.adql.sky_limits import Bands, narrow
from skyband.queries.adql.tables import CommonTable, Surroundings, Tables, shielded
from skyband.queries.known import unique_names
from skyband.queries.quantities import merge, renamed
from skyband.schema.columns import Column
from skyband.schema.names import quote
from skyband.schema.sql import limit_rows

_ARRAYS = {"point": "DOUBLE[2]", "circle": "DOUBLE[3]", "polygon": "DOUBLE[]"}
_SET_WORDS = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


@dataclass(frozen=True, slots=True)
class Translation:
    """An ADQL query, ready to run."""

    sql: str  # one SELECT of DuckDB
    columns: tuple[Column, ...]  # of the result; `type` is "" until DuckDB has bound it
    top: int | None  # the outermost TOP
    expected_rows: float  # where one table is limited to a part of the sky and its rows are everywhere alike; else inf


def check_syntax(query: str) -> None:
    """Check a query against the grammar alone.

    Raises:
        AdqlError: it is not ADQL.
    """
    ADQL().parse(query)


def translate(query: str, tables: Mapping[str, Table]) -> Translation:
    """A query in DuckDB's SQL.

    It runs where `skyband.schema.session` and `create_functions` have made their macros.

    Args:
        query: ADQL 2.0 or 2.1.
        tables: what it may name, by lower-case name.

    Raises:
        AdqlError: it is not ADQL, names what is not there, or mixes kinds of values.
    """
    tree = ADQL().parse(query)[0]
    assert tree is not None
    try:
        return _Translator(tables).statement(tree)
    except Fault as fault:
        raise fault.located(query) from None
    except RecursionError:
        raise AdqlError("the query nests too deep", query, 0, "use WITH, or flatten it") from None


class _Translator:
    """Translates one statement."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._around = Surroundings(tables, Relations(), Bands(), {})

    def statement(self, tree: exp.Expr) -> Translation:
        clause = tree.args.get("with_")
        written = [self._common(cte, tree) for cte in clause.expressions] if clause else []
        sql, fields = self._query(tree, None)
        if written:
            sql = f"WITH {', '.join(written)}\n{sql}"
        limit = tree.args.get("limit") if isinstance(tree, exp.Select) else None
        top = int(limit.expression.name) if limit else None
        columns = tuple(replace(item.column, name=item.name, type="") for item in fields)
        relations = self._around.relations
        return Translation(relations.resolved(sql), columns, top, relations.expected_rows)

    def _common(self, cte: exp.Expr, tree: exp.Expr) -> str:
        name = cte.alias
        if name.lower() in self._around.common:
            raise Fault(f"WITH names {name!r} twice", place(cte))
        sql, fields = self._query(cte.this, None)
        uses = Counter(table.name.lower() for table in tree.find_all(exp.Table) if len(table.parts) == 1)
        if uses[name.lower()] != 1:
            fields = shielded(fields)  # a filter for one use would cut the other
        common = CommonTable(name, f"{name} of WITH", fields)
        self._around.common[name.lower()] = common
        return f"{quote(common.sql_name)} AS (\n{sql}\n)"

    def subquery(self, tree: exp.Expr, outer: Scope) -> tuple[str, tuple[Field, ...]]:
        """A query inside another: its SQL and columns."""
        return self._query(tree, outer if outer.source.relations else None)

    def _query(self, tree: exp.Expr, outer: Scope | None) -> tuple[str, tuple[Field, ...]]:
        if isinstance(tree, exp.Subquery):
            sql, fields = self._query(tree.this, outer)
            return f"({sql})", fields
        if isinstance(tree, exp.Select):
            return self._select(tree, outer)
        return self._set(tree, outer)

    # Set operators

    def _set(self, tree: exp.Expr, outer: Scope | None) -> tuple[str, tuple[Field, ...]]:
        (left_sql, left), (right_sql, right) = (self._query(tree.args[key], outer) for key in ("this", "expression"))
        word = next(word for kind, word in _SET_WORDS.items() if isinstance(tree, kind))
        if len(left) != len(right):
            raise Fault(f"{word} joins {len(left)} columns with {len(right)}", place(tree.expression))
        fields = tuple(_united(pair, word, tree) for pair in zip(left, right, strict=True))
        every = "" if tree.args.get("distinct") else " ALL"
        parts = [
            f"({sql})" if _needs_parentheses(tree, part) else sql
            for sql, part in ((left_sql, tree.this), (right_sql, tree.expression))
        ]
        sql = f"{parts[0]}\n{word}{every}\n{parts[1]}"
        scope = Scope(Source())
        sql += self._order(tree, fields, scope, [])
        offset = tree.args.get("offset")
        if offset is not None:
            sql += f"\nOFFSET {offset.expression.name}"
            fields = shielded(fields)
        return sql, fields

    # SELECT

    def _select(self, tree: exp.Select, outer: Scope | None) -> tuple[str, tuple[Field, ...]]:
        text, source = Tables(self._around, self.subquery, outer).clause(tree)
        scope = Scope(source, outer)
        conditions = Conditions(scope, self.subquery)
        where = self._where(tree, conditions, source)
        keys = self._groups(tree, conditions)
        items = self._items(tree, conditions)
        having = tree.args.get("having")
        having_condition = conditions.condition(having.this) if having else None
        values = [value for _, value in items]
        grouped = bool(tree.args.get("group")) or having is not None
        checked_groups([*values, *(having_condition.values if having_condition else ())], grouped=grouped)
        fields = tuple(item for item, _ in items)
        if not grouped and any(value.aggregate for value in values):
            grouped = True
        order = self._order(tree, fields, scope, items, grouped=grouped)

        select = "SELECT DISTINCT" if tree.args.get("distinct") else "SELECT"
        listed = ", ".join(f"{_shown(value)} AS {quote(item.name)}" for item, value in items)
        sql = f"{select} {listed}\nFROM {text}{where}"
        if keys:
            sql += f"\nGROUP BY {', '.join(keys)}"
        if having_condition:
            sql += f"\nHAVING {having_condition.sql}"
        sql += order
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        sql += f"\n{limit_rows(int(limit.expression.name))}" if limit else ""
        sql += f"\nOFFSET {offset.expression.name}" if offset else ""
        return sql, shielded(fields) if grouped or limit or offset else fields

    def _where(self, tree: exp.Select, conditions: Conditions, source: Source) -> str:
        where = tree.args.get("where")
        if where is None:
            return ""
        condition = conditions.condition(where.this)
        if any(value.aggregate for value in condition.values):
            raise Fault("an aggregate cannot stand in WHERE", place(where.this), "use HAVING")
        relations = set(source.relations)
        narrow(condition.limits, relations)
        taking_part, scope = set(relations), conditions.scope.outer
        while scope is not None:
            taking_part |= set(scope.source.relations)
            scope = scope.outer
        bands = self._around.bands.join(condition.limits, taking_part, relations)
        parts = [*bands, f"({condition.sql})"] if bands else [condition.sql]
        return f"\nWHERE {' AND '.join(parts)}"

    def _groups(self, tree: exp.Select, conditions: Conditions) -> list[str]:
        group = tree.args.get("group")
        if group is None:
            return []
        titles = {item.alias.lower(): item.this for item in tree.expressions if isinstance(item, exp.Alias)}
        keys = []
        for node in group.expressions:
            alone = isinstance(node, exp.Column) and len(node.parts) == 1
            if alone and not conditions.scope.source.named(node.name) and node.name.lower() in titles:
                value = conditions.value(titles[node.name.lower()].copy())
            else:
                value = conditions.value(node)
            if value.aggregate:
                raise Fault("an aggregate cannot stand in GROUP BY", place(node))
            keys.append(_key(value, titles.get(node.name.lower(), node) if alone else node))
        conditions.scope.keys.update(keys)
        return keys

    def _items(self, tree: exp.Select, conditions: Conditions) -> list[tuple[Field, Value]]:
        """The columns of the result and the values in them."""
        found: list[tuple[Field, Value]] = []
        for number, node in enumerate(tree.expressions, 1):
            star = node if isinstance(node, exp.Star) else node.this if isinstance(node.this, exp.Star) else None
            if star is not None:
                for item in self._starred(node, conditions.scope.source):
                    free = frozenset() if item.sql in conditions.scope.keys else frozenset({(item.name, place(node))})
                    found.append((item, Value(item.sql, item.kind, field=item, free=free)))
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            value = conditions.value(inner)
            name = node.alias if isinstance(node, exp.Alias) else default_name(inner, number)
            found.append((output(name, inner, value), value))
        names = unique_names([item.name for item, _ in found])
        return [
            (replace(item, name=name, column=renamed(item.column, name)), value)
            for (item, value), name in zip(found, names, strict=True)
        ]

    def _starred(self, node: exp.Expr, source: Source) -> Sequence[Field]:
        if isinstance(node, exp.Star):
            return source.star
        assert isinstance(node, exp.Column)
        table = ".".join(part.name for part in node.parts[:-1])
        relation = source.relation(table)
        if relation is None:
            raise Fault(f"no table {table!r} in FROM", place(node))
        return relation.fields

    def _order(
        self,
        tree: exp.Expr,
        fields: Sequence[Field],
        scope: Scope,
        items: Sequence[tuple[Field, Value]],
        *,
        grouped: bool = False,
    ) -> str:
        order = tree.args.get("order")
        if order is None:
            return ""
        whole = isinstance(tree, exp.Select)
        listed = {value.sql for _, value in items} if tree.args.get("distinct") and whole else None
        keys = [
            self._order_key(node.this, fields, scope, grouped=grouped, whole=whole, listed=listed)
            for node in order.expressions
        ]
        return "\nORDER BY " + ", ".join(
            f"{key} DESC" if node.args.get("desc") else key for key, node in zip(keys, order.expressions, strict=True)
        )

    def _order_key(
        self,
        node: exp.Expr,
        fields: Sequence[Field],
        scope: Scope,
        *,
        grouped: bool,
        whole: bool,
        listed: Collection[str] | None,  # SQL that may be ordered by; None for any
    ) -> str:
        if isinstance(node, exp.Literal):
            number = int(node.name) if len(node.name) < 10 else 0
            if not 1 <= number <= len(fields):
                raise Fault(f"ORDER BY {node.name[:20]}: the select list has {len(fields)} columns", place(node))
            return str(number)
        if isinstance(node, exp.Column) and len(node.parts) == 1:
            for number, item in enumerate(fields, 1):
                if item.name.lower() == node.name.lower():
                    return str(number)
        if not whole:
            raise Fault("ORDER BY of a set takes columns of its result, or their numbers", place(node))
        value = Conditions(scope, self.subquery).value(node)
        if listed is not None and value.sql not in listed:
            raise Fault("with DISTINCT, ORDER BY takes what the select list has", place(node))
        if value.kind in SHAPES:
            raise Fault(f"a {value.kind} has no order", place(node))
        checked_groups([value], grouped=grouped)
        return _key(value, node)


def _key(value: Value, node: exp.Expr) -> str:
    """What GROUP BY or ORDER BY lists for a value: a constant alone would be the number of a column there."""
    while isinstance(node, exp.Paren | exp.Neg):
        node = node.this
    return f"CASE WHEN true THEN {value.sql} END" if isinstance(node, exp.Literal) else value.sql


def _shown(value: Value) -> str:
    return f"{value}::{_ARRAYS[value.kind]}" if value.kind in SHAPES and value.field is None else value.sql


def _united(pair: tuple[Field, Field], word: str, tree: exp.Expr) -> Field:
    left, right = pair
    kinds: set[Kind] = {left.kind, right.kind} - {"null", "any"}
    if len(kinds) > 1 and not kinds <= NUMBERS:
        raise Fault(f"{word} of a {left.kind} and a {right.kind} in column {left.name!r}", place(tree.expression))
    if left.frame and right.frame and left.frame != right.frame:
        raise Fault(f"{word} of shapes in {left.frame} and {right.frame}", place(tree.expression))
    kind = left.kind if left.kind == right.kind else "real" if kinds == NUMBERS else "any"
    # ADQL 2.1, section 2.6: the metadata of the columns come from the left query, where both agree.
    column = renamed(merge((left.column, right.column)), left.name)
    return replace(
        left,
        kind=kind,
        column=column,
        relation=None,
        origins=left.origins | right.origins,
        frame=left.frame or right.frame,
    )


def _needs_parentheses(tree: exp.Expr, part: exp.Expr) -> bool:
    if isinstance(part, exp.Select):
        return bool(part.args.get("limit"))
    return not isinstance(part, exp.Subquery) and isinstance(tree, exp.Intersect)
