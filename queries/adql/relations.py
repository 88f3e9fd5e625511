"""Relations of a FROM clause: what a query can name, and the SQL each becomes once all conditions are known."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from skyband.queries.adql.errors import Fault, did_you_mean
from skyband.queries.adql.kinds import Kind
from skyband.queries.quantities import merge
from skyband.schema.columns import Column
from skyband.schema.names import quote
from skyband.schema.sql import fill_sql


@dataclass(frozen=True, slots=True)
class Table:
    """A table an ADQL query may name.

    One with the roles ra and dec and a column `healpix_29` is sorted by that, and is searched by ranges of it.
    """

    name: str  # as ADQL writes it: gaia, TAP_SCHEMA.tables, TAP_UPLOAD.mine
    relation: str  # as DuckDB names it, quoted
    columns: tuple[Column, ...]
    rows: int | None = None  # None where nobody counted


@dataclass(frozen=True, slots=True)
class Field:
    """A column a query can name."""

    name: str
    kind: Kind
    column: Column
    sql: str
    relation: Relation | None = None  # None: of no single relation
    origins: frozenset[tuple[Relation, str]] = frozenset()  # stored tables it comes from, with its role in each
    frame: str = ""  # of a shape, as of a Value


@dataclass(eq=False, slots=True)
class Relation:
    """One item of a FROM clause; its SQL stands in the text as a mark until all is known."""

    mark: str  # what stands for it in the text
    names: tuple[str, ...]  # what may stand before its columns, in lower case
    alias: str
    base: str  # SQL: a table's name, or a query in parentheses
    rows: int | None = None  # of the stored table it is
    fields: tuple[Field, ...] = ()
    filters: list[str] = field(default_factory=list)  # conditions on its rows
    layers: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)  # what wraps it: an SQL file, its parts
    expected_rows: float = math.inf  # that its filters leave, if rows are everywhere alike

    def sql(self) -> str:
        """Its text in FROM."""
        name = quote(self.alias)
        text = f"{self.base} AS {name}"
        if self.filters:
            text = f"(SELECT * FROM {text} WHERE {' AND '.join(dict.fromkeys(self.filters))}) AS {name}"
        for layer, parts in self.layers:
            text = f"({fill_sql('skyband.queries.adql', layer, **parts, relation=text)}) AS {name}"
        return text


class Relations:
    """All relations of one translation."""

    def __init__(self) -> None:
        # The text also holds names and texts that others chose: none of them can be a mark nobody could guess.
        self._secret = secrets.token_hex(16)
        self._all: list[Relation] = []

    def add(self, names: Sequence[str], alias: str, base: str) -> Relation:
        """A new relation, without fields yet."""
        mark = f"\x01{self._secret}:{len(self._all)}\x02"
        relation = Relation(mark, tuple(name.lower() for name in names), alias, base)
        self._all.append(relation)
        return relation

    @property
    def expected_rows(self) -> float:
        """Rows that are read where the query has one table, limited to a part of the sky; otherwise, nobody knows."""
        return self._all[0].expected_rows if len(self._all) == 1 else math.inf

    def resolved(self, text: str) -> str:
        """The text with every mark replaced."""
        mark = rf"\x01{self._secret}:(\d+)\x02"
        return re.sub(mark, lambda found: self.resolved(self._all[int(found[1])].sql()), text)


@dataclass(frozen=True, slots=True)
class Source:
    """What a FROM clause offers: relations, and the columns `*` stands for."""

    relations: tuple[Relation, ...] = ()
    star: tuple[Field, ...] = ()

    def beside(self, other: Source) -> Source:
        """Both, as a comma puts them."""
        return Source(self.relations + other.relations, self.star + other.star)

    def shared(self, other: Source) -> list[str]:
        """Names that columns of both have, for NATURAL JOIN."""
        theirs = {item.name.lower() for item in other.star}
        return [item.name for item in self.star if item.name.lower() in theirs]

    def joined(self, other: Source, names: Sequence[str], side: str, at: int) -> tuple[Source, list[str]]:
        """Both, the columns `names` once, and the conditions that makes.

        Raises:
            Fault: one of them is missing, or there twice, on a side.
        """
        conditions, merged, seen = [], [], set()
        for name in names:
            left, right = (source.unqualified(name, at) for source in (self, other))
            seen.add(name.lower())
            conditions.append(f"{left.sql} = {right.sql}")
            if side == "FULL":
                both = f"COALESCE({left.sql}, {right.sql})"
                column = merge((left.column, right.column))
                merged.append(Field(left.name, left.kind, column, both))
            else:
                merged.append(right if side == "RIGHT" else left)
        rest = [item for item in self.star + other.star if item.name.lower() not in seen]
        return Source(self.relations + other.relations, (*merged, *rest)), conditions

    def unqualified(self, name: str, at: int) -> Field:
        """The column of that name.

        Raises:
            Fault: there is none, or more than one.
        """
        found = self.named(name)
        if not found:
            advice = did_you_mean(name, (item.name for item in self.star))
            raise Fault(f"unknown column {name!r}", at, advice)
        if len(found) > 1:
            tables = [item.relation.alias for item in found if item.relation]
            advice = f"write {tables[0]}.{name}" if tables else ""
            raise Fault(f"column {name!r} is in more than one table: {', '.join(tables)}", at, advice)
        return found[0]

    def named(self, name: str) -> list[Field]:
        """The columns of that name."""
        return _named(self.star, name)

    def relation(self, name: str) -> Relation | None:
        """The relation of that name: an alias, a table, or schema.table."""
        folded = name.lower()
        return next((item for item in self.relations if folded in item.names), None)


def _named(fields: Iterable[Field], name: str) -> list[Field]:
    folded = name.lower()
    return [item for item in fields if item.name.lower() == folded]


def field_of(relation: Relation, name: str, at: int) -> Field:
    """A column of one relation.

    Raises:
        Fault: it has none of that name.
    """
    found = _named(relation.fields, name)
    if not found:
        advice = did_you_mean(name, (item.name for item in relation.fields))
        raise Fault(f"{relation.alias} has no column {name!r}", at, advice)
    return found[0]


def exposed(fields: Iterable[Field], relation: Relation, *, origins: bool = True) -> tuple[Field, ...]:
    """The columns of a subquery as the query around it sees them."""
    return tuple(
        replace(
            item,
            sql=f"{quote(relation.alias)}.{quote(item.name)}",
            relation=relation,
            origins=item.origins if origins else frozenset(),
        )
        for item in fields
    )
