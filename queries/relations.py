"""Relations: the columns of tables, alone, united, and side by side under a star.

Unknown tables are no error: among the columns of a relation, None stands for any number of columns of which nothing is
known. Names compare without case, as in SQL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, partial
from typing import NamedTuple

from sqlglot import exp

from skyband.queries.quantities import merge, renamed
from skyband.schema.columns import Column

Columns = tuple[Column | None, ...]
UNKNOWN: Columns = (None,)

Named = tuple[str, Column | None]
"""A column and the relation it belongs to."""


class Relation(NamedTuple):
    """A table by the name a query calls it, in lower case."""

    name: str
    columns: Columns


@dataclass(frozen=True)
class Source:
    """What a FROM clause offers: relations by name, and the columns `*` stands for, in order."""

    relations: tuple[Relation, ...] = ()
    star: tuple[Named, ...] = ()

    @classmethod
    def of(cls, name: str, columns: Columns) -> Source:
        """One relation; without a name its columns can only be had unqualified."""
        folded = name.lower()
        return cls((Relation(folded, columns),), tuple((folded, column) for column in columns))

    @cached_property
    def columns(self) -> Columns:
        """What `*` stands for."""
        return tuple(column for _, column in self.star)

    @cached_property
    def _by_name(self) -> Mapping[str, Column]:
        return {column.name.lower(): column for column in reversed(self.columns) if column}  # the first of a name wins

    @cached_property
    def _parts(self) -> Mapping[str, Source]:
        parts: dict[str, Source] = {}
        for name, columns in self.relations:
            parts[name] = Source.of(name, columns if name not in parts else UNKNOWN)
        return parts

    def has(self, relation: str) -> bool:
        """Whether a relation goes by that name."""
        return relation.lower() in self._parts

    def of_relation(self, name: str) -> Source:
        """Only the relation of that name; unknown where there is none (a STRUCT, perhaps) or more than one."""
        return self._parts.get(name.lower()) or Source.of(name, UNKNOWN)

    def column(self, name: str) -> Column | None:
        """The column an unqualified name means."""
        return self._by_name.get(name.lower())

    def numbered(self, number: int) -> Column | None:
        """The column `#number`, counted from 1 through all relations, USING or not."""
        columns = [column for relation in self.relations for column in relation.columns][:number]
        return None if None in columns or len(columns) < number else columns[-1]

    def joined(self, right: Source, shared: Sequence[str] | None = (), side: str | None = None) -> Source:
        """Both side by side; the `shared` columns (None: all that have the same name) appear once, on the left."""
        relations = self.relations + right.relations
        if shared is None:
            if None in self.columns + right.columns:
                return Source(relations, (("", None),))
            shared = [column.name for column in self.columns if column and right.column(column.name)]
        folded = {name.lower() for name in shared}
        mine = (
            (relation, _shared(column, right, side) if _is(column, folded) else column)
            for relation, column in self.star
        )
        return Source(relations, (*mine, *(named for named in right.star if not _is(named[1], folded))))


def _is(column: Column | None, names: Container[str]) -> bool:
    return column is not None and column.name.lower() in names


def _shared(left: Column | None, right: Source, side: str | None) -> Column | None:
    """A column of USING: of the side an outer join keeps, of both in a full join."""
    other = right.column(left.name) if left else None
    if left is None or other is None or side not in ("RIGHT", "FULL"):
        return left
    return other if side == "RIGHT" else merge((left, other))


def titled(columns: Columns, titles: Sequence[str] = ()) -> Columns:
    """Columns as a table has them: renamed as far as there are titles, repeated names numbered (`ra`, `ra_1`).

    The table ends at the first gap, for what follows may have any name.
    """
    table: list[Column | None] = []
    seen: set[str] = set()
    for place, column in enumerate(columns):
        if column is None:
            return (*table, None)
        plain = name = titles[place] if place < len(titles) else column.name
        count = 0
        while name and name.lower() in seen:
            count += 1
            name = f"{plain}_{count}"
        seen.add(name.lower())
        table.append(renamed(column, name))
    return tuple(table)


def united(left: Columns, right: Columns, *, by_name: bool = False) -> Columns:
    """What the branches of a set operation agree on, under the names of the first."""
    groups: dict[str | int, list[Column]] = {}
    for branch in (left, right):
        for place, column in enumerate(branch):
            if column is None or (by_name and not column.name):
                return UNKNOWN
            groups.setdefault(column.name.lower() if by_name else place, []).append(column)
    if len(left) != len(right) and not by_name:
        return UNKNOWN
    return tuple(merge(group) for group in groups.values())


def starred(node: exp.Expr, source: Source, measured: Callable[[exp.Expr], Column]) -> Columns | None:
    """The columns of `*`, `t.*`, with EXCLUDE, REPLACE, RENAME, LIKE and the like; None if `node` is no star.

    `measured` follows the expressions of a REPLACE.
    """
    if isinstance(node, exp.Star):
        columns = tuple(_altered(node, source.star, measured))
        pattern = node.args.get("ilike")
        return _filtered(columns, partial(_like, pattern.name, flags=re.IGNORECASE)) if pattern else columns
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        return starred(node.this, source.of_relation(node.text("table")), measured)
    test = node.this if isinstance(node, exp.Not) else node
    tested = starred(test.this, source, measured) if isinstance(test, _TESTS) else None
    if tested is None:
        return None
    wanted = test is node and not node.args.get("negate")
    return _filtered(tested, lambda name: _passes(test, name, wanted=wanted) == wanted)


def chosen(node: exp.Expr, source: Source, measured: Callable[[exp.Expr], Column]) -> Columns:
    """The columns that COLUMNS(`node`) chooses: by a regular expression, a list of names or a star."""
    if isinstance(node, exp.Literal):
        return _filtered(source.columns, lambda name: re.search(node.name, name) is not None)
    if isinstance(node, exp.Array):
        names = {item.name.lower() for item in node.expressions}
        return _filtered(source.columns, lambda name: name.lower() in names)
    columns = starred(node, source, measured)
    return UNKNOWN if columns is None else columns


def _altered(
    star: exp.Expr, offered: Iterable[Named], measured: Callable[[exp.Expr], Column]
) -> Iterator[Column | None]:
    excluded, replaced, retitled = (star.args.get(key) or () for key in ("except_", "replace", "rename"))
    replacements = {item.alias.lower(): item.this for item in replaced}
    for relation, column in offered:
        if column is None:
            yield None
            continue
        name = column.name.lower()
        if name in replacements:
            # Of several columns of that name DuckDB replaces the first and drops the others.
            if (expression := replacements[name]) is not None:
                replacements[name] = None
                yield renamed(measured(expression), column.name)
        elif not any(_means(item, relation, column) for item in excluded):
            names = [item.alias for item in retitled if _means(item.this, relation, column)]
            yield renamed(column, names[0] if names else column.name)


def _means(reference: exp.Expr, relation: str, column: Column) -> bool:
    table = reference.text("table").lower()
    return reference.name.lower() == column.name.lower() and table in ("", relation)


def _filtered(columns: Columns, keeps: Callable[[str], bool]) -> Columns:
    """Those whose names `keeps`; a column whose name the SQL does not say may be kept or not."""
    named = (column if column and column.name else None for column in columns)
    return tuple(column for column in named if column is None or keeps(column.name))


_TESTS = (exp.Like, exp.ILike, exp.Glob, exp.SimilarTo)


def _passes(test: exp.Expr, name: str, *, wanted: bool) -> bool:
    """Whether a column's name is LIKE, ILIKE, GLOB or SIMILAR TO a pattern."""
    pattern = test.expression.name
    if isinstance(test, exp.SimilarTo):
        # DuckDB turns `* SIMILAR TO` into COLUMNS(...), which searches, but compares the whole name under NOT.
        return (re.search if wanted else re.fullmatch)(pattern, name) is not None
    if isinstance(test, exp.Glob):
        return fnmatchcase(name, pattern)
    return _like(pattern, name, flags=re.IGNORECASE if isinstance(test, exp.ILike) else 0)


def _like(pattern: str, name: str, *, flags: int = 0) -> bool:
    wildcards = {"%": ".*", "_": "."}
    expression = "".join(wildcards.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(expression, name, flags) is not None
