"""Scopes: what the names in a query mean, from its FROM clauses, subqueries and CTEs.

sqlglot parses; names are resolved here, because its own resolver rejects SQL that DuckDB accepts.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlglot
from sqlglot import exp

from skyband.queries.lineage import Functions, Tables
from skyband.queries.quantities import NOTHING, element, measure, merge, renamed
from skyband.queries.relations import UNKNOWN, Columns, Source, chosen, starred, titled, united
from skyband.schema.columns import Column

# It warns about statements it does not parse (EXPLAIN, CALL): they have no lineage, which is no fault of the user.
logging.getLogger("sqlglot").setLevel(logging.ERROR)


def result_columns(query: str, tables: Tables, functions: Functions) -> Columns:
    """The columns of a query's result, named "" where the SQL gives no name.

    Raises:
        sqlglot.errors.SqlglotError: the parser cannot read the query.
    """
    return _query(sqlglot.parse_one(query, read="duckdb"), Surroundings(tables, functions))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a query can see from where it stands."""

    tables: Tables
    functions: Functions
    ctes: Mapping[str, Columns] = field(default_factory=dict)
    outer: Scope | None = None

    def within(self, name: str, columns: Columns) -> Surroundings:
        """The same with one more CTE."""
        return replace(self, ctes={**self.ctes, name: columns})


@dataclass(slots=True)
class Scope:
    """What the names in one SELECT mean."""

    around: Surroundings
    source: Source
    aliases: dict[str, Column] = field(default_factory=dict)
    copied: Column = NOTHING  # what COLUMNS(...) stands for in the copy of its expression now measured

    def column(self, node: exp.Expr) -> Column:
        """The column a reference means, `NOTHING` where that is not known."""
        if isinstance(node, exp.Columns):
            return NOTHING if node.args.get("unpack") else self.copied
        if isinstance(node, exp.PositionalColumn):
            return self.source.numbered(int(node.name)) or NOTHING
        return self.find(node.name, node.text("table"))

    def scalar(self, query: exp.Expr) -> Column:
        """The first column of a subquery."""
        return _query(query, replace(self.around, outer=self))[0] or NOTHING

    def find(self, name: str, table: str = "") -> Column:
        """The column `name`, of the relation `table` if that is given.

        As in DuckDB, a column goes before an alias of the select list, and that before a column of the outer query.
        """
        if table and self.source.has(table):
            return self.source.of_relation(table).column(name) or NOTHING
        column = self.source.column(table or name)
        if column is not None or None in self.source.columns:
            return NOTHING if table or column is None else column  # `table` is a STRUCT, or may be one
        if not table and name.lower() in self.aliases:
            return self.aliases[name.lower()]
        return self.around.outer.find(name, table) if self.around.outer else NOTHING


def _query(node: exp.Expr, around: Surroundings) -> Columns:
    """The columns of a SELECT, a set operation or VALUES; unknown ones of anything else."""
    around = _with_ctes(node, around)
    if isinstance(node, exp.Subquery) and not node.args.get("pivots"):
        return _query(node.this, around)
    if isinstance(node, exp.SetOperation):
        left, right = _query(node.this, around), _query(node.expression, around)
        return united(left, right, by_name=bool(node.args.get("by_name")))
    if isinstance(node, exp.Select):
        return tuple(_selected(node, around))
    if isinstance(node, exp.Values):
        scope = Scope(around, Source())
        rows = [[measure(value, scope) for value in row.expressions] for row in node.expressions]
        return tuple(renamed(merge(values), f"col{n}") for n, values in enumerate(zip(*rows, strict=True)))
    return UNKNOWN


def _with_ctes(query: exp.Expr, around: Surroundings) -> Surroundings:
    clause = query.args.get("with_")
    if clause is None:
        return around
    for cte in clause.expressions:
        name, titles = cte.alias.lower(), cte.alias_column_names
        if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
            columns = _recursive(cte.this, name, titles, around)
        else:
            columns = titled(_query(cte.this, around), titles)
        around = around.within(name, columns)
    return around


def _recursive(union: exp.Expr, name: str, titles: Sequence[str], around: Surroundings) -> Columns:
    """What all rounds of a recursive CTE agree on. A round can only take away, so this ends."""
    around = _with_ctes(union, around)
    columns = titled(_query(union.this, around.within(name, UNKNOWN)), titles)
    while True:
        step = _query(union.expression, around.within(name, columns))
        following = titled(united(columns, step, by_name=bool(union.args.get("by_name"))), titles)
        if following == columns:
            return columns
        columns = following


def _selected(select: exp.Expr, around: Surroundings) -> Iterator[Column | None]:
    clause = select.args.get("from_")
    source = _from(clause.this, select.args.get("joins") or (), around, Source()) if clause else Source()
    scope = Scope(around, source)
    for projection in select.expressions:
        columns = _projected(projection.unalias(), projection.alias, scope)
        for column in filter(None, columns):
            scope.aliases.setdefault(column.name.lower(), column)
        yield from columns


