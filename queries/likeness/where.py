"""The filter users write over metadata columns: one condition, read and written anew before Lance sees it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skyband.schema.errors import BadOption

if TYPE_CHECKING:
    from sqlglot import expressions as exp

LONGEST = 10_000
"""Characters of a filter."""

_ALLOWED = "comparisons, AND, OR, NOT, IN, BETWEEN, LIKE and IS NULL over columns and literals"


def lance_condition(where: str, columns: Mapping[str, bool]) -> str:
    """A condition in Lance's SQL.

    Args:
        where: the condition in DuckDB's SQL: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, IS NULL.
        columns: names it may use, in any case, and whether they hold integers.

    Raises:
        BadOption: it is anything else.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    if len(where) > LONGEST:
        raise BadOption(f"the filter is longer than {LONGEST:,} characters; give a list of ids instead")
    try:
        tree = sqlglot.parse_one(where, dialect="duckdb")
        return _Writer(where, columns).written(tree)
    except SqlglotError as error:
        raise BadOption(f"the filter {where!r} cannot be read: {str(error).splitlines()[0]}") from error
    except RecursionError:
        raise BadOption("the filter is nested too deeply; give a list of ids instead") from None


class _Writer:
    """Writes what it knows; a later sqlglot may parse more, which is refused until somebody looked at it."""

    def __init__(self, where: str, columns: Mapping[str, bool]) -> None:
        from sqlglot import expressions as exp

        self._where = where
        self._columns = columns
        self._as_double = False
        self._between: dict[Any, str] = {
            exp.And: "AND", exp.Or: "OR", exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<",
            exp.LTE: "<=", exp.Like: "LIKE",
        }  # fmt: skip

    def written(self, node: exp.Expr) -> str:
        """A condition or a value."""
        from sqlglot import expressions as exp

        if isinstance(node, exp.Predicate):
            # Lance compares integers with integers only.
            self._as_double = any(not one.is_string and not one.is_int for one in node.find_all(exp.Literal))
        parts = {name for name, value in node.args.items() if value}
        kind = type(node)
        if kind in self._between and parts == {"this", "expression"}:
            return f"({self.written(node.this)} {self._between[kind]} {self.written(node.expression)})"
        if kind in (exp.Paren, exp.Not) and parts == {"this"}:
            return f"({'NOT ' if kind is exp.Not else ''}{self.written(node.this)})"
        if kind is exp.Between and parts == {"this", "low", "high"}:
            low, high = self.written(node.args["low"]), self.written(node.args["high"])
            return f"({self.written(node.this)} BETWEEN {low} AND {high})"
        if kind is exp.In and parts == {"this", "expressions"}:
            return f"({self.written(node.this)} IN ({', '.join(map(self._literal, node.expressions))}))"
        if kind is exp.Is and isinstance(node.expression, exp.Null):
            return f"({self.written(node.this)} IS NULL)"
        if kind is exp.Column and parts == {"this"}:
            return self._column(node.name)
        return self._literal(node)

    def _literal(self, node: exp.Expr) -> str:
        from sqlglot import expressions as exp

        if isinstance(node, exp.Literal) and node.is_string:
            return "'" + str(node.this).replace("'", "''") + "'"
        if isinstance(node, exp.Literal) and re.fullmatch(r"[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?", str(node.this)):
            return str(node.this)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            return f"-{self._literal(node.this)}"
        if isinstance(node, exp.Boolean):
            return "true" if node.this else "false"
        raise BadOption(
            f"the filter {self._where!r} holds {node.sql(dialect='duckdb')!r}; a filter is made of {_ALLOWED}"
        )

    def _column(self, name: str) -> str:
        same = [column for column in self._columns if column == name] or [
            column for column in self._columns if column.lower() == name.lower()
        ]
        if len(same) != 1:
            there = ", ".join(self._columns)
            raise BadOption(f"the filter {self._where!r} names {name!r}; the collection's columns are {there}")
        # Lance takes double quotes for text; names with backticks cannot be in a collection.
        return f"CAST(`{same[0]}` AS DOUBLE)" if self._as_double and self._columns[same[0]] else f"`{same[0]}`"