def _projected(node: exp.Expr, alias: str, scope: Scope) -> Columns:
    """The columns one item of a select list makes."""
    columns = starred(node, scope.source, lambda item: measure(item, scope))
    if columns is not None:
        return columns
    parts = node.walk(prune=lambda part: isinstance(part, exp.Query))
    copying = [part for part in parts if isinstance(part, exp.Columns) and not part.args.get("unpack")]
    if copying:
        return tuple(_copied(node, copying[0], alias, scope))
    if isinstance(node, exp.Explode):
        columns = UNKNOWN if node.expressions else _unnested(node.this, scope)
    else:
        columns = (measure(node, scope),)
    return tuple(column and renamed(column, alias or _title(node.unnest(), column)) for column in columns)


def _title(node: exp.Expr, column: Column) -> str:
    """The name of a column without an alias."""
    if isinstance(node, exp.PositionalColumn):
        return column.name
    return node.name if isinstance(node, exp.Column) else ""


def _copied(node: exp.Expr, copying: exp.Expr, alias: str, scope: Scope) -> Iterator[Column | None]:
    """One copy of an expression for each column its COLUMNS(...) chooses."""
    pattern = copying.this.name if isinstance(copying.this, exp.Literal) else ""
    for column in chosen(copying.this, scope.source, lambda item: measure(item, scope)):
        if column is None:
            yield None
        else:
            scope.copied = column
            yield renamed(measure(node, scope), _quoting(alias, pattern, column.name) or column.name)


def _quoting(alias: str, pattern: str, name: str) -> str:
    r"""An alias that quotes a column's name: `\0` is all of it, `\1` what the first group of the pattern found."""
    groups = [name, *(match.groups("") if (match := re.search(pattern, name)) else ())]
    return re.sub(r"\\(\d)", lambda quoted: "".join(groups[int(quoted[1]) :][:1]), alias)


def _from(node: exp.Expr, joins: Iterable[exp.Expr], around: Surroundings, beside: Source) -> Source:
    """The tables of a FROM clause; `beside` is what stands before them, which they may refer to."""
    before, source = Source(), _item(node, around, beside)
    for join in (*(node.args.get("joins") or ()), *joins):
        right = _from(join.this, (), around, beside.joined(before).joined(source))
        how = {key: join.args.get(key) for key in ("kind", "method", "side", "on", "using")}
        if not any(how.values()):  # a comma, which binds less than any JOIN
            before, source = before.joined(source), right
        elif how["kind"] not in ("SEMI", "ANTI"):
            using = [column.name for column in how["using"] or ()]
            source = source.joined(right, None if how["method"] == "NATURAL" else using, how["side"])
    return before.joined(source)


def _item(node: exp.Expr, around: Surroundings, beside: Source) -> Source:
    alias, titles = node.alias, node.alias_column_names
    if node.args.get("pivots"):
        return Source.of(alias, UNKNOWN)
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table | exp.Subquery):
        inner = _from(node.this, (), around, beside)  # no more than parentheses
        return Source.of(alias, titled(inner.columns, titles)) if alias else inner
    scope = Scope(around, beside)
    if isinstance(node, exp.Unnest):
        columns, titles = _unnested(node.expressions[0], scope), titles or [alias or "unnest"]
    else:
        columns = _table(node.this if isinstance(node, exp.Lateral) else node, scope)
    called = node.name if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier) else ""
    return Source.of(alias or called, titled(columns, titles))


def _table(node: exp.Expr, scope: Scope) -> Columns:
    """The columns of a table, a CTE, a table function or a subquery."""
    around, call = scope.around, node.this if isinstance(node, exp.Table) else node
    if isinstance(call, exp.Func):
        return _function(call, around)
    if not isinstance(node, exp.Table):
        return _query(node, replace(around, outer=scope))
    return _known(".".join(part.name for part in node.parts), around)


def _known(name: str, around: Surroundings) -> Columns:
    if name.lower() in around.ctes:
        return around.ctes[name.lower()]
    columns = around.tables(name)
    return UNKNOWN if columns is None else tuple(columns)


def _function(call: exp.Expr, around: Surroundings) -> Columns:
    if isinstance(call, exp.GenerateSeries):
        return (NOTHING,)
    if not isinstance(call, exp.Anonymous):
        return UNKNOWN
    name, arguments = call.name.lower(), [_argument(item) for item in call.expressions]
    columns = around.functions(name, arguments)
    if columns is not None:
        return tuple(columns)
    if name == "cone" and arguments:
        return _known(arguments[0], replace(around, ctes={}))  # the macro sees only tables of the store
    return _known(arguments[0], around) if name == "query_table" else UNKNOWN


def _argument(node: exp.Expr) -> str:
    if isinstance(node, exp.Column):
        return ".".join(part.name for part in node.parts)
    return str(node.name if isinstance(node, exp.Literal) else node.sql("duckdb"))


def _unnested(node: exp.Expr, scope: Scope) -> Columns:
    """The column of a list's elements; unnesting a STRUCT makes a column of each field."""
    held = measure(node, scope)
    single = isinstance(node, exp.Array) or held.type.endswith("]")
    return (element([held]),) if single and "STRUCT" not in held.type else UNKNOWN
